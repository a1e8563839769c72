// SPDX-License-Identifier: GPL-2.0-only
/*
 * A space with a million allocated locks.  fill() fills it before the first test, and each
 * test leaves it full.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define MILLION		1048576

static char name[LOCKMGR_SPACE_NAME_SIZE];
static struct lockmgr *mgr;

static int fill(void **state)
{
	uint32_t id, expected;

	(void)state;
	snprintf(name, sizeof(name), "million-%d", getpid());
	if (lockmgr_open(&mgr, name, NULL))
		return -1;

	for (expected = 0; expected < MILLION; expected++)
		if (lockmgr_allocate(mgr, &id) || id != expected)
			return -1;

	return 0;
}

static int unlink_space(void **state)
{
	(void)state;
	lockmgr_close(mgr);

	return lockmgr_unlink(name, NULL);
}

static uint32_t allocate(void)
{
	uint32_t id;

	assert_int_equal(lockmgr_allocate(mgr, &id), 0);

	return id;
}

static void nothing_is_available(void **state)
{
	uint32_t count;

	(void)state;
	assert_int_equal(lockmgr_available(mgr, &count), 0);
	assert_int_equal(count, 0);
}

static void next_allocation_returns_enospc(void **state)
{
	uint32_t id;

	(void)state;
	assert_int_equal(lockmgr_allocate(mgr, &id), -ENOSPC);
}

static void freed_ids_are_allocated_again_lowest_first(void **state)
{
	const uint32_t ids[] = { 0, 31, 32768, 500000, 500001, 524288, MILLION - 1 };
	const size_t count = sizeof(ids) / sizeof(*ids);
	size_t i;

	(void)state;
	for (i = count; i--;)
		assert_int_equal(lockmgr_free(mgr, ids[i]), 0);

	for (i = 0; i < count; i++)
		assert_int_equal(allocate(), ids[i]);
}

static void list_in_pieces_names_each_id_once(void **state)
{
	static struct lockmgr_lock_info locks[1000];
	uint64_t cursor = 0;
	uint32_t expected = 0;
	size_t count, i;

	(void)state;
	while (cursor != LOCKMGR_LIST_END) {
		assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_ALLOCATED, &cursor, locks,
					      1000, &count),
				 0);
		for (i = 0; i < count; i++)
			if (locks[i].id != expected++)
				fail_msg("id %u instead of %u", locks[i].id, expected - 1);
	}

	assert_int_equal(expected, MILLION);
}

static void held_locks_are_found_among_a_million_allocated(void **state)
{
	uint32_t ids[3] = { 0 };
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 777777), 0);
	assert_int_equal(lockmgr_lock(mgr, MILLION - 1), 0);

	assert_int_equal(lockmgr_held(mgr, ids, 3, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(ids[0], 777777);
	assert_int_equal(ids[1], MILLION - 1);
	assert_int_equal(lockmgr_unlock(mgr, 777777), 0);
	assert_int_equal(lockmgr_unlock(mgr, MILLION - 1), 0);
}

static void lower_capacity_returns_ebusy(void **state)
{
	(void)state;
	assert_int_equal(lockmgr_set_capacity(mgr, MILLION - 1), -EBUSY);
}

static void allocations_are_there_when_opened_again(void **state)
{
	(void)state;
	lockmgr_close(mgr);
	assert_int_equal(lockmgr_open(&mgr, name, NULL), 0);

	nothing_is_available(state);
	assert_int_equal(lockmgr_retrieve(mgr, MILLION / 2), 1);
}

static void free_all_makes_all_available(void **state)
{
	uint32_t count;

	(void)state;
	assert_int_equal(lockmgr_free_all(mgr), 0);

	assert_int_equal(lockmgr_available(mgr, &count), 0);
	assert_int_equal(count, MILLION);
	assert_int_equal(lockmgr_retrieve(mgr, MILLION - 1), 0);
	assert_int_equal(allocate(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_available),
		cmocka_unit_test(next_allocation_returns_enospc),
		cmocka_unit_test(freed_ids_are_allocated_again_lowest_first),
		cmocka_unit_test(list_in_pieces_names_each_id_once),
		cmocka_unit_test(held_locks_are_found_among_a_million_allocated),
		cmocka_unit_test(lower_capacity_returns_ebusy),
		cmocka_unit_test(allocations_are_there_when_opened_again),
		/* This is the last test: the space is not full after it. */
		cmocka_unit_test(free_all_makes_all_available),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);

	return cmocka_run_group_tests(tests, fill, unlink_space);
}
