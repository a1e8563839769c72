/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_SYSFS_H
#define LOCKMGR_SYSFS_H

struct attribute_group;

extern const struct attribute_group *lockmgr_device_groups[];

#endif /* LOCKMGR_SYSFS_H */
