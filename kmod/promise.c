// SPDX-License-Identifier: GPL-2.0-only
/*
 * Promises: a promise is a place in a queue, kept for a thread while it handles a signal.
 *
 * A signal ends the wait; the thread leaves the queue, runs its handler, and makes the
 * call again with the ticket that the first call left in its struct.  This ticket comes
 * from user space and can be any number, so it does not say which place the thread gets: the
 * kernel remembers which thread of which client has left the queue of which lock, and at
 * which place.  The ticket only says that a call continues the former one.
 *
 * For one client, a thread has at most one kept place in the queue of a lock.  The module keeps
 * it from the moment a signal ends a wait until the next wait of the same thread for the
 * same lock ends, or until the thread has acquired that lock in another way.  If a signal
 * handler itself waits for the lock for which the interrupted call waited, that is the
 * next wait, and the interrupted call queues up anew.  Other locks have their own places.
 *
 * A promise identifies its thread by the number in the initial PID namespace and the time at
 * which the thread began; a later thread with the same number began later.  So a promise holds
 * no reference, and one to a thread that has died only takes a little memory.  This memory is
 * bounded: when a client has LOCKMGR_PROMISES_MAX promises, a new one replaces the oldest, and
 * all go with the client.  A thread whose promise was replaced, or for whose promise there
 * was no memory, queues up as a newcomer.  That is unfair to it, and harms nobody else.
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
 * @ticket: the place, as user space says: any number
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
 * Replaces the place in that lock's queue that the thread was promised before.
 */
void lockmgr_promise_make(struct lockmgr_promises *promises, u32 id, u64 ticket)
{
	struct promise *spare = NULL, *promise;

	/* It will not come back. */
	if (fatal_signal_pending(current))
		return;
	/* A promise is not worth trying hard for memory: see above. */
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
 * lockmgr_promise_end() - the calling thread no longer needs its place
 * @promises: those of the client for which it has called
 * @id: the lock
 */
void lockmgr_promise_end(struct lockmgr_promises *promises, u32 id)
{
	struct promise *promise;

	/* Without the lock: no other thread can make a promise to this one meanwhile. */
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
