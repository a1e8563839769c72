// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each user has in use, and the limits of that.
 *
 * Spaces and locks are charged to the owner of the space, no matter who allocates or frees
 * them, as disk blocks are charged to the owner of a file.  Memory is charged to the memory
 * cgroup of the task that caused it, by __GFP_ACCOUNT.
 *
 * User namespaces
 *
 * The owner of a user namespace has many user ids in it.  So a space is also charged to
 * the owner of the user namespace in which it was created, to the owner of the parent of that
 * namespace, and so on up to the one below the initial namespace, as the kernel does with its
 * ucounts.  However many ids a user has, the limits of one user bound all that these ids own
 * together.  The owners of the namespaces pay for it from a second account (@delegated) of the
 * same size, so that what runs in a user's containers cannot shut that user out.  For the same
 * reason, in an IPC namespace that belongs to a user namespace, a space's owner pays from
 * @delegated, too: root in that container may have the id of the user whose container it is.
 *
 * IPC namespaces
 *
 * Root of a container without a user namespace has the host's user ids, and must not use
 * up what the host's users may have.  So users have separate accounts in each IPC namespace
 * that only the host's root can make: see lockmgr_namespace_accounts().  Each of these
 * namespaces also pays itself, from one more account of the same size, since its root can
 * use as many user ids as there are.
 *
 * Unequal users of a space
 *
 * Where the mode of a space lets others use it, what they allocate is charged to the
 * owner.  They reach their limit before the owner does: a fraction of each account is reserved
 * for clients of the owner, and for those with the capabilities to act as the owner.
 */
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include <linux/lockmgr.h>

#include "namespace.h"
#include "quota.h"

struct lockmgr_limits lockmgr_limits = {
	.locks_per_space	= LOCKMGR_CAPACITY_MAX,
	.spaces_per_user	= 1024,
	.clients_per_space	= 65536,
	.locks_per_user		= 4 * LOCKMGR_CAPACITY_MAX,
};

/* All users that pay for a space. */
static DEFINE_HASHTABLE(users, 8);

/* Guards that table, the references to users, and the number of spaces in each account. */
static DEFINE_MUTEX(users_lock);

static u32 quota_hash_user(kuid_t uid, const struct lockmgr_namespace *namespace)
{
	return __kuid_val(uid) ^ hash_ptr(namespace, 32);
}

static struct lockmgr_user *quota_find_user(kuid_t uid, const struct lockmgr_namespace *namespace)
{
	struct lockmgr_user *user;

	lockdep_assert_held(&users_lock);

	hash_for_each_possible(users, user, node, quota_hash_user(uid, namespace))
		if (uid_eq(user->uid, uid) && user->namespace == namespace)
			return user;

	return NULL;
}

static struct lockmgr_user *quota_alloc_user(kuid_t uid, const struct lockmgr_namespace *namespace)
{
	struct lockmgr_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);

	if (!user)
		return NULL;
	mutex_init(&user->names);
	user->uid = uid;
	user->namespace = namespace;

	return user;
}

static void quota_free_user(struct lockmgr_user *user)
{
	mutex_destroy(&user->names);
	kfree(user);
}

static struct lockmgr_account *quota_account_of(const struct lockmgr_payers *payers, unsigned int i)
{
	return i || payers->contained ? &payers->users[i]->delegated : &payers->users[i]->own;
}

/* ------------------------------------------------------------------------
 * Who pays
 */

static bool quota_is_payer(const struct lockmgr_payers *payers, kuid_t uid)
{
	unsigned int i;

	for (i = 0; i < payers->count; i++)
		if (uid_eq(payers->users[i]->uid, uid))
			return true;

	return false;
}

/* These users are not in the table yet, so nobody else sees them. */
static void quota_discard_payers(struct lockmgr_payers *payers)
{
	while (payers->count)
		quota_free_user(payers->users[--payers->count]);
	kfree(payers);
}

static int quota_add_payer(struct lockmgr_payers *payers, kuid_t uid,
			   const struct lockmgr_namespace *namespace)
{
	struct lockmgr_user *user;

	if (quota_is_payer(payers, uid))
		return 0;

	user = quota_alloc_user(uid, namespace);
	if (!user)
		return -ENOMEM;
	payers->users[payers->count++] = user;

	return 0;
}

static int quota_add_payers(struct lockmgr_payers *payers, kuid_t owner,
			    const struct user_namespace *ns,
			    const struct lockmgr_namespace *accounts)
{
	int ret;

	ret = quota_add_payer(payers, owner, accounts);
	for (; !ret && ns != &init_user_ns; ns = ns->parent)
		ret = quota_add_payer(payers, ns->owner, accounts);
	/* The namespace itself. */
	if (!ret && accounts)
		ret = quota_add_payer(payers, INVALID_UID, accounts);

	return ret;
}

/* Makes the payers, each a struct lockmgr_user that is not in the table yet. */
static struct lockmgr_payers *quota_alloc_payers(kuid_t owner, const struct user_namespace *ns,
						 const struct lockmgr_namespace *namespace)
{
	const struct user_namespace *outer;
	struct lockmgr_payers *payers;
	unsigned int most = 2;
	int ret;

	for (outer = ns; outer != &init_user_ns; outer = outer->parent)
		most++;
	payers = kzalloc(struct_size(payers, users, most), GFP_KERNEL_ACCOUNT);
	if (!payers)
		return ERR_PTR(-ENOMEM);

	payers->contained = lockmgr_namespace_is_contained(namespace);
	ret = quota_add_payers(payers, owner, ns, lockmgr_namespace_accounts(namespace));
	if (ret) {
		quota_discard_payers(payers);
		return ERR_PTR(ret);
	}

	return payers;
}

/* Take a reference to each payer: to the user in the table, or else add the new one to it. */
static void quota_get_users(struct lockmgr_payers *payers)
{
	unsigned int i;

	lockdep_assert_held(&users_lock);

	for (i = 0; i < payers->count; i++) {
		struct lockmgr_user *new = payers->users[i];
		struct lockmgr_user *user = quota_find_user(new->uid, new->namespace);

		if (user) {
			quota_free_user(new);
			payers->users[i] = user;
		} else {
			hash_add(users, &new->node, quota_hash_user(new->uid, new->namespace));
		}
		payers->users[i]->refs++;
	}
}

static void quota_put_user(struct lockmgr_user *user)
{
	int i;

	lockdep_assert_held(&users_lock);

	if (--user->refs)
		return;

	WARN_ON_ONCE(user->own.spaces || user->delegated.spaces);
	for (i = 0; i < LOCKMGR_CHARGES; i++) {
		WARN_ON_ONCE(atomic_long_read(&user->own.used[i]));
		WARN_ON_ONCE(atomic_long_read(&user->delegated.used[i]));
	}
	hash_del(&user->node);
	quota_free_user(user);
}

static void quota_put_users(struct lockmgr_payers *payers)
{
	while (payers->count)
		quota_put_user(payers->users[--payers->count]);
}

/* ------------------------------------------------------------------------
 * Spaces
 */

/* Uncharge the first @count payers. */
static void quota_uncharge_space(struct lockmgr_payers *payers, unsigned int count)
{
	lockdep_assert_held(&users_lock);

	while (count--)
		quota_account_of(payers, count)->spaces--;
}

static int quota_charge_space(struct lockmgr_payers *payers)
{
	unsigned int i;

	lockdep_assert_held(&users_lock);

	for (i = 0; i < payers->count; i++) {
		struct lockmgr_account *account = quota_account_of(payers, i);

		if (account->spaces >= READ_ONCE(lockmgr_limits.spaces_per_user)) {
			quota_uncharge_space(payers, i);
			return -EDQUOT;
		}
		account->spaces++;
	}
	payers->counted = true;

	return 0;
}

/**
 * lockmgr_payers_create() - charge a new space to its owner and to the others that pay for it
 * @owner: the owner
 * @ns: the creator's user namespace
 * @namespace: the space's IPC namespace, which lives as long as the space
 *
 * Return: the payers; -EDQUOT if one of them has as many spaces as are allowed already; or
 * -ENOMEM
 */
struct lockmgr_payers *lockmgr_payers_create(kuid_t owner, const struct user_namespace *ns,
					     const struct lockmgr_namespace *namespace)
{
	struct lockmgr_payers *payers;
	int ret;

	/* Without the lock: a task that waits for memory must not make all others wait. */
	payers = quota_alloc_payers(owner, ns, namespace);
	if (IS_ERR(payers))
		return payers;

	mutex_lock(&users_lock);
	quota_get_users(payers);
	ret = quota_charge_space(payers);
	if (ret)
		quota_put_users(payers);
	mutex_unlock(&users_lock);

	if (ret) {
		kfree(payers);
		return ERR_PTR(ret);
	}

	return payers;
}

/**
 * lockmgr_payers_discount() - the space does not count for spaces_per_user any more
 * @payers: the payers of the space, which still exists
 */
void lockmgr_payers_discount(struct lockmgr_payers *payers)
{
	guard(mutex)(&users_lock);

	if (payers->counted)
		quota_uncharge_space(payers, payers->count);
	payers->counted = false;
}

/**
 * lockmgr_payers_destroy() - the space is gone
 * @payers: the payers of that space; frees each user for which it was the last space
 */
void lockmgr_payers_destroy(struct lockmgr_payers *payers)
{
	lockmgr_payers_discount(payers);

	mutex_lock(&users_lock);
	quota_put_users(payers);
	mutex_unlock(&users_lock);

	kfree(payers);
}

/* ------------------------------------------------------------------------
 * Locks
 */

static bool quota_add_up_to(atomic_long_t *used, long count, long limit)
{
	long old = atomic_long_read(used);

	do {
		if (old + count > limit)
			return false;
	} while (!atomic_long_try_cmpxchg_relaxed(used, &old, old + count));

	return true;
}

/* Uncharge the first @payer_count payers. */
static void quota_uncharge(struct lockmgr_payers *payers, unsigned int payer_count,
			   enum lockmgr_charge what, long count)
{
	while (payer_count--) {
		atomic_long_t *used = &quota_account_of(payers, payer_count)->used[what];

		WARN_ON_ONCE(atomic_long_sub_return(count, used) < 0);
	}
}

/**
 * lockmgr_quota_charge() - charge ids or records
 * @payers: the payers of their space
 * @what: ids or records
 * @count: how many more
 * @favoured: whether the owner, or somebody with the capabilities to act as the owner, uses
 *	them; only then the reserved fraction of each account may be used, too
 *
 * Does not sleep.
 *
 * Return: 0 or -EDQUOT
 */
int lockmgr_quota_charge(struct lockmgr_payers *payers, enum lockmgr_charge what, long count,
			 bool favoured)
{
	long limit = READ_ONCE(lockmgr_limits.locks_per_user);
	unsigned int i;

	if (!favoured)
		limit -= limit / LOCKMGR_RESERVE_FRACTION;

	for (i = 0; i < payers->count; i++) {
		if (!quota_add_up_to(&quota_account_of(payers, i)->used[what], count, limit)) {
			quota_uncharge(payers, i, what, count);
			return -EDQUOT;
		}
	}

	return 0;
}

/**
 * lockmgr_quota_uncharge() - give ids or records back
 * @payers: the payers of their space
 * @what: ids or records
 * @count: how many
 */
void lockmgr_quota_uncharge(struct lockmgr_payers *payers, enum lockmgr_charge what, long count)
{
	quota_uncharge(payers, payers->count, what, count);
}
