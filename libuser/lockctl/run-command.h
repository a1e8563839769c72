/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_RUN_COMMAND_H
#define LOCKCTL_RUN_COMMAND_H

#include <lockmgr.h>

/**
 * struct end - how a command ended
 * @status: the exit status for that
 * @signal: the signal that killed it, if we got that signal, too; else 0
 */
struct end {
	int status;
	int signal;
};

struct end run_command(char **words, struct lockmgr *mgr);
int execute_command(char **words);
void die_of(int signal);

#endif /* LOCKCTL_RUN_COMMAND_H */
