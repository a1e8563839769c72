/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_PROMISE_H
#define LOCKMGR_PROMISE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* At most how many places are kept for the threads of one client. */
#define LOCKMGR_PROMISES_MAX 64

/**
 * struct lockmgr_promises - places in queues that are kept for threads of a client
 * @count: how many; may be read without the lock
 * @list: struct promise, the oldest first
 */
struct lockmgr_promises {
	/** @lock: guards all of it; no other lock is taken under it */
	spinlock_t lock;
	u32 count;
	struct list_head list;
};

void lockmgr_promises_init(struct lockmgr_promises *promises);
void lockmgr_promises_destroy(struct lockmgr_promises *promises);

bool lockmgr_promise_holds(struct lockmgr_promises *promises, u32 id, u64 ticket);
void lockmgr_promise_make(struct lockmgr_promises *promises, u32 id, u64 ticket);
void lockmgr_promise_end(struct lockmgr_promises *promises, u32 id);

#endif /* LOCKMGR_PROMISE_H */
