// SPDX-License-Identifier: GPL-2.0-only
/* Attributes in sysfs: their values, and that they come and go with the space's name. */
#include <dirent.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "files.h"

static struct lockmgr_space_info info_of(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);

	return info;
}

static bool is_there(const char *path)
{
	struct stat status;

	if (!stat(path, &status))
		return true;
	assert_int_equal(errno, ENOENT);

	return false;
}

/* ------------------------------------------------------------------------
 * The device
 */

static unsigned long device_number(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICE_DIRECTORY "/%s", name);

	return strtoul(line_of(path), NULL, 10);
}

static void version_is_that_of_the_module(void **state)
{
	char *version = strdup(line_of("/sys/module/lockmgr/version"));

	(void)state;
	assert_non_null(version);
	assert_string_equal(line_of(DEVICE_DIRECTORY "/version"), version);
	free(version);
}

static void features_are_words(void **state)
{
	(void)state;
	assert_string_equal(line_of(DEVICE_DIRECTORY "/features"),
			    "deadlock map process_end interruptible notes");
}

static void device_is_reached_by_its_class_too(void **state)
{
	(void)state;
	space_open();
	assert_true(is_there("/sys/class/misc/lockmgr/spaces"));
	assert_true(is_there("/sys/class/misc/lockmgr/nr_spaces"));
}

static void device_counts_spaces_and_clients(void **state)
{
	unsigned long spaces = device_number("nr_spaces"), clients = device_number("nr_clients");
	struct lockmgr *first = space_open(), *second = space_open();

	(void)state;
	assert_int_equal(device_number("nr_spaces"), spaces + 1);
	assert_int_equal(device_number("nr_clients"), clients + 2);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_int_equal(device_number("nr_spaces"), spaces);
	assert_int_equal(device_number("nr_clients"), clients + 2);
	space_close(first);
	space_close(second);
	assert_int_equal(device_number("nr_clients"), clients);
}

static void failed_attempts_count_for_nothing(void **state)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	unsigned long spaces = device_number("nr_spaces"), clients = device_number("nr_clients");
	struct lockmgr *mgr;

	(void)state;
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), -ENOENT);
	opts.flags = LOCKMGR_OPEN_CREATE;
	opts.capacity = LOCKMGR_CAPACITY_MAX + 1;
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), -EINVAL);
	assert_int_equal(device_number("nr_spaces"), spaces);
	assert_int_equal(device_number("nr_clients"), clients);
}

/* ------------------------------------------------------------------------
 * The files of a space
 */

static void directory_has_these_files_and_no_others(void **state)
{
	size_t count = 0, i;
	struct dirent *entry;
	const char *const directories[] = { "", "stats" };

	(void)state;
	space_open();
	for (i = 0; i < ARRAY_SIZE(space_files); i++)
		assert_true(is_there(own_path(space_files[i])));
	for (i = 0; i < ARRAY_SIZE(directories); i++) {
		DIR *directory = opendir(own_path(directories[i]));

		assert_non_null(directory);
		while ((entry = readdir(directory)))
			count += entry->d_type == DT_REG;
		closedir(directory);
	}
	assert_int_equal(count, ARRAY_SIZE(space_files));
}

static void every_file_is_one_line(void **state)
{
	size_t i;

	(void)state;
	space_open();
	for (i = 0; i < ARRAY_SIZE(space_files); i++)
		line_of(own_path(space_files[i]));
}

static void identity_is_that_of_the_space(void **state)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	char generation[32];

	(void)state;
	opts.flags = LOCKMGR_OPEN_CREATE;
	opts.group = 2000;
	opts.mode = 0640;
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), 0);
	snprintf(generation, sizeof(generation), "%016llx",
		 (unsigned long long)info_of(mgr).generation);
	lockmgr_close(mgr);

	assert_int_equal(number_of("owner"), geteuid());
	assert_int_equal(number_of("group"), 2000);
	assert_string_equal(line_of(own_path("mode")), "0640");
	assert_string_equal(line_of(own_path("generation")), generation);
}

static void numbers_of_ids_follow_allocations(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 100);
	uint32_t id;

	(void)state;
	assert_int_equal(number_of("available"), 100);
	assert_int_equal(lockmgr_allocate(mgr, &id), 0);
	assert_int_equal(lockmgr_allocate(mgr, &id), 0);
	assert_int_equal(number_of("allocated"), 2);
	assert_int_equal(number_of("available"), 98);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);
	assert_int_equal(number_of("capacity"), 10);
	assert_int_equal(number_of("available"), 8);
}

static void clients_are_counted_until_they_are_gone(void **state)
{
	struct agent *agent = agent_new();

	(void)state;
	space_open();
	assert_int_equal(number_of("clients"), 2);
	agent_kill(agent);
	assert_int_equal(number_of("clients"), 1);
}

/* The ids are far from each other, so that records of several pages are counted. */
static void held_locks_are_counted_wherever_they_are(void **state)
{
	static const uint32_t ids[] = { 0, 1, 255, 256, 70000, LOCKMGR_CAPACITY_MAX - 1 };
	struct lockmgr *mgr = space_open();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_int_equal(lockmgr_lock(mgr, ids[i]), 0);
		assert_int_equal(number_of("held"), i + 1);
	}
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_int_equal(lockmgr_unlock(mgr, ids[i]), 0);
		assert_int_equal(number_of("held"), ARRAY_SIZE(ids) - i - 1);
	}
}

static void locks_of_the_dead_are_not_held(void **state)
{
	struct agent *agent = agent_new();

	(void)state;
	space_open();
	assert_int_equal(agent_call(agent, agent_lock, 3), 0);
	assert_int_equal(number_of("held"), 1);
	agent_kill(agent);
	assert_int_equal(number_of("held"), 0);
}

static void space_without_clients_holds_nothing(void **state)
{
	(void)state;
	space_close(space_open());
	assert_int_equal(number_of("held"), 0);
	assert_int_equal(number_of("clients"), 0);
}

static void waiting_threads_are_counted_over_all_locks(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *last;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	assert_int_equal(lockmgr_lock(mgr, 2), 0);
	agent_start(agent_new(), agent_lock, 1);
	agent_start(agent_new(), agent_lock, 1);
	last = agent_new();
	agent_start(last, agent_lock, 2);
	wait_for_waiters(mgr, 1, 2);
	wait_for_waiters(mgr, 2, 1);
	assert_int_equal(number_of("waiting"), 3);
	assert_int_equal(lockmgr_unlock(mgr, 2), 0);
	assert_int_equal(agent_finish(last), 0);
	assert_int_equal(number_of("waiting"), 2);
}

/* ------------------------------------------------------------------------
 * Names
 */

static void directory_stays_when_the_clients_are_gone(void **state)
{
	(void)state;
	space_close(space_open());
	assert_true(is_there(own_path("")));
}

static void directory_goes_with_the_name(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_false(is_there(own_path("")));
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
}

static void name_given_again_has_the_files_of_the_new_space(void **state)
{
	struct lockmgr *old = space_open_with(LOCKMGR_OPEN_CREATE, 10);

	(void)state;
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	space_open_with(LOCKMGR_OPEN_CREATE, 20);
	assert_int_equal(number_of("capacity"), 20);
	space_close(old);
	assert_int_equal(number_of("capacity"), 20);
}

/* A file that was opened before does not show values of the new space of that name. */
static void open_file_ends_with_the_name(void **state)
{
	char text[64];
	int file;

	(void)state;
	space_open();
	file = open(own_path("capacity"), O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(file, -1);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	space_open();
	assert_int_equal(pread(file, text, sizeof(text), 0), -1);
	assert_int_equal(errno, ENODEV);
	close(file);
}

static void longest_name_has_a_directory(void **state)
{
	char name[LOCKMGR_SPACE_NAME_SIZE];
	struct lockmgr *mgr;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(lockmgr_open(&mgr, name, NULL), 0);
	assert_true(is_there(path_of(geteuid(), name, "stats/deadlocks")));
	lockmgr_close(mgr);
	assert_int_equal(lockmgr_unlink(name, NULL), 0);
}

/* ------------------------------------------------------------------------
 * Many at once
 */

#define NAMERS		4
#define ROUNDS		300

/* How many rounds all namers together have done. */
static atomic_long *progress;

/* Create and unlink a space of the same name as all other namers, at the same time. */
static long do_name(struct lockmgr **mgr, long rounds)
{
	struct lockmgr *again;
	int ret;

	(void)mgr;
	while (rounds--) {
		ret = lockmgr_open(&again, space_name(), NULL);
		if (ret)
			return ret;
		ret = lockmgr_unlink(space_name(), NULL);
		if (ret && ret != -ENOENT)
			return ret;
		lockmgr_close(again);
		atomic_fetch_add(progress, 1);
	}

	return 0;
}

/* Reads the files that exist, until all rounds are done; returns how many it could read. */
static long do_read_all(struct lockmgr **mgr, long rounds)
{
	char text[4096];
	long seen = 0;
	size_t i;

	(void)mgr;
	while (atomic_load(progress) < rounds) {
		for (i = 0; i < ARRAY_SIZE(space_files); i++) {
			long ret = file_text(own_path(space_files[i]), text, sizeof(text));

			if (ret > 0)
				seen++;
			else if (ret != -ENOENT && ret != -ENODEV)
				return ret;
		}
	}

	return seen;
}

static void one_name_is_given_and_taken_by_many_while_others_read(void **state)
{
	long rounds = ROUNDS * NAMERS;
	struct agent *namers[NAMERS], *reader;
	int i;

	(void)state;
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(progress, MAP_FAILED);
	reader = agent_new_as(0, 0, 0, NULL);
	agent_start(reader, do_read_all, rounds);
	for (i = 0; i < NAMERS; i++) {
		namers[i] = agent_new_as(0, 0, 0, NULL);
		agent_start(namers[i], do_name, ROUNDS);
	}
	for (i = 0; i < NAMERS; i++)
		assert_int_equal(agent_finish(namers[i]), 0);
	assert_true(agent_finish(reader) >= 0);
	munmap(progress, sizeof(*progress));
	lockmgr_unlink(space_name(), NULL);
	assert_false(is_there(own_path("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(version_is_that_of_the_module),
		harness_test(features_are_words),
		harness_test(device_is_reached_by_its_class_too),
		harness_test(device_counts_spaces_and_clients),
		harness_test(failed_attempts_count_for_nothing),
		harness_test(directory_has_these_files_and_no_others),
		harness_test(every_file_is_one_line),
		harness_test(identity_is_that_of_the_space),
		harness_test(numbers_of_ids_follow_allocations),
		harness_test(clients_are_counted_until_they_are_gone),
		harness_test(held_locks_are_counted_wherever_they_are),
		harness_test(locks_of_the_dead_are_not_held),
		harness_test(space_without_clients_holds_nothing),
		harness_test(waiting_threads_are_counted_over_all_locks),
		harness_test(directory_stays_when_the_clients_are_gone),
		harness_test(directory_goes_with_the_name),
		harness_test(name_given_again_has_the_files_of_the_new_space),
		harness_test(open_file_ends_with_the_name),
		harness_test(longest_name_has_a_directory),
		harness_test(one_name_is_given_and_taken_by_many_while_others_read),
	};

	return harness_run(tests);
}
