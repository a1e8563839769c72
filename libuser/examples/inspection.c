// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who holds which lock since when, and who waits for it? */
#include "example.h"

#define HELD	7

static void wait_for_lock(void)
{
	struct lockmgr *mgr;

	step("open the space there", lockmgr_open(&mgr, space, NULL), 0);
	step("lock 7 there", lockmgr_lock(mgr, HELD), 0);
	step("unlock 7 there", lockmgr_unlock(mgr, HELD), 0);
}

static double seconds_since(uint64_t since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9 - since / 1e9;
}

/* Any number of locks can be listed in pieces: here two at a time. */
static void show_locks(struct lockmgr *mgr)
{
	const uint32_t filter = LOCKMGR_LOCK_IS_ALLOCATED |
				LOCKMGR_LOCK_IS_HELD;
	struct lockmgr_lock_info locks[2];
	uint64_t cursor = 0;
	size_t i, count;
	int total = 0;

	while (cursor != LOCKMGR_LIST_END) {
		step("list locks",
		     lockmgr_list(mgr, filter, &cursor, locks, 2, &count), 0);
		total += count;
		for (i = 0; i < count; i++) {
			printf("lock %u", locks[i].id);
			if (locks[i].flags & LOCKMGR_LOCK_IS_ALLOCATED)
				printf(", allocated");
			if (locks[i].flags & LOCKMGR_LOCK_IS_HELD)
				printf(", held by %s (%ld) for %.3f s, %u wait",
				       locks[i].command, (long)locks[i].pid,
				       seconds_since(locks[i].since),
				       locks[i].waiters);
			printf("\n");
		}
	}
	step("find the allocated ones and the held one", total, 4);
}

static void show_waiters(struct lockmgr *mgr, pid_t expected)
{
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	size_t count;

	step("list who waits for lock 7",
	     lockmgr_list_waiters(mgr, HELD, &cursor, &waiter, 1, &count), 0);
	step("find one", count, 1);
	printf("%s (%ld) waits for %.3f s\n", waiter.command, (long)waiter.pid,
	       seconds_since(waiter.since));
	step("find the process that we started", waiter.pid, expected);
}

static void count_held(struct lockmgr *mgr)
{
	uint32_t id;
	size_t count;

	step("ask which locks are held", lockmgr_held(mgr, &id, 1, &count), 0);
	step("find one", count, 1);
	step("find it to be 7", id, HELD);
}

int main(void)
{
	struct lockmgr *mgr;
	uint32_t id;
	pid_t pid;
	int i;

	name_space("inspection");
	step("open a space", lockmgr_open(&mgr, space, NULL), 0);
	for (i = 0; i < 3; i++)
		step("allocate", lockmgr_allocate(mgr, &id), 0);
	step("lock 7", lockmgr_lock(mgr, HELD), 0);
	pid = start(wait_for_lock);
	await_waiters(mgr, HELD, 1);

	show_locks(mgr);
	show_waiters(mgr, pid);
	count_held(mgr);

	step("unlock 7", lockmgr_unlock(mgr, HELD), 0);
	step("see the other get it", finish(pid), 0);
	step("free all", lockmgr_free_all(mgr), 0);
	lockmgr_close(mgr);
	return EXIT_SUCCESS;
}
