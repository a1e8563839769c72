/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_EXIT_H
#define LOCKMGR_EXIT_H

#include <linux/kconfig.h>

struct lockmgr_client;
struct vm_area_struct;

#if IS_ENABLED(CONFIG_MMU_NOTIFIER)

int lockmgr_exit_watch(struct lockmgr_client *client, const struct vm_area_struct *vma);
void lockmgr_exit_unwatch(struct lockmgr_client *client);

#else

static inline int lockmgr_exit_watch(struct lockmgr_client *client,
				     const struct vm_area_struct *vma)
{
	return 0;
}

static inline void lockmgr_exit_unwatch(struct lockmgr_client *client)
{
}

#endif

#endif /* LOCKMGR_EXIT_H */
