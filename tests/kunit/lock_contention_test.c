// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock.c with contention: threads of several clients, on whatever processors there are;
 * the lock must let only one at a time inside.
 */
#include <kunit/resource.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "client.h"
#include "fixture.h"
#include "suites.h"

#define ID		7
#define CONTENDERS	4
#define ROUNDS		500

struct contention {
	u32 inside;
	u32 overlaps;
	u32 rounds;
	u32 errors;
};

/* Nothing here is atomic: the lock must protect it. */
static void be_inside(struct contention *contention)
{
	u32 rounds = READ_ONCE(contention->rounds);

	if (READ_ONCE(contention->inside))
		contention->overlaps++;
	WRITE_ONCE(contention->inside, 1);
	if (rounds % 8 == 0)
		cond_resched();
	WRITE_ONCE(contention->inside, 0);
	WRITE_ONCE(contention->rounds, rounds + 1);
}

struct contender {
	struct contention *contention;
	struct lockmgr_client *client;
	struct task_struct *task;
	struct completion done;
};

static int take_a_turn(struct contender *contender)
{
	u64 ticket = 0;
	int ret;

	ret = lockmgr_client_lock(contender->client, ID, true, KTIME_MAX, &ticket);
	if (ret)
		return ret;
	be_inside(contender->contention);

	return lockmgr_client_unlock(contender->client, ID);
}

static int contend(void *data)
{
	struct contender *contender = data;
	u32 i;

	allow_signal(SIGUSR1);
	for (i = 0; i < ROUNDS; i++) {
		if (take_a_turn(contender)) {
			WRITE_ONCE(contender->contention->errors, 1);
			break;
		}
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

static void one_at_a_time_is_inside(struct kunit *test)
{
	struct lockmgr_client *clients[] = {
		fixture_client(test, "contention"), fixture_client(test, "contention")
	};
	struct contention *contention = kunit_kzalloc(test, sizeof(*contention), GFP_KERNEL);
	struct contender *contenders = kunit_kcalloc(test, CONTENDERS, sizeof(*contenders),
						     GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, contention);
	KUNIT_ASSERT_NOT_NULL(test, contenders);
	for (i = 0; i < CONTENDERS; i++) {
		struct contender *contender = &contenders[i];

		contender->contention = contention;
		contender->client = clients[i % ARRAY_SIZE(clients)];
		init_completion(&contender->done);
		contender->task = kthread_create(contend, contender, "lockmgr-contender");
		KUNIT_ASSERT_FALSE(test, IS_ERR(contender->task));
		get_task_struct(contender->task);
		wake_up_process(contender->task);
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_contender, contender), 0);
	}
	for (i = 0; i < CONTENDERS; i++)
		KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&contenders[i].done,
								    FIXTURE_PATIENCE));

	KUNIT_EXPECT_EQ(test, contention->errors, 0);
	KUNIT_EXPECT_EQ(test, contention->overlaps, 0);
	KUNIT_EXPECT_EQ(test, contention->rounds, CONTENDERS * ROUNDS);
	KUNIT_EXPECT_EQ(test, fixture_word(clients[0], ID), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(one_at_a_time_is_inside),
	{}
};

struct kunit_suite lockmgr_lock_contention_suite = {
	.name		= "lockmgr_lock_contention",
	.test_cases	= cases,
};
