/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_QUOTA_H
#define LOCKMGR_QUOTA_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/**
 * struct lockmgr_limits - what one user may use
 * @locks_per_space: ceiling of a space's capacity
 * @spaces_per_user: spaces that have the same owner
 * @clients_per_space: files attached to one space
 * @locks_per_user: ids allocated in all spaces of one owner; the records of
 *	those spaces are bounded by the same number
 *
 * Written through the module's parameters at any time, so read each with
 * READ_ONCE().  A lowered limit stops growth and takes nothing away.
 */
struct lockmgr_limits {
	unsigned int locks_per_space;
	unsigned int spaces_per_user;
	unsigned int clients_per_space;
	unsigned int locks_per_user;
};

extern struct lockmgr_limits lockmgr_limits;

/**
 * struct lockmgr_user - what the spaces of one owner use
 * @node: in the table in quota.c
 * @uid: the owner; constant
 * @spaces: number of spaces; guarded by the lock in quota.c
 * @ids: ids allocated
 * @records: records for which there is memory; the first page of each space is
 *	free, so that ids which could be allocated can be locked
 *
 * Lives as long as one of the spaces.
 */
struct lockmgr_user {
	/**
	 * @names: giving names to its spaces, and taking them away: what is slow in
	 *	that, and which others need not wait for
	 */
	struct mutex names;
	struct hlist_node node;
	kuid_t uid;
	unsigned int spaces;
	atomic_long_t ids;
	atomic_long_t records;
};

struct lockmgr_user *lockmgr_user_add_space(kuid_t uid);
void lockmgr_user_remove_space(struct lockmgr_user *user);

int lockmgr_quota_charge(atomic_long_t *used, long count);
void lockmgr_quota_uncharge(atomic_long_t *used, long count);

#endif /* LOCKMGR_QUOTA_H */
