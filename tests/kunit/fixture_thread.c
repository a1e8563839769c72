// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads for the tests: some that make lock calls, and wait in them; others that only
 * exist, because the tests put them into queues by hand.
 */
#include <kunit/resource.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>

#include "client.h"
#include "fixture.h"

/* The processor for threads that share one. */
#define CPU	0

static int run_call(void *data)
{
	struct fixture_call *call = data;

	allow_signal(SIGUSR1);
	while (!READ_ONCE(call->over)) {
		call->ret = lockmgr_client_lock(call->client, call->id, true, call->deadline,
						&call->ticket);
		complete_all(&call->done);
		wait_for_completion(&call->again);
		flush_signals(current);
	}

	return 0;
}

/* A failed test may leave the thread waiting: make it leave the queue. */
static void end_call(void *data)
{
	struct fixture_call *call = data;

	WRITE_ONCE(call->over, true);
	fixture_signal(call);
	complete_all(&call->again);
	kthread_stop(call->task);
	put_task_struct(call->task);
}

/* Begin a call in a new thread, and return at once. */
struct fixture_call *fixture_call(struct kunit *test, struct lockmgr_client *client, u32 id,
				  ktime_t deadline, u64 ticket)
{
	struct fixture_call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, call);
	call->client = client;
	call->id = id;
	call->deadline = deadline;
	call->ticket = ticket;
	init_completion(&call->done);
	init_completion(&call->again);

	call->task = kthread_create(run_call, call, "lockmgr-call");
	KUNIT_ASSERT_FALSE(test, IS_ERR(call->task));
	get_task_struct(call->task);
	/* See fixture_stay_on_one_cpu(). */
	kthread_bind(call->task, CPU);
	wake_up_process(call->task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_call, call), 0);

	return call;
}

/* The same thread calls once more, after its call has returned. */
void fixture_call_again(struct fixture_call *call, u64 ticket)
{
	call->ticket = ticket;
	reinit_completion(&call->done);
	complete(&call->again);
}

/* Begin a call that waits, and return when it is in the queue. */
struct fixture_call *fixture_waiting(struct kunit *test, struct lockmgr_client *client, u32 id)
{
	u32 others = fixture_waiters(client, id);
	struct fixture_call *call = fixture_call(test, client, id, KTIME_MAX, 0);

	fixture_await_waiters(test, client, id, others + 1);

	return call;
}

void fixture_signal(struct fixture_call *call)
{
	send_sig(SIGUSR1, call->task, 1);
}

/* Wait until the call returns, which it is sure to do; returns what it returned. */
int fixture_result(struct kunit *test, struct fixture_call *call)
{
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&call->done, FIXTURE_PATIENCE));

	return call->ret;
}

/* How many wait for a lock. */
u32 fixture_waiters(struct lockmgr_client *client, u32 id)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&client->space->queues, id);
	u32 count;

	spin_lock(&bucket->lock);
	count = lockmgr_queue_length(bucket, id);
	spin_unlock(&bucket->lock);

	return count;
}

void fixture_await_waiters(struct kunit *test, struct lockmgr_client *client, u32 id, u32 count)
{
	unsigned long deadline = jiffies + FIXTURE_PATIENCE;

	while (fixture_waiters(client, id) != count) {
		KUNIT_ASSERT_TRUE_MSG(test, time_before(jiffies, deadline),
				      "%u wait for lock %u, not %u",
				      fixture_waiters(client, id), id, count);
		usleep_range(50, 100);
	}
}

/*
 * From here on the test's thread and those that call share a processor: while the test
 * is not preemptible, a thread that it wakes does not run.
 */
void fixture_stay_on_one_cpu(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(CPU)), 0);
}

static int never_run(void *data)
{
	return 0;
}

static void end_thread(void *data)
{
	struct task_struct *task = data;

	kthread_stop(task);
	put_task_struct(task);
}

/* A thread that has a thread id, and does nothing. */
struct task_struct *fixture_thread(struct kunit *test)
{
	struct task_struct *task = kthread_create(never_run, NULL, "lockmgr-thread");

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_thread, task), 0);

	return task;
}

struct queued {
	struct lockmgr_bucket *bucket;
	struct lockmgr_waiter waiter;
};

/* The test may have made it leave the queue, or handed the lock off to it. */
static bool is_queued(struct queued *queued)
{
	struct lockmgr_waiter *waiter = &queued->waiter;

	return lockmgr_queue_after(queued->bucket, waiter->id, waiter->ticket - 1) == waiter;
}

static void leave_queue(void *data)
{
	struct queued *queued = data;

	spin_lock(&queued->bucket->lock);
	if (is_queued(queued))
		lockmgr_queue_del(queued->bucket, &queued->waiter);
	spin_unlock(&queued->bucket->lock);
	put_pid(queued->waiter.thread);
}

/*
 * Put a thread into the queue of a lock. The thread itself does nothing; it waits until the
 * test ends, or somebody hands the lock off to it.
 */
struct lockmgr_waiter *fixture_queue(struct kunit *test, struct lockmgr_client *client, u32 id,
				     struct task_struct *task)
{
	struct queued *queued = kunit_kzalloc(test, sizeof(*queued), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, queued);
	queued->bucket = lockmgr_bucket(&client->space->queues, id);
	queued->waiter = (struct lockmgr_waiter) {
		.client		= client,
		.record		= fixture_record(test, client, id),
		.id		= id,
		.task		= task,
		.thread		= get_pid(task_pid(task)),
		.since		= ktime_get_ns(),
		.word		= (u64)task_pid_nr(task) << LOCKMGR_WORD_TID_SHIFT | client->token,
		.state		= LOCKMGR_WAIT_QUEUED,
		.deadline	= KTIME_MAX,
	};

	spin_lock(&queued->bucket->lock);
	lockmgr_queue_add(queued->bucket, &queued->waiter);
	spin_unlock(&queued->bucket->lock);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, leave_queue, queued), 0);

	return &queued->waiter;
}
