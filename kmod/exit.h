/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_EXIT_H
#define LOCKMGR_EXIT_H

#include <linux/kconfig.h>

struct mm_struct;

#if IS_ENABLED(CONFIG_MMU_NOTIFIER)

int lockmgr_exit_watch(struct mm_struct *mm);
int lockmgr_exit_init(void);
void lockmgr_exit_stop(void);

#else

static inline int lockmgr_exit_watch(struct mm_struct *mm)
{
	return 0;
}

static inline int lockmgr_exit_init(void)
{
	return 0;
}

static inline void lockmgr_exit_stop(void)
{
}

#endif

#endif /* LOCKMGR_EXIT_H */
