/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_EXIT_H
#define LOCKMGR_EXIT_H

#include <linux/kconfig.h>
#include <linux/list.h>

struct file;
struct lockmgr_client;
struct vm_area_struct;

/**
 * struct lockmgr_exit - a client that is to end with a memory
 * @node: in the list of that memory; empty: in none
 * @file: the client's file, once it has been in a list
 * @ending: it is looked at, and perhaps ended, at this moment
 */
struct lockmgr_exit {
	struct list_head node;
	struct file *file;
	bool ending;
};

#if IS_ENABLED(CONFIG_MMU_NOTIFIER)

int lockmgr_exit_watch(struct lockmgr_client *client, const struct vm_area_struct *vma);
void lockmgr_exit_unwatch(struct lockmgr_client *client);
int lockmgr_exit_init(void);
void lockmgr_exit_stop(void);

#else

static inline int lockmgr_exit_watch(struct lockmgr_client *client,
				     const struct vm_area_struct *vma)
{
	return 0;
}

static inline void lockmgr_exit_unwatch(struct lockmgr_client *client)
{
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
