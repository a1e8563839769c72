/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_HOLDER_H
#define LOCKMGR_HOLDER_H

#include <linux/types.h>

struct lockmgr_client;
struct lockmgr_record;
struct lockmgr_space;
struct pid;

struct lockmgr_record lockmgr_record_snapshot(const struct lockmgr_record *record);
struct lockmgr_client *lockmgr_holder_client(struct lockmgr_space *space, u64 word);
bool lockmgr_holder_lives(struct lockmgr_space *space, u32 id, u64 word);
struct pid *lockmgr_holder_thread(const struct lockmgr_space *space,
				  const struct lockmgr_client *client,
				  const struct lockmgr_record *record);

#endif /* LOCKMGR_HOLDER_H */
