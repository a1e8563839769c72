// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open file as a client of a space: what it has used, what it does to locks,
 * and what its death releases.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "client.h"
#include "acquire.h"
#include "lock.h"
#include "namespace.h"
#include "permit.h"
#include "record.h"
#include "space.h"
#include "trace.h"

/*
 * Files are opened under a mutex that all misc devices share.  So if the caller's memory cgroup
 * is full, do not wait under that mutex for memory that can be charged, but allocate the client
 * uncharged.  The cgroup is charged with the struct file already.
 */
static struct lockmgr_client *client_alloc(void)
{
	gfp_t flags = GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT;
	struct lockmgr_client *client;

	for (;;) {
		client = kzalloc(sizeof(*client), flags);
		if (client || flags == GFP_KERNEL)
			return client;
		flags = GFP_KERNEL;
	}
}

/**
 * lockmgr_client_create() - make the client of a file that is being opened
 *
 * Return: a client that is not attached to a space yet, -ENOMEM, or an error as
 * lockmgr_namespace_get_current()
 */
struct lockmgr_client *lockmgr_client_create(void)
{
	struct lockmgr_namespace *namespace = lockmgr_namespace_get_current();
	struct lockmgr_client *client;

	if (IS_ERR(namespace))
		return ERR_CAST(namespace);

	client = client_alloc();
	if (!client) {
		lockmgr_namespace_put(namespace);
		return ERR_PTR(-ENOMEM);
	}
	client->namespace = namespace;

	mutex_init(&client->lock);
	xa_init_flags(&client->pages, XA_FLAGS_ACCOUNT);
	lockmgr_promises_init(&client->promises);
	client->opener = get_pid(task_tgid(current));
	client->opener_uid = current_euid();
	get_task_comm(client->comm, current->group_leader);

	return client;
}

static void client_free(struct rcu_head *rcu)
{
	struct lockmgr_client *client = container_of(rcu, struct lockmgr_client, rcu);

	put_pid(client->opener);
	kfree(client);
}

/* Release what the client holds in one page. */
static void client_abandon_page(struct lockmgr_client *client, unsigned long number,
				struct lockmgr_record *page)
{
	u32 i;

	for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
		if (lockmgr_word_token(READ_ONCE(page[i].word)) == client->token)
			lockmgr_lock_abandon(client, &page[i], lockmgr_index_to_id(number, i));
}

/*
 * Mend what the client may have written in one page: waiters for locks in it look at the word
 * again where that is needed, and locks beyond the capacity are retired again.
 */
static void client_mend_page(struct lockmgr_client *client, unsigned long number,
			     struct lockmgr_record *page)
{
	struct lockmgr_space *space = client->space;
	u32 i;

	if (!atomic_read(&space->queues.waiting) &&
	    READ_ONCE(space->records.limit) >= (number + 1) * LOCKMGR_PAGE_RECORDS)
		return;

	for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
		lockmgr_lock_mend(space, &page[i], lockmgr_index_to_id(number, i));
}

/*
 * The client's death has passed this page.  Until now, a thread that found the client's token
 * in the page was right to wait.
 */
static void client_note_progress(struct lockmgr_client *client, unsigned long number)
{
	/* When the client ends for the second time, it has passed all pages already. */
	if (number >= client->progress)
		WRITE_ONCE(client->progress, number + 1);
	/*
	 * Pairs with lockmgr_holder_lives().  Consider a thread that finds this client's token
	 * in a word of the page.  Either it sees our progress, and acquires the lock; or the
	 * token was there before our second look at the word, which then releases the lock.
	 * See tests/litmus/end-passes.litmus.
	 *
	 * A waiter counts itself before it marks the word: acquire_slowly().  So if the client
	 * has overwritten the mark, client_mend_page() finds the waiter counted.  What orders
	 * that is not this barrier, but the exit of the client's threads: see
	 * process_is_over() and tests/litmus/waiter-counted.litmus.
	 */
	smp_mb();
}

/**
 * lockmgr_client_end() - release all locks that a client holds
 * @client: the client, attached; no thread makes calls for it any more
 *
 * The calls of waiters return that the holder died.  Threads that have the records mapped may
 * write the client's token to words at which this has already looked: hence the second look
 * at each page.
 */
void lockmgr_client_end(struct lockmgr_client *client)
{
	struct lockmgr_record *page;
	unsigned long number;

	xa_for_each(&client->pages, number, page) {
		client_abandon_page(client, number, page);
		client_note_progress(client, number);
		if (lockmgr_space_may_be_mapped(client->space))
			client_abandon_page(client, number, page);
		if (client->mapped)
			client_mend_page(client, number, page);
		cond_resched();
	}
}

/**
 * lockmgr_client_destroy() - the file is gone
 * @client: its client
 *
 * Releases what the client holds as lockmgr_client_end() does: also if it has ended before,
 * with its process, but its mappings could still be used to write to records afterwards.
 */
void lockmgr_client_destroy(struct lockmgr_client *client)
{
	if (client->space) {
		if (!client->ended || !client->unmapped)
			lockmgr_client_end(client);
		lockmgr_space_remove_client(client);
	}
	lockmgr_promises_destroy(&client->promises);
	xa_destroy(&client->pages);
	mutex_destroy(&client->lock);
	lockmgr_namespace_put(client->namespace);
	call_rcu(&client->rcu, client_free);
}

/**
 * lockmgr_client_page() - a page of records that the client has used
 * @client: the client
 * @number: the page's number
 *
 * Return: the first record of the page, or NULL if the client has used none there
 */
struct lockmgr_record *lockmgr_client_page(struct lockmgr_client *client, unsigned long number)
{
	return xa_load(&client->pages, number);
}

/*
 * Add a page that the client has not used before.  If a word there has the client's token, it
 * is forged.  The lock has no holder, and must not get this client as its holder now.
 */
static struct lockmgr_record *client_use_page(struct lockmgr_client *client, u32 id)
{
	unsigned long number = lockmgr_id_to_page(id);
	struct lockmgr_record *page;
	int ret;

	/* Get memory before taking the lock: others that use the file must not wait for it. */
	page = lockmgr_records_page(&client->space->records, id,
				    lockmgr_client_is_favoured(client));
	if (IS_ERR(page))
		return page;
	ret = xa_reserve(&client->pages, number, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ERR_PTR(ret);

	guard(mutex)(&client->lock);

	/* Another thread may have added the page first, and hold a lock in it already. */
	if (xa_load(&client->pages, number))
		return page;

	if (lockmgr_space_may_be_mapped(client->space))
		client_abandon_page(client, number, page);
	ret = lockmgr_fill_reserved(&client->pages, number, page);
	/*
	 * Store the page before this thread, or one that learns of the page from it, writes the
	 * client's token into a word there.  Pairs with lockmgr_holder_lives(): whoever sees
	 * the token finds the page.  See tests/litmus/page-stored.litmus and page-mapped.litmus.
	 */
	smp_mb();

	return WARN_ON_ONCE(ret) ? ERR_PTR(ret) : page;
}

/* Wait for a lock; in the place that was kept for the calling thread, if @ticket names that. */
static int client_wait_for(struct lockmgr_client *client, struct lockmgr_record *record, u32 id,
			   ktime_t deadline, u64 *ticket)
{
	u64 place = 0;
	int ret;

	if (ticket && lockmgr_promise_holds(&client->promises, id, *ticket))
		place = *ticket;
	ret = lockmgr_lock(client, record, id, deadline, &place);

	if (ticket && ret == -ERESTARTSYS && place) {
		lockmgr_promise_make(&client->promises, id, place);
		*ticket = place;
	} else {
		lockmgr_promise_end(&client->promises, id);
	}

	return ret;
}

static int client_try(struct lockmgr_client *client, struct lockmgr_record *record, u32 id)
{
	int ret = lockmgr_trylock(client, record, id);

	if (ret >= 0)
		lockmgr_promise_end(&client->promises, id);

	return ret;
}

/**
 * lockmgr_client_lock() - acquire a lock
 * @client: the client that acquires it
 * @id: the lock
 * @wait: whether to wait for it
 * @deadline: until when, CLOCK_MONOTONIC; KTIME_MAX: indefinitely
 * @ticket: 0, or the ticket of an earlier call, as user space says: any number; receives this
 *	call's ticket if a signal ends the wait; NULL: the caller will not continue the call
 *
 * Return: 0, LOCKMGR_OWNER_DIED, -EBUSY, -EDEADLK, -EDQUOT, -EINVAL, -ENOMEM,
 * -ERESTARTSYS or -ETIMEDOUT
 */
int lockmgr_client_lock(struct lockmgr_client *client, u32 id, bool wait, ktime_t deadline,
			u64 *ticket)
{
	struct lockmgr_record *page, *record;

	if (id >= READ_ONCE(client->space->ids.capacity))
		return -EINVAL;

	page = xa_load(&client->pages, lockmgr_id_to_page(id)) ?: client_use_page(client, id);
	if (IS_ERR(page))
		return PTR_ERR(page);

	record = &page[lockmgr_id_to_index(id)];

	return wait ? client_wait_for(client, record, id, deadline, ticket) :
		      client_try(client, record, id);
}

/**
 * lockmgr_client_unlock() - release a lock
 * @client: the client that holds it
 * @id: the lock; may be beyond the capacity, if that was lowered meanwhile
 *
 * Return: 0, -EINVAL, -EPERM or -ERESTARTSYS
 */
int lockmgr_client_unlock(struct lockmgr_client *client, u32 id)
{
	struct lockmgr_record *page = xa_load(&client->pages, lockmgr_id_to_page(id));
	int ret = -EPERM;

	if (page)
		ret = lockmgr_unlock(client, &page[lockmgr_id_to_index(id)], id);
	if (ret == -EPERM && id >= READ_ONCE(client->space->ids.capacity))
		ret = -EINVAL;

	return ret;
}
