/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_DEADLOCK_H
#define LOCKMGR_DEADLOCK_H

#include <linux/types.h>

struct lockmgr_record;
struct lockmgr_waiter;
struct pid;

void lockmgr_sleeper_add(struct lockmgr_waiter *waiter);
void lockmgr_sleeper_del(struct lockmgr_waiter *waiter);

bool lockmgr_thread_deadlocked(struct pid *thread);
bool lockmgr_thread_closes_cycle(struct pid *thread);
bool lockmgr_lock_deadlocked(const struct lockmgr_record *record, struct pid *holder);

#endif /* LOCKMGR_DEADLOCK_H */
