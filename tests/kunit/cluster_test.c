// SPDX-License-Identifier: GPL-2.0-only
/*
 * cluster.c, node.c, resource.c, and what lock.c does with closed locks: one node, and the tests
 * as the module that knows the cluster. They send its messages in each order that
 * tests/model/cluster.pml has, and see what the node asks for.
 */
#include <kunit/resource.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "attach.h"
#include "client.h"
#include "cluster.h"
#include "fixture.h"
#include "lock.h"
#include "node.h"
#include "record.h"
#include "space.h"
#include "suites.h"

#define ID	5

#define DIED	LOCKMGR_WORD_DIED
#define WAITERS	LOCKMGR_WORD_WAITERS

/* An end of the turns that does not come during a test. */
#define NEVER	U64_MAX

/**
 * struct fake - the module that knows the cluster
 * @calls: one letter for each call of a space's worker, see below
 * @count: how many
 * @refuse: what the next @refusals of these calls return
 * @refusals: see there
 * @obliging: the cluster grants at once whatever the node asks for
 * @join: what joining returns
 * @begun: completed when joining begins
 * @joining: joining waits for it, if it is not NULL
 * @left: completed when a space leaves
 * @clean: what that space said
 */
static struct fake {
	char calls[16];
	u32 count;
	int refuse;
	u32 refusals;
	bool obliging;
	int join;
	struct completion begun;
	struct completion *joining;
	struct completion left;
	bool clean;
} fake;

static int note_call(char call)
{
	if (fake.count < sizeof(fake.calls) - 1)
		fake.calls[fake.count++] = call;
	if (!fake.refusals)
		return 0;
	fake.refusals--;

	return fake.refuse;
}

static void forget_calls(void)
{
	memset(fake.calls, 0, sizeof(fake.calls));
	fake.count = 0;
}

static int fake_join(struct lockmgr_cluster *cluster)
{
	complete(&fake.begun);
	if (fake.joining)
		wait_for_completion(fake.joining);
	if (!fake.join)
		lockmgr_cluster_done(cluster);

	return fake.join;
}

static void fake_leave(struct lockmgr_cluster *cluster, bool clean)
{
	fake.clean = clean;
	complete(&fake.left);
}

static int fake_enter(struct lockmgr_resource *resource)
{
	if (fake.obliging)
		lockmgr_cluster_entered(resource);

	return note_call('e');
}

static int fake_ask(struct lockmgr_resource *resource)
{
	if (fake.obliging)
		lockmgr_cluster_granted(resource, LOCKMGR_CLUSTER_RELEASED);

	return note_call('a');
}

static int fake_cancel(struct lockmgr_resource *resource)
{
	return note_call('c');
}

static int fake_give(struct lockmgr_resource *resource, bool died)
{
	return note_call(died ? 'G' : 'g');
}

static int fake_drop(struct lockmgr_resource *resource)
{
	return note_call('d');
}

static const struct lockmgr_cluster_ops fake_ops = {
	.owner	= THIS_MODULE,
	.join	= fake_join,
	.leave	= fake_leave,
	.enter	= fake_enter,
	.ask	= fake_ask,
	.cancel	= fake_cancel,
	.give	= fake_give,
	.drop	= fake_drop,
};

struct node {
	struct lockmgr_client *me;
	struct lockmgr_client *other;
	struct lockmgr_record *record;
};

static void unregister_fake(void *ops)
{
	lockmgr_cluster_unregister(ops);
}

static int open_space(struct kunit *test, struct lockmgr_client **client, const char *name)
{
	struct lockmgr_space_args args = fixture_args(name);

	args.cluster = true;
	*client = fixture_unattached(test);

	return fixture_attach(test, *client, &args);
}

static int init(struct kunit *test)
{
	struct node *node = kunit_kzalloc(test, sizeof(*node), GFP_KERNEL);
	int ret;

	if (!node)
		return -ENOMEM;
	fake = (struct fake) {};
	init_completion(&fake.begun);
	init_completion(&fake.left);
	ret = lockmgr_cluster_register(&fake_ops);
	if (ret)
		return ret;
	ret = kunit_add_action_or_reset(test, unregister_fake, (void *)&fake_ops);
	if (ret)
		return ret;
	ret = open_space(test, &node->me, "cluster");
	if (ret)
		return ret;
	ret = open_space(test, &node->other, "cluster");
	if (ret)
		return ret;
	node->record = fixture_record(test, node->me, ID);
	fixture_record(test, node->other, ID);
	test->priv = node;

	return 0;
}

static struct lockmgr_cluster *cluster(struct kunit *test)
{
	return ((struct node *)test->priv)->me->space->cluster;
}

static struct lockmgr_resource *resource(struct kunit *test)
{
	struct lockmgr_resource *found = lockmgr_resource_find(cluster(test), ID);

	KUNIT_ASSERT_NOT_NULL(test, found);

	return found;
}

static u64 word(struct kunit *test)
{
	return READ_ONCE(((struct node *)test->priv)->record->word);
}

static u32 owner(struct kunit *test)
{
	return lockmgr_word_token(word(test));
}

static int unlock(struct lockmgr_client *client)
{
	return lockmgr_client_unlock(client, ID);
}

/* Acquire the lock as user space does in mapped records. */
static bool lock_in_memory(struct kunit *test, const struct lockmgr_client *client)
{
	const struct node *node = test->priv;
	u64 free = 0;

	return atomic64_try_cmpxchg(lockmgr_word(node->record), &free, client->token);
}

static bool unlock_in_memory(struct kunit *test, const struct lockmgr_client *client)
{
	const struct node *node = test->priv;
	u64 held = client->token;

	return atomic64_try_cmpxchg(lockmgr_word(node->record), &held, 0);
}

/* What the node has called the cluster for since the last time, once the worker has looked. */
#define EXPECT_CALLS(test, expected)						\
	do {									\
		struct kunit *self = (test);					\
		flush_delayed_work(&cluster(self)->work);			\
		KUNIT_EXPECT_STREQ(self, (const char *)fake.calls, expected);	\
		forget_calls();							\
	} while (0)

static void expect_state(struct kunit *test, enum lockmgr_resource_mode mode,
			 enum lockmgr_resource_op op)
{
	KUNIT_EXPECT_EQ(test, resource(test)->mode, mode);
	KUNIT_EXPECT_EQ(test, resource(test)->op, op);
}

/* A thread of the client waits, and the node has asked for EX. */
static struct fixture_call *ask(struct kunit *test, struct lockmgr_client *client)
{
	struct fixture_call *call = fixture_waiting(test, client, ID);

	EXPECT_CALLS(test, "e");
	lockmgr_cluster_entered(resource(test));
	EXPECT_CALLS(test, "a");

	return call;
}

/* The client holds the lock, which is open. */
static void hold(struct kunit *test, struct lockmgr_client *client)
{
	struct fixture_call *call = ask(test, client);

	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_RELEASED);
	KUNIT_ASSERT_EQ(test, fixture_result(test, call), 0);
	KUNIT_ASSERT_EQ(test, owner(test), client->token);
}

/* The lock is open, and nobody holds it. */
static void open(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->me);
	KUNIT_ASSERT_EQ(test, unlock(node->me), 0);
	KUNIT_ASSERT_EQ(test, word(test), 0);
}

/* ------------------------------------------------------------------------
 * Acquiring
 */

static void new_lock_is_closed(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	EXPECT_CALLS(test, "");
}

static void first_waiter_makes_the_node_ask(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call = ask(test, node->me);

	expect_state(test, LOCKMGR_RESOURCE_NL, LOCKMGR_RESOURCE_ASK);
	KUNIT_EXPECT_FALSE(test, completion_done(&call->done));
	KUNIT_EXPECT_EQ(test, owner(test), 0);
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_RELEASED);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, owner(test), node->me->token);
	expect_state(test, LOCKMGR_RESOURCE_EX, LOCKMGR_RESOURCE_IDLE);
}

static void further_waiters_ask_for_nothing_more(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *calls[2];

	calls[0] = ask(test, node->me);
	calls[1] = fixture_waiting(test, node->other, ID);
	EXPECT_CALLS(test, "");
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_RELEASED);
	KUNIT_EXPECT_EQ(test, fixture_result(test, calls[0]), 0);
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, calls[1]), 0);
	EXPECT_CALLS(test, "");
}

static void open_lock_is_used_in_memory(struct kunit *test)
{
	struct node *node = test->priv;
	u32 i;

	open(test);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, lock_in_memory(test, node->other));
		KUNIT_EXPECT_TRUE(test, unlock_in_memory(test, node->other));
	}
	EXPECT_CALLS(test, "");
}

static void trylock_asks_for_the_lock(struct kunit *test)
{
	struct node *node = test->priv;

	fake.obliging = true;
	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(node->me, ID, false, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, owner(test), node->me->token);
	EXPECT_CALLS(test, "ea");
}

static void trylock_gives_up(struct kunit *test)
{
	struct node *node = test->priv;

	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(node->me, ID, false, 0, NULL), -EBUSY);
	EXPECT_CALLS(test, "e");
	KUNIT_EXPECT_EQ(test, fixture_waiters(node->me, ID), 0);
}

static void trylock_of_what_this_node_holds_asks_nobody(struct kunit *test)
{
	struct node *node = test->priv;
	struct lockmgr_stats *stats = &node->me->space->stats;
	s64 waits;

	hold(test, node->other);
	lockmgr_cluster_wanted(resource(test));
	waits = atomic64_read(&stats->contentions);
	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(node->me, ID, false, 0, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->contentions), waits);
	EXPECT_CALLS(test, "");
}

static void refused_call_is_made_again(struct kunit *test)
{
	struct node *node = test->priv;

	fake.refuse = -ENOMEM;
	fake.refusals = 2;
	fixture_waiting(test, node->me, ID);
	/* Each time, the worker looks once, and at once. */
	flush_delayed_work(&cluster(test)->work);
	flush_delayed_work(&cluster(test)->work);
	EXPECT_CALLS(test, "eee");
	EXPECT_CALLS(test, "");
	expect_state(test, LOCKMGR_RESOURCE_NONE, LOCKMGR_RESOURCE_ENTER);
}

/* ------------------------------------------------------------------------
 * Giving away
 */

static void free_lock_is_given_away_at_once(struct kunit *test)
{
	open(test);
	lockmgr_cluster_wanted(resource(test));
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	EXPECT_CALLS(test, "g");
	expect_state(test, LOCKMGR_RESOURCE_NL, LOCKMGR_RESOURCE_GIVE);
	lockmgr_cluster_given(resource(test));
	EXPECT_CALLS(test, "");
	expect_state(test, LOCKMGR_RESOURCE_NL, LOCKMGR_RESOURCE_IDLE);
}

static void held_lock_is_given_away_when_it_is_released(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->me);
	lockmgr_cluster_wanted(resource(test));
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, owner(test), node->me->token);
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	EXPECT_CALLS(test, "g");
}

/* Either the release comes first, or it fails. */
static void lock_held_in_memory_is_marked_when_it_is_wanted(struct kunit *test)
{
	struct node *node = test->priv;

	open(test);
	KUNIT_ASSERT_TRUE(test, lock_in_memory(test, node->other));
	lockmgr_cluster_wanted(resource(test));
	KUNIT_EXPECT_FALSE(test, unlock_in_memory(test, node->other));
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, unlock(node->other), 0);
	EXPECT_CALLS(test, "g");
}

static void waiter_has_a_turn_before_the_lock_is_given_away(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	hold(test, node->me);
	call = fixture_waiting(test, node->other, ID);
	lockmgr_cluster_wanted(resource(test));
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, word(test) & (WAITERS | LOCKMGR_WORD_TOKEN),
			WAITERS | node->other->token);
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, unlock(node->other), 0);
	EXPECT_CALLS(test, "g");
}

struct turn_param {
	const char *name;
	u64 end;
	bool turn;
};

static const struct turn_param turns[] = {
	{ "in time", NEVER, true },
	{ "too late", 1, false },
};

KUNIT_ARRAY_PARAM_DESC(turns, turns, name);

static void further_turns_are_bounded_in_time(struct kunit *test)
{
	const struct turn_param *param = test->param_value;
	struct node *node = test->priv;
	struct fixture_call *calls[2];

	hold(test, node->me);
	calls[0] = fixture_waiting(test, node->other, ID);
	calls[1] = fixture_waiting(test, node->other, ID);
	lockmgr_cluster_wanted(resource(test));
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, calls[0]), 0);
	KUNIT_EXPECT_NE(test, resource(test)->turns_end, 0);
	resource(test)->turns_end = param->end;
	/* That another node waits, too, changes nothing. */
	lockmgr_cluster_wanted(resource(test));
	KUNIT_EXPECT_EQ(test, unlock(node->other), 0);
	KUNIT_EXPECT_EQ(test, owner(test), param->turn ? node->other->token : 0);
	EXPECT_CALLS(test, param->turn ? "" : "g");
	KUNIT_EXPECT_EQ(test, fixture_waiters(node->me, ID), param->turn ? 0 : 1);
}

static void node_asks_again_for_waiters_that_are_left(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	open(test);
	lockmgr_cluster_wanted(resource(test));
	EXPECT_CALLS(test, "g");
	call = fixture_waiting(test, node->me, ID);
	EXPECT_CALLS(test, "");
	lockmgr_cluster_given(resource(test));
	EXPECT_CALLS(test, "a");
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_RELEASED);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	/* The other node's wish was for the former EX. */
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, word(test), 0);
	EXPECT_CALLS(test, "");
}

static void next_wish_gives_a_new_turn(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	hold(test, node->me);
	resource(test)->turns_end = 1;
	call = fixture_waiting(test, node->other, ID);
	lockmgr_cluster_wanted(resource(test));
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
}

static void nobody_acquires_what_is_given_away(struct kunit *test)
{
	struct node *node = test->priv;

	open(test);
	lockmgr_cluster_wanted(resource(test));
	EXPECT_CALLS(test, "g");
	KUNIT_EXPECT_EQ(test, lockmgr_trylock(node->me, node->record, ID), -EBUSY);
	KUNIT_EXPECT_FALSE(test, lock_in_memory(test, node->me));
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
}

static void wish_without_ex_changes_nothing(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call = ask(test, node->me);

	lockmgr_cluster_wanted(resource(test));
	EXPECT_CALLS(test, "");
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_RELEASED);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, word(test), 0);
	EXPECT_CALLS(test, "");
}

/* ------------------------------------------------------------------------
 * Death
 */

struct news_param {
	const char *name;
	enum lockmgr_cluster_news news;
	bool mourned;
	int ret;
};

static const struct news_param news[] = {
	{ "released", LOCKMGR_CLUSTER_RELEASED, false, 0 },
	{ "released, and a node has died", LOCKMGR_CLUSTER_RELEASED, true, 0 },
	{ "died", LOCKMGR_CLUSTER_DIED, false, LOCKMGR_OWNER_DIED },
	{ "blank", LOCKMGR_CLUSTER_BLANK, false, 0 },
	{ "blank, and a node has died", LOCKMGR_CLUSTER_BLANK, true, LOCKMGR_OWNER_DIED },
};

KUNIT_ARRAY_PARAM_DESC(news, news, name);

static void death_elsewhere_is_told_once(struct kunit *test)
{
	const struct news_param *param = test->param_value;
	struct node *node = test->priv;
	struct fixture_call *call;

	if (param->mourned)
		lockmgr_cluster_mourn(cluster(test));
	call = ask(test, node->me);
	lockmgr_cluster_granted(resource(test), param->news);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), param->ret);
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_TRUE(test, lock_in_memory(test, node->me));
}

static void death_here_is_told_here_while_nobody_else_wants_the_lock(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->other);
	fixture_close(test, node->other);
	KUNIT_EXPECT_EQ(test, word(test), DIED);
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, lockmgr_trylock(node->me, node->record, ID), LOCKMGR_OWNER_DIED);
}

static void death_here_goes_to_the_next_node(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	hold(test, node->other);
	lockmgr_cluster_wanted(resource(test));
	fixture_close(test, node->other);
	EXPECT_CALLS(test, "G");
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);

	/* And not to the next holder here. */
	call = fixture_waiting(test, node->me, ID);
	lockmgr_cluster_given(resource(test));
	EXPECT_CALLS(test, "a");
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_RELEASED);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
}

static void death_here_is_told_to_a_waiter_that_has_a_turn(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	hold(test, node->other);
	call = fixture_waiting(test, node->me, ID);
	lockmgr_cluster_wanted(resource(test));
	fixture_close(test, node->other);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	EXPECT_CALLS(test, "g");
}

static void death_elsewhere_that_nobody_here_heard_of_goes_on(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call = ask(test, node->me);

	fixture_signal(call);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), -ERESTARTSYS);
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_DIED);
	lockmgr_cluster_wanted(resource(test));
	flush_delayed_work(&cluster(test)->work);
	KUNIT_EXPECT_NOT_NULL(test, strchr(fake.calls, 'G'));
}

/* ------------------------------------------------------------------------
 * Leaving the queue
 */

static void node_cancels_when_the_last_waiter_has_left(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *first = ask(test, node->me);
	struct fixture_call *second = fixture_waiting(test, node->me, ID);

	fixture_signal(first);
	KUNIT_EXPECT_EQ(test, fixture_result(test, first), -ERESTARTSYS);
	EXPECT_CALLS(test, "");
	fixture_signal(second);
	KUNIT_EXPECT_EQ(test, fixture_result(test, second), -ERESTARTSYS);
	EXPECT_CALLS(test, "c");
	expect_state(test, LOCKMGR_RESOURCE_NL, LOCKMGR_RESOURCE_CANCEL);
	lockmgr_cluster_cancelled(resource(test));
	EXPECT_CALLS(test, "");
	expect_state(test, LOCKMGR_RESOURCE_NL, LOCKMGR_RESOURCE_IDLE);
}

static struct fixture_call *cancel(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call = ask(test, node->me);

	fixture_signal(call);
	KUNIT_ASSERT_EQ(test, fixture_result(test, call), -ERESTARTSYS);
	EXPECT_CALLS(test, "c");

	return call;
}

static void waiter_that_comes_during_a_cancellation_is_not_forgotten(struct kunit *test)
{
	struct node *node = test->priv;

	cancel(test);
	fixture_waiting(test, node->other, ID);
	EXPECT_CALLS(test, "");
	lockmgr_cluster_cancelled(resource(test));
	EXPECT_CALLS(test, "a");
}

static void grant_beats_cancellation(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	cancel(test);
	call = fixture_waiting(test, node->other, ID);
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_RELEASED);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	expect_state(test, LOCKMGR_RESOURCE_EX, LOCKMGR_RESOURCE_IDLE);
	KUNIT_EXPECT_EQ(test, unlock(node->other), 0);
	KUNIT_EXPECT_EQ(test, word(test), 0);
	EXPECT_CALLS(test, "");
}

/* What ends is what the node has begun, and nothing else. */
static void late_answer_changes_nothing(struct kunit *test)
{
	open(test);
	lockmgr_cluster_cancelled(resource(test));
	lockmgr_cluster_given(resource(test));
	lockmgr_cluster_dropped(resource(test));
	EXPECT_CALLS(test, "");
	expect_state(test, LOCKMGR_RESOURCE_EX, LOCKMGR_RESOURCE_IDLE);
}

static void refused_cancellation_ends_with_the_grant(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call = ask(test, node->me);

	fake.refuse = -EBUSY;
	fake.refusals = U32_MAX;
	fixture_signal(call);
	KUNIT_ASSERT_EQ(test, fixture_result(test, call), -ERESTARTSYS);
	flush_delayed_work(&cluster(test)->work);
	KUNIT_EXPECT_EQ(test, fake.calls[0], 'c');
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_RELEASED);
	lockmgr_cluster_wanted(resource(test));
	flush_delayed_work(&cluster(test)->work);
	KUNIT_ASSERT_GT(test, fake.count, 0);
	KUNIT_EXPECT_EQ(test, fake.calls[fake.count - 1], 'g');
}

static void waiter_leaves_at_its_deadline(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	call = fixture_call(test, node->me, ID, ktime_add_ms(ktime_get(), 20), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fixture_waiters(node->me, ID), 0);
}

/* ------------------------------------------------------------------------
 * Recovery
 */

static void recovery_closes_a_free_lock(struct kunit *test)
{
	struct node *node = test->priv;

	open(test);
	lockmgr_cluster_prep(cluster(test));
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	KUNIT_EXPECT_EQ(test, lockmgr_trylock(node->me, node->record, ID), -EBUSY);
	EXPECT_CALLS(test, "");
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, word(test), 0);
}

static void recovery_marks_a_held_lock(struct kunit *test)
{
	struct node *node = test->priv;

	open(test);
	KUNIT_ASSERT_TRUE(test, lock_in_memory(test, node->me));
	lockmgr_cluster_prep(cluster(test));
	KUNIT_EXPECT_FALSE(test, unlock_in_memory(test, node->me));
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, word(test), 0);
}

static void release_during_a_recovery_wakes_nobody(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	hold(test, node->me);
	call = fixture_waiting(test, node->other, ID);
	lockmgr_cluster_prep(cluster(test));
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, owner(test), 0);
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_FALSE(test, completion_done(&call->done));
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
}

static void release_after_a_recovery_opens_the_lock(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->me);
	lockmgr_cluster_prep(cluster(test));
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, owner(test), node->me->token);
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, word(test), 0);
}

static void woken_waiter_does_not_acquire_during_a_recovery(struct kunit *test)
{
	struct node *node = test->priv;
	struct lockmgr_bucket *bucket = lockmgr_bucket(&node->me->space->queues, ID);
	struct lockmgr_waiter *waiter;

	open(test);
	waiter = fixture_queue(test, node->other, ID, fixture_thread(test));
	waiter->state = LOCKMGR_WAIT_WOKEN;
	lockmgr_cluster_prep(cluster(test));
	spin_lock(&bucket->lock);
	KUNIT_EXPECT_EQ(test, lockmgr_waiter_look(bucket, waiter), LOCKMGR_SLEEP_ON);
	spin_unlock(&bucket->lock);
	KUNIT_EXPECT_EQ(test, waiter->state, LOCKMGR_WAIT_QUEUED);
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, waiter->state, LOCKMGR_WAIT_WOKEN);
}

static void grant_during_a_recovery_waits_for_its_end(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call = ask(test, node->me);

	lockmgr_cluster_prep(cluster(test));
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_DIED);
	KUNIT_EXPECT_EQ(test, word(test), DIED | WAITERS);
	KUNIT_EXPECT_FALSE(test, completion_done(&call->done));
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), LOCKMGR_OWNER_DIED);
}

static void node_begins_nothing_during_a_recovery(struct kunit *test)
{
	struct node *node = test->priv;

	lockmgr_cluster_prep(cluster(test));
	fixture_waiting(test, node->me, ID);
	EXPECT_CALLS(test, "");
	lockmgr_cluster_done(cluster(test));
	EXPECT_CALLS(test, "e");
}

static void last_waiter_that_leaves_during_a_recovery_is_noticed_after_it(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call = ask(test, node->me);

	lockmgr_cluster_prep(cluster(test));
	fixture_signal(call);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), -ERESTARTSYS);
	EXPECT_CALLS(test, "");
	lockmgr_cluster_done(cluster(test));
	EXPECT_CALLS(test, "c");
}

static void free_lock_that_is_wanted_during_a_recovery_is_given_away_after_it(struct kunit *test)
{
	open(test);
	lockmgr_cluster_prep(cluster(test));
	lockmgr_cluster_wanted(resource(test));
	EXPECT_CALLS(test, "");
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	EXPECT_CALLS(test, "g");
}

static void turn_during_a_recovery_comes_after_it(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	hold(test, node->me);
	call = fixture_waiting(test, node->other, ID);
	lockmgr_cluster_wanted(resource(test));
	lockmgr_cluster_prep(cluster(test));
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	KUNIT_EXPECT_EQ(test, owner(test), 0);
	EXPECT_CALLS(test, "");
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, unlock(node->other), 0);
	EXPECT_CALLS(test, "g");
}

/* The worker may come to the lock before lockmgr_cluster_done() does. */
static void turn_comes_before_the_worker_gives_away(struct kunit *test)
{
	struct node *node = test->priv;
	struct lockmgr_waiter *waiter;

	open(test);
	lockmgr_cluster_prep(cluster(test));
	waiter = fixture_queue(test, node->other, ID, fixture_thread(test));
	lockmgr_cluster_wanted(resource(test));
	WRITE_ONCE(cluster(test)->stopped, false);
	lockmgr_resource_kick(resource(test), 0);
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, waiter->state, LOCKMGR_WAIT_GRANTED);
}

static void death_during_a_recovery_is_told_after_it(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->other);
	lockmgr_cluster_prep(cluster(test));
	fixture_close(test, node->other);
	KUNIT_EXPECT_EQ(test, word(test), DIED | WAITERS);
	lockmgr_cluster_done(cluster(test));
	KUNIT_EXPECT_EQ(test, lockmgr_trylock(node->me, node->record, ID), LOCKMGR_OWNER_DIED);
}

/* ------------------------------------------------------------------------
 * Forgetting
 */

static void unused_lock_is_forgotten(struct kunit *test)
{
	struct node *node = test->priv;
	struct fixture_call *call;

	open(test);
	lockmgr_cluster_drop(cluster(test), ID);
	EXPECT_CALLS(test, "d");
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	call = fixture_waiting(test, node->me, ID);
	EXPECT_CALLS(test, "");
	lockmgr_cluster_dropped(resource(test));
	EXPECT_CALLS(test, "e");
	lockmgr_cluster_entered(resource(test));
	EXPECT_CALLS(test, "a");
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_BLANK);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
}

static void lock_of_a_freed_id_is_forgotten(struct kunit *test)
{
	struct node *node = test->priv;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&node->me->space->ids, ID, true), 0);
	open(test);
	KUNIT_EXPECT_EQ(test, lockmgr_space_free(node->me->space, ID), 0);
	EXPECT_CALLS(test, "d");
}

static void held_lock_is_not_forgotten(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->me);
	lockmgr_cluster_drop(cluster(test), ID);
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, owner(test), node->me->token);
}

static void lock_whose_holder_died_is_not_forgotten(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->other);
	fixture_close(test, node->other);
	lockmgr_cluster_drop(cluster(test), ID);
	EXPECT_CALLS(test, "");
	KUNIT_EXPECT_EQ(test, word(test), DIED);
}

static void lock_without_ex_is_not_forgotten(struct kunit *test)
{
	open(test);
	lockmgr_cluster_wanted(resource(test));
	EXPECT_CALLS(test, "g");
	lockmgr_cluster_given(resource(test));
	lockmgr_cluster_drop(cluster(test), ID);
	EXPECT_CALLS(test, "");
	expect_state(test, LOCKMGR_RESOURCE_NL, LOCKMGR_RESOURCE_IDLE);
}

static void wanted_lock_is_given_away_rather_than_forgotten(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->me);
	lockmgr_cluster_wanted(resource(test));
	lockmgr_cluster_drop(cluster(test), ID);
	KUNIT_EXPECT_EQ(test, unlock(node->me), 0);
	EXPECT_CALLS(test, "g");
}

/* ------------------------------------------------------------------------
 * Words that user space should not have written
 */

/* The node gives nothing away while a living client seems to hold the lock. */
static void forged_holder_keeps_the_lock_here(struct kunit *test)
{
	struct node *node = test->priv;

	open(test);
	WRITE_ONCE(node->record->word, node->other->token);
	lockmgr_cluster_wanted(resource(test));
	EXPECT_CALLS(test, "");
	fixture_close(test, node->other);
	EXPECT_CALLS(test, "G");
}

/* After an overwrite of the mark, the death of whoever could write closes the lock again. */
static void overwritten_word_is_mended(struct kunit *test)
{
	struct node *node = test->priv;

	open(test);
	lockmgr_cluster_prep(cluster(test));
	node->other->mapped = true;
	WRITE_ONCE(node->record->word, 0);
	fixture_close(test, node->other);
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
}

static void word_with_an_unknown_client_counts_as_a_death(struct kunit *test)
{
	struct node *node = test->priv;

	open(test);
	WRITE_ONCE(node->record->word, 0x2abcdef0);
	lockmgr_cluster_wanted(resource(test));
	EXPECT_CALLS(test, "G");
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
}

static void grant_of_a_lock_that_seems_held_changes_nothing(struct kunit *test)
{
	struct node *node = test->priv;

	ask(test, node->me);
	WRITE_ONCE(node->record->word, WAITERS | node->other->token);
	lockmgr_cluster_granted(resource(test), LOCKMGR_CLUSTER_DIED);
	KUNIT_EXPECT_EQ(test, word(test), WAITERS | node->other->token);
}

/* ------------------------------------------------------------------------
 * Spaces
 */

static void local_space_has_no_cluster(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "local");

	KUNIT_EXPECT_NULL(test, client->space->cluster);
	KUNIT_EXPECT_EQ(test, fixture_record(test, client, ID)->word, 0);
}

static void failed_join_leaves_no_space(struct kunit *test)
{
	struct lockmgr_client *client;

	fake.join = -ENOTCONN;
	KUNIT_EXPECT_EQ(test, open_space(test, &client, "refused"), -ENOTCONN);
	KUNIT_EXPECT_NULL(test, client->space);
	fake.join = 0;
	KUNIT_EXPECT_EQ(test, open_space(test, &client, "refused"), 0);
	KUNIT_EXPECT_TRUE(test, client->created);
}

static void leave(struct kunit *test)
{
	struct node *node = test->priv;

	fixture_close(test, node->me);
	KUNIT_ASSERT_EQ(test, fixture_unlink("cluster", FIXTURE_OWNER, current_cred()), 0);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&fake.left, FIXTURE_PATIENCE));
}

static void last_client_of_an_unlinked_space_makes_the_node_leave(struct kunit *test)
{
	struct node *node = test->priv;

	open(test);
	fixture_close(test, node->other);
	KUNIT_EXPECT_FALSE(test, completion_done(&fake.left));
	leave(test);
	KUNIT_EXPECT_TRUE(test, fake.clean);
}

static void node_that_leaves_says_that_a_holder_died(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->other);
	fixture_close(test, node->other);
	leave(test);
	KUNIT_EXPECT_FALSE(test, fake.clean);
}

static void node_that_leaves_says_what_was_refused(struct kunit *test)
{
	struct node *node = test->priv;

	hold(test, node->other);
	fake.refuse = -ENOMEM;
	fake.refusals = U32_MAX;
	lockmgr_cluster_wanted(resource(test));
	fixture_close(test, node->other);
	flush_delayed_work(&cluster(test)->work);
	KUNIT_EXPECT_EQ(test, word(test), WAITERS);
	leave(test);
	KUNIT_EXPECT_FALSE(test, fake.clean);
}

struct opener {
	struct kunit *test;
	struct lockmgr_client *client;
	struct completion done;
	int ret;
};

static int open_in_thread(void *data)
{
	struct opener *opener = data;
	struct lockmgr_space_args args = fixture_args("slow");

	args.cluster = true;
	allow_signal(SIGUSR1);
	mutex_lock(&opener->client->lock);
	opener->ret = lockmgr_attach_begin(opener->client, &args, false, false);
	if (!opener->ret)
		lockmgr_attach_finish(opener->client, true);
	mutex_unlock(&opener->client->lock);
	complete(&opener->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);

	return 0;
}

/* The thread that opens does not wait; the node leaves when it has joined. */
static void signal_ends_opening(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(joining);
	struct opener opener = { .test = test, .client = fixture_unattached(test) };
	struct task_struct *task;

	init_completion(&opener.done);
	reinit_completion(&fake.begun);
	fake.joining = &joining;
	task = kthread_create(open_in_thread, &opener, "lockmgr-opener");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	wake_up_process(task);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&fake.begun, FIXTURE_PATIENCE));
	send_sig(SIGUSR1, task, 1);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&opener.done, FIXTURE_PATIENCE));
	KUNIT_EXPECT_EQ(test, opener.ret, -EINTR);
	KUNIT_EXPECT_FALSE(test, completion_done(&fake.left));
	complete_all(&joining);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&fake.left, FIXTURE_PATIENCE));
	kthread_stop(task);
	put_task_struct(task);
}

static void capacity_is_fixed(struct kunit *test)
{
	struct node *node = test->priv;

	KUNIT_EXPECT_EQ(test, lockmgr_space_set_capacity(node->me->space, ID, current_cred()),
			-EOPNOTSUPP);
}

/* The cluster has pointers into it. */
static void page_stays_without_clients(struct kunit *test)
{
	struct node *node = test->priv;
	struct lockmgr_space *space = node->me->space;

	open(test);
	lockmgr_space_pin(space);
	fixture_close(test, node->me);
	fixture_close(test, node->other);
	KUNIT_EXPECT_EQ(test, space->client_count, 0);
	KUNIT_EXPECT_PTR_EQ(test, lockmgr_record_find(&space->records, ID), node->record);
	lockmgr_space_unpin(space);
	KUNIT_EXPECT_PTR_EQ(test, lockmgr_record_find(&space->records, ID), node->record);
}

static void second_module_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, lockmgr_cluster_register(&fake_ops), -EBUSY);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(new_lock_is_closed),
	KUNIT_CASE(first_waiter_makes_the_node_ask),
	KUNIT_CASE(further_waiters_ask_for_nothing_more),
	KUNIT_CASE(open_lock_is_used_in_memory),
	KUNIT_CASE(trylock_asks_for_the_lock),
	KUNIT_CASE(trylock_gives_up),
	KUNIT_CASE(trylock_of_what_this_node_holds_asks_nobody),
	KUNIT_CASE(refused_call_is_made_again),
	KUNIT_CASE(free_lock_is_given_away_at_once),
	KUNIT_CASE(held_lock_is_given_away_when_it_is_released),
	KUNIT_CASE(lock_held_in_memory_is_marked_when_it_is_wanted),
	KUNIT_CASE(waiter_has_a_turn_before_the_lock_is_given_away),
	KUNIT_CASE_PARAM(further_turns_are_bounded_in_time, turns_gen_params),
	KUNIT_CASE(node_asks_again_for_waiters_that_are_left),
	KUNIT_CASE(next_wish_gives_a_new_turn),
	KUNIT_CASE(nobody_acquires_what_is_given_away),
	KUNIT_CASE(wish_without_ex_changes_nothing),
	KUNIT_CASE_PARAM(death_elsewhere_is_told_once, news_gen_params),
	KUNIT_CASE(death_here_is_told_here_while_nobody_else_wants_the_lock),
	KUNIT_CASE(death_here_goes_to_the_next_node),
	KUNIT_CASE(death_here_is_told_to_a_waiter_that_has_a_turn),
	KUNIT_CASE(death_elsewhere_that_nobody_here_heard_of_goes_on),
	KUNIT_CASE(node_cancels_when_the_last_waiter_has_left),
	KUNIT_CASE(waiter_that_comes_during_a_cancellation_is_not_forgotten),
	KUNIT_CASE(grant_beats_cancellation),
	KUNIT_CASE(late_answer_changes_nothing),
	KUNIT_CASE(refused_cancellation_ends_with_the_grant),
	KUNIT_CASE(waiter_leaves_at_its_deadline),
	KUNIT_CASE(recovery_closes_a_free_lock),
	KUNIT_CASE(recovery_marks_a_held_lock),
	KUNIT_CASE(release_during_a_recovery_wakes_nobody),
	KUNIT_CASE(release_after_a_recovery_opens_the_lock),
	KUNIT_CASE(woken_waiter_does_not_acquire_during_a_recovery),
	KUNIT_CASE(grant_during_a_recovery_waits_for_its_end),
	KUNIT_CASE(node_begins_nothing_during_a_recovery),
	KUNIT_CASE(last_waiter_that_leaves_during_a_recovery_is_noticed_after_it),
	KUNIT_CASE(free_lock_that_is_wanted_during_a_recovery_is_given_away_after_it),
	KUNIT_CASE(turn_during_a_recovery_comes_after_it),
	KUNIT_CASE(turn_comes_before_the_worker_gives_away),
	KUNIT_CASE(death_during_a_recovery_is_told_after_it),
	KUNIT_CASE(unused_lock_is_forgotten),
	KUNIT_CASE(lock_of_a_freed_id_is_forgotten),
	KUNIT_CASE(held_lock_is_not_forgotten),
	KUNIT_CASE(lock_whose_holder_died_is_not_forgotten),
	KUNIT_CASE(lock_without_ex_is_not_forgotten),
	KUNIT_CASE(wanted_lock_is_given_away_rather_than_forgotten),
	KUNIT_CASE(forged_holder_keeps_the_lock_here),
	KUNIT_CASE(overwritten_word_is_mended),
	KUNIT_CASE(word_with_an_unknown_client_counts_as_a_death),
	KUNIT_CASE(grant_of_a_lock_that_seems_held_changes_nothing),
	KUNIT_CASE(local_space_has_no_cluster),
	KUNIT_CASE(failed_join_leaves_no_space),
	KUNIT_CASE(last_client_of_an_unlinked_space_makes_the_node_leave),
	KUNIT_CASE(node_that_leaves_says_that_a_holder_died),
	KUNIT_CASE(node_that_leaves_says_what_was_refused),
	KUNIT_CASE(signal_ends_opening),
	KUNIT_CASE(capacity_is_fixed),
	KUNIT_CASE(page_stays_without_clients),
	KUNIT_CASE(second_module_is_refused),
	{}
};

struct kunit_suite lockmgr_cluster_suite = {
	.name		= "lockmgr_cluster",
	.init		= init,
	.test_cases	= cases,
};
