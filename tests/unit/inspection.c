// SPDX-License-Identifier: GPL-2.0-only
/* Inspecting: the library converts the module's structs to its own, any number of them. */
#include <stdio.h>

#include "fake.h"

/* How many entries the fake module has, and how many it lists in one call at most. */
#define ENTRY_COUNT	100

static size_t answer_most;

/* The cursor of entry i is 1000 + i; 0 is a cursor of the first entry, too. */
static size_t first_entry(const struct lockmgr_ioctl_list *list)
{
	return list->cursor ? list->cursor - 1000 : 0;
}

static void fill_lock(struct lockmgr_lock_entry *entry, size_t i)
{
	*entry = (struct lockmgr_lock_entry){
		.id = 10 * i,
		.flags = LOCKMGR_ENTRY_HELD,
		.since = 20 * i,
		.pid = 30 * i,
		.tid = 40 * i,
		.comm = "fifteen--letter",
		.token = 50 * i,
		.waiters = 60 * i,
	};
	sprintf(entry->note, "lock %zu", i);
}

static void fill_waiter(struct lockmgr_waiter_entry *entry, size_t i)
{
	*entry = (struct lockmgr_waiter_entry){
		.cookie = 10 * i,
		.since = 20 * i,
		.pid = 30 * i,
		.tid = 40 * i,
		.comm = "fifteen--letter",
		.token = 50 * i,
		.flags = LOCKMGR_ENTRY_DEADLINE,
	};
}

static void fill_list(unsigned long request, struct lockmgr_ioctl_list *list)
{
	void *entries = (void *)(uintptr_t)list->entries;
	const size_t first = first_entry(list);
	size_t i;

	if (list->count > answer_most)
		list->count = answer_most;
	if (list->count > ENTRY_COUNT - first)
		list->count = ENTRY_COUNT - first;

	for (i = 0; i < list->count; i++) {
		if (request == LOCKMGR_IOC_LIST_LOCKS)
			fill_lock((struct lockmgr_lock_entry *)entries + i,
				  first + i);
		else
			fill_waiter((struct lockmgr_waiter_entry *)entries + i,
				    first + i);
	}

	list->cursor = 1000 + first + i;
	if (first + i == ENTRY_COUNT)
		list->cursor = LOCKMGR_CURSOR_END;
}

static void answer_list(unsigned long request, void *args)
{
	if (request == LOCKMGR_IOC_LIST_LOCKS ||
	    request == LOCKMGR_IOC_LIST_WAITERS)
		fill_list(request, args);
}

static struct lockmgr *open_with_entries(size_t most)
{
	struct lockmgr *mgr = fake_open();

	answer_most = most;
	fake.answer = answer_list;
	return mgr;
}

static void expect_lock(const struct lockmgr_lock_info *lock, size_t i)
{
	assert_int_equal(lock->id, 10 * i);
	assert_int_equal(lock->flags, LOCKMGR_LOCK_IS_HELD);
	assert_int_equal(lock->since, 20 * i);
	assert_int_equal(lock->pid, 30 * i);
	assert_int_equal(lock->tid, 40 * i);
	assert_int_equal(lock->client, 50 * i);
	assert_int_equal(lock->waiters, 60 * i);
	assert_string_equal(lock->command, "fifteen--letter");
}

static void expect_note(const struct lockmgr_lock_info *lock, size_t i)
{
	char note[LOCKMGR_LOCK_NOTE_SIZE];

	sprintf(note, "lock %zu", i);
	assert_string_equal(lock->note, note);
}

static void expect_waiter(const struct lockmgr_waiter_info *waiter, size_t i)
{
	assert_int_equal(waiter->since, 20 * i);
	assert_int_equal(waiter->pid, 30 * i);
	assert_int_equal(waiter->tid, 40 * i);
	assert_int_equal(waiter->client, 50 * i);
	assert_int_equal(waiter->flags, LOCKMGR_WAITER_HAS_DEADLINE);
	assert_string_equal(waiter->command, "fifteen--letter");
}

/* List all locks, at most @max at a time, from a module that gives at most @most. */
static void expect_all_locks(size_t max, size_t most)
{
	struct lockmgr *mgr = open_with_entries(most);
	struct lockmgr_lock_info locks[ENTRY_COUNT + 1];
	size_t i, count, total = 0;
	uint64_t cursor = 0;

	while (cursor != LOCKMGR_LIST_END) {
		assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD,
					      &cursor, locks, max, &count),
				 0);
		assert_in_range(count, 1, max);
		assert_int_equal(fake.args.list.entry_size,
				 sizeof(struct lockmgr_lock_entry));
		assert_int_equal(fake.args.list.filter, LOCKMGR_ENTRY_HELD);
		assert_int_equal(fake.args.list.id, 0);
		for (i = 0; i < count; i++) {
			expect_note(&locks[i], total);
			expect_lock(&locks[i], total++);
		}
	}
	assert_int_equal(total, ENTRY_COUNT);
	lockmgr_close(mgr);
}

static void expect_all_waiters(size_t max, size_t most)
{
	struct lockmgr *mgr = open_with_entries(most);
	struct lockmgr_waiter_info waiters[ENTRY_COUNT + 1];
	size_t i, count, total = 0;
	uint64_t cursor = 0;

	while (cursor != LOCKMGR_LIST_END) {
		assert_int_equal(lockmgr_list_waiters(mgr, 7, &cursor, waiters,
						      max, &count),
				 0);
		assert_in_range(count, 1, max);
		assert_int_equal(fake.args.list.entry_size,
				 sizeof(struct lockmgr_waiter_entry));
		assert_int_equal(fake.args.list.filter, 0);
		assert_int_equal(fake.args.list.id, 7);
		for (i = 0; i < count; i++)
			expect_waiter(&waiters[i], total++);
	}
	assert_int_equal(total, ENTRY_COUNT);
	lockmgr_close(mgr);
}

static const size_t sizes[] = { 1, 31, 32, 33, 64, 99, 100, 101 };

#define SIZE_COUNT	(sizeof(sizes) / sizeof(*sizes))

static void every_lock_is_listed_once_whatever_the_pieces(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < SIZE_COUNT; i++)
		for (j = 0; j < SIZE_COUNT; j++)
			expect_all_locks(sizes[i], sizes[j]);
}

static void every_waiter_is_listed_once_whatever_the_pieces(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < SIZE_COUNT; i++)
		for (j = 0; j < SIZE_COUNT; j++)
			expect_all_waiters(sizes[i], sizes[j]);
}

static void list_writes_no_more_than_there_is_room_for(void **state)
{
	struct lockmgr *mgr = open_with_entries(ENTRY_COUNT);
	struct lockmgr_lock_info locks[41], untouched;
	uint64_t cursor = 0;
	size_t count;

	(void)state;
	memset(&untouched, 0xff, sizeof(untouched));
	locks[40] = untouched;
	assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor,
				      locks, 40, &count),
			 0);
	assert_int_equal(count, 40);
	assert_int_equal(cursor, 1040);
	assert_memory_equal(&locks[40], &untouched, sizeof(untouched));
	lockmgr_close(mgr);
}

static void list_without_room_is_einval(void **state)
{
	struct lockmgr *mgr = open_with_entries(ENTRY_COUNT);
	struct lockmgr_waiter_info waiter;
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor,
				      &lock, 0, &count),
			 -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, 7, &cursor, &waiter, 0,
					      &count),
			 -EINVAL);
	assert_int_equal(fake.calls, 0);
	lockmgr_close(mgr);
}

/* The size of struct lockmgr_lock_info in version 0.1. */
#define OLD_SIZE	48

static void old_program_has_its_own_entries(void **state)
{
	struct lockmgr *mgr = open_with_entries(ENTRY_COUNT);
	unsigned char locks[(ENTRY_COUNT + 1) * OLD_SIZE];
	uint64_t cursor = 0;
	size_t count, i;

	(void)state;
	memset(locks, 0xff, sizeof(locks));
	assert_int_equal(lockmgr_list_0_1(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, locks,
					  40, &count),
			 0);
	assert_int_equal(count, 40);
	assert_int_equal(cursor, 1040);
	assert_int_equal(locks[40 * OLD_SIZE], 0xff);
	assert_int_equal(lockmgr_list_0_1(mgr, LOCKMGR_LOCK_IS_HELD, &cursor,
					  locks + 40 * OLD_SIZE, 61, &count),
			 0);
	assert_int_equal(count, 60);
	assert_int_equal(cursor, LOCKMGR_LIST_END);
	for (i = 0; i < ENTRY_COUNT; i++) {
		struct lockmgr_lock_info lock = { 0 };

		memcpy(&lock, locks + i * OLD_SIZE, OLD_SIZE);
		expect_lock(&lock, i);
	}
	for (i = 0; i < OLD_SIZE; i++)
		assert_int_equal(locks[ENTRY_COUNT * OLD_SIZE + i], 0xff);
	lockmgr_close(mgr);
}

static void held_fills_what_fits_and_counts_all(void **state)
{
	static const size_t room[] = { 1, 32, 40, 99, 100, 101 };
	struct lockmgr *mgr = open_with_entries(17);
	uint32_t ids[ENTRY_COUNT + 1];
	size_t i, j, count;

	(void)state;
	for (i = 0; i < sizeof(room) / sizeof(*room); i++) {
		memset(ids, 0xff, sizeof(ids));
		assert_int_equal(lockmgr_held(mgr, ids, room[i], &count), 0);
		assert_int_equal(count, ENTRY_COUNT);
		for (j = 0; j < room[i] && j < ENTRY_COUNT; j++)
			assert_int_equal(ids[j], 10 * j);
		for (; j <= ENTRY_COUNT; j++)
			assert_int_equal(ids[j], UINT32_MAX);
	}
	assert_int_equal(fake.args.list.filter, LOCKMGR_ENTRY_HELD);
	lockmgr_close(mgr);
}

static void held_counts_without_room(void **state)
{
	struct lockmgr *mgr = open_with_entries(ENTRY_COUNT);
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_held(mgr, NULL, 0, &count), 0);
	assert_int_equal(count, ENTRY_COUNT);
	lockmgr_close(mgr);
}

static void answer_list_once(unsigned long request, void *args)
{
	answer_list(request, args);
	fake.error = ENOMEM;
}

static void list_that_fails_midway_leaves_cursor_and_count(void **state)
{
	struct lockmgr *mgr = open_with_entries(10);
	struct lockmgr_lock_info locks[ENTRY_COUNT];
	uint32_t ids[ENTRY_COUNT];
	uint64_t cursor = 0;
	size_t count = 4711;

	(void)state;
	fake.answer = answer_list_once;
	assert_int_equal(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor,
				      locks, ENTRY_COUNT, &count),
			 -ENOMEM);
	assert_int_equal(cursor, 0);
	assert_int_equal(count, 4711);

	fake.error = 0;
	assert_int_equal(lockmgr_held(mgr, ids, ENTRY_COUNT, &count), -ENOMEM);
	assert_int_equal(count, 4711);
	lockmgr_close(mgr);
}

static void answer_info(unsigned long request, void *args)
{
	if (request != LOCKMGR_IOC_INFO)
		return;

	*(struct lockmgr_ioctl_info *)args = (struct lockmgr_ioctl_info){
		.name = "space",
		.generation = 0x123456789abcdef,
		.owner = 1,
		.group = 2,
		.mode = 0640,
		.flags = LOCKMGR_SPACE_UNLINKED,
		.capacity = 4,
		.allocated = 5,
		.clients = 6,
		.token = 7,
	};
}

static void info_is_converted(void **state)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct lockmgr *mgr = fake_open();

	(void)state;
	fake.answer = answer_info;
	assert_int_equal(lockmgr_info(mgr, &info), 0);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.flags, LOCKMGR_SPACE_IS_UNLINKED);
	assert_string_equal(info.name, "space");
	assert_true(info.generation == 0x123456789abcdef);
	assert_int_equal(info.owner, 1);
	assert_int_equal(info.group, 2);
	assert_int_equal(info.mode, 0640);
	assert_int_equal(info.capacity, 4);
	assert_int_equal(info.allocated, 5);
	assert_int_equal(info.clients, 6);
	lockmgr_close(mgr);
}

static void info_of_other_size(void **state)
{
	struct {
		struct lockmgr_space_info info;
		char more[8];
		char beyond;
	} longer;
	struct lockmgr *mgr = fake_open();

	(void)state;
	fake.answer = answer_info;
	memset(&longer, 0xff, sizeof(longer));
	longer.info.size = offsetof(typeof(longer), beyond);
	assert_int_equal(lockmgr_info(mgr, &longer.info), 0);
	assert_int_equal(longer.info.clients, 6);
	assert_memory_equal(longer.more, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(longer.beyond, (char)0xff);

	longer.info.size = sizeof(longer.info) - 1;
	assert_int_equal(lockmgr_info(mgr, &longer.info), -EINVAL);
	longer.info.size = UINT32_MAX;
	assert_int_equal(lockmgr_info(mgr, &longer.info), -EINVAL);
	lockmgr_close(mgr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(every_lock_is_listed_once_whatever_the_pieces),
		fake_test(every_waiter_is_listed_once_whatever_the_pieces),
		fake_test(list_writes_no_more_than_there_is_room_for),
		fake_test(list_without_room_is_einval),
		fake_test(old_program_has_its_own_entries),
		fake_test(held_fills_what_fits_and_counts_all),
		fake_test(held_counts_without_room),
		fake_test(list_that_fails_midway_leaves_cursor_and_count),
		fake_test(info_is_converted),
		fake_test(info_of_other_size),
	};

	return harness_run(tests);
}
