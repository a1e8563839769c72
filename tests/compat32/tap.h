/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP for 32-bit programs, for which there is no cmocka: a list of tests.  Each has the name
 * of its function, and a space of its own.
 *
 * A check that fails ends the program.  The tests after it then count as failed, since the
 * plan announced them.
 */
#ifndef TAP_H
#define TAP_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lockmgr.h>

/* How long anything may take before it counts as stuck. */
#define TAP_PATIENCE_S	600

struct tap_test {
	const char *name;
	void (*run)(void);
};

#define tap_test(function) \
	{ \
		.name = #function, .run = function \
	}

#define expect(actual, expected) \
	tap_expect((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)

static char tap_space[LOCKMGR_SPACE_NAME_SIZE];
static unsigned int tap_number;
static const char *tap_name;

static inline void tap_expect(long long actual, long long expected, const char *what,
			      const char *file, int line)
{
	if (actual == expected)
		return;
	printf("not ok %u - %s\n# %s:%d: %s is %lld, expected %lld\n", tap_number, tap_name,
	       file, line, what, actual, expected);
	fflush(stdout);
	lockmgr_unlink(tap_space, NULL);
	_exit(1);
}

static inline void tap_run(const struct tap_test *tests, unsigned int count)
{
	/* SIGALRM ends the program if a test is stuck. */
	alarm(TAP_PATIENCE_S);
	printf("1..%u\n", count);
	for (tap_number = 1; tap_number <= count; tap_number++) {
		tap_name = tests[tap_number - 1].name;
		snprintf(tap_space, sizeof(tap_space), "compat32-%d-%u", getpid(), tap_number);
		tests[tap_number - 1].run();
		lockmgr_unlink(tap_space, NULL);
		printf("ok %u - %s\n", tap_number, tap_name);
	}
}

/** Open a handle on the test's space. */
static inline struct lockmgr *tap_open(uint32_t flags)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	options.flags = flags;
	expect(lockmgr_open(&mgr, tap_space, &options), 0);

	return mgr;
}

/** Run a function in a child; what it returns is the child's exit status. */
static inline pid_t tap_fork(int (*run)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run());
	}
	expect(child > 0, true);

	return child;
}

static inline void tap_join(pid_t child, int expected)
{
	int status;

	expect(waitpid(child, &status, 0), child);
	expect(status, expected);
}

/** Wait until @count threads wait for a lock. */
static inline void tap_wait_for_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct lockmgr_lock_info info = { 0 };
	uint64_t cursor;
	size_t listed;

	for (;;) {
		cursor = id;
		expect(lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, &info, 1, &listed), 0);
		if (listed && info.id == id && info.waiters == count)
			return;
		nanosleep(&pause, NULL);
	}
}

#endif /* TAP_H */
