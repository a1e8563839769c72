// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of an IPC namespace with spaces, allocations, open files and waiters in it; and
 * that a new one never has what an ended one left.
 */
#include "container.h"

#define CREATE		LOCKMGR_OPEN_CREATE
#define CREATE_EXCL	(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL)

#define REFERENCES	"/sys/module/lockmgr/refcnt"

#define ROUNDS		20

/** A container with a space that has ids allocated. */
static struct agent *container_with_space(void)
{
	struct agent *container = container_new();

	assert_int_equal(agent_call(container, agent_open, CREATE_EXCL), 0);
	assert_int_equal(agent_call(container, agent_allocate, 1), 0);
	assert_int_equal(agent_call(container, agent_allocate, 100), 0);

	return container;
}

static bool has_lost_its_name(void *data)
{
	return raw_info(*(int *)data).flags & LOCKMGR_SPACE_UNLINKED;
}

static bool has_lost_its_allocations(void *data)
{
	return !raw_info(*(int *)data).allocated;
}

static void wait_for_the_end(int file)
{
	wait_until(has_lost_its_name, &file, "the space has lost its name");
	wait_until(has_lost_its_allocations, &file, "the space has lost its allocations");
}

static void space_loses_its_name_and_its_allocations(void **state)
{
	struct agent *container = container_with_space();
	int file = attached_file_from(container);

	(void)state;
	assert_int_equal(raw_info(file).allocated, 2);
	assert_int_equal(raw_info(file).flags, 0);
	agent_kill(container);
	wait_for_the_end(file);
}

static void attached_file_goes_on(void **state)
{
	struct agent *container = container_with_space();
	int file = attached_file_from(container);

	(void)state;
	assert_int_equal(raw_trylock(file, 1), 0);
	agent_kill(container);
	wait_for_the_end(file);
	assert_int_equal(raw_id(file, LOCKMGR_IOC_UNLOCK, 1), 0);
	assert_int_equal(raw_trylock(file, 2), 0);
	assert_int_equal(raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, 7), 0);
	assert_int_equal(raw_id(file, LOCKMGR_IOC_RETRIEVE, 7), 1);
}

static bool lists_nothing(void *data)
{
	return !count_listed(*(int *)data, false);
}

/* Listing the spaces of a file makes the module look whether its namespace has ended. */
static void file_of_an_ended_namespace_finds_and_makes_nothing(void **state)
{
	struct lockmgr_ioctl_unlink args = { .owner = LOCKMGR_ID_CALLER };
	struct agent *container = container_with_space();
	int file = file_from(container);

	(void)state;
	assert_int_equal(count_listed(file, false), 1);
	agent_kill(container);
	wait_until(lists_nothing, &file, "no space is listed");
	strcpy(args.name, space_name());
	assert_int_equal(raw_call(file, LOCKMGR_IOC_UNLINK, &args), -ENOENT);
	assert_int_equal(raw_attach(file, space_name(), 0), -ENOENT);
	assert_int_equal(raw_attach(file, space_name(), LOCKMGR_ATTACH_CREATE), -ENOENT);
}

/* The open file of /proc keeps the namespace, as a mount of it would. */
static void open_file_of_the_namespace_keeps_its_spaces(void **state)
{
	struct agent *container = container_with_space();
	int first = file_from(container), second = file_from(container);
	char path[64];
	int namespace;

	(void)state;
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", agent_pid(container));
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(namespace, -1);
	agent_kill(container);
	assert_int_equal(raw_attach(first, space_name(), 0), 0);
	assert_int_equal(raw_info(first).allocated, 2);
	assert_int_equal(raw_info(first).flags, 0);

	close(namespace);
	wait_until(lists_nothing, &second, "no space is listed");
	assert_int_equal(raw_attach(second, space_name(), 0), -ENOENT);
	wait_for_the_end(first);
}

/* ------------------------------------------------------------------------
 * Waiters
 */

static long lock_file(struct lockmgr **mgr, long file)
{
	(void)mgr;

	return raw_lock(file, 1);
}

/* The waiter is forked when the test has the files open, and so has them, too. */
static void waiter_goes_on_waiting(void **state)
{
	struct agent *container = container_with_space(), *waiter;
	int holder = attached_file_from(container), waiting = attached_file_from(container);
	struct lockmgr_ioctl_list list;
	struct lockmgr_lock_entry entry;

	(void)state;
	assert_int_equal(raw_trylock(holder, 1), 0);
	waiter = agent_new_as(0, 0, 0, NULL);
	agent_start(waiter, lock_file, waiting);
	do {
		list = (struct lockmgr_ioctl_list) {
			.entries = (uintptr_t)&entry,
			.entry_size = sizeof(entry),
			.count = 1,
			.filter = LOCKMGR_ENTRY_WAITED,
		};
		assert_int_equal(raw_call(holder, LOCKMGR_IOC_LIST_LOCKS, &list), 0);
	} while (!list.count);

	agent_kill(container);
	wait_for_the_end(holder);
	assert_false(agent_is_done(waiter));
	assert_int_equal(raw_id(holder, LOCKMGR_IOC_UNLOCK, 1), 0);
	assert_int_equal(agent_finish(waiter), 0);
}

static void waiter_gets_the_lock_of_a_holder_that_ended_with_its_namespace(void **state)
{
	struct agent *container = container_with_space(), *waiter;
	int waiting = attached_file_from(container);

	(void)state;
	assert_int_equal(agent_call(container, agent_lock, 1), 0);
	waiter = agent_new_as(0, 0, 0, NULL);
	agent_start(waiter, lock_file, waiting);
	agent_kill(container);
	assert_int_equal(agent_finish(waiter), LOCKMGR_OWNER_DIED);
	wait_for_the_end(waiting);
}

/* ------------------------------------------------------------------------
 * Afterwards
 */

static void new_namespace_has_nothing_of_an_ended_one(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct agent *container = container_new();

		assert_int_equal(agent_call(container, agent_open, 0), -ENOENT);
		assert_int_equal(agent_call(container, agent_count_listed, false), 0);
		assert_int_equal(agent_call(container, agent_open, CREATE_EXCL), 0);
		assert_int_equal(agent_call(container, agent_retrieve, 1), 0);
		assert_int_equal(agent_call(container, agent_allocate, 1), 0);
		agent_kill(container);
	}
}

/*
 * The same after the module has noticed the end of the former namespace, whose address and
 * number a new one may then have.
 */
static void new_namespace_has_nothing_of_one_that_is_gone_for_good(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct agent *container = container_new();
		int file;

		assert_int_equal(agent_call(container, agent_open, CREATE_EXCL), 0);
		assert_int_equal(agent_call(container, agent_allocate, 1), 0);
		file = file_from(container);
		agent_kill(container);
		wait_until(lists_nothing, &file, "no space is listed");
		raw_close(file);
	}
}

static unsigned long references(void)
{
	return strtoul(line_of(REFERENCES), NULL, 10);
}

/* There may be fewer, since what earlier tests have left may have gone. */
static bool are_no_more_than_before(void *data)
{
	return references() <= *(unsigned long *)data;
}

/* Enough that what earlier tests have left makes no difference. */
#define SPACES	50

static long allocate_in_spaces(struct lockmgr **mgr, long count)
{
	char name[64];
	long i;
	int ret = 0;

	for (i = 0; !ret && i < count; i++) {
		lockmgr_close(*mgr);
		*mgr = NULL;
		snprintf(name, sizeof(name), "%s.%ld", space_name(), i);
		ret = lockmgr_open(mgr, name, NULL);
		if (!ret)
			ret = lockmgr_allocate_id(*mgr, 1);
	}

	return ret;
}

/* No call makes the module look: it looks by itself, every second. */
static void allocations_of_an_ended_namespace_do_not_hold_the_module(void **state)
{
	unsigned long before = references();
	struct agent *container = container_new();

	(void)state;
	assert_int_equal(agent_call(container, allocate_in_spaces, SPACES), 0);
	assert_true(references() > before);
	agent_kill(container);
	wait_until(are_no_more_than_before, &before,
		   "the module has no more references than before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(space_loses_its_name_and_its_allocations),
		raw_test(attached_file_goes_on),
		raw_test(file_of_an_ended_namespace_finds_and_makes_nothing),
		raw_test(open_file_of_the_namespace_keeps_its_spaces),
		raw_test(waiter_goes_on_waiting),
		raw_test(waiter_gets_the_lock_of_a_holder_that_ended_with_its_namespace),
		raw_test(new_namespace_has_nothing_of_an_ended_one),
		raw_test(new_namespace_has_nothing_of_one_that_is_gone_for_good),
		raw_test(allocations_of_an_ended_namespace_do_not_hold_the_module),
	};

	return harness_run(tests);
}
