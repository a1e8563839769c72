/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_COUNT_H
#define LOCKMGR_COUNT_H

#include <linux/types.h>

struct lockmgr_client;
struct lockmgr_space;

/* At most how many waiters to look at in one go, with their bucket locked. */
#define LOCKMGR_WAITS_PER_GO	16

/**
 * struct lockmgr_wait_cursor - how far a walk along the waiters of a space has come
 * @bucket: the number of the bucket
 * @id: the lock of the last waiter that the walk has passed there
 * @ticket: the ticket of that waiter
 */
struct lockmgr_wait_cursor {
	u32 bucket;
	u32 id;
	u64 ticket;
};

u32 lockmgr_space_held(struct lockmgr_space *space);
u32 lockmgr_client_held(struct lockmgr_client *client, u32 *ids, u32 max);
bool lockmgr_client_waits(const struct lockmgr_client *client, struct lockmgr_wait_cursor *cursor,
			  u32 *ids, u32 *count);

#endif /* LOCKMGR_COUNT_H */
