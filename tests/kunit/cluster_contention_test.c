// SPDX-License-Identifier: GPL-2.0-only
/*
 * cluster.c, node.c and lock.c with contention: two spaces as two nodes, with an authority
 * between them that stands for DLM. Its messages come late and from threads of their own, while
 * processes lock, leave and die, recoveries begin and end, and locks are forgotten. The lock must
 * let only one at a time inside, and each death must be told once.
 */
#include <kunit/resource.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "client.h"
#include "cluster.h"
#include "fixture.h"
#include "lock.h"
#include "suites.h"

#define ID		7
#define NODES		2
#define CONTENDERS	4
#define ROUNDS		400

enum message_kind {
	ENTERED,
	GRANTED,
	CANCELLED,
	GIVEN,
	DROPPED,
	WANTED,
};

struct message {
	struct work_struct work;
	struct lockmgr_resource *resource;
	enum message_kind kind;
	enum lockmgr_cluster_news news;
};

/**
 * struct authority - stands for DLM: one resource
 * @running: held for reading by whoever calls, and for writing by a recovery
 * @resources: those of the nodes, once they have entered
 * @holder: the node that has EX; NODES: none
 * @asks: of each node: its place in the queue; 0: not in it
 * @last: the last place in the queue
 * @basted: the holder knows that another node waits
 * @news: of the last holder
 * @deliveries: what a node receives, in order
 * @members: the nodes' parts in the cluster
 * @member_count: how many nodes have joined
 * @grants: how often a node got EX
 * @cancels: how often a node took its request back
 * @drops: how often a node forgot the lock
 */
static struct authority {
	struct rw_semaphore running;
	/** @lock: guards what follows */
	struct mutex lock;
	struct lockmgr_resource *resources[NODES];
	u32 holder;
	u32 asks[NODES];
	u32 last;
	bool basted;
	enum lockmgr_cluster_news news;
	struct workqueue_struct *deliveries[NODES];
	struct lockmgr_cluster *members[NODES];
	u32 member_count;
	u32 grants;
	u32 cancels;
	u32 drops;
} authority;

static u32 node_of(const struct lockmgr_cluster *cluster)
{
	return (unsigned long)cluster->private;
}

static void deliver(struct work_struct *work)
{
	struct message *message = container_of(work, struct message, work);

	switch (message->kind) {
	case ENTERED:
		lockmgr_cluster_entered(message->resource);
		break;
	case GRANTED:
		lockmgr_cluster_granted(message->resource, message->news);
		break;
	case CANCELLED:
		lockmgr_cluster_cancelled(message->resource);
		break;
	case GIVEN:
		lockmgr_cluster_given(message->resource);
		break;
	case DROPPED:
		lockmgr_cluster_dropped(message->resource);
		break;
	case WANTED:
		lockmgr_cluster_wanted(message->resource);
		break;
	}
	kfree(message);
}

static void send(u32 node, enum message_kind kind)
{
	struct message *message = kzalloc(sizeof(*message), GFP_KERNEL | __GFP_NOFAIL);

	lockdep_assert_held(&authority.lock);

	INIT_WORK(&message->work, deliver);
	message->resource = authority.resources[node];
	message->kind = kind;
	message->news = authority.news;
	queue_work(authority.deliveries[node], &message->work);
}

static u32 first_that_asks(void)
{
	u32 first = NODES;
	u32 i;

	for (i = 0; i < NODES; i++)
		if (authority.asks[i] &&
		    (first == NODES || authority.asks[i] < authority.asks[first]))
			first = i;

	return first;
}

static void grant_pending(void)
{
	u32 first = first_that_asks();

	if (first == NODES)
		return;
	if (authority.holder == NODES) {
		authority.holder = first;
		authority.asks[first] = 0;
		authority.basted = false;
		authority.grants++;
		send(first, GRANTED);
		first = first_that_asks();
	}
	if (first != NODES && !authority.basted) {
		authority.basted = true;
		send(authority.holder, WANTED);
	}
}

/* A call of a node: waits while a recovery is going on. */
static int call(struct lockmgr_resource *resource, void (*run)(u32 node))
{
	u32 node = node_of(resource->cluster);

	down_read(&authority.running);
	mutex_lock(&authority.lock);
	authority.resources[node] = resource;
	run(node);
	grant_pending();
	mutex_unlock(&authority.lock);
	up_read(&authority.running);

	return 0;
}

static void run_enter(u32 node)
{
	send(node, ENTERED);
}

static void run_ask(u32 node)
{
	authority.asks[node] = ++authority.last;
}

static void run_cancel(u32 node)
{
	if (!authority.asks[node])
		return;
	authority.asks[node] = 0;
	authority.cancels++;
	send(node, CANCELLED);
}

static void give(u32 node, enum lockmgr_cluster_news news)
{
	authority.holder = NODES;
	authority.news = news;
	send(node, GIVEN);
}

static void run_give(u32 node)
{
	give(node, LOCKMGR_CLUSTER_RELEASED);
}

static void run_give_death(u32 node)
{
	give(node, LOCKMGR_CLUSTER_DIED);
}

static void run_drop(u32 node)
{
	authority.holder = NODES;
	authority.drops++;
	/* The last one forgets what the last holder did. */
	authority.news = LOCKMGR_CLUSTER_BLANK;
	send(node, DROPPED);
}

static int authority_join(struct lockmgr_cluster *cluster)
{
	u32 node = authority.member_count++;

	cluster->private = (void *)(unsigned long)node;
	authority.members[node] = cluster;
	lockmgr_cluster_done(cluster);

	return 0;
}

static void authority_leave(struct lockmgr_cluster *cluster, bool clean)
{
	flush_workqueue(authority.deliveries[node_of(cluster)]);
}

static int authority_enter(struct lockmgr_resource *resource)
{
	return call(resource, run_enter);
}

static int authority_ask(struct lockmgr_resource *resource)
{
	return call(resource, run_ask);
}

static int authority_cancel(struct lockmgr_resource *resource)
{
	return call(resource, run_cancel);
}

static int authority_give(struct lockmgr_resource *resource, bool died)
{
	return call(resource, died ? run_give_death : run_give);
}

static int authority_drop(struct lockmgr_resource *resource)
{
	return call(resource, run_drop);
}

static const struct lockmgr_cluster_ops authority_ops = {
	.owner	= THIS_MODULE,
	.join	= authority_join,
	.leave	= authority_leave,
	.enter	= authority_enter,
	.ask	= authority_ask,
	.cancel	= authority_cancel,
	.give	= authority_give,
	.drop	= authority_drop,
};

static void end_authority(void *unused)
{
	u32 i;

	lockmgr_cluster_unregister(&authority_ops);
	for (i = 0; i < NODES; i++)
		destroy_workqueue(authority.deliveries[i]);
}

static void begin_authority(struct kunit *test)
{
	u32 i;

	authority = (struct authority) { .holder = NODES, .news = LOCKMGR_CLUSTER_BLANK };
	init_rwsem(&authority.running);
	mutex_init(&authority.lock);
	for (i = 0; i < NODES; i++) {
		authority.deliveries[i] = alloc_ordered_workqueue("lockmgr-delivery", 0);
		KUNIT_ASSERT_NOT_NULL(test, authority.deliveries[i]);
	}
	KUNIT_ASSERT_EQ(test, lockmgr_cluster_register(&authority_ops), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_authority, NULL), 0);
}

/* A recovery: nothing is open on any node, and then all is as before. */
static void recover(void)
{
	u32 i;

	down_write(&authority.running);
	for (i = 0; i < NODES; i++)
		lockmgr_cluster_prep(authority.members[i]);
	up_write(&authority.running);
	for (i = 0; i < NODES; i++)
		lockmgr_cluster_done(authority.members[i]);
}

/* ------------------------------------------------------------------------
 * Processes
 */

struct contention {
	u32 inside;
	u32 overlaps;
	u32 rounds;
	u32 deaths;
	u32 told;
	u32 late;
	u32 errors;
};

struct contender {
	struct contention *contention;
	struct lockmgr_client *client;
	struct lockmgr_record *record;
	struct task_struct *task;
	struct completion done;
};

/* Nothing here is atomic: the lock must protect it. */
static void be_inside(struct contention *contention, int ret)
{
	u32 rounds = READ_ONCE(contention->rounds);

	if (READ_ONCE(contention->inside))
		contention->overlaps++;
	WRITE_ONCE(contention->inside, 1);
	if (ret == LOCKMGR_OWNER_DIED)
		contention->told++;
	if (rounds % 4 == 0)
		usleep_range(20, 40);
	WRITE_ONCE(contention->inside, 0);
	WRITE_ONCE(contention->rounds, rounds + 1);
}

/* Some die rather than release the lock: that is, the death of their client releases it. */
static int leave(struct contender *contender, bool die)
{
	if (!die)
		return lockmgr_client_unlock(contender->client, ID);
	contender->contention->deaths++;
	lockmgr_lock_abandon(contender->client, contender->record, ID);

	return 0;
}

static int take_a_turn(struct contender *contender, u32 turn)
{
	ktime_t deadline = turn % 3 ? KTIME_MAX : ktime_get() + (turn % 32) * NSEC_PER_USEC * 20;
	u64 ticket = 0;
	int ret;

	ret = lockmgr_client_lock(contender->client, ID, true, deadline, &ticket);
	if (ret == -ETIMEDOUT) {
		WRITE_ONCE(contender->contention->late, 1);
		return 0;
	}
	if (ret < 0)
		return ret;
	be_inside(contender->contention, ret);

	return leave(contender, turn % 16 == 1);
}

static int contend(void *data)
{
	struct contender *contender = data;
	u32 i;

	allow_signal(SIGUSR1);
	for (i = 0; i < ROUNDS; i++) {
		if (take_a_turn(contender, i)) {
			WRITE_ONCE(contender->contention->errors, 1);
			break;
		}
		if (i % 8 == 0)
			lockmgr_cluster_drop(contender->client->space->cluster, ID);
		/* So that at times nobody on this node wants the lock. */
		if (i % 2)
			usleep_range(200, 1000);
	}
	complete_all(&contender->done);

	return 0;
}

/* A failed test may leave the thread waiting: make it leave the queue. */
static void end_contender(void *data)
{
	struct contender *contender = data;

	send_sig(SIGUSR1, contender->task, 1);
	kthread_stop(contender->task);
	put_task_struct(contender->task);
}

static void start(struct kunit *test, struct contender *contender, struct contention *contention,
		  struct lockmgr_client *client)
{
	contender->contention = contention;
	contender->client = client;
	contender->record = fixture_record(test, client, ID);
	init_completion(&contender->done);
	contender->task = kthread_create(contend, contender, "lockmgr-contender");
	KUNIT_ASSERT_FALSE(test, IS_ERR(contender->task));
	get_task_struct(contender->task);
	wake_up_process(contender->task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_contender, contender), 0);
}

static struct lockmgr_client *join(struct kunit *test, const char *name)
{
	struct lockmgr_client *client = fixture_unattached(test);
	struct lockmgr_space_args args = fixture_args(name);

	args.cluster = true;
	KUNIT_ASSERT_EQ(test, fixture_attach(test, client, &args), 0);

	return client;
}

static void await(struct kunit *test, struct contender *contender)
{
	unsigned long deadline = jiffies + FIXTURE_PATIENCE;

	while (!wait_for_completion_timeout(&contender->done, msecs_to_jiffies(3) ?: 1)) {
		KUNIT_ASSERT_TRUE(test, time_before(jiffies, deadline));
		recover();
	}
}

/* A last call, after which no death is untold. */
static void look_for_news(struct kunit *test, struct contention *contention,
			  struct lockmgr_client *client)
{
	struct fixture_call *last = fixture_call(test, client, ID, KTIME_MAX, 0);
	int ret = fixture_result(test, last);

	KUNIT_ASSERT_GE(test, ret, 0);
	if (ret == LOCKMGR_OWNER_DIED)
		contention->told++;
}

static void one_at_a_time_is_inside_in_all_nodes(struct kunit *test)
{
	struct contention *contention = kunit_kzalloc(test, sizeof(*contention), GFP_KERNEL);
	struct contender *contenders = kunit_kcalloc(test, CONTENDERS, sizeof(*contenders),
						     GFP_KERNEL);
	struct lockmgr_client *clients[NODES];
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, contention);
	KUNIT_ASSERT_NOT_NULL(test, contenders);
	begin_authority(test);
	clients[0] = join(test, "node-0");
	clients[1] = join(test, "node-1");
	for (i = 0; i < CONTENDERS; i++)
		start(test, &contenders[i], contention, clients[i % NODES]);
	for (i = 0; i < CONTENDERS; i++)
		await(test, &contenders[i]);
	look_for_news(test, contention, clients[0]);

	KUNIT_EXPECT_EQ(test, contention->errors, 0);
	KUNIT_EXPECT_EQ(test, contention->overlaps, 0);
	KUNIT_EXPECT_EQ(test, contention->told, contention->deaths);
	/* What the test is about did happen. */
	KUNIT_EXPECT_EQ(test, contention->late, 1);
	KUNIT_EXPECT_GT(test, contention->deaths, 0);
	KUNIT_EXPECT_GT(test, contention->rounds, CONTENDERS * ROUNDS / 2);
	KUNIT_EXPECT_GT(test, authority.grants, ROUNDS / 4);
	KUNIT_EXPECT_GT(test, authority.cancels + authority.drops, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(one_at_a_time_is_inside_in_all_nodes),
	{}
};

struct kunit_suite lockmgr_cluster_contention_suite = {
	.name		= "lockmgr_cluster_contention",
	.test_cases	= cases,
};
