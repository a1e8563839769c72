// SPDX-License-Identifier: GPL-2.0-only
/*
 * Robust process-shared pthread mutexes in a file that every process maps, as
 * programs have it in /dev/shm.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define SEGMENT	"robust"

/* pthread functions return what went wrong. */
static void checked(int error, const char *what)
{
	if (error)
		fail("pthread_%s: %s", what, strerror(error));
}

static pthread_mutex_t *map_segment(void)
{
	int fd = must(open(work_path(SEGMENT), O_RDWR | O_CLOEXEC));
	struct stat status;
	void *segment;

	must(fstat(fd, &status));
	segment = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (segment == MAP_FAILED)
		fail("mmap: %m");
	must(close(fd));

	return segment;
}

static void create(uint32_t count)
{
	const size_t size = count * sizeof(pthread_mutex_t);
	pthread_mutexattr_t attributes;
	pthread_mutex_t *mutexes;
	uint32_t id;
	int fd;

	fd = must(open(work_path(SEGMENT), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	must(ftruncate(fd, size));
	must(close(fd));

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	mutexes = map_segment();
	for (id = 0; id < count; id++)
		checked(pthread_mutex_init(&mutexes[id], &attributes), "mutex_init");
	must(munmap(mutexes, size));
	pthread_mutexattr_destroy(&attributes);
}

static void destroy(void)
{
	must(unlink(work_path(SEGMENT)));
}

static void *open_segment(void)
{
	return map_segment();
}

static void lock(void *handle, uint32_t id)
{
	pthread_mutex_t *mutex = (pthread_mutex_t *)handle + id;
	int error = pthread_mutex_lock(mutex);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(mutex);
	checked(error, "mutex_lock");
}

static bool trylock(void *handle, uint32_t id)
{
	pthread_mutex_t *mutex = (pthread_mutex_t *)handle + id;
	int error = pthread_mutex_trylock(mutex);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(mutex);
	return !error;
}

static void unlock(void *handle, uint32_t id)
{
	checked(pthread_mutex_unlock((pthread_mutex_t *)handle + id), "mutex_unlock");
}

const struct peer peer_robust = {
	.name		= "robust",
	.create		= create,
	.destroy	= destroy,
	.open		= open_segment,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
};
