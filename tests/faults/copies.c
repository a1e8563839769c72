// SPDX-License-Identifier: GPL-2.0-only
/*
 * For every command, each of its copies from and to user memory is made to fail, one after
 * the other: the command fails with EFAULT, nothing has changed, and the same command then
 * succeeds.
 */
#include "fault.h"

/* More copies than any command makes. */
#define COPIES_MAX	100

static int setup(void **state)
{
	const struct fault_range module = fault_module();

	fault_begin();
	fault_restrict(FAULT_COPY, &module);

	return harness_setup(state);
}

static int teardown(void **state)
{
	fault_end();

	return raw_teardown(state);
}

#define copy_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

/* Make the @nth of this thread's next copies in the module fail; 0: none. */
static void fail_copy(unsigned int nth)
{
	fault_put_number("/proc/thread-self", "fail-nth", nth);
}

/* Whether that copy has failed; no other copy will. */
static bool has_failed(void)
{
	bool failed = !fault_get_number("/proc/thread-self", "fail-nth", 10);

	fail_copy(0);

	return failed;
}

/* Call the command in a new world; returns whether a copy was made to fail. */
static bool try_copy(const struct raw_command *command, unsigned int nth)
{
	struct raw_world world = raw_world(command);
	struct raw_sight before = raw_look(&world);
	union raw_args args = raw_args_of(command);
	bool failed;
	long result;

	fail_copy(nth);
	result = raw_call(world.file, command->number, &args);
	failed = has_failed();
	if (failed) {
		expect_result(result, -EFAULT, "%s, copy %u", command->name, nth);
		expect_same_sight(&before, &world, "%s, copy %u: changed", command->name, nth);
		args = raw_args_of(command);
		result = raw_call(world.file, command->number, &args);
	}
	expect_result(result, command->result, "%s, without a fault", command->name);
	raw_expect_output(command, &world, &args);
	raw_world_close(&world);

	return failed;
}

/*
 * Whether the kernel can make a copy of this command fail.  Commands with few words of
 * arguments read them one by one, which cannot be made to fail: tests/uapi/arguments.c calls
 * them with bad addresses.  LOCK also writes its arguments, but only if a signal ends its wait.
 */
static bool has_copies(const struct raw_command *command)
{
	unsigned int number = command->number;

	return (_IOC_DIR(number) & _IOC_READ && number != LOCKMGR_IOC_LOCK) ||
	       _IOC_SIZE(number) > sizeof(struct lockmgr_ioctl_lock);
}

static void every_failing_copy_ends_in_efault_and_changes_nothing(void **state)
{
	const struct raw_command *command;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		unsigned int nth = 1;

		while (nth < COPIES_MAX && try_copy(command, nth))
			nth++;
		if (has_copies(command))
			assert_in_range(nth, 2, COPIES_MAX - 1);
		else
			assert_int_equal(nth, 1);
		printf("# %s: %u copies\n", command->name, nth - 1);
	}
	fflush(stdout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		copy_test(every_failing_copy_ends_in_efault_and_changes_nothing),
	};

	if (!fault_is_possible()) {
		printf("1..0 # SKIP this kernel cannot make copies fail\n");
		return 0;
	}

	return harness_run(tests);
}
