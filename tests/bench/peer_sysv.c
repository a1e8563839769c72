// SPDX-License-Identifier: GPL-2.0-only
/* SysV semaphores with SEM_UNDO: the kernel releases them when their holder's process ends. */
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include "bench.h"

/* A set can have 32000 by default. */
#define SET_SIZE	25000
#define SETS_MAX	64

static int sets[SETS_MAX];
static uint32_t set_count;

static void create_set(uint32_t size)
{
	unsigned short *ones = calloc(size, sizeof(*ones));
	uint32_t i;
	int set;

	if (!ones)
		fail("no memory");
	for (i = 0; i < size; i++)
		ones[i] = 1;
	set = must(semget(IPC_PRIVATE, size, IPC_CREAT | 0600));
	must(semctl(set, 0, SETALL, ones));
	free(ones);
	sets[set_count++] = set;
}

static void create(uint32_t count)
{
	while (count) {
		uint32_t size = count < SET_SIZE ? count : SET_SIZE;

		if (set_count == SETS_MAX)
			fail("more semaphores than %d sets have", SETS_MAX);
		create_set(size);
		count -= size;
	}
}

static void destroy(void)
{
	while (set_count)
		must(semctl(sets[--set_count], 0, IPC_RMID));
}

/* There is nothing to open. */
static void *open_sets(void)
{
	return sets;
}

static void close_sets(void *handle)
{
	(void)handle;
}

static int add(uint32_t id, short value, short flags)
{
	struct sembuf operation = {
		.sem_num = id % SET_SIZE,
		.sem_op = value,
		.sem_flg = SEM_UNDO | flags,
	};

	return semop(sets[id / SET_SIZE], &operation, 1);
}

static void lock(void *handle, uint32_t id)
{
	(void)handle;
	must(add(id, -1, 0));
}

static bool trylock(void *handle, uint32_t id)
{
	(void)handle;
	return !add(id, -1, IPC_NOWAIT);
}

static void unlock(void *handle, uint32_t id)
{
	(void)handle;
	must(add(id, 1, 0));
}

DEFINE_PAIRS;

const struct peer peer_sysv = {
	.name		= "SysV",
	.create		= create,
	.destroy	= destroy,
	.open		= open_sets,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_sets,
	.outlives	= true,
};
