/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_EXIT_H
#define LOCKMGR_EXIT_H

#include <linux/kconfig.h>

struct file;
struct lockmgr_client;
struct mm_struct;

#if IS_ENABLED(CONFIG_MMU_NOTIFIER)

int lockmgr_exit_watch(struct lockmgr_client *client, struct file *file, struct mm_struct *mm);
void lockmgr_exit_unwatch(struct lockmgr_client *client);
void lockmgr_exit_synchronize(void);

#else

static inline int lockmgr_exit_watch(struct lockmgr_client *client, struct file *file,
				     struct mm_struct *mm)
{
	return 0;
}

static inline void lockmgr_exit_unwatch(struct lockmgr_client *client)
{
}

static inline void lockmgr_exit_synchronize(void)
{
}

#endif

#endif /* LOCKMGR_EXIT_H */
