/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_QUOTA_H
#define LOCKMGR_QUOTA_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct lockmgr_namespace;
struct user_namespace;

/**
 * struct lockmgr_limits - how much one user may use
 * @locks_per_space: the highest capacity that a space can be given
 * @spaces_per_user: spaces in one account
 * @clients_per_space: files attached to one space that can lock, of each class of users
 * @locks_per_user: ids allocated in all spaces of one account; the same number limits the
 *	records of those spaces
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

/* One part in this many of each account is reserved for the owner of a space: see quota.c. */
#define LOCKMGR_RESERVE_FRACTION	8

/**
 * enum lockmgr_charge - what locks_per_user limits
 * @LOCKMGR_CHARGE_IDS: ids allocated
 * @LOCKMGR_CHARGE_RECORDS: records for which there is memory; one page of each space is not
 *	charged, so that ids which could be allocated can be locked
 * @LOCKMGR_CHARGES: how many of these there are
 */
enum lockmgr_charge {
	LOCKMGR_CHARGE_IDS,
	LOCKMGR_CHARGE_RECORDS,
	LOCKMGR_CHARGES
};

/**
 * struct lockmgr_account - what is charged to a user
 * @spaces: number of spaces; guarded by the lock in quota.c
 * @used: by enum lockmgr_charge
 */
struct lockmgr_account {
	unsigned int spaces;
	atomic_long_t used[LOCKMGR_CHARGES];
};

/**
 * struct lockmgr_user - a user, or an IPC namespace, to whom spaces are charged
 * @node: in the table in quota.c
 * @uid: the user, or INVALID_UID: @namespace itself; constant, as is @namespace
 * @namespace: the IPC namespace in which these accounts apply, to compare only, or NULL: see
 *	lockmgr_namespace_accounts()
 * @refs: spaces that have the user among their payers; guarded by the lock in quota.c
 * @own: is charged for the spaces that the user owns, except those charged to @delegated
 * @delegated: is charged for spaces of other users in the user namespaces that this user owns,
 *	at any depth, and for all spaces in IPC namespaces that belong to one of those
 *
 * Lives as long as one of the spaces that are charged to it.
 */
struct lockmgr_user {
	/**
	 * @names: held while one of the user's spaces gets or loses its name; for the slow
	 *	part of that, so that other users need not wait for it
	 */
	struct mutex names;
	struct hlist_node node;
	kuid_t uid;
	const struct lockmgr_namespace *namespace;
	unsigned int refs;
	struct lockmgr_account own;
	struct lockmgr_account delegated;
};

/**
 * struct lockmgr_payers - to whom a space is charged
 * @counted: whether the space counts for spaces_per_user
 * @contained: the owner, too, pays from its account @delegated; constant
 * @count: how many users
 * @users: first the space's owner; then the owners of the user namespaces, from the creator's
 *	up to the one below the initial one, each user once; and last the IPC namespace itself,
 *	if users have separate accounts in it
 */
struct lockmgr_payers {
	bool counted;
	bool contained;
	unsigned int count;
	struct lockmgr_user *users[];
};

struct lockmgr_payers *lockmgr_payers_create(kuid_t owner, const struct user_namespace *ns,
					     const struct lockmgr_namespace *namespace);
void lockmgr_payers_discount(struct lockmgr_payers *payers);
void lockmgr_payers_destroy(struct lockmgr_payers *payers);

int lockmgr_quota_charge(struct lockmgr_payers *payers, enum lockmgr_charge what, long count,
			 bool favoured);
void lockmgr_quota_uncharge(struct lockmgr_payers *payers, enum lockmgr_charge what, long count);

/* The space's owner. */
static inline struct lockmgr_user *lockmgr_payers_owner(const struct lockmgr_payers *payers)
{
	return payers->users[0];
}

#endif /* LOCKMGR_QUOTA_H */
