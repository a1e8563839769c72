// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files of /proc and of cgroups about a process.  A file that cannot be read says nothing
 * about whether the process exists: /proc may hide other users' processes, or be missing.  A
 * process that tgkill() finds exists all the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

const char *proc_directory = "/proc";
const char *proc_cgroups = "/sys/fs/cgroup";

/* Returns how many bytes were read, 0 on failure; terminates them with a NUL. */
static size_t read_file(const char *path, char *text, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t length = 0;

	if (fd >= 0) {
		length = read(fd, text, size - 1);
		close(fd);
	}
	if (length < 0)
		length = 0;

	text[length] = '\0';
	return length;
}

/**
 * proc_read() - read the beginning of a file about a thread
 * @pid: its process
 * @tid: the thread
 * @name: the file
 * @text: receives the content, with a NUL
 * @size: room there
 *
 * Return: how many bytes there are; 0 if the file cannot be read
 */
size_t proc_read(pid_t pid, pid_t tid, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d/task/%d/%s", proc_directory, pid, tid, name);
	return read_file(path, text, size);
}

/**
 * proc_name() - read the command name of a thread
 * @pid: its process
 * @tid: the thread
 * @name: receives the name, with a NUL
 * @size: room there, and for a newline
 *
 * Return: whether it is known; it can be empty
 */
bool proc_name(pid_t pid, pid_t tid, char *name, size_t size)
{
	const size_t length = proc_read(pid, tid, "comm", name, size);

	if (length && name[length - 1] == '\n')
		name[length - 1] = '\0';
	return length;
}

/**
 * proc_stat() - read the state, parent and session of a thread
 * @pid: its process
 * @tid: the thread
 * @stat: receives them
 *
 * Return: whether they are known
 */
bool proc_stat(pid_t pid, pid_t tid, struct proc_stat *stat)
{
	char text[512];
	const char *end;

	proc_read(pid, tid, "stat", text, sizeof(text));
	/* The name before these fields is in parentheses, and may itself contain some. */
	end = strrchr(text, ')');
	return end && sscanf(end, ") %c %d %*d %d", &stat->state, &stat->parent,
			     &stat->session) == 3;
}

/** proc_exists() - whether there is such a thread, even if /proc does not show it */
bool proc_exists(pid_t pid, pid_t tid)
{
	return !tgkill(pid, tid, 0) || errno != ESRCH;
}

static bool has_ended(char state)
{
	return state == 'Z' || state == 'X';
}

/* The next thread of a process in its directory; 0: none. */
static pid_t next_thread(DIR *threads)
{
	const struct dirent *entry;

	while ((entry = readdir(threads))) {
		const pid_t tid = strtol(entry->d_name, NULL, 10);

		if (tid > 0)
			return tid;
	}
	return 0;
}

static DIR *open_threads(pid_t pid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d/task", proc_directory, pid);
	return opendir(path);
}

/** proc_living_thread() - a thread of a process that has not ended; 0: none found */
pid_t proc_living_thread(pid_t pid)
{
	DIR *threads = open_threads(pid);
	struct proc_stat stat;
	pid_t tid = 0;

	if (!threads)
		return 0;
	while ((tid = next_thread(threads)))
		if (proc_stat(pid, tid, &stat) && !has_ended(stat.state))
			break;
	closedir(threads);
	return tid;
}

/** proc_is_asleep() - whether a process is alive, and /proc shows none of its threads running */
bool proc_is_asleep(pid_t pid)
{
	DIR *threads = open_threads(pid);
	struct proc_stat stat;
	bool alive = false, running = false;
	pid_t tid;

	if (!threads)
		return false;
	while (!running && (tid = next_thread(threads))) {
		if (!proc_stat(pid, tid, &stat) || has_ended(stat.state))
			continue;
		alive = true;
		running = stat.state == 'R';
	}
	closedir(threads);
	return alive && !running;
}

/** proc_status_field() - read a number from /proc/PID/status; 0: it is not there */
long proc_status_field(pid_t pid, const char *name)
{
	char text[4096], key[64];
	const char *field;

	proc_read(pid, pid, "status", text, sizeof(text));
	snprintf(key, sizeof(key), "\n%s:", name);
	field = strstr(text, key);
	return field ? strtol(field + strlen(key), NULL, 10) : 0;
}

/** proc_child() - the child that a thread waits for in vfork(); 0: it does not wait there */
pid_t proc_child(pid_t pid, pid_t tid)
{
	static const char *const places[] = { "wait_for_vfork_done", "kernel_clone", "_do_fork" };
	char text[64];
	size_t i;

	if (!proc_read(pid, tid, "wchan", text, sizeof(text)))
		return 0;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!strcmp(text, places[i]))
			break;
	if (i == sizeof(places) / sizeof(places[0]) ||
	    !proc_read(pid, tid, "children", text, sizeof(text)))
		return 0;

	/* The last child is the one: the thread has been in vfork() since it made that. */
	text[strcspn(text, "\n")] = '\0';
	for (i = strlen(text); i && text[i - 1] == ' '; i--)
		text[i - 1] = '\0';
	return strtol(strrchr(text, ' ') ? strrchr(text, ' ') : text, NULL, 10);
}

static bool begins_with(const char *path, const char *beginning)
{
	char text[256];

	read_file(path, text, sizeof(text));
	return !strncmp(text, beginning, strlen(beginning));
}

/* Cut the last component off a path; returns whether it is still below length @root. */
static bool to_parent(char *path, size_t root)
{
	char *slash = strrchr(path, '/');

	if (!slash || (size_t)(slash - path) <= root)
		return false;
	*slash = '\0';
	return true;
}

/* Search a cgroup and its ancestors for the nearest whose file @name begins with @frozen. */
static bool find_frozen(const char *mount, const char *cgroup, const char *name,
			const char *frozen, char file[PATH_MAX])
{
	char path[PATH_MAX];
	const size_t root = strlen(proc_cgroups) + strlen(mount);

	if (snprintf(path, sizeof(path), "%s%s%s", proc_cgroups, mount, cgroup) >= PATH_MAX)
		return false;
	do {
		if (snprintf(file, PATH_MAX, "%s/%s", path, name) >= PATH_MAX)
			return false;
		if (begins_with(file, frozen))
			return true;
	} while (to_parent(path, root));
	return false;
}

/*
 * For cgroups of version 2: find the cgroup that was frozen.  If it is not visible here,
 * cgroup.events still says whether a cgroup above has frozen this one.
 */
static bool is_frozen_2(const char *mount, const char *cgroup, char file[PATH_MAX])
{
	char text[256];

	if (find_frozen(mount, cgroup, "cgroup.freeze", "1", file))
		return true;
	if (snprintf(file, PATH_MAX, "%s%s%s/cgroup.events", proc_cgroups, mount, cgroup) >=
	    PATH_MAX)
		return false;
	read_file(file, text, sizeof(text));
	*file = '\0';
	return strstr(text, "frozen 1\n");
}

/**
 * proc_is_frozen() - whether the cgroup freezer keeps a process from running
 * @pid: the process
 * @file: receives the path of the file that froze it; empty: that is not visible here
 */
bool proc_is_frozen(pid_t pid, char file[PATH_MAX])
{
	char text[2 * PATH_MAX], *line, *rest = text;

	*file = '\0';
	proc_read(pid, pid, "cgroup", text, sizeof(text));
	while ((line = strsep(&rest, "\n"))) {
		char *controllers = strchr(line, ':');
		char *cgroup = controllers ? strchr(++controllers, ':') : NULL;

		if (!cgroup)
			continue;
		*cgroup++ = '\0';
		/* Only the root, "/", ends with a slash: make it end without, as the others do. */
		if (!strcmp(cgroup, "/"))
			cgroup = "";
		if (!*controllers && (is_frozen_2("", cgroup, file) ||
				      is_frozen_2("/unified", cgroup, file)))
			return true;
		if (strstr(controllers, "freezer") &&
		    find_frozen("/freezer", cgroup, "freezer.state", "FR", file))
			return true;
	}
	*file = '\0';
	return false;
}
