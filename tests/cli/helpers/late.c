// SPDX-License-Identifier: GPL-2.0-only
/*
 * late.so, for LD_PRELOAD: makes a process late.  Its first waitpid() does not look for children
 * that have ended until there is one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>

pid_t waitpid(pid_t pid, int *status, int options)
{
	static bool has_looked;
	siginfo_t info;

	if (!has_looked)
		waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
	has_looked = true;
	return wait4(pid, status, options, NULL);
}
