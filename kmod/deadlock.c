// SPDX-License-Identifier: GPL-2.0-only
/*
 * The graph of waits: which thread waits for which lock, held by which thread;
 * and walks along it.
 *
 * Every thread waits for at most one lock, and at most one thread holds a lock, so one
 * path leads from each thread.  It crosses spaces: a thread can hold a lock of one space and
 * wait for a lock of another.
 *
 * A walk takes one step at a time, and holds no lock between two steps: so it is preemptible,
 * and its steps see different moments.  All the same, a cycle that it finds existed as a whole.
 * The proof:
 *
 *  - There is an "edge" from thread A to thread B if A waits for a lock that B holds.  A's
 *    sequence number is drawn when A enters the lock's queue.  While A waits, the
 *    lock may get other holders; while A naps, even in memory, unseen by the kernel.  So an edge
 *    that a walk sees existed at that moment; the proof needs no more than that.
 *  - When a walk begins, it notes the last number drawn, and it stops at a waiter
 *    with a later one.  So each waiter in a cycle that it finds was waiting when
 *    the walk began, and was still waiting, in the same call, when the walk came to it.
 *  - In a cycle, each holder is a waiter, too.  The walk sees first that it holds a lock,
 *    and after that, that it waits; the walk looks at the thread at which it began once more
 *    at the end, for this.  The holder waited from before the walk began until the walk saw it
 *    wait.  Meanwhile it cannot have acquired a lock, except the one for which it waited, and
 *    then it would not wait any more.  So it already held, when the walk began, the lock that
 *    the walk saw it hold.
 *
 * Hence all edges of the cycle existed together when the walk began.
 */
#include <linux/bits.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "client.h"
#include "deadlock.h"
#include "holder.h"
#include "record.h"
#include "space.h"
#include "wait.h"

/* Walks stop after this many steps: finding longer cycles is not worth the cost. */
#define MAX_STEPS	1024

#define SLEEPER_BITS	8

/* Threads that wait, hashed by struct pid. */
static struct sleepers {
	/* Guards the list, and keeps each waiter in it. */
	spinlock_t lock;
	struct hlist_head threads;
} sleepers[BIT(SLEEPER_BITS)] = {
	[0 ... BIT(SLEEPER_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(sleepers.lock),
		.threads = HLIST_HEAD_INIT,
	},
};

/* The last sequence number drawn. */
static atomic64_t last_sequence = ATOMIC64_INIT(0);

static struct sleepers *deadlock_sleepers_of(struct pid *thread)
{
	return &sleepers[hash_ptr(thread, SLEEPER_BITS)];
}

/**
 * lockmgr_sleeper_add() - a thread begins to wait; draws its sequence number
 * @waiter: the thread; the lock's word has WAITERS, and its queue is locked
 */
void lockmgr_sleeper_add(struct lockmgr_waiter *waiter)
{
	struct sleepers *bucket = deadlock_sleepers_of(waiter->thread);

	spin_lock(&bucket->lock);
	hlist_add_head(&waiter->sleeper, &bucket->threads);
	waiter->sequence = atomic64_inc_return(&last_sequence);
	spin_unlock(&bucket->lock);
}

/**
 * lockmgr_sleeper_del() - a thread waits no longer
 * @waiter: the thread; its queue is locked
 */
void lockmgr_sleeper_del(struct lockmgr_waiter *waiter)
{
	struct sleepers *bucket = deadlock_sleepers_of(waiter->thread);

	spin_lock(&bucket->lock);
	hlist_del(&waiter->sleeper);
	spin_unlock(&bucket->lock);
}

/**
 * struct step - what one thread waits for
 * @sequence: of the wait
 * @record: the record of the lock, to compare only
 * @holder: the thread that holds the lock, with a reference; NULL: unknown
 * @detect: the waiting thread's client detects deadlocks, so that it looks for cycles itself
 */
struct step {
	u64 sequence;
	const struct lockmgr_record *record;
	struct pid *holder;
	bool detect;
};

static struct pid *deadlock_get_holder(const struct lockmgr_waiter *waiter)
{
	struct lockmgr_record record = lockmgr_record_snapshot(waiter->record);
	struct lockmgr_client *client;
	struct pid *thread = NULL;

	rcu_read_lock();
	client = lockmgr_holder_client(waiter->client->space, record.word);
	if (client)
		thread = get_pid(lockmgr_holder_thread(waiter->client->space, client, &record));
	rcu_read_unlock();

	return thread;
}

static struct lockmgr_waiter *deadlock_find_sleeper(struct sleepers *bucket, struct pid *thread)
{
	struct lockmgr_waiter *waiter;

	lockdep_assert_held(&bucket->lock);

	hlist_for_each_entry(waiter, &bucket->threads, sleeper)
		if (waiter->thread == thread)
			return waiter;

	return NULL;
}

/* Returns whether @thread waits. */
static bool deadlock_follow(struct pid *thread, struct step *step)
{
	struct sleepers *bucket = deadlock_sleepers_of(thread);
	struct lockmgr_waiter *waiter;

	spin_lock(&bucket->lock);
	waiter = deadlock_find_sleeper(bucket, thread);
	if (waiter) {
		/*
		 * While it is in this list, its thread is in a call on the client's file, so
		 * the client, the space and the pages of records stay.
		 */
		step->sequence = waiter->sequence;
		step->record = waiter->record;
		step->holder = deadlock_get_holder(waiter);
		step->detect = waiter->client->detect;
	}
	spin_unlock(&bucket->lock);

	return waiter;
}

/*
 * Whether a path leads from @thread back to @thread.  If @target is given, the last step of the
 * path must be by that lock.  If @closing, @thread must also be the last that began to wait of
 * all threads in the path that look for cycles.
 */
static bool deadlock_leads_back(struct pid *thread, const struct lockmgr_record *target,
				bool closing)
{
	u64 begin = atomic64_read_acquire(&last_sequence);
	struct pid *from = get_pid(thread);
	struct step step, first = {};
	bool found = false;
	u64 last = 0;
	u32 steps;

	for (steps = 0; from && steps < MAX_STEPS; steps++) {
		if (!deadlock_follow(from, &step))
			break;
		put_pid(from);
		from = step.holder;

		if (step.sequence > begin)
			break;
		if (!steps)
			first = step;
		if (step.detect)
			last = max(last, step.sequence);
		if (from == thread) {
			found = (!target || step.record == target) &&
				(!closing || last == first.sequence);
			break;
		}
		cond_resched();
	}
	put_pid(from);

	/* If it still waits as at the first step, it holds what it held then: see the proof. */
	if (found && deadlock_follow(thread, &step)) {
		put_pid(step.holder);
		return step.sequence == first.sequence;
	}

	return false;
}

/**
 * lockmgr_thread_deadlocked() - whether a thread waits for itself
 * @thread: the thread
 */
bool lockmgr_thread_deadlocked(struct pid *thread)
{
	return deadlock_leads_back(thread, NULL, false);
}

/**
 * lockmgr_thread_closes_cycle() - whether a thread waits for itself, and its call must fail
 * @thread: the thread, whose client detects deadlocks; it calls this after it has queued up
 *
 * Several threads may close a cycle at once.  The one that began to wait last finds the cycle as
 * long as it exists, since the others were in it before; these leave it to that thread.  So
 * exactly one call fails, and this needs no lock for which threads of other users would wait.
 */
bool lockmgr_thread_closes_cycle(struct pid *thread)
{
	return deadlock_leads_back(thread, NULL, true);
}

/**
 * lockmgr_lock_deadlocked() - whether the holder of a lock waits for itself, because of this
 * lock
 * @record: the lock's record
 * @holder: the thread that holds it
 */
bool lockmgr_lock_deadlocked(const struct lockmgr_record *record, struct pid *holder)
{
	return deadlock_leads_back(holder, record, false);
}
