/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that depends on the version of the kernel.
 */
#ifndef LOCKMGR_COMPAT_H
#define LOCKMGR_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "lockmgr needs Linux 6.1 or later"
#endif

#endif /* LOCKMGR_COMPAT_H */
