/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_FILE_USERS_H
#define LOCKCTL_FILE_USERS_H

#include "snapshot.h"

/* How many of them are named. */
#define FILE_USERS_MAX	8

/**
 * struct file_users - the processes that have a file
 * @count: how many there are
 * @users: the first of them; the names are safe to print
 */
struct file_users {
	size_t count;
	struct {
		pid_t pid;
		char name[TASK_NAME_SIZE];
	} users[FILE_USERS_MAX];
};

void file_users_find(struct file_users *users, const struct lock *lock);
void file_users_print(const struct file_users *users);

#endif /* LOCKCTL_FILE_USERS_H */
