// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acquiring a lock, and waiting for it while it is held.  lock.c explains what this does to
 * the lock, and why no wake-up is lost; it also has the states W1 to W4 of a waiter.
 *
 * The wait is plain TASK_INTERRUPTIBLE, not TASK_FREEZABLE: so a freezer makes the thread
 * leave the queue, and restart the call when it is thawed.  A frozen thread in the queue
 * could be woken, or granted the lock, and would then stop all that wait after it.
 */
#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "acquire.h"
#include "client.h"
#include "deadlock.h"
#include "lock.h"
#include "space.h"
#include "stats.h"
#include "trace.h"
#include "wait.h"

/*
 * What a waiter does when it runs: it returns the lock if it can acquire it.  Otherwise it
 * leaves the queue with @excuse, an errno, or sleeps on if @excuse is 0.
 */
static int acquire_decide(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter, int excuse)
{
	struct task_struct *next = NULL;
	int ret = LOCKMGR_SLEEP_ON;

	spin_lock(&bucket->lock);

	if (waiter->state == LOCKMGR_WAIT_GRANTED)
		ret = waiter->died ? LOCKMGR_OWNER_DIED : 0;
	else if (waiter->state != LOCKMGR_WAIT_QUEUED)
		ret = lockmgr_waiter_look(bucket, waiter);

	if (ret < 0 && excuse) {
		next = lockmgr_waiter_give_up(bucket, waiter);
		ret = excuse;
	}

	spin_unlock(&bucket->lock);
	lockmgr_lock_wake(next);

	return ret;
}

static bool acquire_is_late(const struct lockmgr_waiter *waiter)
{
	return waiter->deadline <= ktime_get();
}

/*
 * Sleep until another thread wakes the waiter, its nap is over, or its deadline has passed.
 * Returns false in the last case only.
 */
static bool acquire_schedule_out(const struct lockmgr_waiter *waiter, bool nap)
{
	u64 slack = current->timer_slack_ns;
	ktime_t end = waiter->deadline;

	/* Others may depend on the end of a nap, so its thread must not prolong it. */
	if (nap) {
		end = min_t(ktime_t, end, ktime_get() + LOCKMGR_NAP_NS);
		slack = 0;
	}
	if (schedule_hrtimeout_range(end == KTIME_MAX ? NULL : &end, slack, HRTIMER_MODE_ABS))
		return true;

	return end != waiter->deadline;
}

/* Sleep until the waiter has the lock, or must leave without: a signal beats the deadline. */
static int acquire_sleep(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int excuse = 0;
	int ret;

	for (;;) {
		/* Before looking, so that a wake-up after the look is not lost. */
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current))
			excuse = -ERESTARTSYS;

		ret = acquire_decide(bucket, waiter, excuse);
		if (ret == LOCKMGR_SLEEP_ON || ret == LOCKMGR_NAP_ON) {
			if (!acquire_schedule_out(waiter, ret == LOCKMGR_NAP_ON))
				excuse = -ETIMEDOUT;
			continue;
		}

		__set_current_state(TASK_RUNNING);
		if (ret != LOCKMGR_DISTURBED)
			return ret;
		if (acquire_is_late(waiter))
			excuse = -ETIMEDOUT;
		cond_resched();
	}
}

/* The queue is locked, so whoever sees the waiter in it finds it counted. */
static void acquire_note_start(const struct lockmgr_waiter *waiter)
{
	atomic64_inc(&waiter->client->space->stats.contentions);
	trace_lockmgr_wait_start(waiter);
}

/* Acquire the lock, or queue up for it (-EBUSY). */
static int acquire_or_queue(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int ret;

	for (;;) {
		spin_lock(&bucket->lock);
		ret = lockmgr_waiter_enter(bucket, waiter);
		if (ret == -EBUSY)
			acquire_note_start(waiter);
		spin_unlock(&bucket->lock);

		if (ret != LOCKMGR_DISTURBED)
			return ret;
		if (signal_pending(current))
			return -ERESTARTSYS;
		if (acquire_is_late(waiter))
			return -ETIMEDOUT;
		cond_resched();
	}
}

static void acquire_note_end(const struct lockmgr_waiter *waiter, int ret)
{
	struct lockmgr_stats *stats = &waiter->client->space->stats;
	s64 duration = ktime_get_ns() - waiter->since;

	lockmgr_stats_waited(stats, duration);
	if (ret == -EDEADLK) {
		atomic64_inc(&stats->deadlocks);
		trace_lockmgr_deadlock(waiter->client, waiter->id);
	}
	trace_lockmgr_wait_end(waiter, ret, duration);
}

/*
 * The waiter is in the queue: sleep; or leave it at once if this wait has closed a cycle of
 * waits, and the client detects deadlocks.
 */
static int acquire_in_queue(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int ret;

	if (waiter->client->detect && lockmgr_thread_closes_cycle(waiter->thread))
		ret = acquire_decide(bucket, waiter, -EDEADLK);
	else
		ret = acquire_sleep(bucket, waiter);
	acquire_note_end(waiter, ret);

	return ret;
}

/* Acquire the lock with its queue locked, or wait in the queue while the lock is held. */
static int acquire_slowly(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	atomic_t *waiting = &waiter->client->space->queues.waiting;
	int ret;

	atomic_inc(waiting);
	/*
	 * Count the waiter before it marks the word.  Pairs with the exit of a client's
	 * threads: see client_note_progress().
	 */
	smp_mb__after_atomic();

	ret = acquire_or_queue(bucket, waiter);
	if (ret == -EBUSY)
		ret = acquire_in_queue(bucket, waiter);

	atomic_dec(waiting);

	return ret;
}

/**
 * lockmgr_lock() - acquire a lock
 * @client: the client that acquires it
 * @record: the lock's record
 * @id: the lock
 * @deadline: when to give up, CLOCK_MONOTONIC; KTIME_MAX: never
 * @ticket: 0, or the place in the queue that was kept for this thread when a signal ended its
 *	earlier call; receives this call's place if a signal ends this call, too
 *
 * Return: 0, LOCKMGR_OWNER_DIED, -ERESTARTSYS, -ETIMEDOUT or -EDEADLK
 */
int lockmgr_lock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id,
		 ktime_t deadline, u64 *ticket)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&client->space->queues, id);
	u64 word = lockmgr_lock_word(client);
	struct lockmgr_waiter waiter;
	int ret;

	if (lockmgr_lock_acquire_free(bucket, record, word))
		return 0;

	waiter = (struct lockmgr_waiter) {
		.client		= client,
		.record		= record,
		.id		= id,
		.ticket		= *ticket,
		.task		= current,
		.thread		= task_pid(current),
		.since		= ktime_get_ns(),
		.word		= word,
		.state		= LOCKMGR_WAIT_QUEUED,
		.deadline	= deadline,
	};
	ret = acquire_slowly(bucket, &waiter);
	if (ret == -ERESTARTSYS)
		*ticket = waiter.ticket;

	return ret;
}
