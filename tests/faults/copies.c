// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every copy from and to user memory, made to fail one after the other under every command:
 * the command fails with EFAULT, nothing has changed, and then it succeeds.
 */
#include "fault.h"

/* More than any command does. */
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

/* Of the process's next copies in the module the @nth fails; 0: none. */
static void fail_copy(unsigned int nth)
{
	fault_put_number("/proc/thread-self", "fail-nth", nth);
}

/* Returns whether it has. */
static bool has_failed(void)
{
	bool failed = !fault_get_number("/proc/thread-self", "fail-nth", 10);

	fail_copy(0);

	return failed;
}

/* Call it in a world of its own; returns whether a copy was made to fail. */
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
 * Those that only read a few words do so one by one, and that cannot be made to fail:
 * tests/uapi/arguments.c has wrong addresses for them.  LOCK writes, too, but not unless a
 * signal ends its wait.
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
