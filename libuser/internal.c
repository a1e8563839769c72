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
 *
 * If a child is to inherit a file (LOCKMGR_OPEN_INHERIT), it keeps the file, but must
 * not use the handle either.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define DEFAULT_DEVICE	"/dev/lockmgr"

/* No struct of the API is ever this large: a larger size is garbage. */
#define STRUCT_SIZE_MAX	4096

/*
 * fork() waits for the mutex, so it is held for moments only: neither while a file is
 * opened, nor while one is closed, which releases its locks.
 *
 *   - A file is in the list before it is attached to a space.  If the process was forked
 *     while it was opened, a child may have it unlisted; then another one is opened.
 *   - A file is in the list until it is closed.  A child may find there one whose
 *     descriptor is free already, or belongs to another file: it closes what is ours.
 */
static pthread_mutex_t handles_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct lockmgr *handles;
static unsigned int forks;
static bool fork_is_handled;

/*
 * A file is opened so many times at most.  A child may have the last one, which does not
 * keep the locks beyond the end of the process either.
 */
#define OPEN_TRIES	100

/*
 * In a page of its own, since that is what the kernel wipes.  It has the number of
 * the process, counted from the one that first opened a handle.
 */
static _Atomic uint32_t *mark;
static uint32_t epoch;

/* What a caller must find unchanged afterwards. */
struct section {
	int error;
	int cancel;
};

static void section_enter(struct section *section)
{
	section->error = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &section->cancel);
}

static void section_leave(const struct section *section)
{
	pthread_setcancelstate(section->cancel, NULL);
	errno = section->error;
}

/* In a child: its threads may come here at the same time. */
static void close_inherited(struct lockmgr *mgr)
{
	const int fd = atomic_exchange(&mgr->fd, -1);

	if (fd >= 0)
		lockmgr_file_close(mgr, fd);
}

static void fork_prepare(void)
{
	pthread_mutex_lock(&handles_mutex);
	forks++;
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
		if (!mgr->inherited)
			close_inherited(mgr);
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

/*
 * The kernel has given a handle this number, so if an older one had it, something has
 * closed that one's file.  It must not use this one instead.
 */
static void list_add_with(struct lockmgr *mgr, int fd)
{
	struct lockmgr *other;

	for (other = handles; other; other = other->next)
		if (other->fd == fd)
			other->fd = -1;

	atomic_init(&mgr->fd, fd);
	list_add(mgr);
}

static int prepare_process(void)
{
	const int ret = handle_forks();

	return ret ? ret : mark_process();
}

/* The mutex is held before and afterwards. */
static int open_file(struct lockmgr *mgr, const char *device, int flags)
{
	unsigned int tries = OPEN_TRIES;
	unsigned int before;
	int fd = -1;

	do {
		if (fd >= 0)
			close(fd);
		before = forks;
		pthread_mutex_unlock(&handles_mutex);
		fd = lockmgr_file_open(device, flags, &mgr->device);
		pthread_mutex_lock(&handles_mutex);
	} while (fd >= 0 && forks != before && --tries);

	return fd;
}

static int handle_init(struct lockmgr *mgr, const char *device, int flags)
{
	int ret;

	pthread_mutex_lock(&handles_mutex);
	ret = prepare_process();
	if (!ret)
		ret = open_file(mgr, device, flags);
	if (ret >= 0) {
		lockmgr_map_init(mgr);
		mgr->mark = mark;
		mgr->epoch = epoch;
		list_add_with(mgr, ret);
		ret = 0;
	}
	pthread_mutex_unlock(&handles_mutex);
	return ret;
}

int lockmgr_handle_open(struct lockmgr **mgr, const char *device, int flags)
{
	struct section section;
	struct lockmgr *new;
	int ret = -ENOMEM;

	section_enter(&section);
	new = calloc(1, sizeof(*new));
	if (new)
		ret = handle_init(new, device ? device : DEFAULT_DEVICE, flags);
	section_leave(&section);

	if (ret)
		free(new);
	else
		*mgr = new;
	return ret;
}

void lockmgr_handle_close(struct lockmgr *mgr)
{
	struct section section;

	section_enter(&section);
	lockmgr_map_destroy(mgr);
	if (lockmgr_handle_is_ours(mgr))
		lockmgr_file_close(mgr, mgr->fd);
	else
		close_inherited(mgr);

	pthread_mutex_lock(&handles_mutex);
	list_remove(mgr);
	pthread_mutex_unlock(&handles_mutex);
	free(mgr);
	section_leave(&section);
}

int lockmgr_handle_check(const struct lockmgr *mgr)
{
	if (!mgr)
		return -EINVAL;
	return lockmgr_handle_is_ours(mgr) ? 0 : -ECHILD;
}

/* As lockmgr_handle_check(); a child that must not keep the file closes it. */
int lockmgr_handle_use(struct lockmgr *mgr)
{
	const int error = errno;
	const int ret = lockmgr_handle_check(mgr);

	if (ret == -ECHILD && !mgr->inherited)
		close_inherited(mgr);
	errno = error;
	return ret;
}

/* Let children and programs that are executed have the file. */
int lockmgr_handle_bequeath(struct lockmgr *mgr)
{
	struct section section;
	int ret = 0;

	section_enter(&section);
	pthread_mutex_lock(&handles_mutex);
	if (fcntl(mgr->fd, F_SETFD, 0))
		ret = -errno;
	mgr->inherited = !ret;
	pthread_mutex_unlock(&handles_mutex);
	section_leave(&section);
	return ret;
}

/* A signal ends it with -EINTR, if the module lets it. */
int lockmgr_call_once(struct lockmgr *mgr, unsigned long request, void *args)
{
	const int error = errno;
	int ret;

	ret = lockmgr_handle_use(mgr);
	if (ret)
		goto out;

	ret = ioctl(mgr->fd, request, args);
	if (ret < 0)
		ret = lockmgr_file_error(mgr, errno);
out:
	errno = error;
	return ret;
}

int lockmgr_call(struct lockmgr *mgr, unsigned long request, void *args)
{
	int ret;

	do {
		ret = lockmgr_call_once(mgr, request, args);
	} while (ret == -EINTR);
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
