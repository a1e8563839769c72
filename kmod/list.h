/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_LIST_H
#define LOCKMGR_LIST_H

#include <linux/types.h>

struct cred;
struct lockmgr_ioctl_info;
struct lockmgr_lock_entry;
struct lockmgr_namespace;
struct lockmgr_space;
struct lockmgr_space_entry;
struct lockmgr_waiter_entry;

void lockmgr_space_info(struct lockmgr_space *space, struct lockmgr_ioctl_info *info);
int lockmgr_list_locks(struct lockmgr_space *space, u32 filter, u64 *cursor,
		       struct lockmgr_lock_entry *entries, u32 max);
int lockmgr_list_waiters(struct lockmgr_space *space, u32 id, u64 *cursor,
			 struct lockmgr_waiter_entry *entries, u32 max);
int lockmgr_list_spaces(struct lockmgr_namespace *namespace, const struct cred *cred,
			u64 *cursor, struct lockmgr_space_entry *entries, u32 max);

#endif /* LOCKMGR_LIST_H */
