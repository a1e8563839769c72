// SPDX-License-Identifier: GPL-2.0-only
/* Structs of other sizes, as older and newer programs have them. */
#include "raw.h"

/* The largest size that a command's number can say. */
#define SIZE_MAX_14_BITS	16383

/* How many bytes longer the structs of newer programs are than those of the first version. */
static const size_t surplus[] = { 1, 3, 8, 64, 1000, 4096, 8192 };

static long call_of_size(const struct raw_world *world, const struct raw_command *command,
			 size_t size, void *args)
{
	return raw_call(world->file, raw_number_of_size(command, size), args);
}

/* Arguments as a newer program would pass them: the surplus is filled with one byte value. */
static void *enlarge(const union raw_args *args, const struct raw_command *command,
		     size_t size, int filling)
{
	unsigned char *large = malloc(size);

	assert_non_null(large);
	memset(large, filling, size);
	memcpy(large, args, command->size);

	return large;
}

static void expect_success_of_size(const struct raw_command *command, size_t size, int filling)
{
	struct raw_world world = raw_world(command);
	union raw_args args = raw_args_of(command);
	unsigned char *large = enlarge(&args, command, size, filling);
	size_t i;

	expect_result(call_of_size(&world, command, size, large), command->result,
		      "%s of %zu bytes", command->name, size);
	for (i = command->size; i < size; i++)
		expect_result(large[i], 0, "%s of %zu bytes, byte %zu", command->name, size, i);
	memcpy(&args, large, command->size);
	raw_expect_output(command, &world, &args);
	free(large);
	raw_world_close(&world);
}

static void shorter_struct_returns_einval_and_changes_nothing(void **state)
{
	const struct raw_command *command;
	size_t size;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		struct raw_world world = raw_world(command);
		struct raw_sight before = raw_look(&world);
		union raw_args args = raw_args_of(command);

		for (size = 0; size < command->size; size++)
			expect_result(call_of_size(&world, command, size, &args), -EINVAL,
				      "%s of %zu bytes", command->name, size);
		expect_same_sight(&before, &world, "%s", command->name);
		raw_world_close(&world);
	}
}

static void longer_struct_with_zeros_behind_works(void **state)
{
	const struct raw_command *command;
	size_t i;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		for (i = 0; i < ARRAY_SIZE(surplus); i++)
			expect_success_of_size(command, command->size + surplus[i], 0);
		expect_success_of_size(command, SIZE_MAX_14_BITS, 0);
	}
}

static void tail_of_output_is_zeroed(void **state)
{
	const struct raw_command *command;
	size_t i;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		/* This test is for commands to which nothing is passed in. */
		if (_IOC_DIR(command->number) != _IOC_READ)
			continue;
		for (i = 0; i < ARRAY_SIZE(surplus); i++)
			expect_success_of_size(command, command->size + surplus[i], 0xa5);
		expect_success_of_size(command, SIZE_MAX_14_BITS, 0xa5);
	}
}

static void expect_e2big(const struct raw_command *command, size_t size, size_t position)
{
	struct raw_world world = raw_world(command);
	struct raw_sight before = raw_look(&world);
	union raw_args args = raw_args_of(command);
	unsigned char *large = enlarge(&args, command, size, 0);

	large[position] = 1;
	expect_result(call_of_size(&world, command, size, large), -E2BIG,
		      "%s of %zu bytes, byte %zu", command->name, size, position);
	expect_same_sight(&before, &world, "%s of %zu bytes, byte %zu", command->name, size,
			  position);
	free(large);
	raw_world_close(&world);
}

static void longer_struct_with_content_behind_returns_e2big_and_changes_nothing(void **state)
{
	const struct raw_command *command;
	size_t i;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		if (!(_IOC_DIR(command->number) & _IOC_WRITE))
			continue;
		for (i = 0; i < ARRAY_SIZE(surplus); i++) {
			expect_e2big(command, command->size + surplus[i], command->size);
			expect_e2big(command, command->size + surplus[i],
				     command->size + surplus[i] - 1);
		}
		expect_e2big(command, SIZE_MAX_14_BITS, SIZE_MAX_14_BITS - 1);
	}
}

static void unmapped_tail_returns_efault_and_changes_nothing(void **state)
{
	unsigned char *pages = raw_pages(PROT_NONE);
	const struct raw_command *command;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		struct raw_world world = raw_world(command);
		struct raw_sight before = raw_look(&world);
		union raw_args args = raw_args_of(command);
		unsigned char *at = raw_edge(pages) - command->size;

		memcpy(at, &args, command->size);
		expect_result(call_of_size(&world, command, command->size + 8, at), -EFAULT,
			      "%s", command->name);
		expect_same_sight(&before, &world, "%s", command->name);
		raw_world_close(&world);
	}
	raw_unmap(pages);
}

static void read_only_tail_of_output_returns_efault_and_changes_nothing(void **state)
{
	unsigned char *pages = raw_pages(PROT_READ);
	const struct raw_command *command;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		struct raw_world world = raw_world(command);
		struct raw_sight before = raw_look(&world);
		union raw_args args = raw_args_of(command);
		unsigned char *at = raw_edge(pages) - command->size;

		memcpy(at, &args, command->size);
		if (raw_has_output(command))
			expect_result(call_of_size(&world, command, command->size + 8, at),
				      -EFAULT, "%s", command->name);
		expect_same_sight(&before, &world, "%s", command->name);
		raw_world_close(&world);
	}
	raw_unmap(pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(shorter_struct_returns_einval_and_changes_nothing),
		raw_test(longer_struct_with_zeros_behind_works),
		raw_test(tail_of_output_is_zeroed),
		raw_test(longer_struct_with_content_behind_returns_e2big_and_changes_nothing),
		raw_test(unmapped_tail_returns_efault_and_changes_nothing),
		raw_test(read_only_tail_of_output_returns_efault_and_changes_nothing),
	};

	return harness_run(tests);
}
