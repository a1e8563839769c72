// SPDX-License-Identifier: GPL-2.0-only
/* Chapters on allocating, finding and freeing locks. */
#include <errno.h>

#include "demo.h"
#include "stage.h"

#define PROCESSES	4

void play_numbers(struct lockmgr *mgr)
{
	struct actor *actors[PROCESSES];
	uint32_t available;
	int ids[PROCESSES];
	int i, found = 0;

	for (i = 0; i < PROCESSES; i++) {
		actors[i] = actor_new("engine", 0);
		ids[i] = actor_do(actors[i], allocate, 0);
	}
	fact(ids[0] == 0 && ids[1] == 1 && ids[2] == 2 && ids[3] == 3,
	     "four processes allocate a lock each", "locks 0, 1, 2, 3",
	     "locks %d, %d, %d, %d", ids[0], ids[1], ids[2], ids[3]);

	for (i = 0; i < PROCESSES; i++)
		found += actor_do(actors[i], lockmgr_retrieve, ids[(i + 1) % PROCESSES]);
	fact(found == PROCESSES, "each finds the next one's lock by its number", "4 found",
	     "%d found", found);

	lockmgr_available(mgr, &available);
	fact(available == 60, "the other numbers of the 64 are available", "60", "%u", available);

	fact_result(-EINVAL, lockmgr_retrieve(mgr, 64), "number 64 is refused");
}

void play_freed(struct lockmgr *mgr)
{
	struct actor *first = actor_new("first", 0);
	struct actor *second = actor_new("second", 0);
	int id = allocate(mgr, 0);
	int ret;

	fact_result(0, lockmgr_free(mgr, id), "lock 0 is freed");
	ret = lockmgr_retrieve(mgr, id);
	fact(!ret, "its number can be allocated again", "0", "%s",
	     ret ? result_name(ret) : "not allocated");
	fact_result(0, actor_do(first, lockmgr_lock, id),
		    "a process that knows the number locks it");
	fact_result(-EBUSY, actor_do(second, lockmgr_trylock, id), "another cannot lock it");
	fact_result(-EPERM, actor_do(second, lockmgr_unlock, id), "nor can it unlock it");
	fact_result(0, actor_do(first, lockmgr_unlock, id), "the holder unlocks it");
	fact_result(0, actor_do(second, lockmgr_trylock, id), "the other acquires it");
}

static void fact_allocates(struct lockmgr *mgr, int id, const char *claim)
{
	int seen = allocate(mgr, 0);

	fact(seen == id, claim, number(id), "%s%s", seen < 0 ? "" : "lock ",
	     seen < 0 ? result_name(seen) : number(seen));
}

void play_full(struct lockmgr *mgr)
{
	fact_allocates(mgr, 0, "of a space for three locks, the first is allocated");
	fact_allocates(mgr, 1, "the second");
	fact_allocates(mgr, 2, "the third");
	fact_result(-ENOSPC, allocate(mgr, 0), "the fourth is refused");
	fact_result(0, lockmgr_set_capacity(mgr, 5), "while in use, the space is enlarged to 5");
	fact_allocates(mgr, 3, "the fourth is allocated");
	fact_result(0, lockmgr_free(mgr, 2), "lock 2 is freed");
	fact_result(0, lockmgr_free(mgr, 1), "lock 1 is freed");
	fact_allocates(mgr, 1, "the next allocation gets the lowest free number");
	fact_allocates(mgr, 2, "the one after that gets the next lowest");
}
