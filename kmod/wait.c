// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of waiters: who waits for which lock, in which order.
 */
#include "deadlock.h"
#include "wait.h"

void lockmgr_queues_init(struct lockmgr_queues *queues)
{
	u32 i;

	atomic_set(&queues->waiting, 0);
	for (i = 0; i < LOCKMGR_BUCKETS; i++) {
		spin_lock_init(&queues->buckets[i].lock);
		queues->buckets[i].count = 0;
		queues->buckets[i].last = 0;
		queues->buckets[i].waiters = RB_ROOT;
	}
}

static struct lockmgr_waiter *wait_to_waiter(struct rb_node *node)
{
	return rb_entry_safe(node, struct lockmgr_waiter, node);
}

static bool wait_is_before(const struct lockmgr_waiter *waiter, u32 id, u64 ticket)
{
	return waiter->id == id ? waiter->ticket < ticket : waiter->id < id;
}

static bool wait_less(struct rb_node *a, const struct rb_node *b)
{
	const struct lockmgr_waiter *other = rb_entry(b, struct lockmgr_waiter, node);

	return wait_is_before(wait_to_waiter(a), other->id, other->ticket);
}

/**
 * lockmgr_bucket_after() - the next waiter of a lock or, if it has no more, of another one
 * @bucket: the lock's bucket, in which locks come in the order of their ids
 * @id: the lock
 * @ticket: the waiters up to this one are skipped
 *
 * Return: the waiter or NULL
 */
struct lockmgr_waiter *lockmgr_bucket_after(struct lockmgr_bucket *bucket, u32 id, u64 ticket)
{
	struct rb_node *node = bucket->waiters.rb_node;
	struct lockmgr_waiter *found = NULL;

	lockdep_assert_held(&bucket->lock);

	while (node) {
		struct lockmgr_waiter *waiter = wait_to_waiter(node);

		if (wait_is_before(waiter, id, ticket + 1)) {
			node = node->rb_right;
		} else {
			found = waiter;
			node = node->rb_left;
		}
	}

	return found;
}

/**
 * lockmgr_queue_after() - the next waiter of a lock
 * @bucket: the lock's bucket
 * @id: the lock
 * @ticket: the waiters up to this one are skipped
 *
 * Return: the waiter or NULL
 */
struct lockmgr_waiter *lockmgr_queue_after(struct lockmgr_bucket *bucket, u32 id, u64 ticket)
{
	struct lockmgr_waiter *waiter = lockmgr_bucket_after(bucket, id, ticket);

	return waiter && waiter->id == id ? waiter : NULL;
}

/**
 * lockmgr_queue_add() - queue up
 * @bucket: the lock's bucket
 * @waiter: the new waiter; @waiter->ticket is 0, or the place that was kept for it
 */
void lockmgr_queue_add(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	struct lockmgr_waiter *first = lockmgr_queue_first(bucket, waiter->id);
	u32 others = first ? first->count : 0;

	lockdep_assert_held(&bucket->lock);

	lockmgr_sleeper_add(waiter);
	/* With a kept place, it may have left with a claim to the next release: give it one. */
	waiter->handoff = waiter->ticket;
	if (!waiter->ticket)
		waiter->ticket = ++bucket->last;
	if (!first || waiter->ticket < first->ticket)
		first = waiter;
	first->count = others + 1;

	rb_add(&waiter->node, &bucket->waiters, wait_less);
	WRITE_ONCE(bucket->count, bucket->count + 1);
}

/**
 * lockmgr_queue_del() - leave the queue
 * @bucket: the lock's bucket
 * @waiter: the waiter that leaves it
 */
void lockmgr_queue_del(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	struct lockmgr_waiter *first = lockmgr_queue_first(bucket, waiter->id);
	struct lockmgr_waiter *next = wait_to_waiter(rb_next(&waiter->node));

	lockdep_assert_held(&bucket->lock);

	if (waiter != first)
		first->count--;
	else if (next && next->id == waiter->id)
		next->count = waiter->count - 1;

	rb_erase(&waiter->node, &bucket->waiters);
	WRITE_ONCE(bucket->count, bucket->count - 1);
	lockmgr_sleeper_del(waiter);
}

/**
 * lockmgr_queue_length() - how many wait for a lock
 * @bucket: the lock's bucket
 * @id: the lock
 */
u32 lockmgr_queue_length(struct lockmgr_bucket *bucket, u32 id)
{
	struct lockmgr_waiter *first = lockmgr_queue_first(bucket, id);

	return first ? first->count : 0;
}

/**
 * lockmgr_queues_length() - how many wait for any lock of a space
 * @queues: the space's queues
 */
u32 lockmgr_queues_length(const struct lockmgr_queues *queues)
{
	u32 sum = 0;
	u32 i;

	for (i = 0; i < LOCKMGR_BUCKETS; i++)
		sum += READ_ONCE(queues->buckets[i].count);

	return sum;
}
