// SPDX-License-Identifier: GPL-2.0-only
/*
 * The namespace: which space has which name, joining by name, unlinking.
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
#include <linux/hashtable.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/string.h>

#include "client.h"
#include "names.h"
#include "permit.h"
#include "quota.h"
#include "space.h"
#include "sysfs.h"

static DEFINE_HASHTABLE(names, 10);
static u32 name_count;
static DEFINE_MUTEX(names_lock);

/* Random: nobody shall be able to choose names that end up in one chain. */
static siphash_key_t hash_key;

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

static u32 hash_name(const char *name, kuid_t owner)
{
	return siphash(name, strlen(name), &hash_key) ^ __kuid_val(owner);
}

static struct lockmgr_space *find_space(const char *name, kuid_t owner)
{
	struct lockmgr_space *space;

	lockdep_assert_held(&names_lock);

	hash_for_each_possible(names, space, node, hash_name(name, owner))
		if (uid_eq(space->owner, owner) && !strcmp(space->name, name))
			return space;

	return NULL;
}

static void link_space(struct lockmgr_space *space)
{
	guard(mutex)(&names_lock);

	kref_get(&space->refs);
	WRITE_ONCE(space->linked, true);
	hash_add(names, &space->node, hash_name(space->name, space->owner));
	WRITE_ONCE(name_count, name_count + 1);
}

/* Returns whether it had a name; leaves the name's reference to the caller. */
static bool unlink_space(struct lockmgr_space *space, bool unless_found)
{
	guard(mutex)(&names_lock);

	if (!space->linked)
		return false;
	if (unless_found && (space->found || READ_ONCE(space->ids.allocated)))
		return false;

	hash_del(&space->node);
	WRITE_ONCE(space->linked, false);
	WRITE_ONCE(name_count, name_count - 1);

	return true;
}

/* As unlink_space(), for a space to which the caller has a reference. */
static bool remove_name(struct lockmgr_space *space, bool unless_found)
{
	bool removed;

	mutex_lock(&space->user->names);
	removed = unlink_space(space, unless_found);
	if (removed)
		lockmgr_directory_remove(space);
	mutex_unlock(&space->user->names);

	if (removed)
		lockmgr_space_put(space);

	return removed;
}

/* Returns the space with a reference, if the client may join it. */
static struct lockmgr_space *get_space(const struct lockmgr_space_args *args)
{
	struct lockmgr_space *space;

	lockdep_assert_held(&names_lock);

	space = find_space(args->name, args->owner);
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

/* Be the client of a space to which the caller has a reference. */
static int join(struct lockmgr_space *space, struct lockmgr_client *client)
{
	int ret = lockmgr_space_add_client(space, client);

	if (ret)
		lockmgr_space_put(space);
	else
		client->joined = space;

	return ret;
}

static int join_existing(const struct lockmgr_space_args *args, struct lockmgr_client *client)
{
	struct lockmgr_space *space;

	mutex_lock(&names_lock);
	space = get_space(args);
	mutex_unlock(&names_lock);

	return IS_ERR(space) ? PTR_ERR(space) : join(space, client);
}

static bool is_taken(const char *name, kuid_t owner)
{
	guard(mutex)(&names_lock);

	return find_space(name, owner);
}

/* Give the space its name, which may be taken meanwhile: -EAGAIN. */
static int publish(struct lockmgr_space *space)
{
	int ret;

	guard(mutex)(&space->user->names);

	if (is_taken(space->name, space->owner))
		return -EAGAIN;

	ret = lockmgr_directory_add(space);
	if (!ret)
		link_space(space);

	return ret;
}

/*
 * The space has its first client before others can see it.  Returns -EAGAIN if
 * somebody else has made one of that name first.
 */
static int join_new(const struct lockmgr_space_args *args, struct lockmgr_client *client)
{
	struct lockmgr_space *space;
	int ret;

	space = lockmgr_space_create(args);
	if (IS_ERR(space))
		return PTR_ERR(space);

	ret = join(space, client);
	if (ret)
		return ret;

	ret = publish(space);
	if (ret)
		lockmgr_space_leave(client);
	client->created = !ret;

	return ret;
}

/**
 * lockmgr_space_join() - find or make a space, and become its client
 * @args: which, and how
 * @client: the client; gets its token
 *
 * Memory is allocated without the lock of all spaces: who has little of it must
 * not stop all others.
 *
 * Return: 0, -EACCES, -EDQUOT, -EEXIST, -EINTR, -EINVAL, -ENOENT, -ENOMEM, -EPERM
 * or -EUSERS
 */
int lockmgr_space_join(const struct lockmgr_space_args *args, struct lockmgr_client *client)
{
	int ret;

	do {
		ret = join_existing(args, client);
		if (ret == -ENOENT && args->create)
			ret = join_new(args, client);
		if (fatal_signal_pending(current))
			break;
	} while (ret == -EAGAIN);

	return ret == -EAGAIN ? -EINTR : ret;
}

/**
 * lockmgr_space_leave() - be no client any more
 * @client: a client that holds no lock; its token may go to another at once
 */
void lockmgr_space_leave(struct lockmgr_client *client)
{
	lockmgr_space_remove_client(client->joined, client);
	lockmgr_space_put(client->joined);
	client->joined = NULL;
}

/**
 * lockmgr_space_forget() - undo the creation of a space
 * @space: the space; its creator is still its client
 *
 * It stays if somebody else has found it since, or allocated an id.
 */
void lockmgr_space_forget(struct lockmgr_space *space)
{
	remove_name(space, true);
}

/* Returns the space with a reference, if somebody may unlink it. */
static struct lockmgr_space *get_to_unlink(const char *name, kuid_t owner,
					   const struct cred *cred)
{
	struct lockmgr_space *space;

	guard(mutex)(&names_lock);

	space = find_space(name, owner);
	if (!space)
		return ERR_PTR(-ENOENT);
	if (!lockmgr_may_administrate(owner, cred))
		return ERR_PTR(-EPERM);
	kref_get(&space->refs);

	return space;
}

/**
 * lockmgr_space_unlink() - remove a name
 * @name: the name
 * @owner: whose space
 * @cred: who asks
 *
 * Return: 0, -ENOENT or -EPERM
 */
int lockmgr_space_unlink(const char *name, kuid_t owner, const struct cred *cred)
{
	struct lockmgr_space *space = get_to_unlink(name, owner, cred);
	bool removed;

	if (IS_ERR(space))
		return PTR_ERR(space);

	removed = remove_name(space, false);
	lockmgr_space_put(space);

	/* Or somebody else has, just now. */
	return removed ? 0 : -ENOENT;
}

/**
 * lockmgr_spaces_init() - before anything else is called here
 */
void __init lockmgr_spaces_init(void)
{
	get_random_bytes(&hash_key, sizeof(hash_key));
}

/**
 * lockmgr_spaces_count() - how many spaces have a name
 */
u32 lockmgr_spaces_count(void)
{
	return READ_ONCE(name_count);
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
		remove_name(space, false);
		lockmgr_space_put(space);
	}
}
