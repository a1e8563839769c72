// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time namespaces: a container's CLOCK_MONOTONIC can differ from the kernel's.  Deadlines
 * and times are those of the caller's clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define NSEC_PER_SEC	1000000000ULL

/* More than any test lasts. */
#define OFFSET_S	100000L

/* After how long a process counts as stuck. */
#define STUCK_S		600

/* Set the clock of the caller's children that far ahead of the kernel's. */
static bool set_clock_ahead(long seconds)
{
	char offset[64];
	ssize_t length;
	int fd;

	if (unshare(CLONE_NEWTIME))
		return false;
	length = snprintf(offset, sizeof(offset), "monotonic %ld 0\n", seconds);
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, offset, length) == length && !close(fd);
}

/* Returns the exit status of a process that has such a clock and runs @fn. */
static int run_ahead(long seconds, int (*fn)(void))
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_int_not_equal(child, -1);
	if (!child) {
		/* The new namespace is only for children, so this process does not have it. */
		if (!set_clock_ahead(seconds))
			_exit(100);
		child = fork();
		if (!child) {
			alarm(STUCK_S);
			_exit(fn());
		}
		if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
			_exit(101);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));

	return WEXITSTATUS(status);
}

static struct lockmgr *open_here(void)
{
	struct lockmgr *mgr;

	return lockmgr_open(&mgr, space_name(), NULL) ? NULL : mgr;
}

static int time_out_in_200_ms(void)
{
	struct timespec deadline = deadline_in(200);
	struct lockmgr *mgr = open_here();
	uint64_t end;

	if (!mgr)
		return 1;
	if (lockmgr_timedlock(mgr, 0, &deadline) != -ETIMEDOUT)
		return 2;
	end = deadline.tv_sec * NSEC_PER_SEC + deadline.tv_nsec;
	if (now_ns() < end)
		return 3;

	return 0;
}

static void deadline_is_of_the_callers_clock_when_that_is_ahead(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(run_ahead(OFFSET_S, time_out_in_200_ms), 0);
}

/* The machine is young: its clock can go back only as far as it has run. */
static void deadline_is_of_the_callers_clock_when_that_is_behind(void **state)
{
	struct lockmgr *mgr = space_open();
	long lag = now_ns() / NSEC_PER_SEC - 1;

	(void)state;
	assert_true(lag > 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(run_ahead(-lag, time_out_in_200_ms), 0);
}

static int since_is_between(void)
{
	struct lockmgr *mgr = open_here();
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	uint64_t before;
	size_t count;

	if (!mgr)
		return 1;
	before = now_coarse_ns();
	if (lockmgr_lock(mgr, 1))
		return 2;
	if (lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, &lock, 1, &count) || count != 1)
		return 3;
	if (lock.since < before)
		return 4;

	return lock.since <= now_ns() ? 0 : 5;
}

static void time_of_a_holder_is_of_the_callers_clock(void **state)
{
	(void)state;
	space_open();

	assert_int_equal(run_ahead(OFFSET_S, since_is_between), 0);
}

static int waiter_began_a_moment_ago(void)
{
	struct lockmgr *mgr = open_here();
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	size_t count;

	if (!mgr)
		return 1;
	if (lockmgr_list_waiters(mgr, 0, &cursor, &waiter, 1, &count) || count != 1)
		return 2;
	if (waiter.since > now_ns())
		return 3;

	return now_ns() - waiter.since < HARNESS_PATIENCE_S * NSEC_PER_SEC ? 0 : 4;
}

static void time_of_a_waiter_is_of_the_viewers_clock(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *waiter = agent_new();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(waiter, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_int_equal(run_ahead(OFFSET_S, waiter_began_a_moment_ago), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(deadline_is_of_the_callers_clock_when_that_is_ahead),
		harness_test(deadline_is_of_the_callers_clock_when_that_is_behind),
		harness_test(time_of_a_holder_is_of_the_callers_clock),
		harness_test(time_of_a_waiter_is_of_the_viewers_clock),
	};

	return harness_run(tests);
}
