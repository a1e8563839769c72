/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_PERMIT_H
#define LOCKMGR_PERMIT_H

#include <linux/cred.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct lockmgr_space;
struct lockmgr_space_args;

bool lockmgr_may_administrate(kuid_t owner, const struct cred *cred);
bool lockmgr_may_create(const struct lockmgr_space_args *args);
bool lockmgr_space_permits(const struct lockmgr_space *space, const struct cred *cred, int want);
bool lockmgr_space_may_be_mapped(const struct lockmgr_space *space);

#endif /* LOCKMGR_PERMIT_H */
