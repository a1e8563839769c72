// SPDX-License-Identifier: GPL-2.0-only
/* The counters of a space, in its directory "stats". */
#include "claim.h"
#include "files.h"

#define DETECT	(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_DETECT_DEADLOCK)

static void new_space_has_counted_nothing(void **state)
{
	size_t i;

	(void)state;
	space_open();
	for (i = 0; i < ARRAY_SIZE(space_files); i++)
		if (!strncmp(space_files[i], "stats/", 6))
			assert_int_equal(number_of(space_files[i]), 0);
}

/* ------------------------------------------------------------------------
 * Waits
 */

static void every_wait_counts_as_a_contention(void **state)
{
	struct lockmgr *mgr = space_open();
	int i;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	for (i = 1; i <= 3; i++) {
		agent_start(agent_new(), agent_lock, 1);
		wait_for_waiters(mgr, 1, i);
	}
	/* Also while the waits are still going on. */
	assert_int_equal(number_of("stats/contentions"), 3);
}

static void longest_wait_is_that_of_the_longest_waiter(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();
	uint64_t begin, seen, at_least;
	unsigned long long longest;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	begin = now_ns();
	agent_start(agent, agent_lock, 1);
	wait_for_waiters(mgr, 1, 1);
	seen = now_ns();
	assert_int_equal(number_of("stats/longest_wait_ns"), 0);
	at_least = now_ns() - seen;
	assert_int_equal(lockmgr_unlock(mgr, 1), 0);
	assert_int_equal(agent_finish(agent), 0);

	longest = number_of("stats/longest_wait_ns");
	assert_in_range(longest, at_least, now_ns() - begin);
}

static void shorter_wait_does_not_change_the_longest(void **state)
{
	struct lockmgr *mgr = space_open();
	const struct timespec past = { .tv_nsec = 1 };
	const struct timespec later = deadline_in(50);
	unsigned long long longest;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	assert_int_equal(lockmgr_timedlock(mgr, 1, &later), -ETIMEDOUT);
	longest = number_of("stats/longest_wait_ns");
	assert_true(longest > 1000000);
	assert_int_equal(lockmgr_timedlock(mgr, 1, &past), -ETIMEDOUT);
	assert_int_equal(number_of("stats/longest_wait_ns"), longest);
}

/* ------------------------------------------------------------------------
 * Handoffs
 */

static void lock_given_to_a_waiter_counts_as_a_handoff(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	wait_with_a_claim(agent, mgr, 1);
	assert_int_equal(number_of("stats/handoffs"), 0);
	assert_int_equal(lockmgr_unlock(mgr, 1), 0);
	assert_int_equal(agent_finish(agent), 0);
	assert_int_equal(number_of("stats/handoffs"), 1);
}

/* ------------------------------------------------------------------------
 * Deaths and deadlocks
 */

static void every_lock_of_the_dead_counts_as_a_holder_death(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 1), 0);
	assert_int_equal(agent_call(agent, agent_lock, 70000), 0);
	agent_kill(agent);
	assert_int_equal(lockmgr_lock(mgr, 1), LOCKMGR_OWNER_DIED);
	assert_int_equal(number_of("stats/holder_deaths"), 2);
}

static void close_after_unlock_does_not_count_as_a_death(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	assert_int_equal(lockmgr_unlock(mgr, 1), 0);
	space_close(mgr);
	assert_int_equal(number_of("stats/holder_deaths"), 0);
}

static void call_that_fails_for_a_cycle_counts_as_a_deadlock(void **state)
{
	struct agent *agent = agent_new_with(DETECT);
	struct lockmgr *mgr = space_open_with(DETECT, 0);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	assert_int_equal(agent_call(agent, agent_lock, 2), 0);
	agent_start(agent, agent_lock, 1);
	wait_for_waiters(mgr, 1, 1);
	assert_int_equal(number_of("stats/deadlocks"), 0);
	assert_int_equal(lockmgr_lock(mgr, 2), -EDEADLK);
	assert_int_equal(number_of("stats/deadlocks"), 1);
	assert_int_equal(number_of("stats/contentions"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(new_space_has_counted_nothing),
		harness_test(every_wait_counts_as_a_contention),
		harness_test(longest_wait_is_that_of_the_longest_waiter),
		harness_test(shorter_wait_does_not_change_the_longest),
		harness_test(lock_given_to_a_waiter_counts_as_a_handoff),
		harness_test(every_lock_of_the_dead_counts_as_a_holder_death),
		harness_test(close_after_unlock_does_not_count_as_a_death),
		harness_test(call_that_fails_for_a_cycle_counts_as_a_deadlock),
	};

	return harness_run(tests);
}
