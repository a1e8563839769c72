/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_ACQUIRE_H
#define LOCKMGR_ACQUIRE_H

#include <linux/ktime.h>
#include <linux/types.h>

struct lockmgr_client;
struct lockmgr_record;

int lockmgr_lock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id,
		 ktime_t deadline, u64 *ticket);

#endif /* LOCKMGR_ACQUIRE_H */
