// SPDX-License-Identifier: LGPL-2.1-or-later
/* What /proc says of a thread beyond what the module does. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "task.h"
#include "text.h"

/* Room for /proc/PID/task/TID/cmdline. */
#define PATH_SIZE	64

/* Returns how many bytes were read, 0 if none could be; ends them with a NUL. */
static size_t read_proc(const struct task *task, const char *name, char *text, size_t size)
{
	char path[PATH_SIZE];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", task->pid,
		 task->tid ? task->tid : task->pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return 0;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		length = 0;

	text[length] = '\0';
	return length;
}

/* The state stands behind the name, which is in parentheses and may contain any. */
static char read_state(const struct task *task)
{
	char text[512];
	const char *end;

	read_proc(task, "stat", text, sizeof(text));
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

/* Ids are used again: is it still the thread that the module named? */
static bool is_same(const struct task *task, const char *name)
{
	char text[LOCKMGR_COMMAND_SIZE + 1];
	size_t length = read_proc(task, "comm", text, sizeof(text));

	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return length && !strncmp(text, name, LOCKMGR_COMMAND_SIZE);
}

static void read_command(struct task *task)
{
	char text[TASK_COMMAND_SIZE];
	size_t length = read_proc(task, "cmdline", text, sizeof(text));
	size_t i;

	while (length && !text[length - 1])
		length--;
	for (i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
	if (length)
		text_clean(task->command, sizeof(task->command), text, length);
}

/**
 * task_describe() - find out about a thread
 * @task: receives it
 * @pid: its process, as the module named it
 * @tid: the thread, likewise
 * @name: its command name, likewise
 */
void task_describe(struct task *task, pid_t pid, pid_t tid, const char *name)
{
	*task = (struct task) { .pid = pid, .tid = tid };
	text_clean(task->name, sizeof(task->name), name, LOCKMGR_COMMAND_SIZE);
	strcpy(task->command, task->name);
	/* Where the thread is gone, the name is that of who opened the file. */
	if (!pid || (tid && !is_same(task, name)))
		return;

	task->state = read_state(task);
	read_command(task);
}

/** task_is_stopped() - whether it goes on only when somebody lets it */
bool task_is_stopped(const struct task *task)
{
	return task->state == 'T' || task->state == 't';
}

/** task_state() - its state in a word */
const char *task_state(const struct task *task)
{
	switch (task->state) {
	case 'R':
		return "running";
	case 'S':
	case 'I':
		return "sleeping";
	case 'D':
		return "in the kernel";
	case 'T':
		return "stopped";
	case 't':
		return "traced";
	case 'Z':
	case 'X':
		return "ended";
	default:
		return task->pid ? "gone" : "not shown";
	}
}
