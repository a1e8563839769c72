/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_MAP_H
#define LOCKMGR_MAP_H

#include <stdint.h>

#include <linux/lockmgr.h>

/* The module permits the use of records by groups: those of the smallest page there is. */
#define MAP_PAGE_RECORDS	256U
#define MAP_PAGES		(LOCKMGR_CAPACITY_MAX / MAP_PAGE_RECORDS)

struct lockmgr;

extern unsigned int lockmgr_map_after;

void lockmgr_map_init(struct lockmgr *mgr);
void lockmgr_map_use(struct lockmgr *mgr, uint32_t id);
void lockmgr_map_destroy(struct lockmgr *mgr);

#endif /* LOCKMGR_MAP_H */
