/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_LOCK_H
#define LOCKMGR_LOCK_H

#include <linux/errno.h>
#include <linux/time64.h>
#include <linux/types.h>

struct lockmgr_bucket;
struct lockmgr_client;
struct lockmgr_record;
struct lockmgr_space;
struct lockmgr_waiter;
struct task_struct;

/*
 * About the time in which a sleeper on another processor wakes up: see lock.c.  In tests/bench,
 * two processes with sections of 1 us acquire a lock 1.4 times as often as robust mutexes
 * with naps of 50, 100 and 200 us, and as often without.
 */
#define LOCKMGR_NAP_NS		(50 * NSEC_PER_USEC)

/* Never returned to user space: the word did not keep still; try again after a breath. */
#define LOCKMGR_DISTURBED	(-EAGAIN)

/* Nor are these: go on sleeping, until woken or for a nap. */
#define LOCKMGR_SLEEP_ON	(-EINPROGRESS)
#define LOCKMGR_NAP_ON		(-EALREADY)

/* For acquire.c. */
u64 lockmgr_lock_word(const struct lockmgr_client *client);
bool lockmgr_lock_acquire_free(struct lockmgr_bucket *bucket, struct lockmgr_record *record,
			       u64 word);
int lockmgr_waiter_enter(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter);
int lockmgr_waiter_look(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter);
struct task_struct *lockmgr_waiter_give_up(struct lockmgr_bucket *bucket,
					   struct lockmgr_waiter *waiter);
void lockmgr_lock_wake(struct task_struct *task);

int lockmgr_trylock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);
int lockmgr_unlock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);
void lockmgr_lock_mend(struct lockmgr_space *space, struct lockmgr_record *record, u32 id);
void lockmgr_lock_retire_or_reopen(struct lockmgr_space *space, struct lockmgr_record *record,
				   u32 id);
void lockmgr_lock_abandon(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);

#endif /* LOCKMGR_LOCK_H */
