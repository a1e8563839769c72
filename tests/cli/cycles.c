// SPDX-License-Identifier: GPL-2.0-only
/* lockctl: threads that wait for each other, found in a snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness.h"

#include "cycle.h"
#include "proc.h"

#define LOCKS	8

#define DIRECTORY	"/tmp/lockctl-cycles-XXXXXX"

static struct lockmgr_waiter_info waiters[LOCKS][2];
static struct lock locks[LOCKS];
static struct snapshot snapshot;

/* Add a lock, held by a thread; @deadlocked: whether the module says that it is in a deadlock. */
static void add_lock(pid_t holder, bool deadlocked)
{
	struct lock *lock = &locks[snapshot.lock_count];

	*lock = (struct lock) {
		.info = {
			.id = snapshot.lock_count,
			.pid = holder,
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

	lock->waiters[lock->waiter_count].pid = thread;
	lock->waiters[lock->waiter_count++].tid = thread;
}

static int empty_snapshot(void **state)
{
	(void)state;
	snapshot = (struct snapshot) { .locks = locks };
	memset(waiters, 0, sizeof(waiters));
	return 0;
}

/* In the place of /proc: has files only of the processes that the test makes. */
static char directory[sizeof(DIRECTORY)];

static int empty_system(void **state)
{
	strcpy(directory, DIRECTORY);
	if (!mkdtemp(directory))
		return -1;
	proc_directory = directory;
	return empty_snapshot(state);
}

static int remove_system(void **state)
{
	char command[256];

	(void)state;
	proc_directory = "/proc";
	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	return system(command);
}

static void make_process_in_session(pid_t pid, pid_t parent, char state, pid_t session)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%d", directory, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%d/task", directory, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%d/task/%d", directory, pid, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%d/task/%d/stat", directory, pid, pid);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%d (name) %c %d 1 %d 0\n", pid, state, parent, session);
	assert_int_equal(fclose(file), 0);
}

/* Make a process in the session that all processes made so share. */
static void make_process(pid_t pid, pid_t parent, char state)
{
	make_process_in_session(pid, parent, state, 7);
}

#define cycle_test(function) \
	cmocka_unit_test_setup(function, empty_snapshot)

static void a_chain_makes_no_cycle(void **state)
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
	/* Thread 99 waits, too, and holds lock 3, but nobody waits for that. */
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

static void two_cycles_are_both_found(void **state)
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

/* Parts of a snapshot are from different moments, at none of which there was this cycle. */
static void a_cycle_that_the_module_does_not_confirm_is_unexplained(void **state)
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

static void a_cycle_through_hidden_threads_is_unexplained(void **state)
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

/* ------------------------------------------------------------------------
 * Holders that may wait for their descendants
 */

static void assert_no_cycles(void)
{
	struct cycles cycles;

	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	cycles_free(&cycles);
}

/* A step of a holder that waits for no lock; its descendant is in the next step. */
static void assert_ancestor(const struct step *step, uint32_t holds)
{
	assert_null(step->waiter);
	assert_null(step->waits_for);
	assert_int_equal(step->holds->info.id, holds);
}

/* A step of a thread that holds nothing, and waits for a lock. */
static void assert_descendant(const struct step *step, pid_t tid, uint32_t waits_for)
{
	assert_int_equal(step->waiter->tid, tid);
	assert_null(step->holds);
	assert_int_equal(step->waits_for->info.id, waits_for);
}

static void a_grandchild_that_waits_for_its_holder_may_be_a_deadlock(void **state)
{
	struct cycles cycles;

	(void)state;
	make_process(10, 1, 'S');
	make_process(11, 10, 'S');
	make_process(12, 11, 'S');
	add_lock(10, false);
	add_waiter(0, 12);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 1);
	assert_int_equal(cycles.certain, 0);
	assert_int_equal(cycles.unexplained, 0);
	assert_true(cycles.cycles[0].possible);
	assert_int_equal(cycles.cycles[0].count, 2);
	assert_ancestor(&cycles.cycles[0].steps[0], 0);
	assert_descendant(&cycles.cycles[0].steps[1], 12, 0);
	assert_true(cycles_have(&cycles, &locks[0]));
	cycles_free(&cycles);
}

/* The child of each holder waits for the other holder's lock. */
static void two_holders_may_wait_through_their_children(void **state)
{
	struct cycles cycles;

	(void)state;
	make_process(10, 1, 'S');
	make_process(11, 10, 'S');
	make_process(20, 1, 'S');
	make_process(21, 20, 'S');
	add_lock(10, false);
	add_lock(20, false);
	add_waiter(0, 21);
	add_waiter(1, 11);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 1);
	assert_int_equal(cycles.cycles[0].count, 4);
	assert_ancestor(&cycles.cycles[0].steps[0], 0);
	assert_descendant(&cycles.cycles[0].steps[1], 11, 1);
	assert_ancestor(&cycles.cycles[0].steps[2], 1);
	assert_descendant(&cycles.cycles[0].steps[3], 21, 0);
	cycles_free(&cycles);
}

/* The child waits for the lock of a thread that waits for the parent's lock. */
static void a_path_back_through_locks_closes_a_possible_cycle(void **state)
{
	struct cycles cycles;

	(void)state;
	make_process(10, 1, 'S');
	make_process(11, 10, 'S');
	make_process(12, 10, 'S');
	make_process(30, 1, 'S');
	add_lock(10, false);
	add_lock(30, false);
	add_waiter(0, 30);
	add_waiter(1, 11);
	/* Another child, which waits for a lock outside the cycle. */
	add_lock(99, false);
	add_waiter(2, 12);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 1);
	assert_int_equal(cycles.cycles[0].count, 3);
	assert_ancestor(&cycles.cycles[0].steps[0], 0);
	assert_descendant(&cycles.cycles[0].steps[1], 11, 1);
	assert_int_equal(cycles.cycles[0].steps[2].waiter->tid, 30);
	assert_int_equal(cycles.cycles[0].steps[2].holds->info.id, 1);
	assert_int_equal(cycles.cycles[0].steps[2].waits_for->info.id, 0);
	assert_false(cycles_have(&cycles, &locks[2]));
	cycles_free(&cycles);
}

static void siblings_and_parents_that_wait_make_no_deadlock(void **state)
{
	(void)state;
	make_process(5, 1, 'S');
	make_process(10, 5, 'S');
	make_process(11, 5, 'S');
	add_lock(10, false);
	add_waiter(0, 11);
	assert_no_cycles();
	add_waiter(0, 5);
	assert_no_cycles();
}

static void a_holder_that_runs_does_not_wait(void **state)
{
	(void)state;
	make_process(10, 1, 'R');
	make_process(11, 10, 'S');
	add_lock(10, false);
	add_waiter(0, 11);
	assert_no_cycles();
}

/* The lock that the descendant waits for is held by a process that does not wait. */
static void a_descendant_that_waits_for_others_makes_no_deadlock(void **state)
{
	(void)state;
	make_process(10, 1, 'S');
	make_process(11, 10, 'S');
	make_process(20, 1, 'S');
	add_lock(10, false);
	add_lock(20, false);
	add_waiter(1, 11);
	assert_no_cycles();
}

static void init_does_not_wait_for_orphans(void **state)
{
	struct cycles cycles;

	(void)state;
	make_process_in_session(1, 0, 'S', 1);
	make_process_in_session(11, 1, 'S', 11);
	add_lock(1, false);
	add_waiter(0, 11);
	assert_no_cycles();
	/* In a container, it may be any program, and wait for what it started in its session. */
	make_process_in_session(12, 1, 'S', 1);
	add_waiter(0, 12);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 1);
	assert_descendant(&cycles.cycles[0].steps[1], 12, 0);
	cycles_free(&cycles);
}

static void waiters_whose_ancestors_are_hidden_are_counted(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, false);
	add_waiter(0, 11);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	assert_int_equal(cycles.orphans, 1);
	cycles_free(&cycles);
}

/* A deadlock is not reported again as a possible one, even between relatives. */
static void a_deadlock_is_reported_once_and_first(void **state)
{
	struct cycles cycles;

	(void)state;
	make_process(30, 1, 'S');
	make_process(31, 30, 'S');
	add_lock(30, false);
	add_waiter(0, 31);
	make_process(10, 1, 'S');
	make_process(11, 10, 'S');
	add_lock(10, true);
	add_lock(11, true);
	add_waiter(1, 11);
	add_waiter(2, 10);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 2);
	assert_int_equal(cycles.certain, 1);
	assert_false(cycles.cycles[0].possible);
	assert_true(cycles.cycles[1].possible);
	assert_ancestor(&cycles.cycles[1].steps[0], 0);
	assert_int_equal(cycles.unexplained, 0);
	cycles_free(&cycles);
}

#define family_test(function) \
	cmocka_unit_test_setup_teardown(function, empty_system, remove_system)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cycle_test(a_chain_makes_no_cycle),
		cycle_test(a_cycle_is_found_in_its_order),
		cycle_test(two_cycles_are_both_found),
		cycle_test(a_cycle_that_the_module_does_not_confirm_is_unexplained),
		cycle_test(a_cycle_through_hidden_threads_is_unexplained),
		cycle_test(an_empty_snapshot_has_no_cycles),
		family_test(a_grandchild_that_waits_for_its_holder_may_be_a_deadlock),
		family_test(two_holders_may_wait_through_their_children),
		family_test(a_path_back_through_locks_closes_a_possible_cycle),
		family_test(siblings_and_parents_that_wait_make_no_deadlock),
		family_test(a_holder_that_runs_does_not_wait),
		family_test(a_descendant_that_waits_for_others_makes_no_deadlock),
		family_test(init_does_not_wait_for_orphans),
		family_test(waiters_whose_ancestors_are_hidden_are_counted),
		family_test(a_deadlock_is_reported_once_and_first),
	};

	return harness_run(tests);
}
