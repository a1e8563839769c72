// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user without privileges, the greedy one, takes as much of everything as it can get: where
 * that ends, what it costs the kernel until then, and that another user notices nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define GREEDY_UID	1003
#define OTHER_UID	1002

#define PARAMETERS	"/sys/module/lockmgr/parameters/"
#define GROUP		"/sys/fs/cgroup/lockmgr-flood"

#define PAGE		4096L

/* Records in a page. */
#define PAGE_RECORDS	256

/* Ids in a leaf of the bitmap of allocated ids. */
#define LEAF_IDS	1024

#define MILLION		1048576U

/* The processors of the machine. */
#define PROCESSORS	2

/* What may be missing in charged(): each processor counts up to 64 pages before it reports them. */
#define LAG		(PROCESSORS * 64 * PAGE)

/* ------------------------------------------------------------------------
 * Limits, and the memory that is charged to the greedy user
 */

/**
 * struct limit - a parameter of the module
 * @path: its file
 * @saved: its value before the test
 */
struct limit {
	const char *path;
	char saved[32];
};

static struct limit spaces_per_user = { .path = PARAMETERS "spaces_per_user" };
static struct limit clients_per_space = { .path = PARAMETERS "clients_per_space" };
static struct limit locks_per_user = { .path = PARAMETERS "locks_per_user" };

static struct limit *const limits[] = { &spaces_per_user, &clients_per_space, &locks_per_user };

static void set_limit(const struct limit *limit, unsigned int value)
{
	char text[32];

	snprintf(text, sizeof(text), "%u", value);
	assert_int_equal(write_value(limit->path, text), 0);
}

/*
 * Kernel memory of the group, in bytes.  What memory.stat shows may be two seconds old.  Reading
 * cpu.stat makes the kernel add up what its processors have counted, up to Linux 6.15 also for
 * memory.stat.
 */
static long charged(void)
{
	static char text[16384];
	const char *line;

	read_value(GROUP "/cpu.stat", text, sizeof(text));
	read_value(GROUP "/memory.stat", text, sizeof(text));
	line = strstr(text, "\nkernel ");
	assert_non_null(line);

	return strtol(line + strlen("\nkernel "), NULL, 10);
}

static bool is_charged_less(void *bytes)
{
	return charged() < *(long *)bytes;
}

static void wait_for_charge_below(long bytes)
{
	wait_until(is_charged_less, &bytes, "the memory is given back");
}

static bool is_group_gone(void *unused)
{
	(void)unused;

	return !rmdir(GROUP) || errno == ENOENT;
}

static int setup(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		read_value(limits[i]->path, limits[i]->saved, sizeof(limits[i]->saved));
	if (mkdir(GROUP, 0755))
		return -1;

	return harness_setup(state);
}

static void unlink_all(void);

static int teardown(void **state)
{
	int ret = harness_teardown(state);
	size_t i;

	unlink_all();
	/* Processes that have ended may still be in it for a moment. */
	wait_until(is_group_gone, NULL, "the control group can be removed");
	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (write_value(limits[i]->path, limits[i]->saved))
			ret = -1;

	return ret;
}

#define flood_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

/* ------------------------------------------------------------------------
 * The two users
 */

#define HANDLES_MAX	4096

/* In the greedy user's process: its handles. */
static struct lockmgr *handles[HANDLES_MAX];
static unsigned int handle_count;

static const char *numbered_space(unsigned int number)
{
	static char name[LOCKMGR_SPACE_NAME_SIZE];

	snprintf(name, sizeof(name), "flood-%u", number);

	return name;
}

static void unlink_all(void)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	unsigned int i;

	opts.owner = OTHER_UID;
	lockmgr_unlink("other", &opts);
	opts.owner = GREEDY_UID;
	/* The spaces were made in this order. */
	for (i = 0; !lockmgr_unlink(numbered_space(i), &opts); i++)
		;
}

static long do_enter_group(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return write_value(GROUP "/cgroup.procs", "0");
}

static long do_become(struct lockmgr **mgr, long uid)
{
	(void)mgr;

	return setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ? -errno : 0;
}

/* The greedy user's process, in the group. */
static struct agent *greedy_new(void)
{
	struct agent *agent = agent_new_as(0, 0, 0, NULL);

	assert_int_equal(agent_call(agent, do_enter_group, 0), 0);
	assert_int_equal(agent_call(agent, do_become, GREEDY_UID), 0);

	return agent;
}

static long do_live(struct lockmgr **mgr, long unused)
{
	uint32_t id;
	int ret = lockmgr_open(mgr, "other", NULL);

	(void)unused;
	if (!ret)
		ret = lockmgr_allocate(*mgr, &id);
	if (!ret)
		ret = lockmgr_lock(*mgr, id);
	if (!ret)
		ret = lockmgr_unlock(*mgr, id);
	if (!ret)
		ret = lockmgr_free(*mgr, id);
	lockmgr_close(*mgr);
	*mgr = NULL;

	return ret ?: lockmgr_unlink("other", NULL);
}

/* Expect that another user can open, allocate, lock, unlock, free and unlink. */
static void expect_other_lives(void)
{
	struct agent *other = agent_new_as(OTHER_UID, OTHER_UID, 0, NULL);

	assert_int_equal(agent_call(other, do_live, 0), 0);
	agent_kill(other);
}

/* Open a space, and keep it; returns what lockmgr_open() does. */
static int open_and_keep(const char *space)
{
	int ret;

	if (handle_count == HANDLES_MAX)
		return -E2BIG;
	ret = lockmgr_open(&handles[handle_count], space, NULL);
	if (!ret)
		handle_count++;

	return ret;
}

static long do_count_handles(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return handle_count;
}

static long do_close_all(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;
	while (handle_count)
		lockmgr_close(handles[--handle_count]);

	return 0;
}

/* ------------------------------------------------------------------------
 * Files
 */

#define FILES	600

static long do_open_files(struct lockmgr **mgr, long files)
{
	const struct rlimit limit = { files, files };
	int ret = setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;

	(void)mgr;
	while (!ret)
		ret = open_and_keep(numbered_space(0));

	return ret;
}

static void files_end_in_emfile(void **state)
{
	struct agent *greedy = greedy_new();

	(void)state;
	assert_int_equal(agent_call(greedy, do_open_files, FILES), -EMFILE);
	assert_in_range(agent_call(greedy, do_count_handles, 0), FILES - 20, FILES);
	expect_other_lives();
}

static void open_file_costs_less_than_a_page(void **state)
{
	struct agent *greedy = greedy_new();
	long before = charged();

	(void)state;
	agent_call(greedy, do_open_files, FILES);
	assert_in_range(charged() - before, 0, FILES * PAGE + LAG);
	assert_int_equal(agent_call(greedy, do_close_all, 0), 0);
	wait_for_charge_below(before + LAG);
}

static long do_open_clients(struct lockmgr **mgr, long space)
{
	int ret;

	(void)mgr;
	do {
		ret = open_and_keep(numbered_space(space));
	} while (!ret);

	return ret;
}

static void clients_of_each_space_end_in_eusers(void **state)
{
	struct agent *greedy = greedy_new();
	long space;

	(void)state;
	set_limit(&clients_per_space, 100);
	for (space = 0; space < 5; space++) {
		assert_int_equal(agent_call(greedy, do_open_clients, space), -EUSERS);
		assert_int_equal(agent_call(greedy, do_count_handles, 0), (space + 1) * 100);
	}
	expect_other_lives();
}

/* ------------------------------------------------------------------------
 * Spaces
 */

/* Make spaces that stay, and go on trying when there is an error. */
static long do_make_spaces(struct lockmgr **mgr, long tries)
{
	long made = 0;
	int ret, last = 0;
	long i;

	for (i = 0; i < tries; i++) {
		ret = lockmgr_open(mgr, numbered_space(i), NULL);
		if (ret && ret != -EDQUOT)
			return ret;
		/* Once refused, always refused. */
		if (last && !ret)
			return -EPROTO;
		last = ret;
		made += !ret;
		lockmgr_close(ret ? NULL : *mgr);
	}
	*mgr = NULL;

	return made;
}

/* @count, or fewer on a kernel that checks itself, where each takes several times as long. */
static long unless_watched(long count)
{
	return kernel_watches_itself() ? (long)scaled(count) : count;
}

/* The default limit; on a kernel that checks itself, a lower one, which is set. */
static long limit_of_spaces(void)
{
	long limit = unless_watched(1024);

	if (limit < 1024)
		set_limit(&spaces_per_user, limit);

	return limit;
}

static void spaces_end_in_edquot(void **state)
{
	struct agent *greedy = greedy_new();
	long limit = limit_of_spaces();

	(void)state;
	assert_int_equal(agent_call(greedy, do_make_spaces, limit + 76), limit);
	expect_other_lives();
}

/* Two pages in a plain kernel; in one that checks its locks, locks are larger. */
static void space_costs_less_than_five_pages(void **state)
{
	struct agent *greedy = greedy_new();
	long before = charged(), spaces;

	(void)state;
	spaces = agent_call(greedy, do_make_spaces, limit_of_spaces());
	assert_in_range(charged() - before, 0, spaces * 5 * PAGE + LAG);
	unlink_all();
	wait_for_charge_below(before + LAG);
}

/* ------------------------------------------------------------------------
 * The greedy user with the subordinate ids that every user has
 */

#define SUBORDINATES		200000
#define SUBORDINATE_IDS		1100

/* Root of a user namespace that has all of the greedy user's ids. */
static struct agent *greedy_in_namespace(void)
{
	struct agent *greedy = greedy_new();
	char path[64], map[128];

	assert_int_equal(agent_call(greedy, agent_unshare, CLONE_NEWUSER), 0);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", agent_pid(greedy));
	snprintf(map, sizeof(map), "0 %d 1\n1 %d %d\n", GREEDY_UID, SUBORDINATES,
		 SUBORDINATE_IDS);
	assert_int_equal(write_value(path, map), 0);

	return greedy;
}

/* As each id, try to make two spaces; returns how many there are. */
static long do_make_as_each(struct lockmgr **mgr, long ids)
{
	long made = 0, ret, id;

	for (id = 1; id <= ids; id++) {
		setfsuid(id);
		ret = do_make_spaces(mgr, 2);
		setfsuid(0);
		if (ret < 0)
			return ret;
		made += ret;
	}

	return made;
}

static void unlink_of_subordinates(void)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	unsigned int i = 0;

	/* The spaces were made in this order. */
	do
		opts.owner = SUBORDINATES + i / 2;
	while (!lockmgr_unlink(numbered_space(i++ % 2), &opts));
}

/* The slab memory of the whole system, in bytes. */
static long slab(void)
{
	static char text[8192];
	const char *line;

	read_value("/proc/meminfo", text, sizeof(text));
	line = strstr(text, "\nSlab:");
	assert_non_null(line);

	return strtol(line + strlen("\nSlab:"), NULL, 10) * 1024;
}

static long charged_slab(void)
{
	static char text[16384];
	const char *line;

	read_value(GROUP "/memory.stat", text, sizeof(text));
	line = strstr(text, "\nslab ");
	assert_non_null(line);

	return strtol(line + strlen("\nslab "), NULL, 10);
}

/* Memory that the rest of the system may allocate meanwhile, or that slabs leave unused. */
#define NOISE	(2048 * 1024L)

/*
 * A thousand subordinate ids get no more spaces than one user.  That also bounds the memory of
 * the spaces' directories in sysfs, which is charged to nobody.
 */
static void subordinate_ids_end_in_edquot_as_one_user(void **state)
{
	struct agent *greedy = greedy_in_namespace();
	long limit = limit_of_spaces();
	long all = slab(), group = charged_slab(), made;

	(void)state;
	made = agent_call(greedy, do_make_as_each,
			  unless_watched(SUBORDINATE_IDS));
	all = slab() - all;
	group = charged_slab() - group;
	expect_other_lives();
	unlink_of_subordinates();

	assert_int_equal(made, limit);
	printf("# %ld spaces: %ld KiB, of which %ld KiB are charged to the group\n", made,
	       all / 1024, group / 1024);
	fflush(stdout);
	/* In a kernel that checks memory, objects are larger, and come with others. */
	if (access("/sys/kernel/debug/kmemleak", F_OK))
		assert_in_range(all - group, 0, made * PAGE + NOISE);
}

static void subordinate_ids_leave_room_for_their_user(void **state)
{
	struct agent *greedy = greedy_in_namespace();
	long made;

	(void)state;
	set_limit(&spaces_per_user, 20);
	made = agent_call(greedy, do_make_as_each, 30);
	unlink_of_subordinates();
	assert_int_equal(made, 20);
	assert_int_equal(agent_call(greedy_new(), do_make_spaces, 30), 20);
}

/* ------------------------------------------------------------------------
 * Ids and records in many spaces
 */

#define MANY_SPACES	20
#define MANY_LOCKS	4096

/*
 * In each space, allocate an id in each leaf, and lock a lock in each page of records.  Returns
 * how many spaces have refused an id, plus how many have refused a lock.
 */
static long do_take_all(struct lockmgr **mgr, long spaces)
{
	long refused = 0, i;

	(void)mgr;
	for (i = 0; i < spaces; i++) {
		struct lockmgr *space;
		uint32_t id;
		int ret = open_and_keep(numbered_space(i));

		if (ret)
			return ret;
		space = handles[handle_count - 1];
		for (id = 0; id < MILLION; id += LEAF_IDS)
			ret = lockmgr_allocate_id(space, id) ?: ret;
		refused += ret == -EDQUOT;
		ret = 0;
		for (id = 0; id < MILLION; id += PAGE_RECORDS)
			ret = lockmgr_trylock(space, id) ?: ret;
		refused += ret == -EDQUOT;
	}

	return refused;
}

static long do_count_taken(struct lockmgr **mgr, long unused)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	long sum = 0;
	unsigned int i;

	(void)mgr;
	(void)unused;
	for (i = 0; i < handle_count; i++)
		sum += lockmgr_info(handles[i], &info) ?: (long)info.allocated;

	return sum;
}

/*
 * The ids of the first spaces use up the limit, and those of all later ones are refused.
 * Records, of which each space has one page free of charge, are refused in every space.
 */
static void ids_and_records_end_in_edquot(void **state)
{
	struct agent *greedy = greedy_new();
	long ids_refused = MANY_SPACES - MANY_LOCKS / (MILLION / LEAF_IDS);

	(void)state;
	set_limit(&locks_per_user, MANY_LOCKS);
	assert_int_equal(agent_call(greedy, do_take_all, MANY_SPACES), MANY_SPACES + ids_refused);
	assert_int_equal(agent_call(greedy, do_count_taken, 0), MANY_LOCKS);
	expect_other_lives();
}

/*
 * The most that this can cost: for each id a leaf of 128 bytes, and as much again for its share
 * of the tree of leaves and of the kernel's accounts; the pages of records that count towards
 * the limit, and one more for each space; and the spaces and their clients.
 */
static void ids_and_records_cost_no_more_than_they_are_charged_for(void **state)
{
	struct agent *greedy = greedy_new();
	long pages = MANY_LOCKS / PAGE_RECORDS + MANY_SPACES;
	long most = MANY_LOCKS * 256 + pages * (PAGE + 2 * 1024) + MANY_SPACES * 4 * PAGE;
	long before = charged();

	(void)state;
	set_limit(&locks_per_user, MANY_LOCKS);
	agent_call(greedy, do_take_all, MANY_SPACES);
	assert_in_range(charged() - before, MANY_LOCKS * 128, most + LAG);
	assert_int_equal(agent_call(greedy, do_close_all, 0), 0);
	unlink_all();
	wait_for_charge_below(before + LAG);
}

/* ------------------------------------------------------------------------
 * Waiters
 */

#define THREADS		300

static void *wait_for_lock(void *mgr)
{
	lockmgr_lock(mgr, 1);

	return NULL;
}

static void *wait_for_nothing(void *unused)
{
	(void)unused;
	pause();

	return NULL;
}

/* Start threads until there is an error, and return that. */
static int start_threads(void *(*body)(void *data), void *data)
{
	const struct rlimit limit = { THREADS, THREADS };
	pthread_attr_t attr;
	pthread_t thread;
	int ret = setrlimit(RLIMIT_NPROC, &limit) ? errno : 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	while (!ret)
		ret = pthread_create(&thread, &attr, body, data);

	return -ret;
}

static long do_start_waiters(struct lockmgr **mgr, long unused)
{
	int ret = lockmgr_open(mgr, numbered_space(0), NULL);

	(void)unused;
	if (!ret)
		ret = lockmgr_lock(*mgr, 1);

	return ret ?: start_threads(wait_for_lock, *mgr);
}

static long do_start_sleepers(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return start_threads(wait_for_nothing, NULL);
}

static struct lockmgr *open_greedy_space(void)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	opts.owner = GREEDY_UID;
	assert_int_equal(lockmgr_open(&mgr, numbered_space(0), &opts), 0);

	return mgr;
}

/* A waiter is a thread, of which the kernel allows a user a limited number. */
static void waiters_end_with_the_threads(void **state)
{
	struct agent *greedy = greedy_new();
	struct lockmgr *mgr;

	(void)state;
	assert_int_equal(agent_call(greedy, do_start_waiters, 0), -EAGAIN);
	expect_other_lives();

	mgr = open_greedy_space();
	wait_for_waiters(mgr, 1, THREADS - 1);
	agent_kill(greedy);
	assert_int_equal(lockmgr_trylock(mgr, 1), LOCKMGR_OWNER_DIED);
	lockmgr_close(mgr);
}

/* The memory that sleeping threads cost, in the queue of a lock or in pause(). */
static long cost_of_threads(agent_fn start, bool in_queue)
{
	struct agent *greedy = greedy_new();
	long before = charged(), cost;

	assert_int_equal(agent_call(greedy, start, 0), -EAGAIN);
	if (in_queue) {
		struct lockmgr *mgr = open_greedy_space();

		wait_for_waiters(mgr, 1, THREADS - 1);
		lockmgr_close(mgr);
	}
	cost = charged() - before;
	agent_kill(greedy);
	wait_for_charge_below(before + LAG);

	return cost;
}

static void waiter_costs_what_a_thread_costs(void **state)
{
	long sleepers = cost_of_threads(do_start_sleepers, false);
	long waiters = cost_of_threads(do_start_waiters, true);

	(void)state;
	assert_in_range(sleepers, THREADS * PAGE, LONG_MAX);
	assert_in_range(waiters, 0, sleepers + sleepers / 10 + LAG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		flood_test(files_end_in_emfile),
		flood_test(open_file_costs_less_than_a_page),
		flood_test(clients_of_each_space_end_in_eusers),
		flood_test(spaces_end_in_edquot),
		flood_test(space_costs_less_than_five_pages),
		flood_test(subordinate_ids_end_in_edquot_as_one_user),
		flood_test(subordinate_ids_leave_room_for_their_user),
		flood_test(ids_and_records_end_in_edquot),
		flood_test(ids_and_records_cost_no_more_than_they_are_charged_for),
		flood_test(waiters_end_with_the_threads),
		flood_test(waiter_costs_what_a_thread_costs),
	};

	return harness_run(tests);
}
