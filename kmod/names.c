// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: which space has which name, and unlinking.  A name belongs to an IPC namespace and
 * to the owner of the space.
 *
 * A space is in the table as long as it has a name, with or without clients.
 *
 * Names and directories in sysfs
 *
 * As soon as a name is removed, a new space may get it, but only once the old directory in
 * sysfs is gone.  Removing a directory waits for readers of its files.  So a space loses its
 * name and its directory under user->names, for which only those wait that name or unlink
 * spaces of the same user.  Reading the files takes space->lock and the locks below it (see
 * space.c), but never user->names.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/string.h>

#include "client.h"
#include "directory.h"
#include "names.h"
#include "namespace.h"
#include "permit.h"
#include "quota.h"
#include "space.h"

/**
 * struct name - what identifies a space in the table
 * @namespace: its IPC namespace
 * @owner: its owner
 * @name: its name
 */
struct name {
	const struct lockmgr_namespace *namespace;
	kuid_t owner;
	const char *name;
};

/* Random, so that nobody can choose names that all hash to the same chain. */
static siphash_key_t hash_key;

static u32 names_hash_name(const void *data, u32 length, u32 seed)
{
	const struct name *name = data;
	siphash_key_t key = hash_key;

	key.key[0] ^= seed;

	return siphash_3u64(siphash(name->name, strlen(name->name), &key),
			    (uintptr_t)name->namespace, __kuid_val(name->owner), &key);
}

static struct name names_key_of(const struct lockmgr_space *space)
{
	return (struct name) { space->namespace, space->owner, space->name };
}

static u32 names_hash_space(const void *data, u32 length, u32 seed)
{
	const struct name name = names_key_of(data);

	return names_hash_name(&name, length, seed);
}

/* Returns 0 if they are equal, as memcmp(). */
static int names_compare(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct lockmgr_space *space = object;
	const struct name *name = arg->key;

	return space->namespace != name->namespace || !uid_eq(space->owner, name->owner) ||
	       strcmp(space->name, name->name);
}

static const struct rhashtable_params names_params = {
	.key_len		= sizeof(struct name),
	.head_offset		= offsetof(struct lockmgr_space, node),
	.hashfn			= names_hash_name,
	.obj_hashfn		= names_hash_space,
	.obj_cmpfn		= names_compare,
	.automatic_shrinking	= true,
};

/* The table grows, so that a look-up costs the same, however many spaces there are. */
static struct rhashtable names;
/* Guards that table, and the numbers of spaces in each namespace. */
static DEFINE_MUTEX(names_lock);

/**
 * lockmgr_space_name_valid() - whether a space can have that name
 * @name: 64 bytes
 */
bool lockmgr_space_name_valid(const char *name)
{
	size_t length = strnlen(name, LOCKMGR_NAME_SIZE);
	size_t i;

	if (!length || length == LOCKMGR_NAME_SIZE || name[0] == '.')
		return false;

	for (i = 0; i < length; i++)
		/* isalnum() alone would accept letters beyond ASCII. */
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("._-", name[i])))
			return false;

	return !memchr_inv(name + length, 0, LOCKMGR_NAME_SIZE - length);
}

static struct lockmgr_space *names_find_space(const struct lockmgr_namespace *namespace,
					      kuid_t owner, const char *name)
{
	const struct name key = { namespace, owner, name };

	lockdep_assert_held(&names_lock);

	return rhashtable_lookup_fast(&names, &key, names_params);
}

/* The space's number has been reserved. */
static int names_link_space(struct lockmgr_space *space)
{
	struct lockmgr_namespace *namespace = space->namespace;

	guard(mutex)(&names_lock);

	/* Otherwise this could come after lockmgr_spaces_end(), which does not run again. */
	if (READ_ONCE(namespace->ended))
		return -ENOENT;
	/* It fails only for lack of memory, whatever errno it returns. */
	if (rhashtable_insert_fast(&names, &space->node, names_params))
		return -ENOMEM;

	kref_get(&space->refs);
	WRITE_ONCE(space->linked, true);
	xa_store(&namespace->spaces, space->number, space, 0);
	WRITE_ONCE(namespace->space_count, namespace->space_count + 1);

	return 0;
}

/*
 * Returns whether the space lost its name; the caller must put the name's reference then.  With
 * @unless_found, a space that somebody has found, or in which an id is allocated, keeps it.
 */
static bool names_unlink_space(struct lockmgr_space *space, bool unless_found)
{
	struct lockmgr_namespace *namespace = space->namespace;

	guard(mutex)(&names_lock);

	if (!space->linked)
		return false;
	if (unless_found && (space->found || READ_ONCE(space->ids.allocated)))
		return false;

	rhashtable_remove_fast(&names, &space->node, names_params);
	xa_erase(&namespace->spaces, space->number);
	WRITE_ONCE(space->linked, false);
	WRITE_ONCE(namespace->space_count, namespace->space_count - 1);

	return true;
}

/* The same with the directory; the caller has a reference of its own to the space. */
static bool names_remove(struct lockmgr_space *space, bool unless_found)
{
	bool removed;

	mutex_lock(&space->user->names);
	removed = names_unlink_space(space, unless_found);
	if (removed)
		lockmgr_directory_remove(space);
	mutex_unlock(&space->user->names);

	if (removed) {
		lockmgr_space_unnamed(space);
		lockmgr_space_put(space);
	}

	return removed;
}

/**
 * lockmgr_name_find() - find a space by its name
 * @args: which space, and what for
 *
 * Return: the space, with a reference; -ENOENT, -EEXIST if it must not exist, or -EACCES
 */
struct lockmgr_space *lockmgr_name_find(const struct lockmgr_space_args *args)
{
	struct lockmgr_space *space;

	guard(mutex)(&names_lock);

	space = names_find_space(args->namespace, args->owner, args->name);
	if (!space)
		return ERR_PTR(-ENOENT);
	if (args->exclusive)
		return ERR_PTR(-EEXIST);
	if (!lockmgr_space_permits(space, args->cred, args->want))
		return ERR_PTR(-EACCES);
	kref_get(&space->refs);
	space->found = true;

	return space;
}

static bool names_is_taken(const struct lockmgr_space *space)
{
	guard(mutex)(&names_lock);

	return names_find_space(space->namespace, space->owner, space->name);
}

/* Reserve the lowest number that is free among the spaces of the namespace. */
static int names_reserve_number(struct lockmgr_space *space)
{
	return xa_alloc(&space->namespace->spaces, &space->number, NULL, xa_limit_31b,
			GFP_KERNEL_ACCOUNT);
}

/* The space's number has been reserved. */
static int names_give(struct lockmgr_space *space)
{
	int ret;

	guard(mutex)(&space->user->names);

	if (names_is_taken(space))
		return -EAGAIN;

	ret = lockmgr_directory_add(space);
	if (ret)
		return ret;
	ret = names_link_space(space);
	if (ret)
		lockmgr_directory_remove(space);

	return ret;
}

/**
 * lockmgr_name_give() - give a new space its name, so that others can find it
 * @space: the space
 *
 * Return: 0; -EAGAIN if another space has got the name meanwhile; -ENOENT if its namespace has
 * ended; or -ENOMEM
 */
int lockmgr_name_give(struct lockmgr_space *space)
{
	int ret = names_reserve_number(space);

	if (ret)
		return ret;
	ret = names_give(space);
	if (ret)
		xa_release(&space->namespace->spaces, space->number);

	return ret;
}

/**
 * lockmgr_name_take_back() - undo lockmgr_name_give()
 * @space: the space; its creator is still its client
 *
 * The space keeps its name if somebody else has found it since, or has allocated an id in it.
 */
void lockmgr_name_take_back(struct lockmgr_space *space)
{
	names_remove(space, true);
}

/* Returns the space, with a reference, if @cred may unlink it. */
static struct lockmgr_space *names_get_to_unlink(const struct lockmgr_namespace *namespace,
						 kuid_t owner, const char *name,
						 const struct cred *cred)
{
	struct lockmgr_space *space;

	guard(mutex)(&names_lock);

	space = names_find_space(namespace, owner, name);
	if (!space)
		return ERR_PTR(-ENOENT);
	if (!lockmgr_may_administrate(owner, cred))
		return ERR_PTR(-EPERM);
	kref_get(&space->refs);

	return space;
}

/**
 * lockmgr_space_unlink() - remove a space's name
 * @namespace: the IPC namespace of the space
 * @owner: the space's owner
 * @name: the name
 * @cred: the credentials of the file's opener
 *
 * Return: 0, -ENOENT or -EPERM
 */
int lockmgr_space_unlink(struct lockmgr_namespace *namespace, kuid_t owner, const char *name,
			 const struct cred *cred)
{
	struct lockmgr_space *space;
	bool removed;

	if (lockmgr_namespace_has_ended(namespace))
		return -ENOENT;
	space = names_get_to_unlink(namespace, owner, name, cred);
	if (IS_ERR(space))
		return PTR_ERR(space);

	removed = names_remove(space, false);
	lockmgr_space_put(space);

	/* If not removed: somebody else has unlinked it just before. */
	return removed ? 0 : -ENOENT;
}

/**
 * lockmgr_spaces_next_named() - walk along the spaces of a namespace that have a name
 * @namespace: the namespace
 * @number: where to begin; receives the number of the space
 *
 * Return: the next space, with a reference, or NULL
 */
struct lockmgr_space *lockmgr_spaces_next_named(struct lockmgr_namespace *namespace,
						unsigned long *number)
{
	struct lockmgr_space *space;

	guard(mutex)(&names_lock);

	/* Reserved numbers do not count as present. */
	space = xa_find(&namespace->spaces, number, ULONG_MAX, XA_PRESENT);
	if (space)
		kref_get(&space->refs);

	return space;
}

/**
 * lockmgr_spaces_end() - a namespace has ended
 * @namespace: the namespace, with @ended set
 *
 * Its spaces lose their names and their allocations.  After that only their clients keep them.
 */
void lockmgr_spaces_end(struct lockmgr_namespace *namespace)
{
	struct lockmgr_space *space;
	unsigned long number = 0;

	while ((space = lockmgr_spaces_next_named(namespace, &number))) {
		names_remove(space, false);
		lockmgr_space_free_ids(space);
		lockmgr_space_put(space);
		number++;
		cond_resched();
	}
}

/**
 * lockmgr_spaces_init() - must come before all other calls of this file
 *
 * Return: 0 or -ENOMEM
 */
int __init lockmgr_spaces_init(void)
{
	get_random_bytes(&hash_key, sizeof(hash_key));
	lockmgr_namespaces_init(lockmgr_spaces_end);

	return rhashtable_init(&names, &names_params);
}

/**
 * lockmgr_spaces_exit() - remove all spaces
 *
 * When the module is unloaded, no file is open and no id is allocated.
 */
void lockmgr_spaces_exit(void)
{
	struct lockmgr_space *space;

	while ((space = lockmgr_space_next(NULL))) {
		names_remove(space, false);
		lockmgr_space_put(space);
	}
	rhashtable_destroy(&names);
}
