// SPDX-License-Identifier: GPL-2.0-only
/*
 * A space: making it, its clients, its ids; and the list of all spaces.
 *
 * Locks, outermost first
 *
 *   client->lock	that a file is attached once; in client.c
 *   user->names	giving names to a user's spaces, and taking them away; in quota.h
 *   names_lock		the table of names, and whether a space is in it; in names.c
 *   space->lock	who is a client of the space
 *   records->lock	adding pages, and which locks are closed; in record.c
 *   ids->lock		which ids are allocated; in alloc.c
 *
 * spaces_lock here and users_lock in quota.c nest in nothing of these.  None is taken
 * by a page fault (map.c), so user memory may be touched under any of them.
 *
 * A space is freed with the last of its references: the name's, its clients', and those of
 * lockmgr_space_next().
 */
#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "client.h"
#include "lock.h"
#include "permit.h"
#include "quota.h"
#include "space.h"

/* Those with a name, and those without. */
static LIST_HEAD(all_spaces);
static DEFINE_MUTEX(spaces_lock);

/* Of all spaces. */
static atomic_t client_count = ATOMIC_INIT(0);

static u32 locks_allowed(void)
{
	return READ_ONCE(lockmgr_limits.locks_per_space);
}

/**
 * lockmgr_space_create() - make a space that has no name yet
 * @args: what it is to be, and who wants it
 *
 * Return: the space, with a reference, or -EDQUOT, -EINVAL, -ENOMEM or -EPERM
 */
struct lockmgr_space *lockmgr_space_create(const struct lockmgr_space_args *args)
{
	struct lockmgr_space *space;
	struct lockmgr_user *user;
	int ret;

	if (args->capacity > locks_allowed())
		return ERR_PTR(-EINVAL);
	if (!lockmgr_may_create(args))
		return ERR_PTR(-EPERM);

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

	mutex_lock(&spaces_lock);
	list_add_tail(&space->all, &all_spaces);
	mutex_unlock(&spaces_lock);

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
 * @space: the space
 */
void lockmgr_space_put(struct lockmgr_space *space)
{
	kref_put(&space->refs, destroy_space);
}

/**
 * lockmgr_space_add_client() - one more client
 * @space: the space
 * @client: gets its token
 *
 * Return: 0, -ENOMEM or -EUSERS
 */
int lockmgr_space_add_client(struct lockmgr_space *space, struct lockmgr_client *client)
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

/**
 * lockmgr_space_remove_client() - one less
 * @space: the space; its pages of records go with the last, where they say nothing
 * @client: the client
 */
void lockmgr_space_remove_client(struct lockmgr_space *space, struct lockmgr_client *client)
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
 * lockmgr_spaces_clients() - how many files are attached to a space
 */
u32 lockmgr_spaces_clients(void)
{
	return atomic_read(&client_count);
}
