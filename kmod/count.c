// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many locks are held, in a space and by a client; and for which locks a client waits.
 *
 * User space acquires locks without the kernel, so held locks are counted only when somebody
 * asks.  Walks look at one page of records, or at a few waiters, at a time.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "client.h"
#include "count.h"
#include "holder.h"
#include "record.h"
#include "space.h"
#include "wait.h"

static u32 count_held_in_page(struct lockmgr_space *space, const struct lockmgr_record *page)
{
	u32 count = 0;
	u32 i;

	rcu_read_lock();
	for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
		if (lockmgr_holder_client(space, READ_ONCE(page[i].word)))
			count++;
	rcu_read_unlock();

	return count;
}

/**
 * lockmgr_space_held() - how many locks of a space are held
 * @space: the space; the caller need not be its client
 */
u32 lockmgr_space_held(struct lockmgr_space *space)
{
	struct lockmgr_record *page;
	unsigned long number;
	u32 count = 0;

	lockmgr_space_pin(space);
	xa_for_each(&space->records.pages, number, page) {
		count += count_held_in_page(space, page);
		cond_resched();
	}
	lockmgr_space_unpin(space);

	return count;
}

static bool count_is_held_by(const struct lockmgr_client *client, const struct lockmgr_record *page,
			     u32 id)
{
	return lockmgr_word_token(READ_ONCE(page[lockmgr_id_to_index(id)].word)) == client->token;
}

/**
 * lockmgr_client_held() - which locks a client holds
 * @client: the client, attached
 * @ids: receives the lowest of them, in ascending order
 * @max: at most how many go into @ids
 *
 * Return: how many it holds
 */
u32 lockmgr_client_held(struct lockmgr_client *client, u32 *ids, u32 max)
{
	struct lockmgr_record *page;
	unsigned long number;
	u32 count = 0;

	xa_for_each(&client->pages, number, page) {
		u32 end = (number + 1) * LOCKMGR_PAGE_RECORDS;
		u32 id;

		for (id = end - LOCKMGR_PAGE_RECORDS; id < end; id++) {
			if (!count_is_held_by(client, page, id))
				continue;
			if (count < max)
				ids[count] = id;
			count++;
		}
		cond_resched();
	}

	return count;
}

/* As lockmgr_client_waits(), in one bucket.  At its end, advances the cursor to the next one. */
static u32 count_waits_in_bucket(const struct lockmgr_client *client, struct lockmgr_bucket *bucket,
				 struct lockmgr_wait_cursor *cursor, u32 *ids)
{
	struct lockmgr_waiter *waiter;
	u32 count = 0;
	u32 looks;

	spin_lock(&bucket->lock);
	for (looks = 0; looks < LOCKMGR_WAITS_PER_GO; looks++) {
		waiter = lockmgr_bucket_after(bucket, cursor->id, cursor->ticket);
		if (!waiter)
			break;
		cursor->id = waiter->id;
		cursor->ticket = waiter->ticket;
		if (waiter->client == client)
			ids[count++] = waiter->id;
	}
	spin_unlock(&bucket->lock);

	if (looks < LOCKMGR_WAITS_PER_GO)
		*cursor = (struct lockmgr_wait_cursor) { .bucket = cursor->bucket + 1 };

	return count;
}

/**
 * lockmgr_client_waits() - for which locks threads wait as the client
 * @client: the client, attached
 * @cursor: zeroed to begin; receives where to go on
 * @ids: receives at most LOCKMGR_WAITS_PER_GO locks, one for each waiting thread
 * @count: receives how many
 *
 * Return: whether there may be more
 */
bool lockmgr_client_waits(const struct lockmgr_client *client, struct lockmgr_wait_cursor *cursor,
			  u32 *ids, u32 *count)
{
	struct lockmgr_queues *queues = &client->space->queues;

	if (cursor->bucket >= LOCKMGR_BUCKETS)
		return false;
	*count = count_waits_in_bucket(client, &queues->buckets[cursor->bucket], cursor, ids);
	cond_resched();

	return true;
}
