/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_PERMIT_H
#define LOCKMGR_PERMIT_H

#include <linux/cred.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct lockmgr_space;
struct lockmgr_space_args;

/**
 * enum lockmgr_class - classes of a space's users, the weakest first
 * @LOCKMGR_CLASS_OTHERS: anybody
 * @LOCKMGR_CLASS_GROUP: a member of the space's group
 * @LOCKMGR_CLASS_OWNER: the space's owner
 * @LOCKMGR_CLASS_CAPABLE: somebody with the capabilities to act as any owner
 * @LOCKMGR_CLASSES: how many there are
 */
enum lockmgr_class {
	LOCKMGR_CLASS_OTHERS,
	LOCKMGR_CLASS_GROUP,
	LOCKMGR_CLASS_OWNER,
	LOCKMGR_CLASS_CAPABLE,
	LOCKMGR_CLASSES
};

bool lockmgr_may_administrate(kuid_t owner, const struct cred *cred);
bool lockmgr_may_create(const struct lockmgr_space_args *args);
bool lockmgr_space_permits(const struct lockmgr_space *space, const struct cred *cred, int want);
enum lockmgr_class lockmgr_space_class(const struct lockmgr_space *space, const struct cred *cred);
bool lockmgr_space_may_be_mapped(const struct lockmgr_space *space);
bool lockmgr_may_map(const struct lockmgr_space *space, const struct cred *cred);

#endif /* LOCKMGR_PERMIT_H */
