// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a node does with a lock of a space that spans a cluster: what it begins, and what comes
 * of that.  All of this is under the lock of the lock's queue; tests/model/cluster.pml proves it.
 *
 *   mode	op		what the node does
 *   NONE	IDLE		nothing: nobody has wanted the lock, or the node has forgotten it
 *   NONE	ENTER		has asked for NL, which it gets without waiting for other nodes
 *   NL		IDLE		nothing: none of its processes wants the lock
 *   NL		ASK		has asked for EX; processes wait in the queue
 *   NL		CANCEL		the last of them has left, so it takes that back
 *   EX		IDLE		open; draining if another node wants EX; closed in a recovery
 *   NL		GIVE		has decided to give EX away, and tells the cluster
 *   NL		DROP		has decided to forget the lock, and tells the cluster
 *
 * The model leaves out NONE and ENTER: DLM serves a new request only when nobody waits for a
 * conversion, so a node does not ask for EX at once, but for NL, and converts that.
 *
 * Only the worker leaves IDLE, and turns ASK into CANCEL (lockmgr_node_decide()).  Then it calls
 * the cluster, with no lock held.  Messages from the cluster, which may come during that call,
 * lead back to IDLE.  The mode falls when the node decides to give EX away or to forget the lock,
 * before the cluster knows; and rises when the cluster says so.
 *
 * A recovery changes none of this.  It closes all locks on the node, and the worker begins nothing.
 *
 * The record is hostile input: nothing here trusts that it is free, only lockmgr_lock_give().
 */
#include <linux/spinlock.h>

#include "lock.h"
#include "node.h"
#include "resource.h"
#include "space.h"
#include "wait.h"

static struct lockmgr_bucket *node_bucket(const struct lockmgr_resource *resource)
{
	return lockmgr_bucket(&resource->cluster->space->queues, resource->id);
}

static struct task_struct *node_adjust(struct lockmgr_resource *resource)
{
	return lockmgr_lock_adjust(resource->cluster->space, resource->record, resource->id);
}

/**
 * lockmgr_node_adjust() - a recovery has begun or ended
 * @resource: the resource
 */
void lockmgr_node_adjust(struct lockmgr_resource *resource)
{
	struct lockmgr_bucket *bucket = node_bucket(resource);
	struct task_struct *sleeper;

	spin_lock(&bucket->lock);
	sleeper = node_adjust(resource);
	spin_unlock(&bucket->lock);
	lockmgr_lock_wake(sleeper);
}

/**
 * lockmgr_node_granted() - the node has EX
 * @resource: the resource
 * @died: the last holder died, or may have
 *
 * If the node was about to take its request back, it keeps EX for as long as nobody wants it.
 */
void lockmgr_node_granted(struct lockmgr_resource *resource, bool died)
{
	struct lockmgr_bucket *bucket = node_bucket(resource);
	struct task_struct *sleeper;

	spin_lock(&bucket->lock);
	resource->mode = LOCKMGR_RESOURCE_EX;
	WRITE_ONCE(resource->op, LOCKMGR_RESOURCE_IDLE);
	resource->unused = false;
	if (died)
		lockmgr_lock_receive(resource->record);
	sleeper = node_adjust(resource);
	spin_unlock(&bucket->lock);
	lockmgr_lock_wake(sleeper);
}

/**
 * lockmgr_node_wanted() - another node waits for EX
 * @resource: the resource; if the node has given EX away meanwhile, this does nothing
 */
void lockmgr_node_wanted(struct lockmgr_resource *resource)
{
	struct lockmgr_bucket *bucket = node_bucket(resource);
	struct task_struct *sleeper = NULL;

	spin_lock(&bucket->lock);
	if (resource->mode == LOCKMGR_RESOURCE_EX && !resource->wanted) {
		resource->wanted = true;
		resource->turns_end = 0;
		sleeper = node_adjust(resource);
	}
	spin_unlock(&bucket->lock);
	lockmgr_lock_wake(sleeper);
}

/**
 * lockmgr_node_ended() - the cluster has done what the node asked for, or has not
 * @resource: the resource
 * @op: what the node asked for; if it has ended otherwise meanwhile, this does nothing
 * @mode: what the node has now, not EX
 */
void lockmgr_node_ended(struct lockmgr_resource *resource, enum lockmgr_resource_op op,
			enum lockmgr_resource_mode mode)
{
	struct lockmgr_bucket *bucket = node_bucket(resource);

	spin_lock(&bucket->lock);
	if (resource->op == op) {
		WRITE_ONCE(resource->op, LOCKMGR_RESOURCE_IDLE);
		resource->mode = mode;
		/* Somebody may have come meanwhile. */
		lockmgr_resource_kick(resource, 0);
	}
	spin_unlock(&bucket->lock);
}

/**
 * lockmgr_node_drop() - nobody needs the lock at present
 * @resource: the resource: the node forgets it, unless somebody uses it or it says something
 */
void lockmgr_node_drop(struct lockmgr_resource *resource)
{
	struct lockmgr_bucket *bucket = node_bucket(resource);

	spin_lock(&bucket->lock);
	resource->unused = true;
	lockmgr_resource_kick(resource, 0);
	spin_unlock(&bucket->lock);
}

/* What the node begins, or LOCKMGR_RESOURCE_IDLE.  The queue is locked. */
static enum lockmgr_resource_op node_next_op(const struct lockmgr_resource *resource)
{
	bool waited = lockmgr_queue_first(node_bucket(resource), resource->id);

	/* When the recovery ends, each lock that is closed then gets another look. */
	if (READ_ONCE(resource->cluster->stopped))
		return LOCKMGR_RESOURCE_IDLE;
	if (resource->op == LOCKMGR_RESOURCE_ASK && !waited)
		return LOCKMGR_RESOURCE_CANCEL;
	if (resource->op != LOCKMGR_RESOURCE_IDLE)
		return LOCKMGR_RESOURCE_IDLE;

	switch (resource->mode) {
	case LOCKMGR_RESOURCE_NONE:
		return waited ? LOCKMGR_RESOURCE_ENTER : LOCKMGR_RESOURCE_IDLE;
	case LOCKMGR_RESOURCE_NL:
		return waited ? LOCKMGR_RESOURCE_ASK : LOCKMGR_RESOURCE_IDLE;
	default:
		break;
	}
	if (resource->wanted)
		return LOCKMGR_RESOURCE_GIVE;

	return resource->unused && !waited ? LOCKMGR_RESOURCE_DROP : LOCKMGR_RESOURCE_IDLE;
}

/*
 * A waiter of this node must have had a turn before.  It has not if the recovery has just ended,
 * during which another node wanted EX, and lockmgr_cluster_done() has not come to this lock yet.
 * Returns whether the lock is free, and closed now; otherwise its release looks again.
 */
static bool node_may_give(struct lockmgr_resource *resource, struct task_struct **sleeper)
{
	if (!resource->turns_end && lockmgr_queue_first(node_bucket(resource), resource->id)) {
		*sleeper = node_adjust(resource);
		return false;
	}

	return lockmgr_lock_give(resource->cluster->space, resource->record, resource->id,
				 &resource->died);
}

/*
 * Only in EX does a node know all that the lock says: otherwise the cluster may know of a death.
 * So a lock that says something is not forgotten.  Returns whether it is closed now.
 */
static bool node_close_unused(struct lockmgr_resource *resource)
{
	u64 free = 0;

	resource->unused = false;

	return atomic64_try_cmpxchg(lockmgr_word(resource->record), &free, LOCKMGR_WORD_WAITERS);
}

/**
 * lockmgr_node_decide() - what the worker calls the cluster for
 * @resource: the resource; receives what in @op, and in @died what goes with it
 *
 * Return: whether there is anything
 */
bool lockmgr_node_decide(struct lockmgr_resource *resource)
{
	struct lockmgr_bucket *bucket = node_bucket(resource);
	struct task_struct *sleeper = NULL;
	enum lockmgr_resource_op op;

	spin_lock(&bucket->lock);
	op = node_next_op(resource);
	if ((op == LOCKMGR_RESOURCE_GIVE && !node_may_give(resource, &sleeper)) ||
	    (op == LOCKMGR_RESOURCE_DROP && !node_close_unused(resource)))
		op = LOCKMGR_RESOURCE_IDLE;
	if (op == LOCKMGR_RESOURCE_GIVE || op == LOCKMGR_RESOURCE_DROP) {
		resource->mode = LOCKMGR_RESOURCE_NL;
		resource->wanted = false;
	}
	if (op != LOCKMGR_RESOURCE_IDLE)
		WRITE_ONCE(resource->op, op);
	spin_unlock(&bucket->lock);
	lockmgr_lock_wake(sleeper);

	return op != LOCKMGR_RESOURCE_IDLE;
}

/**
 * lockmgr_node_tells_death() - whether only this node knows that a holder died
 * @resource: the resource, of a space without clients and without a worker
 */
bool lockmgr_node_tells_death(struct lockmgr_resource *resource)
{
	if (resource->call && resource->op == LOCKMGR_RESOURCE_GIVE && resource->died)
		return true;

	return READ_ONCE(resource->record->word) & ~LOCKMGR_WORD_WAITERS;
}
