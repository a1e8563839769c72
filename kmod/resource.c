// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this node has of each lock of a space that spans a cluster: found by the lock's id, and
 * handed to a worker when there may be something to do about it in the cluster.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "cluster.h"
#include "resource.h"

/*
 * How long waiters of this node may go on to get the lock when another node waits for it,
 * beginning with the first of them.  As long as a waiter may be bypassed in a local space
 * (MAX_WAIT_NS in lock.c); in a cluster, that is some times what it takes to pass a lock from
 * one node to another.
 */
#define TURNS_NS	(4 * NSEC_PER_MSEC)

/**
 * lockmgr_resource_find() - what this node has of a lock
 * @cluster: the cluster
 * @id: the lock
 *
 * Return: the resource, or NULL if nobody has tried to acquire the lock on this node yet
 */
struct lockmgr_resource *lockmgr_resource_find(struct lockmgr_cluster *cluster, u32 id)
{
	return xa_load(&cluster->resources, id);
}

static struct lockmgr_resource *resource_create(struct lockmgr_cluster *cluster,
						struct lockmgr_record *record, u32 id)
{
	struct lockmgr_resource *resource;

	resource = kzalloc(sizeof(*resource) + cluster->ops->resource_size, GFP_KERNEL_ACCOUNT);
	if (!resource)
		return NULL;
	resource->cluster = cluster;
	resource->record = record;
	resource->id = id;
	INIT_LIST_HEAD(&resource->kicked);

	return resource;
}

/**
 * lockmgr_resource_prepare() - make the resource of a lock, if there is none
 * @cluster: the cluster
 * @record: the lock's record
 * @id: the lock
 *
 * Return: 0 or -ENOMEM
 */
int lockmgr_resource_prepare(struct lockmgr_cluster *cluster, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_resource *resource;
	int ret;

	if (lockmgr_resource_find(cluster, id))
		return 0;
	resource = resource_create(cluster, record, id);
	if (!resource)
		return -ENOMEM;

	ret = xa_insert(&cluster->resources, id, resource, GFP_KERNEL_ACCOUNT);
	if (ret)
		kfree(resource);

	/* Another thread may have made it first. */
	return ret == -EBUSY ? 0 : ret;
}

/**
 * lockmgr_resources_destroy() - free all resources
 * @cluster: a cluster that the node has left, and whose worker has ended
 */
void lockmgr_resources_destroy(struct lockmgr_cluster *cluster)
{
	struct lockmgr_resource *resource;
	unsigned long id;

	xa_for_each(&cluster->resources, id, resource) {
		kfree(resource);
		cond_resched();
	}
	xa_destroy(&cluster->resources);
}

/**
 * lockmgr_resource_is_open() - whether processes of this node may acquire the lock
 * @resource: the resource, whose queue is locked; or NULL
 */
bool lockmgr_resource_is_open(const struct lockmgr_resource *resource)
{
	return resource && resource->mode == LOCKMGR_RESOURCE_EX && !resource->wanted &&
	       !READ_ONCE(resource->cluster->stopped);
}

/**
 * lockmgr_resource_take_turn() - whether a waiter may get the lock although another node waits
 * @resource: the resource, whose queue is locked; or NULL
 *
 * The first one may, and others for a bounded time after it.
 */
bool lockmgr_resource_take_turn(struct lockmgr_resource *resource)
{
	u64 now = ktime_get_ns();

	if (!resource || resource->mode != LOCKMGR_RESOURCE_EX || !resource->wanted ||
	    READ_ONCE(resource->cluster->stopped))
		return false;
	if (!resource->turns_end)
		resource->turns_end = now + TURNS_NS;

	return now < resource->turns_end;
}

/**
 * lockmgr_resource_kick() - make the worker look at a resource
 * @resource: the resource; or NULL
 * @delay: when, at the latest, in jiffies from now on
 */
void lockmgr_resource_kick(struct lockmgr_resource *resource, unsigned long delay)
{
	struct lockmgr_cluster *cluster;

	if (!resource)
		return;
	cluster = resource->cluster;

	spin_lock(&cluster->lock);
	if (list_empty(&resource->kicked))
		list_add_tail(&resource->kicked, &cluster->kicked);
	spin_unlock(&cluster->lock);

	if (delay)
		queue_delayed_work(cluster->workers, &cluster->work, delay);
	else
		mod_delayed_work(cluster->workers, &cluster->work, 0);
}
