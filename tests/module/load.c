// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading the module, whose file LOCKMGR_KO in the environment names.
 * It must not be in use when this begins, and is not loaded when this ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define DEVICE		"/dev/lockmgr"
#define PARAMETERS	"/sys/module/lockmgr/parameters/"

/* How often to load and unload in one test. */
#define TIMES		20

/* ------------------------------------------------------------------------
 * The module
 */

static int load_with(const char *parameters)
{
	const char *path = getenv("LOCKMGR_KO");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int ret;

	if (file < 0)
		fail_msg("LOCKMGR_KO does not name a file: %s", path ? path : "not set");
	ret = syscall(SYS_finit_module, file, parameters, 0) ? -errno : 0;
	close(file);

	return ret;
}

static void load(void)
{
	assert_int_equal(load_with(""), 0);
}

/* Returns -EWOULDBLOCK while the module is in use. */
static int unload(void)
{
	return syscall(SYS_delete_module, "lockmgr", O_NONBLOCK) ? -errno : 0;
}

static bool is_device_there(void)
{
	return !access(DEVICE, F_OK);
}

static int setup(void **state)
{
	if (is_device_there() && unload()) {
		print_error("the module is loaded and in use already\n");
		return -1;
	}

	return harness_setup(state);
}

/* By then everything that the test used is closed, and nothing keeps the module. */
static int teardown(void **state)
{
	int ret = harness_teardown(state);

	if (!ret && is_device_there())
		ret = unload();
	if (ret)
		print_error("the module cannot be unloaded: %s\n", strerror(-ret));

	return ret;
}

#define module_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

/* ------------------------------------------------------------------------
 * Spaces
 */

static struct lockmgr_space_info space_info(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);

	return info;
}

/* Leave a space that has one allocated id and no client; returns its generation. */
static uint64_t leave_allocated_id(uint32_t id)
{
	struct lockmgr *mgr = space_open();
	uint64_t generation = space_info(mgr).generation;

	assert_int_equal(lockmgr_allocate_id(mgr, id), 0);
	space_close(mgr);

	return generation;
}

/* ------------------------------------------------------------------------
 * Loading
 */

static void device_comes_and_goes_with_the_module(void **state)
{
	(void)state;
	load();
	assert_true(is_device_there());
	assert_int_equal(unload(), 0);
	assert_false(is_device_there());
}

static void device_is_for_everybody(void **state)
{
	struct stat status;

	(void)state;
	load();
	assert_int_equal(stat(DEVICE, &status), 0);
	assert_int_equal(status.st_mode, S_IFCHR | 0666);
}

static void expect_parameter(const char *name, unsigned int expected)
{
	char path[128];
	unsigned int value;
	FILE *file;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%u", &value), 1);
	fclose(file);
	assert_int_equal(value, expected);
}

static void limits_have_documented_defaults(void **state)
{
	(void)state;
	load();
	expect_parameter("locks_per_space", 1048576);
}

static void limits_are_taken_when_loading(void **state)
{
	static const char all[] =
		"locks_per_space=100 spaces_per_user=3 clients_per_space=4 locks_per_user=5";

	(void)state;
	assert_int_equal(load_with(all), 0);
	expect_parameter("locks_per_space", 100);
	expect_parameter("spaces_per_user", 3);
	expect_parameter("clients_per_space", 4);
	expect_parameter("locks_per_user", 5);
	assert_int_equal(space_info(space_open()).capacity, 100);
}

/* ------------------------------------------------------------------------
 * Unloading
 */

static void unloading_is_refused_while_a_file_is_open(void **state)
{
	int file;

	(void)state;
	load();
	file = open(DEVICE, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(file, -1);
	assert_int_equal(unload(), -EWOULDBLOCK);
	close(file);
	assert_int_equal(unload(), 0);
}

static void unloading_is_refused_while_a_space_is_open(void **state)
{
	struct lockmgr *mgr;

	(void)state;
	load();
	mgr = space_open();
	assert_int_equal(unload(), -EWOULDBLOCK);
	space_close(mgr);
	assert_int_equal(unload(), 0);
}

static void unloading_is_refused_while_an_id_is_allocated_though_no_file_is_open(void **state)
{
	(void)state;
	load();
	leave_allocated_id(7);
	assert_int_equal(unload(), -EWOULDBLOCK);
}

static void refused_unloading_keeps_allocated_ids(void **state)
{
	uint64_t generation;
	struct lockmgr *mgr;

	(void)state;
	load();
	generation = leave_allocated_id(7);
	unload();
	mgr = space_open();
	assert_int_equal(space_info(mgr).generation, generation);
	assert_int_equal(space_info(mgr).allocated, 1);
	assert_int_equal(lockmgr_retrieve(mgr, 7), 1);
}

static void refused_unloading_keeps_locks_held_and_waited_for(void **state)
{
	struct lockmgr *mgr;
	struct agent *agent;

	(void)state;
	load();
	mgr = space_open();
	agent = agent_new();
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);
	unload();
	assert_int_equal(lock_info(mgr, 0).waiters, 1);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
}

static void refused_unloading_leaves_the_device_usable(void **state)
{
	(void)state;
	load();
	space_open();
	unload();
	assert_int_equal(lockmgr_trylock(space_open(), 0), 0);
}

/* Reading an attribute that is gone fails with an error that says so. */
static void unloading_works_while_attributes_are_open(void **state)
{
	char space[128], byte;
	int device, file;

	(void)state;
	load();
	space_close(space_open());
	snprintf(space, sizeof(space), "/sys/class/misc/lockmgr/spaces/0:%s/held", space_name());
	device = open("/sys/class/misc/lockmgr/nr_spaces", O_RDONLY | O_CLOEXEC);
	file = open(space, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(device, -1);
	assert_int_not_equal(file, -1);
	assert_int_equal(unload(), 0);
	assert_int_equal(read(device, &byte, 1), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(read(file, &byte, 1), -1);
	assert_int_equal(errno, ENODEV);
	close(device);
	close(file);
}

static void table_that_is_open_keeps_the_module(void **state)
{
	int file;

	(void)state;
	load();
	file = open("/sys/kernel/debug/lockmgr/locks", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(file, -1);
	assert_int_equal(unload(), -EWOULDBLOCK);
	close(file);
	assert_int_equal(unload(), 0);
}

static void unloading_works_right_after_the_first_use(void **state)
{
	(void)state;
	load();
	space_close(space_open());
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_int_equal(unload(), 0);
}

static void unloading_works_once_the_ids_are_freed(void **state)
{
	struct lockmgr *mgr;

	(void)state;
	load();
	leave_allocated_id(7);
	mgr = space_open();
	assert_int_equal(lockmgr_free(mgr, 7), 0);
	space_close(mgr);
	assert_int_equal(unload(), 0);
}

static void unloading_works_once_all_ids_are_freed_at_once(void **state)
{
	struct lockmgr *mgr;

	(void)state;
	load();
	leave_allocated_id(7);
	leave_allocated_id(70000);
	mgr = space_open();
	assert_int_equal(lockmgr_free_all(mgr), 0);
	space_close(mgr);
	assert_int_equal(unload(), 0);
}

static void unloading_works_once_the_space_is_unlinked(void **state)
{
	(void)state;
	load();
	leave_allocated_id(7);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_int_equal(unload(), 0);
}

static void unlinked_space_with_allocated_ids_blocks_until_it_is_closed(void **state)
{
	struct lockmgr *mgr;

	(void)state;
	load();
	leave_allocated_id(7);
	mgr = space_open();
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_int_equal(unload(), -EWOULDBLOCK);
	space_close(mgr);
	assert_int_equal(unload(), 0);
}

static void unloading_works_after_a_holder_was_killed(void **state)
{
	struct agent *agent;

	(void)state;
	load();
	agent = agent_new();
	assert_int_equal(agent_call(agent, agent_lock, 3), 0);
	agent_kill(agent);
	assert_int_equal(unload(), 0);
}

static void space_is_gone_after_loading_again(void **state)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	(void)state;
	load();
	space_close(space_open());
	assert_int_equal(unload(), 0);
	load();
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), -ENOENT);
}

/* ------------------------------------------------------------------------
 * Again and again
 */

static void use(void)
{
	struct lockmgr *mgr = space_open();
	uint32_t id;

	assert_int_equal(lockmgr_allocate(mgr, &id), 0);
	assert_int_equal(lockmgr_lock(mgr, id), 0);
	assert_int_equal(lockmgr_lock(mgr, 70000), 0);
	assert_int_equal(lockmgr_unlock(mgr, id), 0);
	assert_int_equal(lockmgr_free(mgr, id), 0);
	space_close(mgr);
}

static void module_is_loaded_used_and_unloaded_many_times(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < TIMES; i++) {
		load();
		use();
		assert_int_equal(unload(), 0);
	}
}

/* Open and use the device whenever it is there, until killed. */
static void open_without_end(void)
{
	struct lockmgr *mgr;
	uint32_t id;

	for (;;) {
		if (lockmgr_open(&mgr, space_name(), NULL))
			continue;
		if (!lockmgr_allocate(mgr, &id))
			lockmgr_free(mgr, id);
		lockmgr_close(mgr);
	}
}

static void expect_unloading(void)
{
	uint64_t end = now_ns() + HARNESS_PATIENCE_S * 1000000000ULL;
	int ret;

	while ((ret = unload())) {
		assert_int_equal(ret, -EWOULDBLOCK);
		if (now_ns() > end)
			fail_msg("the module is always in use");
	}
}

static void module_is_unloaded_while_others_open_the_device(void **state)
{
	pid_t child = fork();
	int i;

	(void)state;
	assert_int_not_equal(child, -1);
	if (!child)
		open_without_end();
	for (i = 0; i < TIMES; i++) {
		load();
		expect_unloading();
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		module_test(device_comes_and_goes_with_the_module),
		module_test(device_is_for_everybody),
		module_test(limits_have_documented_defaults),
		module_test(limits_are_taken_when_loading),
		module_test(unloading_is_refused_while_a_file_is_open),
		module_test(unloading_is_refused_while_a_space_is_open),
		module_test(unloading_is_refused_while_an_id_is_allocated_though_no_file_is_open),
		module_test(refused_unloading_keeps_allocated_ids),
		module_test(refused_unloading_keeps_locks_held_and_waited_for),
		module_test(refused_unloading_leaves_the_device_usable),
		module_test(unloading_works_while_attributes_are_open),
		module_test(table_that_is_open_keeps_the_module),
		module_test(unloading_works_right_after_the_first_use),
		module_test(unloading_works_once_the_ids_are_freed),
		module_test(unloading_works_once_all_ids_are_freed_at_once),
		module_test(unloading_works_once_the_space_is_unlinked),
		module_test(unlinked_space_with_allocated_ids_blocks_until_it_is_closed),
		module_test(unloading_works_after_a_holder_was_killed),
		module_test(space_is_gone_after_loading_again),
		module_test(module_is_loaded_used_and_unloaded_many_times),
		module_test(module_is_unloaded_while_others_open_the_device),
	};

	return harness_run(tests);
}
