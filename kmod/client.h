/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_CLIENT_H
#define LOCKMGR_CLIENT_H

#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include "exit.h"

struct lockmgr_record;
struct lockmgr_space;
struct lockmgr_space_args;

/**
 * struct lockmgr_client - an open file, attached to a space sooner or later
 * @space: its space once it is attached, and until the file goes; published with
 *	release semantics, see lockmgr_client_space()
 * @joined: its space from the beginning of attaching on; under @lock
 * @token: its number in the space; constant once it has joined
 * @created: joining made the space
 * @detect: its lock calls fail rather than close a cycle of waits
 * @mapped: it could write to records itself
 * @ended: its locks are released, although its file is not yet; no call is let in
 * @exit: to end with the memory that maps records
 * @passed: its death has released all it held in pages below this number
 * @pages: the pages of records that it has used, by page number: where its
 *	death looks for locks, and its lock calls find records fast
 * @opener: the process that opened the file; thread ids in records are numbers
 *	of its PID namespace
 * @opener_uid: its effective user then
 * @comm: that process's command name then
 * @rcu: who finds it by its token may still look at it
 */
struct lockmgr_client {
	/** @lock: serialises attaching, and adding to @pages */
	struct mutex lock;
	struct lockmgr_space *space;
	struct lockmgr_space *joined;
	u32 token;
	bool created;
	bool detect;
	bool mapped;
	bool ended;
	struct lockmgr_exit exit;
	unsigned long passed;
	struct xarray pages;
	struct pid *opener;
	kuid_t opener_uid;
	char comm[TASK_COMM_LEN];
	struct rcu_head rcu;
};

struct lockmgr_client *lockmgr_client_create(void);
void lockmgr_client_end(struct lockmgr_client *client);
void lockmgr_client_destroy(struct lockmgr_client *client);

int lockmgr_client_join(struct lockmgr_client *client, const struct lockmgr_space_args *args,
			bool detect);
void lockmgr_client_publish(struct lockmgr_client *client);
void lockmgr_client_withdraw(struct lockmgr_client *client);

bool lockmgr_client_may_map(const struct lockmgr_client *client);
struct lockmgr_record *lockmgr_client_page(struct lockmgr_client *client, unsigned long number);

int lockmgr_client_lock(struct lockmgr_client *client, u32 id, bool wait, ktime_t deadline,
			u64 *ticket);
int lockmgr_client_unlock(struct lockmgr_client *client, u32 id);

/* The space that a file is attached to, or NULL. */
static inline struct lockmgr_space *lockmgr_client_space(struct lockmgr_client *client)
{
	/* Pairs with lockmgr_client_publish(). */
	return smp_load_acquire(&client->space);
}

/* Whether the client has ended before its file; to be asked before anything is done. */
static inline bool lockmgr_client_has_ended(const struct lockmgr_client *client)
{
	/* Behind taking a reference to the file, see exit.c. */
	return READ_ONCE(client->ended);
}

/* Whether calls and mappings that need a space are let in. */
static inline bool lockmgr_client_is_usable(struct lockmgr_client *client)
{
	return lockmgr_client_space(client) && !lockmgr_client_has_ended(client);
}

#endif /* LOCKMGR_CLIENT_H */
