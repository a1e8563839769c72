// SPDX-License-Identifier: GPL-2.0-only
/* Locks in mapped memory: when the library maps records, and when it calls the module. */
#include "mapping.h"

/* Lock and unlock, for which the library calls the module @calls times. */
static void expect_calls(struct lockmgr *mgr, uint32_t id, int calls)
{
	fake.calls = 0;
	assert_int_equal(lockmgr_lock(mgr, id), 0);
	assert_int_equal(lockmgr_unlock(mgr, id), 0);
	assert_int_equal(fake.calls, calls);
}

static void records_are_mapped_after_the_first_lock(void **state)
{
	struct lockmgr *mgr = open_with(0, 2);

	(void)state;
	assert_int_equal(fake.map_calls, 0);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	assert_int_equal(fake.map_calls, 2);
	expect_calls(mgr, ID, 0);
	expect_calls(mgr, ID + 1, 0);
	assert_int_equal(fake.map_calls, 2);
	lockmgr_close(mgr);
}

/* A process with few lock calls does not pay for mappings that it hardly uses. */
static void records_are_mapped_when_it_pays(void **state)
{
	const unsigned int after = map_when_it_pays();
	struct lockmgr *mgr = open_with(0, 2);
	unsigned int i;

	(void)state;
	for (i = 1; i < after; i++)
		expect_calls(mgr, ID, 2);
	assert_int_equal(fake.map_calls, 0);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	assert_int_equal(fake.map_calls, 2);
	expect_calls(mgr, ID, 0);
	lockmgr_close(mgr);
}

/* Each handle counts its own locks. */
static void locks_of_other_handles_do_not_count(void **state)
{
	const unsigned int after = map_when_it_pays();
	unsigned int i;

	(void)state;
	for (i = 0; i < after; i++) {
		struct lockmgr *mgr = open_with(0, 2);

		expect_calls(mgr, ID, 2);
		lockmgr_close(mgr);
	}
	assert_int_equal(fake.map_calls, 0);
}

static void locks_that_were_not_acquired_do_not_count(void **state)
{
	const unsigned int after = map_when_it_pays();
	struct lockmgr *mgr = open_with(0, 2);
	unsigned int i;

	(void)state;
	fake.error = EBUSY;
	for (i = 0; i < after; i++)
		assert_int_equal(lockmgr_trylock(mgr, ID), -EBUSY);
	fake.error = 0;
	expect_calls(mgr, ID, 2);
	assert_int_equal(fake.map_calls, 0);
	lockmgr_close(mgr);
}

static void lock_in_memory_writes_who_holds_it(void **state)
{
	struct lockmgr *mgr = open_with(0, 2);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	assert_true(record_of(ID)->word == ((uint64_t)gettid() << LOCKMGR_WORD_TID_SHIFT | TOKEN));
	assert_int_equal(lockmgr_unlock(mgr, ID), 0);
	assert_true(record_of(ID)->word == 0);
	lockmgr_close(mgr);
}

static void first_lock_of_another_page_asks_the_module(void **state)
{
	struct lockmgr *mgr = open_with(0, 2);

	(void)state;
	expect_calls(mgr, ID, 2);
	/* The fake does not write the word, so unlocking does not find this client in it. */
	expect_calls(mgr, ID + 256, 2);
	expect_calls(mgr, ID + 256, 0);
	lockmgr_close(mgr);
}

static void word_of_another_asks_the_module(void **state)
{
	static const uint64_t words[] = {
		TOKEN + 1,
		LOCKMGR_WORD_DIED,
		LOCKMGR_WORD_WAITERS,
		TOKEN | LOCKMGR_WORD_WAITERS,
	};
	struct lockmgr *mgr = open_with(0, 2);
	size_t i;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		record_of(ID)->word = words[i];
		expect_calls(mgr, ID, 2);
		assert_true(record_of(ID)->word == words[i]);
	}
	lockmgr_close(mgr);
}

/* Any thread of the client may release the lock. */
static void word_of_another_thread_is_ours_to_release(void **state)
{
	struct lockmgr *mgr = open_with(0, 2);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	fake.calls = 0;
	record_of(ID)->word = 4711ULL << LOCKMGR_WORD_TID_SHIFT | TOKEN;
	assert_int_equal(lockmgr_unlock(mgr, ID), 0);
	assert_true(record_of(ID)->word == 0);
	assert_int_equal(fake.calls, 0);
	lockmgr_close(mgr);
}

static void ids_beyond_the_largest_capacity_ask_the_module(void **state)
{
	struct lockmgr *mgr = open_with(0, 2);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	expect_calls(mgr, LOCKMGR_CAPACITY_MAX, 2);
	expect_calls(mgr, UINT32_MAX, 2);
	lockmgr_close(mgr);
}

static void after_a_failed_map_locks_go_through_the_module(void **state)
{
	int maps;

	(void)state;
	for (maps = 0; maps < 2; maps++) {
		struct lockmgr *mgr;

		fake.map_calls = 0;
		mgr = open_with(0, maps);
		expect_calls(mgr, ID, 2);
		expect_calls(mgr, ID, 2);
		/* The library does not try again. */
		assert_int_equal(fake.map_calls, maps + 1);
		lockmgr_close(mgr);
	}
}

static void no_map_maps_nothing(void **state)
{
	struct lockmgr *mgr = open_with(LOCKMGR_OPEN_NO_MAP, 2);

	(void)state;
	expect_calls(mgr, ID, 2);
	expect_calls(mgr, ID, 2);
	assert_int_equal(fake.map_calls, 0);
	lockmgr_close(mgr);
}

static void space_that_cannot_be_mapped_is_not(void **state)
{
	const uint64_t before = map_size;
	struct lockmgr *mgr;

	(void)state;
	map_size = 0;
	mgr = open_with(0, 2);
	map_size = before;
	expect_calls(mgr, ID, 2);
	assert_int_equal(fake.map_calls, 0);
	lockmgr_close(mgr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(records_are_mapped_after_the_first_lock),
		fake_test(records_are_mapped_when_it_pays),
		fake_test(locks_of_other_handles_do_not_count),
		fake_test(locks_that_were_not_acquired_do_not_count),
		fake_test(lock_in_memory_writes_who_holds_it),
		fake_test(first_lock_of_another_page_asks_the_module),
		fake_test(word_of_another_asks_the_module),
		fake_test(word_of_another_thread_is_ours_to_release),
		fake_test(ids_beyond_the_largest_capacity_ask_the_module),
		fake_test(after_a_failed_map_locks_go_through_the_module),
		fake_test(no_map_maps_nothing),
		fake_test(space_that_cannot_be_mapped_is_not),
	};

	return harness_run(tests);
}
