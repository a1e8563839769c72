// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of the ioctls: where they are, and what is in them. */
#include "raw.h"

static const uintptr_t bad_addresses[] = { RAW_BAD_ADDRESSES };

static void every_command_succeeds_with_good_arguments(void **state)
{
	const struct raw_command *command;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		struct raw_world world = raw_world(command);
		union raw_args args = raw_args_of(command);

		expect_result(raw_call(world.file, command->number, &args), command->result,
			      "%s", command->name);
		raw_expect_output(command, &world, &args);
		raw_world_close(&world);
	}
}

static void bad_address_returns_efault_and_changes_nothing(void **state)
{
	const struct raw_command *command;
	size_t i;
	long ret;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		struct raw_world world = raw_world(command);
		struct raw_sight before = raw_look(&world);

		for (i = 0; i < ARRAY_SIZE(bad_addresses); i++) {
			ret = raw_call(world.file, command->number, (void *)bad_addresses[i]);
			expect_result(ret, -EFAULT, "%s at %#" PRIxPTR, command->name,
				      bad_addresses[i]);
		}
		expect_same_sight(&before, &world, "%s", command->name);
		raw_world_close(&world);
	}
}

/* Have a command's arguments end @beyond bytes after the edge of two pages. */
static void expect_efault_across(const struct raw_command *command, unsigned char *pages,
				 int protection, size_t beyond)
{
	struct raw_world world = raw_world(command);
	struct raw_sight before = raw_look(&world);
	union raw_args args = raw_args_of(command);
	unsigned char *at = raw_edge(pages) + beyond - command->size;
	size_t page = sysconf(_SC_PAGESIZE);

	mprotect(raw_edge(pages), page, PROT_READ | PROT_WRITE);
	memcpy(at, &args, command->size);
	assert_int_equal(mprotect(raw_edge(pages), page, protection), 0);

	expect_result(raw_call(world.file, command->number, at), -EFAULT,
		      "%s with %zu bytes out of reach", command->name, beyond);
	expect_same_sight(&before, &world, "%s with %zu bytes out of reach",
			  command->name, beyond);
	raw_world_close(&world);
}

/* How many bytes to try next; the last number is the size. */
static size_t next_tried(size_t tried, size_t size)
{
	if (tried == size || tried + stride() <= size)
		return tried + stride();

	return size;
}

static void half_mapped_arguments_return_efault_and_change_nothing(void **state)
{
	unsigned char *pages = raw_pages(PROT_READ | PROT_WRITE);
	const struct raw_command *command;
	size_t beyond;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++)
		for (beyond = 1; beyond <= command->size;
		     beyond = next_tried(beyond, command->size))
			expect_efault_across(command, pages, PROT_NONE, beyond);
	raw_unmap(pages);
}

static void unwritable_output_returns_efault_and_changes_nothing(void **state)
{
	unsigned char *pages = raw_pages(PROT_READ | PROT_WRITE);
	const struct raw_command *command;
	size_t beyond;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++)
		for (beyond = 1; beyond <= command->size;
		     beyond = next_tried(beyond, command->size))
			if (raw_has_output(command))
				expect_efault_across(command, pages, PROT_READ, beyond);
	raw_unmap(pages);
}

static void input_may_be_read_only(void **state)
{
	const struct raw_command *command;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		struct raw_world world = raw_world(command);
		union raw_args args = raw_args_of(command);
		unsigned char *pages = raw_pages(PROT_READ | PROT_WRITE);

		memcpy(raw_edge(pages), &args, command->size);
		mprotect(raw_edge(pages), sysconf(_SC_PAGESIZE), PROT_READ);
		if (!raw_has_output(command))
			expect_result(raw_call(world.file, command->number, raw_edge(pages)),
				      command->result, "%s", command->name);
		raw_unmap(pages);
		raw_world_close(&world);
	}
}

static void misaligned_arguments_work(void **state)
{
	const struct raw_command *command;
	size_t offset;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		for (offset = 1; offset < 8; offset++) {
			unsigned char bytes[sizeof(union raw_args) + 8] __attribute__((aligned(8)));
			struct raw_world world = raw_world(command);
			union raw_args args = raw_args_of(command);

			memcpy(bytes + offset, &args, sizeof(args));
			expect_result(raw_call(world.file, command->number, bytes + offset),
				      command->result, "%s at offset %zu", command->name, offset);
			memcpy(&args, bytes + offset, sizeof(args));
			raw_expect_output(command, &world, &args);
			raw_world_close(&world);
		}
	}
}

/* ------------------------------------------------------------------------
 * Flags, reserved fields, ids
 */

/* 32 bits of a command's arguments, of which programs may set only some. */
struct field {
	unsigned int number;
	size_t offset;
	uint32_t known;
};

#define FIELD(command, type, member, known) \
	{ \
		LOCKMGR_IOC_##command, offsetof(struct lockmgr_ioctl_##type, member), known \
	}
/* The upper half of 64 bits. */
#define FIELD_HIGH(command, type, member, known) \
	{ \
		LOCKMGR_IOC_##command, offsetof(struct lockmgr_ioctl_##type, member) + 4, known \
	}

#define ATTACH_FLAGS \
	(LOCKMGR_ATTACH_CREATE | LOCKMGR_ATTACH_EXCL | LOCKMGR_ATTACH_DETECT_DEADLOCK | \
	 LOCKMGR_ATTACH_ENDS_WITH_PROCESS)

#define FILTERS	(LOCKMGR_ENTRY_ALLOCATED | LOCKMGR_ENTRY_HELD | LOCKMGR_ENTRY_WAITED |	\
		 LOCKMGR_ENTRY_DIED)

static const struct field fields[] = {
	FIELD(ATTACH, attach, flags, ATTACH_FLAGS),
	FIELD(ATTACH, attach, mode, 0777),
	FIELD(ATTACH, attach, token, 0),
	FIELD(ATTACH, attach, generation, 0),
	FIELD_HIGH(ATTACH, attach, generation, 0),
	FIELD(ATTACH, attach, map_size, 0),
	FIELD_HIGH(ATTACH, attach, map_size, 0),
	FIELD(ATTACH, attach, reserved, 0),
	FIELD_HIGH(ATTACH, attach, reserved, 0),
	FIELD(UNLINK, unlink, flags, 0),
	FIELD(CAPACITY, capacity, flags, 0),
	FIELD(ALLOCATE, id, id, 0),
	FIELD(ALLOCATE, id, flags, 0),
	FIELD(ALLOCATE_ID, id, flags, 0),
	FIELD(RETRIEVE, id, flags, 0),
	FIELD(FREE, id, flags, 0),
	FIELD(FREE_ALL, flags, flags, 0),
	FIELD(FREE_ALL, flags, reserved, 0),
	FIELD(LOCK, lock, flags,
	      LOCKMGR_LOCK_TRY | LOCKMGR_LOCK_DEADLINE | LOCKMGR_LOCK_INTERRUPTIBLE),
	FIELD(UNLOCK, id, flags, 0),
	FIELD(LIST_LOCKS, list, filter, FILTERS),
	FIELD(LIST_LOCKS, list, id, 0),
	FIELD(LIST_WAITERS, list, filter, 0),
	FIELD(LIST_SPACES, list, filter, 0),
	FIELD(LIST_SPACES, list, id, 0),
	FIELD(SET_NOTE, note, flags, 0),
	FIELD(ALLOCATE_NOTED, note, id, 0),
	FIELD(ALLOCATE_NOTED, note, flags, 0),
	FIELD(ALLOCATE_ID_NOTED, note, flags, 0),
};

static const struct raw_command *command_of(unsigned int number)
{
	return &raw_commands[_IOC_NR(number)];
}

static void expect_bit_refused(const struct field *field, unsigned int bit)
{
	const struct raw_command *command = command_of(field->number);
	struct raw_world world = raw_world(command);
	struct raw_sight before = raw_look(&world);
	union raw_args args = raw_args_of(command);
	uint32_t value;

	memcpy(&value, args.bytes + field->offset, sizeof(value));
	value |= 1U << bit;
	memcpy(args.bytes + field->offset, &value, sizeof(value));

	expect_result(raw_call(world.file, command->number, &args), -EINVAL,
		      "%s, offset %zu, bit %u", command->name, field->offset, bit);
	expect_same_sight(&before, &world, "%s, offset %zu, bit %u",
			  command->name, field->offset, bit);
	raw_world_close(&world);
}

static void unknown_bit_returns_einval_and_changes_nothing(void **state)
{
	const struct field *field;
	unsigned int bit;

	(void)state;
	for (field = fields; field < fields + ARRAY_SIZE(fields); field++)
		for (bit = 0; bit < 32; bit++)
			if (!(field->known & 1U << bit))
				expect_bit_refused(field, bit);
}

static void exclusive_attach_without_creation_returns_einval(void **state)
{
	int file = raw_open(O_RDWR);

	(void)state;
	expect_result(raw_attach(file, space_name(), LOCKMGR_ATTACH_EXCL), -EINVAL, "attach");
}

static void lock_with_try_and_deadline_returns_einval(void **state)
{
	struct lockmgr_ioctl_lock args = {
		.flags = LOCKMGR_LOCK_TRY | LOCKMGR_LOCK_DEADLINE,
		.deadline = INT64_MAX,
	};

	(void)state;
	expect_result(raw_call(raw_attached(), LOCKMGR_IOC_LOCK, &args), -EINVAL, "lock");
}

static void negative_deadline_returns_einval(void **state)
{
	struct lockmgr_ioctl_lock args = { .flags = LOCKMGR_LOCK_DEADLINE };
	int file = raw_attached();

	(void)state;
	args.deadline = -1;
	expect_result(raw_call(file, LOCKMGR_IOC_LOCK, &args), -EINVAL, "-1");
	args.deadline = INT64_MIN;
	expect_result(raw_call(file, LOCKMGR_IOC_LOCK, &args), -EINVAL, "the least");
}

static void deadline_without_its_flag_returns_einval(void **state)
{
	struct lockmgr_ioctl_lock args = { .deadline = 1 };
	int file = raw_attached();

	(void)state;
	expect_result(raw_call(file, LOCKMGR_IOC_LOCK, &args), -EINVAL, "no flag");
	args.flags = LOCKMGR_LOCK_TRY;
	expect_result(raw_call(file, LOCKMGR_IOC_LOCK, &args), -EINVAL, "LOCKMGR_LOCK_TRY");
}

static void free_lock_is_taken_though_the_deadline_has_passed(void **state)
{
	struct lockmgr_ioctl_lock args = { .flags = LOCKMGR_LOCK_DEADLINE };
	int file = raw_attached();

	(void)state;
	expect_result(raw_call(file, LOCKMGR_IOC_LOCK, &args), 0, "deadline 0");
	expect_result(raw_call(file, LOCKMGR_IOC_LOCK, &args), -ETIMEDOUT, "held");
}

static void id_beyond_the_capacity_returns_einval_and_changes_nothing(void **state)
{
	static const uint32_t ids[] = { WORLD_CAPACITY, LOCKMGR_CAPACITY_MAX - 1,
					LOCKMGR_CAPACITY_MAX, 1U << 30, 1U << 31, UINT32_MAX };
	static const unsigned int numbers[] = { LOCKMGR_IOC_ALLOCATE_ID, LOCKMGR_IOC_RETRIEVE,
						LOCKMGR_IOC_FREE, LOCKMGR_IOC_LOCK,
						LOCKMGR_IOC_UNLOCK, LOCKMGR_IOC_SET_NOTE,
						LOCKMGR_IOC_ALLOCATE_ID_NOTED };
	struct raw_world world = raw_world(command_of(LOCKMGR_IOC_LOCK));
	struct raw_sight before = raw_look(&world);
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		for (k = 0; k < ARRAY_SIZE(ids); k++) {
			union raw_args args = raw_args_of(command_of(numbers[i]));

			args.id.id = ids[k];
			expect_result(raw_call(world.file, numbers[i], &args), -EINVAL, "%s %u",
				      command_of(numbers[i])->name, ids[k]);
		}
	}
	expect_same_sight(&before, &world, "ids beyond the capacity");
}

static void capacity_beyond_the_most_returns_einval_and_changes_nothing(void **state)
{
	struct raw_world world = raw_world(command_of(LOCKMGR_IOC_CAPACITY));
	struct raw_sight before = raw_look(&world);
	struct lockmgr_ioctl_capacity args = { .capacity = LOCKMGR_CAPACITY_MAX + 1 };

	(void)state;
	expect_result(raw_call(world.file, LOCKMGR_IOC_CAPACITY, &args), -EINVAL, "one more");
	args.capacity = UINT32_MAX;
	expect_result(raw_call(world.file, LOCKMGR_IOC_CAPACITY, &args), -EINVAL, "all ones");
	expect_same_sight(&before, &world, "capacity");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(every_command_succeeds_with_good_arguments),
		raw_test(bad_address_returns_efault_and_changes_nothing),
		raw_test(half_mapped_arguments_return_efault_and_change_nothing),
		raw_test(unwritable_output_returns_efault_and_changes_nothing),
		raw_test(input_may_be_read_only),
		raw_test(misaligned_arguments_work),
		raw_test(unknown_bit_returns_einval_and_changes_nothing),
		raw_test(exclusive_attach_without_creation_returns_einval),
		raw_test(lock_with_try_and_deadline_returns_einval),
		raw_test(negative_deadline_returns_einval),
		raw_test(deadline_without_its_flag_returns_einval),
		raw_test(free_lock_is_taken_though_the_deadline_has_passed),
		raw_test(id_beyond_the_capacity_returns_einval_and_changes_nothing),
		raw_test(capacity_beyond_the_most_returns_einval_and_changes_nothing),
	};

	return harness_run(tests);
}
