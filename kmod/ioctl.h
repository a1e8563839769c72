/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_IOCTL_H
#define LOCKMGR_IOCTL_H

#include <linux/lockmgr.h>

/* All features of this module. */
#define LOCKMGR_FEATURES \
	(LOCKMGR_FEATURE_DEADLOCK | LOCKMGR_FEATURE_MAP | LOCKMGR_FEATURE_PROCESS_END | \
	 LOCKMGR_FEATURE_INTERRUPTIBLE | LOCKMGR_FEATURE_NOTES)

struct file;

long lockmgr_ioctl(struct file *file, unsigned int number, unsigned long argument);

#endif /* LOCKMGR_IOCTL_H */
