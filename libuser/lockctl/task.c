// SPDX-License-Identifier: LGPL-2.1-or-later
/* What /proc says about a thread, and what can be done about one that is stuck. */
#include <string.h>

#include "proc.h"
#include "task.h"
#include "text.h"

/* Characters that a shell leaves alone between single quotes. */
#define QUOTABLE \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-:@\\+,= "

/* Ids are reused: whether this is still the thread that the module named. */
static bool is_same(const struct task *task, const char *name)
{
	char text[LOCKMGR_COMMAND_SIZE + 1];

	return !proc_name(task->pid, task->tid, text, sizeof(text)) ||
	       !strncmp(text, name, LOCKMGR_COMMAND_SIZE);
}

static void read_command(struct task *task, pid_t tid)
{
	char text[TASK_COMMAND_SIZE];
	size_t length = proc_read(task->pid, tid, "cmdline", text, sizeof(text));
	size_t i;

	while (length && !text[length - 1])
		length--;
	for (i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
	if (length)
		text_clean(task->command, sizeof(task->command), text, length);
}

/* The state of a thread that has not ended. */
static enum task_state judge(pid_t pid, pid_t tid, char letter)
{
	char file[PATH_MAX];

	if (proc_status_field(pid, "CoreDumping"))
		return TASK_DUMPING;
	if (proc_is_frozen(pid, file))
		return TASK_FROZEN;
	switch (letter) {
	case 'R':
		return TASK_RUNNING;
	case 'T':
		return TASK_STOPPED;
	case 't':
		return TASK_TRACED;
	case 'D':
		return proc_child(pid, tid) ? TASK_VFORKED : TASK_UNINTERRUPTIBLE;
	default:
		return TASK_SLEEPING;
	}
}

/* A thread of the task's process that has not ended: the named one if possible; 0: none. */
static pid_t living_thread(const struct task *task, struct proc_stat *stat)
{
	pid_t tid = task->tid ? task->tid : task->pid;

	if (proc_stat(task->pid, tid, stat) && stat->state != 'Z' && stat->state != 'X')
		return tid;
	/* A thread may end without its process, even the first one. */
	tid = proc_living_thread(task->pid);
	return tid && proc_stat(task->pid, tid, stat) ? tid : 0;
}

/* The state of a process of which /proc shows no thread that has not ended. */
static enum task_state judge_unseen(const struct task *task)
{
	struct proc_stat stat;

	if (proc_stat(task->pid, task->pid, &stat))
		return TASK_ENDED;
	return proc_exists(task->pid, task->pid) ? TASK_NOT_SHOWN : TASK_GONE;
}

/**
 * task_describe() - describe a thread
 * @task: receives the description
 * @pid: its process, from the module
 * @tid: the thread, likewise
 * @name: its command name, likewise
 */
void task_describe(struct task *task, pid_t pid, pid_t tid, const char *name)
{
	struct proc_stat stat;
	pid_t living;

	*task = (struct task) { .pid = pid, .tid = tid };
	text_clean(task->name, sizeof(task->name), name, LOCKMGR_COMMAND_SIZE);
	strcpy(task->command, task->name);
	if (!pid)
		return;
	/* If the thread is gone, the name is that of whoever opened the file. */
	if (tid && !is_same(task, name)) {
		task->state = TASK_NOT_KNOWN;
		return;
	}

	living = living_thread(task, &stat);
	if (!living) {
		task->state = judge_unseen(task);
		return;
	}
	task->state = judge(pid, living, stat.state);
	read_command(task, living);
}

/** task_is_stuck() - whether it cannot continue by itself */
bool task_is_stuck(const struct task *task)
{
	return task->state > TASK_UNINTERRUPTIBLE;
}

/** task_may_be_stuck() - whether it is stuck, or may be, but may also continue in a moment */
bool task_may_be_stuck(const struct task *task)
{
	return task->state >= TASK_UNINTERRUPTIBLE;
}

/** task_state() - its state in a word */
const char *task_state(const struct task *task)
{
	static const char *const words[] = {
		[TASK_NOT_SHOWN] = "not shown",
		[TASK_NOT_KNOWN] = "not known",
		[TASK_GONE] = "gone",
		[TASK_ENDED] = "ended",
		[TASK_RUNNING] = "running",
		[TASK_SLEEPING] = "sleeping",
		[TASK_UNINTERRUPTIBLE] = "uninterruptible",
		[TASK_VFORKED] = "in vfork",
		[TASK_STOPPED] = "stopped",
		[TASK_TRACED] = "traced",
		[TASK_FROZEN] = "frozen",
		[TASK_DUMPING] = "dumping core",
	};

	return words[task->state];
}

/* Suggest the command that thaws it, if the path can be typed at a shell. */
static void remark_frozen(const struct task *task, FILE *file)
{
	char path[PATH_MAX];
	const char *value;

	fprintf(file, "is frozen by the freezer of its cgroup");
	if (!proc_is_frozen(task->pid, path) || !*path || path[strspn(path, QUOTABLE)])
		return;
	value = strstr(path, "/freezer.state") ? "THAWED" : "0";
	if (path[strcspn(path, "\\+,= ")])
		fprintf(file, "; to thaw it: echo %s >'%s'", value, path);
	else
		fprintf(file, "; to thaw it: echo %s >%s", value, path);
}

static void remark_traced(const struct task *task, FILE *file)
{
	const pid_t tracer = proc_status_field(task->pid, "TracerPid");

	if (tracer)
		fprintf(file, "is stopped by process %d, which traces it; to see that: ps %d",
			tracer, tracer);
	else
		fprintf(file, "is stopped by a process that traces it and is not shown here");
}

/**
 * task_remark() - say why it is stuck, and which command helps
 * @task: one that may be stuck
 * @file: receives the end of a sentence that begins with the task's name
 */
void task_remark(const struct task *task, FILE *file)
{
	pid_t child;

	switch (task->state) {
	case TASK_STOPPED:
		fprintf(file, "is stopped; to continue it: kill -CONT %d", task->pid);
		break;
	case TASK_TRACED:
		remark_traced(task, file);
		break;
	case TASK_FROZEN:
		remark_frozen(task, file);
		break;
	case TASK_DUMPING:
		fprintf(file, "is writing a core dump; to end that: kill -KILL %d", task->pid);
		break;
	case TASK_VFORKED:
		child = proc_child(task->pid, task->tid ? task->tid : task->pid);
		fprintf(file, "waits in vfork() for its child to execute a program or to end");
		if (child)
			fprintf(file, "; to end that: kill %d", child);
		break;
	default:
		fprintf(file, "is in an uninterruptible wait in the kernel, as for a disk; "
			      "root sees for what: cat /proc/%d/stack",
			task->pid);
	}
}
