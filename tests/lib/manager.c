// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening, closing and unlinking spaces: options, names, versions, and every error that
 * these functions are documented to return.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "worker.h"

#define CAPACITY_MAX	1048576
#define UNTOUCHED	((struct lockmgr *)0x5a5a)

static struct lockmgr_options options(uint32_t flags)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;

	opts.flags = flags;

	return opts;
}

/* Open the test's space, and close it again; returns the result of lockmgr_open(). */
static int try_open(const struct lockmgr_options *opts)
{
	struct lockmgr *mgr;
	int ret = lockmgr_open(&mgr, space_name(), opts);

	if (!ret)
		lockmgr_close(mgr);

	return ret;
}

static int try_open_flags(uint32_t flags)
{
	const struct lockmgr_options opts = options(flags);

	return try_open(&opts);
}

static int try_open_name(const char *name)
{
	struct lockmgr *mgr;
	int ret = lockmgr_open(&mgr, name, NULL);

	if (!ret)
		lockmgr_close(mgr);

	return ret;
}

static int try_open_device(const char *device)
{
	struct lockmgr_options opts = options(LOCKMGR_OPEN_CREATE);

	opts.device = device;

	return try_open(&opts);
}

static struct lockmgr_space_info info_of(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);

	return info;
}

static uint32_t allocate(struct lockmgr *mgr)
{
	uint32_t id;

	assert_int_equal(lockmgr_allocate(mgr, &id), 0);

	return id;
}

static int count_files(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) >= 0;

	return count;
}

/* ------------------------------------------------------------------------
 * Open
 */

static void open_without_options_makes_a_private_space_of_the_caller(void **state)
{
	struct lockmgr *mgr;
	struct lockmgr_space_info info;

	(void)state;
	assert_int_equal(lockmgr_open(&mgr, space_name(), NULL), 0);
	info = info_of(mgr);
	lockmgr_close(mgr);

	assert_string_equal(info.name, space_name());
	assert_int_equal(info.owner, geteuid());
	assert_int_equal(info.group, getegid());
	assert_int_equal(info.mode, 0600);
	assert_int_equal(info.capacity, CAPACITY_MAX);
	assert_int_equal(info.allocated, 0);
	assert_int_equal(info.clients, 1);
	assert_int_equal(info.flags, 0);
}

static void open_with_options_makes_the_space_as_they_say(void **state)
{
	struct lockmgr_options opts = options(LOCKMGR_OPEN_CREATE);
	struct lockmgr *mgr;
	struct lockmgr_space_info info;

	(void)state;
	opts.capacity = 4711;
	opts.mode = 0640;
	opts.group = 12345;
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), 0);
	info = info_of(mgr);
	lockmgr_close(mgr);

	assert_int_equal(info.capacity, 4711);
	assert_int_equal(info.mode, 0640);
	assert_int_equal(info.group, 12345);
	assert_int_equal(info.owner, geteuid());
}

static void open_again_finds_the_same_space(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open();

	(void)state;
	assert_int_equal(info_of(mgr).generation, info_of(other).generation);
	assert_int_equal(info_of(mgr).clients, 2);
	allocate(mgr);
	assert_int_equal(lockmgr_retrieve(other, 0), 1);
}

static void open_of_an_existing_space_does_not_change_it(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 10);
	struct lockmgr_options opts = options(LOCKMGR_OPEN_CREATE);

	(void)state;
	opts.capacity = 20;
	opts.mode = 0666;
	assert_int_equal(try_open(&opts), 0);

	assert_int_equal(info_of(mgr).capacity, 10);
	assert_int_equal(info_of(mgr).mode, 0600);
}

static void open_of_a_missing_space_returns_enoent(void **state)
{
	(void)state;
	assert_int_equal(try_open_flags(0), -ENOENT);
	assert_int_equal(try_open_flags(LOCKMGR_OPEN_READONLY), -ENOENT);
	assert_int_equal(try_open_flags(LOCKMGR_OPEN_WRITEONLY), -ENOENT);
}

static void open_without_create_finds_an_existing_space(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open_with(0, 0);

	(void)state;
	assert_int_equal(info_of(mgr).generation, info_of(other).generation);
}

static void open_exclusive_of_a_missing_space_makes_it(void **state)
{
	(void)state;
	assert_int_equal(try_open_flags(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL), 0);
	assert_int_equal(try_open_flags(0), 0);
}

static void open_exclusive_of_an_existing_space_returns_eexist(void **state)
{
	(void)state;
	space_open();

	assert_int_equal(try_open_flags(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL), -EEXIST);
}

static void open_exclusive_of_a_space_without_clients_returns_eexist(void **state)
{
	(void)state;
	space_close(space_open());

	assert_int_equal(try_open_flags(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL), -EEXIST);
}

static void space_outlives_its_clients(void **state)
{
	struct lockmgr *mgr = space_open();
	uint64_t generation = info_of(mgr).generation;

	(void)state;
	allocate(mgr);
	space_close(mgr);
	mgr = space_open();

	assert_int_equal(info_of(mgr).generation, generation);
	assert_int_equal(info_of(mgr).allocated, 1);
}

static void failed_open_leaves_the_handle_alone(void **state)
{
	const struct lockmgr_options opts = options(0);
	struct lockmgr *mgr = UNTOUCHED;

	(void)state;
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), -ENOENT);

	assert_ptr_equal(mgr, UNTOUCHED);
}

static void failed_open_leaves_no_file_open(void **state)
{
	int files = count_files();

	(void)state;
	assert_int_equal(try_open_flags(0), -ENOENT);
	assert_int_equal(try_open_name(".hidden"), -EINVAL);
	assert_int_equal(try_open_device("/dev/null"), -EPROTONOSUPPORT);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), -ENOENT);

	assert_int_equal(count_files(), files);
}

static void open_with_unfit_flags_returns_einval(void **state)
{
	(void)state;
	assert_int_equal(try_open_flags(LOCKMGR_OPEN_EXCL), -EINVAL);
	assert_int_equal(try_open_flags(LOCKMGR_OPEN_READONLY | LOCKMGR_OPEN_CREATE), -EINVAL);
	assert_int_equal(try_open_flags(LOCKMGR_OPEN_READONLY | LOCKMGR_OPEN_WRITEONLY), -EINVAL);
	assert_int_equal(try_open_flags(LOCKMGR_OPEN_CREATE | 1U << 7), -EINVAL);
	assert_int_equal(try_open_flags(LOCKMGR_OPEN_CREATE | 1U << 31), -EINVAL);
}

static void open_with_unfit_mode_returns_einval(void **state)
{
	struct lockmgr_options opts = options(LOCKMGR_OPEN_CREATE);

	(void)state;
	opts.mode = 01000;
	assert_int_equal(try_open(&opts), -EINVAL);
	opts.mode = S_IFREG | 0600;
	assert_int_equal(try_open(&opts), -EINVAL);
	opts.mode = 0777;
	assert_int_equal(try_open(&opts), 0);
}

static void open_with_unfit_capacity_returns_einval(void **state)
{
	struct lockmgr_options opts = options(LOCKMGR_OPEN_CREATE);

	(void)state;
	opts.capacity = CAPACITY_MAX + 1;
	assert_int_equal(try_open(&opts), -EINVAL);
	opts.capacity = UINT32_MAX;
	assert_int_equal(try_open(&opts), -EINVAL);
	opts.capacity = CAPACITY_MAX;
	assert_int_equal(try_open(&opts), 0);
}

static void open_with_null_returns_einval(void **state)
{
	(void)state;
	assert_int_equal(lockmgr_open(NULL, space_name(), NULL), -EINVAL);
	assert_int_equal(try_open_name(NULL), -EINVAL);
	assert_int_equal(lockmgr_unlink(NULL, NULL), -EINVAL);
}

/* The options of a program of tomorrow, which has a longer struct. */
struct long_options {
	struct lockmgr_options known;
	uint64_t unknown;
};

static void open_with_options_of_unfit_size_returns_einval(void **state)
{
	struct lockmgr_options opts = options(LOCKMGR_OPEN_CREATE);
	const uint32_t sizes[] = { 0, 1, sizeof(opts) - 1, 1U << 20, UINT32_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		opts.size = sizes[i];
		assert_int_equal(try_open(&opts), -EINVAL);
		assert_int_equal(lockmgr_unlink(space_name(), &opts), -EINVAL);
	}
}

static void open_with_longer_options_takes_zeros_only(void **state)
{
	struct long_options opts = { .known = options(LOCKMGR_OPEN_CREATE) };

	(void)state;
	opts.known.size = sizeof(opts);
	opts.unknown = 1;
	assert_int_equal(try_open(&opts.known), -EINVAL);
	opts.unknown = 0;
	assert_int_equal(try_open(&opts.known), 0);
}

/* ------------------------------------------------------------------------
 * Devices
 */

static void missing_device_returns_enodev(void **state)
{
	struct lockmgr_options opts = options(0);
	struct lockmgr_module_info info = { .size = sizeof(info) };

	(void)state;
	opts.device = "/dev/lockmgr-missing";
	assert_int_equal(try_open(&opts), -ENODEV);
	assert_int_equal(lockmgr_unlink(space_name(), &opts), -ENODEV);
	assert_int_equal(lockmgr_module(opts.device, &info), -ENODEV);
	assert_int_equal(try_open_device("/dev/null/lockmgr"), -ENODEV);
}

static void other_device_returns_eprotonosupport(void **state)
{
	struct lockmgr_options opts = options(0);
	struct lockmgr_module_info info = { .size = sizeof(info) };

	(void)state;
	opts.device = "/dev/null";
	assert_int_equal(try_open(&opts), -EPROTONOSUPPORT);
	assert_int_equal(lockmgr_unlink(space_name(), &opts), -EPROTONOSUPPORT);
	assert_int_equal(lockmgr_module(opts.device, &info), -EPROTONOSUPPORT);
}

static void what_is_no_device_returns_eprotonosupport(void **state)
{
	(void)state;
	assert_int_equal(try_open_device("/"), -EPROTONOSUPPORT);
	assert_int_equal(try_open_device("/proc/self/exe"), -EPROTONOSUPPORT);
}

static void fifo_in_place_of_the_device_does_not_block(void **state)
{
	char fifo[64];
	int ret;

	(void)state;
	snprintf(fifo, sizeof(fifo), "/tmp/lockmgr-test-%d", getpid());
	assert_int_equal(mkfifo(fifo, 0600), 0);
	ret = try_open_device(fifo);
	unlink(fifo);

	assert_int_equal(ret, -EPROTONOSUPPORT);
}

static void device_of_another_path_is_the_same(void **state)
{
	(void)state;
	space_open();

	assert_int_equal(try_open_device("/dev/../dev/lockmgr"), 0);
}

static void no_free_descriptor_returns_emfile(void **state)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };
	struct rlimit old, none;
	int open_result, unlink_result, module_result;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	open_result = try_open(NULL);
	unlink_result = lockmgr_unlink(space_name(), NULL);
	module_result = lockmgr_module(NULL, &info);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);

	assert_int_equal(open_result, -EMFILE);
	assert_int_equal(unlink_result, -EMFILE);
	assert_int_equal(module_result, -EMFILE);
}

/* ------------------------------------------------------------------------
 * Names
 */

/* A name of that length that no other test uses. */
static const char *name_of_length(size_t length)
{
	static char name[256];

	assert_true(length < sizeof(name));
	memset(name, 'n', length);
	name[length] = '\0';

	return name;
}

static void assert_name_works(const char *name)
{
	struct lockmgr *mgr;

	assert_int_equal(lockmgr_open(&mgr, name, NULL), 0);
	assert_string_equal(info_of(mgr).name, name);
	lockmgr_close(mgr);
	assert_int_equal(lockmgr_unlink(name, NULL), 0);
}

static void assert_name_is_refused(const char *name)
{
	assert_int_equal(try_open_name(name), -EINVAL);
	assert_int_equal(lockmgr_unlink(name, NULL), -EINVAL);
}

static void names_of_1_to_63_characters_work(void **state)
{
	(void)state;
	assert_name_works(name_of_length(1));
	assert_name_works(name_of_length(2));
	assert_name_works(name_of_length(62));
	assert_name_works(name_of_length(63));
}

static void empty_name_returns_einval(void **state)
{
	(void)state;
	assert_name_is_refused("");
}

static void names_of_64_characters_and_more_return_einval(void **state)
{
	(void)state;
	assert_name_is_refused(name_of_length(64));
	assert_name_is_refused(name_of_length(65));
	assert_name_is_refused(name_of_length(255));
}

static bool is_allowed(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static void each_allowed_character_works(void **state)
{
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		const char name[] = { 'a', c, 'z', '\0' };

		if (is_allowed(c))
			assert_name_works(name);
	}
}

static void each_forbidden_character_returns_einval(void **state)
{
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		const char in_front[] = { c, 'a', '\0' };
		const char inside[] = { 'a', c, 'z', '\0' };
		const char at_the_end[] = { 'a', c, '\0' };

		if (is_allowed(c))
			continue;
		assert_name_is_refused(in_front);
		assert_name_is_refused(inside);
		assert_name_is_refused(at_the_end);
	}
}

static void dot_in_front_returns_einval(void **state)
{
	(void)state;
	assert_name_is_refused(".");
	assert_name_is_refused("..");
	assert_name_is_refused(".a");
}

static void other_marks_in_front_work(void **state)
{
	(void)state;
	assert_name_works("-");
	assert_name_works("_");
	assert_name_works("--help");
	assert_name_works("0");
	assert_name_works("a.");
}

static void names_differ_by_case(void **state)
{
	(void)state;
	assert_int_equal(try_open_name("Case"), 0);

	assert_int_equal(lockmgr_unlink("case", NULL), -ENOENT);
	assert_int_equal(lockmgr_unlink("Case", NULL), 0);
}

static void name_that_begins_as_another_is_another(void **state)
{
	char longer[LOCKMGR_SPACE_NAME_SIZE + 1];

	(void)state;
	space_open();
	snprintf(longer, sizeof(longer), "%s0", space_name());

	assert_int_equal(lockmgr_unlink(longer, NULL), -ENOENT);
}

/* ------------------------------------------------------------------------
 * Unlink
 */

static void unlink_removes_the_name(void **state)
{
	(void)state;
	space_open();
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);

	assert_int_equal(try_open_flags(0), -ENOENT);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), -ENOENT);
}

static void unlink_of_a_missing_space_returns_enoent(void **state)
{
	(void)state;
	assert_int_equal(lockmgr_unlink(space_name(), NULL), -ENOENT);
}

static void unlink_is_seen_by_those_who_have_it_open(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(info_of(mgr).flags, 0);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);

	assert_int_equal(info_of(mgr).flags, LOCKMGR_SPACE_IS_UNLINKED);
	assert_string_equal(info_of(mgr).name, space_name());
}

static void unlinked_space_goes_on_for_those_who_have_it(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);

	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
	assert_int_equal(allocate(mgr), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);
	agent_kill(agent);
	assert_int_equal(lockmgr_lock(mgr, 0), LOCKMGR_OWNER_DIED);
}

static void space_made_after_unlink_is_another(void **state)
{
	struct lockmgr *old = space_open();
	struct lockmgr *new;

	(void)state;
	allocate(old);
	assert_int_equal(lockmgr_lock(old, 0), 0);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	new = space_open_with(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL, 0);

	assert_int_not_equal(info_of(new).generation, info_of(old).generation);
	assert_int_equal(lockmgr_retrieve(new, 0), 0);
	assert_int_equal(lockmgr_trylock(new, 0), 0);
	assert_int_equal(info_of(old).clients, 1);
	assert_int_equal(info_of(new).clients, 1);
}

static void generation_is_random(void **state)
{
	uint64_t generations[8];
	size_t i, j;

	(void)state;
	for (i = 0; i < 8; i++) {
		struct lockmgr *mgr = space_open();

		generations[i] = info_of(mgr).generation;
		space_close(mgr);
		assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	}

	for (i = 0; i < 8; i++)
		for (j = 0; j < i; j++)
			assert_true(generations[i] >> 32 != generations[j] >> 32 &&
				    (uint32_t)generations[i] != (uint32_t)generations[j]);
}

static void unlink_of_a_space_with_allocated_ids_forgets_them(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	allocate(mgr);
	space_close(mgr);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);

	assert_int_equal(allocate(space_open()), 0);
}

/* ------------------------------------------------------------------------
 * Read-only and write-only
 */

static void readonly_handle_can_inspect(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *viewer = space_open_with(LOCKMGR_OPEN_READONLY, 0);
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	uint32_t available;
	size_t count;

	(void)state;
	allocate(mgr);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(info_of(viewer).allocated, 1);
	assert_int_equal(lockmgr_available(viewer, &available), 0);
	assert_int_equal(lockmgr_retrieve(viewer, 0), 1);
	assert_int_equal(lockmgr_held(viewer, NULL, 0, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(lock_info(viewer, 0).pid, getpid());
	assert_int_equal(lockmgr_list_waiters(viewer, 0, &cursor, &waiter, 1, &count), 0);
}

static void readonly_handle_that_uses_the_space_returns_ebadf(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *viewer = space_open_with(LOCKMGR_OPEN_READONLY, 0);
	struct timespec deadline = deadline_in(0);
	uint32_t id;

	(void)state;
	assert_int_equal(lockmgr_lock(viewer, 0), -EBADF);
	assert_int_equal(lockmgr_trylock(viewer, 0), -EBADF);
	assert_int_equal(lockmgr_timedlock(viewer, 0, &deadline), -EBADF);
	assert_int_equal(lockmgr_unlock(viewer, 0), -EBADF);
	assert_int_equal(lockmgr_allocate(viewer, &id), -EBADF);
	assert_int_equal(lockmgr_allocate_id(viewer, 0), -EBADF);
	assert_int_equal(lockmgr_free(viewer, 0), -EBADF);
	assert_int_equal(lockmgr_free_all(viewer), -EBADF);
	assert_int_equal(lockmgr_set_capacity(viewer, 10), -EBADF);

	assert_int_equal(info_of(mgr).allocated, 0);
	assert_int_equal(info_of(mgr).capacity, CAPACITY_MAX);
}

static void writeonly_handle_can_use_the_space(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_WRITEONLY, 0);

	(void)state;
	assert_int_equal(allocate(mgr), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_free(mgr, 0), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, 10), 0);
}

static void writeonly_handle_that_lists_returns_ebadf(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_WRITEONLY, 0);
	struct lockmgr_waiter_info waiter;
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, &lock, 1, &count),
			 -EBADF);
	assert_int_equal(lockmgr_list_waiters(mgr, 0, &cursor, &waiter, 1, &count), -EBADF);
	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), -EBADF);
}

/* ------------------------------------------------------------------------
 * Versions and facts
 */

static void module_has_the_librarys_version(void **state)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };
	char version[64];

	(void)state;
	assert_int_equal(lockmgr_module(NULL, &info), 0);

	snprintf(version, sizeof(version), "%u.%u.%u", info.major, info.minor, info.patch);
	assert_string_equal(version, lockmgr_version());
	assert_int_equal(info.size, sizeof(info));
}

static void module_detects_deadlocks(void **state)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(lockmgr_module(NULL, &info), 0);

	assert_int_equal(info.features, LOCKMGR_HAS_DEADLOCK | LOCKMGR_HAS_MAP |
						LOCKMGR_HAS_PROCESS_END |
						LOCKMGR_HAS_INTERRUPTIBLE |
						LOCKMGR_HAS_NOTES);
}

static void module_with_unfit_arguments_returns_einval(void **state)
{
	struct lockmgr_module_info info = { 0 };

	(void)state;
	assert_int_equal(lockmgr_module(NULL, NULL), -EINVAL);
	assert_int_equal(lockmgr_module(NULL, &info), -EINVAL);
	info.size = sizeof(info) - 1;
	assert_int_equal(lockmgr_module(NULL, &info), -EINVAL);
}

static void longer_structs_are_filled_with_zeros(void **state)
{
	struct {
		struct lockmgr_module_info known;
		uint64_t unknown;
	} module;
	struct {
		struct lockmgr_space_info known;
		uint64_t unknown;
	} space;

	(void)state;
	memset(&module, 0xff, sizeof(module));
	memset(&space, 0xff, sizeof(space));
	module.known.size = sizeof(module);
	space.known.size = sizeof(space);

	assert_int_equal(lockmgr_module(NULL, &module.known), 0);
	assert_int_equal(lockmgr_info(space_open(), &space.known), 0);
	assert_int_equal(module.unknown, 0);
	assert_int_equal(space.unknown, 0);
	assert_int_equal(space.known.clients, 1);
}

static void info_with_unfit_size_returns_einval(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_space_info info = { .size = sizeof(info) - 8 };

	(void)state;
	assert_int_equal(lockmgr_info(mgr, &info), -EINVAL);
	info.size = 0;
	assert_int_equal(lockmgr_info(mgr, &info), -EINVAL);
}

/* ------------------------------------------------------------------------
 * What holds for all functions
 */

static void null_arguments_return_einval(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_waiter_info waiter;
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_allocate(mgr, NULL), -EINVAL);
	assert_int_equal(lockmgr_available(mgr, NULL), -EINVAL);
	assert_int_equal(lockmgr_info(mgr, NULL), -EINVAL);
	assert_int_equal(lockmgr_held(mgr, NULL, 1, &count), -EINVAL);
	assert_int_equal(lockmgr_held(mgr, NULL, 0, NULL), -EINVAL);
	assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, NULL, &lock, 1, &count), -EINVAL);
	assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, NULL, 1, &count),
			 -EINVAL);
	assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, &lock, 1, NULL),
			 -EINVAL);
	assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, &lock, 0, &count),
			 -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, 0, NULL, &waiter, 1, &count), -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, 0, &cursor, NULL, 1, &count), -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, 0, &cursor, &waiter, 1, NULL), -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, 0, &cursor, &waiter, 0, &count), -EINVAL);
	assert_int_equal(info_of(mgr).allocated, 0);
}

static void null_handle_returns_einval(void **state)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct timespec deadline = deadline_in(0);
	struct lockmgr_waiter_info waiter;
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	uint32_t id;
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_set_capacity(NULL, 10), -EINVAL);
	assert_int_equal(lockmgr_allocate(NULL, &id), -EINVAL);
	assert_int_equal(lockmgr_allocate_id(NULL, 0), -EINVAL);
	assert_int_equal(lockmgr_retrieve(NULL, 0), -EINVAL);
	assert_int_equal(lockmgr_free(NULL, 0), -EINVAL);
	assert_int_equal(lockmgr_free_all(NULL), -EINVAL);
	assert_int_equal(lockmgr_available(NULL, &id), -EINVAL);
	assert_int_equal(lockmgr_held(NULL, NULL, 0, &count), -EINVAL);
	assert_int_equal(lockmgr_lock(NULL, 0), -EINVAL);
	assert_int_equal(lockmgr_trylock(NULL, 0), -EINVAL);
	assert_int_equal(lockmgr_timedlock(NULL, 0, &deadline), -EINVAL);
	assert_int_equal(lockmgr_unlock(NULL, 0), -EINVAL);
	assert_int_equal(lockmgr_info(NULL, &info), -EINVAL);
	assert_int_equal(lockmgr_list(NULL, LOCKMGR_LOCK_IS_HELD, &cursor, &lock, 1, &count),
			 -EINVAL);
	assert_int_equal(lockmgr_list_waiters(NULL, 0, &cursor, &waiter, 1, &count), -EINVAL);
	lockmgr_close(NULL);
}

static void errno_is_left_alone(void **state)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };
	struct timespec deadline = deadline_in(0);
	struct lockmgr *mgr;

	(void)state;
	errno = 4711;
	try_open_flags(0);
	assert_int_equal(errno, 4711);
	try_open_device("/dev/lockmgr-missing");
	assert_int_equal(errno, 4711);
	try_open_device("/dev/null");
	assert_int_equal(errno, 4711);
	lockmgr_module(NULL, &info);
	assert_int_equal(errno, 4711);
	lockmgr_unlink(space_name(), NULL);
	assert_int_equal(errno, 4711);
	assert_int_equal(lockmgr_open(&mgr, space_name(), NULL), 0);
	assert_int_equal(errno, 4711);
	lockmgr_lock(mgr, 0);
	lockmgr_trylock(mgr, 0);
	assert_int_equal(errno, 4711);
	lockmgr_timedlock(mgr, 0, &deadline);
	assert_int_equal(errno, 4711);
	lockmgr_unlock(mgr, 1);
	assert_int_equal(errno, 4711);
	lockmgr_free(mgr, 0);
	assert_int_equal(errno, 4711);
	lockmgr_close(mgr);
	assert_int_equal(errno, 4711);
}

/* ------------------------------------------------------------------------
 * Many handles
 */

#define MANY	1000

static void many_handles_of_one_process_work_side_by_side(void **state)
{
	static struct lockmgr *mgrs[MANY];
	const struct rlimit limit = { 4096, 4096 };
	struct lockmgr *mgr = space_open();
	int files = count_files();
	size_t count;
	uint32_t i;

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(lockmgr_open(&mgrs[i], space_name(), NULL), 0);
		assert_int_equal(lockmgr_lock(mgrs[i], i), 0);
	}
	assert_int_equal(info_of(mgr).clients, MANY + 1);
	assert_int_equal(lockmgr_unlock(mgrs[0], 1), -EPERM);
	/* Close them in a mixed order, because a handle has pointers to its neighbours. */
	for (i = 0; i < MANY; i++)
		lockmgr_close(mgrs[i * 7 % MANY]);

	assert_int_equal(info_of(mgr).clients, 1);
	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(count_files(), files);
	for (i = 0; i < MANY; i++)
		assert_int_equal(lockmgr_lock(mgr, i), LOCKMGR_OWNER_DIED);
}

static int open_and_close(struct lockmgr *unused, uint32_t rounds)
{
	int ret = 0;

	(void)unused;
	while (rounds-- && !ret)
		ret = try_open(NULL);

	return ret;
}

static void threads_can_open_and_close_at_once(void **state)
{
	struct lockmgr *mgr = space_open();
	struct worker *workers[8];
	int files = count_files();
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		workers[i] = worker_start(open_and_close, NULL, 100);
	for (i = 0; i < 8; i++)
		assert_int_equal(worker_finish(workers[i]), 0);

	assert_int_equal(info_of(mgr).clients, 1);
	assert_int_equal(count_files(), files);
}

/* Returns 1 if this call made the space. */
static int create(struct lockmgr *unused, uint32_t unused_too)
{
	int ret = try_open_flags(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL);

	(void)unused;
	(void)unused_too;

	if (ret == -EEXIST)
		return 0;

	return ret ? ret : 1;
}

static void one_of_those_who_create_at_once_makes_the_space(void **state)
{
	struct worker *workers[8];
	int round, made;
	size_t i;

	(void)state;
	for (round = 0; round < 20; round++) {
		made = 0;
		for (i = 0; i < 8; i++)
			workers[i] = worker_start(create, NULL, 0);
		for (i = 0; i < 8; i++)
			made += worker_finish(workers[i]);

		assert_int_equal(made, 1);
		assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(open_without_options_makes_a_private_space_of_the_caller),
		harness_test(open_with_options_makes_the_space_as_they_say),
		harness_test(open_again_finds_the_same_space),
		harness_test(open_of_an_existing_space_does_not_change_it),
		harness_test(open_of_a_missing_space_returns_enoent),
		harness_test(open_without_create_finds_an_existing_space),
		harness_test(open_exclusive_of_a_missing_space_makes_it),
		harness_test(open_exclusive_of_an_existing_space_returns_eexist),
		harness_test(open_exclusive_of_a_space_without_clients_returns_eexist),
		harness_test(space_outlives_its_clients),
		harness_test(failed_open_leaves_the_handle_alone),
		harness_test(failed_open_leaves_no_file_open),
		harness_test(open_with_unfit_flags_returns_einval),
		harness_test(open_with_unfit_mode_returns_einval),
		harness_test(open_with_unfit_capacity_returns_einval),
		harness_test(open_with_null_returns_einval),
		harness_test(open_with_options_of_unfit_size_returns_einval),
		harness_test(open_with_longer_options_takes_zeros_only),
		harness_test(missing_device_returns_enodev),
		harness_test(other_device_returns_eprotonosupport),
		harness_test(what_is_no_device_returns_eprotonosupport),
		harness_test(fifo_in_place_of_the_device_does_not_block),
		harness_test(device_of_another_path_is_the_same),
		harness_test(no_free_descriptor_returns_emfile),
		harness_test(names_of_1_to_63_characters_work),
		harness_test(empty_name_returns_einval),
		harness_test(names_of_64_characters_and_more_return_einval),
		harness_test(each_allowed_character_works),
		harness_test(each_forbidden_character_returns_einval),
		harness_test(dot_in_front_returns_einval),
		harness_test(other_marks_in_front_work),
		harness_test(names_differ_by_case),
		harness_test(name_that_begins_as_another_is_another),
		harness_test(unlink_removes_the_name),
		harness_test(unlink_of_a_missing_space_returns_enoent),
		harness_test(unlink_is_seen_by_those_who_have_it_open),
		harness_test(unlinked_space_goes_on_for_those_who_have_it),
		harness_test(space_made_after_unlink_is_another),
		harness_test(generation_is_random),
		harness_test(unlink_of_a_space_with_allocated_ids_forgets_them),
		harness_test(readonly_handle_can_inspect),
		harness_test(readonly_handle_that_uses_the_space_returns_ebadf),
		harness_test(writeonly_handle_can_use_the_space),
		harness_test(writeonly_handle_that_lists_returns_ebadf),
		harness_test(module_has_the_librarys_version),
		harness_test(module_detects_deadlocks),
		harness_test(module_with_unfit_arguments_returns_einval),
		harness_test(longer_structs_are_filled_with_zeros),
		harness_test(info_with_unfit_size_returns_einval),
		harness_test(null_arguments_return_einval),
		harness_test(null_handle_returns_einval),
		harness_test(errno_is_left_alone),
		harness_test(many_handles_of_one_process_work_side_by_side),
		harness_test(threads_can_open_and_close_at_once),
		harness_test(one_of_those_who_create_at_once_makes_the_space),
	};

	return harness_run(tests);
}
