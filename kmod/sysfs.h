/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_SYSFS_H
#define LOCKMGR_SYSFS_H

struct attribute_group;
struct lockmgr_space;

extern const struct attribute_group *lockmgr_device_groups[];

int lockmgr_directory_add(struct lockmgr_space *space);
void lockmgr_directory_remove(struct lockmgr_space *space);

void lockmgr_sysfs_init(void);
void lockmgr_sysfs_exit(void);

#endif /* LOCKMGR_SYSFS_H */
