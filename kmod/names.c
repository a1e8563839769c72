// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: which space has which name, and unlinking.  A name belongs to an IPC namespace and
 * to the owner of the space.
 *
 * A space is in the table as long as it has a name, clients or none.
 *
 * Names and directories in sysfs
 *
 * A name can be given again at once, but not before its directory is gone, and that
 * takes as long as somebody reads a file in it.  So both happen under user->names, where
 * they keep nobody waiting but those who name spaces of the same user.  What reads the
 * files takes space->lock and what is below it.
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
 * @namespace: in which IPC namespace
 * @owner: whose
 * @name: called what
 */
struct name {
	const struct lockmgr_namespace *namespace;
	kuid_t owner;
	const char *name;
};

/* Random: nobody shall be able to choose names that end up in one chain. */
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

/* As memcmp(). */
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

/* It grows: a look-up costs the same, however many spaces there are. */
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
		/* Of 7 bits, unlike isalnum(). */
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

/* The number is the space's already. */
static int names_link_space(struct lockmgr_space *space)
{
	struct lockmgr_namespace *namespace = space->namespace;

	guard(mutex)(&names_lock);

	/* Or lockmgr_spaces_end() could have been here, and would not come again. */
	if (READ_ONCE(namespace->ended))
		return -ENOENT;
	/* It fails for want of memory only, whatever it calls that. */
	if (rhashtable_insert_fast(&names, &space->node, names_params))
		return -ENOMEM;

	kref_get(&space->refs);
	WRITE_ONCE(space->linked, true);
	xa_store(&namespace->spaces, space->number, space, 0);
	WRITE_ONCE(namespace->space_count, namespace->space_count + 1);

	return 0;
}

/* Returns whether it had a name; leaves the name's reference to the caller. */
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

/* As names_unlink_space(), for a space to which the caller has a reference. */
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
 * @args: which, and what for
 *
 * Return: the space, with a reference; -ENOENT, -EEXIST if it must not be there, or -EACCES
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

/* The lowest that is free among the spaces of the namespace. */
static int names_reserve_number(struct lockmgr_space *space)
{
	return xa_alloc(&space->namespace->spaces, &space->number, NULL, xa_limit_31b,
			GFP_KERNEL_ACCOUNT);
}

/* Its number is reserved. */
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
 * lockmgr_name_give() - give a new space its name: others can find it now
 * @space: the space
 *
 * Return: 0; -EAGAIN if the name is taken meanwhile; -ENOENT if its namespace has ended; or
 * -ENOMEM
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
 * It stays if somebody else has found it since, or allocated an id.
 */
void lockmgr_name_take_back(struct lockmgr_space *space)
{
	names_remove(space, true);
}

/* Returns the space with a reference, if somebody may unlink it. */
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
 * lockmgr_space_unlink() - remove a name
 * @namespace: in which namespace
 * @owner: whose space
 * @name: the name
 * @cred: who asks
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

	/* Or somebody else has, just now. */
	return removed ? 0 : -ENOENT;
}

/**
 * lockmgr_spaces_next_named() - walk along the spaces of a namespace that have a name
 * @namespace: the namespace
 * @number: where to begin; receives the number of the space
 *
 * Return: the next, with a reference; NULL: none
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
 * Its spaces lose their names, and with them, what keeps them beside their clients.
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
 * lockmgr_spaces_init() - before anything else is called here
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
 * When the module goes no file is open and no id is allocated.
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
