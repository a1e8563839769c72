/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_ALLOC_H
#define LOCKMGR_ALLOC_H

#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include <linux/lockmgr.h>

struct lockmgr_user;

/* A leaf has a bit for each of this many ids: 128 bytes. */
#define LOCKMGR_LEAF_IDS	1024U
#define LOCKMGR_LEAVES		(LOCKMGR_CAPACITY_MAX / LOCKMGR_LEAF_IDS)

/**
 * struct lockmgr_ids - which ids of a space are allocated
 * @capacity: number of ids
 * @allocated: how many of them are allocated; all are below @capacity.  While it
 *	is not 0 the module cannot be unloaded.
 * @full: leaves in which every id is allocated
 * @leaves: bitmaps of LOCKMGR_LEAF_IDS bits, made on first use
 * @user: to whom ids are charged
 *
 * Two levels of 1024 bits: the lowest free id is found in at most 32 words, the
 * first as the millionth.
 */
struct lockmgr_ids {
	/** @lock: guards all else; @capacity and @allocated may be read without */
	struct mutex lock;
	u32 capacity;
	u32 allocated;
	DECLARE_BITMAP(full, LOCKMGR_LEAVES);
	struct xarray leaves;
	struct lockmgr_user *user;
};

void lockmgr_ids_init(struct lockmgr_ids *ids, struct lockmgr_user *user, u32 capacity);
void lockmgr_ids_destroy(struct lockmgr_ids *ids);

int lockmgr_ids_allocate(struct lockmgr_ids *ids, u32 *id);
int lockmgr_ids_allocate_id(struct lockmgr_ids *ids, u32 id);
int lockmgr_ids_free(struct lockmgr_ids *ids, u32 id);
void lockmgr_ids_free_all(struct lockmgr_ids *ids);

int lockmgr_ids_set_capacity(struct lockmgr_ids *ids, u32 capacity);
void lockmgr_ids_count(struct lockmgr_ids *ids, u32 *capacity, u32 *allocated);
bool lockmgr_ids_test(struct lockmgr_ids *ids, u32 id);
u32 lockmgr_ids_next(struct lockmgr_ids *ids, u32 id);

#endif /* LOCKMGR_ALLOC_H */
