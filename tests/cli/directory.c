// SPDX-License-Identifier: GPL-2.0-only
/* lockctl: the spaces that the module lists. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#include "directory.h"

/* More spaces than directory_read() requests in one call. */
#define MANY	150

static struct space_facts *spaces;
static size_t count;

static void read_directory(void)
{
	free(spaces);
	assert_int_equal(directory_read(&spaces, &count), 0);
}

static const struct space_facts *find(const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(spaces[i].space.name, name) && spaces[i].space.owner == geteuid())
			return &spaces[i];

	return NULL;
}

static void spaces_are_read_with_their_facts(void **state)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, 2048);
	const struct space_facts *facts;

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 7), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	assert_int_equal(lockmgr_lock(mgr, 2), 0);
	agent_start(agent_new(), agent_lock, 1);
	wait_for_waiters(mgr, 1, 1);
	assert_int_equal(lockmgr_info(mgr, &info), 0);
	read_directory();
	facts = find(space_name());
	assert_non_null(facts);
	assert_int_equal(facts->group, getegid());
	assert_int_equal(facts->mode, 0600);
	assert_int_equal(facts->capacity, 2048);
	assert_int_equal(facts->allocated, 1);
	assert_int_equal(facts->held, 2);
	assert_int_equal(facts->waiting, 1);
	assert_int_equal(facts->clients, 2);
	assert_int_equal(facts->generation, info.generation);
}

static void unlinked_space_is_not_listed(void **state)
{
	(void)state;
	space_open();
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	read_directory();
	assert_null(find(space_name()));
}

static int come_in_order(const struct space_facts *a, const struct space_facts *b)
{
	if (a->space.owner != b->space.owner)
		return a->space.owner < b->space.owner;

	return strcmp(a->space.name, b->space.name) < 0;
}

/* The spaces are made in another order than that of their names. */
static void many_spaces_come_by_owner_and_name(void **state)
{
	struct lockmgr *mgrs[MANY];
	char name[64];
	size_t i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "directory-%03zu-%d", i * 7 % MANY, getpid());
		assert_int_equal(lockmgr_open(&mgrs[i], name, NULL), 0);
	}
	read_directory();
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "directory-%03zu-%d", i, getpid());
		assert_non_null(find(name));
		lockmgr_unlink(name, NULL);
		lockmgr_close(mgrs[i]);
	}
	for (i = 1; i < count; i++)
		assert_true(come_in_order(&spaces[i - 1], &spaces[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(spaces_are_read_with_their_facts),
		harness_test(unlinked_space_is_not_listed),
		harness_test(many_spaces_come_by_owner_and_name),
	};

	return harness_run(tests);
}
