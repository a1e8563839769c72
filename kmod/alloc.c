// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which ids of a space are allocated: the lowest free one, a given one, free,
 * free all, the next one.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "alloc.h"
#include "quota.h"

void lockmgr_ids_init(struct lockmgr_ids *ids, struct lockmgr_user *user, u32 capacity)
{
	mutex_init(&ids->lock);
	ids->capacity = capacity;
	ids->allocated = 0;
	bitmap_zero(ids->full, LOCKMGR_LEAVES);
	xa_init_flags(&ids->leaves, XA_FLAGS_ACCOUNT);
	ids->user = user;
}

void lockmgr_ids_destroy(struct lockmgr_ids *ids)
{
	lockmgr_ids_free_all(ids);
	/* Nodes that stores which failed have left behind. */
	xa_destroy(&ids->leaves);
	mutex_destroy(&ids->lock);
}

static unsigned long *find_leaf(struct lockmgr_ids *ids, u32 id)
{
	return xa_load(&ids->leaves, id / LOCKMGR_LEAF_IDS);
}

static bool is_allocated(struct lockmgr_ids *ids, u32 id)
{
	unsigned long *leaf = find_leaf(ids, id);

	lockdep_assert_held(&ids->lock);

	return leaf && test_bit(id % LOCKMGR_LEAF_IDS, leaf);
}

static unsigned long *make_leaf(struct lockmgr_ids *ids, u32 id)
{
	unsigned long *leaf = find_leaf(ids, id);
	int ret;

	lockdep_assert_held(&ids->lock);

	if (leaf)
		return leaf;

	leaf = kzalloc(LOCKMGR_LEAF_IDS / BITS_PER_BYTE, GFP_KERNEL_ACCOUNT);
	if (!leaf)
		return ERR_PTR(-ENOMEM);

	ret = xa_err(xa_store(&ids->leaves, id / LOCKMGR_LEAF_IDS, leaf, GFP_KERNEL_ACCOUNT));
	if (ret) {
		kfree(leaf);
		return ERR_PTR(ret);
	}

	return leaf;
}

/* Numbers that somebody relies on must outlive every file: hold the module. */
static void count_allocated(struct lockmgr_ids *ids, u32 allocated)
{
	lockdep_assert_held(&ids->lock);

	if (!ids->allocated && allocated)
		__module_get(THIS_MODULE);
	else if (ids->allocated && !allocated)
		module_put(THIS_MODULE);

	WRITE_ONCE(ids->allocated, allocated);
}

static void take_id(struct lockmgr_ids *ids, unsigned long *leaf, u32 id)
{
	lockdep_assert_held(&ids->lock);

	__set_bit(id % LOCKMGR_LEAF_IDS, leaf);
	if (bitmap_full(leaf, LOCKMGR_LEAF_IDS))
		__set_bit(id / LOCKMGR_LEAF_IDS, ids->full);
	count_allocated(ids, ids->allocated + 1);
}

/* What an allocation takes: the owner's leave and a leaf, or neither. */
static unsigned long *begin_allocation(struct lockmgr_ids *ids, u32 id)
{
	unsigned long *leaf;
	int ret;

	ret = lockmgr_quota_charge(&ids->user->ids, 1);
	if (ret)
		return ERR_PTR(ret);

	leaf = make_leaf(ids, id);
	if (IS_ERR(leaf))
		lockmgr_quota_uncharge(&ids->user->ids, 1);

	return leaf;
}

/**
 * lockmgr_ids_allocate() - allocate the lowest free id
 * @ids: the space's ids
 * @id: receives it
 *
 * Return: 0, -ENOSPC, -EDQUOT or -ENOMEM
 */
int lockmgr_ids_allocate(struct lockmgr_ids *ids, u32 *id)
{
	unsigned long *leaf;
	u32 first;

	guard(mutex)(&ids->lock);

	/* If not all ids are allocated, the lowest free one is below capacity. */
	if (ids->allocated >= ids->capacity)
		return -ENOSPC;

	first = find_first_zero_bit(ids->full, LOCKMGR_LEAVES) * LOCKMGR_LEAF_IDS;
	leaf = begin_allocation(ids, first);
	if (IS_ERR(leaf))
		return PTR_ERR(leaf);

	*id = first + find_first_zero_bit(leaf, LOCKMGR_LEAF_IDS);
	take_id(ids, leaf, *id);

	return 0;
}

/**
 * lockmgr_ids_allocate_id() - allocate a given id
 * @ids: the space's ids
 * @id: the id
 *
 * Return: 0, -EINVAL, -EEXIST, -EDQUOT or -ENOMEM
 */
int lockmgr_ids_allocate_id(struct lockmgr_ids *ids, u32 id)
{
	unsigned long *leaf;

	guard(mutex)(&ids->lock);

	if (id >= ids->capacity)
		return -EINVAL;

	if (is_allocated(ids, id))
		return -EEXIST;

	leaf = begin_allocation(ids, id);
	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	take_id(ids, leaf, id);

	return 0;
}

static void remove_leaf(struct lockmgr_ids *ids, unsigned long number, unsigned long *leaf)
{
	lockdep_assert_held(&ids->lock);

	xa_erase(&ids->leaves, number);
	kfree(leaf);
}

/**
 * lockmgr_ids_free() - give an id back
 * @ids: the space's ids
 * @id: the id
 *
 * Return: 0, -EINVAL or -ENOENT
 */
int lockmgr_ids_free(struct lockmgr_ids *ids, u32 id)
{
	unsigned long *leaf;

	guard(mutex)(&ids->lock);

	if (id >= ids->capacity)
		return -EINVAL;

	leaf = find_leaf(ids, id);
	if (!leaf || !__test_and_clear_bit(id % LOCKMGR_LEAF_IDS, leaf))
		return -ENOENT;

	__clear_bit(id / LOCKMGR_LEAF_IDS, ids->full);
	if (bitmap_empty(leaf, LOCKMGR_LEAF_IDS))
		remove_leaf(ids, id / LOCKMGR_LEAF_IDS, leaf);
	count_allocated(ids, ids->allocated - 1);
	lockmgr_quota_uncharge(&ids->user->ids, 1);

	return 0;
}

/**
 * lockmgr_ids_free_all() - give all ids back
 * @ids: the space's ids
 */
void lockmgr_ids_free_all(struct lockmgr_ids *ids)
{
	unsigned long *leaf;
	unsigned long number;

	guard(mutex)(&ids->lock);

	xa_for_each(&ids->leaves, number, leaf)
		remove_leaf(ids, number, leaf);
	bitmap_zero(ids->full, LOCKMGR_LEAVES);
	lockmgr_quota_uncharge(&ids->user->ids, ids->allocated);
	count_allocated(ids, 0);
}

static u32 next_locked(struct lockmgr_ids *ids, u32 id)
{
	unsigned long number = id / LOCKMGR_LEAF_IDS;
	unsigned long *leaf;
	u32 bit = id % LOCKMGR_LEAF_IDS;

	lockdep_assert_held(&ids->lock);

	xa_for_each_start(&ids->leaves, number, leaf, number) {
		if (number != id / LOCKMGR_LEAF_IDS)
			bit = 0;
		bit = find_next_bit(leaf, LOCKMGR_LEAF_IDS, bit);
		if (bit < LOCKMGR_LEAF_IDS)
			return number * LOCKMGR_LEAF_IDS + bit;
	}

	return U32_MAX;
}

/**
 * lockmgr_ids_next() - the next allocated id
 * @ids: the space's ids
 * @id: where to begin
 *
 * Return: the id, or U32_MAX if there is none
 */
u32 lockmgr_ids_next(struct lockmgr_ids *ids, u32 id)
{
	guard(mutex)(&ids->lock);

	return next_locked(ids, id);
}

/**
 * lockmgr_ids_set_capacity() - change the number of ids
 * @ids: the space's ids
 * @capacity: the new number
 *
 * Return: 0, or -EBUSY if an id beyond it is allocated
 */
int lockmgr_ids_set_capacity(struct lockmgr_ids *ids, u32 capacity)
{
	guard(mutex)(&ids->lock);

	if (next_locked(ids, capacity) != U32_MAX)
		return -EBUSY;
	WRITE_ONCE(ids->capacity, capacity);

	return 0;
}

/**
 * lockmgr_ids_test() - whether an id is allocated
 * @ids: the space's ids
 * @id: the id
 */
bool lockmgr_ids_test(struct lockmgr_ids *ids, u32 id)
{
	guard(mutex)(&ids->lock);

	return is_allocated(ids, id);
}

/**
 * lockmgr_ids_count() - how many ids there are, and are allocated
 * @ids: the space's ids
 * @capacity: receives the number of ids
 * @allocated: receives how many of them are allocated at the same moment
 */
void lockmgr_ids_count(struct lockmgr_ids *ids, u32 *capacity, u32 *allocated)
{
	guard(mutex)(&ids->lock);

	*capacity = ids->capacity;
	*allocated = ids->allocated;
}
