// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each user has in use, and how much that may be.
 *
 * Spaces and locks are charged to the owner of the space, as disk blocks are to
 * the owner of a file: whoever may free them again can be somebody else.  Memory
 * is charged to the memory cgroup of who caused it, by __GFP_ACCOUNT.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include <linux/lockmgr.h>

#include "quota.h"

struct lockmgr_limits lockmgr_limits = {
	.locks_per_space	= LOCKMGR_CAPACITY_MAX,
	.spaces_per_user	= 1024,
	.clients_per_space	= 65536,
	.locks_per_user		= 4 * LOCKMGR_CAPACITY_MAX,
};

/* Users that own a space, by user id. */
static DEFINE_XARRAY(users);

/* Guards users and the number of spaces of each. */
static DEFINE_MUTEX(users_lock);

static struct lockmgr_user *create_user(kuid_t uid)
{
	struct lockmgr_user *user;
	int ret;

	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		return ERR_PTR(-ENOMEM);
	user->uid = uid;

	ret = xa_err(xa_store(&users, __kuid_val(uid), user, GFP_KERNEL_ACCOUNT));
	if (ret) {
		kfree(user);
		return ERR_PTR(ret);
	}

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
	struct lockmgr_user *user;

	guard(mutex)(&users_lock);

	user = xa_load(&users, __kuid_val(uid));
	if (user && user->spaces >= READ_ONCE(lockmgr_limits.spaces_per_user))
		return ERR_PTR(-EDQUOT);
	if (!user)
		user = create_user(uid);
	if (!IS_ERR(user))
		user->spaces++;

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
	xa_erase(&users, __kuid_val(user->uid));
	kfree(user);
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
