// SPDX-License-Identifier: GPL-2.0-only
/*
 * A space: making it, its clients, its ids; and the list of all spaces.
 *
 * Locks, outermost first
 *
 *   client->lock	attaching a file, once only, and adding to its pages; in client.h
 *   user->names	giving names to a user's spaces, and taking them away; in quota.h
 *   names_lock		the table of names, and whether a space is in it; in names.c
 *   space->lock	who is a client of the space
 *   records->lock	adding pages, and which locks are retired; in record.h
 *   ids->lock		which ids are allocated, and their notes; in alloc.h
 *   users_lock		the users that pay for spaces; in quota.c
 *
 * Of these, at most client->lock is held when spaces_lock (here) or namespaces_lock (in
 * namespace.c) is taken, and nothing is taken under those two.  A page fault (map.c) takes none
 * of all these locks, so the kernel may touch user memory under any of them.
 *
 * Where the memory cgroup of a task is full, an allocation that is charged to it can take long,
 * or wait forever.  So the module makes such allocations before it takes any of these locks,
 * except client->lock while a file is being attached: only the users of that file wait for it
 * then, and they wait interruptibly.
 *
 * A space is freed when its last reference goes.  References are those of the name, of the
 * clients, and of readers that lockmgr_space_next() and lockmgr_spaces_next_named() gave one.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "client.h"
#include "lock.h"
#include "namespace.h"
#include "permit.h"
#include "quota.h"
#include "space.h"

/* All spaces, with and without a name. */
static LIST_HEAD(all_spaces);
static DEFINE_MUTEX(spaces_lock);

static u32 space_locks_allowed(void)
{
	return READ_ONCE(lockmgr_limits.locks_per_space);
}

/**
 * lockmgr_space_create() - make a space that has no name yet
 * @args: its attributes, and the credentials of the caller
 *
 * Return: the space, with a reference, or -EDQUOT, -EINVAL, -ENOMEM or -EPERM
 */
struct lockmgr_space *lockmgr_space_create(const struct lockmgr_space_args *args)
{
	struct lockmgr_payers *payers;
	struct lockmgr_space *space;

	if (args->capacity > space_locks_allowed())
		return ERR_PTR(-EINVAL);
	if (!lockmgr_may_create(args))
		return ERR_PTR(-EPERM);

	space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	if (!space)
		return ERR_PTR(-ENOMEM);

	payers = lockmgr_payers_create(args->owner, args->cred->user_ns, args->namespace);
	if (IS_ERR(payers)) {
		kfree(space);
		return ERR_CAST(payers);
	}

	kref_init(&space->refs);
	space->namespace = lockmgr_namespace_get(args->namespace);
	strscpy(space->name, args->name, sizeof(space->name));
	space->owner = args->owner;
	space->group = args->group;
	space->mode = args->mode;
	space->generation = get_random_u64();
	space->user = lockmgr_payers_owner(payers);
	space->payers = payers;
	mutex_init(&space->lock);
	xa_init_flags(&space->clients, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	lockmgr_ids_init(&space->ids, payers, args->capacity ?: space_locks_allowed());
	lockmgr_records_init(&space->records, payers, space->ids.capacity);
	lockmgr_queues_init(&space->queues);

	mutex_lock(&spaces_lock);
	list_add_tail(&space->all, &all_spaces);
	mutex_unlock(&spaces_lock);

	return space;
}

static void space_destroy(struct kref *refs)
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
	lockmgr_payers_destroy(space->payers);
	lockmgr_namespace_put(space->namespace);
	kfree(space);
}

/**
 * lockmgr_space_put() - give a reference back
 * @space: the space
 */
void lockmgr_space_put(struct lockmgr_space *space)
{
	kref_put(&space->refs, space_destroy);
}

/*
 * Only clients that can lock are limited.  The others have no token, and the limits on their
 * users' files and memory bound them.
 */
static int space_count_client(struct lockmgr_space *space, const struct lockmgr_client *client)
{
	u32 *lockers = &space->lockers[client->class];

	guard(mutex)(&space->lock);

	if (client->locker) {
		if (*lockers >= READ_ONCE(lockmgr_limits.clients_per_space))
			return -EUSERS;
		++*lockers;
	}
	WRITE_ONCE(space->client_count, space->client_count + 1);
	atomic_inc(&space->namespace->client_count);

	return 0;
}

static bool space_has_lockers(const struct lockmgr_space *space)
{
	unsigned int i;

	lockdep_assert_held(&space->lock);

	for (i = 0; i < LOCKMGR_CLASSES; i++)
		if (space->lockers[i])
			return true;

	return false;
}

static bool space_ids_in_use(u32 first, u32 count, void *ids)
{
	return lockmgr_ids_next(ids, first) - first < count;
}

static void space_trim_unpinned(struct lockmgr_space *space)
{
	lockdep_assert_held(&space->lock);

	if (space_has_lockers(space) || space->pins)
		return;
	if (READ_ONCE(space->linked))
		lockmgr_records_trim(&space->records, space_ids_in_use, &space->ids);
	else
		lockmgr_records_clear(&space->records);
}

/*
 * In a space without a name and without a client that can lock, nobody can lock or allocate any
 * more.  So its charges must not last because somebody still has it open for reading.
 */
static void space_discharge(struct lockmgr_space *space)
{
	lockdep_assert_held(&space->lock);

	if (READ_ONCE(space->linked) || space_has_lockers(space))
		return;
	lockmgr_ids_free_all(&space->ids);
	lockmgr_payers_discount(space->payers);
}

static void space_uncount_client(struct lockmgr_space *space, const struct lockmgr_client *client)
{
	guard(mutex)(&space->lock);

	if (client->locker)
		space->lockers[client->class]--;
	atomic_dec(&space->namespace->client_count);
	WRITE_ONCE(space->client_count, space->client_count - 1);
	space_discharge(space);
	space_trim_unpinned(space);
}

/**
 * lockmgr_space_add_client() - add a client to a space
 * @space: the space; the caller's reference to it becomes the client's if this succeeds
 * @client: gets its class and, if it can lock, its token
 * @args: the opener's credentials, and what the client may be used for
 *
 * Return: 0, -ENOMEM or -EUSERS
 */
int lockmgr_space_add_client(struct lockmgr_space *space, struct lockmgr_client *client,
			     const struct lockmgr_space_args *args)
{
	int ret;

	client->class = lockmgr_space_class(space, args->cred);
	client->locker = args->want & MAY_WRITE;
	client->token = 0;

	ret = space_count_client(space, client);
	if (ret)
		return ret;

	/* It is counted already, so the pages that it finds from now on stay. */
	if (client->locker)
		ret = xa_alloc(&space->clients, &client->token, client,
			       XA_LIMIT(1, LOCKMGR_WORD_TOKEN), GFP_KERNEL_ACCOUNT);
	if (ret) {
		space_uncount_client(space, client);
		/* -EBUSY: there are no more numbers. */
		return ret == -EBUSY ? -EUSERS : ret;
	}
	client->joined = space;

	return 0;
}

/**
 * lockmgr_space_remove_client() - remove a client from its space
 * @client: a client that holds no lock; another client may get its token at once
 *
 * With the last client that can lock, the pages of records that say nothing go, too.
 */
void lockmgr_space_remove_client(struct lockmgr_client *client)
{
	struct lockmgr_space *space = client->joined;

	if (client->locker)
		xa_erase(&space->clients, client->token);
	space_uncount_client(space, client);
	client->joined = NULL;
	lockmgr_space_put(space);
}

/**
 * lockmgr_space_unnamed() - the space has lost its name
 * @space: the space
 */
void lockmgr_space_unnamed(struct lockmgr_space *space)
{
	guard(mutex)(&space->lock);

	space_discharge(space);
	space_trim_unpinned(space);
}

/**
 * lockmgr_space_pin() - keep the pages of records for a reader that is not a client
 * @space: the space
 */
void lockmgr_space_pin(struct lockmgr_space *space)
{
	guard(mutex)(&space->lock);

	space->pins++;
}

/**
 * lockmgr_space_unpin() - after lockmgr_space_pin()
 * @space: the space
 */
void lockmgr_space_unpin(struct lockmgr_space *space)
{
	guard(mutex)(&space->lock);

	space->pins--;
	space_trim_unpinned(space);
}

/* From @first on, retire the locks that are beyond the limit now, and reopen the others. */
static void space_retire_locks(struct lockmgr_space *space, u32 first)
{
	unsigned long number = lockmgr_id_to_page(first);
	struct lockmgr_record *page;
	u32 i;

	lockdep_assert_held(&space->records.lock);

	xa_for_each_start(&space->records.pages, number, page, number) {
		for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
			lockmgr_lock_retire_or_reopen(space, &page[i],
						      lockmgr_index_to_id(number, i));
		cond_resched();
	}
}

static int space_set_capacity(struct lockmgr_space *space, u32 capacity)
{
	u32 old;
	int ret;

	guard(mutex)(&space->records.lock);

	old = space->records.limit;
	ret = lockmgr_ids_set_capacity(&space->ids, capacity);
	if (ret)
		return ret;
	WRITE_ONCE(space->records.limit, capacity);
	space_retire_locks(space, min(old, capacity));

	return 0;
}

/**
 * lockmgr_space_set_capacity() - change the number of ids
 * @space: the space
 * @capacity: the new number; 0: as many as are allowed
 * @cred: the credentials of the file's opener
 *
 * Return: 0, -EBUSY, -EINVAL or -EPERM
 */
int lockmgr_space_set_capacity(struct lockmgr_space *space, u32 capacity, const struct cred *cred)
{
	if (!lockmgr_may_administrate(space->owner, cred))
		return -EPERM;
	if (capacity > space_locks_allowed())
		return -EINVAL;

	return space_set_capacity(space, capacity ?: space_locks_allowed());
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
 * lockmgr_space_free_ids() - give all ids back
 * @space: the space
 */
void lockmgr_space_free_ids(struct lockmgr_space *space)
{
	lockmgr_ids_free_all(&space->ids);
	lockmgr_records_all_idle(&space->records);
}

/**
 * lockmgr_space_free_all() - give all ids back, if the caller may
 * @space: the space
 * @cred: the credentials of the file's opener
 *
 * Return: 0 or -EPERM
 */
int lockmgr_space_free_all(struct lockmgr_space *space, const struct cred *cred)
{
	if (!lockmgr_may_administrate(space->owner, cred))
		return -EPERM;

	lockmgr_space_free_ids(space);

	return 0;
}

/**
 * lockmgr_space_next() - walk along all spaces, with and without a name
 * @space: the space before, to which the caller gives up its reference; NULL: to begin
 *
 * Return: the next space, with a reference, or NULL
 */
struct lockmgr_space *lockmgr_space_next(struct lockmgr_space *space)
{
	struct lockmgr_space *next;

	mutex_lock(&spaces_lock);
	next = list_prepare_entry(space, &all_spaces, all);
	list_for_each_entry_continue(next, &all_spaces, all)
		/* If its last reference is gone, space_destroy() waits for this lock: skip it. */
		if (kref_get_unless_zero(&next->refs))
			break;
	if (list_entry_is_head(next, &all_spaces, all))
		next = NULL;
	mutex_unlock(&spaces_lock);

	if (space)
		lockmgr_space_put(space);

	return next;
}
