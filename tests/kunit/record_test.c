// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c: where the record of an id is; pages that are made on first use, walked, trimmed.
 */
#include <linux/bitmap.h>
#include <linux/err.h>

#include "fixture.h"
#include "quota.h"
#include "record.h"
#include "suites.h"

/* A record has sixteen bytes. */
#define LINE_BYTES	64

/* ------------------------------------------------------------------------
 * Arithmetic
 */

struct id_param {
	const char *name;
	u32 id;
};

/* Ids where something begins or ends: a line, a group, a page, all. */
static const struct id_param ids[] = {
	{ "first id", 0 },
	{ "second id", 1 },
	{ "last line of a group", LOCKMGR_GROUP_LINES - 1 },
	{ "second record of a line", LOCKMGR_GROUP_LINES },
	{ "last id of a group", LOCKMGR_GROUP_RECORDS - 1 },
	{ "second group, or page", LOCKMGR_GROUP_RECORDS },
	{ "id 511", 511 },
	{ "id 512", 512 },
	{ "id 1023", 1023 },
	{ "id 1024", 1024 },
	{ "id 65536", 65536 },
	{ "last page", LOCKMGR_CAPACITY_MAX - 256 },
	{ "last id but one", LOCKMGR_CAPACITY_MAX - 2 },
	{ "last id", LOCKMGR_CAPACITY_MAX - 1 },
};

KUNIT_ARRAY_PARAM_DESC(ids, ids, name);

static void index_of_page_gives_the_id_back(struct kunit *test)
{
	const struct id_param *param = test->param_value;
	u32 index = lockmgr_id_to_index(param->id);

	KUNIT_EXPECT_LT(test, index, LOCKMGR_PAGE_RECORDS);
	KUNIT_EXPECT_EQ(test, lockmgr_index_to_id(lockmgr_id_to_page(param->id), index),
			param->id);
}

static unsigned long byte_of(u32 id)
{
	return lockmgr_id_to_page(id) * PAGE_SIZE +
	       lockmgr_id_to_index(id) * sizeof(struct lockmgr_record);
}

/* As documented to user space: the low six bits give the line, the next two the place in it. */
static void record_is_where_user_space_looks_for_it(struct kunit *test)
{
	const struct id_param *param = test->param_value;
	u32 group = param->id >> 8, place = param->id >> 6 & 3, line = param->id & 63;

	KUNIT_EXPECT_EQ(test, byte_of(param->id),
			group * 4096UL + line * LINE_BYTES + place * 16);
}

static void every_id_of_a_page_has_a_record_of_its_own(struct kunit *test)
{
	const u32 first = 3 * LOCKMGR_PAGE_RECORDS;
	unsigned long *seen = kunit_kcalloc(test, BITS_TO_LONGS(LOCKMGR_PAGE_RECORDS),
					    sizeof(long), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++) {
		KUNIT_ASSERT_EQ(test, lockmgr_id_to_page(first + i), 3);
		KUNIT_ASSERT_LT(test, lockmgr_id_to_index(first + i), LOCKMGR_PAGE_RECORDS);
		__set_bit(lockmgr_id_to_index(first + i), seen);
	}
	KUNIT_EXPECT_TRUE(test, bitmap_full(seen, LOCKMGR_PAGE_RECORDS));
}

/* An id shares its line with none of the 63 that follow it. */
static void neighbours_share_no_cache_line(struct kunit *test)
{
	u32 id, distance;

	for (id = 0; id < 2 * LOCKMGR_PAGE_RECORDS; id++)
		for (distance = 1; distance < LOCKMGR_GROUP_LINES; distance++)
			KUNIT_ASSERT_NE_MSG(test, byte_of(id) / LINE_BYTES,
					    byte_of(id + distance) / LINE_BYTES,
					    "ids %u and %u", id, id + distance);
}

static void word_is_split_into_thread_flags_and_token(struct kunit *test)
{
	u64 word = 0x123456ULL << LOCKMGR_WORD_TID_SHIFT | LOCKMGR_WORD_WAITERS |
		   LOCKMGR_WORD_DIED | 0x3abcdef0;

	KUNIT_EXPECT_EQ(test, lockmgr_word_tid(word), 0x123456);
	KUNIT_EXPECT_EQ(test, lockmgr_word_token(word), 0x3abcdef0);
	KUNIT_EXPECT_EQ(test, LOCKMGR_WORD_TOKEN & (LOCKMGR_WORD_WAITERS | LOCKMGR_WORD_DIED), 0);
}

/* ------------------------------------------------------------------------
 * Pages
 */

static void destroy_records(void *data)
{
	lockmgr_records_destroy(data);
}

static struct lockmgr_records *records_of(struct kunit *test, struct lockmgr_payers *payers)
{
	struct lockmgr_records *records = kunit_kzalloc(test, sizeof(*records), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, records);
	lockmgr_records_init(records, payers, LOCKMGR_CAPACITY_MAX);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_records, records), 0);

	return records;
}

static int init(struct kunit *test)
{
	test->priv = records_of(test, fixture_payers(test));

	return 0;
}

/* The record of an id; makes its page if that is missing. */
static struct lockmgr_record *make(struct kunit *test, struct lockmgr_records *records, u32 id)
{
	struct lockmgr_record *page = lockmgr_records_page(records, id, true);

	KUNIT_ASSERT_FALSE(test, IS_ERR(page));

	return &page[lockmgr_id_to_index(id)];
}

/* Try to make a page; returns 0 or a negative errno. */
static int try_page(struct lockmgr_records *records, u32 number)
{
	return PTR_ERR_OR_ZERO(lockmgr_records_page(records, number * LOCKMGR_PAGE_RECORDS, true));
}

static long charged(const struct lockmgr_records *records)
{
	return fixture_charged(records->payers, LOCKMGR_CHARGE_RECORDS);
}

static void record_of_a_page_never_used_is_not_found(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;

	make(test, records, LOCKMGR_PAGE_RECORDS);
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, LOCKMGR_PAGE_RECORDS - 1));
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, 2 * LOCKMGR_PAGE_RECORDS));
}

static void page_is_made_once_and_holds_all_its_ids(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;
	struct lockmgr_record *page = lockmgr_records_page(records, LOCKMGR_PAGE_RECORDS, true);

	KUNIT_ASSERT_FALSE(test, IS_ERR(page));
	KUNIT_EXPECT_PTR_EQ(test, lockmgr_records_page(records, 2 * LOCKMGR_PAGE_RECORDS - 1, true),
			    page);
	KUNIT_EXPECT_PTR_EQ(test, lockmgr_record_find(records, LOCKMGR_PAGE_RECORDS + 1),
			    &page[lockmgr_id_to_index(1)]);
	KUNIT_EXPECT_PTR_NE(test, lockmgr_records_page(records, 0, true), page);
}

static void new_page_is_blank(struct kunit *test)
{
	struct lockmgr_record *page = lockmgr_records_page(test->priv, 0, true);

	KUNIT_ASSERT_FALSE(test, IS_ERR(page));
	KUNIT_EXPECT_NULL(test, memchr_inv(page, 0, PAGE_SIZE));
}

static void first_page_is_free_of_charge(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;

	make(test, records, 5 * LOCKMGR_PAGE_RECORDS);
	KUNIT_EXPECT_EQ(test, charged(records), 0);
	make(test, records, 0);
	KUNIT_EXPECT_EQ(test, charged(records), LOCKMGR_PAGE_RECORDS);
	make(test, records, LOCKMGR_PAGE_RECORDS);
	KUNIT_EXPECT_EQ(test, charged(records), 2 * LOCKMGR_PAGE_RECORDS);
}

static void page_beyond_the_quota_is_refused(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;

	fixture_limit(test, &lockmgr_limits.locks_per_user, 2 * LOCKMGR_PAGE_RECORDS - 1);
	make(test, records, 0);
	make(test, records, LOCKMGR_PAGE_RECORDS);
	KUNIT_EXPECT_EQ(test, try_page(records, 2), -EDQUOT);
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, 2 * LOCKMGR_PAGE_RECORDS));
	KUNIT_EXPECT_EQ(test, charged(records), LOCKMGR_PAGE_RECORDS);
	/* Pages that were made before stay in use. */
	KUNIT_EXPECT_EQ(test, try_page(records, 1), 0);
}

/* The quota is the user's: a second space of that user gets its one free page, too. */
static void spaces_of_a_user_share_the_quota(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;
	struct lockmgr_records *others = records_of(test, records->payers);

	make(test, records, 0);
	make(test, others, 0);
	KUNIT_EXPECT_EQ(test, charged(records), 0);
	fixture_limit(test, &lockmgr_limits.locks_per_user, LOCKMGR_PAGE_RECORDS);
	make(test, others, LOCKMGR_PAGE_RECORDS);
	KUNIT_EXPECT_EQ(test, try_page(records, 1), -EDQUOT);
}

/* ------------------------------------------------------------------------
 * Walking
 */

static void walk_over_blank_pages_finds_nothing(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;

	KUNIT_EXPECT_EQ(test, lockmgr_record_next(records, 0), U32_MAX);
	make(test, records, 0);
	KUNIT_EXPECT_EQ(test, lockmgr_record_next(records, 0), U32_MAX);
}

static void walk_goes_by_ids_across_pages(struct kunit *test)
{
	/* In a group, the order of ids is not that of records. */
	static const u32 used[] = {
		1, 2, LOCKMGR_GROUP_LINES, LOCKMGR_GROUP_LINES + 1, 7 * LOCKMGR_GROUP_RECORDS - 1,
		7 * LOCKMGR_GROUP_RECORDS, LOCKMGR_CAPACITY_MAX - 1
	};
	u32 i, id = 0;

	for (i = 0; i < ARRAY_SIZE(used); i++)
		make(test, test->priv, used[i])->word = i + 1;
	for (i = 0; i < ARRAY_SIZE(used); i++) {
		id = lockmgr_record_next(test->priv, id);
		KUNIT_EXPECT_EQ(test, id, used[i]);
		/* A walk that begins at an id finds that id. */
		KUNIT_EXPECT_EQ(test, lockmgr_record_next(test->priv, id), id);
		id++;
	}
	KUNIT_EXPECT_EQ(test, lockmgr_record_next(test->priv, id), U32_MAX);
}

/* ------------------------------------------------------------------------
 * Trimming
 */

/* Plays the test for allocated ids in a range: only *@data is one, or, with U32_MAX, none. */
static bool is_among(u32 first, u32 count, void *data)
{
	u32 *id = data;

	return *id - first < count;
}

static void trim(struct lockmgr_records *records, u32 allocated)
{
	lockmgr_records_trim(records, is_among, &allocated);
}

static void trim_removes_blank_pages(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;

	make(test, records, 0);
	make(test, records, LOCKMGR_PAGE_RECORDS);
	make(test, records, 9 * LOCKMGR_PAGE_RECORDS);
	trim(records, U32_MAX);
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, 0));
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, LOCKMGR_PAGE_RECORDS));
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, 9 * LOCKMGR_PAGE_RECORDS));
	KUNIT_EXPECT_EQ(test, charged(records), 0);
}

/* The word may be the first record of its page, the last, or any other. */
static void trim_keeps_words_that_are_not_0(struct kunit *test)
{
	const struct id_param *param = test->param_value;
	struct lockmgr_records *records = test->priv;
	u32 id = param->id % LOCKMGR_PAGE_RECORDS;

	make(test, records, LOCKMGR_PAGE_RECORDS);
	make(test, records, id)->word = LOCKMGR_WORD_DIED;
	trim(records, U32_MAX);
	KUNIT_ASSERT_NOT_NULL(test, lockmgr_record_find(records, id));
	KUNIT_EXPECT_EQ(test, lockmgr_record_find(records, id)->word, LOCKMGR_WORD_DIED);
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, LOCKMGR_PAGE_RECORDS));
	KUNIT_EXPECT_EQ(test, charged(records), 0);
}

static void trim_keeps_the_page_of_an_allocated_id_until_it_is_idle(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;
	u32 id = 2 * LOCKMGR_PAGE_RECORDS - 1;

	make(test, records, id);
	trim(records, id);
	KUNIT_EXPECT_NOT_NULL(test, lockmgr_record_find(records, id));
	/* Trimming does not look at that page again until it is idle. */
	trim(records, U32_MAX);
	KUNIT_EXPECT_NOT_NULL(test, lockmgr_record_find(records, id));

	lockmgr_records_idle(records, id);
	trim(records, U32_MAX);
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, id));
}

static void all_pages_can_be_idle_at_once(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;

	make(test, records, 0);
	trim(records, 0);
	make(test, records, LOCKMGR_PAGE_RECORDS);
	trim(records, LOCKMGR_PAGE_RECORDS);

	lockmgr_records_all_idle(records);
	trim(records, U32_MAX);
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, 0));
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, LOCKMGR_PAGE_RECORDS));
}

static void id_without_a_page_can_be_idle(struct kunit *test)
{
	struct lockmgr_records *records = test->priv;

	lockmgr_records_idle(records, 77);
	trim(records, U32_MAX);
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(records, 77));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(index_of_page_gives_the_id_back, ids_gen_params),
	KUNIT_CASE_PARAM(record_is_where_user_space_looks_for_it, ids_gen_params),
	KUNIT_CASE(every_id_of_a_page_has_a_record_of_its_own),
	KUNIT_CASE(neighbours_share_no_cache_line),
	KUNIT_CASE(word_is_split_into_thread_flags_and_token),
	KUNIT_CASE(record_of_a_page_never_used_is_not_found),
	KUNIT_CASE(page_is_made_once_and_holds_all_its_ids),
	KUNIT_CASE(new_page_is_blank),
	KUNIT_CASE(first_page_is_free_of_charge),
	KUNIT_CASE(page_beyond_the_quota_is_refused),
	KUNIT_CASE(spaces_of_a_user_share_the_quota),
	KUNIT_CASE(walk_over_blank_pages_finds_nothing),
	KUNIT_CASE(walk_goes_by_ids_across_pages),
	KUNIT_CASE(trim_removes_blank_pages),
	KUNIT_CASE_PARAM(trim_keeps_words_that_are_not_0, ids_gen_params),
	KUNIT_CASE(trim_keeps_the_page_of_an_allocated_id_until_it_is_idle),
	KUNIT_CASE(all_pages_can_be_idle_at_once),
	KUNIT_CASE(id_without_a_page_can_be_idle),
	{}
};

struct kunit_suite lockmgr_record_suite = {
	.name		= "lockmgr_record",
	.init		= init,
	.test_cases	= cases,
};
