/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_DIRECTORY_H
#define LOCKMGR_DIRECTORY_H

struct kobject;
struct lockmgr_space;

int lockmgr_directory_add(struct lockmgr_space *space);
void lockmgr_directory_remove(struct lockmgr_space *space);

void lockmgr_directories_put_below(struct kobject *device);
void lockmgr_directories_init(void);
void lockmgr_directories_exit(void);

#endif /* LOCKMGR_DIRECTORY_H */
