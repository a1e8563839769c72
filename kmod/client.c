// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open file as a client of a space: what it has used, what it does to locks,
 * and what its death releases.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "client.h"
#include "lock.h"
#include "names.h"
#include "permit.h"
#include "record.h"
#include "space.h"
#include "trace.h"

/**
 * lockmgr_client_create() - what an open file begins with
 *
 * Return: a client of no space, or NULL if there is no memory
 */
struct lockmgr_client *lockmgr_client_create(void)
{
	struct lockmgr_client *client;

	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client)
		return NULL;

	mutex_init(&client->lock);
	xa_init_flags(&client->pages, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&client->exit.node);
	client->opener = get_pid(task_tgid(current));
	client->opener_uid = current_euid();
	get_task_comm(client->comm, current->group_leader);

	return client;
}

static void free_client(struct rcu_head *rcu)
{
	struct lockmgr_client *client = container_of(rcu, struct lockmgr_client, rcu);

	put_pid(client->opener);
	kfree(client);
}

/* Release what the client holds in one page. */
static void abandon_page(struct lockmgr_client *client, unsigned long number,
			 struct lockmgr_record *page)
{
	u32 i;

	for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
		if (lockmgr_word_token(READ_ONCE(page[i].word)) == client->token)
			lockmgr_lock_abandon(client, &page[i], lockmgr_index_to_id(number, i));
}

/*
 * What the client may have written in one page: whoever waits for a lock there looks
 * at it, and locks that shall be closed are.
 */
static void mend_page(struct lockmgr_client *client, unsigned long number,
		      struct lockmgr_record *page)
{
	struct lockmgr_space *space = client->space;
	u32 i;

	if (!atomic_read(&space->queues.waiting) &&
	    READ_ONCE(space->records.end) >= (number + 1) * LOCKMGR_PAGE_RECORDS)
		return;

	for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
		lockmgr_lock_mend(space, &page[i], lockmgr_index_to_id(number, i));
}

/*
 * The client's death has been in that page.  Until now, whoever found the client's
 * token there was right to wait.
 */
static void pass(struct lockmgr_client *client, unsigned long number)
{
	WRITE_ONCE(client->passed, number + 1);
	/*
	 * Pairs with lockmgr_holder_lives().  Who finds this client's token in a word
	 * from now on either sees that we have passed, and takes the lock; or the word
	 * was there before we look at it once more.
	 *
	 * And with lock_slowly(): a waiter counts itself before it marks the word.  So if
	 * the client has overwritten the mark, mend_page() finds it counted.
	 */
	smp_mb();
}

/**
 * lockmgr_client_end() - nobody uses the client any more
 * @client: the client, attached; with @ended set, if its file is there yet
 *
 * What it holds is released, and those who wait for it are told that it died.  No thread
 * acts for it, and none can write to records that it has mapped.  Others can, and may
 * write its token where we have been already: hence the second look.
 */
void lockmgr_client_end(struct lockmgr_client *client)
{
	struct lockmgr_record *page;
	unsigned long number;

	xa_for_each(&client->pages, number, page) {
		abandon_page(client, number, page);
		pass(client, number);
		if (lockmgr_client_may_map(client))
			abandon_page(client, number, page);
		if (client->mapped)
			mend_page(client, number, page);
		cond_resched();
	}
}

/**
 * lockmgr_client_destroy() - the file is gone
 * @client: its client; what it holds is released as by lockmgr_client_end()
 */
void lockmgr_client_destroy(struct lockmgr_client *client)
{
	if (client->space) {
		if (!client->ended)
			lockmgr_client_end(client);
		lockmgr_space_leave(client);
	}
	xa_destroy(&client->pages);
	mutex_destroy(&client->lock);
	call_rcu(&client->rcu, free_client);
}

/**
 * lockmgr_client_join() - begin to attach a file
 * @client: the file's client, locked
 * @args: to which space
 * @detect: its lock calls shall not close cycles of waits
 *
 * Either lockmgr_client_publish() or lockmgr_client_withdraw() must follow.
 *
 * Return: as lockmgr_space_join()
 */
int lockmgr_client_join(struct lockmgr_client *client, const struct lockmgr_space_args *args,
			bool detect)
{
	lockdep_assert_held(&client->lock);

	client->detect = detect;
	return lockmgr_space_join(args, client);
}

/**
 * lockmgr_client_publish() - the file is attached
 * @client: its client, locked, after lockmgr_client_join()
 */
void lockmgr_client_publish(struct lockmgr_client *client)
{
	lockdep_assert_held(&client->lock);

	/* Pairs with lockmgr_client_space(). */
	smp_store_release(&client->space, client->joined);
	trace_lockmgr_attach(client);
}

/**
 * lockmgr_client_withdraw() - the file is not attached after all
 * @client: its client, locked, after lockmgr_client_join()
 */
void lockmgr_client_withdraw(struct lockmgr_client *client)
{
	lockdep_assert_held(&client->lock);

	if (client->created)
		lockmgr_space_forget(client->joined);
	lockmgr_space_leave(client);
	client->created = false;
}

/**
 * lockmgr_client_may_map() - whether a client may write to its records itself
 * @client: a client that may use its space, and has not left it
 */
bool lockmgr_client_may_map(const struct lockmgr_client *client)
{
	return lockmgr_space_may_be_mapped(client->joined);
}

/**
 * lockmgr_client_page() - a page of records that the client has used
 * @client: the client
 * @number: of the page
 *
 * Return: the first record of the page, or NULL if it has locked none there
 */
struct lockmgr_record *lockmgr_client_page(struct lockmgr_client *client, unsigned long number)
{
	return xa_load(&client->pages, number);
}

/*
 * A page that the client has not used before.  So whoever has written its token there
 * must not have: a lock with that word has no holder, and must not get one now.
 */
static struct lockmgr_record *use_page(struct lockmgr_client *client, u32 id)
{
	unsigned long number = lockmgr_id_to_page(id);
	struct lockmgr_record *page;
	int ret;

	guard(mutex)(&client->lock);

	/* Another thread may have been faster, and hold a lock there already. */
	page = xa_load(&client->pages, number);
	if (page)
		return page;

	page = lockmgr_records_page(&client->space->records, id);
	if (IS_ERR(page))
		return page;

	if (lockmgr_client_may_map(client))
		abandon_page(client, number, page);
	ret = xa_err(xa_store(&client->pages, number, page, GFP_KERNEL_ACCOUNT));

	return ret ? ERR_PTR(ret) : page;
}

/**
 * lockmgr_client_lock() - acquire a lock
 * @client: for whom
 * @id: the lock
 * @wait: whether to wait for it
 * @deadline: until when, CLOCK_MONOTONIC; KTIME_MAX: as long as it takes
 * @ticket: as lockmgr_lock()
 *
 * Return: 0, LOCKMGR_OWNER_DIED, -EBUSY, -EDEADLK, -EDQUOT, -EINVAL, -ENOMEM,
 * -ERESTARTSYS or -ETIMEDOUT
 */
int lockmgr_client_lock(struct lockmgr_client *client, u32 id, bool wait, ktime_t deadline,
			u64 *ticket)
{
	struct lockmgr_record *page, *record;
	int ret;

	if (id >= READ_ONCE(client->space->ids.capacity))
		return -EINVAL;

	page = xa_load(&client->pages, lockmgr_id_to_page(id)) ?: use_page(client, id);
	if (IS_ERR(page))
		return PTR_ERR(page);

	record = &page[lockmgr_id_to_index(id)];
	ret = wait ? lockmgr_lock(client, record, id, deadline, ticket) :
		     lockmgr_trylock(client, record, id);
	if (ret >= 0)
		lockmgr_stats_acquired(&client->space->stats);

	return ret;
}

/**
 * lockmgr_client_unlock() - release a lock
 * @client: for whom
 * @id: the lock; beyond the capacity if that was lowered meanwhile
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
