// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module allocates no memory while it holds a kernel lock that another client of the space
 * may need: if the memory cgroup of the task is full, the allocation waits until some memory is
 * freed, and all other clients would wait, too.
 *
 * lockdep, the kernel's lock checker, shows this: it treats an allocation that may wait as
 * acquiring the lock "fs_reclaim", and /proc/lockdep lists for each lock which others were ever
 * acquired while it was held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define LOCKDEP	"/proc/lockdep"

#define FAR_ID	123456

/* ------------------------------------------------------------------------
 * What the lock checker has seen
 */

/**
 * struct kind - locks of one kind, a lock class to lockdep
 * @name: their name in /proc/lockdep
 * @seen: whether they are listed there
 */
struct kind {
	const char *name;
	bool seen;
};

/* The locks that a client may wait for while another one uses the space. */
static struct kind shared[] = {
	{ .name = "&space->lock" },
	{ .name = "&records->lock" },
	{ .name = "&ids->lock" },
	{ .name = "names_lock" },
	{ .name = "spaces_lock" },
	{ .name = "users_lock" },
};

/* What must not be acquired under them: memory, and locks under which memory is allocated. */
static const char *const waits[] = { "fs_reclaim", "&client->lock", "&user->names" };

/* Whether an entry of the list has that name; lockdep numbers kinds that have the same name. */
static bool is_called(const char *listed, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(listed, name, length) && strchr("#/\n", listed[length]);
}

static struct kind *find_shared(const char *listed)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shared); i++)
		if (is_called(listed, shared[i].name))
			return &shared[i];

	return NULL;
}

static bool is_wait(const char *listed)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(waits); i++)
		if (is_called(listed, waits[i]))
			return true;

	return false;
}

/* Returns how many of waits[] were acquired under one of shared[]. */
static unsigned int look(FILE *list)
{
	const struct kind *holder = NULL;
	unsigned int found = 0;
	char line[512];

	while (fgets(line, sizeof(line), list)) {
		const char *arrow = strstr(line, " -> [");
		const char *name = strstr(line, arrow == line ? "] " : ": ");

		/* "KEY FD: N BD: N USAGE: NAME", " -> [KEY] NAME". */
		if (arrow == line && name && holder && is_wait(name + 2)) {
			print_error("%s was held by a task that acquired %s", holder->name,
				    name + 2);
			found++;
		} else if (arrow != line && strrchr(line, ':')) {
			struct kind *kind = find_shared(strrchr(line, ':') + 2);

			if (kind)
				kind->seen = true;
			holder = kind;
		}
	}

	return found;
}

/* ------------------------------------------------------------------------
 * All calls that need memory
 */

static void use_everything(uint32_t mode)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr, *reader;
	uint32_t id;
	size_t held;

	opts.flags = LOCKMGR_OPEN_CREATE;
	opts.mode = mode;
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), 0);
	opts.flags = LOCKMGR_OPEN_READONLY;
	assert_int_equal(lockmgr_open(&reader, space_name(), &opts), 0);
	assert_int_equal(lockmgr_allocate(mgr, &id), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, FAR_ID), 0);
	assert_int_equal(lockmgr_set_note(mgr, id, "what it stands for"), 0);
	assert_int_equal(lockmgr_allocate_noted(mgr, &id, "another"), 0);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, FAR_ID / 2, "a third"), 0);
	assert_int_equal(lockmgr_lock(mgr, id), 0);
	assert_int_equal(lockmgr_trylock(mgr, FAR_ID), 0);
	assert_int_equal(lockmgr_held(reader, NULL, 0, &held), 0);
	assert_int_equal(lockmgr_set_note(mgr, id, ""), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, FAR_ID + 1), 0);
	assert_int_equal(lockmgr_unlock(mgr, FAR_ID), 0);
	assert_int_equal(lockmgr_free_all(mgr), 0);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	lockmgr_close(reader);
	lockmgr_close(mgr);
}

static void nobody_waits_for_memory_holding_what_others_need(void **state)
{
	unsigned int found;
	FILE *list;
	size_t i;

	(void)state;
	use_everything(0600);
	use_everything(0666);

	list = fopen(LOCKDEP, "re");
	assert_non_null(list);
	found = look(list);
	fclose(list);

	/* If a lock has another name by now, this test does not check it. */
	for (i = 0; i < ARRAY_SIZE(shared); i++)
		if (!shared[i].seen)
			fail_msg("no lock is called %s", shared[i].name);
	assert_int_equal(found, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(nobody_waits_for_memory_holding_what_others_need),
	};

	if (access(LOCKDEP, R_OK)) {
		printf("1..0 # SKIP this kernel does not check locks\n");
		return 0;
	}

	return harness_run(tests);
}
