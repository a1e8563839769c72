/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_CLUSTER_H
#define LOCKMGR_CLUSTER_H

#include <linux/types.h>

#include "resource.h"

struct lockmgr_space;
struct module;

/* What the cluster says of the last holder of a lock, with EX. */
enum lockmgr_cluster_news {
	LOCKMGR_CLUSTER_RELEASED,	/* it released the lock */
	LOCKMGR_CLUSTER_DIED,		/* it died */
	LOCKMGR_CLUSTER_BLANK,		/* nothing: there was none, or it is forgotten */
};

/**
 * struct lockmgr_cluster_ops - what a module that knows a cluster can do
 * @owner: the module, which stays loaded while a space is joined
 * @resource_size: how many bytes it needs in struct lockmgr_resource
 * @join: make the node a member of a space of the cluster; sleeps.  Once it succeeds, or before,
 *	lockmgr_cluster_done() is called, as after each recovery
 * @leave: the reverse; sleeps.  Afterwards nothing is called back for this space.  @clean says
 *	that no lock for which the node has EX tells of a death; otherwise the other nodes must
 *	take it for dead
 * @enter: ask for NL; ends with lockmgr_cluster_entered()
 * @ask: ask for EX; ends with lockmgr_cluster_granted() or lockmgr_cluster_cancelled()
 * @cancel: take that back.  If EX is on its way already, nothing comes of it but that
 * @give: EX becomes NL; @died is for the next node; ends with lockmgr_cluster_given()
 * @drop: give up NL or EX; ends with lockmgr_cluster_dropped()
 *
 * All of them are called from process context, with no lock held, those of a space one after
 * the other.  Those for a resource may sleep until a recovery has ended, and return 0 or a
 * negative errno; then nothing has begun, and the same call comes again later.
 */
struct lockmgr_cluster_ops {
	struct module *owner;
	size_t resource_size;
	int (*join)(struct lockmgr_cluster *cluster);
	void (*leave)(struct lockmgr_cluster *cluster, bool clean);
	int (*enter)(struct lockmgr_resource *resource);
	int (*ask)(struct lockmgr_resource *resource);
	int (*cancel)(struct lockmgr_resource *resource);
	int (*give)(struct lockmgr_resource *resource, bool died);
	int (*drop)(struct lockmgr_resource *resource);
};

/* For the module that knows the cluster. */
int lockmgr_cluster_register(const struct lockmgr_cluster_ops *ops);
void lockmgr_cluster_unregister(const struct lockmgr_cluster_ops *ops);

void lockmgr_cluster_entered(struct lockmgr_resource *resource);
void lockmgr_cluster_granted(struct lockmgr_resource *resource, enum lockmgr_cluster_news news);
void lockmgr_cluster_cancelled(struct lockmgr_resource *resource);
void lockmgr_cluster_given(struct lockmgr_resource *resource);
void lockmgr_cluster_dropped(struct lockmgr_resource *resource);
void lockmgr_cluster_wanted(struct lockmgr_resource *resource);

void lockmgr_cluster_prep(struct lockmgr_cluster *cluster);
void lockmgr_cluster_done(struct lockmgr_cluster *cluster);
void lockmgr_cluster_mourn(struct lockmgr_cluster *cluster);

/* For spaces. */
struct lockmgr_cluster *lockmgr_cluster_create(struct lockmgr_space *space, work_func_t leave);
int lockmgr_cluster_join(struct lockmgr_cluster *cluster);
void lockmgr_cluster_leave_later(struct lockmgr_cluster *cluster);
void lockmgr_cluster_destroy(struct lockmgr_cluster *cluster);
void lockmgr_cluster_drop(struct lockmgr_cluster *cluster, u32 id);

#endif /* LOCKMGR_CLUSTER_H */
