/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_TASK_H
#define LOCKCTL_TASK_H

#include <stdbool.h>
#include <sys/types.h>

#include <lockmgr.h>

/* Room for the name of a thread, each byte of it as \xNN, and for a command line. */
#define TASK_NAME_SIZE		(4 * LOCKMGR_COMMAND_SIZE)
#define TASK_COMMAND_SIZE	256

/**
 * struct task - a thread as the caller sees it; all text is fit to be printed
 * @pid: its process; 0: not shown to the caller, or gone
 * @tid: the thread; 0: likewise
 * @state: as in /proc/PID/stat; 0: unknown
 * @name: its command name
 * @command: the process's command line; the name where that is not known
 */
struct task {
	pid_t pid;
	pid_t tid;
	char state;
	char name[TASK_NAME_SIZE];
	char command[TASK_COMMAND_SIZE];
};

void task_describe(struct task *task, pid_t pid, pid_t tid, const char *name);
bool task_is_stopped(const struct task *task);
const char *task_state(const struct task *task);

#endif /* LOCKCTL_TASK_H */
