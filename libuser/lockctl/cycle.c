// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cycles of threads that wait for each other, as the snapshot shows them.
 *
 * A lock is held by one thread at most, and a thread waits for one lock at most: so one
 * path leads on from each lock, by its holder.  It is followed until it ends, or comes
 * to where a walk has been.
 *
 * The parts of a snapshot are of different moments.  So only that is called a cycle of
 * which the module, too, says of each lock that it is in one.
 */
#include <stdlib.h>
#include <string.h>

#include "cycle.h"
#include "memory.h"

/* A thread that waits, and for what. */
struct wait {
	pid_t tid;
	const struct lockmgr_waiter_info *waiter;
	const struct lock *lock;
};

/* What is known of a lock during the search: on which walk it was seen, 0: on none. */
struct search {
	const struct snapshot *snapshot;
	struct wait *waits;
	size_t wait_count;
	size_t *walks;
};

static int compare(const void *left, const void *right)
{
	const struct wait *a = left, *b = right;

	return (a->tid > b->tid) - (a->tid < b->tid);
}

/* Threads that the caller is not shown have no number, and lead nowhere. */
static void collect_waits(struct search *search)
{
	size_t i, j, room = 0;

	for (i = 0; i < search->snapshot->lock_count; i++) {
		const struct lock *lock = &search->snapshot->locks[i];

		for (j = 0; j < lock->waiter_count; j++) {
			if (!lock->waiters[j].tid)
				continue;
			search->waits = memory_grow(search->waits, &room, search->wait_count,
						    sizeof(*search->waits));
			search->waits[search->wait_count++] = (struct wait) {
				lock->waiters[j].tid, &lock->waiters[j], lock
			};
		}
	}
	if (search->wait_count)
		qsort(search->waits, search->wait_count, sizeof(*search->waits), compare);
}

/* What the holder of a lock waits for; NULL: nothing. */
static const struct wait *next_wait(const struct search *search, const struct lock *lock)
{
	const struct wait key = { .tid = lock->info.tid };

	if (!key.tid || !search->wait_count)
		return NULL;
	return bsearch(&key, search->waits, search->wait_count, sizeof(key), compare);
}

static size_t place_of(const struct search *search, const struct lock *lock)
{
	return lock - search->snapshot->locks;
}

/* Go on from a lock until the path ends (NULL), or to the first lock that was seen. */
static const struct lock *walk(const struct search *search, const struct lock *lock,
			       size_t number)
{
	while (!search->walks[place_of(search, lock)]) {
		const struct wait *wait = next_wait(search, lock);

		search->walks[place_of(search, lock)] = number;
		if (!wait)
			return NULL;
		lock = wait->lock;
	}
	return search->walks[place_of(search, lock)] == number ? lock : NULL;
}

/* The steps from a lock back to it; none, if the module does not say so too. */
static struct cycle cycle_from(const struct search *search, const struct lock *first)
{
	struct cycle cycle = { 0 };
	const struct lock *lock = first;
	bool confirmed = true;
	size_t room = 0;

	do {
		const struct wait *wait = next_wait(search, lock);

		cycle.steps = memory_grow(cycle.steps, &room, cycle.count, sizeof(*cycle.steps));
		cycle.steps[cycle.count++] = (struct step) { wait->waiter, lock, wait->lock };
		confirmed = confirmed && lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED;
		lock = wait->lock;
	} while (lock != first);

	if (!confirmed) {
		free(cycle.steps);
		cycle = (struct cycle) { 0 };
	}
	return cycle;
}

/**
 * cycles_find() - find all cycles
 * @cycles: receives them; for the caller to free
 * @snapshot: has to be there as long as they are
 */
void cycles_find(struct cycles *cycles, const struct snapshot *snapshot)
{
	struct search search = { .snapshot = snapshot };
	size_t i;

	memset(cycles, 0, sizeof(*cycles));
	collect_waits(&search);
	search.walks = memory_resize(NULL, snapshot->lock_count, sizeof(*search.walks));
	memset(search.walks, 0, snapshot->lock_count * sizeof(*search.walks));

	for (i = 0; i < snapshot->lock_count; i++) {
		const struct lock *first = walk(&search, &snapshot->locks[i], i + 1);
		struct cycle cycle = { 0 };

		cycles->unexplained += !!(snapshot->locks[i].info.flags &
					  LOCKMGR_LOCK_IS_DEADLOCKED);
		if (first)
			cycle = cycle_from(&search, first);
		if (!cycle.count)
			continue;
		cycles->cycles = memory_grow(cycles->cycles, &cycles->room, cycles->count,
					     sizeof(*cycles->cycles));
		cycles->cycles[cycles->count++] = cycle;
	}
	for (i = 0; i < cycles->count; i++)
		cycles->unexplained -= cycles->cycles[i].count;

	free(search.walks);
	free(search.waits);
}

/** cycles_free() - forget cycles */
void cycles_free(struct cycles *cycles)
{
	size_t i;

	for (i = 0; i < cycles->count; i++)
		free(cycles->cycles[i].steps);
	free(cycles->cycles);
}
