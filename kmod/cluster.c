// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spaces that span a cluster: the other module, which knows the cluster and registers here; what
 * it calls back with; and the worker of each space, which calls it.
 *
 * This module does not need the other one, and knows nothing of the cluster's protocol.
 *
 * A space joins and leaves in one workqueue, in which works run one after the other: so a space
 * leaves after it has joined, even if the thread that opened it does not wait for that; and a
 * new space of the same name joins after the old one has left.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "cluster.h"
#include "node.h"
#include "resource.h"

/* How long to wait before a call is made again that the other module refused. */
#define RETRY	(HZ / 50 ?: 1)

/* Guards which module is registered, and that its workqueues stay. */
static DEFINE_MUTEX(cluster_lock);
static const struct lockmgr_cluster_ops *cluster_ops;
/* The workers of all spaces, and their joining and leaving. */
static struct workqueue_struct *cluster_workers;
static struct workqueue_struct *cluster_members;

static int cluster_add_workqueues(void)
{
	cluster_workers = alloc_workqueue("lockmgr_cluster", WQ_UNBOUND, 0);
	if (!cluster_workers)
		return -ENOMEM;
	cluster_members = alloc_ordered_workqueue("lockmgr_members", 0);
	if (cluster_members)
		return 0;
	destroy_workqueue(cluster_workers);

	return -ENOMEM;
}

/**
 * lockmgr_cluster_register() - from now on, spaces can span a cluster
 * @ops: the module that knows the cluster
 *
 * Return: 0, -EBUSY if there is one already, or -ENOMEM
 */
int lockmgr_cluster_register(const struct lockmgr_cluster_ops *ops)
{
	int ret;

	guard(mutex)(&cluster_lock);

	if (cluster_ops)
		return -EBUSY;
	ret = cluster_add_workqueues();
	if (!ret)
		cluster_ops = ops;

	return ret;
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_register);

/**
 * lockmgr_cluster_unregister() - the module goes
 * @ops: the module; no space is joined, since each keeps the module loaded
 */
void lockmgr_cluster_unregister(const struct lockmgr_cluster_ops *ops)
{
	guard(mutex)(&cluster_lock);

	WARN_ON_ONCE(cluster_ops != ops);
	cluster_ops = NULL;
	/* Waits for the end of the work that has put the last reference to the module. */
	destroy_workqueue(cluster_members);
	destroy_workqueue(cluster_workers);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_unregister);

/* ------------------------------------------------------------------------
 * The worker
 */

static int cluster_call(struct lockmgr_resource *resource)
{
	const struct lockmgr_cluster_ops *ops = resource->cluster->ops;

	switch (READ_ONCE(resource->op)) {
	case LOCKMGR_RESOURCE_ENTER:
		return ops->enter(resource);
	case LOCKMGR_RESOURCE_ASK:
		return ops->ask(resource);
	case LOCKMGR_RESOURCE_CANCEL:
		return ops->cancel(resource);
	case LOCKMGR_RESOURCE_GIVE:
		return ops->give(resource, resource->died);
	case LOCKMGR_RESOURCE_DROP:
		return ops->drop(resource);
	default:
		return 0;
	}
}

static void cluster_work_on(struct lockmgr_resource *resource)
{
	/* EX may have come before the node could take its request back. */
	if (READ_ONCE(resource->op) == LOCKMGR_RESOURCE_IDLE)
		resource->call = false;
	if (!resource->call)
		resource->call = lockmgr_node_decide(resource);
	if (!resource->call)
		return;

	/* What it calls for may end, and the next thing come, before the call returns. */
	resource->call = false;
	if (cluster_call(resource)) {
		resource->call = true;
		lockmgr_resource_kick(resource, RETRY);
	}
}

static struct lockmgr_resource *cluster_take_kicked(struct lockmgr_cluster *cluster,
						    struct list_head *kicked)
{
	struct lockmgr_resource *resource;

	spin_lock(&cluster->lock);
	resource = list_first_entry_or_null(kicked, struct lockmgr_resource, kicked);
	/* A kick from now on leads to another look. */
	if (resource)
		list_del_init(&resource->kicked);
	spin_unlock(&cluster->lock);

	return resource;
}

/* Looks once at each resource that was kicked before: so a refused call has time to succeed. */
static void cluster_work(struct work_struct *work)
{
	struct lockmgr_cluster *cluster =
		container_of(to_delayed_work(work), struct lockmgr_cluster, work);
	struct lockmgr_resource *resource;
	LIST_HEAD(kicked);

	spin_lock(&cluster->lock);
	list_splice_init(&cluster->kicked, &kicked);
	spin_unlock(&cluster->lock);

	while ((resource = cluster_take_kicked(cluster, &kicked))) {
		if (!READ_ONCE(cluster->leaving))
			cluster_work_on(resource);
		cond_resched();
	}
}

/* ------------------------------------------------------------------------
 * What the other module calls back with: it may sleep here
 */

/**
 * lockmgr_cluster_entered() - the node has NL
 * @resource: the resource
 */
void lockmgr_cluster_entered(struct lockmgr_resource *resource)
{
	lockmgr_node_ended(resource, LOCKMGR_RESOURCE_ENTER, LOCKMGR_RESOURCE_NL);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_entered);

/**
 * lockmgr_cluster_granted() - the node has EX
 * @resource: the resource
 * @news: what the cluster says of the last holder
 */
void lockmgr_cluster_granted(struct lockmgr_resource *resource, enum lockmgr_cluster_news news)
{
	bool died = news == LOCKMGR_CLUSTER_DIED;

	/* If a node has died, it may have been the holder of a lock that nobody knows. */
	if (news == LOCKMGR_CLUSTER_BLANK)
		died = READ_ONCE(resource->cluster->mourned);
	lockmgr_node_granted(resource, died);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_granted);

/**
 * lockmgr_cluster_cancelled() - the node does not get the EX that it has asked for
 * @resource: the resource
 */
void lockmgr_cluster_cancelled(struct lockmgr_resource *resource)
{
	lockmgr_node_ended(resource, LOCKMGR_RESOURCE_ASK, LOCKMGR_RESOURCE_NL);
	lockmgr_node_ended(resource, LOCKMGR_RESOURCE_CANCEL, LOCKMGR_RESOURCE_NL);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_cancelled);

/**
 * lockmgr_cluster_given() - the node has NL, after EX
 * @resource: the resource
 */
void lockmgr_cluster_given(struct lockmgr_resource *resource)
{
	lockmgr_node_ended(resource, LOCKMGR_RESOURCE_GIVE, LOCKMGR_RESOURCE_NL);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_given);

/**
 * lockmgr_cluster_dropped() - the node has nothing any more
 * @resource: the resource
 */
void lockmgr_cluster_dropped(struct lockmgr_resource *resource)
{
	lockmgr_node_ended(resource, LOCKMGR_RESOURCE_DROP, LOCKMGR_RESOURCE_NONE);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_dropped);

/**
 * lockmgr_cluster_wanted() - another node waits for EX
 * @resource: the resource
 */
void lockmgr_cluster_wanted(struct lockmgr_resource *resource)
{
	lockmgr_node_wanted(resource);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_wanted);

static void cluster_adjust_all(struct lockmgr_cluster *cluster)
{
	struct lockmgr_resource *resource;
	unsigned long id;

	xa_for_each(&cluster->resources, id, resource) {
		lockmgr_node_adjust(resource);
		cond_resched();
	}
}

/**
 * lockmgr_cluster_prep() - a recovery begins: when this returns, no lock is open
 * @cluster: the cluster
 *
 * A resource that is added meanwhile has no EX.
 */
void lockmgr_cluster_prep(struct lockmgr_cluster *cluster)
{
	WRITE_ONCE(cluster->stopped, true);
	cluster_adjust_all(cluster);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_prep);

/**
 * lockmgr_cluster_done() - the recovery has ended, or the node has joined
 * @cluster: the cluster
 */
void lockmgr_cluster_done(struct lockmgr_cluster *cluster)
{
	WRITE_ONCE(cluster->stopped, false);
	cluster_adjust_all(cluster);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_done);

/**
 * lockmgr_cluster_mourn() - a node has died since the space was made in the cluster
 * @cluster: the cluster; on this node, the call comes before any grant that follows that death
 */
void lockmgr_cluster_mourn(struct lockmgr_cluster *cluster)
{
	WRITE_ONCE(cluster->mourned, true);
}
EXPORT_SYMBOL_GPL(lockmgr_cluster_mourn);

/* ------------------------------------------------------------------------
 * For spaces
 */

static const struct lockmgr_cluster_ops *cluster_get_ops(void)
{
	guard(mutex)(&cluster_lock);

	return cluster_ops && try_module_get(cluster_ops->owner) ? cluster_ops : NULL;
}

static void cluster_join_work(struct work_struct *work)
{
	struct lockmgr_cluster *cluster = container_of(work, struct lockmgr_cluster, join);

	cluster->ret = cluster->ops->join(cluster);
	cluster->member = !cluster->ret;
	complete_all(&cluster->joined);
}

/**
 * lockmgr_cluster_create() - a space shall span a cluster
 * @space: the space, which nobody uses yet
 * @leave: called in a work of its own by lockmgr_cluster_leave_later(); destroys the cluster
 *
 * Return: the cluster, which the node has not joined yet; -EOPNOTSUPP if no module that knows
 * a cluster is loaded, or -ENOMEM
 */
struct lockmgr_cluster *lockmgr_cluster_create(struct lockmgr_space *space, work_func_t leave)
{
	struct lockmgr_cluster *cluster = kzalloc(sizeof(*cluster), GFP_KERNEL_ACCOUNT);

	if (!cluster)
		return ERR_PTR(-ENOMEM);
	cluster->ops = cluster_get_ops();
	if (!cluster->ops) {
		kfree(cluster);
		return ERR_PTR(-EOPNOTSUPP);
	}

	cluster->space = space;
	cluster->stopped = true;
	cluster->workers = cluster_workers;
	xa_init_flags(&cluster->resources, XA_FLAGS_ACCOUNT);
	spin_lock_init(&cluster->lock);
	INIT_LIST_HEAD(&cluster->kicked);
	INIT_DELAYED_WORK(&cluster->work, cluster_work);
	INIT_WORK(&cluster->join, cluster_join_work);
	INIT_WORK(&cluster->leave, leave);
	init_completion(&cluster->joined);

	return cluster;
}

/**
 * lockmgr_cluster_join() - join, and wait until that has ended
 * @cluster: the cluster
 *
 * If a signal ends the wait, joining goes on; leaving follows it.
 *
 * Return: 0, -EINTR, or an error of the module that knows the cluster
 */
int lockmgr_cluster_join(struct lockmgr_cluster *cluster)
{
	queue_work(cluster_members, &cluster->join);
	/* Not restarted: each attempt would join once more, after this one. */
	if (wait_for_completion_interruptible(&cluster->joined))
		return -EINTR;

	return cluster->ret;
}

/**
 * lockmgr_cluster_leave_later() - the space goes
 * @cluster: the cluster of a space that nobody uses any more
 */
void lockmgr_cluster_leave_later(struct lockmgr_cluster *cluster)
{
	queue_work(cluster_members, &cluster->leave);
}

/*
 * The node has no client any more, so all that a record can say is that a holder died.  What the
 * worker has taken out of a record may not have reached the cluster either.
 */
static bool cluster_is_clean(struct lockmgr_cluster *cluster)
{
	struct lockmgr_resource *resource;
	unsigned long id;

	xa_for_each(&cluster->resources, id, resource) {
		if (lockmgr_node_tells_death(resource))
			return false;
		cond_resched();
	}

	return true;
}

/**
 * lockmgr_cluster_destroy() - leave, and free what is left
 * @cluster: the cluster; the caller is the work of lockmgr_cluster_leave_later(), or has not
 *	joined it
 */
void lockmgr_cluster_destroy(struct lockmgr_cluster *cluster)
{
	WRITE_ONCE(cluster->leaving, true);
	cancel_delayed_work_sync(&cluster->work);
	if (cluster->member)
		cluster->ops->leave(cluster, cluster_is_clean(cluster));
	/* Until then, messages may have kicked the worker. */
	cancel_delayed_work_sync(&cluster->work);
	lockmgr_resources_destroy(cluster);
	module_put(cluster->ops->owner);
	kfree(cluster);
}

/**
 * lockmgr_cluster_drop() - an id is not allocated any more
 * @cluster: the cluster
 * @id: the id: the node forgets the lock unless somebody uses it, to save memory
 */
void lockmgr_cluster_drop(struct lockmgr_cluster *cluster, u32 id)
{
	struct lockmgr_resource *resource = lockmgr_resource_find(cluster, id);

	if (resource)
		lockmgr_node_drop(resource);
}
