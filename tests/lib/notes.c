// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes: lists show the note that was set, as long as the id is allocated.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define ID	5

static void expect_note(struct lockmgr *mgr, uint32_t id, const char *note)
{
	struct lockmgr_lock_info info = lock_info(mgr, id);

	assert_string_equal(info.note, note);
}

static void note_is_in_lists_of_all_processes(void **state)
{
	struct lockmgr *mgr = space_open(), *other = space_open_with(LOCKMGR_OPEN_READONLY, 0);
	uint32_t id;

	(void)state;
	assert_int_equal(lockmgr_allocate_noted(mgr, &id, "container web-1"), 0);
	assert_int_equal(id, 0);
	expect_note(other, 0, "container web-1");
	assert_int_equal(lockmgr_allocate_id_noted(mgr, ID, "pod p"), 0);
	expect_note(other, ID, "pod p");
	assert_int_equal(lockmgr_set_note(mgr, ID, "pod q"), 0);
	expect_note(other, ID, "pod q");
	assert_int_equal(lockmgr_set_note(mgr, ID, NULL), 0);
	expect_note(other, ID, "");
	expect_note(other, 0, "container web-1");
}

static void note_of_a_held_lock_is_shown_with_its_holder(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_lock_info info;

	(void)state;
	assert_int_equal(lockmgr_allocate_id_noted(mgr, ID, "container web-1"), 0);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	info = lock_info(mgr, ID);
	assert_true(info.flags & LOCKMGR_LOCK_IS_HELD);
	assert_int_equal(info.pid, getpid());
	assert_string_equal(info.note, "container web-1");
	/* The lock stays held, but no longer has a note. */
	assert_int_equal(lockmgr_free(mgr, ID), 0);
	info = lock_info(mgr, ID);
	assert_true(info.flags & LOCKMGR_LOCK_IS_HELD);
	assert_string_equal(info.note, "");
}

static void note_outlives_its_process_and_ends_with_the_allocation(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_allocate_id_noted(mgr, ID, "container web-1"), 0);
	space_close(mgr);
	mgr = space_open();
	expect_note(mgr, ID, "container web-1");
	assert_int_equal(lockmgr_free_all(mgr), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, ID), 0);
	expect_note(mgr, ID, "");
}

static void handle_that_only_inspects_sets_none(void **state)
{
	struct lockmgr *mgr = space_open(), *reader = space_open_with(LOCKMGR_OPEN_READONLY, 0);

	(void)state;
	assert_int_equal(lockmgr_allocate_id_noted(mgr, ID, "container web-1"), 0);
	assert_int_equal(lockmgr_set_note(reader, ID, "other"), -EBADF);
	assert_int_equal(lockmgr_allocate_id_noted(reader, ID + 1, "other"), -EBADF);
	expect_note(mgr, ID, "container web-1");
	assert_int_equal(lockmgr_retrieve(mgr, ID + 1), 0);
}

static void id_without_allocation_returns_enoent(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, ID + 1);

	(void)state;
	assert_int_equal(lockmgr_set_note(mgr, ID, "nothing"), -ENOENT);
	assert_int_equal(lockmgr_set_note(mgr, ID, NULL), -ENOENT);
	assert_int_equal(lockmgr_set_note(mgr, ID + 1, "nothing"), -EINVAL);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, ID, "first"), 0);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, ID, "second"), -EEXIST);
	expect_note(mgr, ID, "first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(note_is_in_lists_of_all_processes),
		harness_test(note_of_a_held_lock_is_shown_with_its_holder),
		harness_test(note_outlives_its_process_and_ends_with_the_allocation),
		harness_test(handle_that_only_inspects_sets_none),
		harness_test(id_without_allocation_returns_enoent),
	};

	return harness_run(tests);
}
