// SPDX-License-Identifier: GPL-2.0-only
/* Users may read the files of a space if they may read the space and know its name. */
#include <dirent.h>
#include <sys/stat.h>

#include "files.h"

#define OWNER		1001
#define FRIEND		1002
#define STRANGER	1003
#define GROUP		2000

static const gid_t group[] = { GROUP };

static void make_space(uint32_t mode)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	opts.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL;
	opts.owner = OWNER;
	opts.group = GROUP;
	opts.mode = mode;
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), 0);
	lockmgr_close(mgr);
}

static void unlink_space(void)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;

	opts.owner = OWNER;
	lockmgr_unlink(space_name(), &opts);
}

static int teardown(void **state)
{
	int ret = harness_teardown(state);

	unlink_space();

	return ret;
}

#define readers_test(function) \
	cmocka_unit_test_setup_teardown(function, harness_setup, teardown)

/* How many files of the space the caller may read; or an error other than EACCES. */
static long do_read_files(struct lockmgr **mgr, long unused)
{
	char text[4096];
	long count = 0;
	size_t i;

	(void)mgr;
	(void)unused;
	for (i = 0; i < ARRAY_SIZE(space_files); i++) {
		long ret = file_text(path_of(OWNER, space_name(), space_files[i]), text,
				     sizeof(text));

		if (ret > 0)
			count++;
		else if (ret != -EACCES)
			return ret;
	}

	return count;
}

static long do_open_for_writing(struct lockmgr **mgr, long number)
{
	int file = open(path_of(OWNER, space_name(), space_files[number]), O_WRONLY | O_CLOEXEC);

	(void)mgr;
	if (file < 0)
		return -errno;
	close(file);

	return 0;
}

static void expect_readable(struct agent *agent, uint32_t mode, bool readable, const char *who)
{
	long expected = readable ? ARRAY_SIZE(space_files) : 0;
	long count = agent_call(agent, do_read_files, 0);

	if (count != expected)
		fail_msg("mode %04o: %s can read %ld files, expected %ld", mode, who, count,
			 expected);
}

static void every_mode_lets_each_class_read_as_its_bits_say(void **state)
{
	struct agent *owner = agent_new_as(OWNER, OWNER, 1, group);
	struct agent *friend = agent_new_as(FRIEND, FRIEND, 1, group);
	struct agent *stranger = agent_new_as(STRANGER, STRANGER, 0, NULL);
	struct agent *root = agent_new_as(0, 0, 0, NULL);
	uint32_t mode;

	(void)state;
	for (mode = 1; mode <= 0666; mode++) {
		/* A space has no use for execute permission. */
		if (mode & 0111)
			continue;
		make_space(mode);
		expect_readable(owner, mode, mode & 0400, "the owner");
		expect_readable(friend, mode, mode & 0040, "the group");
		expect_readable(stranger, mode, mode & 0004, "a stranger");
		expect_readable(root, mode, true, "root");
		unlink_space();
	}
}

static void files_show_owner_group_and_mode(void **state)
{
	struct stat status;
	size_t i;

	(void)state;
	make_space(0664);
	for (i = 0; i < ARRAY_SIZE(space_files); i++) {
		assert_int_equal(stat(path_of(OWNER, space_name(), space_files[i]), &status), 0);
		assert_int_equal(status.st_mode, S_IFREG | 0444);
		assert_int_equal(status.st_uid, OWNER);
		assert_int_equal(status.st_gid, GROUP);
	}
}

static void files_that_nobody_may_read_are_roots(void **state)
{
	struct stat status;
	size_t i;

	(void)state;
	make_space(0222);
	for (i = 0; i < ARRAY_SIZE(space_files); i++) {
		assert_int_equal(stat(path_of(OWNER, space_name(), space_files[i]), &status), 0);
		assert_int_equal(status.st_mode, S_IFREG | 0400);
		assert_int_equal(status.st_uid, 0);
		assert_int_equal(status.st_gid, 0);
	}
}

static void nobody_may_write(void **state)
{
	struct agent *owner = agent_new_as(OWNER, OWNER, 1, group);
	struct agent *root = agent_new_as(0, 0, 0, NULL);
	size_t i;

	(void)state;
	make_space(0666);
	for (i = 0; i < ARRAY_SIZE(space_files); i++) {
		assert_int_equal(agent_call(owner, do_open_for_writing, i), -EACCES);
		assert_int_equal(agent_call(root, do_open_for_writing, i), -EACCES);
	}
}

static void spaces_of_different_owners_have_different_directories(void **state)
{
	(void)state;
	make_space(0600);
	space_open_with(LOCKMGR_OPEN_CREATE, 7);
	assert_int_equal(number_of("capacity"), 7);
	assert_string_equal(line_of(path_of(OWNER, space_name(), "capacity")), "1048576");
}

static long do_list_names(struct lockmgr **mgr, long unused)
{
	DIR *directory = opendir(SPACES_DIRECTORY);

	(void)mgr;
	(void)unused;
	if (!directory)
		return -errno;
	closedir(directory);

	return 0;
}

static void names_are_listed_to_root_only(void **state)
{
	(void)state;
	make_space(0666);
	assert_int_equal(do_list_names(NULL, 0), 0);
	assert_int_equal(agent_call(agent_new_as(OWNER, OWNER, 0, NULL), do_list_names, 0),
			 -EACCES);
	assert_int_equal(agent_call(agent_new_as(STRANGER, STRANGER, 0, NULL), do_list_names, 0),
			 -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		readers_test(every_mode_lets_each_class_read_as_its_bits_say),
		readers_test(files_show_owner_group_and_mode),
		readers_test(files_that_nobody_may_read_are_roots),
		readers_test(nobody_may_write),
		readers_test(names_are_listed_to_root_only),
		readers_test(spaces_of_different_owners_have_different_directories),
	};

	return harness_run(tests);
}
