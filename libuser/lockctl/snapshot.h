/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_SNAPSHOT_H
#define LOCKCTL_SNAPSHOT_H

#include <stdint.h>

#include "space.h"
#include "task.h"

/* Filters for snapshot_take(). */
#define SNAPSHOT_IN_USE \
	(LOCKMGR_LOCK_IS_HELD | LOCKMGR_LOCK_IS_WAITED)
#define SNAPSHOT_ALL \
	(LOCKMGR_LOCK_IS_ALLOCATED | SNAPSHOT_IN_USE | LOCKMGR_LOCK_IS_DIED)

/**
 * struct lock - a lock at some moment
 * @space: its space
 * @info: what the module says about it
 * @waiters: who waits for it, in the order of the queue
 * @waiter_count: how many
 */
struct lock {
	const struct space *space;
	struct lockmgr_lock_info info;
	struct lockmgr_waiter_info *waiters;
	size_t waiter_count;
};

/**
 * struct snapshot - the locks of one space, or of all that the caller may read
 * @now: when it was taken
 * @spaces: where the locks are
 * @locks: by space and number
 */
struct snapshot {
	uint64_t now;
	struct space *spaces;
	size_t space_count;
	struct lock *locks;
	size_t lock_count;
	size_t lock_room;
};

/* Room for a note, whose bytes may each become \xNN; and for a lock's number and note. */
#define NOTE_LABEL_SIZE		(4 * (LOCKMGR_LOCK_NOTE_SIZE - 1) + 1)
#define LOCK_LABEL_SIZE		(sizeof("4294967295 ()") + NOTE_LABEL_SIZE)

bool snapshot_is_useless(const struct snapshot *snapshot, int status);
int snapshot_take(struct snapshot *snapshot, const char *space, uint32_t filter);
int snapshot_take_lock(struct snapshot *snapshot, const char *space, uint32_t id);
void snapshot_free(struct snapshot *snapshot);

const char *lock_note(const struct lock *lock, char label[NOTE_LABEL_SIZE]);
const char *lock_label(const struct lock *lock, char label[LOCK_LABEL_SIZE]);
void lock_holder(const struct lock *lock, struct task *task);
void waiter_task(const struct lockmgr_waiter_info *waiter, struct task *task);

#endif /* LOCKCTL_SNAPSHOT_H */
