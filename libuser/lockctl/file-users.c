// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which processes have the file by which a lock is held.  Where the process that opened it
 * has ended, as where lockctl run was killed, these processes keep the lock.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file-users.h"
#include "proc.h"
#include "text.h"

/* Find the generation of the lock's space; returns whether the module says it. */
static bool find_generation(const struct lock *lock, uint64_t *generation)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct lockmgr *mgr;
	int ret;

	ret = space_attach(lock->space, LOCKMGR_OPEN_READONLY, &mgr);
	if (ret)
		return false;
	ret = lockmgr_info(mgr, &info);
	lockmgr_close(mgr);
	*generation = info.generation;
	return !ret;
}

/* Whether a process has a descriptor whose fdinfo contains these lines. */
static bool has_file(pid_t pid, const char *lines)
{
	char text[4096], path[PATH_MAX];
	const struct dirent *entry;
	bool found = false;
	DIR *files;

	snprintf(path, sizeof(path), "%s/%d/fdinfo", proc_directory, pid);
	files = opendir(path);
	if (!files)
		return false;
	while (!found && (entry = readdir(files))) {
		snprintf(path, sizeof(path), "fdinfo/%s", entry->d_name);
		proc_read(pid, pid, path, text, sizeof(text));
		found = strstr(text, lines);
	}
	closedir(files);
	return found;
}

static void add_user(struct file_users *users, pid_t pid)
{
	char name[LOCKMGR_COMMAND_SIZE + 1];

	if (users->count++ >= FILE_USERS_MAX)
		return;
	proc_name(pid, pid, name, sizeof(name));
	users->users[users->count - 1].pid = pid;
	text_clean(users->users[users->count - 1].name, TASK_NAME_SIZE, name, strlen(name));
}

/**
 * file_users_find() - find the processes that have a holder's file
 * @users: receives those whose /proc/PID/fdinfo we may read
 * @lock: a lock that is held
 */
void file_users_find(struct file_users *users, const struct lock *lock)
{
	const struct dirent *entry;
	uint64_t generation;
	char lines[128];
	DIR *processes;
	pid_t pid;

	users->count = 0;
	if (!find_generation(lock, &generation))
		return;
	processes = opendir(proc_directory);
	if (!processes)
		return;
	snprintf(lines, sizeof(lines), "\ngeneration:\t%016llx\ntoken:\t%u\n",
		 (unsigned long long)generation, lock->info.client);
	while ((entry = readdir(processes))) {
		pid = strtol(entry->d_name, NULL, 10);
		if (pid > 0 && has_file(pid, lines))
			add_user(users, pid);
	}
	closedir(processes);
}

/**
 * file_users_print() - name these processes
 * @users: from file_users_find()
 *
 * Prints the end of a sentence: "process 7 (lock-keeper) has its file; to see it: ps 7".
 */
void file_users_print(const struct file_users *users)
{
	const size_t shown = users->count < FILE_USERS_MAX ? users->count : FILE_USERS_MAX;
	size_t i;

	if (!shown) {
		printf("to see which processes have such files: fuser -v /dev/lockmgr");
		return;
	}
	printf("process%s ", shown == 1 ? "" : "es");
	for (i = 0; i < shown; i++)
		printf("%s%d (%s)", i ? ", " : "", users->users[i].pid, users->users[i].name);
	if (shown < users->count)
		printf(" and %zu more", users->count - shown);
	printf(" %s its file; to see %s: ps", users->count == 1 ? "has" : "have",
	       users->count == 1 ? "it" : "them");
	for (i = 0; i < shown; i++)
		printf(" %d", users->users[i].pid);
}
