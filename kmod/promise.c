// SPDX-License-Identifier: GPL-2.0-only
/*
 * Promises: the place in a queue that is kept for a thread while it handles a signal.
 *
 * A signal ends the wait; the thread leaves the queue, runs its handler, and makes the
 * call again with the ticket that the first call left in its struct.  That number comes
 * from user space and can be anything, so the place is not taken from it: the kernel
 * remembers which thread of which client has left which lock's queue, and from where.
 * The number only says that a call continues the former one.
 *
 * A thread has one place at most in the queue of a lock, for one client.  It is kept
 * from the end of a wait by a signal until the next wait of the same thread for the
 * same lock ends, or until the thread has acquired that lock in another way.  If a signal
 * handler itself waits for the lock that the interrupted call waits for, that is the
 * next wait, and the interrupted call queues up anew.  Locks beside it have places of
 * their own.
 *
 * A thread is its number in the initial PID namespace and the time at which it began;
 * the next thread with the same number began later.  So nothing is referenced, and a
 * promise to a thread that has died is only a little memory.  That is bounded: the
 * oldest of a client's promises gives way when there are LOCKMGR_PROMISES_MAX, and all go
 * with the client.  A thread whose promise was forgotten queues up as a newcomer; so does
 * one for whose promise there was no memory.  That is unfair to it, and harms nobody else.
 */
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "promise.h"

/**
 * struct promise - a place that is kept
 * @node: in the client's list
 * @tid: the thread's number in the initial PID namespace
 * @id: the lock
 * @start: when the thread began, in ns of CLOCK_BOOTTIME
 * @ticket: the place
 */
struct promise {
	struct list_head node;
	pid_t tid;
	u32 id;
	u64 start;
	u64 ticket;
};

/**
 * lockmgr_promises_init() - a client begins without promises
 * @promises: its promises
 */
void lockmgr_promises_init(struct lockmgr_promises *promises)
{
	spin_lock_init(&promises->lock);
	promises->count = 0;
	INIT_LIST_HEAD(&promises->list);
}

/**
 * lockmgr_promises_destroy() - forget all promises
 * @promises: those of a client that nobody uses any more
 */
void lockmgr_promises_destroy(struct lockmgr_promises *promises)
{
	struct promise *promise, *next;

	list_for_each_entry_safe(promise, next, &promises->list, node)
		kfree(promise);
}

static bool promise_is_ours(const struct promise *promise, u32 id)
{
	return promise->id == id && promise->tid == task_pid_nr(current) &&
	       promise->start == current->start_boottime;
}

static struct promise *promise_find_ours(struct lockmgr_promises *promises, u32 id)
{
	struct promise *promise;

	lockdep_assert_held(&promises->lock);

	list_for_each_entry(promise, &promises->list, node)
		if (promise_is_ours(promise, id))
			return promise;

	return NULL;
}

/**
 * lockmgr_promise_holds() - whether the calling thread was promised a place
 * @promises: those of the client for which it calls
 * @id: the lock
 * @ticket: the place, as user space has it: any number
 */
bool lockmgr_promise_holds(struct lockmgr_promises *promises, u32 id, u64 ticket)
{
	struct promise *promise;
	bool holds;

	if (!ticket)
		return false;

	spin_lock(&promises->lock);
	promise = promise_find_ours(promises, id);
	holds = promise && promise->ticket == ticket;
	spin_unlock(&promises->lock);

	return holds;
}

static struct promise *promise_oldest_of(struct lockmgr_promises *promises)
{
	return list_first_entry(&promises->list, struct promise, node);
}

/**
 * lockmgr_promise_make() - keep a place for the calling thread
 * @promises: those of the client for which it has waited
 * @id: the lock
 * @ticket: the place, which the thread has just left because of a signal
 *
 * Replaces what it was promised of that lock before.
 */
void lockmgr_promise_make(struct lockmgr_promises *promises, u32 id, u64 ticket)
{
	struct promise *spare = NULL, *promise;

	/* It will not come back. */
	if (fatal_signal_pending(current))
		return;
	/* Not worth an effort: see above. */
	if (READ_ONCE(promises->count) < LOCKMGR_PROMISES_MAX)
		spare = kmalloc(sizeof(*spare),
				GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN);

	spin_lock(&promises->lock);
	promise = promise_find_ours(promises, id);
	if (!promise && promises->count >= LOCKMGR_PROMISES_MAX) {
		promise = promise_oldest_of(promises);
	} else if (!promise && spare) {
		promise = spare;
		spare = NULL;
		list_add(&promise->node, &promises->list);
		WRITE_ONCE(promises->count, promises->count + 1);
	}
	if (promise) {
		promise->tid = task_pid_nr(current);
		promise->id = id;
		promise->start = current->start_boottime;
		promise->ticket = ticket;
		list_move_tail(&promise->node, &promises->list);
	}
	spin_unlock(&promises->lock);

	kfree(spare);
}

/**
 * lockmgr_promise_end() - the calling thread needs its place no longer
 * @promises: those of the client for which it has called
 * @id: the lock
 */
void lockmgr_promise_end(struct lockmgr_promises *promises, u32 id)
{
	struct promise *promise;

	/* What others do meanwhile makes no difference to whether we have one. */
	if (!READ_ONCE(promises->count))
		return;

	spin_lock(&promises->lock);
	promise = promise_find_ours(promises, id);
	if (promise) {
		list_del(&promise->node);
		WRITE_ONCE(promises->count, promises->count - 1);
	}
	spin_unlock(&promises->lock);

	kfree(promise);
}
