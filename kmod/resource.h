/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_RESOURCE_H
#define LOCKMGR_RESOURCE_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct lockmgr_cluster_ops;
struct lockmgr_record;
struct lockmgr_space;

/* What this node has of the resource in the cluster. */
enum lockmgr_resource_mode {
	LOCKMGR_RESOURCE_NONE,	/* nothing: the cluster may have forgotten it */
	LOCKMGR_RESOURCE_NL,	/* a lock on it that excludes nobody */
	LOCKMGR_RESOURCE_EX,	/* a lock on it that excludes all other nodes */
};

/* What this node has begun in the cluster, and waits for. */
enum lockmgr_resource_op {
	LOCKMGR_RESOURCE_IDLE,
	LOCKMGR_RESOURCE_ENTER,		/* has asked for NL */
	LOCKMGR_RESOURCE_ASK,		/* has asked for EX */
	LOCKMGR_RESOURCE_CANCEL,	/* takes that back */
	LOCKMGR_RESOURCE_GIVE,		/* gives EX away, and keeps NL */
	LOCKMGR_RESOURCE_DROP,		/* gives up all that it has */
};

/**
 * struct lockmgr_resource - what this node has of a lock of a space that spans a cluster
 * @cluster: the lock's space in the cluster; constant, as are @record and @id
 * @record: the lock's record on this node
 * @id: the lock
 * @mode: see above
 * @op: see above
 * @wanted: another node waits for EX, which this node has
 * @unused: nobody needs the lock at present, so the node may forget it
 * @turns_end: until when waiters of this node may get the lock before that other node, in ns
 *	of CLOCK_MONOTONIC; 0: none has had such a turn yet
 * @call: only for the worker: it must still call for @op
 * @died: only for the worker: what it gives away says that the last holder died
 * @kicked: in the worker's list; guarded by @cluster->lock
 * @private: for the module that knows the cluster
 *
 * Made when the lock is first acquired on this node, and freed with the cluster's part on this
 * node.  The lock of the record's queue guards @mode, @op, @wanted, @unused and @turns_end.
 */
struct lockmgr_resource {
	struct lockmgr_cluster *cluster;
	struct lockmgr_record *record;
	u32 id;
	enum lockmgr_resource_mode mode;
	enum lockmgr_resource_op op;
	bool wanted;
	bool unused;
	u64 turns_end;
	bool call;
	bool died;
	struct list_head kicked;
	unsigned long private[];
};

/**
 * struct lockmgr_cluster - a space on this node, as a part of a space that spans a cluster
 * @space: the space; constant, as is @ops
 * @ops: the module that knows the cluster
 * @stopped: a recovery is going on, or the node has not joined yet: nothing is open, and nobody
 *	gets a lock.  Whoever writes it goes through all resources afterwards, and locks the
 *	queue of each.  So a section under a queue's lock may act on the old value: it comes
 *	before that visit.
 * @mourned: a node has died since the space was made in the cluster; never becomes false
 * @resources: struct lockmgr_resource, by id.  They are added at any time
 * @leaving: the worker makes no call any more
 * @kicked: those at which the worker must look
 * @workers: where @work runs; constant
 * @work: the worker
 * @join: joins
 * @leave: leaves, and frees the space
 * @joined: joining has ended
 * @ret: how
 * @member: it has joined, so it must leave; only for @join and @leave
 * @private: for the module that knows the cluster
 */
struct lockmgr_cluster {
	struct lockmgr_space *space;
	const struct lockmgr_cluster_ops *ops;
	bool stopped;
	bool mourned;
	bool leaving;
	struct xarray resources;
	/** @lock: guards @kicked; inside of any queue's lock */
	spinlock_t lock;
	struct list_head kicked;
	struct workqueue_struct *workers;
	struct delayed_work work;
	struct work_struct join;
	struct work_struct leave;
	struct completion joined;
	int ret;
	bool member;
	void *private;
};

int lockmgr_resource_prepare(struct lockmgr_cluster *cluster, struct lockmgr_record *record,
			     u32 id);
struct lockmgr_resource *lockmgr_resource_find(struct lockmgr_cluster *cluster, u32 id);
void lockmgr_resources_destroy(struct lockmgr_cluster *cluster);

bool lockmgr_resource_is_open(const struct lockmgr_resource *resource);
bool lockmgr_resource_take_turn(struct lockmgr_resource *resource);
void lockmgr_resource_kick(struct lockmgr_resource *resource, unsigned long delay);

#endif /* LOCKMGR_RESOURCE_H */
