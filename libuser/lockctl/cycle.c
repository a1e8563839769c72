// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cycles of threads that wait for each other, as the snapshot shows them.
 *
 * At most one thread holds a lock, and a thread waits for at most one lock: so from each lock
 * exactly one path leads on, through its holder.  walk() follows it until it ends, or reaches
 * a lock that a walk has visited.
 *
 * The parts of a snapshot are from different moments.  So a cycle counts as certain only if
 * the module also says of each of its locks that it is in a deadlock.
 *
 * The module knows only of threads that wait for locks.  But a process that holds a lock may
 * also wait for another process that it has started, while that one waits for the lock.
 * lockctl cannot see whether it does.  So if a lock's holder waits for no lock and is asleep,
 * a path also leads from that lock to the locks that the holder's descendants wait for.  A
 * cycle that uses such a path is a possible cycle.
 */
#include <stdlib.h>
#include <string.h>

#include "cycle.h"
#include "memory.h"
#include "proc.h"

/* A longer chain of parents has changed while it was read. */
#define ANCESTORS_MAX	256

/* The process that adopts orphans. */
#define INIT		1

/* A thread that waits, and the lock that it waits for. */
struct wait {
	pid_t tid;
	const struct lockmgr_waiter_info *waiter;
	const struct lock *lock;
};

/* A process that holds a lock, and a waiter that is its descendant. */
struct kinship {
	pid_t ancestor;
	const struct wait *wait;
};

/*
 * How the search reached a lock: from another lock (@from) whose holder, or whose holder's
 * descendant, waits for this one.
 */
struct arrival {
	const struct lock *from;
	const struct wait *wait;
	bool descendant;
};

/*
 * @walks: for each lock, the number of the walk that visited it; 0: none yet.  The members
 * after it are for the possible cycles.
 */
struct search {
	const struct snapshot *snapshot;
	struct wait *waits;
	size_t wait_count;
	size_t *walks;
	struct kinship *kinships;
	size_t kinship_count;
	size_t kinship_room;
	struct arrival *arrivals;
	const struct lock **queue;
	size_t queue_length;
};

static int compare(const void *left, const void *right)
{
	const struct wait *a = left, *b = right;

	return (a->tid > b->tid) - (a->tid < b->tid);
}

/* Threads that the caller may not see have no id here, so no path leads through them. */
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

/* The lock that the holder of a lock waits for; NULL: it waits for none. */
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

/* Follow the path from a lock.  Returns the first lock visited twice in this walk, or NULL. */
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

/* The steps from a lock back to it; none if the module does not confirm the deadlock. */
static struct cycle cycle_from(const struct search *search, const struct lock *first)
{
	struct cycle cycle = { 0 };
	const struct lock *lock = first;
	const struct wait *wait;
	bool confirmed = true;
	size_t room = 0;

	while ((wait = next_wait(search, lock))) {
		cycle.steps = memory_grow(cycle.steps, &room, cycle.count, sizeof(*cycle.steps));
		cycle.steps[cycle.count++] = (struct step) { wait->waiter, lock, wait->lock };
		confirmed = confirmed && lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED;
		lock = wait->lock;
		if (lock == first)
			break;
	}

	if (!confirmed) {
		free(cycle.steps);
		cycle = (struct cycle) { 0 };
	}
	return cycle;
}

/* ------------------------------------------------------------------------
 * Possible cycles
 */

static int compare_pids(const void *left, const void *right)
{
	const pid_t a = *(const pid_t *)left, b = *(const pid_t *)right;

	return (a > b) - (a < b);
}

static int compare_kinships(const void *left, const void *right)
{
	return compare_pids(&((const struct kinship *)left)->ancestor,
			    &((const struct kinship *)right)->ancestor);
}

/* The processes that hold locks, in ascending order. */
static pid_t *collect_holders(const struct snapshot *snapshot, size_t *count)
{
	pid_t *holders = memory_resize(NULL, snapshot->lock_count + 1, sizeof(*holders));
	size_t i;

	*count = 0;
	for (i = 0; i < snapshot->lock_count; i++)
		if (snapshot->locks[i].info.pid)
			holders[(*count)++] = snapshot->locks[i].info.pid;
	qsort(holders, *count, sizeof(*holders), compare_pids);
	return holders;
}

/* init becomes the parent of processes whose own parent has ended; it waits for none of them. */
static bool is_adopted(pid_t ancestor, const struct proc_stat *descendant)
{
	struct proc_stat stat;

	return ancestor == INIT &&
	       !(proc_stat(ancestor, ancestor, &stat) && stat.session == descendant->session);
}

/* Returns whether all ancestors of the process were visible. */
static bool collect_ancestors(struct search *search, const struct wait *wait,
			      const pid_t *holders, size_t holder_count)
{
	const pid_t process = wait->waiter->pid;
	struct proc_stat self, stat;
	int i;

	if (!process || !proc_stat(process, process, &self))
		return false;
	stat = self;
	for (i = 0; stat.parent && i < ANCESTORS_MAX; i++) {
		const pid_t ancestor = stat.parent;

		if (bsearch(&ancestor, holders, holder_count, sizeof(*holders), compare_pids) &&
		    !is_adopted(ancestor, &self)) {
			search->kinships = memory_grow(search->kinships, &search->kinship_room,
						       search->kinship_count,
						       sizeof(*search->kinships));
			search->kinships[search->kinship_count++] =
				(struct kinship) { ancestor, wait };
		}
		if (!proc_stat(ancestor, ancestor, &stat))
			return false;
	}
	return true;
}

static void collect_kinships(struct search *search, struct cycles *cycles)
{
	size_t i, count;
	pid_t *holders = collect_holders(search->snapshot, &count);

	for (i = 0; i < search->wait_count; i++)
		cycles->orphans += !collect_ancestors(search, &search->waits[i], holders, count);
	if (search->kinship_count)
		qsort(search->kinships, search->kinship_count, sizeof(*search->kinships),
		      compare_kinships);
	free(holders);
}

/* The index of the first kinship of an ancestor, or where that would be. */
static size_t first_kinship(const struct search *search, pid_t ancestor)
{
	size_t low = 0, high = search->kinship_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (search->kinships[middle].ancestor < ancestor)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The search has reached a lock.  The first path to it is a shortest one. */
static void arrive(struct search *search, const struct lock *from, const struct wait *wait,
		   bool descendant)
{
	struct arrival *arrival = &search->arrivals[place_of(search, wait->lock)];

	if (arrival->from)
		return;
	*arrival = (struct arrival) { from, wait, descendant };
	search->queue[search->queue_length++] = wait->lock;
}

/* Continue the search from a lock, on all paths. */
static void spread(struct search *search, const struct lock *lock)
{
	const struct wait *wait = next_wait(search, lock);
	const pid_t holder = lock->info.pid;
	size_t i;

	if (wait) {
		arrive(search, lock, wait, false);
		return;
	}
	i = first_kinship(search, holder);
	if (!holder || i == search->kinship_count || search->kinships[i].ancestor != holder ||
	    !proc_is_asleep(holder))
		return;
	for (; i < search->kinship_count && search->kinships[i].ancestor == holder; i++)
		arrive(search, lock, search->kinships[i].wait, true);
}

static void add_step(struct cycle *cycle, size_t *room,
		     const struct lockmgr_waiter_info *waiter, const struct lock *holds,
		     const struct lock *waits_for)
{
	cycle->steps = memory_grow(cycle->steps, room, cycle->count, sizeof(*cycle->steps));
	cycle->steps[cycle->count++] = (struct step) { waiter, holds, waits_for };
}

/* The path on which the search has returned to its start. */
static struct cycle cycle_back_to(const struct search *search, const struct lock *first)
{
	struct cycle cycle = { .possible = true };
	const struct lock *lock = first;
	size_t i, room = 0;

	/* From the last step to the first. */
	do {
		const struct arrival *arrival = &search->arrivals[place_of(search, lock)];

		add_step(&cycle, &room, arrival->wait->waiter,
			 arrival->descendant ? NULL : arrival->from, lock);
		if (arrival->descendant)
			add_step(&cycle, &room, NULL, arrival->from, NULL);
		lock = arrival->from;
	} while (lock != first);

	for (i = 0; i < cycle.count / 2; i++) {
		const struct step step = cycle.steps[i];

		cycle.steps[i] = cycle.steps[cycle.count - 1 - i];
		cycle.steps[cycle.count - 1 - i] = step;
	}
	return cycle;
}

/* A shortest possible cycle that leads from a lock to its holder's descendants, and back. */
static struct cycle search_from(struct search *search, const struct lock *first)
{
	size_t i;

	memset(search->arrivals, 0, search->snapshot->lock_count * sizeof(*search->arrivals));
	search->queue_length = 0;
	spread(search, first);
	for (i = 0; i < search->queue_length; i++) {
		if (search->queue[i] == first)
			return cycle_back_to(search, first);
		spread(search, search->queue[i]);
	}
	return (struct cycle) { 0 };
}

static void add_cycle(struct cycles *cycles, struct cycle cycle)
{
	if (!cycle.count)
		return;
	cycles->cycles = memory_grow(cycles->cycles, &cycles->room, cycles->count,
				     sizeof(*cycles->cycles));
	cycles->cycles[cycles->count++] = cycle;
}

static void find_possible(struct search *search, struct cycles *cycles)
{
	const size_t lock_count = search->snapshot->lock_count;
	size_t i;

	collect_kinships(search, cycles);
	search->arrivals = memory_resize(NULL, lock_count + 1, sizeof(*search->arrivals));
	search->queue = memory_resize(NULL, lock_count + 1, sizeof(*search->queue));
	for (i = 0; search->kinship_count && i < lock_count; i++) {
		const struct lock *lock = &search->snapshot->locks[i];

		if (!next_wait(search, lock) && !cycles_have(cycles, lock))
			add_cycle(cycles, search_from(search, lock));
	}
	free(search->queue);
	free(search->arrivals);
	free(search->kinships);
}

/* ------------------------------------------------------------------------
 * All
 */

/**
 * cycles_find() - find all cycles
 * @cycles: receives them; for the caller to free
 * @snapshot: must exist while they do
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

		cycles->unexplained += !!(snapshot->locks[i].info.flags &
					  LOCKMGR_LOCK_IS_DEADLOCKED);
		if (first)
			add_cycle(cycles, cycle_from(&search, first));
	}
	cycles->certain = cycles->count;
	for (i = 0; i < cycles->count; i++)
		cycles->unexplained -= cycles->cycles[i].count;
	find_possible(&search, cycles);

	free(search.walks);
	free(search.waits);
}

/** cycles_have() - whether a step of a cycle holds the lock */
bool cycles_have(const struct cycles *cycles, const struct lock *lock)
{
	size_t i, j;

	for (i = 0; i < cycles->count; i++)
		for (j = 0; j < cycles->cycles[i].count; j++)
			if (cycles->cycles[i].steps[j].holds == lock)
				return true;
	return false;
}

/** cycles_free() - free what cycles_find() has allocated */
void cycles_free(struct cycles *cycles)
{
	size_t i;

	for (i = 0; i < cycles->count; i++)
		free(cycles->cycles[i].steps);
	free(cycles->cycles);
}
