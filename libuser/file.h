/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_FILE_H
#define LOCKMGR_FILE_H

#include <stdbool.h>
#include <sys/types.h>

int lockmgr_file_open(const char *path, int flags, dev_t *device);
bool lockmgr_file_is_of(int fd, dev_t device);
void lockmgr_file_close(int fd, dev_t device);

#endif /* LOCKMGR_FILE_H */
