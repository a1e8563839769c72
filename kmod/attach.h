/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_ATTACH_H
#define LOCKMGR_ATTACH_H

#include <linux/types.h>

struct lockmgr_client;
struct lockmgr_space_args;

int lockmgr_attach_begin(struct lockmgr_client *client, const struct lockmgr_space_args *args,
			 bool detect, bool ends_with_process);
void lockmgr_attach_finish(struct lockmgr_client *client, bool told);

#endif /* LOCKMGR_ATTACH_H */
