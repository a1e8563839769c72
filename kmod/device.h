/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_DEVICE_H
#define LOCKMGR_DEVICE_H

int lockmgr_device_init(void);
void lockmgr_device_exit(void);

#endif /* LOCKMGR_DEVICE_H */
