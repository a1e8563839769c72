// SPDX-License-Identifier: GPL-2.0-only
/* lockctl: threads that wait for each other, found in a snapshot. */
#include <string.h>

#include "harness.h"

#include "cycle.h"

#define LOCKS	8

static struct lockmgr_waiter_info waiters[LOCKS][2];
static struct lock locks[LOCKS];
static struct snapshot snapshot;

/* Lock @id is held by a thread, and by the module's word in a cycle or not. */
static void add_lock(pid_t holder, bool deadlocked)
{
	struct lock *lock = &locks[snapshot.lock_count];

	*lock = (struct lock) {
		.info = {
			.id = snapshot.lock_count,
			.tid = holder,
			.flags = LOCKMGR_LOCK_IS_HELD |
				 (deadlocked ? LOCKMGR_LOCK_IS_DEADLOCKED : 0),
		},
		.waiters = waiters[snapshot.lock_count],
	};
	snapshot.lock_count++;
}

static void add_waiter(uint32_t id, pid_t thread)
{
	struct lock *lock = &locks[id];

	lock->waiters[lock->waiter_count++].tid = thread;
}

static int empty_snapshot(void **state)
{
	(void)state;
	snapshot = (struct snapshot) { .locks = locks };
	memset(waiters, 0, sizeof(waiters));
	return 0;
}

#define cycle_test(function) \
	cmocka_unit_test_setup(function, empty_snapshot)

static void a_chain_is_no_cycle(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, false);
	add_lock(11, false);
	add_waiter(0, 11);
	add_waiter(1, 12);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	assert_int_equal(cycles.unexplained, 0);
	cycles_free(&cycles);
}

static void a_cycle_is_found_in_its_order(void **state)
{
	struct cycles cycles;
	struct step *steps;
	size_t i;

	(void)state;
	/* 99 waits too, but nobody waits for it; it also holds lock 3. */
	add_lock(10, true);
	add_lock(11, true);
	add_lock(12, true);
	add_lock(99, false);
	add_waiter(0, 99);
	add_waiter(1, 10);
	add_waiter(2, 11);
	add_waiter(0, 12);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 1);
	assert_int_equal(cycles.cycles[0].count, 3);
	assert_int_equal(cycles.unexplained, 0);
	steps = cycles.cycles[0].steps;
	for (i = 0; i < 3; i++) {
		assert_int_equal(steps[i].holds->info.tid, steps[i].waiter->tid);
		assert_ptr_equal(steps[i].waits_for, steps[(i + 1) % 3].holds);
	}
	cycles_free(&cycles);
}

static void two_cycles_are_two(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, true);
	add_lock(11, true);
	add_waiter(0, 11);
	add_waiter(1, 10);
	add_lock(20, true);
	add_waiter(2, 20);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 2);
	assert_int_equal(cycles.cycles[0].count, 2);
	assert_int_equal(cycles.cycles[1].count, 1);
	cycles_free(&cycles);
}

/* It was put together of moments at which there was none. */
static void a_cycle_that_the_module_does_not_know_is_none(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, true);
	add_lock(11, false);
	add_waiter(0, 11);
	add_waiter(1, 10);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	assert_int_equal(cycles.unexplained, 1);
	cycles_free(&cycles);
}

static void a_cycle_through_what_is_hidden_is_unexplained(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, true);
	add_waiter(0, 0);
	add_lock(0, true);
	add_waiter(1, 10);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	assert_int_equal(cycles.unexplained, 2);
	cycles_free(&cycles);
}

static void an_empty_snapshot_has_no_cycles(void **state)
{
	struct cycles cycles;

	(void)state;
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	cycles_free(&cycles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cycle_test(a_chain_is_no_cycle),
		cycle_test(a_cycle_is_found_in_its_order),
		cycle_test(two_cycles_are_two),
		cycle_test(a_cycle_that_the_module_does_not_know_is_none),
		cycle_test(a_cycle_through_what_is_hidden_is_unexplained),
		cycle_test(an_empty_snapshot_has_no_cycles),
	};

	return harness_run(tests);
}
