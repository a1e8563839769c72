// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acquiring and releasing locks, from one process and many; and what remains of them
 * when a holder or a waiter dies.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness.h"
#include "worker.h"

#define CAPACITY_MAX	1048576

static struct agent *agent_that_holds(uint32_t id)
{
	struct agent *agent = agent_new();

	assert_int_equal(agent_call(agent, agent_lock, id), 0);

	return agent;
}

/* An agent that waits for a lock after @before others. */
static struct agent *agent_that_waits(struct lockmgr *mgr, uint32_t id, uint32_t before)
{
	struct agent *agent = agent_new();

	wait_for_waiters(mgr, id, before);
	agent_start(agent, agent_lock, id);
	wait_for_waiters(mgr, id, before + 1);

	return agent;
}

static size_t count_held(struct lockmgr *mgr)
{
	size_t count;

	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), 0);

	return count;
}

/* ------------------------------------------------------------------------
 * One client
 */

static void locks_of_different_ids_are_independent(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_holds(0);

	(void)state;
	assert_int_equal(lockmgr_trylock(mgr, 1), 0);
	assert_int_equal(lockmgr_unlock(mgr, 1), 0);
	assert_int_equal(agent_call(agent, agent_unlock, 0), 0);
}

static void every_id_is_a_lock_of_its_own(void **state)
{
	struct lockmgr *mgr = space_open();
	const uint32_t count = 1024;
	uint32_t ids[1024];
	size_t held;
	uint32_t i;

	(void)state;
	for (i = 0; i < count; i++)
		assert_int_equal(lockmgr_trylock(mgr, i), 0);

	assert_int_equal(lockmgr_held(mgr, ids, count, &held), 0);
	assert_int_equal(held, count);
	for (i = 0; i < count; i++)
		assert_int_equal(ids[i], i);
}

static void unlock_frees_only_the_lock_of_that_id(void **state)
{
	struct lockmgr *mgr = space_open();
	const uint32_t ids[] = { 0, 1, 63, 64, 65, 128, 192, 255, 256, 512 };
	const size_t count = sizeof(ids) / sizeof(*ids);
	size_t i;

	(void)state;
	for (i = 0; i < count; i++)
		assert_int_equal(lockmgr_lock(mgr, ids[i]), 0);

	for (i = 0; i < count; i++) {
		assert_int_equal(lockmgr_unlock(mgr, ids[i]), 0);
		assert_int_equal(lock_info(mgr, ids[i]).flags & LOCKMGR_LOCK_IS_HELD, 0);
		assert_int_equal(count_held(mgr), count - 1 - i);
	}
}

static void last_id_can_be_locked(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, CAPACITY_MAX - 1), 0);
	assert_int_equal(lockmgr_unlock(mgr, CAPACITY_MAX - 1), 0);
}

static void id_beyond_the_capacity_returns_einval(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 10);
	const uint32_t ids[] = { 10, 11, 256, CAPACITY_MAX, 1U << 31, UINT32_MAX };
	struct timespec deadline = deadline_in(0);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		assert_int_equal(lockmgr_lock(mgr, ids[i]), -EINVAL);
		assert_int_equal(lockmgr_trylock(mgr, ids[i]), -EINVAL);
		assert_int_equal(lockmgr_timedlock(mgr, ids[i], &deadline), -EINVAL);
		assert_int_equal(lockmgr_unlock(mgr, ids[i]), -EINVAL);
	}
}

static void timedlock_of_a_free_lock_acquires_it(void **state)
{
	struct lockmgr *mgr = space_open();
	struct timespec deadline = deadline_in(HARNESS_PATIENCE_S * 1000);

	(void)state;
	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), 0);
	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);
}

static void lock_can_be_taken_again_after_unlock(void **state)
{
	struct lockmgr *mgr = space_open();
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		assert_int_equal(lockmgr_lock(mgr, 0), 0);
		assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	}
}

/* ------------------------------------------------------------------------
 * Several clients and threads
 */

static void unlock_by_other_handle_of_the_same_process_returns_eperm(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(lockmgr_unlock(other, 0), -EPERM);
	assert_int_equal(lockmgr_trylock(other, 0), -EBUSY);
}

static void unlock_by_a_waiting_client_returns_eperm(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open();
	struct worker *worker;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	worker = worker_start(lockmgr_lock, other, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_int_equal(lockmgr_unlock(other, 0), -EPERM);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(worker_finish(worker), 0);
}

static void unlock_twice_does_not_free_the_next_holders_lock(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	agent_that_holds(0);

	assert_int_equal(lockmgr_unlock(mgr, 0), -EPERM);
	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);
}

static void other_thread_unlocks_and_lets_a_third_in(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent = agent_that_waits(mgr, 0, 0);

	assert_int_equal(worker_call(lockmgr_unlock, mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
}

static void lock_of_a_thread_that_ended_stays_with_the_client(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open();

	(void)state;
	assert_int_equal(worker_call(lockmgr_lock, mgr, 0), 0);

	assert_int_equal(lockmgr_trylock(other, 0), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_trylock(other, 0), 0);
}

static void allocating_a_freed_id_gives_no_right_to_its_lock(void **state)
{
	struct lockmgr *mgr = space_open();
	uint32_t id;

	(void)state;
	assert_int_equal(lockmgr_allocate(mgr, &id), 0);
	agent_that_holds(id);
	assert_int_equal(lockmgr_free(mgr, id), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, id), 0);

	assert_int_equal(lockmgr_trylock(mgr, id), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, id), -EPERM);
}

static long agent_lock_and_unlock(struct lockmgr **mgr, long id)
{
	int ret = lockmgr_lock(*mgr, id);

	return ret ? ret : lockmgr_unlock(*mgr, id);
}

static void one_unlock_lets_one_waiter_in(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first, *second;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	first = agent_that_waits(mgr, 0, 0);
	second = agent_that_waits(mgr, 0, 1);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);

	assert_int_equal(agent_finish(first), 0);
	assert_int_equal(lock_info(mgr, 0).waiters, 1);
	assert_false(agent_is_done(second));
}

static void waiters_are_served_in_the_order_of_the_queue(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[5];
	uint32_t i;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	for (i = 0; i < 5; i++)
		agents[i] = agent_that_waits(mgr, 0, i);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);

	for (i = 0; i < 5; i++) {
		assert_int_equal(agent_finish(agents[i]), 0);
		assert_int_equal(lock_info(mgr, 0).pid, agent_pid(agents[i]));
		assert_int_equal(agent_call(agents[i], agent_unlock, 0), 0);
	}
}

static void every_waiter_gets_the_lock(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[40];
	size_t i;

	(void)state;
	for (i = 0; i < 40; i++)
		agents[i] = agent_new();
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	for (i = 0; i < 40; i++)
		agent_start(agents[i], agent_lock_and_unlock, 0);
	wait_for_waiters(mgr, 0, 40);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);

	for (i = 0; i < 40; i++)
		assert_int_equal(agent_finish(agents[i]), 0);
}

static void waiters_of_one_lock_do_not_hear_of_another(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	agent = agent_that_waits(mgr, 0, 0);
	assert_int_equal(lockmgr_unlock(mgr, 1), 0);

	assert_int_equal(lock_info(mgr, 0).waiters, 1);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
}

/* ------------------------------------------------------------------------
 * Mutual exclusion
 */

#define ROUNDS	500

/* The locks protect this: it is not atomic, and reads and writes of it are separate. */
struct counter {
	volatile uint32_t value;
	volatile uint32_t inside;
};

static struct counter *counter_new(void)
{
	struct counter *counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(counter, MAP_FAILED);

	return counter;
}

static struct counter *shared;

/* Returns a negative errno, or how often another thread was inside at the same time. */
static int count_up(struct lockmgr *mgr, uint32_t id)
{
	int i, ret, intruders = 0;

	for (i = 0; i < ROUNDS; i++) {
		uint32_t value;

		ret = lockmgr_lock(mgr, id);
		if (ret)
			return ret;
		intruders += shared->inside != 0;
		shared->inside = 1;
		value = shared->value;
		if (i % 16 == 0)
			sched_yield();
		shared->value = value + 1;
		shared->inside = 0;
		ret = lockmgr_unlock(mgr, id);
		if (ret)
			return ret;
	}

	return intruders;
}

static long agent_count_up(struct lockmgr **mgr, long id)
{
	return count_up(*mgr, id);
}

static void threads_of_one_handle_exclude_each_other(void **state)
{
	struct lockmgr *mgr = space_open();
	struct worker *workers[8];
	size_t i;

	(void)state;
	shared = counter_new();
	for (i = 0; i < 8; i++)
		workers[i] = worker_start(count_up, mgr, 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(worker_finish(workers[i]), 0);

	assert_int_equal(shared->value, 8 * ROUNDS);
}

static void processes_exclude_each_other(void **state)
{
	struct agent *agents[8];
	size_t i;

	(void)state;
	shared = counter_new();
	for (i = 0; i < 8; i++)
		agents[i] = agent_new();
	for (i = 0; i < 8; i++)
		agent_start(agents[i], agent_count_up, 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(agent_finish(agents[i]), 0);

	assert_int_equal(shared->value, 8 * ROUNDS);
}

static void handles_of_one_process_exclude_each_other(void **state)
{
	struct worker *workers[8];
	size_t i;

	(void)state;
	shared = counter_new();
	for (i = 0; i < 8; i++)
		workers[i] = worker_start(count_up, space_open(), 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(worker_finish(workers[i]), 0);

	assert_int_equal(shared->value, 8 * ROUNDS);
}

/* ------------------------------------------------------------------------
 * Death of a holder, in each of the ways
 */

static long agent_exit(struct lockmgr **mgr, long status)
{
	(void)mgr;
	_exit(status);
}

static long agent_crash(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;
	/* So the test framework does not handle the signal, and the kernel writes no core. */
	signal(SIGSEGV, SIG_DFL);
	prctl(PR_SET_DUMPABLE, 0);

	return raise(SIGSEGV);
}

static void die_by_close(struct agent *agent)
{
	agent_call(agent, agent_close, 0);
}

static void die_by_exit(struct agent *agent)
{
	agent_start(agent, agent_exit, 0);
}

static void die_by_crash(struct agent *agent)
{
	agent_start(agent, agent_crash, 0);
}

static void die_by_sigkill(struct agent *agent)
{
	agent_kill(agent);
}

static void die_by_sigterm(struct agent *agent)
{
	kill(agent_pid(agent), SIGTERM);
}

typedef void (*death_fn)(struct agent *agent);

/* One of the ways to die, as the state of a test. */
struct death {
	death_fn come;
};

static void next_holder_is_told_once(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	death->come(agent);
	wait_for_held(mgr, 0, false);

	assert_int_equal(lockmgr_lock(mgr, 0), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
}

static void trylock_and_timedlock_are_told(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();
	struct timespec deadline = deadline_in(0);

	assert_int_equal(agent_call(agent, agent_lock, 1), 0);
	death->come(agent);
	wait_for_held(mgr, 0, false);
	wait_for_held(mgr, 1, false);

	assert_int_equal(lockmgr_trylock(mgr, 0), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_timedlock(mgr, 1, &deadline), LOCKMGR_OWNER_DIED);
}

static void waiter_is_told_and_the_following_is_not(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_waits(mgr, 0, 0);
	struct agent *second = agent_that_waits(mgr, 0, 1);

	death->come(agent);

	assert_int_equal(agent_finish(first), LOCKMGR_OWNER_DIED);
	assert_int_equal(agent_call(first, agent_unlock, 0), 0);
	assert_int_equal(agent_finish(second), 0);
}

static void timed_waiter_is_told(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();
	struct timespec deadline = deadline_in(HARNESS_PATIENCE_S * 1000);

	death->come(agent);

	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), LOCKMGR_OWNER_DIED);
}

static long agent_lock_upto(struct lockmgr **mgr, long count)
{
	long id;
	int ret = 0;

	for (id = 0; id < count && !ret; id++)
		ret = lockmgr_lock(*mgr, id);

	return ret;
}

static void every_lock_of_the_dead_is_released(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();
	uint32_t id;

	assert_int_equal(agent_call(agent, agent_lock_upto, 600), 0);
	death->come(agent);

	for (id = 0; id < 600; id++)
		assert_int_equal(lockmgr_lock(mgr, id), LOCKMGR_OWNER_DIED);
}

static void waiter_of_each_lock_of_the_dead_is_told(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();
	struct agent *waiters[10];
	uint32_t id;

	assert_int_equal(agent_call(agent, agent_lock_upto, 10), 0);
	for (id = 0; id < 10; id++)
		waiters[id] = agent_that_waits(mgr, id, 0);
	death->come(agent);

	for (id = 0; id < 10; id++)
		assert_int_equal(agent_finish(waiters[id]), LOCKMGR_OWNER_DIED);
}

static void what_the_dead_had_unlocked_is_as_usual(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	assert_int_equal(agent_call(agent, agent_lock, 1), 0);
	assert_int_equal(agent_call(agent, agent_unlock, 0), 0);
	death->come(agent);
	wait_for_held(mgr, 1, false);

	assert_int_equal(lockmgr_lock(mgr, 0), 0);
}

static void locks_of_the_living_stay_held(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_that_holds(0);
	struct agent *survivor = agent_that_holds(1);
	struct lockmgr *mgr = space_open();

	death->come(agent);
	wait_for_held(mgr, 0, false);

	assert_int_equal(lockmgr_trylock(mgr, 1), -EBUSY);
	assert_int_equal(agent_call(survivor, agent_unlock, 1), 0);
}

static void each_death_is_told_anew(void **state)
{
	const struct death *death = *state;
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_holds(0);
	struct agent *heir = agent_that_waits(mgr, 0, 0);

	death->come(agent);
	assert_int_equal(agent_finish(heir), LOCKMGR_OWNER_DIED);
	death->come(heir);
	wait_for_held(mgr, 0, false);

	assert_int_equal(lockmgr_lock(mgr, 0), LOCKMGR_OWNER_DIED);
}

static void allocations_of_the_dead_stay(void **state)
{
	const struct death *death = *state;
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	assert_int_equal(lockmgr_allocate_id(mgr, 0), 0);
	death->come(agent);
	wait_for_held(mgr, 0, false);

	assert_int_equal(lockmgr_retrieve(mgr, 0), 1);
}

/* ------------------------------------------------------------------------
 * Other deaths
 */

static void death_is_told_when_nobody_had_the_space_open(void **state)
{
	struct agent *agent = agent_that_holds(0);

	(void)state;
	agent_kill(agent);

	assert_int_equal(lockmgr_lock(space_open(), 0), LOCKMGR_OWNER_DIED);
}

static void close_of_one_handle_leaves_the_others_of_the_process_alone(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(other, 1), 0);
	space_close(other);

	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), LOCKMGR_OWNER_DIED);
}

static void death_of_the_only_waiter_leaves_no_trace(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *waiter;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	waiter = agent_that_waits(mgr, 0, 0);
	agent_kill(waiter);

	assert_int_equal(lock_info(mgr, 0).waiters, 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
}

static void death_of_any_waiter_leaves_the_others_waiting(void **state)
{
	uint32_t victim;

	(void)state;
	for (victim = 0; victim < 3; victim++) {
		struct lockmgr *mgr = space_open();
		struct agent *waiters[3];
		uint32_t i;

		assert_int_equal(lockmgr_lock(mgr, victim), 0);
		for (i = 0; i < 3; i++)
			waiters[i] = agent_that_waits(mgr, victim, i);
		agent_kill(waiters[victim]);
		assert_int_equal(lock_info(mgr, victim).waiters, 2);
		assert_int_equal(lockmgr_unlock(mgr, victim), 0);

		for (i = 0; i < 3; i++) {
			if (i == victim)
				continue;
			assert_int_equal(agent_finish(waiters[i]), 0);
			assert_int_equal(agent_call(waiters[i], agent_unlock, victim), 0);
		}
	}
}

static void holder_and_first_waiter_die_and_the_second_is_told(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_waits(mgr, 0, 0);
	struct agent *second = agent_that_waits(mgr, 0, 1);

	(void)state;
	kill(agent_pid(first), SIGSTOP);
	kill(agent_pid(agent), SIGKILL);
	kill(agent_pid(first), SIGKILL);

	assert_int_equal(agent_finish(second), LOCKMGR_OWNER_DIED);
}

static void waiter_that_holds_other_locks_dies_and_they_are_released(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_holds(1);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);
	agent_kill(agent);

	assert_int_equal(lockmgr_lock(mgr, 1), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
}

static void chain_of_deaths_tells_each_heir(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *holder = agent_that_holds(0);
	struct agent *waiters[10];
	uint32_t i;

	(void)state;
	for (i = 0; i < 10; i++)
		waiters[i] = agent_that_waits(mgr, 0, i);

	for (i = 0; i < 10; i++) {
		agent_kill(holder);
		holder = waiters[i];
		assert_int_equal(agent_finish(holder), LOCKMGR_OWNER_DIED);
	}
}

/* clang-format off */
#define IN_EACH_WAY(test) \
	BY(test, close), BY(test, exit), BY(test, crash), BY(test, sigkill), BY(test, sigterm)
#define BY(test, way) \
	{ #test "_after_" #way, test, harness_setup, harness_teardown, \
	  &(struct death) { die_by_##way } }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(locks_of_different_ids_are_independent),
		harness_test(every_id_is_a_lock_of_its_own),
		harness_test(unlock_frees_only_the_lock_of_that_id),
		harness_test(last_id_can_be_locked),
		harness_test(id_beyond_the_capacity_returns_einval),
		harness_test(timedlock_of_a_free_lock_acquires_it),
		harness_test(lock_can_be_taken_again_after_unlock),
		harness_test(unlock_by_other_handle_of_the_same_process_returns_eperm),
		harness_test(unlock_by_a_waiting_client_returns_eperm),
		harness_test(unlock_twice_does_not_free_the_next_holders_lock),
		harness_test(other_thread_unlocks_and_lets_a_third_in),
		harness_test(lock_of_a_thread_that_ended_stays_with_the_client),
		harness_test(allocating_a_freed_id_gives_no_right_to_its_lock),
		harness_test(one_unlock_lets_one_waiter_in),
		harness_test(waiters_are_served_in_the_order_of_the_queue),
		harness_test(every_waiter_gets_the_lock),
		harness_test(waiters_of_one_lock_do_not_hear_of_another),
		harness_test(threads_of_one_handle_exclude_each_other),
		harness_test(processes_exclude_each_other),
		harness_test(handles_of_one_process_exclude_each_other),
		IN_EACH_WAY(next_holder_is_told_once),
		IN_EACH_WAY(trylock_and_timedlock_are_told),
		IN_EACH_WAY(waiter_is_told_and_the_following_is_not),
		IN_EACH_WAY(timed_waiter_is_told),
		IN_EACH_WAY(every_lock_of_the_dead_is_released),
		IN_EACH_WAY(waiter_of_each_lock_of_the_dead_is_told),
		IN_EACH_WAY(what_the_dead_had_unlocked_is_as_usual),
		IN_EACH_WAY(locks_of_the_living_stay_held),
		IN_EACH_WAY(each_death_is_told_anew),
		IN_EACH_WAY(allocations_of_the_dead_stay),
		harness_test(death_is_told_when_nobody_had_the_space_open),
		harness_test(close_of_one_handle_leaves_the_others_of_the_process_alone),
		harness_test(death_of_the_only_waiter_leaves_no_trace),
		harness_test(death_of_any_waiter_leaves_the_others_waiting),
		harness_test(holder_and_first_waiter_die_and_the_second_is_told),
		harness_test(waiter_that_holds_other_locks_dies_and_they_are_released),
		harness_test(chain_of_deaths_tells_each_heir),
	};

	return harness_run(tests);
}
