// SPDX-License-Identifier: GPL-2.0-only
/* The device as a file: other system calls, other commands, open modes. */
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>

#include "raw.h"

/* ------------------------------------------------------------------------
 * Other system calls
 */

static void read_returns_einval(void **state)
{
	char byte;

	(void)state;
	assert_int_equal(read(raw_attached(), &byte, 1), -1);
	assert_int_equal(errno, EINVAL);
}

static void write_returns_einval(void **state)
{
	(void)state;
	assert_int_equal(write(raw_attached(), "", 1), -1);
	assert_int_equal(errno, EINVAL);
}

static void seek_returns_espipe(void **state)
{
	(void)state;
	assert_int_equal(lseek(raw_attached(), 1, SEEK_SET), -1);
	assert_int_equal(errno, ESPIPE);
}

static void poll_never_waits(void **state)
{
	struct pollfd poller = { .fd = raw_attached(), .events = POLLIN | POLLOUT };

	(void)state;
	assert_int_equal(poll(&poller, 1, -1), 1);
	assert_int_equal(poller.revents & ~(POLLIN | POLLOUT), 0);
}

static void truncate_returns_einval(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(raw_attached(), 0), -1);
	assert_int_equal(errno, EINVAL);
}

static void file_of_a_path_only_takes_no_command(void **state)
{
	struct lockmgr_ioctl_version version;

	(void)state;
	expect_result(raw_call(raw_open(O_PATH), LOCKMGR_IOC_VERSION, &version), -EBADF, "O_PATH");
}

static void duplicate_is_the_same_client(void **state)
{
	int file = raw_attached();
	int copy = dup(file);

	(void)state;
	raw_trylock(file, 0);
	raw_close(file);
	assert_int_equal(raw_info(copy).clients, 1);
	assert_int_equal(raw_id(copy, LOCKMGR_IOC_UNLOCK, 0), 0);
	close(copy);
}

/* ------------------------------------------------------------------------
 * Other commands
 */

static unsigned char nothing[8];

static void unknown_number_returns_enotty(void **state)
{
	int file = raw_attached();
	unsigned int number, direction;
	long ret;

	(void)state;
	for (number = ARRAY_SIZE(raw_commands); number < 256; number++) {
		for (direction = 0; direction < 4; direction++) {
			ret = raw_call(file, _IOC(direction, LOCKMGR_IOC_MAGIC, number, 8),
				       nothing);
			expect_result(ret, -ENOTTY, "number %u, direction %u", number, direction);
		}
	}
}

/* The number of a command, but with another direction or type. */
static unsigned int altered(const struct raw_command *command, unsigned int direction,
			    unsigned int type)
{
	return _IOC(direction, type, _IOC_NR(command->number), command->size);
}

static void wrong_direction_returns_enotty(void **state)
{
	const struct raw_command *command;
	unsigned int direction;
	long ret;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		struct raw_world world = raw_world(command);
		struct raw_sight before = raw_look(&world);
		union raw_args args = raw_args_of(command);

		for (direction = 0; direction < 4; direction++) {
			if (direction == _IOC_DIR(command->number))
				continue;
			ret = raw_call(world.file, altered(command, direction, LOCKMGR_IOC_MAGIC),
				       &args);
			expect_result(ret, -ENOTTY, "%s, direction %u", command->name, direction);
		}
		expect_same_sight(&before, &world, "%s", command->name);
		raw_world_close(&world);
	}
}

static void wrong_type_returns_enotty(void **state)
{
	const struct raw_command *command = &raw_commands[_IOC_NR(LOCKMGR_IOC_UNLOCK)];
	struct raw_world world = raw_world(command);
	union raw_args args = raw_args_of(command);
	unsigned int direction = _IOC_DIR(command->number), type;
	long ret;

	(void)state;
	for (type = 0; type < 256; type++) {
		if (type == LOCKMGR_IOC_MAGIC)
			continue;
		ret = raw_call(world.file, altered(command, direction, type), &args);
		expect_result(ret, -ENOTTY, "type %u", type);
	}
	expect_result(raw_call(world.file, command->number, &args), 0, "the right type");
}

/* ------------------------------------------------------------------------
 * Open modes
 */

static bool allows(int open, int needed)
{
	return open == O_RDWR || needed == O_RDWR || open == needed;
}

static void expect_mode(const struct raw_command *command, int open, const char *mode)
{
	struct raw_world world = raw_world(command);
	struct raw_sight before;
	union raw_args args = raw_args_of(command);
	int file = raw_open(open);
	long ret;

	if (command->number != LOCKMGR_IOC_ATTACH)
		assert_int_equal(raw_attach(file, space_name(), 0), 0);
	before = raw_look(&world);

	ret = raw_call(file, command->number, &args);
	if (!allows(open, command->open)) {
		expect_result(ret, -EBADF, "%s with %s", command->name, mode);
		expect_same_sight(&before, &world, "%s with %s", command->name, mode);
	} else if (command->number == LOCKMGR_IOC_UNLOCK) {
		/* The world's own file holds the lock. */
		expect_result(ret, -EPERM, "%s with %s", command->name, mode);
	} else {
		expect_result(ret, command->result, "%s with %s", command->name, mode);
	}
	raw_close(file);
	raw_world_close(&world);
}

static void commands_need_the_open_mode_that_the_abi_says(void **state)
{
	const struct raw_command *command;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		expect_mode(command, O_RDONLY, "O_RDONLY");
		expect_mode(command, O_WRONLY, "O_WRONLY");
		expect_mode(command, O_RDWR, "O_RDWR");
	}
}

/* Access mode 3, which asks for both permissions and grants nothing. */
static void file_open_for_neither_attaches_to_nothing(void **state)
{
	struct lockmgr_ioctl_version version;
	int observer = raw_attached();
	int file = raw_open(O_ACCMODE);

	(void)state;
	expect_result(raw_attach(file, space_name(), 0), -EBADF, "attach");
	expect_result(raw_attach(file, space_name(), LOCKMGR_ATTACH_CREATE), -EBADF, "create");
	expect_result(raw_call(file, LOCKMGR_IOC_VERSION, &version), 0, "version");
	assert_int_equal(raw_info(observer).clients, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(read_returns_einval),
		raw_test(write_returns_einval),
		raw_test(seek_returns_espipe),
		raw_test(poll_never_waits),
		raw_test(truncate_returns_einval),
		raw_test(file_of_a_path_only_takes_no_command),
		raw_test(duplicate_is_the_same_client),
		raw_test(unknown_number_returns_enotty),
		raw_test(wrong_direction_returns_enotty),
		raw_test(wrong_type_returns_enotty),
		raw_test(commands_need_the_open_mode_that_the_abi_says),
		raw_test(file_open_for_neither_attaches_to_nothing),
	};

	return harness_run(tests);
}
