/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_OLD_H
#define LOCKMGR_OLD_H

#include <stddef.h>
#include <stdint.h>

struct lockmgr;

/* Programs that were linked with version 0.1 call this under the name lockmgr_list. */
int lockmgr_list_0_1(struct lockmgr *mgr, uint32_t filter, uint64_t *cursor, void *locks,
		     size_t max, size_t *count);

#endif /* LOCKMGR_OLD_H */
