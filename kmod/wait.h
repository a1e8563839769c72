/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_WAIT_H
#define LOCKMGR_WAIT_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct lockmgr_client;
struct lockmgr_record;
struct pid;
struct task_struct;

#define LOCKMGR_BUCKET_BITS	6
#define LOCKMGR_BUCKETS		BIT(LOCKMGR_BUCKET_BITS)

/**
 * struct lockmgr_bucket - the queues of the locks whose ids hash to it
 * @count: how many waiters; may be read without the lock
 * @last: the last ticket drawn for any of these locks
 * @waiters: struct lockmgr_waiter, sorted by lock and then by ticket: so each queue is
 *	a run of neighbours, and every operation on it is logarithmic
 */
struct lockmgr_bucket {
	/** @lock: guards each of these queues */
	spinlock_t lock;
	u32 count;
	u64 last;
	struct rb_root waiters;
};

/**
 * struct lockmgr_queues - the queues of a space
 * @waiting: how many threads are in them, or about to be
 */
struct lockmgr_queues {
	atomic_t waiting;
	struct lockmgr_bucket buckets[LOCKMGR_BUCKETS];
};

/* The state of a waiter: W1 to W4 in lock.c. */
enum lockmgr_wait_state {
	LOCKMGR_WAIT_QUEUED,
	LOCKMGR_WAIT_WOKEN,
	LOCKMGR_WAIT_GRANTED,
	LOCKMGR_WAIT_NAPPING,
};

/**
 * struct lockmgr_waiter - a thread that waits for a lock
 * @node: in the bucket's tree, unless the waiter is granted
 * @sleeper: in the table of sleeping threads (deadlock.c), while in the tree
 * @client: the client for which it waits
 * @record: the record of the lock that it waits for
 * @id: that lock
 * @ticket: its place in the queue: drawn when it queued up, or kept from an earlier call
 *	of the same thread; unique in the bucket, since a thread is in one queue at most
 * @sequence: larger than that of all waiters, of any space, that began to wait before
 * @task: the thread
 * @thread: the thread, as struct pid
 * @since: when it began to wait, in ns of CLOCK_MONOTONIC
 * @word: what it will write into the record when it holds the lock
 * @state: see above
 * @count: only in the first of a queue: how many waiters the queue has
 * @woken: when it was woken for the first time, in ns of CLOCK_MONOTONIC; 0: not yet
 * @bypassed: how often others acquired the lock since then, as far as the kernel saw it
 * @handoff: it has returned to its place after a signal; once it is the first, the next
 *	release hands the lock off to it
 * @died: the lock was handed off to it because the holder died
 * @deadline: when it gives up; KTIME_MAX: never
 *
 * On the stack of the thread.  The bucket's lock guards all of it, except what
 * is constant while it is queued: @client, @record, @id, @ticket, @sequence, @task,
 * @thread, @since, @word, @deadline.
 */
struct lockmgr_waiter {
	struct rb_node node;
	struct hlist_node sleeper;
	struct lockmgr_client *client;
	struct lockmgr_record *record;
	u32 id;
	u64 ticket;
	u64 sequence;
	struct task_struct *task;
	struct pid *thread;
	u64 since;
	u64 word;
	enum lockmgr_wait_state state;
	u32 count;
	u64 woken;
	u32 bypassed;
	bool handoff;
	bool died;
	ktime_t deadline;
};

static inline struct lockmgr_bucket *lockmgr_bucket(struct lockmgr_queues *queues, u32 id)
{
	/* Adjacent ids have their buckets in different cache lines. */
	return &queues->buckets[hash_32(id, LOCKMGR_BUCKET_BITS)];
}

void lockmgr_queues_init(struct lockmgr_queues *queues);

void lockmgr_queue_add(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter);
void lockmgr_queue_del(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter);
struct lockmgr_waiter *lockmgr_bucket_after(struct lockmgr_bucket *bucket, u32 id, u64 ticket);
struct lockmgr_waiter *lockmgr_queue_after(struct lockmgr_bucket *bucket, u32 id, u64 ticket);
u32 lockmgr_queue_length(struct lockmgr_bucket *bucket, u32 id);
u32 lockmgr_queues_length(const struct lockmgr_queues *queues);

/* The waiter that has waited longest for a lock. */
static inline struct lockmgr_waiter *lockmgr_queue_first(struct lockmgr_bucket *bucket, u32 id)
{
	/* The first ticket is 1. */
	return lockmgr_queue_after(bucket, id, 0);
}

#endif /* LOCKMGR_WAIT_H */
