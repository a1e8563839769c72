// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that uses a segment of locks as the C code in Podman does, without Podman: the
 * same layout, the same calls in the same order, and what they return.
 *
 * It reads commands, a line each, and answers each with a number: 0 or more, or -errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PER_GROUP	32

struct group {
	uint32_t        bitmap;
	pthread_mutex_t locks[PER_GROUP];
};

struct shm {
	uint16_t        magic;
	uint16_t        unused;
	pthread_mutex_t segment_lock;
	uint32_t        num_bitmaps;
	uint32_t        num_locks;
	struct group    groups[];
};

static struct shm *shm;

static size_t size_of(uint32_t groups)
{
	return sizeof(struct shm) + groups * sizeof(struct group);
}

static uint32_t groups_of(uint32_t locks)
{
	return (locks + PER_GROUP - 1) / PER_GROUP;
}

static int init_mutexes(uint32_t groups)
{
	pthread_mutexattr_t attributes;
	uint32_t i, j;
	int ret;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	ret = pthread_mutex_init(&shm->segment_lock, &attributes);
	for (i = 0; i < groups && !ret; i++) {
		shm->groups[i].bitmap = 0;
		for (j = 0; j < PER_GROUP && !ret; j++)
			ret = pthread_mutex_init(&shm->groups[i].locks[j], &attributes);
	}
	pthread_mutexattr_destroy(&attributes);
	return -ret;
}

/* Make a segment; one of another version has another magic. */
static long setup(const char *name, uint32_t locks, uint16_t magic)
{
	const uint32_t groups = groups_of(locks);
	int fd;

	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size_of(groups)))
		return -errno;
	shm = mmap(NULL, size_of(groups), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shm == MAP_FAILED)
		return -errno;
	shm->magic = magic;
	shm->unused = 0;
	shm->num_locks = groups * PER_GROUP;
	shm->num_bitmaps = groups;
	close(fd);
	return init_mutexes(groups);
}

/* Open one; one of another version is larger by some bytes. */
static long open_segment(const char *name, uint32_t locks, size_t more)
{
	const uint32_t groups = groups_of(locks);
	long ret = 0;
	int fd;

	fd = shm_open(name, O_RDWR, 0600);
	if (fd < 0)
		return -errno;
	shm = mmap(NULL, size_of(groups) + more, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shm == MAP_FAILED)
		return -errno;
	close(fd);
	if (shm->magic != 0x87D1)
		ret = -EBADF;
	else if (shm->num_locks != groups * PER_GROUP)
		ret = -ERANGE;
	if (ret)
		munmap(shm, size_of(groups) + more);
	return ret;
}

static int mutex_lock(pthread_mutex_t *mutex, bool try)
{
	int ret = try ? pthread_mutex_trylock(mutex) : pthread_mutex_lock(mutex);

	return ret == EOWNERDEAD ? pthread_mutex_consistent(mutex) : ret;
}

static long allocate(void)
{
	long id = -ENOSPC;
	uint32_t i;
	int ret;

	ret = mutex_lock(&shm->segment_lock, false);
	if (ret)
		return -ret;
	for (i = 0; i < shm->num_bitmaps * PER_GROUP && id < 0; i++) {
		if (shm->groups[i / PER_GROUP].bitmap & 1U << i % PER_GROUP)
			continue;
		shm->groups[i / PER_GROUP].bitmap |= 1U << i % PER_GROUP;
		id = i;
	}
	ret = pthread_mutex_unlock(&shm->segment_lock);
	return ret ? -ret : id;
}

/* Set or clear one bit, which must have been the other way. */
static long change(uint32_t id, bool set)
{
	uint32_t *bitmap = &shm->groups[id / PER_GROUP].bitmap;
	const uint32_t bit = 1U << id % PER_GROUP;
	int error = 0, ret;

	if (id >= shm->num_locks)
		return -EINVAL;
	ret = mutex_lock(&shm->segment_lock, false);
	if (ret)
		return -ret;
	if (!!(*bitmap & bit) == set)
		error = set ? EEXIST : ENOENT;
	else
		*bitmap ^= bit;
	ret = pthread_mutex_unlock(&shm->segment_lock);
	return -(ret ? ret : error);
}

static long for_all(bool clear)
{
	long available = 0;
	uint32_t i;
	int ret;

	ret = mutex_lock(&shm->segment_lock, false);
	if (ret)
		return -ret;
	for (i = 0; i < shm->num_bitmaps; i++) {
		if (clear)
			shm->groups[i].bitmap = 0;
		available += PER_GROUP - __builtin_popcount(shm->groups[i].bitmap);
	}
	ret = pthread_mutex_unlock(&shm->segment_lock);
	return ret ? -ret : available;
}

/* Begin to allocate a number, and do not come to the end. */
static long begin(uint32_t id)
{
	long ret = mutex_lock(&shm->segment_lock, false);

	shm->groups[id / PER_GROUP].bitmap |= 1U << id % PER_GROUP;
	return ret;
}

/* Whether the lock is free. */
static long try_lock(pthread_mutex_t *mutex)
{
	int ret = mutex_lock(mutex, true);

	if (ret)
		return ret == EBUSY ? 0 : -ret;
	ret = pthread_mutex_unlock(mutex);
	return ret ? -ret : 1;
}

/* Shared memory that is not about locks, and a mutex of one's own. */
static long others(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	const char *name = "/lockmgr-podman-test";
	int fd = shm_open(name, O_RDWR | O_CREAT, 0600), ret = -1;
	int *memory;

	if (fd < 0 || ftruncate(fd, 4096))
		return -errno;
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED) {
		*memory = 42;
		if (pread(fd, &ret, sizeof(ret), 0) != sizeof(ret))
			ret = -1;
		munmap(memory, 4096);
	}
	close(fd);
	shm_unlink(name);
	if (pthread_mutex_lock(&mutex) || pthread_mutex_trylock(&mutex) != EBUSY ||
	    pthread_mutex_unlock(&mutex))
		return -EINVAL;
	return ret;
}

static long with_segment(const char *word, uint32_t id)
{
	pthread_mutex_t *mutex = &shm->groups[id / PER_GROUP].locks[id % PER_GROUP];

	if (!strcmp(word, "allocate"))
		return allocate();
	if (!strcmp(word, "allocate-id"))
		return change(id, true);
	if (!strcmp(word, "free"))
		return change(id, false);
	if (!strcmp(word, "free-all"))
		return for_all(true);
	if (!strcmp(word, "available"))
		return for_all(false);
	if (!strcmp(word, "begin"))
		return begin(id);
	if (!strcmp(word, "lock"))
		return -mutex_lock(mutex, false);
	if (!strcmp(word, "try-lock"))
		return -mutex_lock(mutex, true);
	if (!strcmp(word, "unlock"))
		return -pthread_mutex_unlock(mutex);
	if (!strcmp(word, "try"))
		return try_lock(mutex);
	if (!strcmp(word, "lock-between"))
		return -mutex_lock((pthread_mutex_t *)((char *)mutex + 4), false);
	if (!strcmp(word, "close"))
		return munmap(shm, size_of(shm->num_bitmaps)) ? -errno : 0;
	return -EOPNOTSUPP;
}

static long command(const char *word, const char *name, uint32_t number)
{
	if (!strcmp(word, "setup"))
		return setup(name, number, 0x87D1);
	if (!strcmp(word, "setup-other"))
		return setup(name, number, 0x87D2);
	if (!strcmp(word, "open"))
		return open_segment(name, number, 0);
	if (!strcmp(word, "open-other"))
		return open_segment(name, number, 8);
	if (!strcmp(word, "others"))
		return others();
	return with_segment(word, number);
}

int main(void)
{
	char line[256], word[32], name[128];
	uint32_t number;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%31s %127s %u", word, name, &number) != 3)
			return EXIT_FAILURE;
		printf("%ld\n", command(word, name, number));
		fflush(stdout);
	}

	return EXIT_SUCCESS;
}
