// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process-shared pthread mutexes, robust ones and plain ones, in a file that every process maps,
 * as programs do with a file in /dev/shm.
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

#define ROBUST	"robust"
#define PLAIN	"plain"

struct handle {
	pthread_mutex_t *mutexes;
	size_t size;
};

/* pthread functions return an error number. */
static void checked(int error, const char *what)
{
	if (error)
		fail("pthread_%s: %s", what, strerror(error));
}

static void *open_segment(const char *name)
{
	struct handle *handle = malloc(sizeof(*handle));
	int fd = must(open(work_path(name), O_RDWR | O_CLOEXEC));
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

static void *open_robust(void)
{
	return open_segment(ROBUST);
}

static void *open_plain(void)
{
	return open_segment(PLAIN);
}

static void close_segment(void *arg)
{
	struct handle *handle = arg;

	must(munmap(handle->mutexes, handle->size));
	free(handle);
}

static void create(const char *name, int robust, uint32_t count)
{
	pthread_mutexattr_t attributes;
	struct handle *handle;
	uint32_t id;
	int fd;

	fd = must(open(work_path(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	must(ftruncate(fd, count * sizeof(pthread_mutex_t)));
	must(close(fd));

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, robust);
	handle = open_segment(name);
	for (id = 0; id < count; id++)
		checked(pthread_mutex_init(&handle->mutexes[id], &attributes), "mutex_init");
	close_segment(handle);
	pthread_mutexattr_destroy(&attributes);
}

static void create_robust(uint32_t count)
{
	create(ROBUST, PTHREAD_MUTEX_ROBUST, count);
}

static void create_plain(uint32_t count)
{
	create(PLAIN, PTHREAD_MUTEX_STALLED, count);
}

static void destroy_robust(void)
{
	must(unlink(work_path(ROBUST)));
}

static void destroy_plain(void)
{
	must(unlink(work_path(PLAIN)));
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

DEFINE_PAIRS;

const struct peer peer_robust = {
	.name		= "robust",
	.create		= create_robust,
	.destroy	= destroy_robust,
	.open		= open_robust,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_segment,
	.outlives	= true,
};

/* A mutex whose holder has died stays locked for ever. */
const struct peer peer_plain = {
	.name		= "plain",
	.create		= create_plain,
	.destroy	= destroy_plain,
	.open		= open_plain,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_segment,
	.outlives	= true,
};
