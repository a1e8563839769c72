/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Code that the examples share: a space for each, and steps that must succeed. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lockmgr.h>

/* Name of the space: the example's name and process id. */
static char space[LOCKMGR_SPACE_NAME_SIZE];
static pid_t owner;

static void remove_space(void)
{
	if (getpid() == owner)
		lockmgr_unlink(space, NULL);
}

static inline void name_space(const char *name)
{
	owner = getpid();
	snprintf(space, sizeof(space), "%s-%ld", name, (long)owner);
	setvbuf(stdout, NULL, _IOLBF, 0);
	atexit(remove_space);
}

/* Print the result of a call; end the program unless it is the expected one. */
static inline void step(const char *what, int result, int expected)
{
	printf("%s: %s\n", what, result < 0 ? strerror(-result) : "done");
	if (result == expected)
		return;

	fprintf(stderr, "%s returned %d, not %d\n", what, result, expected);
	exit(EXIT_FAILURE);
}

/* Start a process that runs @run. */
static inline pid_t start(void (*run)(void))
{
	const pid_t pid = fork();

	if (!pid) {
		run();
		exit(EXIT_SUCCESS);
	}
	step("start another process", pid < 0, 0);
	return pid;
}

/* The exit status of a process, or its signal as a shell shows it. */
static inline int finish(pid_t pid)
{
	int status = 0;

	step("wait for its end", waitpid(pid, &status, 0) == pid, 1);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* Wait until @count threads wait for a lock. */
static inline void await_waiters(struct lockmgr *mgr, uint32_t id, size_t count)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct lockmgr_waiter_info waiters[8];
	uint64_t cursor;
	size_t found;

	do {
		nanosleep(&pause, NULL);
		cursor = 0;
		if (lockmgr_list_waiters(mgr, id, &cursor, waiters, 8, &found))
			exit(EXIT_FAILURE);
	} while (found < count);
}

#endif /* EXAMPLE_H */
