// SPDX-License-Identifier: GPL-2.0-only
/*
 * No memory is allocated while a lock is held that another client of the space may need:
 * where the memory cgroup of a task is full, the allocation lasts until some is freed, and
 * all others would wait with it.
 *
 * The kernel's lock checker knows: an allocation that may wait counts as the lock
 * "fs_reclaim", and /proc/lockdep lists which locks were ever taken while which was held.
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
 * struct kind - locks of one kind
 * @name: as the kernel calls them
 * @seen: they are listed
 */
struct kind {
	const char *name;
	bool seen;
};

/* Those for which a client may wait while another one uses the space. */
static struct kind shared[] = {
	{ .name = "&space->lock" },
	{ .name = "&records->lock" },
	{ .name = "&ids->lock" },
	{ .name = "names_lock" },
	{ .name = "spaces_lock" },
	{ .name = "users_lock" },
};

/* What may not be taken under them: memory, and what memory is allocated under. */
static const char *const waits[] = { "fs_reclaim", "&client->lock", "&user->names" };

/* Whether a name in the list is that one: what is called alike is numbered. */
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

/* Returns how often memory was, or may be, waited for under one of the locks. */
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
			print_error("%s was held by a task that took %s", holder->name, name + 2);
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
 * All that needs memory
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

	/* Or they are called otherwise now, and this test says nothing. */
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
