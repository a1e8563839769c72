/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_PROC_H
#define LOCKCTL_PROC_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where /proc and the cgroups are mounted.  Variables, so that tests can change them. */
extern const char *proc_directory;
extern const char *proc_cgroups;

/**
 * struct proc_stat - fields of /proc/PID/task/TID/stat
 * @state: a letter
 * @parent: its process's parent; 0: not in this PID namespace
 * @session: the session that its process is in
 */
struct proc_stat {
	char state;
	pid_t parent;
	pid_t session;
};

size_t proc_read(pid_t pid, pid_t tid, const char *name, char *text, size_t size);
bool proc_name(pid_t pid, pid_t tid, char *name, size_t size);
bool proc_stat(pid_t pid, pid_t tid, struct proc_stat *stat);
bool proc_exists(pid_t pid, pid_t tid);
pid_t proc_living_thread(pid_t pid);
bool proc_is_asleep(pid_t pid);
long proc_status_field(pid_t pid, const char *name);
pid_t proc_child(pid_t pid, pid_t tid);
bool proc_is_frozen(pid_t pid, char file[PATH_MAX]);

#endif /* LOCKCTL_PROC_H */
