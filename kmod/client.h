/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_CLIENT_H
#define LOCKMGR_CLIENT_H

#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include "permit.h"
#include "process.h"
#include "promise.h"

struct lockmgr_namespace;
struct lockmgr_record;
struct lockmgr_space;

/**
 * struct lockmgr_client - an open file, which attaching makes a client of a space
 * @namespace: the IPC namespace in which the file was opened
 * @space: its space once it is attached, and until the file goes; published with
 *	release semantics, see lockmgr_client_space()
 * @joined: its space from the beginning of attaching on; guarded by @lock
 * @token: its number in the space, 0 if it cannot lock; constant once it has joined, as
 *	are @class and @locker
 * @class: the class of its opener among the users of the space
 * @locker: whether it can lock and allocate, or only look
 * @created: joining made the space
 * @detect: its lock calls fail rather than close a cycle of waits
 * @may_map: it may map records, and write to them
 * @process: the process that it ends with, and to which it belongs; NULL: it ends with its
 *	file; constant once it is attached
 * @process_node: in the list of that process
 * @mapped: records have been mapped through its file
 * @mm: where they are mapped, if its process has mapped them in one mm only; to compare only,
 *	since the mm may be gone; guarded by @process->lock
 * @ended: its locks are released, although its file is still open; guarded likewise
 * @unmapped: when @ended was set, its mappings were gone, so that nobody could write to records
 *	through them any more; guarded likewise
 * @progress: its death has released all that it held in pages below this number
 * @pages: the pages of records that it has used, by page number: its death looks for locks
 *	there, and its lock calls find records there fast
 * @promises: places in queues that are kept for its threads
 * @opener: the process that opened the file; thread ids in records are numbers
 *	in the PID namespace of that process
 * @opener_uid: the effective user of that process when it opened the file
 * @comm: the command name of that process then
 * @rcu: frees it after a grace period, since a thread that found it by its token may still
 *	look at it
 */
struct lockmgr_client {
	/** @lock: serialises attaching, and adding to @pages */
	struct mutex lock;
	struct lockmgr_namespace *namespace;
	struct lockmgr_space *space;
	struct lockmgr_space *joined;
	u32 token;
	enum lockmgr_class class;
	bool locker;
	bool created;
	bool detect;
	bool may_map;
	struct lockmgr_process *process;
	struct list_head process_node;
	bool mapped;
	const struct mm_struct *mm;
	bool ended;
	bool unmapped;
	unsigned long progress;
	struct xarray pages;
	struct lockmgr_promises promises;
	struct pid *opener;
	kuid_t opener_uid;
	char comm[TASK_COMM_LEN];
	struct rcu_head rcu;
};

struct lockmgr_client *lockmgr_client_create(void);
void lockmgr_client_end(struct lockmgr_client *client);
void lockmgr_client_destroy(struct lockmgr_client *client);

struct lockmgr_record *lockmgr_client_page(struct lockmgr_client *client, unsigned long number);

int lockmgr_client_lock(struct lockmgr_client *client, u32 id, bool wait, ktime_t deadline,
			u64 *ticket);
int lockmgr_client_unlock(struct lockmgr_client *client, u32 id);

/* Whether it may use what quotas reserve for the space's owner: it is the owner's or capable. */
static inline bool lockmgr_client_is_favoured(const struct lockmgr_client *client)
{
	return client->class >= LOCKMGR_CLASS_OWNER;
}

/* The space that a file is attached to, or NULL. */
static inline struct lockmgr_space *lockmgr_client_space(struct lockmgr_client *client)
{
	/* Pairs with lockmgr_attach_finish(). */
	return smp_load_acquire(&client->space);
}

/*
 * Whether the client is attached and the calling process may use it: see process.c.  A client
 * that ends with its process can be used by that process only, so nobody can use it afterwards.
 */
static inline bool lockmgr_client_is_usable(struct lockmgr_client *client)
{
	if (!lockmgr_client_space(client))
		return false;

	return !client->process || client->process->pid == task_tgid(current);
}

#endif /* LOCKMGR_CLIENT_H */
