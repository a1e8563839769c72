/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_LOCK_H
#define LOCKMGR_LOCK_H

#include <linux/ktime.h>
#include <linux/types.h>

struct lockmgr_bucket;
struct lockmgr_client;
struct lockmgr_record;
struct lockmgr_space;
struct lockmgr_waiter;
struct task_struct;

int lockmgr_lock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id,
		 ktime_t deadline, u64 *ticket);
int lockmgr_trylock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);
int lockmgr_unlock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);
void lockmgr_lock_mend(struct lockmgr_space *space, struct lockmgr_record *record, u32 id);
void lockmgr_lock_settle(struct lockmgr_space *space, struct lockmgr_record *record, u32 id);
void lockmgr_lock_abandon(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);

/* What the tests from inside the kernel reach by no other way. */
#ifdef LOCKMGR_KUNIT
#define STATIC_BUT_FOR_KUNIT
int look(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter);
struct task_struct *give_up(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter);
#else
#define STATIC_BUT_FOR_KUNIT static
#endif

#endif /* LOCKMGR_LOCK_H */
