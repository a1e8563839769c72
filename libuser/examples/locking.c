// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lock, wait with a deadline, survive a dead holder, escape a deadlock. */
#include <errno.h>
#include <signal.h>

#include "example.h"

static struct lockmgr *open_space(void)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	options.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_DETECT_DEADLOCK;
	step("open the space", lockmgr_open(&mgr, space, &options), 0);
	return mgr;
}

static struct timespec in_milliseconds(long ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_nsec += ms * 1000000;
	time.tv_sec += time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return time;
}

static void contend(struct lockmgr *mgr)
{
	struct timespec deadline;
	struct lockmgr *other;

	/* With detection, its lock call would fail with -EDEADLK: it waits for itself. */
	step("open the space again", lockmgr_open(&other, space, NULL), 0);
	step("lock 0", lockmgr_lock(mgr, 0), 0);
	step("find it held through another handle", lockmgr_trylock(other, 0),
	     -EBUSY);
	step("fail to unlock what is another's", lockmgr_unlock(other, 0),
	     -EPERM);

	deadline = in_milliseconds(20);
	step("wait for 20 ms", lockmgr_timedlock(other, 0, &deadline),
	     -ETIMEDOUT);

	step("unlock 0", lockmgr_unlock(mgr, 0), 0);
	deadline = in_milliseconds(20);
	step("lock it through the other",
	     lockmgr_timedlock(other, 0, &deadline), 0);
	step("unlock 0", lockmgr_unlock(other, 0), 0);
	lockmgr_close(other);
}

static void die_with_lock(void)
{
	struct lockmgr *mgr = open_space();

	step("lock 0 in the other process", lockmgr_lock(mgr, 0), 0);
	raise(SIGKILL);
}

static void recover(struct lockmgr *mgr)
{
	step("see it killed", finish(start(die_with_lock)), 128 + SIGKILL);

	/* The moment to check what the lock protects: no later call reports it. */
	step("lock 0, and learn that its holder died", lockmgr_lock(mgr, 0),
	     LOCKMGR_OWNER_DIED);
	step("unlock 0", lockmgr_unlock(mgr, 0), 0);
	step("lock 0, as ever", lockmgr_lock(mgr, 0), 0);
	step("unlock 0", lockmgr_unlock(mgr, 0), 0);
}

static void lock_1_then_0(void)
{
	struct lockmgr *mgr = open_space();

	step("lock 1 in the other process", lockmgr_lock(mgr, 1), 0);
	step("lock 0 after it", lockmgr_lock(mgr, 0), 0);
	step("unlock 0 there", lockmgr_unlock(mgr, 0), 0);
	step("unlock 1 there", lockmgr_unlock(mgr, 1), 0);
}

static void escape_deadlock(struct lockmgr *mgr)
{
	pid_t pid;

	step("lock 0", lockmgr_lock(mgr, 0), 0);
	pid = start(lock_1_then_0);
	await_waiters(mgr, 0, 1);

	step("be refused lock 1", lockmgr_lock(mgr, 1), -EDEADLK);
	step("unlock 0", lockmgr_unlock(mgr, 0), 0);
	step("see the other succeed", finish(pid), 0);
}

int main(void)
{
	struct lockmgr *mgr;

	name_space("locking");
	mgr = open_space();
	contend(mgr);
	recover(mgr);
	escape_deadlock(mgr);
	lockmgr_close(mgr);
	return EXIT_SUCCESS;
}
