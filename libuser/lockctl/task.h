/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_TASK_H
#define LOCKCTL_TASK_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include <lockmgr.h>

/* Room for the name of a thread, each byte of it as \xNN, and for a command line. */
#define TASK_NAME_SIZE		(4 * LOCKMGR_COMMAND_SIZE)
#define TASK_COMMAND_SIZE	256

enum task_state {
	/* /proc does not show it: it is in another PID namespace, or another user's. */
	TASK_NOT_SHOWN,
	/* The thread that has this id now does not have the name that the module gave. */
	TASK_NOT_KNOWN,
	TASK_GONE,
	TASK_ENDED,
	TASK_RUNNING,
	TASK_SLEEPING,
	/* In this state it may be stuck: task_may_be_stuck(). */
	TASK_UNINTERRUPTIBLE,
	/* In this state and the following ones it is stuck: task_is_stuck(). */
	TASK_VFORKED,
	TASK_STOPPED,
	TASK_TRACED,
	TASK_FROZEN,
	TASK_DUMPING,
};

/**
 * struct task - a thread as the caller sees it; all text is safe to print
 * @pid: its process; 0: not shown to the caller, or gone
 * @tid: the thread; 0: likewise
 * @state: its state; if the thread has ended, that of another thread of its process
 * @name: its command name
 * @command: the process's command line; @name if that is not known
 */
struct task {
	pid_t pid;
	pid_t tid;
	enum task_state state;
	char name[TASK_NAME_SIZE];
	char command[TASK_COMMAND_SIZE];
};

void task_describe(struct task *task, pid_t pid, pid_t tid, const char *name);
bool task_is_stuck(const struct task *task);
bool task_may_be_stuck(const struct task *task);
const char *task_state(const struct task *task);
void task_remark(const struct task *task, FILE *file);

#endif /* LOCKCTL_TASK_H */
