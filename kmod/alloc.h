/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_ALLOC_H
#define LOCKMGR_ALLOC_H

#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include <linux/lockmgr.h>

struct lockmgr_payers;

/* A leaf has a bit for each of this many ids: 128 bytes. */
#define LOCKMGR_LEAF_IDS	1024U
#define LOCKMGR_LEAVES		(LOCKMGR_CAPACITY_MAX / LOCKMGR_LEAF_IDS)

/* A branch has a pointer to each of this many leaves. */
#define LOCKMGR_BRANCH_LEAVES	32U
#define LOCKMGR_BRANCHES	(LOCKMGR_LEAVES / LOCKMGR_BRANCH_LEAVES)

/**
 * struct lockmgr_branch - leaves with adjacent ids
 * @count: how many of these leaves exist, not 0
 * @leaves: bitmaps of LOCKMGR_LEAF_IDS bits; NULL: none of those ids is allocated
 */
struct lockmgr_branch {
	u32 count;
	unsigned long *leaves[LOCKMGR_BRANCH_LEAVES];
};

/**
 * struct lockmgr_ids - which ids of a space are allocated
 * @capacity: number of ids
 * @allocated: how many of them are allocated; all are below @capacity.  While it
 *	is not 0 the module cannot be unloaded.
 * @full: a bit for each leaf, set while every id of the leaf is allocated
 * @branches: the branches; a branch or a leaf exists while an id in it is allocated
 * @notes: struct lockmgr_note, by id; only of allocated ids
 * @payers: the users to whom ids are charged
 *
 * Two levels of 1024 bits: searching for the lowest free id reads at most 32 words of 64 bits,
 * however many ids are allocated.  Whichever id an allocation takes, at most one branch and one
 * leaf are missing for it, so the memory for them can be allocated before the lock is taken.
 */
struct lockmgr_ids {
	/** @lock: guards everything else; @capacity and @allocated may be read without it */
	struct mutex lock;
	u32 capacity;
	u32 allocated;
	DECLARE_BITMAP(full, LOCKMGR_LEAVES);
	struct lockmgr_branch *branches[LOCKMGR_BRANCHES];
	struct rb_root notes;
	struct lockmgr_payers *payers;
};

void lockmgr_ids_init(struct lockmgr_ids *ids, struct lockmgr_payers *payers, u32 capacity);
void lockmgr_ids_destroy(struct lockmgr_ids *ids);

int lockmgr_ids_allocate(struct lockmgr_ids *ids, u32 *id, bool favoured);
int lockmgr_ids_allocate_noted(struct lockmgr_ids *ids, u32 *id, bool favoured,
			       const char *text);
int lockmgr_ids_allocate_id(struct lockmgr_ids *ids, u32 id, bool favoured);
int lockmgr_ids_allocate_id_noted(struct lockmgr_ids *ids, u32 id, bool favoured,
				  const char *text);
int lockmgr_ids_set_note(struct lockmgr_ids *ids, u32 id, const char *text);
int lockmgr_ids_free(struct lockmgr_ids *ids, u32 id);
void lockmgr_ids_free_all(struct lockmgr_ids *ids);

int lockmgr_ids_set_capacity(struct lockmgr_ids *ids, u32 capacity);
void lockmgr_ids_count(struct lockmgr_ids *ids, u32 *capacity, u32 *allocated);
bool lockmgr_ids_test(struct lockmgr_ids *ids, u32 id);
bool lockmgr_ids_describe(struct lockmgr_ids *ids, u32 id, char *text);
u32 lockmgr_ids_next(struct lockmgr_ids *ids, u32 id);

#endif /* LOCKMGR_ALLOC_H */
