// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc.c: the lowest free id, a given id, free, free all, capacity, counts; and note.c:
 * the notes of ids.
 */
#include <linux/err.h>
#include <linux/module.h>

#include "alloc.h"
#include "fixture.h"
#include "note.h"
#include "quota.h"
#include "suites.h"

/* The number of ids in one leaf. */
#define LEAF	LOCKMGR_LEAF_IDS

struct lowest_param {
	const char *name;
	u32 capacity;
	u32 taken;	/* 0 … taken - 1 are allocated */
	u32 hole;	/* but for this one; U32_MAX: none */
	int ret;
	u32 id;
};

static const struct lowest_param lowest[] = {
	{ "empty", 10, 0, U32_MAX, 0, 0 },
	{ "second", 10, 1, U32_MAX, 0, 1 },
	{ "last of the capacity", 10, 9, U32_MAX, 0, 9 },
	{ "full", 10, 10, U32_MAX, -ENOSPC, 0 },
	{ "capacity of one", 1, 0, U32_MAX, 0, 0 },
	{ "capacity of one, full", 1, 1, U32_MAX, -ENOSPC, 0 },
	{ "first again", 10, 10, 0, 0, 0 },
	{ "hole", 10, 10, 5, 0, 5 },
	{ "hole below the end", 100, 10, 5, 0, 5 },
	{ "last of a word", 100, 63, U32_MAX, 0, 63 },
	{ "second word", 100, 64, U32_MAX, 0, 64 },
	{ "last of a leaf", 3 * LEAF, LEAF - 1, U32_MAX, 0, LEAF - 1 },
	{ "second leaf", 3 * LEAF, LEAF, U32_MAX, 0, LEAF },
	{ "second of the second leaf", 3 * LEAF, LEAF + 1, U32_MAX, 0, LEAF + 1 },
	{ "third leaf", 3 * LEAF, 2 * LEAF, U32_MAX, 0, 2 * LEAF },
	{ "leaf full to its end", LEAF, LEAF, U32_MAX, -ENOSPC, 0 },
	{ "leaf and one, full", LEAF + 1, LEAF + 1, U32_MAX, -ENOSPC, 0 },
	{ "hole at the end of a full leaf", 3 * LEAF, 2 * LEAF, LEAF - 1, 0, LEAF - 1 },
	{ "hole at the beginning of a full leaf", 3 * LEAF, 2 * LEAF, LEAF, 0, LEAF },
	{ "hole in the first of three", 3 * LEAF, 3 * LEAF, 0, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(lowest, lowest, name);

static void destroy_ids(void *data)
{
	lockmgr_ids_destroy(data);
}

static bool has_leaves(const struct lockmgr_ids *ids)
{
	u32 i;

	for (i = 0; i < LOCKMGR_BRANCHES; i++)
		if (ids->branches[i])
			return true;

	return false;
}

static int init(struct kunit *test)
{
	struct lockmgr_ids *ids = kunit_kzalloc(test, sizeof(*ids), GFP_KERNEL);

	if (!ids)
		return -ENOMEM;
	lockmgr_ids_init(ids, fixture_payers(test), 4 * LEAF);
	test->priv = ids;

	return kunit_add_action_or_reset(test, destroy_ids, ids);
}

/* Allocate the lowest ids until @count are allocated. */
static void fill(struct kunit *test, u32 count)
{
	u32 i, id;

	for (i = 0; i < count; i++) {
		KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate(test->priv, &id, true), 0);
		KUNIT_ASSERT_EQ(test, id, i);
	}
}

static void expect_allocated(struct kunit *test, u32 expected)
{
	struct lockmgr_ids *ids = test->priv;
	u32 capacity, allocated;

	lockmgr_ids_count(ids, &capacity, &allocated);
	KUNIT_EXPECT_EQ(test, allocated, expected);
	KUNIT_EXPECT_EQ(test, fixture_charged(ids->payers, LOCKMGR_CHARGE_IDS), expected);
}

/* ------------------------------------------------------------------------
 * Allocating
 */

static void lowest_free_id_is_allocated(struct kunit *test)
{
	const struct lowest_param *param = test->param_value;
	struct lockmgr_ids *ids = test->priv;
	u32 id = 0;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(ids, param->capacity), 0);
	fill(test, param->taken);
	if (param->hole != U32_MAX)
		KUNIT_ASSERT_EQ(test, lockmgr_ids_free(ids, param->hole), 0);

	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(ids, &id, true), param->ret);
	KUNIT_EXPECT_EQ(test, id, param->id);
	KUNIT_EXPECT_TRUE(test, lockmgr_ids_test(ids, param->id));
}

/* First and last ids of words and leaves. */
static const u32 bounds[] = { 0, 1, 63, 64, LEAF - 1, LEAF, 2 * LEAF - 1, 4 * LEAF - 1 };

static void describe_bound(const u32 *id, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "id %u", *id);
}

KUNIT_ARRAY_PARAM(bounds, bounds, describe_bound);

static void given_id_is_allocated_alone(struct kunit *test)
{
	u32 id = *(const u32 *)test->param_value;
	struct lockmgr_ids *ids = test->priv;
	u32 i;

	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id(ids, id, true), 0);
	for (i = 0; i < 4 * LEAF; i++)
		KUNIT_ASSERT_EQ_MSG(test, lockmgr_ids_test(ids, i), i == id, "id %u", i);
	expect_allocated(test, 1);
}

static void given_id_that_is_allocated_exists(struct kunit *test)
{
	u32 id = *(const u32 *)test->param_value;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(test->priv, id, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id(test->priv, id, true), -EEXIST);
	expect_allocated(test, 1);
}

static void lowest_free_id_passes_over_given_ones(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, 0, true), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, 2, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(ids, &id, true), 0);
	KUNIT_EXPECT_EQ(test, id, 1);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(ids, &id, true), 0);
	KUNIT_EXPECT_EQ(test, id, 3);
}

/* A leaf that becomes full when a given id is allocated counts as full. */
static void leaf_filled_by_a_given_id_is_passed_over(struct kunit *test)
{
	u32 id;

	fill(test, LEAF - 1);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(test->priv, LEAF - 1, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(test->priv, &id, true), 0);
	KUNIT_EXPECT_EQ(test, id, LEAF);
}

static void ids_from_the_capacity_on_are_invalid(struct kunit *test)
{
	static const u32 beyond[] = { 10, 11, LEAF, LOCKMGR_CAPACITY_MAX, U32_MAX };
	struct lockmgr_ids *ids = test->priv;
	u32 i;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(ids, 10), 0);
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id(ids, beyond[i], true), -EINVAL);
		KUNIT_EXPECT_EQ(test, lockmgr_ids_free(ids, beyond[i]), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id(ids, 9, true), 0);
}

static void last_id_of_all_can_be_allocated(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;
	u32 id = LOCKMGR_CAPACITY_MAX - 1;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(ids, LOCKMGR_CAPACITY_MAX), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id(ids, id, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_next(ids, 0), id);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_free(ids, id), 0);
}

/* ------------------------------------------------------------------------
 * Freeing
 */

static void freed_id_is_free(struct kunit *test)
{
	u32 id = *(const u32 *)test->param_value;
	struct lockmgr_ids *ids = test->priv;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, id, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_free(ids, id), 0);
	KUNIT_EXPECT_FALSE(test, lockmgr_ids_test(ids, id));
	expect_allocated(test, 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id(ids, id, true), 0);
}

static void free_id_cannot_be_freed(struct kunit *test)
{
	u32 id = *(const u32 *)test->param_value;
	struct lockmgr_ids *ids = test->priv;
	u32 neighbour = id ^ 1;

	/* First the leaf is missing, then it is there. */
	KUNIT_EXPECT_EQ(test, lockmgr_ids_free(ids, id), -ENOENT);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, neighbour, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_free(ids, id), -ENOENT);
	KUNIT_EXPECT_TRUE(test, lockmgr_ids_test(ids, neighbour));
	expect_allocated(test, 1);
}

static void leaf_goes_with_its_last_id(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, LEAF, true), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, LEAF + 1, true), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_free(ids, LEAF), 0);
	KUNIT_EXPECT_TRUE(test, has_leaves(ids));
	KUNIT_ASSERT_EQ(test, lockmgr_ids_free(ids, LEAF + 1), 0);
	KUNIT_EXPECT_FALSE(test, has_leaves(ids));
}

static void free_all_frees_every_id(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;

	fill(test, LEAF + 1);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, 4 * LEAF - 1, true), 0);
	lockmgr_ids_free_all(ids);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_next(ids, 0), U32_MAX);
	KUNIT_EXPECT_FALSE(test, has_leaves(ids));
	expect_allocated(test, 0);
	/* No leaf counts as full any more. */
	fill(test, 1);
}

static void free_all_of_none_changes_nothing(struct kunit *test)
{
	lockmgr_ids_free_all(test->priv);
	expect_allocated(test, 0);
}

/* ------------------------------------------------------------------------
 * Walking
 */

static void next_finds_each_allocated_id_once(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;
	u32 i, id = 0;

	for (i = 0; i < ARRAY_SIZE(bounds); i++)
		KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, bounds[i], true), 0);
	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		id = lockmgr_ids_next(ids, id);
		KUNIT_EXPECT_EQ(test, id, bounds[i]);
		KUNIT_EXPECT_EQ(test, lockmgr_ids_next(ids, id), id);
		id++;
	}
	KUNIT_EXPECT_EQ(test, lockmgr_ids_next(ids, id), U32_MAX);
}

/* The search finds them wherever in its own leaf it began. */
static void next_finds_low_bits_of_later_leaves(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, 500, true), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, 2 * LEAF + 3, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_next(ids, 501), 2 * LEAF + 3);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_next(ids, LEAF + 700), 2 * LEAF + 3);
}

static void next_of_none_is_none(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, lockmgr_ids_next(test->priv, 0), U32_MAX);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_next(test->priv, U32_MAX), U32_MAX);
}

/* ------------------------------------------------------------------------
 * Capacity and quota
 */

struct capacity_param {
	const char *name;
	u32 allocated;
	u32 capacity;
	int ret;
};

static const struct capacity_param capacities[] = {
	{ "shrink to one above", 9, 10, 0 },
	{ "shrink onto", 10, 10, -EBUSY },
	{ "shrink below", 11, 10, -EBUSY },
	{ "shrink far below", 4 * LEAF - 1, 1, -EBUSY },
	{ "shrink to a leaf above", LEAF - 1, LEAF, 0 },
	{ "shrink onto the next leaf", LEAF, LEAF, -EBUSY },
	{ "grow", 4 * LEAF - 1, 5 * LEAF, 0 },
	{ "grow to the most", 0, LOCKMGR_CAPACITY_MAX, 0 },
};

KUNIT_ARRAY_PARAM_DESC(capacities, capacities, name);

static void capacity_never_passes_an_allocated_id(struct kunit *test)
{
	const struct capacity_param *param = test->param_value;
	struct lockmgr_ids *ids = test->priv;
	u32 capacity, allocated;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, param->allocated, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_set_capacity(ids, param->capacity), param->ret);
	lockmgr_ids_count(ids, &capacity, &allocated);
	KUNIT_EXPECT_EQ(test, capacity, param->ret ? 4 * LEAF : param->capacity);
	KUNIT_EXPECT_EQ(test, allocated, 1);
}

static void grown_capacity_can_be_allocated(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(ids, 2), 0);
	fill(test, 2);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(ids, &id, true), -ENOSPC);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(ids, 3), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(ids, &id, true), 0);
	KUNIT_EXPECT_EQ(test, id, 2);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(ids, &id, true), -ENOSPC);
}

static void id_beyond_the_quota_is_refused(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;
	u32 id;

	fixture_limit(test, &lockmgr_limits.locks_per_user, 2);
	fill(test, 2);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(ids, &id, true), -EDQUOT);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id(ids, 2 * LEAF, true), -EDQUOT);
	KUNIT_EXPECT_FALSE(test, lockmgr_ids_test(ids, 2 * LEAF));
	expect_allocated(test, 2);

	KUNIT_EXPECT_EQ(test, lockmgr_ids_free(ids, 0), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id(ids, 2 * LEAF, true), 0);
}

static void allocated_id_holds_the_module(struct kunit *test)
{
	int before = module_refcount(THIS_MODULE);

	fill(test, 2);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before + 1);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_free(test->priv, 0), 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before + 1);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_free(test->priv, 1), 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before);
	fill(test, 2);
	lockmgr_ids_free_all(test->priv);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before);
}

/* ------------------------------------------------------------------------
 * Notes
 */

static void expect_note(struct kunit *test, u32 id, const char *expected)
{
	char text[LOCKMGR_NOTE_SIZE] = {};

	KUNIT_EXPECT_TRUE(test, lockmgr_ids_describe(test->priv, id, text));
	KUNIT_EXPECT_STREQ_MSG(test, text, expected, "id %u", id);
}

static void expect_no_notes(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;

	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&ids->notes));
}

static void lowest_free_id_is_allocated_with_its_note(struct kunit *test)
{
	u32 id = 0;

	fill(test, 1);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_noted(test->priv, &id, true, "web-1"), 0);
	KUNIT_EXPECT_EQ(test, id, 1);
	expect_note(test, 0, "");
	expect_note(test, 1, "web-1");
	expect_allocated(test, 2);
}

static void given_id_is_allocated_with_its_note(struct kunit *test)
{
	u32 id = *(const u32 *)test->param_value;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id_noted(test->priv, id, true, "web-1"), 0);
	expect_note(test, id, "web-1");
	expect_allocated(test, 1);
}

static void later_note_replaces_the_former(struct kunit *test)
{
	static const char *const notes[] = { "a", "a longer one", "", "", "b", "a", "" };
	u32 i;

	fill(test, 3);
	for (i = 0; i < ARRAY_SIZE(notes); i++) {
		KUNIT_ASSERT_EQ(test, lockmgr_ids_set_note(test->priv, 1, notes[i]), 0);
		expect_note(test, 1, notes[i]);
		expect_note(test, 0, "");
		expect_note(test, 2, "");
	}
	expect_no_notes(test);
}

static void only_an_allocated_id_has_a_note(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;

	/* The leaf is missing, it is there, and the id is beyond the capacity. */
	KUNIT_EXPECT_EQ(test, lockmgr_ids_set_note(ids, 1, "web-1"), -ENOENT);
	fill(test, 1);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_set_note(ids, 1, "web-1"), -ENOENT);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_set_note(ids, 4 * LEAF, "web-1"), -EINVAL);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_set_note(ids, U32_MAX, ""), -EINVAL);
	expect_no_notes(test);
}

static void allocation_that_fails_leaves_no_note(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(ids, 2), 0);
	fixture_limit(test, &lockmgr_limits.locks_per_user, 1);
	fill(test, 1);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id_noted(ids, 0, true, "web-1"), -EEXIST);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id_noted(ids, 2, true, "web-1"), -EINVAL);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_id_noted(ids, 1, true, "web-1"), -EDQUOT);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_noted(ids, &id, true, "web-1"), -EDQUOT);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(ids, 1), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate_noted(ids, &id, true, "web-1"), -ENOSPC);
	expect_no_notes(test);
}

static void note_goes_with_its_allocation(struct kunit *test)
{
	u32 id = *(const u32 *)test->param_value;
	struct lockmgr_ids *ids = test->priv;
	char text[LOCKMGR_NOTE_SIZE] = {};

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id_noted(ids, id, true, "web-1"), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_free(ids, id), 0);
	KUNIT_EXPECT_FALSE(test, lockmgr_ids_describe(ids, id, text));
	KUNIT_EXPECT_STREQ(test, text, "");
	expect_no_notes(test);

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id_noted(ids, id, true, "web-2"), 0);
	lockmgr_ids_free_all(ids);
	expect_no_notes(test);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(ids, id, true), 0);
	expect_note(test, id, "");
}

/* Removing any one of many notes, wherever it is in the tree, leaves the others. */
static void notes_are_found_in_every_order(struct kunit *test)
{
	struct lockmgr_ids *ids = test->priv;
	char text[LOCKMGR_NOTE_SIZE];
	u32 i;

	/* 7 and 1009 have no common divisor. */
	for (i = 0; i < 1009; i++) {
		snprintf(text, sizeof(text), "id %u", i * 7 % 1009);
		KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id_noted(ids, i * 7 % 1009, true, text),
				0);
	}
	for (i = 0; i < 1009; i += 3)
		KUNIT_ASSERT_EQ(test, lockmgr_ids_free(ids, i), 0);
	for (i = 0; i < 1009; i++) {
		if (i % 3) {
			snprintf(text, sizeof(text), "id %u", i);
			expect_note(test, i, text);
		}
		KUNIT_EXPECT_EQ(test, !!lockmgr_note_find(&ids->notes, i), !!(i % 3));
	}
}

struct text_param {
	const char *name;
	char text[LOCKMGR_NOTE_SIZE];
	bool valid;
};

#define ALL_TEXT	"sixty-four bytes, so that there is no room for any NUL after it."

static const struct text_param texts[] = {
	{ "none", "", true },
	{ "one byte", "x", true },
	{ "any bytes", "\x01\x1b\n\x7f\x80\xff", true },
	{ "the longest", "sixty-three bytes, so that there is room for just a NUL there..", true },
	{ "without end", ALL_TEXT, false },
	{ "a byte after its end", "x\0y", false },
	{ "a byte after none", "\0y", false },
	{ "the last byte after its end", { 'x', [LOCKMGR_NOTE_SIZE - 1] = 'y' }, false },
};

static_assert(sizeof(ALL_TEXT) == LOCKMGR_NOTE_SIZE + 1);

KUNIT_ARRAY_PARAM_DESC(texts, texts, name);

static void note_ends_in_zeros(struct kunit *test)
{
	const struct text_param *param = test->param_value;

	KUNIT_EXPECT_EQ(test, lockmgr_note_valid(param->text), param->valid);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(lowest_free_id_is_allocated, lowest_gen_params),
	KUNIT_CASE_PARAM(given_id_is_allocated_alone, bounds_gen_params),
	KUNIT_CASE_PARAM(given_id_that_is_allocated_exists, bounds_gen_params),
	KUNIT_CASE(lowest_free_id_passes_over_given_ones),
	KUNIT_CASE(leaf_filled_by_a_given_id_is_passed_over),
	KUNIT_CASE(ids_from_the_capacity_on_are_invalid),
	KUNIT_CASE(last_id_of_all_can_be_allocated),
	KUNIT_CASE_PARAM(freed_id_is_free, bounds_gen_params),
	KUNIT_CASE_PARAM(free_id_cannot_be_freed, bounds_gen_params),
	KUNIT_CASE(leaf_goes_with_its_last_id),
	KUNIT_CASE(free_all_frees_every_id),
	KUNIT_CASE(free_all_of_none_changes_nothing),
	KUNIT_CASE(next_finds_each_allocated_id_once),
	KUNIT_CASE(next_finds_low_bits_of_later_leaves),
	KUNIT_CASE(next_of_none_is_none),
	KUNIT_CASE_PARAM(capacity_never_passes_an_allocated_id, capacities_gen_params),
	KUNIT_CASE(grown_capacity_can_be_allocated),
	KUNIT_CASE(id_beyond_the_quota_is_refused),
	KUNIT_CASE(allocated_id_holds_the_module),
	KUNIT_CASE(lowest_free_id_is_allocated_with_its_note),
	KUNIT_CASE_PARAM(given_id_is_allocated_with_its_note, bounds_gen_params),
	KUNIT_CASE(later_note_replaces_the_former),
	KUNIT_CASE(only_an_allocated_id_has_a_note),
	KUNIT_CASE(allocation_that_fails_leaves_no_note),
	KUNIT_CASE_PARAM(note_goes_with_its_allocation, bounds_gen_params),
	KUNIT_CASE(notes_are_found_in_every_order),
	KUNIT_CASE_PARAM(note_ends_in_zeros, texts_gen_params),
	{}
};

struct kunit_suite lockmgr_alloc_suite = {
	.name		= "lockmgr_alloc",
	.init		= init,
	.test_cases	= cases,
};
