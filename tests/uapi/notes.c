// SPDX-License-Identifier: GPL-2.0-only
/* Notes: which ids have one, from when on, and how long. */
#include "raw.h"

#define ID	5

/* A buffer for a note; longer than any. */
struct text {
	char bytes[LOCKMGR_NOTE_SIZE];
};

static long note_bytes(int file, unsigned int number, uint32_t id, const struct text *text)
{
	struct lockmgr_ioctl_note args = { .id = id };

	memcpy(args.note, text->bytes, sizeof(args.note));

	return raw_call(file, number, &args);
}

static long note_id(int file, unsigned int number, uint32_t id, const char *note)
{
	struct text text = { "" };

	strcpy(text.bytes, note);

	return note_bytes(file, number, id, &text);
}

static long set_note(int file, uint32_t id, const char *note)
{
	return note_id(file, LOCKMGR_IOC_SET_NOTE, id, note);
}

static void allocate_noted(int file, uint32_t id, const char *note)
{
	assert_int_equal(note_id(file, LOCKMGR_IOC_ALLOCATE_ID_NOTED, id, note), 0);
}

/* The entry of a lock, or one with UINT32_MAX for an id if it is not listed. */
static struct lockmgr_lock_entry entry_of(int file, uint32_t id)
{
	struct lockmgr_lock_entry entry;
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
		.cursor = id,
		.filter = LOCKMGR_ENTRY_ALLOCATED | LOCKMGR_ENTRY_HELD,
	};

	memset(&entry, 0xa5, sizeof(entry));
	assert_int_equal(raw_call(file, LOCKMGR_IOC_LIST_LOCKS, &args), 0);
	if (!args.count || entry.id != id)
		return (struct lockmgr_lock_entry) { .id = UINT32_MAX };

	return entry;
}

/* Expect that note, and that every byte after it is zero. */
static void expect_note(int file, uint32_t id, const char *note)
{
	struct lockmgr_lock_entry entry = entry_of(file, id);
	struct text expected = { "" };

	assert_int_equal(entry.id, id);
	strcpy(expected.bytes, note);
	assert_memory_equal(entry.note, expected.bytes, sizeof(entry.note));
}

/* ------------------------------------------------------------------------
 * Giving
 */

static void note_is_listed_with_its_id(void **state)
{
	int file = raw_attached();

	(void)state;
	raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, ID);
	raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, ID + 1);
	expect_note(file, ID, "");
	assert_int_equal(set_note(file, ID, "container web-1"), 0);
	expect_note(file, ID, "container web-1");
	expect_note(file, ID + 1, "");
}

static void lowest_free_id_is_allocated_with_its_note(void **state)
{
	struct lockmgr_ioctl_note args = { .note = "volume data" };
	int file = raw_attached();

	(void)state;
	raw_id(file, LOCKMGR_IOC_ALLOCATE, 0);
	assert_int_equal(raw_call(file, LOCKMGR_IOC_ALLOCATE_NOTED, &args), 0);
	assert_int_equal(args.id, 1);
	assert_string_equal(args.note, "volume data");
	expect_note(file, 0, "");
	expect_note(file, 1, "volume data");
}

static void given_id_is_allocated_with_its_note(void **state)
{
	int file = raw_attached();

	(void)state;
	allocate_noted(file, ID, "pod p");
	expect_note(file, ID, "pod p");
}

static void note_that_is_empty_allocates_without(void **state)
{
	int file = raw_attached();

	(void)state;
	allocate_noted(file, ID, "");
	assert_int_equal(note_id(file, LOCKMGR_IOC_ALLOCATE_NOTED, 0, ""), 0);
	expect_note(file, 0, "");
	expect_note(file, ID, "");
}

static void later_note_replaces_the_former(void **state)
{
	int file = raw_attached();

	(void)state;
	allocate_noted(file, ID, "a long one of which nothing may remain");
	assert_int_equal(set_note(file, ID, "short"), 0);
	expect_note(file, ID, "short");
	assert_int_equal(set_note(file, ID, ""), 0);
	expect_note(file, ID, "");
	assert_int_equal(set_note(file, ID, ""), 0);
	expect_note(file, ID, "");
}

static void id_that_is_not_allocated_returns_enoent(void **state)
{
	int file = raw_attached();

	(void)state;
	assert_int_equal(set_note(file, ID, "nothing"), -ENOENT);
	assert_int_equal(set_note(file, ID, ""), -ENOENT);
	/* Locking an id does not allocate it. */
	assert_int_equal(raw_trylock(file, ID), 0);
	assert_int_equal(set_note(file, ID, "nothing"), -ENOENT);
	expect_note(file, ID, "");
	raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, ID);
	expect_note(file, ID, "");
}

static void id_that_is_allocated_returns_eexist_and_keeps_its_note(void **state)
{
	int file = raw_attached();

	(void)state;
	allocate_noted(file, ID, "first");
	assert_int_equal(note_id(file, LOCKMGR_IOC_ALLOCATE_ID_NOTED, ID, "second"), -EEXIST);
	assert_int_equal(note_id(file, LOCKMGR_IOC_ALLOCATE_ID_NOTED, ID, ""), -EEXIST);
	expect_note(file, ID, "first");
}

static void full_space_returns_enospc(void **state)
{
	int file = raw_attached_with(1);

	(void)state;
	allocate_noted(file, 0, "only");
	assert_int_equal(note_id(file, LOCKMGR_IOC_ALLOCATE_NOTED, 0, "other"), -ENOSPC);
	expect_note(file, 0, "only");
}

/* ------------------------------------------------------------------------
 * Text
 */

static void every_byte_and_length_is_kept(void **state)
{
	char note[LOCKMGR_NOTE_SIZE];
	int file = raw_attached();
	int byte;

	(void)state;
	raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, ID);
	for (byte = 1; byte < 256; byte++) {
		size_t length = 1 + byte % (LOCKMGR_NOTE_SIZE - 1);

		memset(note, byte, length);
		note[length] = '\0';
		assert_int_equal(set_note(file, ID, note), 0);
		expect_note(file, ID, note);
	}
}

static void note_without_end_returns_einval_and_changes_nothing(void **state)
{
	static const unsigned int numbers[] = { LOCKMGR_IOC_SET_NOTE, LOCKMGR_IOC_ALLOCATE_NOTED,
						LOCKMGR_IOC_ALLOCATE_ID_NOTED };
	int file = raw_attached();
	struct text text;
	size_t i;

	(void)state;
	memset(text.bytes, 'x', sizeof(text.bytes));
	allocate_noted(file, 0, "kept");
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		expect_result(note_bytes(file, numbers[i], 0, &text), -EINVAL, "%#x", numbers[i]);
	expect_note(file, 0, "kept");
	assert_int_equal(raw_info(file).allocated, 1);
}

static void byte_after_the_end_returns_einval_and_changes_nothing(void **state)
{
	static const unsigned int numbers[] = { LOCKMGR_IOC_SET_NOTE, LOCKMGR_IOC_ALLOCATE_NOTED,
						LOCKMGR_IOC_ALLOCATE_ID_NOTED };
	int file = raw_attached();
	size_t i, at;

	(void)state;
	allocate_noted(file, 0, "kept");
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		for (at = 4; at < LOCKMGR_NOTE_SIZE; at++) {
			struct text text = { "new" };

			text.bytes[at] = 1;
			expect_result(note_bytes(file, numbers[i], 0, &text), -EINVAL,
				      "%#x, byte %zu", numbers[i], at);
		}
	}
	expect_note(file, 0, "kept");
	assert_int_equal(raw_info(file).allocated, 1);
}

/* ------------------------------------------------------------------------
 * Losing
 */

static void free_id(int file)
{
	assert_int_equal(raw_id(file, LOCKMGR_IOC_FREE, ID), 0);
}

static void free_all(int file)
{
	struct lockmgr_ioctl_flags args = { 0 };

	assert_int_equal(raw_call(file, LOCKMGR_IOC_FREE_ALL, &args), 0);
}

/* The capacity cannot go below an allocated id, so no note is left beyond the capacity. */
static void free_and_shrink(int file)
{
	struct lockmgr_ioctl_capacity small = { .capacity = ID }, large = { .capacity = 100 };

	assert_int_equal(raw_call(file, LOCKMGR_IOC_CAPACITY, &small), -EBUSY);
	expect_note(file, ID, "of before");
	free_id(file);
	assert_int_equal(raw_call(file, LOCKMGR_IOC_CAPACITY, &small), 0);
	assert_int_equal(set_note(file, ID, "beyond"), -EINVAL);
	assert_int_equal(raw_call(file, LOCKMGR_IOC_CAPACITY, &large), 0);
}

static void id_that_is_allocated_again_has_no_old_note(void **state)
{
	static void (*const ways[])(int file) = { free_id, free_all, free_and_shrink };
	int file = raw_attached();
	size_t i;

	(void)state;
	/* Hold the lock, so that it is listed while its id is not allocated. */
	raw_trylock(file, ID);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		allocate_noted(file, ID, "of before");
		allocate_noted(file, ID + 1, "neighbour");
		raw_id(file, LOCKMGR_IOC_FREE, ID + 1);
		ways[i](file);
		expect_note(file, ID, "");
		raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, ID);
		expect_note(file, ID, "");
		free_id(file);
	}
}

static void notes_go_with_an_unlinked_space(void **state)
{
	int file = raw_attached(), reader = raw_open(O_RDONLY);

	(void)state;
	assert_int_equal(raw_attach(reader, space_name(), 0), 0);
	allocate_noted(file, ID, "of before");
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	expect_note(reader, ID, "of before");
	/* That was the last client that could lock or allocate. */
	raw_close(file);
	assert_int_equal(entry_of(reader, ID).id, UINT32_MAX);

	file = raw_attached();
	raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, ID);
	expect_note(file, ID, "");
}

/* These have no common divisor. */
#define MANY	500
#define STEP	7

static void freeing_ids_in_any_order_leaves_the_other_notes(void **state)
{
	int file = raw_attached();
	char note[LOCKMGR_NOTE_SIZE];
	uint32_t i, k;

	(void)state;
	for (i = 0; i < MANY; i++) {
		sprintf(note, "lock %u", i * STEP % MANY);
		allocate_noted(file, i * STEP % MANY, note);
	}
	for (i = 0; i < MANY; i += 2)
		assert_int_equal(raw_id(file, LOCKMGR_IOC_FREE, i), 0);
	for (k = 1; k < MANY; k += 2) {
		sprintf(note, "lock %u", k);
		expect_note(file, k, note);
	}
	assert_int_equal(raw_info(file).allocated, MANY / 2);
}

/* ------------------------------------------------------------------------
 * Others
 */

static void older_program_is_told_no_note(void **state)
{
	unsigned char entries[2][64];
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
		.count = 1,
		.filter = LOCKMGR_ENTRY_ALLOCATED,
	};
	int file = raw_attached();
	size_t i;

	(void)state;
	allocate_noted(file, ID, "container web-1");
	memset(entries, 0xa5, sizeof(entries));
	assert_int_equal(raw_call(file, LOCKMGR_IOC_LIST_LOCKS, &args), 0);
	assert_int_equal(args.count, 1);
	assert_int_equal(raw_u32(entries[0]), ID);
	for (i = 0; i < sizeof(entries[1]); i++)
		assert_int_equal(entries[1][i], 0xa5);
}

/* An entry that is shorter than the note has as much of it as there is room for. */
static void entry_that_ends_in_the_note_has_its_beginning(void **state)
{
	unsigned char entry[80];
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)entry,
		.entry_size = 72,
		.count = 1,
		.filter = LOCKMGR_ENTRY_ALLOCATED,
	};
	int file = raw_attached();

	(void)state;
	allocate_noted(file, ID, "container web-1");
	memset(entry, 0xa5, sizeof(entry));
	assert_int_equal(raw_call(file, LOCKMGR_IOC_LIST_LOCKS, &args), 0);
	assert_memory_equal(entry + 64, "containe\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5", 16);
}

/* Set the note as another user, whom the space's mode lets in. */
static long set_as_another(struct lockmgr **mgr, long flags)
{
	struct lockmgr_ioctl_attach attach = raw_attach_args(space_name(), 0);
	int file = raw_open(flags);

	(void)mgr;
	attach.owner = 0;
	if (raw_call(file, LOCKMGR_IOC_ATTACH, &attach))
		return 1;

	return set_note(file, ID, "of a stranger");
}

static void whoever_may_use_the_space_may_set_notes(void **state)
{
	struct agent *stranger = agent_new_as(1001, 1001, 0, NULL);
	int file = raw_attached();

	(void)state;
	allocate_noted(file, ID, "of the owner");
	assert_int_equal(agent_call(stranger, set_as_another, O_RDONLY), -EBADF);
	expect_note(file, ID, "of the owner");
	assert_int_equal(agent_call(stranger, set_as_another, O_RDWR), 0);
	expect_note(file, ID, "of a stranger");
}

/* ------------------------------------------------------------------------
 * At once
 */

#define ROUNDS	2000

static long allocate_and_free(struct lockmgr **mgr, long rounds)
{
	int file = lockmgr_fd(*mgr);

	while (rounds--)
		if (note_id(file, LOCKMGR_IOC_ALLOCATE_ID_NOTED, ID, "allocated") ||
		    raw_id(file, LOCKMGR_IOC_FREE, ID))
			return 1;

	return 0;
}

static long set_when_allocated(struct lockmgr **mgr, long rounds)
{
	int file = lockmgr_fd(*mgr);

	while (rounds--) {
		long ret = set_note(file, ID, "set");

		if (ret && ret != -ENOENT)
			return ret;
	}

	return 0;
}

static void nobody_sees_an_id_without_the_note_it_was_allocated_with(void **state)
{
	int file = raw_attached();
	struct agent *allocator = agent_new(), *setter = agent_new();

	(void)state;
	/* Hold the lock, so that it is listed while its id is not allocated. */
	raw_trylock(file, ID);
	agent_start(allocator, allocate_and_free, ROUNDS);
	agent_start(setter, set_when_allocated, ROUNDS);
	while (!agent_is_done(allocator) || !agent_is_done(setter)) {
		struct lockmgr_lock_entry entry = entry_of(file, ID);

		assert_int_equal(entry.flags & LOCKMGR_ENTRY_ALLOCATED ? 1 : 0,
				 entry.note[0] ? 1 : 0);
	}
	assert_int_equal(agent_finish(allocator), 0);
	assert_int_equal(agent_finish(setter), 0);
	raw_id(file, LOCKMGR_IOC_ALLOCATE_ID, ID);
	expect_note(file, ID, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(note_is_listed_with_its_id),
		raw_test(lowest_free_id_is_allocated_with_its_note),
		raw_test(given_id_is_allocated_with_its_note),
		raw_test(note_that_is_empty_allocates_without),
		raw_test(later_note_replaces_the_former),
		raw_test(id_that_is_not_allocated_returns_enoent),
		raw_test(id_that_is_allocated_returns_eexist_and_keeps_its_note),
		raw_test(full_space_returns_enospc),
		raw_test(every_byte_and_length_is_kept),
		raw_test(note_without_end_returns_einval_and_changes_nothing),
		raw_test(byte_after_the_end_returns_einval_and_changes_nothing),
		raw_test(id_that_is_allocated_again_has_no_old_note),
		raw_test(notes_go_with_an_unlinked_space),
		raw_test(freeing_ids_in_any_order_leaves_the_other_notes),
		raw_test(older_program_is_told_no_note),
		raw_test(entry_that_ends_in_the_note_has_its_beginning),
		raw_test(whoever_may_use_the_space_may_set_notes),
		raw_test(nobody_sees_an_id_without_the_note_it_was_allocated_with),
	};

	return harness_run(tests);
}
