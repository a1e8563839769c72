// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cycles of waits: whose call is refused, whose is not, and what inspection shows.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "worker.h"

#define DETECT	(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_DETECT_DEADLOCK)
#define PLAIN	LOCKMGR_OPEN_CREATE

/* Longer than anything takes. */
#define LONG_MS	(500 * 1000)

static struct agent *agent_that_holds(uint32_t flags, uint32_t id)
{
	struct agent *agent = agent_new_with(flags);

	assert_int_equal(agent_call(agent, agent_lock, id), 0);

	return agent;
}

/* Have an agent wait for a lock that nobody else waits for. */
static void start_waiting(struct lockmgr *mgr, struct agent *agent, uint32_t id)
{
	agent_start(agent, agent_lock, id);
	wait_for_waiters(mgr, id, 1);
}

static long agent_timedlock(struct lockmgr **mgr, long id)
{
	struct timespec deadline = deadline_in(LONG_MS);

	return lockmgr_timedlock(*mgr, id, &deadline);
}

static long agent_briefly_timedlock(struct lockmgr **mgr, long id)
{
	struct timespec deadline = deadline_in(2000);

	return lockmgr_timedlock(*mgr, id, &deadline);
}

static bool is_deadlocked(struct lockmgr *mgr, uint32_t id)
{
	return lock_info(mgr, id).flags & LOCKMGR_LOCK_IS_DEADLOCKED;
}

/* The flags of a lock's waiters, in the order of the queue. */
static size_t waiter_flags(struct lockmgr *mgr, uint32_t id, uint32_t *flags, size_t max)
{
	struct lockmgr_waiter_info waiters[8];
	uint64_t cursor = 0;
	size_t count, i;

	assert_true(max <= 8);
	assert_int_equal(lockmgr_list_waiters(mgr, id, &cursor, waiters, max, &count), 0);
	for (i = 0; i < count; i++)
		flags[i] = waiters[i].flags;

	return count;
}

struct crowd {
	struct agent **agents;
	int count;
	int done;
};

static bool has_one_done(void *data)
{
	struct crowd *crowd = data;

	for (crowd->done = 0; crowd->done < crowd->count; crowd->done++)
		if (agent_is_done(crowd->agents[crowd->done]))
			return true;

	return false;
}

/* Wait until one agent's call has returned; returns which agent. */
static int wait_for_one(struct agent **agents, int count)
{
	struct crowd crowd = { agents, count, 0 };

	wait_until(has_one_done, &crowd, "one agent is done");

	return crowd.done;
}

/* ------------------------------------------------------------------------
 * Two
 */

static void second_of_two_in_opposite_order_returns_edeadlk(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(DETECT, 0);
	struct agent *second = agent_that_holds(DETECT, 1);

	(void)state;
	start_waiting(mgr, first, 1);

	assert_int_equal(agent_call(second, agent_lock, 0), -EDEADLK);
	assert_false(agent_is_done(first));
	assert_int_equal(agent_call(second, agent_unlock, 1), 0);
	assert_int_equal(agent_finish(first), 0);
}

static void timedlock_that_would_close_a_cycle_returns_edeadlk(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(DETECT, 0);
	struct agent *second = agent_that_holds(DETECT, 1);

	(void)state;
	start_waiting(mgr, first, 1);

	assert_int_equal(agent_call(second, agent_timedlock, 0), -EDEADLK);
}

static void timed_waiter_is_part_of_a_cycle(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(DETECT, 0);
	struct agent *second = agent_that_holds(DETECT, 1);

	(void)state;
	agent_start(first, agent_timedlock, 1);
	wait_for_waiters(mgr, 1, 1);

	assert_int_equal(agent_call(second, agent_lock, 0), -EDEADLK);
}

static void trylock_in_opposite_order_returns_ebusy(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(DETECT, 0);
	struct agent *second = agent_that_holds(DETECT, 1);

	(void)state;
	start_waiting(mgr, first, 1);

	assert_int_equal(agent_call(second, agent_trylock, 0), -EBUSY);
}

static void refused_call_has_changed_nothing(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(DETECT, 0);
	struct agent *second = agent_that_holds(DETECT, 1);

	(void)state;
	start_waiting(mgr, first, 1);
	assert_int_equal(agent_call(second, agent_lock, 0), -EDEADLK);

	assert_int_equal(lock_info(mgr, 0).waiters, 0);
	assert_int_equal(lock_info(mgr, 0).pid, agent_pid(first));
	assert_int_equal(lock_info(mgr, 1).waiters, 1);
	assert_int_equal(lock_info(mgr, 1).pid, agent_pid(second));
	assert_false(is_deadlocked(mgr, 0));
	assert_false(is_deadlocked(mgr, 1));
}

static void refused_client_can_back_off_and_try_again(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(DETECT, 0);
	struct agent *second = agent_that_holds(DETECT, 1);

	(void)state;
	start_waiting(mgr, first, 1);
	assert_int_equal(agent_call(second, agent_lock, 0), -EDEADLK);
	assert_int_equal(agent_call(second, agent_unlock, 1), 0);
	assert_int_equal(agent_finish(first), 0);
	start_waiting(mgr, second, 0);
	assert_int_equal(agent_call(first, agent_unlock, 0), 0);

	assert_int_equal(agent_finish(second), 0);
}

static void one_of_two_that_close_a_cycle_at_once_returns_edeadlk(void **state)
{
	struct agent *agents[2] = { agent_new_with(DETECT), agent_new_with(DETECT) };
	int round, i;

	(void)state;
	for (round = 0; round < 50; round++) {
		int refused, lucky;

		for (i = 0; i < 2; i++)
			assert_int_equal(agent_call(agents[i], agent_lock, i), 0);
		for (i = 0; i < 2; i++)
			agent_start(agents[i], agent_lock, !i);

		refused = wait_for_one(agents, 2);
		lucky = !refused;
		assert_int_equal(agent_finish(agents[refused]), -EDEADLK);
		assert_false(agent_is_done(agents[lucky]));
		assert_int_equal(agent_call(agents[refused], agent_unlock, refused), 0);
		assert_int_equal(agent_finish(agents[lucky]), 0);
		assert_int_equal(agent_call(agents[lucky], agent_unlock, 0), 0);
		assert_int_equal(agent_call(agents[lucky], agent_unlock, 1), 0);
	}
}

/* ------------------------------------------------------------------------
 * One
 */

static void second_lock_by_the_same_thread_returns_edeadlk(void **state)
{
	struct lockmgr *mgr = space_open_with(DETECT, 0);
	struct timespec deadline = deadline_in(LONG_MS);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(lockmgr_lock(mgr, 0), -EDEADLK);
	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), -EDEADLK);
	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
}

static void other_thread_of_the_same_client_is_not_refused(void **state)
{
	struct lockmgr *mgr = space_open_with(DETECT, 0);
	struct worker *worker;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	worker = worker_start(lockmgr_lock, mgr, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(worker_finish(worker), 0);
}

static int lock_0_then_1(struct lockmgr *mgr, uint32_t unused)
{
	int ret = lockmgr_lock(mgr, 0);

	(void)unused;

	return ret ? ret : lockmgr_lock(mgr, 1);
}

static void threads_of_one_client_can_close_a_cycle(void **state)
{
	struct lockmgr *mgr = space_open_with(DETECT, 0);
	struct worker *worker;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	worker = worker_start(lock_0_then_1, mgr, 0);
	wait_for_waiters(mgr, 1, 1);

	assert_int_equal(lockmgr_lock(mgr, 0), -EDEADLK);
	assert_int_equal(lockmgr_unlock(mgr, 1), 0);
	assert_int_equal(worker_finish(worker), 0);
}

static void thread_through_two_handles_can_close_a_cycle(void **state)
{
	struct lockmgr *mgr = space_open_with(DETECT, 0);
	struct lockmgr *other = space_open_with(DETECT, 0);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(lockmgr_lock(other, 0), -EDEADLK);
}

static void lock_of_a_thread_that_ended_closes_no_cycle(void **state)
{
	struct lockmgr *mgr = space_open_with(DETECT, 0);
	struct timespec deadline = deadline_in(100);

	(void)state;
	assert_int_equal(worker_call(lockmgr_lock, mgr, 0), 0);

	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), -ETIMEDOUT);
}

/* ------------------------------------------------------------------------
 * Many
 */

/* Agent i holds lock i. */
static void holders_new(struct agent **agents, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		agents[i] = agent_that_holds(DETECT, i);
}

/* Agent i waits for lock i + 1. */
static void chain_up(struct lockmgr *mgr, struct agent **agents, size_t count)
{
	size_t i;

	for (i = 0; i + 1 < count; i++)
		start_waiting(mgr, agents[i], i + 1);
}

static long agent_unlock_both(struct lockmgr **mgr, long id)
{
	int ret = lockmgr_unlock(*mgr, id);

	return ret ? ret : lockmgr_unlock(*mgr, id + 1);
}

/* The last releases, then its predecessor that acquired the lock, and so on. */
static void unwind(struct agent **agents, size_t count)
{
	size_t i;

	assert_int_equal(agent_call(agents[count - 1], agent_unlock, count - 1), 0);
	for (i = count - 1; i--;) {
		assert_int_equal(agent_finish(agents[i]), 0);
		assert_int_equal(agent_call(agents[i], agent_unlock_both, i), 0);
	}
}

static void last_of_a_cycle_returns_edeadlk(size_t count)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[100];
	size_t i;

	holders_new(agents, count);
	chain_up(mgr, agents, count);

	assert_int_equal(agent_call(agents[count - 1], agent_lock, 0), -EDEADLK);
	for (i = 0; i + 1 < count; i++)
		assert_false(agent_is_done(agents[i]));
	unwind(agents, count);
}

static void last_of_a_cycle_of_3_returns_edeadlk(void **state)
{
	(void)state;
	last_of_a_cycle_returns_edeadlk(3);
}

static void last_of_a_cycle_of_10_returns_edeadlk(void **state)
{
	(void)state;
	last_of_a_cycle_returns_edeadlk(10);
}

static void last_of_a_cycle_of_100_returns_edeadlk(void **state)
{
	(void)state;
	last_of_a_cycle_returns_edeadlk(100);
}

static void one_of_10_that_close_a_cycle_at_once_returns_edeadlk(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[10];
	int i, victim, done = 0;

	(void)state;
	holders_new(agents, 10);
	for (i = 0; i < 10; i++)
		agent_start(agents[i], agent_lock, (i + 1) % 10);
	victim = wait_for_one(agents, 10);
	assert_int_equal(agent_finish(agents[victim]), -EDEADLK);

	/* The others still wait. */
	for (i = 0; i < 10; i++) {
		if (i != victim)
			wait_for_waiters(mgr, (i + 1) % 10, 1);
		done += agent_is_done(agents[i]);
	}
	assert_int_equal(done, 0);
	assert_int_equal(agent_call(agents[victim], agent_unlock, victim), 0);
	assert_int_equal(agent_finish(agents[(victim + 9) % 10]), 0);
}

static void chain_of_200_is_no_cycle(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[200];
	size_t i;

	(void)state;
	holders_new(agents, 200);
	chain_up(mgr, agents, 200);

	for (i = 0; i + 1 < 200; i++)
		assert_false(agent_is_done(agents[i]));
	assert_false(is_deadlocked(mgr, 1));
	assert_false(is_deadlocked(mgr, 199));
	unwind(agents, 200);
}

static void many_waiters_for_one_lock_are_no_cycle(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[20];
	uint32_t i;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 100), 0);
	holders_new(agents, 20);
	for (i = 0; i < 20; i++)
		agent_start(agents[i], agent_lock, 100);
	wait_for_waiters(mgr, 100, 20);

	assert_false(is_deadlocked(mgr, 100));
	for (i = 0; i < 20; i++)
		assert_false(agent_is_done(agents[i]));
}

/* ------------------------------------------------------------------------
 * Two spaces
 */

/* An agent's handle on the other space. */
static struct lockmgr *second;

static long agent_open_second(struct lockmgr **mgr, long unused)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;

	(void)mgr;
	(void)unused;
	opts.flags = DETECT;

	return lockmgr_open(&second, other_space_name(), &opts);
}

static long agent_lock_in_second(struct lockmgr **mgr, long id)
{
	(void)mgr;

	return lockmgr_lock(second, id);
}

static long agent_unlock_in_second(struct lockmgr **mgr, long id)
{
	(void)mgr;

	return lockmgr_unlock(second, id);
}

static void cycle_across_two_spaces_returns_edeadlk(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *here = agent_that_holds(DETECT, 0);
	struct agent *there = agent_new_with(DETECT);

	(void)state;
	assert_int_equal(agent_call(here, agent_open_second, 0), 0);
	assert_int_equal(agent_call(there, agent_open_second, 0), 0);
	assert_int_equal(agent_call(there, agent_lock_in_second, 0), 0);
	start_waiting(mgr, there, 0);

	assert_int_equal(agent_call(here, agent_lock_in_second, 0), -EDEADLK);
	assert_int_equal(agent_call(here, agent_unlock, 0), 0);
	assert_int_equal(agent_finish(there), 0);
}

static void same_ids_of_two_spaces_are_no_cycle(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *here = agent_that_holds(DETECT, 0);
	struct agent *there = agent_new_with(DETECT);

	(void)state;
	assert_int_equal(agent_call(here, agent_open_second, 0), 0);
	assert_int_equal(agent_call(there, agent_open_second, 0), 0);
	assert_int_equal(agent_call(there, agent_lock, 1), 0);
	start_waiting(mgr, there, 0);

	assert_int_equal(agent_call(here, agent_lock_in_second, 1), 0);
	assert_int_equal(agent_call(here, agent_unlock_in_second, 1), 0);
}

/* ------------------------------------------------------------------------
 * Without the flag
 */

static void cycle_of_plain_clients_is_reported_and_refuses_nobody(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(PLAIN, 0);
	struct agent *other = agent_that_holds(PLAIN, 1);
	uint32_t flags;

	(void)state;
	start_waiting(mgr, first, 1);
	assert_false(is_deadlocked(mgr, 0));
	assert_false(is_deadlocked(mgr, 1));
	start_waiting(mgr, other, 0);

	assert_true(is_deadlocked(mgr, 0));
	assert_true(is_deadlocked(mgr, 1));
	assert_int_equal(waiter_flags(mgr, 0, &flags, 1), 1);
	assert_true(flags & LOCKMGR_WAITER_IS_DEADLOCKED);
	assert_false(agent_is_done(first));
	assert_false(agent_is_done(other));
}

static void death_breaks_a_cycle(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(PLAIN, 0);
	struct agent *other = agent_that_holds(PLAIN, 1);

	(void)state;
	start_waiting(mgr, first, 1);
	start_waiting(mgr, other, 0);
	agent_kill(other);

	assert_int_equal(agent_finish(first), LOCKMGR_OWNER_DIED);
	assert_false(is_deadlocked(mgr, 0));
}

static void deadline_breaks_a_cycle(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(PLAIN, 0);
	struct agent *other = agent_that_holds(PLAIN, 1);

	(void)state;
	start_waiting(mgr, first, 1);

	assert_int_equal(agent_call(other, agent_briefly_timedlock, 0), -ETIMEDOUT);
	assert_false(is_deadlocked(mgr, 1));
	assert_int_equal(agent_call(other, agent_unlock, 1), 0);
	assert_int_equal(agent_finish(first), 0);
}

static void plain_client_is_not_refused_among_those_who_detect(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *detecting = agent_that_holds(DETECT, 0);
	struct agent *plain = agent_that_holds(PLAIN, 1);

	(void)state;
	start_waiting(mgr, detecting, 1);
	start_waiting(mgr, plain, 0);

	assert_true(is_deadlocked(mgr, 0));
	assert_false(agent_is_done(plain));
	assert_false(agent_is_done(detecting));
}

static void detecting_client_is_refused_among_plain_ones(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *plain = agent_that_holds(PLAIN, 0);
	struct agent *detecting = agent_that_holds(DETECT, 1);

	(void)state;
	start_waiting(mgr, plain, 1);

	assert_int_equal(agent_call(detecting, agent_lock, 0), -EDEADLK);
}

static void waiter_behind_a_cycle_is_not_refused(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(PLAIN, 0);
	struct agent *other = agent_that_holds(PLAIN, 1);
	struct agent *outsider = agent_that_holds(DETECT, 2);
	uint32_t flags[2];

	(void)state;
	start_waiting(mgr, first, 1);
	start_waiting(mgr, other, 0);
	agent_start(outsider, agent_lock, 0);
	wait_for_waiters(mgr, 0, 2);

	assert_int_equal(waiter_flags(mgr, 0, flags, 2), 2);
	assert_true(flags[0] & LOCKMGR_WAITER_IS_DEADLOCKED);
	assert_false(flags[1] & LOCKMGR_WAITER_IS_DEADLOCKED);
	assert_false(agent_is_done(outsider));
	agent_kill(other);
	agent_kill(first);
	assert_int_equal(agent_finish(outsider), LOCKMGR_OWNER_DIED);
}

static void waiter_for_one_who_waits_behind_a_cycle_is_not_refused(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_holds(PLAIN, 0);
	struct agent *other = agent_that_holds(PLAIN, 1);
	struct agent *outsider = agent_that_holds(DETECT, 2);
	struct agent *further = agent_that_holds(DETECT, 3);

	(void)state;
	start_waiting(mgr, first, 1);
	start_waiting(mgr, other, 0);
	agent_start(outsider, agent_lock, 0);
	wait_for_waiters(mgr, 0, 2);
	start_waiting(mgr, further, 2);

	assert_false(is_deadlocked(mgr, 2));
	assert_false(agent_is_done(further));
}

static void self_deadlock_of_a_plain_client_is_reported(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_holds(PLAIN, 0);

	(void)state;
	start_waiting(mgr, agent, 0);

	assert_true(is_deadlocked(mgr, 0));
	assert_false(agent_is_done(agent));
}

/* ------------------------------------------------------------------------
 * Storms
 */

#define STORM_LOCKS	6
#define STORM_AGENTS	8
#define STORM_REFUSALS	20

/* How many calls of all agents were refused; in memory that they share. */
static atomic_long *refusals;

static void shuffle(long *ids, unsigned int *seed)
{
	int i;

	for (i = 0; i < STORM_LOCKS; i++)
		ids[i] = i;
	for (i = STORM_LOCKS - 1; i; i--) {
		int j = rand_r(seed) % (i + 1);
		long swap = ids[i];

		ids[i] = ids[j];
		ids[j] = swap;
	}
}

/*
 * Acquire three locks, whatever the order, and release them.  Returns 0, -EDEADLK, or
 * something that should not be.
 */
static int take_three(struct lockmgr *mgr, const long *ids)
{
	int held, ret = 0;

	for (held = 0; held < 3; held++) {
		ret = lockmgr_lock(mgr, ids[held]);
		if (ret)
			break;
		sched_yield();
	}
	/* A thread that holds nothing cannot be part of a cycle. */
	if (ret == -EDEADLK && !held)
		ret = -EPROTO;

	while (held--) {
		int result = lockmgr_unlock(mgr, ids[held]);

		ret = result ? result : ret;
	}

	return ret;
}

/*
 * This many rounds, and more until enough calls have failed: a thread alone, before the
 * others have begun, never fails.  Returns 0 or a negative errno.
 */
static long agent_storm(struct lockmgr **mgr, long rounds)
{
	unsigned int seed = getpid();
	long ids[STORM_LOCKS];

	while (rounds > 0 || atomic_load(refusals) < STORM_REFUSALS) {
		int ret;

		shuffle(ids, &seed);
		ret = take_three(*mgr, ids);
		if (ret && ret != -EDEADLK)
			return ret;
		if (ret)
			atomic_fetch_add(refusals, 1);
		else
			rounds--;
	}

	return 0;
}

static void storm_of_random_orders_ends_and_was_refused_for_cause(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[STORM_AGENTS];
	size_t count;
	int i;

	(void)state;
	refusals = mmap(NULL, sizeof(*refusals), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(refusals, MAP_FAILED);
	for (i = 0; i < STORM_AGENTS; i++)
		agents[i] = agent_new_with(DETECT);
	for (i = 0; i < STORM_AGENTS; i++)
		agent_start(agents[i], agent_storm, 100);
	for (i = 0; i < STORM_AGENTS; i++)
		assert_int_equal(agent_finish(agents[i]), 0);

	munmap(refusals, sizeof(*refusals));
	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), 0);
	assert_int_equal(count, 0);
}

/* Returns a negative errno; ascending order never closes a cycle. */
static long agent_ordered_storm(struct lockmgr **mgr, long rounds)
{
	unsigned int seed = getpid();

	while (rounds--) {
		int first = rand_r(&seed) % (STORM_LOCKS - 2);
		const long ids[] = { first, first + 1, first + 2 };
		int ret = take_three(*mgr, ids);

		if (ret)
			return ret;
	}

	return 0;
}

static void storm_in_one_order_refuses_nobody(void **state)
{
	struct agent *agents[STORM_AGENTS];
	int i;

	(void)state;
	for (i = 0; i < STORM_AGENTS; i++)
		agents[i] = agent_new_with(DETECT);
	for (i = 0; i < STORM_AGENTS; i++)
		agent_start(agents[i], agent_ordered_storm, 100);

	for (i = 0; i < STORM_AGENTS; i++)
		assert_int_equal(agent_finish(agents[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(second_of_two_in_opposite_order_returns_edeadlk),
		harness_test(timedlock_that_would_close_a_cycle_returns_edeadlk),
		harness_test(timed_waiter_is_part_of_a_cycle),
		harness_test(trylock_in_opposite_order_returns_ebusy),
		harness_test(refused_call_has_changed_nothing),
		harness_test(refused_client_can_back_off_and_try_again),
		harness_test(one_of_two_that_close_a_cycle_at_once_returns_edeadlk),
		harness_test(second_lock_by_the_same_thread_returns_edeadlk),
		harness_test(other_thread_of_the_same_client_is_not_refused),
		harness_test(threads_of_one_client_can_close_a_cycle),
		harness_test(thread_through_two_handles_can_close_a_cycle),
		harness_test(lock_of_a_thread_that_ended_closes_no_cycle),
		harness_test(last_of_a_cycle_of_3_returns_edeadlk),
		harness_test(last_of_a_cycle_of_10_returns_edeadlk),
		harness_test(last_of_a_cycle_of_100_returns_edeadlk),
		harness_test(one_of_10_that_close_a_cycle_at_once_returns_edeadlk),
		harness_test(chain_of_200_is_no_cycle),
		harness_test(many_waiters_for_one_lock_are_no_cycle),
		harness_test(cycle_across_two_spaces_returns_edeadlk),
		harness_test(same_ids_of_two_spaces_are_no_cycle),
		harness_test(cycle_of_plain_clients_is_reported_and_refuses_nobody),
		harness_test(death_breaks_a_cycle),
		harness_test(deadline_breaks_a_cycle),
		harness_test(plain_client_is_not_refused_among_those_who_detect),
		harness_test(detecting_client_is_refused_among_plain_ones),
		harness_test(waiter_behind_a_cycle_is_not_refused),
		harness_test(waiter_for_one_who_waits_behind_a_cycle_is_not_refused),
		harness_test(self_deadlock_of_a_plain_client_is_reported),
		harness_test(storm_of_random_orders_ends_and_was_refused_for_cause),
		harness_test(storm_in_one_order_refuses_nobody),
	};

	return harness_run(tests);
}
