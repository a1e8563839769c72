/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_NAMES_H
#define LOCKMGR_NAMES_H

#include <linux/cred.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct lockmgr_namespace;
struct lockmgr_space;
struct lockmgr_space_args;

bool lockmgr_space_name_valid(const char *name);

struct lockmgr_space *lockmgr_name_find(const struct lockmgr_space_args *args);
int lockmgr_name_give(struct lockmgr_space *space);
void lockmgr_name_take_back(struct lockmgr_space *space);
int lockmgr_space_unlink(struct lockmgr_namespace *namespace, kuid_t owner, const char *name,
			 const struct cred *cred);

struct lockmgr_space *lockmgr_spaces_next_named(struct lockmgr_namespace *namespace,
						unsigned long *number);

void lockmgr_spaces_end(struct lockmgr_namespace *namespace);

int lockmgr_spaces_init(void);
void lockmgr_spaces_exit(void);

#endif /* LOCKMGR_NAMES_H */
