// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Manager contract, row by row: each test has the name of one claim of it.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "harness.h"
#include "worker.h"

static uint32_t allocate(struct lockmgr *mgr)
{
	uint32_t id;

	assert_int_equal(lockmgr_allocate(mgr, &id), 0);

	return id;
}

static uint32_t available(struct lockmgr *mgr)
{
	uint32_t count;

	assert_int_equal(lockmgr_available(mgr, &count), 0);

	return count;
}

static bool is_held(struct lockmgr *mgr, uint32_t id)
{
	return lock_info(mgr, id).flags & LOCKMGR_LOCK_IS_HELD;
}

static struct agent *agent_that_holds(uint32_t id)
{
	struct agent *agent = agent_new();

	assert_int_equal(agent_call(agent, agent_lock, id), 0);

	return agent;
}

/* ------------------------------------------------------------------------
 * Allocate
 */

static void allocate_returns_the_lowest_free_id(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 0), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, 2), 0);

	assert_int_equal(allocate(mgr), 1);
	assert_int_equal(allocate(mgr), 3);
}

static long agent_allocate(struct lockmgr **mgr, long unused)
{
	uint32_t id;
	int ret = lockmgr_allocate(*mgr, &id);

	(void)unused;

	return ret ? ret : (long)id;
}

static void allocated_id_is_unique_among_processes(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(allocate(mgr), 0);

	assert_int_equal(agent_call(agent, agent_allocate, 0), 1);
}

static void allocated_id_is_unique_after_its_allocator_died(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(agent, agent_allocate, 0), 0);
	agent_kill(agent);

	assert_int_equal(allocate(mgr), 1);
}

static void allocate_with_all_ids_taken_returns_enospc(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 2);
	uint32_t id;

	(void)state;
	allocate(mgr);
	allocate(mgr);

	assert_int_equal(lockmgr_allocate(mgr, &id), -ENOSPC);
}

/* ------------------------------------------------------------------------
 * Allocate a given id
 */

static void allocate_id_marks_that_id_allocated(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 5), 0);

	assert_int_equal(lockmgr_retrieve(mgr, 5), 1);
	assert_int_equal(lockmgr_retrieve(mgr, 4), 0);
}

static void allocate_id_that_is_allocated_returns_eexist(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 5), 0);

	assert_int_equal(lockmgr_allocate_id(mgr, 5), -EEXIST);
}

static void allocate_id_at_capacity_returns_einval(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 10);

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 9), 0);

	assert_int_equal(lockmgr_allocate_id(mgr, 10), -EINVAL);
}

/* ------------------------------------------------------------------------
 * Retrieve
 */

static void retrieve_at_capacity_returns_einval(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 10);

	(void)state;
	assert_int_equal(lockmgr_retrieve(mgr, 9), 0);

	assert_int_equal(lockmgr_retrieve(mgr, 10), -EINVAL);
}

static void retrieve_says_whether_the_id_is_allocated(void **state)
{
	struct lockmgr *mgr = space_open();
	uint32_t id = allocate(mgr);

	(void)state;
	assert_int_equal(lockmgr_retrieve(mgr, id), 1);
	assert_int_equal(lockmgr_retrieve(mgr, id + 1), 0);
}

static void same_id_is_the_same_lock_in_every_process(void **state)
{
	struct agent *agent = agent_new();
	struct agent *other = agent_new();

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 7), 0);

	assert_int_equal(agent_call(other, agent_trylock, 7), -EBUSY);
	assert_int_equal(agent_call(other, agent_trylock, 8), 0);
}

/* ------------------------------------------------------------------------
 * Free
 */

static void freed_id_is_handed_out_again(void **state)
{
	struct lockmgr *mgr = space_open();
	uint32_t id = allocate(mgr);

	(void)state;
	allocate(mgr);
	assert_int_equal(lockmgr_free(mgr, id), 0);

	assert_int_equal(allocate(mgr), id);
}

static void free_of_an_unallocated_id_returns_enoent(void **state)
{
	struct lockmgr *mgr = space_open();
	uint32_t id = allocate(mgr);

	(void)state;
	assert_int_equal(lockmgr_free(mgr, id + 1), -ENOENT);
	assert_int_equal(lockmgr_free(mgr, id), 0);
	assert_int_equal(lockmgr_free(mgr, id), -ENOENT);
}

static void free_leaves_the_lock_usable_in_every_process(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();
	uint32_t id = allocate(mgr);

	(void)state;
	assert_int_equal(lockmgr_free(mgr, id), 0);

	assert_int_equal(agent_call(agent, agent_lock, id), 0);
	assert_int_equal(lockmgr_trylock(mgr, id), -EBUSY);
	assert_int_equal(agent_call(agent, agent_unlock, id), 0);
	assert_int_equal(lockmgr_trylock(mgr, id), 0);
}

static void free_leaves_a_held_lock_held(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();
	uint32_t id = allocate(mgr);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, id), 0);
	assert_int_equal(lockmgr_free(mgr, id), 0);

	assert_int_equal(agent_call(agent, agent_trylock, id), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, id), 0);
	assert_int_equal(agent_call(agent, agent_trylock, id), 0);
}

static void free_leaves_a_waiter_waiting(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();
	uint32_t id = allocate(mgr);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, id), 0);
	agent_start(agent, agent_lock, id);
	wait_for_waiters(mgr, id, 1);
	assert_int_equal(lockmgr_free(mgr, id), 0);

	assert_int_equal(lock_info(mgr, id).waiters, 1);
	assert_int_equal(lockmgr_unlock(mgr, id), 0);
	assert_int_equal(agent_finish(agent), 0);
}

/* ------------------------------------------------------------------------
 * Free all
 */

static void free_all_forgets_every_allocation(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 100000);

	(void)state;
	allocate(mgr);
	assert_int_equal(lockmgr_allocate_id(mgr, 99999), 0);
	assert_int_equal(lockmgr_free_all(mgr), 0);

	assert_int_equal(available(mgr), 100000);
	assert_int_equal(lockmgr_retrieve(mgr, 0), 0);
	assert_int_equal(lockmgr_retrieve(mgr, 99999), 0);
}

static void free_all_lets_ids_be_set_up_in_another_order(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	allocate(mgr);
	allocate(mgr);
	assert_int_equal(lockmgr_free_all(mgr), 0);

	assert_int_equal(lockmgr_allocate_id(mgr, 1), 0);
	assert_int_equal(allocate(mgr), 0);
	assert_int_equal(allocate(mgr), 2);
}

static void free_all_leaves_held_locks_held(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_holds(3);

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 3), 0);
	assert_int_equal(lockmgr_free_all(mgr), 0);

	assert_int_equal(lockmgr_trylock(mgr, 3), -EBUSY);
	assert_int_equal(agent_call(agent, agent_unlock, 3), 0);
}

/* ------------------------------------------------------------------------
 * Available
 */

static void available_is_capacity_minus_allocated(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 100);

	(void)state;
	assert_int_equal(available(mgr), 100);
	allocate(mgr);
	assert_int_equal(lockmgr_allocate_id(mgr, 50), 0);

	assert_int_equal(available(mgr), 98);
}

static void available_does_not_count_locks_that_are_only_held(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 100);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(available(mgr), 100);
}

/* ------------------------------------------------------------------------
 * Held
 */

static void held_lists_the_locks_of_all_clients(void **state)
{
	struct lockmgr *mgr = space_open();
	uint32_t ids[3];
	size_t count;

	(void)state;
	agent_that_holds(9);
	assert_int_equal(lockmgr_lock(mgr, 4), 0);
	allocate(mgr);

	assert_int_equal(lockmgr_held(mgr, ids, 3, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(ids[0], 4);
	assert_int_equal(ids[1], 9);
}

static void held_omits_what_was_unlocked(void **state)
{
	struct lockmgr *mgr = space_open();
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 4), 0);
	assert_int_equal(lockmgr_unlock(mgr, 4), 0);

	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), 0);
	assert_int_equal(count, 0);
}

/* ------------------------------------------------------------------------
 * Lock
 */

static void lock_blocks_until_acquired(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_false(agent_is_done(agent));
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);
}

static void lock_works_on_ids_that_are_not_allocated(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 11), 0);

	assert_int_equal(lockmgr_retrieve(mgr, 11), 0);
	assert_int_equal(agent_call(agent, agent_trylock, 11), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, 11), 0);
}

static void do_nothing(int signal)
{
	(void)signal;
}

static long agent_handle_sigusr1(struct lockmgr **mgr, long unused)
{
	const struct sigaction action = { .sa_handler = do_nothing };

	(void)mgr;
	(void)unused;

	return sigaction(SIGUSR1, &action, NULL);
}

static void signals_never_make_lock_fail(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();
	int i;

	(void)state;
	assert_int_equal(agent_call(agent, agent_handle_sigusr1, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, agent_lock, 0);

	for (i = 0; i < 10; i++) {
		wait_for_waiters(mgr, 0, 1);
		kill(agent_pid(agent), SIGUSR1);
	}
	wait_for_waiters(mgr, 0, 1);
	assert_false(agent_is_done(agent));
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
}

static void trylock_of_a_held_lock_returns_ebusy(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	agent_that_holds(0);

	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);
}

static void trylock_of_a_free_lock_acquires_it(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_trylock(mgr, 0), 0);

	assert_true(is_held(mgr, 0));
}

static void timedlock_of_a_held_lock_returns_etimedout(void **state)
{
	struct lockmgr *mgr = space_open();
	struct timespec deadline = deadline_in(20);

	(void)state;
	agent_that_holds(0);

	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), -ETIMEDOUT);
}

static void timedlock_deadline_is_absolute_monotonic_time(void **state)
{
	struct lockmgr *mgr = space_open();
	uint64_t end = now_ns() + 200000000;
	struct timespec deadline = { end / 1000000000, end % 1000000000 };

	(void)state;
	agent_that_holds(0);

	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), -ETIMEDOUT);
	assert_in_range(now_ns(), end, end + 60000000000);
}

static void timedlock_acquires_a_lock_that_is_let_go_in_time(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();
	struct timespec deadline = deadline_in(HARNESS_PATIENCE_S * 1000);

	(void)state;
	agent_start(agent, agent_unlock, 0);

	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), 0);
	assert_int_equal(agent_finish(agent), 0);
}

/* ------------------------------------------------------------------------
 * Unlock
 */

static void unlock_by_the_holder_frees_the_lock(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);

	assert_int_equal(agent_call(agent, agent_trylock, 0), 0);
}

static void unlock_of_an_unlocked_lock_returns_eperm(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_unlock(mgr, 0), -EPERM);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), -EPERM);
}

static void unlock_by_other_client_returns_eperm(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	agent_that_holds(0);

	assert_int_equal(lockmgr_unlock(mgr, 0), -EPERM);
	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);
}

/* ------------------------------------------------------------------------
 * Close
 */

static void close_releases_every_lock_of_the_client(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();
	size_t count;

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 1000), 0);
	assert_int_equal(agent_call(agent, agent_lock, 1048575), 0);
	agent_call(agent, agent_close, 0);

	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), 0);
	assert_int_equal(count, 0);
}

static void close_leaves_locks_of_other_clients_held(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	(void)state;
	agent_that_holds(1);
	agent_call(agent, agent_close, 0);

	assert_int_equal(lockmgr_trylock(mgr, 1), -EBUSY);
}

static void close_tells_each_next_holder(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 1), 0);
	agent_call(agent, agent_close, 0);

	assert_int_equal(lockmgr_lock(mgr, 0), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_lock(mgr, 1), LOCKMGR_OWNER_DIED);
}

static void close_tells_the_next_holder_once(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	(void)state;
	agent_call(agent, agent_close, 0);
	assert_int_equal(lockmgr_lock(mgr, 0), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);

	assert_int_equal(lockmgr_lock(mgr, 0), 0);
}

static void close_after_unlock_tells_nobody(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(agent, agent_unlock, 0), 0);
	agent_call(agent, agent_close, 0);

	assert_int_equal(lockmgr_lock(mgr, 0), 0);
}

static void sigkill_releases_the_locks_and_tells_the_next_holder(void **state)
{
	struct agent *agent = agent_that_holds(0);
	struct lockmgr *mgr = space_open();

	(void)state;
	agent_kill(agent);

	assert_int_equal(lockmgr_trylock(mgr, 0), LOCKMGR_OWNER_DIED);
}

/* ------------------------------------------------------------------------
 * A plain mutex
 */

static void second_lock_by_the_same_thread_waits(void **state)
{
	struct lockmgr *mgr = space_open();
	struct timespec deadline = deadline_in(20);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);
	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), -ETIMEDOUT);
}

static void other_thread_of_the_same_client_waits(void **state)
{
	struct lockmgr *mgr = space_open();
	struct worker *worker;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	worker = worker_start(lockmgr_lock, mgr, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(worker_finish(worker), 0);
	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);
}

static void other_thread_of_the_same_client_may_unlock(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(worker_call(lockmgr_unlock, mgr, 0), 0);
	assert_false(is_held(mgr, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(allocate_returns_the_lowest_free_id),
		harness_test(allocated_id_is_unique_among_processes),
		harness_test(allocated_id_is_unique_after_its_allocator_died),
		harness_test(allocate_with_all_ids_taken_returns_enospc),
		harness_test(allocate_id_marks_that_id_allocated),
		harness_test(allocate_id_that_is_allocated_returns_eexist),
		harness_test(allocate_id_at_capacity_returns_einval),
		harness_test(retrieve_at_capacity_returns_einval),
		harness_test(retrieve_says_whether_the_id_is_allocated),
		harness_test(same_id_is_the_same_lock_in_every_process),
		harness_test(freed_id_is_handed_out_again),
		harness_test(free_of_an_unallocated_id_returns_enoent),
		harness_test(free_leaves_the_lock_usable_in_every_process),
		harness_test(free_leaves_a_held_lock_held),
		harness_test(free_leaves_a_waiter_waiting),
		harness_test(free_all_forgets_every_allocation),
		harness_test(free_all_lets_ids_be_set_up_in_another_order),
		harness_test(free_all_leaves_held_locks_held),
		harness_test(available_is_capacity_minus_allocated),
		harness_test(available_does_not_count_locks_that_are_only_held),
		harness_test(held_lists_the_locks_of_all_clients),
		harness_test(held_omits_what_was_unlocked),
		harness_test(lock_blocks_until_acquired),
		harness_test(lock_works_on_ids_that_are_not_allocated),
		harness_test(signals_never_make_lock_fail),
		harness_test(trylock_of_a_held_lock_returns_ebusy),
		harness_test(trylock_of_a_free_lock_acquires_it),
		harness_test(timedlock_of_a_held_lock_returns_etimedout),
		harness_test(timedlock_deadline_is_absolute_monotonic_time),
		harness_test(timedlock_acquires_a_lock_that_is_let_go_in_time),
		harness_test(unlock_by_the_holder_frees_the_lock),
		harness_test(unlock_of_an_unlocked_lock_returns_eperm),
		harness_test(unlock_by_other_client_returns_eperm),
		harness_test(close_releases_every_lock_of_the_client),
		harness_test(close_leaves_locks_of_other_clients_held),
		harness_test(close_tells_each_next_holder),
		harness_test(close_tells_the_next_holder_once),
		harness_test(close_after_unlock_tells_nobody),
		harness_test(sigkill_releases_the_locks_and_tells_the_next_holder),
		harness_test(second_lock_by_the_same_thread_waits),
		harness_test(other_thread_of_the_same_client_waits),
		harness_test(other_thread_of_the_same_client_may_unlock),
	};

	return harness_run(tests);
}
