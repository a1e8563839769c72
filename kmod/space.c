// SPDX-License-Identifier: GPL-2.0-only
/*
 * The namespace: names, owners, references, unlinking.
 *
 * Locks, outermost first
 *
 *   client->lock	that a file is attached once; in client.c
 *   user->names	giving names to a user's spaces, and taking them away; in quota.h
 *   spaces_lock	the table of names, and whether a space is in it
 *   space->lock	who is a client of the space
 *   records->lock	adding pages, and which locks are closed; in record.c
 *   ids->lock		which ids are allocated; in alloc.c
 *
 * users_lock in quota.c nests in nothing of these.  None is taken by a page fault
 * (map.c), so user memory may be touched under any of them.
 *
 * A space is in the table as long as it has a name, clients or none.  It is freed
 * with the last of its references: the name's, its clients', and those of
 * lockmgr_space_next().
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
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "client.h"
#include "lock.h"
#include "permit.h"
#include "quota.h"
#include "space.h"
#include "sysfs.h"

static DEFINE_HASHTABLE(spaces, 10);
static LIST_HEAD(all_spaces);
static u32 space_count;
static DEFINE_MUTEX(spaces_lock);

/* Of all spaces. */
static atomic_t client_count = ATOMIC_INIT(0);

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

	lockdep_assert_held(&spaces_lock);

	hash_for_each_possible(spaces, space, node, hash_name(name, owner))
		if (uid_eq(space->owner, owner) && !strcmp(space->name, name))
			return space;

	return NULL;
}

static u32 locks_allowed(void)
{
	return READ_ONCE(lockmgr_limits.locks_per_space);
}

static struct lockmgr_space *create_space(const struct lockmgr_space_args *args)
{
	struct lockmgr_space *space;
	struct lockmgr_user *user;
	int ret;

	space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	if (!space)
		return ERR_PTR(-ENOMEM);

	ret = lockmgr_stats_init(&space->stats);
	if (ret)
		goto out_free;

	user = lockmgr_user_add_space(args->owner);
	if (IS_ERR(user)) {
		ret = PTR_ERR(user);
		goto out_stats;
	}

	kref_init(&space->refs);
	INIT_HLIST_NODE(&space->node);
	INIT_LIST_HEAD(&space->all);
	strscpy(space->name, args->name, sizeof(space->name));
	space->owner = args->owner;
	space->group = args->group;
	space->mode = args->mode;
	space->generation = get_random_u64();
	space->user = user;
	mutex_init(&space->lock);
	xa_init_flags(&space->clients, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	lockmgr_ids_init(&space->ids, user, args->capacity ?: locks_allowed());
	lockmgr_records_init(&space->records, user, space->ids.capacity);
	lockmgr_queues_init(&space->queues);

	return space;

out_stats:
	lockmgr_stats_destroy(&space->stats);
out_free:
	kfree(space);
	return ERR_PTR(ret);
}

static void destroy_space(struct kref *refs)
{
	struct lockmgr_space *space = container_of(refs, struct lockmgr_space, refs);

	WARN_ON_ONCE(space->client_count);

	mutex_lock(&spaces_lock);
	list_del(&space->all);
	mutex_unlock(&spaces_lock);

	lockmgr_records_destroy(&space->records);
	lockmgr_ids_destroy(&space->ids);
	xa_destroy(&space->clients);
	mutex_destroy(&space->lock);
	lockmgr_user_remove_space(space->user);
	lockmgr_stats_destroy(&space->stats);
	kfree(space);
}

/**
 * lockmgr_space_put() - give a reference back
 * @space: the space; not under the lock of all spaces
 */
void lockmgr_space_put(struct lockmgr_space *space)
{
	kref_put(&space->refs, destroy_space);
}

static void link_space(struct lockmgr_space *space)
{
	guard(mutex)(&spaces_lock);

	kref_get(&space->refs);
	WRITE_ONCE(space->linked, true);
	hash_add(spaces, &space->node, hash_name(space->name, space->owner));
	list_add_tail(&space->all, &all_spaces);
	WRITE_ONCE(space_count, space_count + 1);
}

/* Returns whether it had a name; leaves the name's reference to the caller. */
static bool unlink_space(struct lockmgr_space *space, bool unless_found)
{
	guard(mutex)(&spaces_lock);

	if (!space->linked)
		return false;
	if (unless_found && (space->found || READ_ONCE(space->ids.allocated)))
		return false;

	hash_del(&space->node);
	WRITE_ONCE(space->linked, false);
	WRITE_ONCE(space_count, space_count - 1);

	return true;
}

/* As unlink_space(), for a space to which the caller has a reference. */
static bool remove_name(struct lockmgr_space *space, bool unless_found)
{
	struct mutex *names = &space->user->names;
	bool removed;

	mutex_lock(names);
	removed = unlink_space(space, unless_found);
	if (removed)
		lockmgr_directory_remove(space);
	mutex_unlock(names);

	if (removed)
		lockmgr_space_put(space);

	return removed;
}

static int add_client(struct lockmgr_space *space, struct lockmgr_client *client)
{
	int ret;

	guard(mutex)(&space->lock);

	if (space->client_count >= READ_ONCE(lockmgr_limits.clients_per_space))
		return -EUSERS;

	ret = xa_alloc(&space->clients, &client->token, client,
		       XA_LIMIT(1, LOCKMGR_WORD_TOKEN), GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	WRITE_ONCE(space->client_count, space->client_count + 1);
	atomic_inc(&client_count);

	return 0;
}

static bool ids_in_use(u32 first, u32 count, void *ids)
{
	return lockmgr_ids_next(ids, first) - first < count;
}

static void trim_unwatched(struct lockmgr_space *space)
{
	lockdep_assert_held(&space->lock);

	if (!space->client_count && !space->watchers)
		lockmgr_records_trim(&space->records, ids_in_use, &space->ids);
}

static void remove_client(struct lockmgr_space *space, struct lockmgr_client *client)
{
	guard(mutex)(&space->lock);

	xa_erase(&space->clients, client->token);
	atomic_dec(&client_count);
	WRITE_ONCE(space->client_count, space->client_count - 1);
	trim_unwatched(space);
}

/**
 * lockmgr_space_watch() - keep the pages of records for who is no client
 * @space: the space
 */
void lockmgr_space_watch(struct lockmgr_space *space)
{
	guard(mutex)(&space->lock);

	space->watchers++;
}

/**
 * lockmgr_space_unwatch() - after lockmgr_space_watch()
 * @space: the space
 */
void lockmgr_space_unwatch(struct lockmgr_space *space)
{
	guard(mutex)(&space->lock);

	space->watchers--;
	trim_unwatched(space);
}

static int check_creation(const struct lockmgr_space_args *args)
{
	if (args->capacity > locks_allowed())
		return -EINVAL;

	return lockmgr_may_create(args) ? 0 : -EPERM;
}

/* Returns the space with a reference, if the client may join it. */
static struct lockmgr_space *get_space(const struct lockmgr_space_args *args)
{
	struct lockmgr_space *space;

	lockdep_assert_held(&spaces_lock);

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
	int ret = add_client(space, client);

	if (ret)
		lockmgr_space_put(space);
	else
		client->joined = space;

	return ret;
}

static int join_existing(const struct lockmgr_space_args *args, struct lockmgr_client *client)
{
	struct lockmgr_space *space;

	mutex_lock(&spaces_lock);
	space = get_space(args);
	mutex_unlock(&spaces_lock);

	return IS_ERR(space) ? PTR_ERR(space) : join(space, client);
}

static bool is_taken(const char *name, kuid_t owner)
{
	guard(mutex)(&spaces_lock);

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

	ret = check_creation(args);
	if (ret)
		return ret;

	space = create_space(args);
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
	remove_client(client->joined, client);
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

	guard(mutex)(&spaces_lock);

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

/* Close the locks that are beyond the end now, and open those that are not any more. */
static void settle_locks(struct lockmgr_space *space, u32 first)
{
	unsigned long number = lockmgr_id_to_page(first);
	struct lockmgr_record *page;
	u32 i;

	lockdep_assert_held(&space->records.lock);

	xa_for_each_start(&space->records.pages, number, page, number) {
		for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
			lockmgr_lock_settle(space, &page[i], lockmgr_index_to_id(number, i));
		cond_resched();
	}
}

static int set_capacity(struct lockmgr_space *space, u32 capacity)
{
	u32 old;
	int ret;

	guard(mutex)(&space->records.lock);

	old = space->records.end;
	ret = lockmgr_ids_set_capacity(&space->ids, capacity);
	if (ret)
		return ret;
	WRITE_ONCE(space->records.end, capacity);
	settle_locks(space, min(old, capacity));

	return 0;
}

/**
 * lockmgr_space_set_capacity() - change the number of ids
 * @space: the space
 * @capacity: the new number; 0: as many as are allowed
 * @cred: who asks
 *
 * Return: 0, -EBUSY, -EINVAL or -EPERM
 */
int lockmgr_space_set_capacity(struct lockmgr_space *space, u32 capacity, const struct cred *cred)
{
	if (!lockmgr_may_administrate(space->owner, cred))
		return -EPERM;
	if (capacity > locks_allowed())
		return -EINVAL;

	return set_capacity(space, capacity ?: locks_allowed());
}

/**
 * lockmgr_space_free() - give an id back
 * @space: the space
 * @id: the id
 *
 * Return: 0, -EINVAL or -ENOENT
 */
int lockmgr_space_free(struct lockmgr_space *space, u32 id)
{
	int ret = lockmgr_ids_free(&space->ids, id);

	if (!ret)
		lockmgr_records_idle(&space->records, id);

	return ret;
}

/**
 * lockmgr_space_free_all() - give all ids back
 * @space: the space
 * @cred: who asks
 *
 * Return: 0 or -EPERM
 */
int lockmgr_space_free_all(struct lockmgr_space *space, const struct cred *cred)
{
	if (!lockmgr_may_administrate(space->owner, cred))
		return -EPERM;

	lockmgr_ids_free_all(&space->ids);
	lockmgr_records_all_idle(&space->records);

	return 0;
}

/**
 * lockmgr_spaces_init() - before anything else is called here
 */
void __init lockmgr_spaces_init(void)
{
	get_random_bytes(&hash_key, sizeof(hash_key));
}

/**
 * lockmgr_space_next() - walk along all spaces, those without a name too
 * @space: the last one, to which the caller gives up its reference; NULL: to begin
 *
 * Return: the next, with a reference; NULL: none
 */
struct lockmgr_space *lockmgr_space_next(struct lockmgr_space *space)
{
	struct lockmgr_space *next;

	mutex_lock(&spaces_lock);
	next = list_prepare_entry(space, &all_spaces, all);
	list_for_each_entry_continue(next, &all_spaces, all)
		/* The last reference may be gone, and the lock awaited. */
		if (kref_get_unless_zero(&next->refs))
			break;
	if (list_entry_is_head(next, &all_spaces, all))
		next = NULL;
	mutex_unlock(&spaces_lock);

	if (space)
		lockmgr_space_put(space);

	return next;
}

/**
 * lockmgr_spaces_count() - how many spaces have a name
 */
u32 lockmgr_spaces_count(void)
{
	return READ_ONCE(space_count);
}

/**
 * lockmgr_spaces_clients() - how many files are attached to a space
 */
u32 lockmgr_spaces_clients(void)
{
	return atomic_read(&client_count);
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
