// SPDX-License-Identifier: GPL-2.0-only
/* Limits, and what locks cost. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define PARAMETERS	"/sys/module/lockmgr/parameters/"

#define MILLION		1048576U

/* Users whose spaces the tests create; they have no processes. */
#define OWNER		1001
#define OTHER_OWNER	1002

#define SPACES_MAX	8

/* ------------------------------------------------------------------------
 * Limits
 */

static const char *const limits[] = {
	"locks_per_space", "spaces_per_user", "clients_per_space", "locks_per_user"
};

#define LIMITS	(sizeof(limits) / sizeof(limits[0]))

/* The limits before the test. */
static char saved[LIMITS][32];

static void limit_path(char path[128], const char *limit)
{
	snprintf(path, 128, PARAMETERS "%s", limit);
}

static int write_limit(const char *limit, const char *value)
{
	char path[128];

	limit_path(path, limit);

	return write_value(path, value);
}

static void set_limit(const char *limit, unsigned int value)
{
	char text[32];

	snprintf(text, sizeof(text), "%u", value);
	assert_int_equal(write_limit(limit, text), 0);
}

static void read_limit(const char *limit, char value[32])
{
	char path[128];

	limit_path(path, limit);
	read_value(path, value, 32);
}

static int setup(void **state)
{
	size_t i;

	for (i = 0; i < LIMITS; i++)
		read_limit(limits[i], saved[i]);

	return harness_setup(state);
}

/* ------------------------------------------------------------------------
 * Spaces of other owners
 */

static struct lockmgr *handles[SPACES_MAX];

static const char *numbered_space(unsigned int number)
{
	static char name[LOCKMGR_SPACE_NAME_SIZE + 16];

	snprintf(name, sizeof(name), "%s-%u", space_name(), number);

	return name;
}

static struct lockmgr_options options_for(uid_t owner, uint32_t flags)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;

	opts.owner = owner;
	opts.flags = flags;

	return opts;
}

/* Create space number 0, 1, … of a user; returns what lockmgr_open() does. */
static int create_space(unsigned int number, uid_t owner, uint32_t capacity)
{
	struct lockmgr_options opts = options_for(owner, LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL);

	assert_true(number < SPACES_MAX && !handles[number]);
	opts.capacity = capacity;

	return lockmgr_open(&handles[number], numbered_space(number), &opts);
}

static void create_spaces(unsigned int count, uid_t owner)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		assert_int_equal(create_space(i, owner, 0), 0);
}

static void close_space(unsigned int number)
{
	lockmgr_close(handles[number]);
	handles[number] = NULL;
}

static int unlink_space(unsigned int number, uid_t owner)
{
	struct lockmgr_options opts = options_for(owner, 0);

	return lockmgr_unlink(numbered_space(number), &opts);
}

static bool space_exists(unsigned int number, uid_t owner)
{
	struct lockmgr_options opts = options_for(owner, 0);
	struct lockmgr *mgr;
	int ret = lockmgr_open(&mgr, numbered_space(number), &opts);

	if (!ret)
		lockmgr_close(mgr);

	return !ret;
}

static int teardown(void **state)
{
	unsigned int i;
	int ret;

	for (i = 0; i < SPACES_MAX; i++) {
		close_space(i);
		unlink_space(i, OWNER);
		unlink_space(i, OTHER_OWNER);
	}
	ret = harness_teardown(state);
	for (i = 0; i < LIMITS; i++)
		if (write_limit(limits[i], saved[i]))
			ret = -1;

	return ret;
}

#define quota_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

static uint32_t capacity_of(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);

	return info.capacity;
}

static uint32_t allocated_in(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);

	return info.allocated;
}

static int allocate(struct lockmgr *mgr, uint32_t count)
{
	uint32_t id;
	int ret = 0;

	while (count-- && !ret)
		ret = lockmgr_allocate(mgr, &id);

	return ret;
}

/* Lock ids that are far from each other until there is an error, and return that. */
static int lock_scattered(struct lockmgr *mgr, uint32_t first, uint32_t *count)
{
	uint32_t id;
	int ret = 0;

	*count = 0;
	for (id = first; id < MILLION && !ret; id += 1024) {
		ret = lockmgr_trylock(mgr, id);
		if (!ret)
			++*count;
	}

	return ret;
}

/* ------------------------------------------------------------------------
 * Spaces per user
 */

static void space_too_many_returns_edquot_and_is_not_made(void **state)
{
	(void)state;
	set_limit("spaces_per_user", 3);
	create_spaces(3, OWNER);
	assert_int_equal(create_space(3, OWNER, 0), -EDQUOT);
	assert_false(space_exists(3, OWNER));
}

static void spaces_of_one_user_do_not_count_for_another(void **state)
{
	(void)state;
	set_limit("spaces_per_user", 3);
	create_spaces(3, OWNER);
	assert_int_equal(create_space(3, OTHER_OWNER, 0), 0);
}

static void space_that_is_gone_counts_no_more(void **state)
{
	(void)state;
	set_limit("spaces_per_user", 3);
	create_spaces(3, OWNER);
	close_space(1);
	assert_int_equal(unlink_space(1, OWNER), 0);
	assert_int_equal(create_space(1, OWNER, 0), 0);
	assert_int_equal(create_space(3, OWNER, 0), -EDQUOT);
}

static void unlinked_space_counts_until_it_is_closed(void **state)
{
	(void)state;
	set_limit("spaces_per_user", 2);
	create_spaces(2, OWNER);
	assert_int_equal(unlink_space(0, OWNER), 0);
	assert_int_equal(create_space(2, OWNER, 0), -EDQUOT);
	close_space(0);
	assert_int_equal(create_space(2, OWNER, 0), 0);
}

static void closed_space_counts_while_it_has_its_name(void **state)
{
	(void)state;
	set_limit("spaces_per_user", 1);
	create_spaces(1, OWNER);
	close_space(0);
	assert_int_equal(create_space(1, OWNER, 0), -EDQUOT);
}

static void lowered_limit_on_spaces_takes_nothing_away(void **state)
{
	(void)state;
	create_spaces(3, OWNER);
	set_limit("spaces_per_user", 1);
	assert_int_equal(lockmgr_trylock(handles[2], 0), 0);
	assert_true(space_exists(2, OWNER));
	assert_int_equal(create_space(3, OWNER, 0), -EDQUOT);
}

/* ------------------------------------------------------------------------
 * Clients per space
 */

static int open_once_more(void)
{
	struct lockmgr_options opts = options_for((uid_t)-1, 0);
	struct lockmgr *mgr;
	int ret = lockmgr_open(&mgr, space_name(), &opts);

	if (!ret)
		lockmgr_close(mgr);

	return ret;
}

static void client_too_many_returns_eusers(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	set_limit("clients_per_space", 3);
	space_open();
	space_open();
	assert_int_equal(open_once_more(), -EUSERS);
	assert_int_equal(open_once_more(), -EUSERS);
	space_close(mgr);
	assert_int_equal(open_once_more(), 0);
}

static void dead_client_counts_no_more(void **state)
{
	struct agent *agent;

	(void)state;
	set_limit("clients_per_space", 2);
	space_open();
	agent = agent_new();
	assert_int_equal(open_once_more(), -EUSERS);
	agent_kill(agent);
	assert_int_equal(open_once_more(), 0);
}

static void lowered_limit_on_clients_takes_nothing_away(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	space_open();
	set_limit("clients_per_space", 1);
	assert_int_equal(lockmgr_trylock(mgr, 0), 0);
	assert_int_equal(open_once_more(), -EUSERS);
}

static void space_that_may_have_no_client_is_not_made(void **state)
{
	(void)state;
	set_limit("spaces_per_user", 1);
	set_limit("clients_per_space", 0);
	assert_int_equal(create_space(0, OWNER, 0), -EUSERS);
	set_limit("clients_per_space", 1);
	assert_int_equal(create_space(1, OWNER, 0), 0);
}

/* ------------------------------------------------------------------------
 * Parties with different rights
 */

/* A user who uses a space of OWNER's that is open to all. */
#define STRANGER	1003

/* What agents open, and how; each agent has a copy, because this is set before it is made. */
static struct lockmgr_options agent_options;

static struct agent *agent_of(uid_t user, const struct lockmgr_options *opts)
{
	agent_options = *opts;

	return agent_new_as(user, user, 0, NULL);
}

static long do_open_space(struct lockmgr **mgr, long number)
{
	return lockmgr_open(mgr, numbered_space(number), &agent_options);
}

/* Open the space again and again, and lose each handle: the process keeps the file. */
static long do_open_until_refused(struct lockmgr **mgr, long most)
{
	long count;
	int ret;

	for (count = 0; count < most; count++) {
		ret = do_open_space(mgr, 0);
		if (ret)
			return ret == -EUSERS ? count : ret;
	}

	return count;
}

/* Create a space of OWNER's that other users may use as its mode says. */
static void create_shared_space(uint32_t mode)
{
	struct lockmgr_options opts = options_for(OWNER, LOCKMGR_OPEN_CREATE);

	opts.mode = mode;
	assert_int_equal(lockmgr_open(&handles[0], numbered_space(0), &opts), 0);
}

static void who_may_only_read_keeps_nobody_from_opening(void **state)
{
	struct lockmgr_options readonly = options_for(OWNER, LOCKMGR_OPEN_READONLY);
	struct lockmgr_options opts = options_for(OWNER, 0);
	struct agent *stranger, *owner;

	(void)state;
	create_shared_space(0644);
	close_space(0);
	set_limit("clients_per_space", 2);
	stranger = agent_of(STRANGER, &readonly);
	assert_int_equal(agent_call(stranger, do_open_until_refused, 10), 10);
	owner = agent_of(OWNER, &opts);
	assert_int_equal(agent_call(owner, do_open_until_refused, 10), 2);
	assert_int_equal(lockmgr_open(&handles[0], numbered_space(0), &opts), 0);
}

static void stranger_keeps_neither_owner_nor_root_from_opening(void **state)
{
	struct lockmgr_options opts = options_for(OWNER, 0);

	(void)state;
	create_shared_space(0666);
	close_space(0);
	set_limit("clients_per_space", 3);
	assert_int_equal(agent_call(agent_of(STRANGER, &opts), do_open_until_refused, 10), 3);
	assert_int_equal(agent_call(agent_of(OWNER, &opts), do_open_until_refused, 10), 3);
	assert_int_equal(agent_call(agent_of(0, &opts), do_open_until_refused, 10), 3);
}

/* Both lockmgr_info() and lockmgr_held() show it. */
static void who_only_looks_sees_the_locks_and_counts_as_open(void **state)
{
	struct lockmgr_options readonly = options_for(OWNER, LOCKMGR_OPEN_READONLY);
	struct lockmgr_space_info info = { .size = sizeof(info) };
	size_t held = 0;
	uint32_t id;

	(void)state;
	create_shared_space(0644);
	assert_int_equal(lockmgr_trylock(handles[0], 7), 0);
	assert_int_equal(lockmgr_open(&handles[1], numbered_space(0), &readonly), 0);
	assert_int_equal(lockmgr_info(handles[1], &info), 0);
	assert_int_equal(info.clients, 2);
	assert_int_equal(lockmgr_held(handles[1], &id, 1, &held), 0);
	assert_int_equal(held, 1);
	assert_int_equal(id, 7);
	assert_int_equal(lockmgr_trylock(handles[1], 8), -EBADF);
}

static long do_allocate_until_refused(struct lockmgr **mgr, long number)
{
	uint32_t id;
	long count = 0;
	int ret = do_open_space(mgr, number);

	while (!ret) {
		ret = lockmgr_allocate(*mgr, &id);
		count += !ret;
	}

	return ret == -EDQUOT ? count : ret;
}

/* The last eighth of the limit is reserved for the owner. */
static void strangers_are_refused_ids_before_the_owner(void **state)
{
	struct lockmgr_options opts = options_for(OWNER, 0);

	(void)state;
	set_limit("locks_per_user", 80);
	create_shared_space(0666);
	assert_int_equal(agent_call(agent_of(STRANGER, &opts), do_allocate_until_refused, 0), 70);
	assert_int_equal(agent_call(agent_of(OWNER, &opts), do_allocate_until_refused, 0), 10);
}

static long do_allocate_many(struct lockmgr **mgr, long count)
{
	int ret = do_open_space(mgr, 0);

	return ret ? ret : allocate(*mgr, count);
}

static long do_free_first(struct lockmgr **mgr, long unused)
{
	int ret = do_open_space(mgr, 0);

	(void)unused;

	return ret ? ret : lockmgr_free(*mgr, 0);
}

static long do_free_all(struct lockmgr **mgr, long unused)
{
	(void)unused;

	return lockmgr_free_all(*mgr);
}

static long do_set_capacity(struct lockmgr **mgr, long capacity)
{
	return lockmgr_set_capacity(*mgr, capacity);
}

/* Within a space nothing is reserved: any user who may use the space may use all of it. */
static void strangers_may_allocate_all_ids_and_the_owner_frees_them(void **state)
{
	struct lockmgr_options opts = options_for(OWNER, 0);
	struct agent *stranger, *owner;
	uint32_t id;

	(void)state;
	create_shared_space(0666);
	assert_int_equal(lockmgr_set_capacity(handles[0], 4), 0);
	stranger = agent_of(STRANGER, &opts);
	owner = agent_of(OWNER, &opts);
	assert_int_equal(lockmgr_allocate(handles[0], &id), 0);
	assert_int_equal(agent_call(stranger, do_free_first, 0), 0);
	assert_int_equal(agent_call(stranger, do_allocate_many, 4), 0);
	assert_int_equal(agent_call(owner, do_allocate_many, 1), -ENOSPC);
	assert_int_equal(agent_call(owner, do_free_all, 0), 0);
	assert_int_equal(agent_call(owner, do_set_capacity, 8), 0);
	assert_int_equal(lockmgr_allocate(handles[0], &id), 0);
}

static long do_lock_until_refused(struct lockmgr **mgr, long first)
{
	uint32_t count = 0;
	int ret = do_open_space(mgr, 0);

	if (!ret)
		ret = lock_scattered(*mgr, first, &count);

	return ret == -EDQUOT ? (long)count : ret;
}

/* The limit has room for eight pages of 256 records; the last one is reserved for the owner. */
static void strangers_are_refused_records_before_the_owner(void **state)
{
	struct lockmgr_options opts = options_for(OWNER, 0);

	(void)state;
	if (sysconf(_SC_PAGESIZE) != 4096)
		skip();
	set_limit("locks_per_user", 8 * 256);
	create_shared_space(0666);
	/* The first page of a space is not charged. */
	assert_int_equal(agent_call(agent_of(STRANGER, &opts), do_lock_until_refused, 0), 1 + 7);
	assert_int_equal(agent_call(agent_of(OWNER, &opts), do_lock_until_refused, 512), 1);
}

/* ------------------------------------------------------------------------
 * User namespaces: all ids that a user has in its namespaces share one account
 */

/* The first of the ids that OWNER may use in its namespaces, and how many there are. */
#define SUBORDINATES	100000
#define SUBORDINATE_MAX	1000

/* A process of OWNER's that is root of a user namespace, with subordinate ids 1, 2, ... */
static struct agent *agent_in_namespace(void)
{
	struct lockmgr_options opts = options_for((uid_t)-1, LOCKMGR_OPEN_CREATE);
	struct agent *agent = agent_of(OWNER, &opts);
	char path[64], map[128];
	long ret = agent_call(agent, agent_unshare, CLONE_NEWUSER);

	if (ret == -EINVAL || ret == -ENOSPC || ret == -EPERM)
		skip();
	assert_int_equal(ret, 0);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", agent_pid(agent));
	snprintf(map, sizeof(map), "0 %d 1\n1 %d %d\n", OWNER, SUBORDINATES, SUBORDINATE_MAX);
	assert_int_equal(write_value(path, map), 0);

	return agent;
}

/* Create one space as each of that many ids; returns how many there were before EDQUOT. */
static long do_make_as_subordinates(struct lockmgr **mgr, long ids)
{
	long id;
	int ret;

	for (id = 1; id <= ids; id++) {
		setfsuid(id);
		ret = lockmgr_open(mgr, numbered_space(0), &agent_options);
		setfsuid(0);
		if (ret)
			return ret == -EDQUOT ? id - 1 : ret;
		lockmgr_close(*mgr);
	}
	*mgr = NULL;

	return ids;
}

static void unlink_of_subordinates(uint32_t count)
{
	uint32_t id;

	for (id = 0; id < count; id++)
		unlink_space(0, SUBORDINATES + id);
}

static void subordinate_ids_share_one_limit_on_spaces(void **state)
{
	struct agent *agent = agent_in_namespace();
	long made;

	(void)state;
	set_limit("spaces_per_user", 3);
	made = agent_call(agent, do_make_as_subordinates, 10);
	unlink_of_subordinates(10);
	assert_int_equal(made, 3);
}

/* A process outside the namespace can have such an id, as from a set-user-ID program. */
static void subordinate_id_outside_its_namespace_counts_for_itself(void **state)
{
	struct agent *agent = agent_in_namespace();
	struct lockmgr_options opts = options_for((uid_t)-1, LOCKMGR_OPEN_CREATE);
	struct agent *outside = agent_of(SUBORDINATES + 20, &opts);
	long made, opened;

	(void)state;
	set_limit("spaces_per_user", 3);
	made = agent_call(agent, do_make_as_subordinates, 10);
	opened = agent_call(outside, do_open_space, 0);
	unlink_of_subordinates(21);
	assert_int_equal(made, 3);
	assert_int_equal(opened, 0);
}

static void subordinate_ids_leave_their_user_its_own_limit(void **state)
{
	struct agent *agent = agent_in_namespace();
	long made;

	(void)state;
	set_limit("spaces_per_user", 3);
	made = agent_call(agent, do_make_as_subordinates, 10);
	/* The process is OWNER in that namespace, and outside. */
	assert_int_equal(agent_call(agent, do_open_space, 0), 0);
	assert_int_equal(create_space(1, OWNER, 0), 0);
	assert_int_equal(create_space(2, OWNER, 0), 0);
	assert_int_equal(create_space(3, OWNER, 0), -EDQUOT);
	unlink_of_subordinates(10);
	assert_int_equal(made, 3);
}

/* Allocate as each of that many ids until that is refused; returns how many in all. */
static long do_allocate_as_subordinates(struct lockmgr **mgr, long ids)
{
	long count = 0, id;

	for (id = 1; id <= ids; id++) {
		long ret;

		setfsuid(id);
		ret = do_allocate_until_refused(mgr, 0);
		setfsuid(0);
		if (ret < 0)
			return ret;
		count += ret;
	}

	return count;
}

static void subordinate_ids_share_one_limit_on_locks(void **state)
{
	struct agent *agent = agent_in_namespace();
	long allocated;

	(void)state;
	set_limit("locks_per_user", 30);
	allocated = agent_call(agent, do_allocate_as_subordinates, 4);
	agent_kill(agent);
	unlink_of_subordinates(4);
	assert_int_equal(allocated, 30);
}

/* ------------------------------------------------------------------------
 * Locks per space
 */

static void capacity_above_the_limit_returns_einval_and_makes_no_space(void **state)
{
	(void)state;
	set_limit("locks_per_space", 100);
	assert_int_equal(create_space(0, OWNER, 101), -EINVAL);
	assert_false(space_exists(0, OWNER));
	assert_int_equal(create_space(1, OWNER, 100), 0);
}

static void capacity_of_zero_means_the_limit(void **state)
{
	(void)state;
	set_limit("locks_per_space", 100);
	create_spaces(1, OWNER);
	assert_int_equal(capacity_of(handles[0]), 100);
	set_limit("locks_per_space", 200);
	assert_int_equal(lockmgr_set_capacity(handles[0], 0), 0);
	assert_int_equal(capacity_of(handles[0]), 200);
}

static void capacity_set_above_the_limit_returns_einval_and_changes_nothing(void **state)
{
	(void)state;
	set_limit("locks_per_space", 100);
	create_spaces(1, OWNER);
	assert_int_equal(lockmgr_set_capacity(handles[0], 101), -EINVAL);
	assert_int_equal(capacity_of(handles[0]), 100);
}

static void lowered_limit_on_capacity_takes_nothing_away(void **state)
{
	(void)state;
	assert_int_equal(create_space(0, OWNER, 1000), 0);
	set_limit("locks_per_space", 100);
	assert_int_equal(capacity_of(handles[0]), 1000);
	assert_int_equal(lockmgr_allocate_id(handles[0], 999), 0);
	assert_int_equal(lockmgr_trylock(handles[0], 998), 0);
}

/* ------------------------------------------------------------------------
 * Locks per user
 */

static void id_too_many_returns_edquot_and_allocates_nothing(void **state)
{
	uint32_t id = 77;

	(void)state;
	set_limit("locks_per_user", 5);
	create_spaces(1, OWNER);
	assert_int_equal(allocate(handles[0], 5), 0);
	assert_int_equal(lockmgr_allocate(handles[0], &id), -EDQUOT);
	assert_int_equal(lockmgr_allocate_id(handles[0], 100), -EDQUOT);
	assert_int_equal(allocated_in(handles[0]), 5);
	assert_int_equal(lockmgr_retrieve(handles[0], 100), 0);
}

static void ids_count_over_all_spaces_of_a_user(void **state)
{
	(void)state;
	set_limit("locks_per_user", 5);
	create_spaces(2, OWNER);
	assert_int_equal(create_space(2, OTHER_OWNER, 0), 0);
	assert_int_equal(allocate(handles[0], 3), 0);
	assert_int_equal(allocate(handles[1], 3), -EDQUOT);
	assert_int_equal(allocated_in(handles[1]), 2);
	assert_int_equal(allocate(handles[2], 5), 0);
}

static void freed_ids_count_no_more(void **state)
{
	(void)state;
	set_limit("locks_per_user", 5);
	create_spaces(1, OWNER);
	assert_int_equal(allocate(handles[0], 5), 0);
	assert_int_equal(lockmgr_free(handles[0], 2), 0);
	assert_int_equal(allocate(handles[0], 2), -EDQUOT);
	assert_int_equal(allocated_in(handles[0]), 5);
	assert_int_equal(lockmgr_free_all(handles[0]), 0);
	assert_int_equal(allocate(handles[0], 6), -EDQUOT);
	assert_int_equal(allocated_in(handles[0]), 5);
}

static void ids_of_a_space_that_is_gone_count_no_more(void **state)
{
	(void)state;
	set_limit("locks_per_user", 5);
	create_spaces(2, OWNER);
	assert_int_equal(allocate(handles[0], 5), 0);
	assert_int_equal(unlink_space(0, OWNER), 0);
	assert_int_equal(allocate(handles[1], 1), -EDQUOT);
	close_space(0);
	assert_int_equal(allocate(handles[1], 6), -EDQUOT);
	assert_int_equal(allocated_in(handles[1]), 5);
}

static void lowered_limit_on_ids_takes_nothing_away(void **state)
{
	(void)state;
	create_spaces(1, OWNER);
	assert_int_equal(allocate(handles[0], 5), 0);
	set_limit("locks_per_user", 3);
	assert_int_equal(allocated_in(handles[0]), 5);
	assert_int_equal(lockmgr_free(handles[0], 0), 0);
	assert_int_equal(lockmgr_free(handles[0], 1), 0);
	assert_int_equal(allocate(handles[0], 1), -EDQUOT);
	assert_int_equal(lockmgr_free(handles[0], 2), 0);
	assert_int_equal(allocate(handles[0], 1), 0);
}

static void all_ids_that_the_limit_allows_can_be_locked(void **state)
{
	uint32_t id;

	(void)state;
	set_limit("locks_per_user", 300);
	create_spaces(1, OWNER);
	assert_int_equal(allocate(handles[0], 300), 0);
	for (id = 0; id < 300; id++)
		if (lockmgr_trylock(handles[0], id))
			fail_msg("lock %u cannot be taken", id);
}

static void locks_on_ids_that_are_not_allocated_are_bounded(void **state)
{
	struct timespec past = { 0 };
	uint32_t count;

	(void)state;
	set_limit("locks_per_user", 512);
	create_spaces(1, OWNER);
	assert_int_equal(lock_scattered(handles[0], 0, &count), -EDQUOT);
	assert_in_range(count, 1, 512);
	assert_int_equal(lockmgr_lock(handles[0], count * 1024), -EDQUOT);
	assert_int_equal(lockmgr_timedlock(handles[0], count * 1024, &past), -EDQUOT);
	assert_int_equal(lockmgr_unlock(handles[0], count * 1024), -EPERM);
}

static void locks_that_were_let_go_count_no_more_when_the_space_is_closed(void **state)
{
	struct lockmgr_options opts = options_for(OWNER, 0);
	uint32_t before, after, id;

	(void)state;
	set_limit("locks_per_user", 512);
	create_spaces(1, OWNER);
	lock_scattered(handles[0], 0, &before);
	for (id = 0; id < before; id++)
		lockmgr_unlock(handles[0], id * 1024);
	close_space(0);
	assert_int_equal(lockmgr_open(&handles[0], numbered_space(0), &opts), 0);
	/* These are other locks than before. */
	assert_int_equal(lock_scattered(handles[0], 512, &after), -EDQUOT);
	assert_int_equal(after, before);
}

static void locks_of_a_space_that_is_gone_count_no_more(void **state)
{
	uint32_t before, after;

	(void)state;
	set_limit("locks_per_user", 512);
	create_spaces(2, OWNER);
	lock_scattered(handles[0], 0, &before);
	assert_int_equal(unlink_space(0, OWNER), 0);
	close_space(0);
	assert_int_equal(lock_scattered(handles[1], 0, &after), -EDQUOT);
	assert_int_equal(after, before);
}

/* ------------------------------------------------------------------------
 * The parameters themselves
 */

static void expect_refused(const char *limit, const char *value)
{
	char before[32], after[32];

	read_limit(limit, before);
	if (!write_limit(limit, value))
		fail_msg("%s takes \"%s\"", limit, value);
	read_limit(limit, after);
	assert_string_equal(after, before);
}

static void parameters_refuse_nonsense(void **state)
{
	static const char *const nonsense[] = { "many", "-1", " ", "1 2", "0x", "2147483648",
						"4294967296", "99999999999999999999" };
	size_t i, k;

	(void)state;
	for (i = 0; i < LIMITS; i++)
		for (k = 0; k < sizeof(nonsense) / sizeof(nonsense[0]); k++)
			expect_refused(limits[i], nonsense[k]);
}

static void locks_per_space_must_be_between_1_and_1048576(void **state)
{
	(void)state;
	expect_refused("locks_per_space", "0");
	expect_refused("locks_per_space", "1048577");
	assert_int_equal(write_limit("locks_per_space", "1"), 0);
	assert_int_equal(write_limit("locks_per_space", "1048576"), 0);
}

static long do_write_limit(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return write_limit("locks_per_user", "1");
}

static void parameters_are_roots_to_write(void **state)
{
	struct agent *agent = agent_new_as(OWNER, OWNER, 0, NULL);

	(void)state;
	assert_int_equal(agent_call(agent, do_write_limit, 0), -EACCES);
}

/* ------------------------------------------------------------------------
 * Memory, as a memory cgroup of its own counts it
 */

#define PAGES(count)	(4096L * (count))

#define HIERARCHY	"/tmp/lockmgr-cgroup-XXXXXX"

static char hierarchy[sizeof(HIERARCHY)];
static char cgroup[sizeof(hierarchy) + 32];

static void cgroup_path(char path[128], const char *file)
{
	snprintf(path, 128, "%s/%s", cgroup, file);
}

static int write_cgroup(const char *file, const char *value)
{
	char path[128];

	cgroup_path(path, file);

	return write_value(path, value);
}

static int memory_setup(void **state)
{
	snprintf(cgroup, sizeof(cgroup), "%s", hierarchy);
	if (write_cgroup("cgroup.subtree_control", "+memory"))
		return -1;
	snprintf(cgroup, sizeof(cgroup), "%s/test", hierarchy);

	return mkdir(cgroup, 0755) ? -1 : setup(state);
}

static bool is_cgroup_gone(void *unused)
{
	(void)unused;

	return !rmdir(cgroup) || errno == ENOENT;
}

static int memory_teardown(void **state)
{
	int ret = teardown(state);

	/* The kernel may still be tearing down its processes. */
	wait_until(is_cgroup_gone, NULL, "the control group can be removed");

	return ret;
}

#define memory_test(function) \
	cmocka_unit_test_setup_teardown(function, memory_setup, memory_teardown)

static long do_enter_cgroup(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return write_cgroup("cgroup.procs", "0");
}

/* A process in the control group that has opened nothing. */
static struct agent *new_agent_in_cgroup(void)
{
	struct agent *agent = agent_new_as(0, 0, 0, NULL);

	assert_int_equal(agent_call(agent, do_enter_cgroup, 0), 0);

	return agent;
}

/* Kernel memory of the control group, in bytes. */
static long kernel_memory(void)
{
	static char text[16384];
	char path[128];
	const char *line;

	cgroup_path(path, "memory.stat");
	read_value(path, text, sizeof(text));
	line = strstr(text, "\nkernel ");
	assert_non_null(line);

	return strtol(line + strlen("\nkernel "), NULL, 10);
}

static bool is_memory_below(void *data)
{
	return kernel_memory() < *(long *)data;
}

static void wait_for_memory_below(long bytes)
{
	wait_until(is_memory_below, &bytes, "the memory is given back");
}

static long do_open_large(struct lockmgr **mgr, long unused)
{
	struct lockmgr_options opts = options_for((uid_t)-1, LOCKMGR_OPEN_CREATE);

	(void)unused;
	opts.capacity = MILLION;

	return lockmgr_open(mgr, space_name(), &opts);
}

static long do_use_locks(struct lockmgr **mgr, long count)
{
	uint32_t id;
	int ret = 0;

	while (count-- && !ret) {
		ret = lockmgr_allocate(*mgr, &id);
		if (!ret)
			ret = lockmgr_lock(*mgr, id);
	}

	return ret;
}

/* Lock and unlock all over the space, so that the kernel needs memory for each lock. */
static long do_touch_all(struct lockmgr **mgr, long unused)
{
	uint32_t id;
	int ret = 0;

	(void)unused;
	for (id = 0; id < MILLION && ret >= 0; id += 64) {
		ret = lockmgr_trylock(*mgr, id);
		if (ret >= 0)
			ret = lockmgr_unlock(*mgr, id);
	}

	return ret;
}

/* Allocate all ids below the end that are multiples of the step. */
static int allocate_ids(struct lockmgr *mgr, uint32_t end, uint32_t step)
{
	uint32_t id;
	int ret = 0;

	for (id = 0; id < end && !ret; id += step)
		ret = lockmgr_allocate_id(mgr, id);

	return ret;
}

static long do_allocate_scattered(struct lockmgr **mgr, long unused)
{
	(void)unused;

	return allocate_ids(*mgr, MILLION, 1024);
}

#define NOTED	20000

#define LONGEST_NOTE	"a note of sixty-three bytes which is all that the module takes!"

static long do_note_many(struct lockmgr **mgr, long unused)
{
	uint32_t id;
	int ret = 0;

	(void)unused;
	for (id = 0; id < NOTED && !ret; id++)
		ret = lockmgr_set_note(*mgr, id, LONGEST_NOTE);

	return ret;
}

/* Create that many spaces of a million locks each, and use three locks of each. */
static long do_use_spaces(struct lockmgr **mgr, long count)
{
	long ret = 0;

	while (count-- && !ret) {
		ret = do_open_large(mgr, 0);
		if (!ret)
			ret = do_use_locks(mgr, 3);
		if (!ret)
			ret = lockmgr_unlink(space_name(), NULL);
	}

	return ret;
}

/* How far the kernel's count may lag: a batch of 64 for each processor. */
#define LAG	PAGES(2 * 64)

/* Enough spaces that the lag does not matter. */
#define SPACES	100

static void three_locks_of_a_million_cost_a_few_pages(void **state)
{
	struct agent *agent = new_agent_in_cgroup();
	long before = kernel_memory();

	(void)state;
	assert_int_equal(agent_call(agent, do_use_spaces, SPACES), 0);
	assert_in_range((kernel_memory() - before) / SPACES, PAGES(1) / 2, PAGES(8));
}

/* Flat tables would cost 16 bytes for each of a million records. */
static void memory_for_a_million_locks_is_charged_to_who_takes_them(void **state)
{
	struct agent *agent = new_agent_in_cgroup();
	long before = kernel_memory();

	(void)state;
	assert_int_equal(agent_call(agent, do_open_large, 0), 0);
	assert_int_equal(agent_call(agent, do_touch_all, 0), 0);
	assert_in_range(kernel_memory() - before, 16 * MILLION - LAG, 24 * MILLION);
}

/* It does not matter who allocated the ids; a second note for an id costs nothing more. */
static void memory_for_notes_is_charged_to_who_sets_them(void **state)
{
	struct agent *agent = new_agent_in_cgroup();
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, MILLION);
	long before, once;

	(void)state;
	assert_int_equal(allocate_ids(mgr, NOTED, 1), 0);
	assert_int_equal(agent_call(agent, do_open_large, 0), 0);
	before = kernel_memory();
	assert_int_equal(agent_call(agent, do_note_many, 0), 0);
	once = kernel_memory() - before;
	/* Kernels that check their memory put something around each piece. */
	assert_in_range(once, 92 * NOTED - LAG, 256 * NOTED);
	assert_int_equal(agent_call(agent, do_note_many, 0), 0);
	assert_in_range(kernel_memory() - before, once - 2 * LAG, once + 2 * LAG);
	assert_int_equal(lockmgr_free_all(mgr), 0);
	wait_for_memory_below(before + PAGES(32));
}

static void memory_of_unused_locks_is_given_back_with_the_last_client(void **state)
{
	struct agent *agent = new_agent_in_cgroup();
	long before = kernel_memory();

	(void)state;
	assert_int_equal(agent_call(agent, do_open_large, 0), 0);
	assert_int_equal(agent_call(agent, do_touch_all, 0), 0);
	assert_int_equal(agent_call(agent, agent_close, 0), 0);
	wait_for_memory_below(before + PAGES(32));
}

static void memory_of_an_unlinked_space_is_given_back_with_the_last_client(void **state)
{
	struct agent *agent = new_agent_in_cgroup();
	long before = kernel_memory();

	(void)state;
	assert_int_equal(agent_call(agent, do_open_large, 0), 0);
	assert_int_equal(agent_call(agent, do_allocate_scattered, 0), 0);
	assert_int_equal(agent_call(agent, do_touch_all, 0), 0);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_true(kernel_memory() - before > (long)(16 * MILLION));
	assert_int_equal(agent_call(agent, agent_close, 0), 0);
	wait_for_memory_below(before + PAGES(32));
}

static void memory_of_a_killed_client_is_given_back_with_its_space(void **state)
{
	struct agent *agent = new_agent_in_cgroup();
	long before = kernel_memory();

	(void)state;
	assert_int_equal(agent_call(agent, do_open_large, 0), 0);
	assert_int_equal(agent_call(agent, do_touch_all, 0), 0);
	agent_kill(agent);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	wait_for_memory_below(before + PAGES(32));
}

/*
 * When a control group is out of memory, the kernel logs that with a backtrace, and a
 * program or a person that watches the log would take that for trouble.  So the test
 * announces it in the log, and does it only where LOCKMGR_TEST_OUT_OF_MEMORY says that the
 * watcher understands the announcement.
 */
static void announce(const char *message)
{
	assert_int_equal(write_value("/dev/kmsg", message), 0);
}

/* Start a process that needs more memory than its control group has; returns how it ends. */
static int starve(void)
{
	const char *understood = getenv("LOCKMGR_TEST_OUT_OF_MEMORY");
	int status;
	pid_t child;

	if (!understood || !*understood)
		skip();
	assert_int_equal(write_cgroup("memory.max", "6M"), 0);

	announce("lockmgr-vm: running out of memory on purpose\n");
	child = fork();
	if (!child) {
		struct lockmgr *mgr;

		if (do_enter_cgroup(NULL, 0) || do_open_large(&mgr, 0))
			_exit(1);
		_exit(-do_touch_all(&mgr, 0));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	announce("lockmgr-vm: back to normal\n");

	return status;
}

static void memory_limit_ends_in_enomem_or_a_killed_process(void **state)
{
	int status = starve();

	(void)state;
	if (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) &&
	    !(WIFEXITED(status) && WEXITSTATUS(status) == ENOMEM))
		fail_msg("wait status %#x", status);
}

static void space_works_after_a_client_ran_out_of_memory(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	starve();
	assert_in_range(lockmgr_trylock(mgr, 0), 0, LOCKMGR_OWNER_DIED);
	assert_int_equal(do_touch_all(&mgr, 0), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_in_range(do_touch_all(&mgr, 0), 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		quota_test(space_too_many_returns_edquot_and_is_not_made),
		quota_test(spaces_of_one_user_do_not_count_for_another),
		quota_test(space_that_is_gone_counts_no_more),
		quota_test(unlinked_space_counts_until_it_is_closed),
		quota_test(closed_space_counts_while_it_has_its_name),
		quota_test(lowered_limit_on_spaces_takes_nothing_away),
		quota_test(client_too_many_returns_eusers),
		quota_test(dead_client_counts_no_more),
		quota_test(lowered_limit_on_clients_takes_nothing_away),
		quota_test(space_that_may_have_no_client_is_not_made),
		quota_test(who_may_only_read_keeps_nobody_from_opening),
		quota_test(stranger_keeps_neither_owner_nor_root_from_opening),
		quota_test(who_only_looks_sees_the_locks_and_counts_as_open),
		quota_test(strangers_are_refused_ids_before_the_owner),
		quota_test(strangers_may_allocate_all_ids_and_the_owner_frees_them),
		quota_test(strangers_are_refused_records_before_the_owner),
		quota_test(subordinate_ids_share_one_limit_on_spaces),
		quota_test(subordinate_ids_leave_their_user_its_own_limit),
		quota_test(subordinate_id_outside_its_namespace_counts_for_itself),
		quota_test(subordinate_ids_share_one_limit_on_locks),
		quota_test(capacity_above_the_limit_returns_einval_and_makes_no_space),
		quota_test(capacity_of_zero_means_the_limit),
		quota_test(capacity_set_above_the_limit_returns_einval_and_changes_nothing),
		quota_test(lowered_limit_on_capacity_takes_nothing_away),
		quota_test(id_too_many_returns_edquot_and_allocates_nothing),
		quota_test(ids_count_over_all_spaces_of_a_user),
		quota_test(freed_ids_count_no_more),
		quota_test(ids_of_a_space_that_is_gone_count_no_more),
		quota_test(lowered_limit_on_ids_takes_nothing_away),
		quota_test(all_ids_that_the_limit_allows_can_be_locked),
		quota_test(locks_on_ids_that_are_not_allocated_are_bounded),
		quota_test(locks_that_were_let_go_count_no_more_when_the_space_is_closed),
		quota_test(locks_of_a_space_that_is_gone_count_no_more),
		quota_test(parameters_refuse_nonsense),
		quota_test(locks_per_space_must_be_between_1_and_1048576),
		quota_test(parameters_are_roots_to_write),
		memory_test(three_locks_of_a_million_cost_a_few_pages),
		memory_test(memory_for_a_million_locks_is_charged_to_who_takes_them),
		memory_test(memory_for_notes_is_charged_to_who_sets_them),
		memory_test(memory_of_unused_locks_is_given_back_with_the_last_client),
		memory_test(memory_of_an_unlinked_space_is_given_back_with_the_last_client),
		memory_test(memory_of_a_killed_client_is_given_back_with_its_space),
		memory_test(memory_limit_ends_in_enomem_or_a_killed_process),
		memory_test(space_works_after_a_client_ran_out_of_memory),
	};
	int ret;

	strcpy(hierarchy, HIERARCHY);
	if (!mkdtemp(hierarchy) || mount("cgroup2", hierarchy, "cgroup2", 0, NULL)) {
		perror(hierarchy);
		return 1;
	}
	ret = harness_run(tests);
	umount(hierarchy);
	rmdir(hierarchy);

	return ret;
}
