// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.c: queues of waiters, several in one bucket; order, counts, and returning.
 */
#include <kunit/resource.h>
#include <linux/pid.h>

#include "fixture.h"
#include "suites.h"

/* Three locks in one bucket, in the order of their ids. */
#define LOCKS	3
/* How many the second of them has. */
#define WAITERS	5

struct queues {
	struct lockmgr_bucket *bucket;
	u32 ids[LOCKS];
	struct lockmgr_waiter waiters[16];
	u32 used;
	struct lockmgr_queues all;
};

static void leave_all(void *data)
{
	struct queues *queues = data;
	struct rb_node *node;

	spin_lock(&queues->bucket->lock);
	while ((node = rb_first(&queues->bucket->waiters)))
		lockmgr_queue_del(queues->bucket, rb_entry(node, struct lockmgr_waiter, node));
	spin_unlock(&queues->bucket->lock);
}

static int init(struct kunit *test)
{
	struct queues *queues = kunit_kzalloc(test, sizeof(*queues), GFP_KERNEL);
	u32 id, found = 0;

	if (!queues)
		return -ENOMEM;
	lockmgr_queues_init(&queues->all);
	queues->bucket = lockmgr_bucket(&queues->all, 0);
	for (id = 0; found < LOCKS; id++)
		if (lockmgr_bucket(&queues->all, id) == queues->bucket)
			queues->ids[found++] = id;
	test->priv = queues;

	return kunit_add_action_or_reset(test, leave_all, queues);
}

/* Wait for one of the locks, at the place that the ticket keeps; with 0, as a newcomer. */
static struct lockmgr_waiter *return_to(struct kunit *test, u32 lock, u64 ticket)
{
	struct queues *queues = test->priv;
	struct lockmgr_waiter *waiter = &queues->waiters[queues->used++];

	KUNIT_ASSERT_LE(test, queues->used, ARRAY_SIZE(queues->waiters));
	waiter->id = queues->ids[lock];
	waiter->thread = task_pid(current);
	waiter->ticket = ticket;
	spin_lock(&queues->bucket->lock);
	lockmgr_queue_add(queues->bucket, waiter);
	spin_unlock(&queues->bucket->lock);

	return waiter;
}

static struct lockmgr_waiter *add(struct kunit *test, u32 lock)
{
	return return_to(test, lock, 0);
}

static void del(struct kunit *test, struct lockmgr_waiter *waiter)
{
	struct queues *queues = test->priv;

	spin_lock(&queues->bucket->lock);
	lockmgr_queue_del(queues->bucket, waiter);
	spin_unlock(&queues->bucket->lock);
}

static struct lockmgr_waiter *first_of(struct kunit *test, u32 lock)
{
	struct queues *queues = test->priv;
	struct lockmgr_waiter *waiter;

	spin_lock(&queues->bucket->lock);
	waiter = lockmgr_queue_first(queues->bucket, queues->ids[lock]);
	spin_unlock(&queues->bucket->lock);

	return waiter;
}

static struct lockmgr_waiter *after(struct kunit *test, u32 lock, u64 ticket)
{
	struct queues *queues = test->priv;
	struct lockmgr_waiter *waiter;

	spin_lock(&queues->bucket->lock);
	waiter = lockmgr_queue_after(queues->bucket, queues->ids[lock], ticket);
	spin_unlock(&queues->bucket->lock);

	return waiter;
}

static u32 length(struct kunit *test, u32 lock)
{
	struct queues *queues = test->priv;
	u32 count;

	spin_lock(&queues->bucket->lock);
	count = lockmgr_queue_length(queues->bucket, queues->ids[lock]);
	spin_unlock(&queues->bucket->lock);

	return count;
}

/* Expect that the queue consists of these waiters, in this order. */
static void expect_queue(struct kunit *test, u32 lock, u32 count,
			 struct lockmgr_waiter *const *waiters)
{
	struct lockmgr_waiter *waiter = first_of(test, lock);
	u32 i;

	for (i = 0; i < count; i++) {
		KUNIT_ASSERT_PTR_EQ_MSG(test, waiter, waiters[i], "place %u", i);
		waiter = after(test, lock, waiter->ticket);
	}
	KUNIT_EXPECT_NULL(test, waiter);
	KUNIT_EXPECT_EQ(test, length(test, lock), count);
}

/* ------------------------------------------------------------------------
 * Buckets
 */

static void locks_are_spread_over_the_buckets(struct kunit *test)
{
	struct queues *queues = test->priv;
	DECLARE_BITMAP(used, LOCKMGR_BUCKETS) = {};
	u32 id;

	/* Of as many buckets as there are locks, a fair share must be in use. */
	for (id = 0; id < LOCKMGR_BUCKETS; id++)
		__set_bit(lockmgr_bucket(&queues->all, id) - queues->all.buckets, used);
	KUNIT_EXPECT_GE(test, bitmap_weight(used, LOCKMGR_BUCKETS), LOCKMGR_BUCKETS / 2);
}

static void empty_queue_has_no_first(struct kunit *test)
{
	expect_queue(test, 1, 0, NULL);
}

static void waiters_of_other_locks_are_not_in_the_queue(struct kunit *test)
{
	struct lockmgr_waiter *below = add(test, 0);
	struct lockmgr_waiter *above = add(test, 2);

	expect_queue(test, 1, 0, NULL);
	expect_queue(test, 0, 1, &below);
	expect_queue(test, 2, 1, &above);
}

/* ------------------------------------------------------------------------
 * Order
 */

static void queue_is_first_come_first_served(struct kunit *test)
{
	struct lockmgr_waiter *waiters[WAITERS];
	u32 i;

	/* Waiters of other locks come in between. */
	for (i = 0; i < WAITERS; i++) {
		add(test, i % 2 * 2);
		waiters[i] = add(test, 1);
	}
	expect_queue(test, 1, WAITERS, waiters);
}

static void sequences_grow_whatever_the_lock(struct kunit *test)
{
	u64 first = add(test, 2)->sequence;
	u64 second = add(test, 0)->sequence;

	KUNIT_EXPECT_GT(test, first, 0);
	KUNIT_EXPECT_GT(test, second, first);
}

/* This holds whichever waiter leaves. */
static void queue_closes_up_behind_who_leaves(struct kunit *test)
{
	u32 leaver = *(const u32 *)test->param_value;
	struct lockmgr_waiter *waiters[WAITERS];
	u32 i;

	add(test, 0);
	for (i = 0; i < WAITERS; i++)
		waiters[i] = add(test, 1);
	add(test, 2);

	del(test, waiters[leaver]);
	memmove(&waiters[leaver], &waiters[leaver + 1],
		(WAITERS - 1 - leaver) * sizeof(waiters[0]));
	expect_queue(test, 1, WAITERS - 1, waiters);
	KUNIT_EXPECT_EQ(test, length(test, 0), 1);
	KUNIT_EXPECT_EQ(test, length(test, 2), 1);
}

static const u32 leavers[] = { 0, 1, 2, 3, 4 };

static void describe_leaver(const u32 *place, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "place %u", *place);
}

KUNIT_ARRAY_PARAM(leavers, leavers, describe_leaver);

/* Tickets reveal nothing about what others on the machine do. */
static void tickets_are_the_queues_own(struct kunit *test)
{
	struct lockmgr_queues *others = kunit_kzalloc(test, sizeof(*others), GFP_KERNEL);
	struct queues *queues = test->priv;
	struct lockmgr_queues *all = &queues->all;
	u64 first = add(test, 1)->ticket;

	KUNIT_ASSERT_NOT_NULL(test, others);
	/* The same lock of another space. */
	lockmgr_queues_init(others);
	queues->bucket = lockmgr_bucket(others, queues->ids[1]);
	KUNIT_EXPECT_EQ(test, add(test, 1)->ticket, first);
	leave_all(queues);
	queues->bucket = lockmgr_bucket(all, queues->ids[1]);
	KUNIT_EXPECT_EQ(test, add(test, 1)->ticket, first + 1);
}

static void queue_can_be_left_by_all_and_joined_again(struct kunit *test)
{
	struct lockmgr_waiter *waiter = add(test, 1);

	add(test, 2);
	del(test, waiter);
	expect_queue(test, 1, 0, NULL);
	waiter = add(test, 1);
	expect_queue(test, 1, 1, &waiter);
}

static void after_passes_over_tickets_that_have_gone(struct kunit *test)
{
	struct lockmgr_waiter *first = add(test, 1);
	struct lockmgr_waiter *second = add(test, 1);
	struct lockmgr_waiter *third = add(test, 1);

	del(test, second);
	KUNIT_EXPECT_PTR_EQ(test, after(test, 1, first->ticket), third);
	KUNIT_EXPECT_PTR_EQ(test, after(test, 1, second->ticket), third);
	KUNIT_EXPECT_NULL(test, after(test, 1, third->ticket));
	KUNIT_EXPECT_NULL(test, after(test, 1, U64_MAX - 1));
}

/* ------------------------------------------------------------------------
 * Returning
 */

static void newcomer_has_no_claim(struct kunit *test)
{
	struct lockmgr_waiter *waiter = add(test, 1);

	KUNIT_EXPECT_NE(test, waiter->ticket, 0);
	KUNIT_EXPECT_FALSE(test, waiter->handoff);
}

/* To the front, the middle or the end, and there the lock is handed off to it. */
static void returner_has_its_place_again(struct kunit *test)
{
	u32 leaver = *(const u32 *)test->param_value;
	struct lockmgr_waiter *waiters[WAITERS];
	u32 i;

	for (i = 0; i < WAITERS; i++)
		waiters[i] = add(test, 1);
	del(test, waiters[leaver]);
	waiters[leaver] = return_to(test, 1, waiters[leaver]->ticket);

	KUNIT_EXPECT_TRUE(test, waiters[leaver]->handoff);
	expect_queue(test, 1, WAITERS, waiters);
}

static void returner_to_an_empty_queue_is_its_first(struct kunit *test)
{
	struct lockmgr_waiter *waiter = add(test, 1);

	del(test, waiter);
	waiter = return_to(test, 1, waiter->ticket);
	KUNIT_EXPECT_TRUE(test, waiter->handoff);
	expect_queue(test, 1, 1, &waiter);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(locks_are_spread_over_the_buckets),
	KUNIT_CASE(empty_queue_has_no_first),
	KUNIT_CASE(waiters_of_other_locks_are_not_in_the_queue),
	KUNIT_CASE(queue_is_first_come_first_served),
	KUNIT_CASE(sequences_grow_whatever_the_lock),
	KUNIT_CASE_PARAM(queue_closes_up_behind_who_leaves, leavers_gen_params),
	KUNIT_CASE(tickets_are_the_queues_own),
	KUNIT_CASE(queue_can_be_left_by_all_and_joined_again),
	KUNIT_CASE(after_passes_over_tickets_that_have_gone),
	KUNIT_CASE(newcomer_has_no_claim),
	KUNIT_CASE_PARAM(returner_has_its_place_again, leavers_gen_params),
	KUNIT_CASE(returner_to_an_empty_queue_is_its_first),
	{}
};

struct kunit_suite lockmgr_wait_suite = {
	.name		= "lockmgr_wait",
	.init		= init,
	.test_cases	= cases,
};
