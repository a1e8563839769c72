/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_IOCTL_H
#define LOCKMGR_IOCTL_H

struct file;

long lockmgr_ioctl(struct file *file, unsigned int number, unsigned long argument);

#endif /* LOCKMGR_IOCTL_H */
