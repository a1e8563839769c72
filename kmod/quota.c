// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each user has in use, and how much that may be.
 *
 * Spaces and locks are charged to the owner of the space, as disk blocks are to
 * the owner of a file: whoever may free them again can be somebody else.  Memory
 * is charged to the memory cgroup of who caused it, by __GFP_ACCOUNT.
 */
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <linux/lockmgr.h>

#include "quota.h"

struct lockmgr_limits lockmgr_limits = {
	.locks_per_space	= LOCKMGR_CAPACITY_MAX,
	.spaces_per_user	= 1024,
	.clients_per_space	= 65536,
	.locks_per_user		= 4 * LOCKMGR_CAPACITY_MAX,
};

/* Users that own a space. */
static DEFINE_HASHTABLE(users, 8);

/* Guards users and the number of spaces of each. */
static DEFINE_MUTEX(users_lock);

static struct lockmgr_user *find_user(kuid_t uid)
{
	struct lockmgr_user *user;

	lockdep_assert_held(&users_lock);

	hash_for_each_possible(users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;

	return NULL;
}

static void free_user(struct lockmgr_user *user)
{
	mutex_destroy(&user->names);
	kfree(user);
}

/* Returns the user to charge: @new if there was none before. */
static struct lockmgr_user *add_space(kuid_t uid, struct lockmgr_user *new)
{
	struct lockmgr_user *user;

	guard(mutex)(&users_lock);

	user = find_user(uid) ?: new;
	if (user->spaces >= READ_ONCE(lockmgr_limits.spaces_per_user))
		return ERR_PTR(-EDQUOT);
	if (user == new)
		hash_add(users, &new->node, __kuid_val(uid));
	user->spaces++;

	return user;
}

/**
 * lockmgr_user_add_space() - charge a space to its owner
 * @uid: the owner
 *
 * Return: the owner, for lockmgr_user_remove_space(); -EDQUOT if it has as many
 * spaces as are allowed, or -ENOMEM
 */
struct lockmgr_user *lockmgr_user_add_space(kuid_t uid)
{
	struct lockmgr_user *user, *new;

	/* Not under the lock: who is short of memory must not stop all others. */
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	mutex_init(&new->names);
	new->uid = uid;

	user = add_space(uid, new);
	if (user != new)
		free_user(new);

	return user;
}

/**
 * lockmgr_user_remove_space() - give a space back
 * @user: its owner; gone afterwards if that was its last space
 */
void lockmgr_user_remove_space(struct lockmgr_user *user)
{
	guard(mutex)(&users_lock);

	if (--user->spaces)
		return;

	WARN_ON_ONCE(atomic_long_read(&user->ids));
	WARN_ON_ONCE(atomic_long_read(&user->records));
	hash_del(&user->node);
	free_user(user);
}

/**
 * lockmgr_quota_charge() - charge locks or records
 * @used: the user's count of them
 * @count: how many more
 *
 * Return: 0 or -EDQUOT
 */
int lockmgr_quota_charge(atomic_long_t *used, long count)
{
	long old = atomic_long_read(used);

	do {
		if (old + count > READ_ONCE(lockmgr_limits.locks_per_user))
			return -EDQUOT;
	} while (!atomic_long_try_cmpxchg_relaxed(used, &old, old + count));

	return 0;
}

void lockmgr_quota_uncharge(atomic_long_t *used, long count)
{
	WARN_ON_ONCE(atomic_long_sub_return(count, used) < 0);
}
