// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocating ids, by one process and by many, and changing how many there are.
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "harness.h"

#define CAPACITY_MAX	1048576

/* How many ids one leaf of the module's bitmap holds: order might break at its bounds. */
#define LEAF		1024

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

static uint32_t capacity(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);

	return info.capacity;
}

static struct lockmgr *open_with_capacity(uint32_t count)
{
	return space_open_with(LOCKMGR_OPEN_CREATE, count);
}

static void allocate_upto(struct lockmgr *mgr, uint32_t count)
{
	uint32_t id;

	for (id = 0; id < count; id++)
		assert_int_equal(allocate(mgr), id);
}

/* ------------------------------------------------------------------------
 * One process
 */

static void allocate_counts_up_from_0(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	allocate_upto(mgr, 5000);
}

static void allocate_fills_gaps_in_ascending_order(void **state)
{
	struct lockmgr *mgr = space_open();
	const uint32_t gaps[] = { 0, 1, 63, 64, 100, 127, 128, 999 };
	const size_t count = sizeof(gaps) / sizeof(*gaps);
	size_t i;

	(void)state;
	allocate_upto(mgr, 1000);
	for (i = count; i--;)
		assert_int_equal(lockmgr_free(mgr, gaps[i]), 0);

	for (i = 0; i < count; i++)
		assert_int_equal(allocate(mgr), gaps[i]);
	assert_int_equal(allocate(mgr), 1000);
}

static void allocate_prefers_the_lowest_id_to_the_last_freed(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	allocate_upto(mgr, 10);
	assert_int_equal(lockmgr_free(mgr, 3), 0);
	assert_int_equal(lockmgr_free(mgr, 7), 0);

	assert_int_equal(allocate(mgr), 3);
}

static void allocate_passes_over_ids_allocated_by_number(void **state)
{
	struct lockmgr *mgr = space_open();
	uint32_t id;

	(void)state;
	for (id = 0; id < 200; id += 2)
		assert_int_equal(lockmgr_allocate_id(mgr, id), 0);

	for (id = 1; id < 200; id += 2)
		assert_int_equal(allocate(mgr), id);
}

static void allocate_goes_on_behind_a_full_leaf(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	allocate_upto(mgr, LEAF);

	assert_int_equal(allocate(mgr), LEAF);
	assert_int_equal(lockmgr_free(mgr, 77), 0);
	assert_int_equal(allocate(mgr), 77);
	assert_int_equal(allocate(mgr), LEAF + 1);
}

static void allocate_id_works_at_both_ends(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 0), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, CAPACITY_MAX - 1), 0);

	assert_int_equal(lockmgr_retrieve(mgr, 0), 1);
	assert_int_equal(lockmgr_retrieve(mgr, CAPACITY_MAX - 1), 1);
	assert_int_equal(available(mgr), CAPACITY_MAX - 2);
}

static void ids_out_of_range_return_einval(void **state)
{
	struct lockmgr *mgr = open_with_capacity(100);
	const uint32_t ids[] = { 100, 101, LEAF, CAPACITY_MAX, 1U << 31, UINT32_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		assert_int_equal(lockmgr_allocate_id(mgr, ids[i]), -EINVAL);
		assert_int_equal(lockmgr_retrieve(mgr, ids[i]), -EINVAL);
		assert_int_equal(lockmgr_free(mgr, ids[i]), -EINVAL);
	}
}

static void freed_id_is_not_allocated_any_more(void **state)
{
	struct lockmgr *mgr = open_with_capacity(100);

	(void)state;
	allocate_upto(mgr, 3);
	assert_int_equal(lockmgr_free(mgr, 1), 0);

	assert_int_equal(lockmgr_retrieve(mgr, 1), 0);
	assert_int_equal(available(mgr), 98);
	assert_int_equal(lockmgr_free(mgr, 1), -ENOENT);
}

static void other_process_can_free(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open();

	(void)state;
	allocate_upto(mgr, 3);

	assert_int_equal(lockmgr_free(other, 1), 0);
	assert_int_equal(allocate(mgr), 1);
}

static void enospc_ends_when_an_id_is_freed(void **state)
{
	struct lockmgr *mgr = open_with_capacity(100);
	uint32_t id = 4711;

	(void)state;
	allocate_upto(mgr, 100);
	assert_int_equal(available(mgr), 0);
	assert_int_equal(lockmgr_allocate(mgr, &id), -ENOSPC);
	assert_int_equal(id, 4711);
	assert_int_equal(lockmgr_free(mgr, 42), 0);

	assert_int_equal(allocate(mgr), 42);
	assert_int_equal(lockmgr_allocate(mgr, &id), -ENOSPC);
}

static void locking_does_not_allocate(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(lockmgr_is_allocated(mgr, 0), 0);
	assert_int_equal(lockmgr_retrieve(mgr, 0), 0);
	assert_int_equal(allocate(mgr), 0);
}

static void allocate_id_that_exists_leaves_it_allocated(void **state)
{
	struct lockmgr *mgr = open_with_capacity(100);

	(void)state;
	allocate_upto(mgr, 1);
	assert_int_equal(lockmgr_allocate_id(mgr, 0), -EEXIST);

	assert_int_equal(lockmgr_is_allocated(mgr, 0), 1);
	assert_int_equal(lockmgr_retrieve(mgr, 0), 1);
	assert_int_equal(available(mgr), 99);
}

static void free_all_starts_over_from_0(void **state)
{
	struct lockmgr *mgr = open_with_capacity(3 * LEAF);

	(void)state;
	allocate_upto(mgr, LEAF + 10);
	assert_int_equal(lockmgr_free_all(mgr), 0);

	assert_int_equal(available(mgr), 3 * LEAF);
	assert_int_equal(allocate(mgr), 0);
	assert_int_equal(lockmgr_retrieve(mgr, LEAF), 0);
}

static void free_all_of_nothing_succeeds(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_free_all(mgr), 0);
	assert_int_equal(lockmgr_free_all(mgr), 0);
	assert_int_equal(available(mgr), CAPACITY_MAX);
}

static void allocations_outlive_all_handles(void **state)
{
	struct lockmgr *mgr = open_with_capacity(100);

	(void)state;
	allocate_upto(mgr, 10);
	space_close(mgr);

	mgr = space_open();
	assert_int_equal(available(mgr), 90);
	assert_int_equal(allocate(mgr), 10);
}

/* ------------------------------------------------------------------------
 * Many processes
 */

#define CROWD		16
#define SHARE		150
#define CROWD_IDS	(CROWD * SHARE)

/* For each id, how many processes believe that it is theirs. */
static _Atomic int *owners;

static _Atomic int *owners_new(void)
{
	void *page = mmap(NULL, CROWD_IDS * sizeof(*owners), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);

	return page;
}

static long agent_allocate_share(struct lockmgr **mgr, long unused)
{
	uint32_t id;
	int i, ret;

	(void)unused;
	for (i = 0; i < SHARE; i++) {
		ret = lockmgr_allocate(*mgr, &id);
		if (ret)
			return ret;
		if (id >= CROWD_IDS)
			return -ERANGE;
		owners[id]++;
	}

	return 0;
}

static void processes_that_allocate_at_once_share_all_ids_out(void **state)
{
	struct lockmgr *mgr = open_with_capacity(CROWD_IDS);
	struct agent *agents[CROWD];
	uint32_t id;
	int i;

	(void)state;
	owners = owners_new();
	for (i = 0; i < CROWD; i++)
		agents[i] = agent_new();
	for (i = 0; i < CROWD; i++)
		agent_start(agents[i], agent_allocate_share, 0);
	for (i = 0; i < CROWD; i++)
		assert_int_equal(agent_finish(agents[i]), 0);

	for (id = 0; id < CROWD_IDS; id++)
		assert_int_equal(owners[id], 1);
	assert_int_equal(lockmgr_allocate(mgr, &id), -ENOSPC);
}

/* Returns a negative errno, or how often an id that it got had another owner already. */
static long agent_allocate_and_free(struct lockmgr **mgr, long rounds)
{
	uint32_t ids[8];
	long round, doubles = 0;
	int i, ret;

	for (round = 0; round < rounds; round++) {
		for (i = 0; i < 8; i++) {
			ret = lockmgr_allocate(*mgr, &ids[i]);
			if (ret)
				return ret;
			doubles += owners[ids[i]]++ != 0;
		}
		for (i = 0; i < 8; i++) {
			owners[ids[i]]--;
			ret = lockmgr_free(*mgr, ids[i]);
			if (ret)
				return ret;
		}
	}

	return doubles;
}

static void processes_that_allocate_and_free_never_share_an_id(void **state)
{
	struct lockmgr *mgr = open_with_capacity(CROWD * 8);
	struct agent *agents[CROWD];
	int i;

	(void)state;
	owners = owners_new();
	for (i = 0; i < CROWD; i++)
		agents[i] = agent_new();
	for (i = 0; i < CROWD; i++)
		agent_start(agents[i], agent_allocate_and_free, 40);
	for (i = 0; i < CROWD; i++)
		assert_int_equal(agent_finish(agents[i]), 0);

	assert_int_equal(available(mgr), CROWD * 8);
}

/* Try to allocate each id; returns how many this process got. */
static long agent_allocate_each_id(struct lockmgr **mgr, long count)
{
	long id, got = 0;

	for (id = 0; id < count; id++) {
		int ret = lockmgr_allocate_id(*mgr, id);

		if (ret && ret != -EEXIST)
			return ret;
		got += !ret;
	}

	return got;
}

static void id_that_several_want_goes_to_one(void **state)
{
	struct lockmgr *mgr = open_with_capacity(500);
	struct agent *agents[4];
	long got = 0;
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		agents[i] = agent_new();
	for (i = 0; i < 4; i++)
		agent_start(agents[i], agent_allocate_each_id, 500);
	for (i = 0; i < 4; i++)
		got += agent_finish(agents[i]);

	assert_int_equal(got, 500);
	assert_int_equal(available(mgr), 0);
}

/* ------------------------------------------------------------------------
 * Capacity
 */

static void capacity_up_adds_ids(void **state)
{
	struct lockmgr *mgr = open_with_capacity(10);

	(void)state;
	allocate_upto(mgr, 10);
	assert_int_equal(lockmgr_set_capacity(mgr, 12), 0);

	assert_int_equal(allocate(mgr), 10);
	assert_int_equal(allocate(mgr), 11);
	assert_int_equal(lockmgr_lock(mgr, 11), 0);
}

static void capacity_up_is_seen_by_all_clients(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_set_capacity(mgr, 5), 0);
	assert_int_equal(agent_call(agent, agent_trylock, 5), -EINVAL);
	assert_int_equal(lockmgr_set_capacity(mgr, 6), 0);

	assert_int_equal(agent_call(agent, agent_trylock, 5), 0);
}

static void capacity_down_takes_ids_away(void **state)
{
	struct lockmgr *mgr = open_with_capacity(100);
	uint32_t id;

	(void)state;
	allocate_upto(mgr, 10);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);

	assert_int_equal(capacity(mgr), 10);
	assert_int_equal(available(mgr), 0);
	assert_int_equal(lockmgr_allocate(mgr, &id), -ENOSPC);
	assert_int_equal(lockmgr_retrieve(mgr, 10), -EINVAL);
	assert_int_equal(lockmgr_lock(mgr, 10), -EINVAL);
}

static void capacity_down_below_an_allocated_id_returns_ebusy(void **state)
{
	struct lockmgr *mgr = open_with_capacity(100);

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 50), 0);

	assert_int_equal(lockmgr_set_capacity(mgr, 50), -EBUSY);
	assert_int_equal(lockmgr_set_capacity(mgr, 1), -EBUSY);
	assert_int_equal(capacity(mgr), 100);
	assert_int_equal(lockmgr_set_capacity(mgr, 51), 0);
}

static void capacity_down_succeeds_once_the_id_is_freed(void **state)
{
	struct lockmgr *mgr = open_with_capacity(100);

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 99), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), -EBUSY);
	assert_int_equal(lockmgr_free(mgr, 99), 0);

	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);
	assert_int_equal(available(mgr), 10);
}

static void capacity_0_is_the_most_allowed(void **state)
{
	struct lockmgr *mgr = open_with_capacity(10);

	(void)state;
	assert_int_equal(lockmgr_set_capacity(mgr, 0), 0);

	assert_int_equal(capacity(mgr), CAPACITY_MAX);
}

static void capacity_beyond_the_most_allowed_returns_einval(void **state)
{
	struct lockmgr *mgr = open_with_capacity(10);

	(void)state;
	assert_int_equal(lockmgr_set_capacity(mgr, CAPACITY_MAX + 1), -EINVAL);
	assert_int_equal(lockmgr_set_capacity(mgr, UINT32_MAX), -EINVAL);
	assert_int_equal(capacity(mgr), 10);
	assert_int_equal(lockmgr_set_capacity(mgr, CAPACITY_MAX), 0);
}

static void capacity_down_leaves_a_held_lock_held_until_unlocked(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = open_with_capacity(0);

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 50), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);

	assert_true(lock_info(mgr, 50).flags & LOCKMGR_LOCK_IS_HELD);
	assert_int_equal(lockmgr_trylock(mgr, 50), -EINVAL);
	assert_int_equal(agent_call(agent, agent_unlock, 50), 0);
	assert_int_equal(agent_call(agent, agent_lock, 50), -EINVAL);
}

static void capacity_down_leaves_waiters_in_the_queue(void **state)
{
	struct agent *agent = agent_new();
	struct agent *next = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 50), 0);
	agent_start(agent, agent_lock, 50);
	wait_for_waiters(mgr, 50, 1);
	agent_start(next, agent_lock, 50);
	wait_for_waiters(mgr, 50, 2);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);

	assert_int_equal(lockmgr_unlock(mgr, 50), 0);
	assert_int_equal(agent_finish(agent), 0);
	assert_int_equal(agent_call(agent, agent_unlock, 50), 0);
	assert_int_equal(agent_finish(next), 0);
	assert_int_equal(agent_call(next, agent_unlock, 50), 0);
}

static void capacity_down_still_tells_of_a_death_beyond(void **state)
{
	struct agent *agent = agent_new();
	struct agent *waiter = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 50), 0);
	agent_start(waiter, agent_lock, 50);
	wait_for_waiters(mgr, 50, 1);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);
	agent_kill(agent);

	assert_int_equal(agent_finish(waiter), LOCKMGR_OWNER_DIED);
}

static void capacity_up_again_brings_a_held_lock_back(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 50), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, 100), 0);

	assert_int_equal(lockmgr_trylock(mgr, 50), -EBUSY);
	assert_int_equal(agent_call(agent, agent_unlock, 50), 0);
	assert_int_equal(lockmgr_trylock(mgr, 50), 0);
}

static void capacity_1_has_one_id(void **state)
{
	struct lockmgr *mgr = open_with_capacity(1);
	uint32_t id;

	(void)state;
	assert_int_equal(allocate(mgr), 0);
	assert_int_equal(lockmgr_allocate(mgr, &id), -ENOSPC);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(allocate_counts_up_from_0),
		harness_test(allocate_fills_gaps_in_ascending_order),
		harness_test(allocate_prefers_the_lowest_id_to_the_last_freed),
		harness_test(allocate_passes_over_ids_allocated_by_number),
		harness_test(allocate_goes_on_behind_a_full_leaf),
		harness_test(allocate_id_works_at_both_ends),
		harness_test(ids_out_of_range_return_einval),
		harness_test(freed_id_is_not_allocated_any_more),
		harness_test(other_process_can_free),
		harness_test(enospc_ends_when_an_id_is_freed),
		harness_test(locking_does_not_allocate),
		harness_test(allocate_id_that_exists_leaves_it_allocated),
		harness_test(free_all_starts_over_from_0),
		harness_test(free_all_of_nothing_succeeds),
		harness_test(allocations_outlive_all_handles),
		harness_test(processes_that_allocate_at_once_share_all_ids_out),
		harness_test(processes_that_allocate_and_free_never_share_an_id),
		harness_test(id_that_several_want_goes_to_one),
		harness_test(capacity_up_adds_ids),
		harness_test(capacity_up_is_seen_by_all_clients),
		harness_test(capacity_down_takes_ids_away),
		harness_test(capacity_down_below_an_allocated_id_returns_ebusy),
		harness_test(capacity_down_succeeds_once_the_id_is_freed),
		harness_test(capacity_0_is_the_most_allowed),
		harness_test(capacity_beyond_the_most_allowed_returns_einval),
		harness_test(capacity_down_leaves_a_held_lock_held_until_unlocked),
		harness_test(capacity_down_leaves_waiters_in_the_queue),
		harness_test(capacity_down_still_tells_of_a_death_beyond),
		harness_test(capacity_up_again_brings_a_held_lock_back),
		harness_test(capacity_1_has_one_id),
	};

	return harness_run(tests);
}
