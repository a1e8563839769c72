// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Handles: the file behind each, what fork does to them, and the one way to the
 * kernel.
 *
 * A child must neither use nor keep its parent's files: locks would outlive the
 * process that took them.  The atfork handler closes them in the child.  It is
 * not called in children made by clone() or _Fork(), so the process has a mark
 * too, which the kernel wipes in every child with memory of its own; such a
 * child closes the file when it first uses the handle.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define DEFAULT_DEVICE	"/dev/lockmgr"

/* No struct of the API is ever this large: a larger size is garbage. */
#define STRUCT_SIZE_MAX	4096

/*
 * A file is opened and put into the list, or taken from it and closed, under
 * the mutex; fork() takes it too, so that no child inherits an unlisted file.
 */
static pthread_mutex_t handles_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct lockmgr *handles;
static bool fork_is_handled;

/*
 * In a page of its own, since that is what the kernel wipes.  It has the number of
 * the process, counted from the one that first opened a handle.
 */
static _Atomic uint32_t *mark;
static uint32_t epoch;

/* What a caller must find unchanged behind the mutex. */
struct section {
	int error;
	int cancel;
};

static void section_enter(struct section *section)
{
	section->error = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &section->cancel);
	pthread_mutex_lock(&handles_mutex);
}

static void section_leave(const struct section *section)
{
	pthread_mutex_unlock(&handles_mutex);
	pthread_setcancelstate(section->cancel, NULL);
	errno = section->error;
}

static void close_file(struct lockmgr *mgr)
{
	const int fd = atomic_exchange(&mgr->fd, -1);

	if (fd >= 0)
		close(fd);
}

static void fork_prepare(void)
{
	pthread_mutex_lock(&handles_mutex);
}

static void fork_parent(void)
{
	pthread_mutex_unlock(&handles_mutex);
}

static void fork_child(void)
{
	const int error = errno;
	struct lockmgr *mgr;

	for (mgr = handles; mgr; mgr = mgr->next)
		close_file(mgr);
	pthread_mutex_unlock(&handles_mutex);
	errno = error;
}

static int handle_forks(void)
{
	int ret;

	if (fork_is_handled)
		return 0;

	ret = pthread_atfork(fork_prepare, fork_parent, fork_child);
	fork_is_handled = !ret;
	return -ret;
}

/* Zeros, and again zeros in each child.  Whole pages; NULL if there is no memory. */
void *lockmgr_wiped_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;

	if (madvise(memory, size, MADV_WIPEONFORK)) {
		munmap(memory, size);
		return NULL;
	}
	return memory;
}

/* Once in a process.  Its parent's handles have another number. */
static int mark_process(void)
{
	if (!mark)
		mark = lockmgr_wiped_memory(sizeof(*mark));
	if (!mark)
		return -ENOMEM;

	if (!*mark)
		*mark = ++epoch;
	return 0;
}

static int device_error(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENXIO:
		return -ENODEV;
	case EPERM:	/* from the device cgroup */
		return -EACCES;
	default:
		return -error;
	}
}

/*
 * The path may lead anywhere.  Looking first spares FIFOs and the like from
 * being opened; O_NONBLOCK means nothing to our device, but to a terminal line.
 */
static int open_device(const char *device, int flags)
{
	struct stat status;
	int fd;

	if (stat(device, &status))
		return device_error(errno);
	if (!S_ISCHR(status.st_mode))
		return -EPROTONOSUPPORT;

	fd = open(device, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? device_error(errno) : fd;
}

static void list_add(struct lockmgr *mgr)
{
	mgr->next = handles;
	mgr->link = &handles;
	if (handles)
		handles->link = &mgr->next;
	handles = mgr;
}

static void list_remove(struct lockmgr *mgr)
{
	*mgr->link = mgr->next;
	if (mgr->next)
		mgr->next->link = mgr->link;
}

static int handle_create(struct lockmgr **mgr, const char *device, int flags)
{
	struct lockmgr *new;
	int ret;

	ret = handle_forks();
	if (!ret)
		ret = mark_process();
	if (ret)
		return ret;

	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;

	ret = open_device(device, flags);
	if (ret < 0) {
		free(new);
		return ret;
	}

	atomic_init(&new->fd, ret);
	lockmgr_map_init(new);
	new->mark = mark;
	new->epoch = epoch;
	list_add(new);
	*mgr = new;
	return 0;
}

static void handle_destroy(struct lockmgr *mgr)
{
	list_remove(mgr);
	lockmgr_map_destroy(mgr);
	close_file(mgr);
	free(mgr);
}

int lockmgr_handle_open(struct lockmgr **mgr, const char *device, int flags)
{
	struct section section;
	int ret;

	section_enter(&section);
	ret = handle_create(mgr, device ? device : DEFAULT_DEVICE, flags);
	section_leave(&section);
	return ret;
}

void lockmgr_handle_close(struct lockmgr *mgr)
{
	struct section section;

	section_enter(&section);
	handle_destroy(mgr);
	section_leave(&section);
}

int lockmgr_handle_check(const struct lockmgr *mgr)
{
	if (!mgr)
		return -EINVAL;
	return lockmgr_handle_is_ours(mgr) ? 0 : -ECHILD;
}

int lockmgr_call(struct lockmgr *mgr, unsigned long request, void *args)
{
	const int error = errno;
	int ret;

	ret = lockmgr_handle_check(mgr);
	if (ret == -ECHILD)
		close_file(mgr);
	if (ret)
		goto out;

	do {
		ret = ioctl(mgr->fd, request, args);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		ret = -errno;
out:
	errno = error;
	return ret;
}

bool lockmgr_size_is_valid(uint32_t size, size_t first)
{
	return size >= first && size <= STRUCT_SIZE_MAX;
}

/* Fill a caller's struct, which may be shorter or longer than ours. */
void lockmgr_copy_out(void *to, uint32_t size, const void *from, size_t known)
{
	if (known > size)
		known = size;

	memcpy(to, from, known);
	memset((char *)to + known, 0, size - known);
}
