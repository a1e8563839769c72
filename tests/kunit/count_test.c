// SPDX-License-Identifier: GPL-2.0-only
/*
 * count.c and stats.c: how many locks are held, who waits, and what has happened.
 */
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "client.h"
#include "count.h"
#include "fixture.h"
#include "record.h"
#include "suites.h"

/* Ids in the first page, in others, and in the last of all. */
static const u32 far_ids[] = { 0, 255, 70000, LOCKMGR_CAPACITY_MAX - 1 };

static int trylock(struct lockmgr_client *client, u32 id)
{
	return lockmgr_client_lock(client, id, false, 0, NULL);
}

/* ------------------------------------------------------------------------
 * Held
 */

static u32 held(struct lockmgr_client *client)
{
	return lockmgr_client_held(client, NULL, 0);
}

static void space_counts_the_locks_of_all_clients(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");
	struct lockmgr_client *other = fixture_client(test, "count");
	u32 i;

	for (i = 0; i < ARRAY_SIZE(far_ids); i++)
		KUNIT_ASSERT_EQ(test, trylock(i % 2 ? client : other, far_ids[i]), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_space_held(client->space), ARRAY_SIZE(far_ids));
	KUNIT_EXPECT_EQ(test, held(client), ARRAY_SIZE(far_ids) / 2);
	KUNIT_EXPECT_EQ(test, held(other), ARRAY_SIZE(far_ids) / 2);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, far_ids[1]), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_space_held(client->space), ARRAY_SIZE(far_ids) - 1);
	KUNIT_EXPECT_EQ(test, held(client), ARRAY_SIZE(far_ids) / 2 - 1);
}

static void locks_of_a_client_are_named_in_their_order(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");
	u32 ids[ARRAY_SIZE(far_ids)];
	u32 i;

	for (i = ARRAY_SIZE(far_ids); i--;)
		KUNIT_ASSERT_EQ(test, trylock(client, far_ids[i]), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_client_held(client, ids, ARRAY_SIZE(ids)), ARRAY_SIZE(ids));
	for (i = 0; i < ARRAY_SIZE(far_ids); i++)
		KUNIT_EXPECT_EQ(test, ids[i], far_ids[i]);
}

static void no_more_locks_are_named_than_there_is_room_for(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");
	u32 ids[] = { U32_MAX, U32_MAX };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(far_ids); i++)
		KUNIT_ASSERT_EQ(test, trylock(client, far_ids[i]), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_client_held(client, ids, 1), ARRAY_SIZE(far_ids));
	KUNIT_EXPECT_EQ(test, ids[0], far_ids[0]);
	KUNIT_EXPECT_EQ(test, ids[1], U32_MAX);
}

/* User space can write any words to records that it has mapped. */
static void lock_of_nobody_who_lives_is_not_held(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");

	WRITE_ONCE(fixture_record(test, client, 1)->word, LOCKMGR_WORD_TOKEN);
	WRITE_ONCE(fixture_record(test, client, 2)->word, LOCKMGR_WORD_DIED);
	WRITE_ONCE(fixture_record(test, client, 3)->word, LOCKMGR_WORD_WAITERS);
	KUNIT_EXPECT_EQ(test, lockmgr_space_held(client->space), 0);
	KUNIT_EXPECT_EQ(test, held(client), 0);
}

/* Otherwise the kernel could remove the pages while a reader uses them. */
static void pages_stay_while_somebody_watches(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");
	struct lockmgr_space *space = client->space;

	fixture_record(test, client, 0);
	lockmgr_space_pin(space);
	fixture_close(test, client);
	KUNIT_EXPECT_NOT_NULL(test, lockmgr_record_find(&space->records, 0));
	lockmgr_space_unpin(space);
	KUNIT_EXPECT_NULL(test, lockmgr_record_find(&space->records, 0));
}

static void watching_removes_nothing_from_clients(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");

	fixture_record(test, client, 0);
	lockmgr_space_pin(client->space);
	lockmgr_space_unpin(client->space);
	KUNIT_EXPECT_NOT_NULL(test, lockmgr_record_find(&client->space->records, 0));
}

/* ------------------------------------------------------------------------
 * Waits
 */

/* The sum of the ids that the client waits for, and how many waits there are. */
static u32 sum_of_waits(const struct lockmgr_client *client, u32 *total)
{
	struct lockmgr_wait_cursor cursor = {};
	u32 ids[LOCKMGR_WAITS_PER_GO];
	u32 i, count, sum = 0;

	*total = 0;
	while (lockmgr_client_waits(client, &cursor, ids, &count)) {
		for (i = 0; i < count; i++)
			sum += ids[i];
		*total += count;
	}

	return sum;
}

static void waits_of_a_client_are_found_in_every_bucket(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");
	struct lockmgr_client *other = fixture_client(test, "count");
	u32 id, total;

	for (id = 0; id < 2 * LOCKMGR_BUCKETS; id++)
		fixture_queue(test, id % 2 ? client : other, id, current);
	KUNIT_EXPECT_EQ(test, lockmgr_queues_length(&client->space->queues), 2 * LOCKMGR_BUCKETS);
	/* That is the sum of the first LOCKMGR_BUCKETS odd numbers. */
	KUNIT_EXPECT_EQ(test, sum_of_waits(client, &total), LOCKMGR_BUCKETS * LOCKMGR_BUCKETS);
	KUNIT_EXPECT_EQ(test, total, LOCKMGR_BUCKETS);
}

/* About as many waits as the search looks at in one go, and a multiple of that. */
static const u32 crowds[] = {
	LOCKMGR_WAITS_PER_GO - 1,
	LOCKMGR_WAITS_PER_GO,
	LOCKMGR_WAITS_PER_GO + 1,
	3 * LOCKMGR_WAITS_PER_GO,
};

static void describe_crowd(const u32 *crowd, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u waiters", *crowd);
}

KUNIT_ARRAY_PARAM(crowds, crowds, describe_crowd);

static void waits_for_one_lock_are_found_each_once(struct kunit *test)
{
	u32 crowd = *(const u32 *)test->param_value;
	struct lockmgr_client *client = fixture_client(test, "count");
	u32 i, total;

	for (i = 0; i < crowd; i++)
		fixture_queue(test, client, 7, current);
	KUNIT_EXPECT_EQ(test, sum_of_waits(client, &total), 7 * crowd);
	KUNIT_EXPECT_EQ(test, total, crowd);
	KUNIT_EXPECT_EQ(test, lockmgr_queues_length(&client->space->queues), crowd);
}

static void client_that_does_not_wait_has_no_waits(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");
	u32 total;

	fixture_queue(test, fixture_client(test, "count"), 7, current);
	KUNIT_EXPECT_EQ(test, sum_of_waits(client, &total), 0);
	KUNIT_EXPECT_EQ(test, total, 0);
}

/* ------------------------------------------------------------------------
 * What has happened
 */

static void longest_wait_only_grows(struct kunit *test)
{
	struct lockmgr_stats *stats = &fixture_client(test, "count")->space->stats;

	lockmgr_stats_waited(stats, 5);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->longest_wait), 5);
	lockmgr_stats_waited(stats, 4);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->longest_wait), 5);
	lockmgr_stats_waited(stats, 1LL << 40);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->longest_wait), 1LL << 40);
}

static void deaths_of_holders_count(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "count");
	struct lockmgr_client *other = fixture_client(test, "count");

	KUNIT_ASSERT_EQ(test, trylock(client, 1), 0);
	KUNIT_ASSERT_EQ(test, trylock(other, 1), -EBUSY);
	fixture_close(test, client);
	KUNIT_ASSERT_EQ(test, trylock(other, 1), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, atomic64_read(&other->space->stats.holder_deaths), 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(space_counts_the_locks_of_all_clients),
	KUNIT_CASE(locks_of_a_client_are_named_in_their_order),
	KUNIT_CASE(no_more_locks_are_named_than_there_is_room_for),
	KUNIT_CASE(lock_of_nobody_who_lives_is_not_held),
	KUNIT_CASE(pages_stay_while_somebody_watches),
	KUNIT_CASE(watching_removes_nothing_from_clients),
	KUNIT_CASE(waits_of_a_client_are_found_in_every_bucket),
	KUNIT_CASE_PARAM(waits_for_one_lock_are_found_each_once, crowds_gen_params),
	KUNIT_CASE(client_that_does_not_wait_has_no_waits),
	KUNIT_CASE(longest_wait_only_grows),
	KUNIT_CASE(deaths_of_holders_count),
	{}
};

struct kunit_suite lockmgr_count_suite = {
	.name		= "lockmgr_count",
	.test_cases	= cases,
};
