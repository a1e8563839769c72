// SPDX-License-Identifier: GPL-2.0-only
/*
 * Robust process-shared pthread mutexes in a file that every process maps, as
 * programs have it in /dev/shm.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define SEGMENT	"robust"

struct handle {
	pthread_mutex_t *mutexes;
	size_t size;
};

/* pthread functions return what went wrong. */
static void checked(int error, const char *what)
{
	if (error)
		fail("pthread_%s: %s", what, strerror(error));
}

static void *open_segment(void)
{
	struct handle *handle = malloc(sizeof(*handle));
	int fd = must(open(work_path(SEGMENT), O_RDWR | O_CLOEXEC));
	struct stat status;

	if (!handle)
		fail("no memory");
	must(fstat(fd, &status));
	handle->size = status.st_size;
	handle->mutexes = mmap(NULL, handle->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (handle->mutexes == MAP_FAILED)
		fail("mmap: %m");
	must(close(fd));

	return handle;
}

static void close_segment(void *arg)
{
	struct handle *handle = arg;

	must(munmap(handle->mutexes, handle->size));
	free(handle);
}

static void create(uint32_t count)
{
	pthread_mutexattr_t attributes;
	struct handle *handle;
	uint32_t id;
	int fd;

	fd = must(open(work_path(SEGMENT), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	must(ftruncate(fd, count * sizeof(pthread_mutex_t)));
	must(close(fd));

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	handle = open_segment();
	for (id = 0; id < count; id++)
		checked(pthread_mutex_init(&handle->mutexes[id], &attributes), "mutex_init");
	close_segment(handle);
	pthread_mutexattr_destroy(&attributes);
}

static void destroy(void)
{
	must(unlink(work_path(SEGMENT)));
}

static void lock(void *arg, uint32_t id)
{
	struct handle *handle = arg;
	pthread_mutex_t *mutex = &handle->mutexes[id];
	int error = pthread_mutex_lock(mutex);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(mutex);
	checked(error, "mutex_lock");
}

static bool trylock(void *arg, uint32_t id)
{
	struct handle *handle = arg;
	pthread_mutex_t *mutex = &handle->mutexes[id];
	int error = pthread_mutex_trylock(mutex);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(mutex);
	return !error;
}

static void unlock(void *arg, uint32_t id)
{
	struct handle *handle = arg;

	checked(pthread_mutex_unlock(&handle->mutexes[id]), "mutex_unlock");
}

const struct peer peer_robust = {
	.name		= "robust",
	.create		= create,
	.destroy	= destroy,
	.open		= open_segment,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.close		= close_segment,
	.outlives	= true,
};
