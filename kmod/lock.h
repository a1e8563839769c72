/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_LOCK_H
#define LOCKMGR_LOCK_H

#include <linux/ktime.h>
#include <linux/types.h>

struct lockmgr_client;
struct lockmgr_record;

int lockmgr_lock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id,
		 ktime_t deadline, u64 *ticket);
int lockmgr_trylock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);
int lockmgr_unlock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);
void lockmgr_lock_abandon(struct lockmgr_client *client, struct lockmgr_record *record, u32 id);

#endif /* LOCKMGR_LOCK_H */
