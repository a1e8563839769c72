// SPDX-License-Identifier: GPL-2.0-only
/* /proc/PID/fdinfo of an open file of the device. */
#include "files.h"
#include "raw.h"

/* The module's lines on a descriptor of a process, which follow those that every file has. */
static const char *fdinfo(pid_t pid, int file)
{
	static char text[TEXT_MAX];
	char path[64];
	const char *ours;
	long length;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, file);
	length = file_text(path, text, sizeof(text));
	if (length < 0)
		fail_msg("%s: %s", path, strerror(-length));
	ours = strstr(text, "space:");

	return ours ? ours : "";
}

static void expect_fdinfo(pid_t pid, int file, const char *format, ...)
{
	char expected[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(expected, sizeof(expected), format, arguments);
	va_end(arguments);
	assert_string_equal(fdinfo(pid, file), expected);
}

static void file_that_is_not_attached_says_nothing(void **state)
{
	(void)state;
	expect_fdinfo(getpid(), raw_open(O_RDWR), "%s", "");
}

static void expect_unused(int file)
{
	const struct lockmgr_ioctl_info info = raw_info(file);

	expect_fdinfo(getpid(), file,
		      "space:\t%u:%s\ngeneration:\t%016llx\ntoken:\t%u\nheld:\t0\nlocks:\n"
		      "waiting:\n",
		      geteuid(), space_name(), (unsigned long long)info.generation, info.token);
}

static void attached_file_says_space_generation_and_token(void **state)
{
	int file = raw_attached(), second = raw_attached();

	(void)state;
	expect_unused(file);
	expect_unused(second);
	assert_int_not_equal(raw_info(file).token, raw_info(second).token);
}

static void space_is_named_when_the_name_is_gone(void **state)
{
	int file = raw_attached();

	(void)state;
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_non_null(strstr(fdinfo(getpid(), file), space_name()));
}

static unsigned int held_by(int file)
{
	const char *line = strstr(fdinfo(getpid(), file), "held:\t");

	assert_non_null(line);

	return strtoul(line + 6, NULL, 10);
}

static void locks_of_this_file_are_held_and_not_those_of_another(void **state)
{
	static const uint32_t ids[] = { 0, 300, LOCKMGR_CAPACITY_MAX - 1 };
	int file = raw_attached(), second = raw_attached();
	size_t i;

	(void)state;
	assert_int_equal(raw_trylock(second, 1), 0);
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(raw_trylock(file, ids[i]), 0);
	assert_int_equal(held_by(file), ARRAY_SIZE(ids));
	assert_int_equal(held_by(second), 1);
	assert_int_equal(raw_id(file, LOCKMGR_IOC_UNLOCK, 300), 0);
	assert_int_equal(held_by(file), ARRAY_SIZE(ids) - 1);
}

/* The line "locks:", which names the locks that a file holds. */
static void expect_locks(int file, const char *expected)
{
	const char *line = strstr(fdinfo(getpid(), file), "\nlocks:");

	assert_non_null(line);
	line += strlen("\nlocks:");
	if (strncmp(line, expected, strlen(expected)) || line[strlen(expected)] != '\n')
		fail_msg("locks:%s instead of %s", line, expected);
}

static void locks_that_are_held_are_named_in_their_order(void **state)
{
	static const uint32_t ids[] = { LOCKMGR_CAPACITY_MAX - 1, 300, 0, 64, 1 };
	int file = raw_attached(), second = raw_attached();
	size_t i;

	(void)state;
	assert_int_equal(raw_trylock(second, 2), 0);
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(raw_trylock(file, ids[i]), 0);
	expect_locks(file, "\t0 1 64 300 1048575");
	expect_locks(second, "\t2");
	assert_int_equal(raw_id(file, LOCKMGR_IOC_UNLOCK, 64), 0);
	expect_locks(file, "\t0 1 300 1048575");
}

static void only_the_first_of_many_are_named(void **state)
{
	char expected[512] = "";
	int file = raw_attached();
	uint32_t id, length = 0;

	(void)state;
	for (id = 0; id < 64; id++) {
		assert_int_equal(raw_trylock(file, id), 0);
		length += sprintf(expected + length, "%s%u", id ? " " : "\t", id);
	}
	expect_locks(file, expected);
	assert_int_equal(raw_trylock(file, 5000), 0);
	strcat(expected, " ...");
	expect_locks(file, expected);
	assert_int_equal(held_by(file), 65);
}

/* ------------------------------------------------------------------------
 * Waits
 */

/* The descriptor by which a process has the device open. */
static int device_of(pid_t pid)
{
	char path[64], target[64];
	int file;

	for (file = 3; file < 1024; file++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, file);
		length = readlink(path, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		if (!strcmp(target, RAW_DEVICE))
			return file;
	}
	fail_msg("process %d has no device open", pid);

	return -1;
}

static const char *waits_of(struct agent *agent)
{
	const char *line = strstr(fdinfo(agent_pid(agent), device_of(agent_pid(agent))),
				  "waiting:");

	assert_non_null(line);

	return line + strlen("waiting:");
}

static void lock_that_is_waited_for_is_named(void **state)
{
	struct agent *agent = agent_new(), *other = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 70000), 0);
	assert_int_equal(lockmgr_lock(mgr, 5), 0);
	agent_start(agent, agent_lock, 70000);
	agent_start(other, agent_lock, 5);
	wait_for_waiters(mgr, 70000, 1);
	wait_for_waiters(mgr, 5, 1);
	assert_string_equal(waits_of(agent), "\t70000\n");
	assert_string_equal(waits_of(other), "\t5\n");
	assert_int_equal(lockmgr_unlock(mgr, 70000), 0);
	assert_int_equal(agent_finish(agent), 0);
	assert_string_equal(waits_of(agent), "\n");
}

/* More waiters ahead of it than LOCKMGR_WAITS_PER_GO, how many the module looks at in one go. */
#define CROWD	50

static void waiter_is_found_among_many(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent;
	int i;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 5), 0);
	for (i = 0; i < CROWD; i++)
		agent_start(agent_new(), agent_lock, 5);
	wait_for_waiters(mgr, 5, CROWD);
	agent = agent_new();
	agent_start(agent, agent_lock, 5);
	wait_for_waiters(mgr, 5, CROWD + 1);
	assert_string_equal(waits_of(agent), "\t5\n");
}

/* ------------------------------------------------------------------------
 * Who may look
 */

static long do_read_fdinfo(struct lockmgr **mgr, long pid)
{
	char path[64], text[TEXT_MAX];

	(void)mgr;
	snprintf(path, sizeof(path), "/proc/%ld/fdinfo/0", pid);

	return file_text(path, text, sizeof(text));
}

static void stranger_sees_nothing_of_it(void **state)
{
	struct agent *stranger = agent_new_as(1003, 1003, 0, NULL);

	(void)state;
	raw_attached();
	assert_int_equal(agent_call(stranger, do_read_fdinfo, getpid()), -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(file_that_is_not_attached_says_nothing),
		raw_test(attached_file_says_space_generation_and_token),
		raw_test(space_is_named_when_the_name_is_gone),
		raw_test(locks_of_this_file_are_held_and_not_those_of_another),
		raw_test(locks_that_are_held_are_named_in_their_order),
		raw_test(only_the_first_of_many_are_named),
		raw_test(lock_that_is_waited_for_is_named),
		raw_test(waiter_is_found_among_many),
		raw_test(stranger_sees_nothing_of_it),
	};

	return harness_run(tests);
}
