/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_NAMESPACE_H
#define LOCKMGR_NAMESPACE_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct ipc_namespace;

/**
 * struct lockmgr_namespace - the spaces of one IPC namespace
 * @refs: one for each file that was opened in it, one for each of its spaces
 * @node: in the table of namespace.c, until it has ended
 * @ipc: the IPC namespace, with a reference; NULL for the initial one, and when it has
 *	ended
 * @separate: users have separate accounts in it, since it belongs to the initial user
 *	namespace; constant
 * @ended: nothing uses the IPC namespace any more; written once, before its spaces lose their
 *	names
 * @spaces: its spaces that have a name, by number; written under the lock in names.c
 * @space_count: how many spaces have a name; written likewise
 * @client_count: how many files are attached to its spaces
 */
struct lockmgr_namespace {
	struct kref refs;
	struct hlist_node node;
	struct ipc_namespace *ipc;
	bool separate;
	bool ended;
	struct xarray spaces;
	u32 space_count;
	atomic_t client_count;
};

void lockmgr_namespace_init(struct lockmgr_namespace *namespace);
struct lockmgr_namespace *lockmgr_namespace_get_current(void);
struct lockmgr_namespace *lockmgr_namespace_find_current(void);
struct lockmgr_namespace *lockmgr_namespace_get(struct lockmgr_namespace *namespace);
void lockmgr_namespace_put(struct lockmgr_namespace *namespace);

bool lockmgr_namespace_is_initial(const struct lockmgr_namespace *namespace);
const struct lockmgr_namespace *
lockmgr_namespace_accounts(const struct lockmgr_namespace *namespace);
bool lockmgr_namespace_is_contained(const struct lockmgr_namespace *namespace);
bool lockmgr_namespace_is_current(const struct lockmgr_namespace *namespace);
bool lockmgr_namespace_has_ended(struct lockmgr_namespace *namespace);

void lockmgr_namespaces_init(void (*ended)(struct lockmgr_namespace *namespace));
void lockmgr_namespaces_exit(void);

#endif /* LOCKMGR_NAMESPACE_H */
