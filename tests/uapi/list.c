// SPDX-License-Identifier: GPL-2.0-only
/* Listing: sizes of entries, cursors, counts, and what is in each byte. */
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>

#include "raw.h"

/* The size of a lock's entry in the first programs, and now. */
#define FIRST_SIZE	64
#define ENTRY_SIZE	128

/* Bytes that the kernel does not write keep this value. */
#define POISON		0xa5

/* The filters that any list of locks may have. */
#define ALL	(LOCKMGR_ENTRY_ALLOCATED | LOCKMGR_ENTRY_HELD | LOCKMGR_ENTRY_WAITED)

static struct lockmgr_ioctl_list list_args_of(void *entries, uint32_t size, uint32_t count)
{
	return (struct lockmgr_ioctl_list) {
		.entries = (uintptr_t)entries,
		.entry_size = size,
		.count = count,
		.filter = ALL,
	};
}

#define list_args(entries, count)	list_args_of(entries, sizeof(*(entries)), count)

static long list_locks(int file, struct lockmgr_ioctl_list *args)
{
	return raw_call(file, LOCKMGR_IOC_LIST_LOCKS, args);
}

static long list_waiters(int file, struct lockmgr_ioctl_list *args)
{
	args->filter = 0;

	return raw_call(file, LOCKMGR_IOC_LIST_WAITERS, args);
}

static void allocate(int file, uint32_t count)
{
	while (count--)
		assert_int_equal(raw_id(file, LOCKMGR_IOC_ALLOCATE, 0), 0);
}

/* A lock that this process holds, and for which agents wait. */
static int contended(uint32_t id, uint32_t waiters)
{
	int file = raw_attached();
	struct lockmgr *mgr = space_open();
	uint32_t i;

	assert_int_equal(raw_trylock(file, id), 0);
	for (i = 1; i <= waiters; i++) {
		agent_start(agent_new(), agent_lock, id);
		/* Let them queue up one after the other, so that their order is known. */
		wait_for_waiters(mgr, id, i);
	}

	return file;
}

/* ------------------------------------------------------------------------
 * Arguments
 */

static void expect_both(int file, struct lockmgr_ioctl_list args, long expected, const char *what)
{
	struct lockmgr_ioctl_list again = args;

	expect_result(list_locks(file, &args), expected, "locks, %s %u", what, args.entry_size);
	expect_result(list_waiters(file, &again), expected, "waiters, %s %u", what,
		      again.entry_size);
}

static void entry_size_of_no_struct_returns_einval(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 8, 32, 56, 63, 65, 66, 68, 71, 1001, 4095,
					  UINT32_MAX, UINT32_MAX - 7 };
	unsigned char entries[8192];
	struct lockmgr_ioctl_list args = list_args(entries, 1);
	int file = raw_attached();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		args.entry_size = sizes[i];
		expect_both(file, args, -EINVAL, "size");
	}
}

static void larger_entries_are_filled_up_with_zeros(void **state)
{
	static const uint32_t sizes[] = { 64, 72, 120, 128, 136, 512, 4096 };
	static unsigned char entries[3 * 4096];
	int file = raw_attached();
	size_t i, k;

	(void)state;
	allocate(file, 2);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct lockmgr_ioctl_list args = list_args_of(entries, sizes[i], 3);

		memset(entries, POISON, sizeof(entries));
		assert_int_equal(list_locks(file, &args), 0);
		assert_int_equal(raw_u32(&entries[sizes[i]]), 1);
		for (k = FIRST_SIZE; k < sizes[i]; k++)
			expect_result(entries[sizes[i] + k], 0, "size %u, byte %zu", sizes[i], k);
		expect_result(entries[2 * sizes[i]], POISON, "size %u, after it", sizes[i]);
	}
}

static void room_for_no_entry_returns_einval(void **state)
{
	struct lockmgr_lock_entry entry;

	(void)state;
	expect_both(raw_attached(), list_args(&entry, 0), -EINVAL, "no room");
}

static void list_of_locks_without_a_filter_returns_einval(void **state)
{
	struct lockmgr_lock_entry entry;
	struct lockmgr_ioctl_list args = list_args(&entry, 1);

	(void)state;
	args.filter = 0;
	expect_result(list_locks(raw_attached(), &args), -EINVAL, "filter 0");
}

static void waiters_of_no_possible_lock_return_einval(void **state)
{
	struct lockmgr_waiter_entry entry;
	struct lockmgr_ioctl_list args = list_args(&entry, 1);

	(void)state;
	args.id = LOCKMGR_CAPACITY_MAX;
	expect_result(list_waiters(raw_attached(), &args), -EINVAL, "id");
	args.id = UINT32_MAX;
	expect_result(list_waiters(raw_attached(), &args), -EINVAL, "id");
}

static void entries_at_a_bad_address_return_efault_and_leave_the_arguments(void **state)
{
	static const uintptr_t addresses[] = { RAW_BAD_ADDRESSES };
	int file = contended(1, 1);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct lockmgr_ioctl_list args = list_args_of((void *)addresses[i], ENTRY_SIZE, 7);
		struct lockmgr_ioctl_list before = args;

		expect_result(list_locks(file, &args), -EFAULT, "locks at %#" PRIxPTR,
			      addresses[i]);
		assert_memory_equal(&args, &before, sizeof(args));
		args.id = 1;
		expect_result(list_waiters(file, &args), -EFAULT, "waiters at %#" PRIxPTR,
			      addresses[i]);
		assert_int_equal(args.count, before.count);
		assert_int_equal(args.cursor, before.cursor);
	}
}

static void entries_that_reach_into_unmapped_memory_return_efault(void **state)
{
	unsigned char *pages = raw_pages(PROT_NONE);
	struct lockmgr_ioctl_list args = list_args_of(raw_edge(pages) - 2 * ENTRY_SIZE + 1,
						      ENTRY_SIZE, 2);
	int file = raw_attached();

	(void)state;
	allocate(file, 2);
	expect_result(list_locks(file, &args), -EFAULT, "one byte out of reach");
	args.entries--;
	expect_result(list_locks(file, &args), 0, "all within reach");
}

static void read_only_entries_return_efault(void **state)
{
	unsigned char *pages = raw_pages(PROT_READ);
	struct lockmgr_ioctl_list args = list_args_of(raw_edge(pages), ENTRY_SIZE, 1);
	int file = raw_attached();

	(void)state;
	allocate(file, 1);
	expect_result(list_locks(file, &args), -EFAULT, "read only");
}

static void misaligned_entries_work(void **state)
{
	unsigned char bytes[2 * ENTRY_SIZE + 8];
	struct lockmgr_lock_entry entry;
	int file = raw_attached();
	size_t offset;

	(void)state;
	allocate(file, 2);
	for (offset = 1; offset < 8; offset++) {
		struct lockmgr_ioctl_list args = list_args_of(bytes + offset, ENTRY_SIZE, 2);

		memset(bytes, POISON, sizeof(bytes));
		assert_int_equal(list_locks(file, &args), 0);
		memcpy(&entry, bytes + offset + ENTRY_SIZE, sizeof(entry));
		assert_int_equal(entry.id, 1);
		assert_int_equal(entry.flags, LOCKMGR_ENTRY_ALLOCATED);
	}
}

static void huge_count_writes_only_what_there_is(void **state)
{
	unsigned char *pages = raw_pages(PROT_NONE);
	struct lockmgr_ioctl_list args = list_args_of(raw_edge(pages) - 3 * ENTRY_SIZE,
						      ENTRY_SIZE, UINT32_MAX);
	int file = raw_attached();

	(void)state;
	allocate(file, 3);
	expect_result(list_locks(file, &args), 0, "list");
	assert_int_equal(args.count, 3);
	assert_int_equal(args.cursor, LOCKMGR_CURSOR_END);
}

/* ------------------------------------------------------------------------
 * Cursors
 */

static void cursor_past_the_end_lists_nothing(void **state)
{
	static const uint64_t cursors[] = { 3, LOCKMGR_CAPACITY_MAX - 1, LOCKMGR_CAPACITY_MAX,
					    UINT32_MAX, 1ULL << 32, 1ULL << 63,
					    LOCKMGR_CURSOR_END - 1, LOCKMGR_CURSOR_END };
	struct lockmgr_lock_entry entry;
	int file = raw_attached();
	size_t i;

	(void)state;
	allocate(file, 3);
	for (i = 0; i < ARRAY_SIZE(cursors); i++) {
		struct lockmgr_ioctl_list args = list_args(&entry, 1);

		args.cursor = cursors[i];
		expect_result(list_locks(file, &args), 0, "cursor %#lx", (long)cursors[i]);
		expect_result(args.count, 0, "cursor %#lx", (long)cursors[i]);
		expect_result(args.cursor, (long)LOCKMGR_CURSOR_END, "cursor %#lx",
			      (long)cursors[i]);
	}
}

static void waiter_cursor_past_the_end_lists_nothing(void **state)
{
	static const uint64_t cursors[] = { 1ULL << 63, LOCKMGR_CURSOR_END - 1,
					    LOCKMGR_CURSOR_END };
	struct lockmgr_waiter_entry entry;
	int file = contended(0, 1);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cursors); i++) {
		struct lockmgr_ioctl_list args = list_args(&entry, 1);

		args.cursor = cursors[i];
		expect_result(list_waiters(file, &args), 0, "cursor %#lx", (long)cursors[i]);
		expect_result(args.count, 0, "cursor %#lx", (long)cursors[i]);
		expect_result(args.cursor, (long)LOCKMGR_CURSOR_END, "cursor %#lx",
			      (long)cursors[i]);
	}
}

/* A list in pieces of that size must have each of the first ids once, in order. */
static void expect_ids_in_pieces(int file, uint32_t ids, uint32_t piece)
{
	struct lockmgr_lock_entry entries[100];
	struct lockmgr_ioctl_list args = list_args(entries, piece);
	uint32_t next = 0, i;

	while (args.cursor != LOCKMGR_CURSOR_END) {
		args.count = piece;
		assert_int_equal(list_locks(file, &args), 0);
		assert_in_range(args.count, 0, piece);
		for (i = 0; i < args.count; i++)
			expect_result(entries[i].id, next++, "pieces of %u", piece);
	}
	expect_result(next, ids, "pieces of %u", piece);
}

static void list_in_pieces_has_everything_once(void **state)
{
	static const uint32_t pieces[] = { 1, 2, 63, 64, 65, 100 };
	int file = raw_attached();
	size_t i;

	(void)state;
	allocate(file, 300);
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		expect_ids_in_pieces(file, 300, pieces[i]);
}

static void lock_with_the_last_id_ends_the_list(void **state)
{
	struct lockmgr_lock_entry entries[2];
	struct lockmgr_ioctl_list args = list_args(entries, 2);
	int file = raw_attached();

	(void)state;
	raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, LOCKMGR_CAPACITY_MAX - 1);
	assert_int_equal(list_locks(file, &args), 0);
	assert_int_equal(args.count, 1);
	assert_int_equal(args.cursor, LOCKMGR_CURSOR_END);
}

static void waiters_in_pieces_come_in_the_order_of_the_queue(void **state)
{
	struct lockmgr_waiter_entry entry;
	struct lockmgr_ioctl_list args = list_args(&entry, 1);
	uint64_t last = 0;
	uint32_t count = 0;
	int file = contended(0, 5);

	(void)state;
	for (;;) {
		args.count = 1;
		assert_int_equal(list_waiters(file, &args), 0);
		if (!args.count)
			break;
		assert_true(entry.cookie > last);
		last = entry.cookie;
		count++;
	}
	assert_int_equal(count, 5);
	assert_int_equal(args.cursor, LOCKMGR_CURSOR_END);
}

/* ------------------------------------------------------------------------
 * Contents
 */

static bool is_zero(const void *bytes, size_t count)
{
	const unsigned char *byte = bytes;

	while (count && !byte[count - 1])
		count--;

	return !count;
}

static bool is_padded(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	return length < size && is_zero(text + length, size - length);
}

static struct lockmgr_lock_entry lock_entry(int file, uint32_t id)
{
	struct lockmgr_lock_entry entry;
	struct lockmgr_ioctl_list args = list_args(&entry, 1);

	memset(&entry, POISON, sizeof(entry));
	args.cursor = id;
	assert_int_equal(list_locks(file, &args), 0);
	assert_int_equal(args.count, 1);

	return entry;
}

static void free_lock_has_no_other_facts(void **state)
{
	const struct lockmgr_lock_entry expected = { .id = 2, .flags = LOCKMGR_ENTRY_ALLOCATED };
	struct lockmgr_lock_entry entry;
	int file = raw_attached();

	(void)state;
	raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, 2);
	entry = lock_entry(file, 2);
	assert_memory_equal(&entry, &expected, sizeof(entry));
}

static void held_lock_has_its_holder_and_nothing_else(void **state)
{
	struct lockmgr_lock_entry entry;
	int file = raw_attached();

	(void)state;
	raw_trylock(file, 2);
	entry = lock_entry(file, 2);
	assert_int_equal(entry.flags, LOCKMGR_ENTRY_HELD);
	assert_int_equal(entry.pid, getpid());
	assert_int_equal(entry.tid, syscall(SYS_gettid));
	assert_int_equal(entry.token, raw_info(file).token);
	assert_string_equal(entry.comm, program_invocation_short_name);
	assert_true(is_padded(entry.comm, sizeof(entry.comm)));
	assert_true(is_zero(entry.reserved, sizeof(entry.reserved)));
}

static void waiter_has_all_facts_and_nothing_else(void **state)
{
	struct lockmgr_waiter_entry entry;
	struct lockmgr_ioctl_list args = list_args(&entry, 1);
	int file = raw_attached();
	struct agent *agent = agent_new();
	uint64_t before = now_ns();

	(void)state;
	raw_trylock(file, 0);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(space_open(), 0, 1);
	memset(&entry, POISON, sizeof(entry));
	assert_int_equal(list_waiters(file, &args), 0);
	assert_int_equal(entry.pid, agent_pid(agent));
	assert_int_equal(entry.tid, agent_pid(agent));
	assert_int_equal(entry.flags, 0);
	assert_in_range(entry.since, before, now_ns());
	assert_true(is_padded(entry.comm, sizeof(entry.comm)));
	assert_true(is_zero(entry.reserved, sizeof(entry.reserved)));
}

static void info_has_every_byte_set(void **state)
{
	struct lockmgr_ioctl_info info = raw_info(raw_attached_with(77));

	(void)state;
	assert_string_equal(info.name, space_name());
	assert_true(is_padded(info.name, sizeof(info.name)));
	assert_int_equal(info.owner, getuid());
	assert_int_equal(info.group, getgid());
	assert_int_equal(info.mode, 0666);
	assert_int_equal(info.flags, 0);
	assert_int_equal(info.capacity, 77);
	assert_int_equal(info.allocated, 0);
	assert_int_equal(info.clients, 1);
	assert_true(is_zero(info.reserved, sizeof(info.reserved)));
}

static void version_has_every_byte_set(void **state)
{
	struct lockmgr_ioctl_version version;

	(void)state;
	memset(&version, POISON, sizeof(version));
	assert_int_equal(raw_call(raw_open(O_RDONLY), LOCKMGR_IOC_VERSION, &version), 0);
	assert_int_equal(version.reserved, 0);
	assert_int_equal(version.features, LOCKMGR_FEATURE_DEADLOCK | LOCKMGR_FEATURE_MAP |
						   LOCKMGR_FEATURE_PROCESS_END |
						   LOCKMGR_FEATURE_INTERRUPTIBLE |
						   LOCKMGR_FEATURE_NOTES);
}

/* ------------------------------------------------------------------------
 * Spaces
 */

#define SPACE_ENTRY_SIZE	128

/* A user who is not root. */
#define OTHER	1001

static long list_spaces(int file, struct lockmgr_ioctl_list *args)
{
	args->filter = 0;

	return raw_call(file, LOCKMGR_IOC_LIST_SPACES, args);
}

/* Find the entry of a space by name and owner, one entry at a time; NULL: there is none. */
static const struct lockmgr_space_entry *find_space(int file, const char *name, uint32_t owner)
{
	static struct lockmgr_space_entry entry, found;
	struct lockmgr_ioctl_list args = list_args(&entry, 1);
	size_t count = 0;

	args.entry_size = SPACE_ENTRY_SIZE;
	while (args.cursor != LOCKMGR_CURSOR_END) {
		args.count = 1;
		memset(&entry, POISON, sizeof(entry));
		assert_int_equal(list_spaces(file, &args), 0);
		if (!args.count || strcmp(entry.name, name) || entry.owner != owner)
			continue;
		found = entry;
		count++;
	}
	assert_true(count <= 1);

	return count ? &found : NULL;
}

static void entry_has_the_facts_of_its_space(void **state)
{
	static const struct lockmgr_space_entry zero;
	const struct lockmgr_space_entry *entry;
	int file = contended(3, 2);
	struct lockmgr_ioctl_info info;

	(void)state;
	allocate(file, 4);
	entry = find_space(raw_open(O_RDONLY), space_name(), 0);
	info = raw_info(file);
	assert_non_null(entry);
	assert_memory_equal(entry->name, info.name, sizeof(info.name));
	assert_int_equal(entry->generation, info.generation);
	assert_int_equal(entry->group, info.group);
	assert_int_equal(entry->mode, info.mode);
	assert_int_equal(entry->capacity, info.capacity);
	assert_int_equal(entry->allocated, 4);
	assert_int_equal(entry->held, 1);
	assert_int_equal(entry->waiting, 2);
	assert_int_equal(entry->clients, info.clients);
	assert_memory_equal(entry->reserved, zero.reserved, sizeof(zero.reserved));
}

static void each_space_is_listed_once(void **state)
{
	int file = raw_attached(), other = raw_open(O_RDWR);

	(void)state;
	assert_int_equal(raw_attach(other, other_space_name(), LOCKMGR_ATTACH_CREATE), 0);
	assert_non_null(find_space(file, space_name(), 0));
	assert_non_null(find_space(file, other_space_name(), 0));
	assert_int_equal(lockmgr_unlink(other_space_name(), NULL), 0);
	assert_null(find_space(file, other_space_name(), 0));
}

static void entry_size_of_no_space_returns_einval(void **state)
{
	static const uint32_t sizes[] = { 0, 8, 64, 120, 127, 132, UINT32_MAX - 7 };
	unsigned char entries[512];
	struct lockmgr_ioctl_list args = list_args(entries, 1);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		args.entry_size = sizes[i];
		expect_result(list_spaces(raw_open(O_RDONLY), &args), -EINVAL, "size %u",
			      sizes[i]);
	}
}

static void attach_as_other(int file, const char *space, uint32_t mode)
{
	struct lockmgr_ioctl_attach args = raw_attach_args(space, LOCKMGR_ATTACH_CREATE);

	args.owner = OTHER;
	args.mode = mode;
	assert_int_equal(raw_call(file, LOCKMGR_IOC_ATTACH, &args), 0);
}

static void unlink_of_other(const char *space)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;

	options.owner = OTHER;
	assert_int_equal(lockmgr_unlink(space, &options), 0);
}

static void spaces_that_the_opener_may_not_read_are_not_listed(void **state)
{
	int stranger;

	(void)state;
	attach_as_other(raw_open(O_RDWR), space_name(), 0600);
	attach_as_other(raw_open(O_RDWR), other_space_name(), 0644);
	setfsuid(OTHER + 1);
	stranger = raw_open(O_RDONLY);
	setfsuid(0);
	assert_null(find_space(stranger, space_name(), OTHER));
	assert_non_null(find_space(stranger, other_space_name(), OTHER));
	assert_non_null(find_space(raw_open(O_RDONLY), space_name(), OTHER));
	unlink_of_other(space_name());
	unlink_of_other(other_space_name());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(entry_has_the_facts_of_its_space),
		raw_test(each_space_is_listed_once),
		raw_test(entry_size_of_no_space_returns_einval),
		raw_test(spaces_that_the_opener_may_not_read_are_not_listed),
		raw_test(entry_size_of_no_struct_returns_einval),
		raw_test(larger_entries_are_filled_up_with_zeros),
		raw_test(room_for_no_entry_returns_einval),
		raw_test(list_of_locks_without_a_filter_returns_einval),
		raw_test(waiters_of_no_possible_lock_return_einval),
		raw_test(entries_at_a_bad_address_return_efault_and_leave_the_arguments),
		raw_test(entries_that_reach_into_unmapped_memory_return_efault),
		raw_test(read_only_entries_return_efault),
		raw_test(misaligned_entries_work),
		raw_test(huge_count_writes_only_what_there_is),
		raw_test(cursor_past_the_end_lists_nothing),
		raw_test(waiter_cursor_past_the_end_lists_nothing),
		raw_test(list_in_pieces_has_everything_once),
		raw_test(lock_with_the_last_id_ends_the_list),
		raw_test(waiters_in_pieces_come_in_the_order_of_the_queue),
		raw_test(free_lock_has_no_other_facts),
		raw_test(held_lock_has_its_holder_and_nothing_else),
		raw_test(waiter_has_all_facts_and_nothing_else),
		raw_test(info_has_every_byte_set),
		raw_test(version_has_every_byte_set),
	};

	return harness_run(tests);
}
