/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_DEBUGFS_H
#define LOCKMGR_DEBUGFS_H

void lockmgr_debugfs_init(void);
void lockmgr_debugfs_exit(void);

#endif /* LOCKMGR_DEBUGFS_H */
