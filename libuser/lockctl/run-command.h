/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_RUN_COMMAND_H
#define LOCKCTL_RUN_COMMAND_H

#include <lockmgr.h>

/**
 * struct end - how a command ended
 * @status: the exit status that says so
 * @signal: the signal that killed it, if we were sent it, too; or 0
 */
struct end {
	int status;
	int signal;
};

struct end run_command(char **words, struct lockmgr *mgr);
int execute_command(char **words);
void die_of(int signal);

#endif /* LOCKCTL_RUN_COMMAND_H */
