// SPDX-License-Identifier: GPL-2.0-only
/*
 * The boundary between containers is the IPC namespace: two containers and their host use the
 * same user and the same name, and none of them sees, opens, counts or removes what another has.
 */
#include <dirent.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include "container.h"

#define CREATE		LOCKMGR_OPEN_CREATE
#define CREATE_EXCL	(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL)

#define NR_SPACES	DEVICE_DIRECTORY "/nr_spaces"
#define NR_CLIENTS	DEVICE_DIRECTORY "/nr_clients"
#define TABLE		"/sys/kernel/debug/lockmgr/locks"

#define USER		1001

/* ------------------------------------------------------------------------
 * Spaces
 */

static void same_name_is_another_space_in_each_container(void **state)
{
	struct agent *one = container_new(), *other = container_new();
	long host, first, second;

	(void)state;
	host = generation_of(space_open());
	assert_int_equal(agent_call(one, agent_open, CREATE_EXCL), 0);
	assert_int_equal(agent_call(other, agent_open, CREATE_EXCL), 0);
	first = agent_call(one, agent_generation, 0);
	second = agent_call(other, agent_generation, 0);
	assert_int_not_equal(first, host);
	assert_int_not_equal(second, host);
	assert_int_not_equal(first, second);
}

static void lock_of_one_is_free_in_the_others(void **state)
{
	struct agent *one = container_new(), *other = container_new();

	(void)state;
	assert_int_equal(lockmgr_lock(space_open(), 0), 0);
	assert_int_equal(agent_call(one, agent_open, CREATE), 0);
	assert_int_equal(agent_call(one, agent_trylock, 0), 0);
	assert_int_equal(agent_call(other, agent_open, CREATE), 0);
	assert_int_equal(agent_call(other, agent_trylock, 0), 0);
}

static void allocation_in_one_is_none_in_the_others(void **state)
{
	struct agent *one = container_new(), *other = container_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 1), 0);
	assert_int_equal(agent_call(one, agent_open, CREATE), 0);
	assert_int_equal(agent_call(one, agent_retrieve, 1), 0);
	assert_int_equal(agent_call(one, agent_allocate, 2), 0);
	assert_int_equal(agent_call(other, agent_open, CREATE), 0);
	assert_int_equal(agent_call(other, agent_retrieve, 2), 0);
	assert_int_equal(lockmgr_retrieve(mgr, 2), 0);
}

static void container_finds_no_space_of_the_host(void **state)
{
	struct agent *container = container_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(container, agent_open, 0), -ENOENT);
	assert_int_equal(agent_call(container, agent_open, LOCKMGR_OPEN_READONLY), -ENOENT);
	assert_int_equal(agent_call(container, agent_unlink, 0), -ENOENT);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	space_close(mgr);
}

static void host_finds_no_space_of_a_container(void **state)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct agent *container = container_new();
	struct lockmgr *mgr;

	(void)state;
	options.flags = 0;
	assert_int_equal(agent_call(container, agent_open, CREATE), 0);
	assert_int_equal(lockmgr_open(&mgr, space_name(), &options), -ENOENT);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), -ENOENT);
	assert_int_equal(agent_call(container, agent_unlink, 0), 0);
}

static void container_finds_its_own_space_again(void **state)
{
	struct agent *container = container_new();
	long generation;

	(void)state;
	assert_int_equal(agent_call(container, agent_open, CREATE), 0);
	generation = agent_call(container, agent_generation, 0);
	agent_call(container, agent_close, 0);
	assert_int_equal(agent_call(container, agent_open, 0), 0);
	assert_int_equal(agent_call(container, agent_generation, 0), generation);
}

/* ------------------------------------------------------------------------
 * Lists and counts
 */

static void container_is_shown_its_own_spaces_only(void **state)
{
	struct agent *container = container_new();

	(void)state;
	space_open();
	assert_int_equal(agent_call(container, agent_count_listed, false), 0);
	assert_int_equal(agent_call(container, agent_open, CREATE), 0);
	assert_int_equal(agent_call(container, agent_count_listed, false), 1);
}

static void host_is_shown_no_space_of_a_container(void **state)
{
	struct agent *container = container_new();
	int file = raw_open(O_RDONLY);

	(void)state;
	assert_int_equal(agent_call(container, agent_open, CREATE), 0);
	assert_int_equal(count_listed(file, true), 0);
	space_open();
	assert_int_equal(count_listed(file, true), 1);
}

static long read_count(struct lockmgr **mgr, long is_clients)
{
	(void)mgr;

	return atol(line_of(is_clients ? NR_CLIENTS : NR_SPACES));
}

static void each_is_told_its_own_counts(void **state)
{
	struct agent *container = container_new(), *empty = container_new();
	long spaces, clients;

	(void)state;
	space_open();
	spaces = read_count(NULL, false);
	clients = read_count(NULL, true);
	assert_int_equal(agent_call(container, read_count, false), 0);
	assert_int_equal(agent_call(container, read_count, true), 0);
	assert_int_equal(agent_call(container, agent_open, CREATE), 0);
	assert_int_equal(agent_call(container, read_count, false), 1);
	assert_int_equal(agent_call(container, read_count, true), 1);
	assert_int_equal(agent_call(empty, read_count, false), 0);
	assert_int_equal(agent_call(empty, read_count, true), 0);
	assert_int_equal(read_count(NULL, false), spaces);
	assert_int_equal(read_count(NULL, true), clients);
}

static long read_mode_file(struct lockmgr **mgr, long unused)
{
	char text[64];

	(void)mgr;
	(void)unused;

	return file_text(own_path("mode"), text, sizeof(text));
}

static void container_reads_no_file_of_a_space_of_the_host(void **state)
{
	struct agent *container = container_new();

	(void)state;
	space_open();
	assert_true(read_mode_file(NULL, 0) > 0);
	assert_int_equal(agent_call(container, read_mode_file, 0), -EACCES);
}

#define SPACES_DIRECTORY	DEVICE_DIRECTORY "/spaces"

/* The number of links of the directory: two, and one for each directory in it. */
static long count_links(struct lockmgr **mgr, long unused)
{
	struct stat stat;

	(void)mgr;
	(void)unused;

	return lstat(SPACES_DIRECTORY, &stat) ? -errno : (long)stat.st_nlink;
}

static long is_in_sys(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return access(own_path(""), F_OK) ? -errno : 0;
}

/* Root of the container can list the directory, since it has CAP_DAC_OVERRIDE. */
static long list_names(struct lockmgr **mgr, long unused)
{
	const struct dirent *entry;
	long count = 0;
	DIR *spaces;

	(void)mgr;
	(void)unused;
	spaces = opendir(SPACES_DIRECTORY);
	if (!spaces)
		return -errno;
	while ((entry = readdir(spaces)))
		count += !!strstr(entry->d_name, space_name());
	closedir(spaces);

	return count;
}

/* What sysfs does not hide: it has the same directories for everybody who sees /sys. */
static void container_with_sys_counts_spaces_of_the_host_and_reads_nothing(void **state)
{
	struct agent *container = container_new();
	long before = agent_call(container, count_links, 0);

	(void)state;
	assert_int_equal(agent_call(container, is_in_sys, 0), -ENOENT);
	space_open();
	assert_int_equal(agent_call(container, count_links, 0), before + 1);
	assert_int_equal(agent_call(container, is_in_sys, 0), 0);
	assert_int_equal(agent_call(container, list_names, 0), 1);
	assert_int_equal(agent_call(container, read_mode_file, 0), -EACCES);
}

static void space_of_a_container_has_no_directory(void **state)
{
	struct agent *container = container_new();

	(void)state;
	assert_int_equal(agent_call(container, agent_open, CREATE), 0);
	assert_int_equal(access(own_path(""), F_OK), -1);
	assert_int_equal(errno, ENOENT);
}

/* How often the name is in the table of all locks. */
static long count_in_table(struct lockmgr **mgr, long unused)
{
	static char text[TEXT_MAX];
	long length = file_text(TABLE, text, sizeof(text)), count = 0;
	const char *at = text;

	(void)mgr;
	(void)unused;
	if (length < 0)
		return length;
	while ((at = strstr(at, space_name()))) {
		at++;
		count++;
	}

	return count;
}

static void table_is_that_of_the_readers_namespace(void **state)
{
	struct agent *container = container_new();

	(void)state;
	if (access(TABLE, R_OK))
		skip();
	assert_int_equal(agent_call(container, agent_open, CREATE), 0);
	assert_int_equal(agent_call(container, agent_trylock, 0), 0);
	assert_int_equal(count_in_table(NULL, 0), 0);
	assert_int_equal(agent_call(container, count_in_table, 0), 1);
	assert_int_equal(lockmgr_lock(space_open(), 5), 0);
	assert_int_equal(count_in_table(NULL, 0), 1);
	assert_int_equal(agent_call(container, count_in_table, 0), 1);
}

/* ------------------------------------------------------------------------
 * Files that leave their namespace, and processes that do
 */

static void file_belongs_to_the_namespace_of_its_opener(void **state)
{
	struct agent *container = container_new();
	int file = file_from(container);

	(void)state;
	space_open();
	assert_int_equal(agent_call(container, agent_open, CREATE), 0);
	assert_int_equal(raw_attach(file, space_name(), 0), 0);
	assert_int_equal(raw_info(file).generation >> 1,
			 agent_call(container, agent_generation, 0));
}

static void process_that_leaves_goes_on_with_its_handle(void **state)
{
	struct agent *leaver = agent_new_as(0, 0, 0, NULL);
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(leaver, agent_open, 0), 0);
	assert_int_equal(agent_call(leaver, enter_container, CLONE_NEWIPC), 0);
	assert_int_equal(agent_call(leaver, agent_trylock, 1), 0);
	assert_int_equal(lockmgr_trylock(mgr, 1), -EBUSY);
	assert_int_equal(agent_call(leaver, agent_unlock, 1), 0);
	agent_call(leaver, agent_close, 0);
	assert_int_equal(agent_call(leaver, agent_open, 0), -ENOENT);
}

/* ------------------------------------------------------------------------
 * User namespaces
 */

/* If this user cannot make a user namespace on this system, there is nothing to test. */
static void enter_user_namespace_or_skip(struct agent *agent, long namespaces)
{
	long ret = agent_call(agent, enter_user_namespace, namespaces);

	if (ret == -EPERM || ret == -ENOSPC || ret == -EUSERS)
		skip();
	assert_int_equal(ret, 0);
}

static void rootless_engine_finds_its_space_inside_and_outside(void **state)
{
	struct agent *outside = agent_new_as(USER, USER, 0, NULL);
	struct agent *inside = agent_new_as(USER, USER, 0, NULL);

	(void)state;
	enter_user_namespace_or_skip(inside, 0);
	assert_int_equal(agent_call(inside, agent_open, CREATE_EXCL), 0);
	assert_int_equal(agent_call(outside, agent_open, 0), 0);
	assert_int_equal(agent_call(outside, agent_generation, 0),
			 agent_call(inside, agent_generation, 0));
	assert_int_equal(agent_call(inside, agent_trylock, 1), 0);
	assert_int_equal(agent_call(outside, agent_trylock, 1), -EBUSY);
	assert_int_equal(agent_call(inside, agent_count_listed, true), 1);
	assert_int_equal(agent_call(outside, agent_unlink, 0), 0);
}

static void rootless_container_with_its_own_ipc_finds_nothing(void **state)
{
	struct agent *outside = agent_new_as(USER, USER, 0, NULL);
	struct agent *inside = agent_new_as(USER, USER, 0, NULL);

	(void)state;
	enter_user_namespace_or_skip(inside, CLONE_NEWIPC);
	assert_int_equal(agent_call(outside, agent_open, CREATE), 0);
	assert_int_equal(agent_call(inside, agent_open, 0), -ENOENT);
	assert_int_equal(agent_call(inside, agent_count_listed, false), 0);
	assert_int_equal(agent_call(inside, agent_open, CREATE_EXCL), 0);
	assert_int_equal(agent_call(inside, agent_unlink, 0), 0);
	assert_int_equal(agent_call(outside, agent_unlink, 0), 0);
}

static long read_owner(struct lockmgr **mgr, long unused)
{
	char text[4096];
	long ret = file_text(path_of(USER, space_name(), "owner"), text, sizeof(text));

	(void)mgr;
	(void)unused;

	return ret < 0 ? ret : atol(text);
}

static void owner_has_the_number_of_the_readers_user_namespace(void **state)
{
	struct agent *user = agent_new_as(USER, USER, 0, NULL);

	(void)state;
	assert_int_equal(agent_call(user, agent_open, CREATE), 0);
	assert_int_equal(agent_call(user, read_owner, 0), USER);
	enter_user_namespace_or_skip(user, 0);
	assert_int_equal(agent_call(user, read_owner, 0), 0);
	assert_int_equal(agent_call(user, agent_unlink, 0), 0);
}

/* The owner of the space, from the fdinfo of one of the agent's descriptors. */
static long read_own_fdinfo(struct lockmgr **mgr, long file)
{
	char path[64], text[4096];
	const char *line;
	long ret;

	(void)mgr;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%ld", file);
	ret = file_text(path, text, sizeof(text));
	line = ret < 0 ? NULL : strstr(text, "space:\t");

	return line ? atol(line + strlen("space:\t")) : -ENOENT;
}

static void descriptor_has_the_owner_of_the_readers_user_namespace(void **state)
{
	struct agent *user = agent_new_as(USER, USER, 0, NULL);
	long file = agent_call(user, agent_open_device, 0);

	(void)state;
	assert_int_equal(agent_call(user, agent_attach, file), 0);
	assert_int_equal(agent_call(user, read_own_fdinfo, file), USER);
	enter_user_namespace_or_skip(user, 0);
	assert_int_equal(agent_call(user, read_own_fdinfo, file), 0);
	assert_int_equal(agent_call(user, agent_unlink, 0), 0);
}

/* ------------------------------------------------------------------------
 * Limits
 */

#define SPACES_PER_USER	"/sys/module/lockmgr/parameters/spaces_per_user"

/* Make spaces, @most and one more, or until the module refuses; returns its error, or 0. */
static long fill_up(struct lockmgr **mgr, long most)
{
	char name[64];
	long i;
	int ret = 0;

	for (i = 0; !ret && i <= most; i++) {
		lockmgr_close(*mgr);
		*mgr = NULL;
		snprintf(name, sizeof(name), "%s.%ld", space_name(), i);
		ret = lockmgr_open(mgr, name, NULL);
	}

	return ret;
}

static char limit_before[TEXT_MAX];

static int lower_limit(void **state)
{
	assert_true(file_text(SPACES_PER_USER, limit_before, sizeof(limit_before)) > 0);
	/* The host has fewer spaces. */
	assert_int_equal(write_value(SPACES_PER_USER, "100"), 0);

	return harness_setup(state);
}

static int restore_limit(void **state)
{
	const int ret = raw_teardown(state);

	return write_value(SPACES_PER_USER, limit_before) ? -1 : ret;
}

#define limit_test(function) \
	cmocka_unit_test_setup_teardown(function, lower_limit, restore_limit)

static void expect_room_on_the_host(void)
{
	struct lockmgr *mgr;

	assert_int_equal(lockmgr_open(&mgr, space_name(), NULL), 0);
	lockmgr_close(mgr);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
}

/* Root of the container has the uid of the host's root. */
static void container_does_not_use_up_what_its_host_may_have(void **state)
{
	(void)state;
	assert_int_equal(agent_call(container_new(), fill_up, 100), -EDQUOT);
	expect_room_on_the_host();
}

/* Root of the user namespace that the container makes is, on the host, root again. */
static void namespaces_in_a_container_do_not_use_up_what_its_host_may_have(void **state)
{
	struct agent *container = container_new();

	(void)state;
	enter_user_namespace_or_skip(container, CLONE_NEWIPC);
	assert_int_equal(agent_call(container, fill_up, 100), -EDQUOT);
	expect_room_on_the_host();
}

/* Root of the container is, on the host, the user itself. */
static void rootless_container_does_not_use_up_what_its_user_may_have(void **state)
{
	struct agent *outside = agent_new_as(USER, USER, 0, NULL);
	struct agent *inside = agent_new_as(USER, USER, 0, NULL);

	(void)state;
	enter_user_namespace_or_skip(inside, CLONE_NEWIPC);
	assert_int_equal(agent_call(inside, fill_up, 100), -EDQUOT);
	assert_int_equal(agent_call(outside, agent_open, CREATE), 0);
	assert_int_equal(agent_call(outside, agent_unlink, 0), 0);
}

/* Make a space as one user after the other; returns how many could. */
static long make_as_each(struct lockmgr **mgr, long users)
{
	long user;
	int ret = 0;

	for (user = 1; user <= users && !ret; user++) {
		setfsuid(user);
		ret = lockmgr_open(mgr, space_name(), NULL);
		setfsuid(0);
		if (!ret)
			lockmgr_close(*mgr);
	}
	*mgr = NULL;

	return ret && ret != -EDQUOT ? ret : user - 1 - !!ret;
}

static void container_has_no_more_than_one_user(void **state)
{
	struct agent *container = container_new();

	(void)state;
	assert_int_equal(agent_call(container, make_as_each, 200), 100);
	expect_room_on_the_host();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(same_name_is_another_space_in_each_container),
		raw_test(lock_of_one_is_free_in_the_others),
		raw_test(allocation_in_one_is_none_in_the_others),
		raw_test(container_finds_no_space_of_the_host),
		raw_test(host_finds_no_space_of_a_container),
		raw_test(container_finds_its_own_space_again),
		raw_test(container_is_shown_its_own_spaces_only),
		raw_test(host_is_shown_no_space_of_a_container),
		raw_test(each_is_told_its_own_counts),
		raw_test(container_reads_no_file_of_a_space_of_the_host),
		raw_test(container_with_sys_counts_spaces_of_the_host_and_reads_nothing),
		raw_test(space_of_a_container_has_no_directory),
		raw_test(table_is_that_of_the_readers_namespace),
		raw_test(file_belongs_to_the_namespace_of_its_opener),
		raw_test(process_that_leaves_goes_on_with_its_handle),
		raw_test(rootless_engine_finds_its_space_inside_and_outside),
		raw_test(rootless_container_with_its_own_ipc_finds_nothing),
		raw_test(owner_has_the_number_of_the_readers_user_namespace),
		raw_test(descriptor_has_the_owner_of_the_readers_user_namespace),
		limit_test(container_does_not_use_up_what_its_host_may_have),
		limit_test(namespaces_in_a_container_do_not_use_up_what_its_host_may_have),
		limit_test(rootless_container_does_not_use_up_what_its_user_may_have),
		limit_test(container_has_no_more_than_one_user),
	};

	return harness_run(tests);
}
