// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library shows of spaces, locks, holders and waiters.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "worker.h"

#define ALLOCATED	LOCKMGR_LOCK_IS_ALLOCATED
#define HELD		LOCKMGR_LOCK_IS_HELD
#define WAITED		LOCKMGR_LOCK_IS_WAITED
#define ANY		(ALLOCATED | HELD | WAITED)

#define CAPACITY_MAX	1048576

/* How much the coarse clock that tells when a lock was acquired may lag. */
#define CLOCK_SLACK_NS	100000000

/* Longer than anything takes. */
#define LONG_MS		(500 * 1000)

static struct lockmgr_space_info info_of(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);

	return info;
}

static struct agent *agent_that_holds(uint32_t id)
{
	struct agent *agent = agent_new();

	assert_int_equal(agent_call(agent, agent_lock, id), 0);

	return agent;
}

/* All locks that match the filter, listed in pieces; returns how many. */
static size_t list_all(struct lockmgr *mgr, uint32_t filter, struct lockmgr_lock_info *locks,
		       size_t max, size_t piece)
{
	uint64_t cursor = 0;
	size_t total = 0;

	while (cursor != LOCKMGR_LIST_END) {
		size_t count;

		assert_true(total + piece <= max);
		assert_int_equal(lockmgr_list(mgr, filter, &cursor, locks + total, piece, &count),
				 0);
		assert_in_range(count, 0, piece);
		total += count;
	}

	return total;
}

static size_t list_all_waiters(struct lockmgr *mgr, uint32_t id,
			       struct lockmgr_waiter_info *waiters, size_t max, size_t piece)
{
	uint64_t cursor = 0;
	size_t total = 0;

	while (cursor != LOCKMGR_LIST_END) {
		size_t count;

		assert_true(total + piece <= max);
		assert_int_equal(lockmgr_list_waiters(mgr, id, &cursor, waiters + total, piece,
						      &count),
				 0);
		assert_in_range(count, 0, piece);
		total += count;
	}

	return total;
}

static struct lockmgr_waiter_info first_waiter(struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	size_t count;

	assert_int_equal(lockmgr_list_waiters(mgr, id, &cursor, &waiter, 1, &count), 0);
	assert_int_equal(count, 1);

	return waiter;
}

/* ------------------------------------------------------------------------
 * Spaces
 */

static void info_counts_what_is_allocated(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 100);
	uint32_t id;

	(void)state;
	assert_int_equal(lockmgr_allocate(mgr, &id), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, 50), 0);

	assert_int_equal(info_of(mgr).allocated, 2);
	assert_int_equal(info_of(mgr).capacity, 100);
}

static void info_counts_clients_of_all_processes(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	space_open();
	assert_int_equal(info_of(mgr).clients, 3);
	agent_kill(agent);

	assert_int_equal(info_of(mgr).clients, 2);
}

static void info_follows_the_capacity(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_set_capacity(mgr, 77), 0);

	assert_int_equal(info_of(mgr).capacity, 77);
}

/* ------------------------------------------------------------------------
 * Lists and their filters
 */

/* Lock 1 is allocated, 2 held, 3 both, 4 held and waited for. */
static struct lockmgr *space_with_locks_of_each_kind(void)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();
	uint32_t id;

	for (id = 2; id <= 4; id++)
		assert_int_equal(lockmgr_lock(mgr, id), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, 1), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, 3), 0);
	agent_start(agent, agent_lock, 4);
	wait_for_waiters(mgr, 4, 1);
	/* Acquired and released: of interest to no filter. */
	assert_int_equal(lockmgr_lock(mgr, 5), 0);
	assert_int_equal(lockmgr_unlock(mgr, 5), 0);

	return mgr;
}

static void assert_filter_lists(uint32_t filter, uint32_t expected)
{
	struct lockmgr *mgr = space_with_locks_of_each_kind();
	struct lockmgr_lock_info locks[16];
	size_t count = list_all(mgr, filter, locks, 16, 8);
	uint32_t listed = 0;
	size_t i;

	for (i = 0; i < count; i++)
		listed = listed * 10 + locks[i].id;
	assert_int_equal(listed, expected);
}

static void filter_allocated_lists_allocated_locks(void **state)
{
	(void)state;
	assert_filter_lists(ALLOCATED, 13);
}

static void filter_held_lists_held_locks(void **state)
{
	(void)state;
	assert_filter_lists(HELD, 234);
}

static void filter_waited_lists_locks_that_are_waited_for(void **state)
{
	(void)state;
	assert_filter_lists(WAITED, 4);
}

static void filter_allocated_or_waited_lists_both(void **state)
{
	(void)state;
	assert_filter_lists(ALLOCATED | WAITED, 134);
}

static void filter_of_all_bits_lists_all_in_use(void **state)
{
	(void)state;
	assert_filter_lists(ANY, 1234);
}

static void unfit_filter_returns_einval(void **state)
{
	struct lockmgr *mgr = space_open();
	const uint32_t filters[] = { 0, LOCKMGR_LOCK_IS_DEADLOCKED, HELD | 1U << 31 };
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	size_t count, i;

	(void)state;
	for (i = 0; i < sizeof(filters) / sizeof(*filters); i++)
		assert_int_equal(lockmgr_list(mgr, filters[i], &cursor, &lock, 1, &count),
				 -EINVAL);
	assert_int_equal(cursor, 0);
}

static void flags_tell_what_each_lock_is(void **state)
{
	struct lockmgr *mgr = space_with_locks_of_each_kind();

	(void)state;
	assert_int_equal(lock_info(mgr, 1).flags, ALLOCATED);
	assert_int_equal(lock_info(mgr, 2).flags, HELD);
	assert_int_equal(lock_info(mgr, 3).flags, ALLOCATED | HELD);
	assert_int_equal(lock_info(mgr, 4).flags, HELD | WAITED);
	assert_int_equal(lock_info(mgr, 4).waiters, 1);
}

/* Ids on both sides of possible bounds: lines, groups, pages, leaves. */
static const uint32_t scattered[] = {
	0, 1, 63, 64, 255, 256, 257, 1023, 1024, 32767, 32768, 65536, 500000, CAPACITY_MAX - 1
};

#define SCATTERED	(sizeof(scattered) / sizeof(*scattered))

static struct lockmgr *space_with_scattered_locks(void)
{
	struct lockmgr *mgr = space_open();
	size_t i;

	/* This is not the order in which they will be listed. */
	for (i = SCATTERED; i--;)
		if (i % 3)
			assert_int_equal(lockmgr_lock(mgr, scattered[i]), 0);
	for (i = 0; i < SCATTERED; i += 3)
		assert_int_equal(lockmgr_allocate_id(mgr, scattered[i]), 0);

	return mgr;
}

static void list_in_pieces_of_any_size_names_each_lock_once_in_order(void **state)
{
	struct lockmgr *mgr = space_with_scattered_locks();
	size_t piece, i;

	(void)state;
	for (piece = 1; piece <= SCATTERED + 1; piece++) {
		struct lockmgr_lock_info locks[4 * SCATTERED];

		assert_int_equal(list_all(mgr, ANY, locks, 4 * SCATTERED, piece), SCATTERED);
		for (i = 0; i < SCATTERED; i++)
			assert_int_equal(locks[i].id, scattered[i]);
	}
}

static void list_of_more_than_fits_fills_the_buffer(void **state)
{
	struct lockmgr_lock_info locks[300];
	struct lockmgr *mgr = space_open();
	uint64_t cursor = 0;
	size_t count;
	uint32_t id;

	(void)state;
	for (id = 0; id < 400; id++)
		assert_int_equal(lockmgr_lock(mgr, id), 0);

	assert_int_equal(lockmgr_list(mgr, HELD, &cursor, locks, 300, &count), 0);
	assert_int_equal(count, 300);
	assert_int_equal(locks[299].id, 299);
	assert_int_equal(lockmgr_list(mgr, HELD, &cursor, locks, 300, &count), 0);
	assert_int_equal(count, 100);
	assert_int_equal(locks[0].id, 300);
}

static void list_does_not_write_beyond_the_buffer(void **state)
{
	struct lockmgr *mgr = space_with_scattered_locks();
	struct lockmgr_lock_info locks[3], untouched;
	uint64_t cursor = 0;
	size_t count;

	(void)state;
	memset(locks, 0x5a, sizeof(locks));
	memset(&untouched, 0x5a, sizeof(untouched));
	assert_int_equal(lockmgr_list(mgr, ANY, &cursor, locks, 2, &count), 0);

	assert_int_equal(count, 2);
	assert_memory_equal(&locks[2], &untouched, sizeof(untouched));
}

static void list_of_nothing_is_at_its_end(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	size_t count = 1;

	(void)state;
	assert_int_equal(lockmgr_list(mgr, ANY, &cursor, &lock, 1, &count), 0);

	assert_int_equal(count, 0);
	assert_true(cursor == LOCKMGR_LIST_END);
}

static void list_behind_the_end_is_empty(void **state)
{
	struct lockmgr *mgr = space_with_scattered_locks();
	struct lockmgr_lock_info lock;
	uint64_t cursor = LOCKMGR_LIST_END;
	size_t count = 1;

	(void)state;
	assert_int_equal(lockmgr_list(mgr, ANY, &cursor, &lock, 1, &count), 0);

	assert_int_equal(count, 0);
	assert_true(cursor == LOCKMGR_LIST_END);
}

static void list_that_fails_leaves_cursor_and_count_alone(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_WRITEONLY, 0);
	struct lockmgr_lock_info lock;
	uint64_t cursor = 3;
	size_t count = 4711;

	(void)state;
	assert_int_equal(lockmgr_list(mgr, ANY, &cursor, &lock, 1, &count), -EBADF);

	assert_int_equal(cursor, 3);
	assert_int_equal(count, 4711);
}

/* ------------------------------------------------------------------------
 * Held
 */

static void held_counts_what_does_not_fit(void **state)
{
	struct lockmgr *mgr = space_open();
	uint32_t ids[3] = { 0, 0, 4711 };
	size_t count;
	uint32_t id;

	(void)state;
	for (id = 10; id < 110; id++)
		assert_int_equal(lockmgr_lock(mgr, id), 0);

	assert_int_equal(lockmgr_held(mgr, ids, 2, &count), 0);
	assert_int_equal(count, 100);
	assert_int_equal(ids[0], 10);
	assert_int_equal(ids[1], 11);
	assert_int_equal(ids[2], 4711);
}

static void held_is_in_ascending_order(void **state)
{
	struct lockmgr *mgr = space_open();
	uint32_t ids[SCATTERED];
	size_t count, i;

	(void)state;
	for (i = SCATTERED; i--;)
		assert_int_equal(lockmgr_lock(mgr, scattered[i]), 0);

	assert_int_equal(lockmgr_held(mgr, ids, SCATTERED, &count), 0);
	assert_int_equal(count, SCATTERED);
	for (i = 0; i < SCATTERED; i++)
		assert_int_equal(ids[i], scattered[i]);
}

static void held_omits_locks_of_the_dead(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), 0);
	assert_int_equal(count, 1);
	agent_kill(agent);

	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), 0);
	assert_int_equal(count, 0);
}

/* ------------------------------------------------------------------------
 * Holders
 */

static void holder_is_shown_with_process_thread_and_command(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_lock_info lock;

	(void)state;
	prctl(PR_SET_NAME, "a-holder");
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	lock = lock_info(mgr, 0);

	assert_int_equal(lock.pid, getpid());
	assert_int_equal(lock.tid, gettid());
	assert_string_equal(lock.command, "a-holder");
}

static void holder_of_another_process_is_shown(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_holds(0);
	struct lockmgr_lock_info lock = lock_info(mgr, 0);

	(void)state;
	assert_int_equal(lock.pid, agent_pid(agent));
	assert_int_equal(lock.tid, agent_pid(agent));
}

static void held_since_is_when_the_lock_was_taken(void **state)
{
	struct lockmgr *mgr = space_open();
	uint64_t before = now_ns(), after;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	after = now_ns();

	assert_in_range(lock_info(mgr, 0).since, before - CLOCK_SLACK_NS, after);
}

static void held_since_starts_anew_with_each_holder(void **state)
{
	struct lockmgr *mgr = space_open();
	struct timespec later = deadline_in(2 * CLOCK_SLACK_NS / 1000000);
	struct agent *agent = agent_new();
	uint64_t before;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &later, NULL);
	before = now_ns();
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);

	assert_in_range(lock_info(mgr, 0).since, before - CLOCK_SLACK_NS, now_ns());
	assert_int_equal(lock_info(mgr, 0).pid, agent_pid(agent));
}

static void lock_that_nobody_holds_shows_nobody(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_lock_info lock;

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	lock = lock_info(mgr, 0);

	assert_int_equal(lock.flags, ALLOCATED);
	assert_int_equal(lock.since, 0);
	assert_int_equal(lock.pid, 0);
	assert_int_equal(lock.tid, 0);
	assert_int_equal(lock.client, 0);
	assert_int_equal(lock.waiters, 0);
	assert_string_equal(lock.command, "");
}

static void client_numbers_tell_handles_apart(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	assert_int_equal(lockmgr_lock(other, 2), 0);

	assert_int_not_equal(lock_info(mgr, 0).client, 0);
	assert_int_equal(lock_info(mgr, 0).client, lock_info(mgr, 1).client);
	assert_int_not_equal(lock_info(mgr, 0).client, lock_info(mgr, 2).client);
}

/* What a thread reports of itself. */
static _Atomic pid_t told_tid;

static int lock_as_thread(struct lockmgr *mgr, uint32_t id)
{
	prctl(PR_SET_NAME, "a-thread");
	told_tid = gettid();

	return lockmgr_lock(mgr, id);
}

static _Atomic bool stay;

static int lock_and_stay(struct lockmgr *mgr, uint32_t id)
{
	int ret = lock_as_thread(mgr, id);

	while (stay)
		usleep(1000);

	return ret;
}

static void thread_that_holds_is_shown(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_lock_info lock;
	struct worker *worker;

	(void)state;
	stay = true;
	worker = worker_start(lock_and_stay, mgr, 0);
	wait_for_held(mgr, 0, true);
	lock = lock_info(mgr, 0);
	stay = false;
	assert_int_equal(worker_finish(worker), 0);

	assert_int_equal(lock.pid, getpid());
	assert_int_equal(lock.tid, told_tid);
	assert_int_not_equal(lock.tid, lock.pid);
	assert_string_equal(lock.command, "a-thread");
}

static bool is_thread_gone(void *unused)
{
	char path[64];

	(void)unused;
	snprintf(path, sizeof(path), "/proc/self/task/%d", told_tid);

	return access(path, F_OK);
}

static void holder_whose_thread_ended_is_shown_without_it(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_lock_info lock;

	(void)state;
	assert_int_equal(worker_call(lock_as_thread, mgr, 0), 0);
	wait_until(is_thread_gone, NULL, "the thread is gone");
	lock = lock_info(mgr, 0);

	assert_int_equal(lock.flags, HELD);
	assert_int_equal(lock.tid, 0);
	assert_int_equal(lock.pid, getpid());
	assert_string_not_equal(lock.command, "a-thread");
	assert_string_not_equal(lock.command, "");
}

/* The lock whose holder died is not allocated. */
static void filter_died_lists_locks_whose_holder_died(void **state)
{
	struct agent *agent = agent_that_holds(7);
	struct lockmgr_lock_info locks[4];
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 6), 0);
	agent_kill(agent);
	assert_int_equal(list_all(mgr, LOCKMGR_LOCK_IS_DIED, locks, 4, 4), 1);
	assert_int_equal(locks[0].id, 7);
	assert_int_equal(locks[0].flags, LOCKMGR_LOCK_IS_DIED);
	assert_int_equal(list_all(mgr, ANY, locks, 4, 4), 1);
	assert_int_equal(list_all(mgr, ANY | LOCKMGR_LOCK_IS_DIED, locks, 4, 4), 2);
}

static void lock_of_the_dead_is_shown_as_such_until_it_is_taken(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 0), 0);
	agent_kill(agent);

	assert_int_equal(lock_info(mgr, 0).flags, ALLOCATED | LOCKMGR_LOCK_IS_DIED);
	assert_int_equal(lock_info(mgr, 0).since, 0);
	assert_int_equal(lock_info(mgr, 0).pid, 0);
	assert_int_equal(lockmgr_lock(mgr, 0), LOCKMGR_OWNER_DIED);
	assert_int_equal(lock_info(mgr, 0).flags, ALLOCATED | HELD);
}

/* ------------------------------------------------------------------------
 * Waiters
 */

static long agent_set_name(struct lockmgr **mgr, long number)
{
	char name[16];

	(void)mgr;
	snprintf(name, sizeof(name), "waiter-%ld", number);

	return prctl(PR_SET_NAME, name);
}

static long agent_timedlock(struct lockmgr **mgr, long id)
{
	struct timespec deadline = deadline_in(LONG_MS);

	return lockmgr_timedlock(*mgr, id, &deadline);
}

static void waiters_are_shown_in_the_order_of_the_queue(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_waiter_info waiters[10];
	struct agent *agents[5];
	uint64_t before[6];
	long i;

	(void)state;
	for (i = 0; i < 5; i++) {
		agents[i] = agent_new();
		assert_int_equal(agent_call(agents[i], agent_set_name, i), 0);
	}
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	for (i = 0; i < 5; i++) {
		before[i] = now_ns();
		/* This is not the order of their process ids. */
		agent_start(agents[(i + 3) % 5], agent_lock, 0);
		wait_for_waiters(mgr, 0, i + 1);
	}
	before[5] = now_ns();

	assert_int_equal(list_all_waiters(mgr, 0, waiters, 10, 5), 5);
	for (i = 0; i < 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "waiter-%ld", (i + 3) % 5);
		assert_int_equal(waiters[i].pid, agent_pid(agents[(i + 3) % 5]));
		assert_int_equal(waiters[i].tid, waiters[i].pid);
		assert_string_equal(waiters[i].command, name);
		assert_in_range(waiters[i].since, before[i], before[i + 1]);
		assert_int_equal(waiters[i].flags, 0);
	}
}

static void waiters_in_pieces_of_any_size_are_each_shown_once(void **state)
{
	const size_t pieces[] = { 1, 2, 15, 16, 17, 31, 32, 33, 39, 40, 41 };
	struct lockmgr *mgr = space_open();
	struct lockmgr_waiter_info waiters[200];
	pid_t pids[40];
	size_t i, j;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	for (i = 0; i < 40; i++) {
		struct agent *agent = agent_new();

		agent_start(agent, agent_lock, 0);
		wait_for_waiters(mgr, 0, i + 1);
		pids[i] = agent_pid(agent);
	}

	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		assert_int_equal(list_all_waiters(mgr, 0, waiters, 200, pieces[i]), 40);
		for (j = 0; j < 40; j++)
			assert_int_equal(waiters[j].pid, pids[j]);
	}
}

static void waiter_with_a_deadline_is_flagged(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, agent_timedlock, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_int_equal(first_waiter(mgr, 0).flags, LOCKMGR_WAITER_HAS_DEADLINE);
}

static void waiting_thread_is_shown(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_waiter_info waiter;
	struct worker *worker;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	worker = worker_start(lock_as_thread, mgr, 0);
	wait_for_waiters(mgr, 0, 1);
	waiter = first_waiter(mgr, 0);

	assert_int_equal(waiter.pid, getpid());
	assert_int_equal(waiter.tid, told_tid);
	assert_string_equal(waiter.command, "a-thread");
	assert_int_equal(waiter.client, lock_info(mgr, 0).client);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(worker_finish(worker), 0);
}

static void waiter_has_the_client_number_that_it_has_as_holder(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();
	uint32_t client;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);
	client = first_waiter(mgr, 0).client;
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);

	assert_int_equal(lock_info(mgr, 0).client, client);
}

static void lock_without_waiters_has_none_to_list(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_waiter_info waiter;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(list_all_waiters(mgr, 0, &waiter, 1, 1), 0);
	assert_int_equal(list_all_waiters(mgr, 1, &waiter, 1, 1), 0);
}

static void waiters_of_other_locks_are_not_listed(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_waiter_info waiters[4];
	struct agent *agents[2] = { agent_new(), agent_new() };

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	agent_start(agents[0], agent_lock, 0);
	agent_start(agents[1], agent_lock, 1);
	wait_for_waiters(mgr, 0, 1);
	wait_for_waiters(mgr, 1, 1);

	assert_int_equal(list_all_waiters(mgr, 1, waiters, 4, 2), 1);
	assert_int_equal(waiters[0].pid, agent_pid(agents[1]));
}

static void waiters_of_an_id_beyond_all_capacity_return_einval(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_list_waiters(mgr, CAPACITY_MAX, &cursor, &waiter, 1, &count),
			 -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, UINT32_MAX, &cursor, &waiter, 1, &count),
			 -EINVAL);
}

static void waiters_beyond_a_lowered_capacity_are_listed(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 50), 0);
	agent_start(agent, agent_lock, 50);
	wait_for_waiters(mgr, 50, 1);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);

	assert_int_equal(first_waiter(mgr, 50).pid, agent_pid(agent));
	assert_int_equal(lock_info(mgr, 50).pid, getpid());
}

/* ------------------------------------------------------------------------
 * Deadlocks
 */

static void locks_and_waiters_of_a_cycle_are_flagged(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[3];
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		agents[i] = agent_that_holds(i);
	for (i = 0; i < 3; i++) {
		agent_start(agents[i], agent_lock, (i + 1) % 3);
		wait_for_waiters(mgr, (i + 1) % 3, 1);
	}

	for (i = 0; i < 3; i++) {
		assert_int_equal(lock_info(mgr, i).flags,
				 HELD | WAITED | LOCKMGR_LOCK_IS_DEADLOCKED);
		assert_int_equal(first_waiter(mgr, i).flags, LOCKMGR_WAITER_IS_DEADLOCKED);
	}
}

static void lock_held_by_one_in_a_cycle_is_not_flagged_itself(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[2] = { agent_that_holds(0), agent_that_holds(1) };
	struct agent *outsider = agent_new();

	(void)state;
	assert_int_equal(agent_call(agents[0], agent_lock, 2), 0);
	agent_start(agents[0], agent_lock, 1);
	agent_start(agents[1], agent_lock, 0);
	agent_start(outsider, agent_lock, 2);
	wait_for_waiters(mgr, 0, 1);
	wait_for_waiters(mgr, 1, 1);
	wait_for_waiters(mgr, 2, 1);

	assert_int_equal(lock_info(mgr, 2).flags, HELD | WAITED);
	assert_int_equal(first_waiter(mgr, 2).flags, 0);
}

/* ------------------------------------------------------------------------
 * Other PID namespaces
 */

/* What the process in the namespace saw. */
static struct {
	_Atomic bool done;
	int ret;
	struct lockmgr_lock_info own;
	struct lockmgr_lock_info outer;
	struct lockmgr_waiter_info outer_waiter;
} *inside;

static int share(void **state)
{
	inside = mmap(NULL, sizeof(*inside), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(inside, MAP_FAILED);

	return harness_setup(state);
}

static int look_at(struct lockmgr *mgr, uint32_t id, struct lockmgr_lock_info *lock)
{
	uint64_t cursor = id;
	size_t count;

	return lockmgr_list(mgr, HELD, &cursor, lock, 1, &count);
}

/* Acquire lock 1, and look at it and at lock 0, which a process outside holds. */
static int look_from_inside(void)
{
	struct lockmgr *mgr;
	uint64_t cursor = 0;
	size_t count;
	int ret;

	ret = lockmgr_open(&mgr, space_name(), NULL);
	if (!ret)
		ret = lockmgr_lock(mgr, 1);
	if (!ret)
		ret = look_at(mgr, 0, &inside->outer);
	if (!ret)
		ret = look_at(mgr, 1, &inside->own);
	if (!ret)
		ret = lockmgr_list_waiters(mgr, 0, &cursor, &inside->outer_waiter, 1, &count);

	return ret;
}

/* Start a process in a PID namespace of its own; returns its process id as seen from outside. */
static long agent_enter_namespace(struct lockmgr **mgr, long unused)
{
	pid_t pid;

	(void)mgr;
	(void)unused;
	if (unshare(CLONE_NEWPID))
		return -errno;

	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "inside");
		inside->ret = look_from_inside();
		inside->done = true;
		for (;;)
			pause();
	}

	return pid;
}

static bool is_done_inside(void *unused)
{
	(void)unused;

	return inside->done;
}

/* We hold lock 0, and an agent waits for it; returns the process in the namespace. */
static pid_t enter_namespace(struct lockmgr *mgr)
{
	struct agent *waiter = agent_new();
	pid_t pid;

	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(waiter, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);
	pid = agent_call(agent_new(), agent_enter_namespace, 0);
	assert_true(pid > 0);
	wait_until(is_done_inside, NULL, "the process in the namespace has looked");
	assert_int_equal(inside->ret, 0);

	return pid;
}

static void holder_in_a_pid_namespace_is_shown_with_its_outer_number(void **state)
{
	struct lockmgr *mgr = space_open();
	pid_t pid = enter_namespace(mgr);

	(void)state;
	assert_int_equal(lock_info(mgr, 1).pid, pid);
	assert_int_equal(lock_info(mgr, 1).tid, pid);
	assert_string_equal(lock_info(mgr, 1).command, "inside");
}

static void holder_is_shown_in_its_pid_namespace_with_its_inner_number(void **state)
{
	(void)state;
	enter_namespace(space_open());

	assert_int_equal(inside->own.id, 1);
	assert_int_equal(inside->own.pid, 1);
	assert_int_equal(inside->own.tid, 1);
	assert_string_equal(inside->own.command, "inside");
}

static void holder_outside_is_shown_in_a_pid_namespace_without_number(void **state)
{
	(void)state;
	enter_namespace(space_open());

	assert_int_equal(inside->outer.id, 0);
	assert_true(inside->outer.flags & HELD);
	assert_int_equal(inside->outer.pid, 0);
	assert_int_equal(inside->outer.tid, 0);
	assert_string_equal(inside->outer.command, "");
}

static void waiter_outside_is_shown_in_a_pid_namespace_without_number(void **state)
{
	(void)state;
	enter_namespace(space_open());

	assert_int_equal(inside->outer.waiters, 1);
	assert_int_not_equal(inside->outer_waiter.client, 0);
	assert_int_equal(inside->outer_waiter.pid, 0);
	assert_string_equal(inside->outer_waiter.command, "");
	assert_int_equal(inside->outer_waiter.tid, 0);
}

/* clang-format off */
#define SHARED(test)	{ #test, test, share, harness_teardown, NULL }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(info_counts_what_is_allocated),
		harness_test(info_counts_clients_of_all_processes),
		harness_test(info_follows_the_capacity),
		harness_test(filter_allocated_lists_allocated_locks),
		harness_test(filter_held_lists_held_locks),
		harness_test(filter_waited_lists_locks_that_are_waited_for),
		harness_test(filter_allocated_or_waited_lists_both),
		harness_test(filter_of_all_bits_lists_all_in_use),
		harness_test(unfit_filter_returns_einval),
		harness_test(filter_died_lists_locks_whose_holder_died),
		harness_test(flags_tell_what_each_lock_is),
		harness_test(list_in_pieces_of_any_size_names_each_lock_once_in_order),
		harness_test(list_of_more_than_fits_fills_the_buffer),
		harness_test(list_does_not_write_beyond_the_buffer),
		harness_test(list_of_nothing_is_at_its_end),
		harness_test(list_behind_the_end_is_empty),
		harness_test(list_that_fails_leaves_cursor_and_count_alone),
		harness_test(held_counts_what_does_not_fit),
		harness_test(held_is_in_ascending_order),
		harness_test(held_omits_locks_of_the_dead),
		harness_test(holder_is_shown_with_process_thread_and_command),
		harness_test(holder_of_another_process_is_shown),
		harness_test(held_since_is_when_the_lock_was_taken),
		harness_test(held_since_starts_anew_with_each_holder),
		harness_test(lock_that_nobody_holds_shows_nobody),
		harness_test(client_numbers_tell_handles_apart),
		harness_test(thread_that_holds_is_shown),
		harness_test(holder_whose_thread_ended_is_shown_without_it),
		harness_test(lock_of_the_dead_is_shown_as_such_until_it_is_taken),
		harness_test(waiters_are_shown_in_the_order_of_the_queue),
		harness_test(waiters_in_pieces_of_any_size_are_each_shown_once),
		harness_test(waiter_with_a_deadline_is_flagged),
		harness_test(waiting_thread_is_shown),
		harness_test(waiter_has_the_client_number_that_it_has_as_holder),
		harness_test(lock_without_waiters_has_none_to_list),
		harness_test(waiters_of_other_locks_are_not_listed),
		harness_test(waiters_of_an_id_beyond_all_capacity_return_einval),
		harness_test(waiters_beyond_a_lowered_capacity_are_listed),
		harness_test(locks_and_waiters_of_a_cycle_are_flagged),
		harness_test(lock_held_by_one_in_a_cycle_is_not_flagged_itself),
		SHARED(holder_in_a_pid_namespace_is_shown_with_its_outer_number),
		SHARED(holder_is_shown_in_its_pid_namespace_with_its_inner_number),
		SHARED(holder_outside_is_shown_in_a_pid_namespace_without_number),
		SHARED(waiter_outside_is_shown_in_a_pid_namespace_without_number),
	};

	return harness_run(tests);
}
