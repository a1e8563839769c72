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
 * How long a nap lasts (see "Naps" in lock.c): about as long as a sleeper on another processor
 * takes to wake up.  In tests/bench, with naps of 50, 100 and 200 us, two processes with
 * critical sections of 1 us acquire a lock 1.4 times as often as a robust mutex; without naps,
 * they acquire it as often as that.
 */
#define LOCKMGR_NAP_NS		(50 * NSEC_PER_USEC)

/*
 * Internal, not for user space: the word did not keep still.  Most callers unlock the
 * queue and try again.
 */
#define LOCKMGR_DISTURBED	(-EAGAIN)

/* Internal, too: the waiter goes on sleeping, until it is woken, or for a nap. */
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
