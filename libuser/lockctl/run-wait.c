// SPDX-License-Identifier: LGPL-2.1-or-later
/* How lockctl run waits for its lock, and what it prints meanwhile with --verbose. */
#include <errno.h>

#include "duration.h"
#include "report.h"
#include "run-wait.h"
#include "snapshot.h"

static int acquire(struct lockmgr *mgr, const struct wait *wait, uint64_t begin)
{
	struct timespec deadline;

	if (!wait->may_wait)
		return lockmgr_trylock(mgr, wait->id);
	if (!wait->is_limited)
		return lockmgr_lock(mgr, wait->id);

	deadline = duration_timespec(begin + wait->timeout_ns);
	return lockmgr_timedlock(mgr, wait->id, &deadline);
}

/* @what: what we do: "waiting for", "gave up waiting for" */
static void report_holder(const struct wait *wait, const char *what, const struct lock *lock,
			  uint64_t now)
{
	char label[LOCK_LABEL_SIZE], held[DURATION_SIZE];
	struct task task;

	lock_label(lock, label);
	lock_holder(lock, &task);
	duration_text(held, duration_since(now, lock->info.since));
	if (task.pid)
		report("%s lock %s of %s: held by process %d (%s) for %s", what, label,
		       wait->space, task.pid, task.command, held);
	else
		report("%s lock %s of %s: held by a process (%s) that is not shown here, for %s",
		       what, label, wait->space, task.name, held);
}

/* Without the right to inspect the space, say only which lock: it can be used all the same. */
static void report_wait(const struct wait *wait, const char *what)
{
	struct snapshot snapshot;
	const struct lock *lock;

	if (snapshot_take_lock(&snapshot, wait->space, wait->id)) {
		report("%s lock %u of %s", what, wait->id, wait->space);
	} else {
		lock = &snapshot.locks[0];
		/* It may have been released in the meantime. */
		if (lock->info.flags & LOCKMGR_LOCK_IS_HELD)
			report_holder(wait, what, lock, snapshot.now);
	}
	snapshot_free(&snapshot);
}

static int acquire_aloud(struct lockmgr *mgr, const struct wait *wait)
{
	const uint64_t begin = duration_now();
	char waited[DURATION_SIZE];
	int ret;

	ret = lockmgr_trylock(mgr, wait->id);
	if (ret == -EBUSY && wait->may_wait) {
		report_wait(wait, "waiting for");
		ret = acquire(mgr, wait, begin);
	}
	duration_text(waited, duration_now() - begin);
	if (ret >= 0)
		report("acquired lock %u of %s after %s", wait->id, wait->space, waited);
	else if (ret == -EBUSY || ret == -ETIMEDOUT)
		report_wait(wait, "gave up waiting for");
	return ret;
}

/**
 * wait_acquire() - acquire a lock
 * @mgr: a handle on its space
 * @wait: which lock, and how
 *
 * Return: as lockmgr_lock(); -EBUSY or -ETIMEDOUT if it was not acquired in time
 */
int wait_acquire(struct lockmgr *mgr, const struct wait *wait)
{
	if (wait->verbose)
		return acquire_aloud(mgr, wait);
	return acquire(mgr, wait, duration_now());
}
