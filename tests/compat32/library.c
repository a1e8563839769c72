// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 32-bit program that uses the library: it allocates ids, locks and waits, lists locks and
 * waiters, and forks.
 */
#include <sys/mman.h>

#include "tap.h"

#define CREATE		LOCKMGR_OPEN_CREATE

#define PROCESSES	8
#define ROUNDS		1000

_Static_assert(sizeof(void *) == 4, "build this for 32 bits");

static void module_tells_its_version(void)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };

	expect(lockmgr_module(NULL, &info), 0);
	expect(info.features, LOCKMGR_HAS_DEADLOCK | LOCKMGR_HAS_MAP |
				      LOCKMGR_HAS_PROCESS_END |
				      LOCKMGR_HAS_INTERRUPTIBLE | LOCKMGR_HAS_NOTES);
}

static void ids_are_allocated_found_and_freed(void)
{
	struct lockmgr *mgr = tap_open(CREATE);
	uint32_t id = 77, count;

	expect(lockmgr_allocate(mgr, &id), 0);
	expect(id, 0);
	expect(lockmgr_allocate_id(mgr, 1048575), 0);
	expect(lockmgr_allocate_id(mgr, 1048575), -EEXIST);
	expect(lockmgr_retrieve(mgr, 1048575), 1);
	expect(lockmgr_retrieve(mgr, 1), 0);
	expect(lockmgr_available(mgr, &count), 0);
	expect(count, 1048574);
	expect(lockmgr_free(mgr, 0), 0);
	expect(lockmgr_free(mgr, 0), -ENOENT);
	expect(lockmgr_free_all(mgr), 0);
	expect(lockmgr_retrieve(mgr, 1048575), 0);
	lockmgr_close(mgr);
}

static void space_has_facts_and_a_capacity(void)
{
	struct lockmgr *mgr = tap_open(CREATE);
	struct lockmgr_space_info info = { .size = sizeof(info) };

	expect(lockmgr_set_capacity(mgr, 10), 0);
	expect(lockmgr_info(mgr, &info), 0);
	expect(strcmp(info.name, tap_space), 0);
	expect(info.owner, getuid());
	expect(info.group, getgid());
	expect(info.mode, 0600);
	expect(info.capacity, 10);
	expect(info.allocated, 0);
	expect(info.clients, 1);
	expect(lockmgr_lock(mgr, 10), -EINVAL);
	lockmgr_close(mgr);
}

static void unlinked_space_is_made_anew(void)
{
	struct lockmgr *mgr = tap_open(CREATE), *other;
	struct lockmgr_space_info info = { .size = sizeof(info) };
	uint64_t generation;

	expect(lockmgr_unlink(tap_space, NULL), 0);
	expect(lockmgr_unlink(tap_space, NULL), -ENOENT);
	expect(lockmgr_info(mgr, &info), 0);
	expect(info.flags, LOCKMGR_SPACE_IS_UNLINKED);
	generation = info.generation;

	other = tap_open(CREATE | LOCKMGR_OPEN_EXCL);
	expect(lockmgr_info(other, &info), 0);
	expect(info.generation != generation, true);
	lockmgr_close(mgr);
	lockmgr_close(other);
}

static void locks_are_taken_refused_and_released(void)
{
	struct lockmgr *mgr = tap_open(CREATE), *other = tap_open(0);

	expect(lockmgr_lock(mgr, 5), 0);
	expect(lockmgr_trylock(other, 5), -EBUSY);
	expect(lockmgr_unlock(other, 5), -EPERM);
	expect(lockmgr_unlock(mgr, 5), 0);
	expect(lockmgr_trylock(other, 5), 0);
	lockmgr_close(mgr);
	lockmgr_close(other);
}

/* A deadline must arrive as 64 bits of nanoseconds, and one in the past must arrive, too. */
static void deadline_passes(void)
{
	struct lockmgr *mgr = tap_open(CREATE);
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec++;
	expect(lockmgr_lock(mgr, 0), 0);
	expect(lockmgr_timedlock(mgr, 0, &deadline), -ETIMEDOUT);
	deadline.tv_sec = 0;
	expect(lockmgr_timedlock(mgr, 0, &deadline), -ETIMEDOUT);
	expect(lockmgr_timedlock(mgr, 1, &deadline), 0);
	lockmgr_close(mgr);
}

static int hold_and_die(void)
{
	struct lockmgr *mgr = tap_open(0);

	return lockmgr_lock(mgr, 3);
}

static void death_of_the_holder_is_told_once(void)
{
	struct lockmgr *mgr = tap_open(CREATE);

	tap_join(tap_fork(hold_and_die), 0);
	expect(lockmgr_lock(mgr, 3), LOCKMGR_OWNER_DIED);
	expect(lockmgr_unlock(mgr, 3), 0);
	expect(lockmgr_lock(mgr, 3), 0);
	lockmgr_close(mgr);
}

static int wait_for_lock(void)
{
	struct lockmgr *mgr = tap_open(0);

	return lockmgr_lock(mgr, 7);
}

static void locks_and_waiters_are_listed(void)
{
	struct lockmgr *mgr = tap_open(CREATE);
	struct lockmgr_lock_info lock;
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	uint32_t id;
	size_t count;
	pid_t child;

	expect(lockmgr_lock(mgr, 7), 0);
	child = tap_fork(wait_for_lock);
	tap_wait_for_waiters(mgr, 7, 1);

	expect(lockmgr_held(mgr, &id, 1, &count), 0);
	expect(count, 1);
	expect(id, 7);
	expect(lockmgr_list(mgr, LOCKMGR_LOCK_IS_WAITED, &cursor, &lock, 1, &count), 0);
	expect(count, 1);
	expect(lock.pid, getpid());
	expect(lock.flags, LOCKMGR_LOCK_IS_HELD | LOCKMGR_LOCK_IS_WAITED);
	cursor = 0;
	expect(lockmgr_list_waiters(mgr, 7, &cursor, &waiter, 1, &count), 0);
	expect(count, 1);
	expect(waiter.pid, child);

	expect(lockmgr_unlock(mgr, 7), 0);
	tap_join(child, 0);
	lockmgr_close(mgr);
}

static int close_cycle(void)
{
	struct lockmgr *mgr = tap_open(LOCKMGR_OPEN_DETECT_DEADLOCK);

	return lockmgr_lock(mgr, 1) ?: lockmgr_lock(mgr, 0);
}

static void cycle_of_waits_is_refused(void)
{
	struct lockmgr *mgr = tap_open(CREATE | LOCKMGR_OPEN_DETECT_DEADLOCK);
	pid_t child;

	expect(lockmgr_lock(mgr, 0), 0);
	child = tap_fork(close_cycle);
	tap_wait_for_waiters(mgr, 0, 1);
	expect(lockmgr_lock(mgr, 1), -EDEADLK);
	expect(lockmgr_unlock(mgr, 0), 0);
	tap_join(child, 0);
	lockmgr_close(mgr);
}

static struct lockmgr *inherited;

static int use_inherited_handle(void)
{
	return lockmgr_trylock(inherited, 0) == -ECHILD ? 0 : 1;
}

static void handle_does_not_survive_fork(void)
{
	inherited = tap_open(CREATE);
	tap_join(tap_fork(use_inherited_handle), 0);
	expect(lockmgr_trylock(inherited, 0), 0);
	lockmgr_close(inherited);
}

/* Guarded by lock 0, in memory that the processes share. */
static volatile uint32_t *counter;

static int count(void)
{
	struct lockmgr *mgr = tap_open(0);
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (lockmgr_lock(mgr, 0))
			return 1;
		++*counter;
		if (lockmgr_unlock(mgr, 0))
			return 2;
	}

	return 0;
}

static void processes_that_contend_count_right(void)
{
	struct lockmgr *mgr = tap_open(CREATE);
	pid_t children[PROCESSES];
	int i;

	counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	expect(counter != MAP_FAILED, true);
	for (i = 0; i < PROCESSES; i++)
		children[i] = tap_fork(count);
	for (i = 0; i < PROCESSES; i++)
		tap_join(children[i], 0);
	expect(*counter, PROCESSES * ROUNDS);
	lockmgr_close(mgr);
}

int main(void)
{
	static const struct tap_test tests[] = {
		tap_test(module_tells_its_version),
		tap_test(ids_are_allocated_found_and_freed),
		tap_test(space_has_facts_and_a_capacity),
		tap_test(unlinked_space_is_made_anew),
		tap_test(locks_are_taken_refused_and_released),
		tap_test(deadline_passes),
		tap_test(death_of_the_holder_is_told_once),
		tap_test(locks_and_waiters_are_listed),
		tap_test(cycle_of_waits_is_refused),
		tap_test(handle_does_not_survive_fork),
		tap_test(processes_that_contend_count_right),
	};

	tap_run(tests, sizeof(tests) / sizeof(tests[0]));

	return 0;
}
