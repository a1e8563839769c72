// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPC namespaces: each has its own spaces, as it has its own semaphores and message queues.  A
 * file belongs to the IPC namespace in which it was opened, even if a process of another one
 * uses it later.
 *
 * The end of a namespace
 *
 * The kernel does not tell modules when an IPC namespace ends.  So we hold a reference to
 * each one in which the device was opened.  When ours is the only reference, the namespace has
 * ended: each process in it, each open file of its /proc/PID/ns/ipc and each mount of such a
 * file would have a reference, and there is no other way to enter it.  Then its spaces lose
 * their names and their allocations, as by unlinking and by freeing all ids; files that are
 * attached go on with them.
 *
 * Our reference also keeps the address of the namespace from being used again, so the address
 * identifies the namespace.  (The inode number does not: a later namespace can get that of one
 * that has ended.)
 *
 * We check whether a namespace has ended when a file of it is used to attach to, unlink or list
 * spaces, and every second while there are namespaces other than the initial one.  Until then,
 * what the IPC namespace itself contains stays, too: its shared memory, for example.
 *
 * Locks: of the module's locks, at most client->lock is held when namespaces_lock is taken; and
 * no lock is taken under it.
 */
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/init.h>
#include <linux/ipc_namespace.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/proc_ns.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "namespace.h"

static struct lockmgr_namespace initial = {
	.refs	= KREF_INIT(1),
	.spaces	= XARRAY_INIT(initial.spaces, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT),
};

/* All namespaces but the initial one that have not ended, by the address of their @ipc. */
static DEFINE_HASHTABLE(namespaces, 8);
/* Guards that table. */
static DEFINE_MUTEX(namespaces_lock);

static void namespace_check_all(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(check_work, namespace_check_all);

#define CHECK_INTERVAL	HZ

/* Called when a namespace has ended; set before there are any. */
static void (*end_spaces)(struct lockmgr_namespace *namespace);

/* Returns NULL if the calling task is exiting and has none any more. */
static struct ipc_namespace *namespace_current_ipc(void)
{
	/* Only the task itself changes this pointer. */
	return current->nsproxy ? current->nsproxy->ipc_ns : NULL;
}

/* Modules can call the functions that get and put a reference only through these pointers. */
static struct ipc_namespace *namespace_get_current_ipc(void)
{
	return container_of(namespace_current_ipc()->ns.ops->get(current), struct ipc_namespace,
			    ns);
}

static void namespace_put_ipc(struct ipc_namespace *ipc)
{
	if (ipc)
		ipc->ns.ops->put(&ipc->ns);
}

/* A kernel without CONFIG_IPC_NS has only the initial one. */
static bool namespace_ipc_is_initial(const struct ipc_namespace *ipc)
{
	return !IS_ENABLED(CONFIG_IPC_NS) || (ipc && ipc->ns.inum == PROC_IPC_INIT_INO);
}

static struct lockmgr_namespace *namespace_find(const struct ipc_namespace *ipc)
{
	struct lockmgr_namespace *namespace;

	lockdep_assert_held(&namespaces_lock);

	hash_for_each_possible(namespaces, namespace, node, (unsigned long)ipc)
		if (namespace->ipc == ipc)
			return namespace;

	return NULL;
}

static struct lockmgr_namespace *namespace_find_and_get(const struct ipc_namespace *ipc)
{
	struct lockmgr_namespace *namespace;

	guard(mutex)(&namespaces_lock);

	namespace = namespace_find(ipc);

	return namespace ? lockmgr_namespace_get(namespace) : NULL;
}

/**
 * lockmgr_namespace_init() - initialize a namespace
 * @namespace: zeroed memory; the caller has the first reference to it
 */
void lockmgr_namespace_init(struct lockmgr_namespace *namespace)
{
	kref_init(&namespace->refs);
	INIT_HLIST_NODE(&namespace->node);
	xa_init_flags(&namespace->spaces, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
}

static struct lockmgr_namespace *namespace_create(void)
{
	struct lockmgr_namespace *namespace;

	/* Uncharged, since the caller holds a mutex that all misc devices share: client_alloc(). */
	namespace = kzalloc(sizeof(*namespace), GFP_KERNEL);
	if (!namespace)
		return ERR_PTR(-ENOMEM);

	lockmgr_namespace_init(namespace);
	namespace->ipc = namespace_get_current_ipc();
	namespace->separate = namespace->ipc->user_ns == &init_user_ns;

	return namespace;
}

/* Returns the namespace to use: @new, or another one if that was added first. */
static struct lockmgr_namespace *namespace_add(struct lockmgr_namespace *new)
{
	struct lockmgr_namespace *namespace;

	guard(mutex)(&namespaces_lock);

	namespace = namespace_find(new->ipc);
	if (namespace)
		return lockmgr_namespace_get(namespace);

	hash_add(namespaces, &new->node, (unsigned long)new->ipc);
	schedule_delayed_work(&check_work, CHECK_INTERVAL);

	return new;
}

/**
 * lockmgr_namespace_get_current() - the caller's namespace
 *
 * Return: the namespace, with a reference, -ENOMEM, or -ESRCH if the caller is ending
 */
struct lockmgr_namespace *lockmgr_namespace_get_current(void)
{
	struct lockmgr_namespace *namespace, *new;

	namespace = lockmgr_namespace_find_current();
	if (namespace)
		return namespace;
	if (!namespace_current_ipc())
		return ERR_PTR(-ESRCH);

	new = namespace_create();
	if (IS_ERR(new))
		return new;
	namespace = namespace_add(new);
	if (namespace != new)
		lockmgr_namespace_put(new);

	return namespace;
}

/**
 * lockmgr_namespace_find_current() - the caller's namespace, if a file was opened in it
 *
 * Return: the namespace, with a reference, or NULL
 */
struct lockmgr_namespace *lockmgr_namespace_find_current(void)
{
	struct ipc_namespace *ipc = namespace_current_ipc();

	if (namespace_ipc_is_initial(ipc))
		return lockmgr_namespace_get(&initial);

	return namespace_find_and_get(ipc);
}

struct lockmgr_namespace *lockmgr_namespace_get(struct lockmgr_namespace *namespace)
{
	kref_get(&namespace->refs);

	return namespace;
}

static void namespace_release(struct kref *refs)
{
	struct lockmgr_namespace *namespace = container_of(refs, struct lockmgr_namespace, refs);

	hash_del(&namespace->node);
	mutex_unlock(&namespaces_lock);

	WARN_ON_ONCE(!xa_empty(&namespace->spaces));
	namespace_put_ipc(namespace->ipc);
	xa_destroy(&namespace->spaces);
	kfree(namespace);
}

/**
 * lockmgr_namespace_put() - give a reference back
 * @namespace: the namespace
 */
void lockmgr_namespace_put(struct lockmgr_namespace *namespace)
{
	/* The last put takes the lock, so that under it all in the table have a reference. */
	kref_put_mutex(&namespace->refs, namespace_release, &namespaces_lock);
}

/**
 * lockmgr_namespace_is_initial() - whether this is the initial IPC namespace
 * @namespace: the namespace
 */
bool lockmgr_namespace_is_initial(const struct lockmgr_namespace *namespace)
{
	return namespace == &initial;
}

/**
 * lockmgr_namespace_accounts() - in which namespace users have their accounts
 * @namespace: the namespace of a space
 *
 * Users have separate accounts in each IPC namespace that belongs to the initial user
 * namespace, except the initial IPC namespace.  Only the host's root can make such namespaces,
 * so nobody else can multiply their accounts by that.
 *
 * Return: the namespace, or NULL for the accounts that the initial one shares with all others
 */
const struct lockmgr_namespace *
lockmgr_namespace_accounts(const struct lockmgr_namespace *namespace)
{
	return namespace->separate ? namespace : NULL;
}

/**
 * lockmgr_namespace_is_contained() - whether a namespace belongs to a user namespace that is
 * not the initial one
 * @namespace: the namespace
 *
 * Users can make such namespaces without the help of the host's root.
 */
bool lockmgr_namespace_is_contained(const struct lockmgr_namespace *namespace)
{
	return !lockmgr_namespace_is_initial(namespace) && !namespace->separate;
}

/**
 * lockmgr_namespace_is_current() - whether the caller is in a namespace
 * @namespace: the namespace
 */
bool lockmgr_namespace_is_current(const struct lockmgr_namespace *namespace)
{
	const struct ipc_namespace *ipc = namespace_current_ipc();

	if (namespace_ipc_is_initial(ipc))
		return lockmgr_namespace_is_initial(namespace);

	/* The caller's own cannot end meanwhile, so it is enough to compare the addresses. */
	return ipc && READ_ONCE(namespace->ipc) == ipc;
}

/* If it has ended since the last check, takes it out of the table and returns true. */
static bool namespace_detect_end(struct lockmgr_namespace *namespace)
{
	lockdep_assert_held(&namespaces_lock);

	if (!hash_hashed(&namespace->node) || lockmgr_ns_references(&namespace->ipc->ns) > 1)
		return false;

	hash_del(&namespace->node);
	WRITE_ONCE(namespace->ended, true);

	return true;
}

/* Follows namespace_detect_end(); the caller has a reference to it. */
static void namespace_end(struct lockmgr_namespace *namespace)
{
	struct ipc_namespace *ipc = namespace->ipc;

	end_spaces(namespace);
	/* Before another namespace can get the address: see lockmgr_namespace_is_current(). */
	WRITE_ONCE(namespace->ipc, NULL);
	namespace_put_ipc(ipc);
}

/**
 * lockmgr_namespace_has_ended() - whether a namespace has ended
 * @namespace: the namespace, to which the caller has a reference
 *
 * If this call is the first to notice the end, the spaces have lost their names when it returns.
 */
bool lockmgr_namespace_has_ended(struct lockmgr_namespace *namespace)
{
	bool just_now;

	if (lockmgr_namespace_is_initial(namespace))
		return false;

	mutex_lock(&namespaces_lock);
	just_now = namespace_detect_end(namespace);
	mutex_unlock(&namespaces_lock);
	if (just_now)
		namespace_end(namespace);

	return READ_ONCE(namespace->ended);
}

/* Returns one that has ended since the last check, with a reference, or NULL. */
static struct lockmgr_namespace *namespace_next_ended(void)
{
	struct lockmgr_namespace *namespace;
	int bucket;

	guard(mutex)(&namespaces_lock);

	hash_for_each(namespaces, bucket, namespace, node)
		if (namespace_detect_end(namespace))
			return lockmgr_namespace_get(namespace);

	return NULL;
}

static bool namespace_any_left(void)
{
	guard(mutex)(&namespaces_lock);

	return !hash_empty(namespaces);
}

static void namespace_check_all(struct work_struct *work)
{
	struct lockmgr_namespace *namespace;

	while ((namespace = namespace_next_ended())) {
		namespace_end(namespace);
		lockmgr_namespace_put(namespace);
		cond_resched();
	}
	if (namespace_any_left())
		schedule_delayed_work(&check_work, CHECK_INTERVAL);
}

/**
 * lockmgr_namespaces_init() - must come before all other calls of this file
 * @ended: called for each namespace that has ended, when its flag ended is set; with no lock of
 *	this file held.  Must take the spaces' names and allocations away
 */
void __init lockmgr_namespaces_init(void (*ended)(struct lockmgr_namespace *namespace))
{
	end_spaces = ended;
}

/**
 * lockmgr_namespaces_exit() - stop the checks; there are no spaces and no open files any more
 */
void lockmgr_namespaces_exit(void)
{
	cancel_delayed_work_sync(&check_work);
}
