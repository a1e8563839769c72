/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All code that depends on the version of the kernel.  Kbuild refuses kernels that are too old.
 *
 * Each condition says which change of the kernel it answers.  It can go with the last kernel
 * before that change which lockmgr builds for: those before 6.5 with Debian 12's 6.1, the one of
 * 6.18 with Debian 13's 6.12.
 */
#ifndef LOCKMGR_COMPAT_H
#define LOCKMGR_COMPAT_H

#include <linux/mm.h>
#include <linux/ns_common.h>
#include <linux/refcount.h>
#include <linux/version.h>

/* 6.2 made the struct kobject const that get_ownership() of struct kobj_type receives. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define LOCKMGR_OWNERSHIP_CONST
#else
#define LOCKMGR_OWNERSHIP_CONST	const
#endif

/* 6.3 made vm_flags const, and added functions that change them and assert the lock. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* How many references there are to a namespace.  6.18 renamed the member. */
static inline unsigned int lockmgr_ns_references(const struct ns_common *ns)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	return refcount_read(&ns->count);
#else
	return refcount_read(&ns->__ns_ref);
#endif
}

#endif /* LOCKMGR_COMPAT_H */
