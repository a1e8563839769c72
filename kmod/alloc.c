// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which ids of a space are allocated: allocating the lowest free id or a given one, freeing one
 * or all, finding the next allocated one; and the notes of allocated ids.
 */
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "alloc.h"
#include "note.h"
#include "quota.h"

void lockmgr_ids_init(struct lockmgr_ids *ids, struct lockmgr_payers *payers, u32 capacity)
{
	mutex_init(&ids->lock);
	ids->capacity = capacity;
	ids->allocated = 0;
	bitmap_zero(ids->full, LOCKMGR_LEAVES);
	memset(ids->branches, 0, sizeof(ids->branches));
	ids->notes = RB_ROOT;
	ids->payers = payers;
}

void lockmgr_ids_destroy(struct lockmgr_ids *ids)
{
	lockmgr_ids_free_all(ids);
	mutex_destroy(&ids->lock);
}

/* ------------------------------------------------------------------------
 * Branches and leaves
 */

/**
 * struct spare - the memory that allocating an id may need, obtained before ids->lock is taken
 * @branch: becomes the branch of the id, if that is missing
 * @leaf: becomes the leaf of the id, likewise
 * @note: becomes the note of the id; NULL: the id gets none
 *
 * A task that waits for that lock must not wait for this memory, too: the memory cgroup of the
 * task that allocates it may be full.
 */
struct spare {
	struct lockmgr_branch *branch;
	unsigned long *leaf;
	struct lockmgr_note *note;
};

static void alloc_free_spare(const struct spare *spare)
{
	kfree(spare->branch);
	kfree(spare->leaf);
	kfree(spare->note);
}

static int alloc_make_spare_leaf(struct spare *spare)
{
	spare->branch = kzalloc(sizeof(*spare->branch), GFP_KERNEL_ACCOUNT);
	spare->leaf = kzalloc(LOCKMGR_LEAF_IDS / BITS_PER_BYTE, GFP_KERNEL_ACCOUNT);

	return spare->branch && spare->leaf ? 0 : -ENOMEM;
}

static unsigned long *alloc_leaf_at(struct lockmgr_ids *ids, u32 number)
{
	struct lockmgr_branch *branch = ids->branches[number / LOCKMGR_BRANCH_LEAVES];

	lockdep_assert_held(&ids->lock);

	return branch ? branch->leaves[number % LOCKMGR_BRANCH_LEAVES] : NULL;
}

static unsigned long *alloc_find_leaf(struct lockmgr_ids *ids, u32 id)
{
	return alloc_leaf_at(ids, id / LOCKMGR_LEAF_IDS);
}

/* Returns the leaf of an id; takes from the spare what is missing of branch and leaf. */
static unsigned long *alloc_use_leaf(struct lockmgr_ids *ids, u32 id, struct spare *spare)
{
	u32 number = id / LOCKMGR_LEAF_IDS;
	struct lockmgr_branch **branch = &ids->branches[number / LOCKMGR_BRANCH_LEAVES];
	unsigned long **leaf;

	lockdep_assert_held(&ids->lock);

	if (!*branch)
		swap(*branch, spare->branch);
	leaf = &(*branch)->leaves[number % LOCKMGR_BRANCH_LEAVES];
	if (!*leaf) {
		swap(*leaf, spare->leaf);
		(*branch)->count++;
	}

	return *leaf;
}

static void alloc_remove_leaf(struct lockmgr_ids *ids, u32 number)
{
	struct lockmgr_branch **branch = &ids->branches[number / LOCKMGR_BRANCH_LEAVES];
	unsigned long **leaf = &(*branch)->leaves[number % LOCKMGR_BRANCH_LEAVES];

	lockdep_assert_held(&ids->lock);

	kfree(*leaf);
	*leaf = NULL;
	if (!--(*branch)->count) {
		kfree(*branch);
		*branch = NULL;
	}
}

static bool alloc_is_allocated(struct lockmgr_ids *ids, u32 id)
{
	unsigned long *leaf;

	lockdep_assert_held(&ids->lock);

	if (id >= LOCKMGR_CAPACITY_MAX)
		return false;
	leaf = alloc_find_leaf(ids, id);

	return leaf && test_bit(id % LOCKMGR_LEAF_IDS, leaf);
}

/* ------------------------------------------------------------------------
 * Allocating
 */

/* Allocated ids must stay when no file is open: while there are any, hold the module. */
static void alloc_count_allocated(struct lockmgr_ids *ids, u32 allocated)
{
	lockdep_assert_held(&ids->lock);

	if (!ids->allocated && allocated)
		__module_get(THIS_MODULE);
	else if (ids->allocated && !allocated)
		module_put(THIS_MODULE);

	WRITE_ONCE(ids->allocated, allocated);
}

/* Gives the id, which has no note, the spare's note, if there is one. */
static void alloc_put_note(struct lockmgr_ids *ids, u32 id, struct spare *spare)
{
	lockdep_assert_held(&ids->lock);

	if (spare->note)
		lockmgr_note_insert(&ids->notes, id, spare->note);
	spare->note = NULL;
}

static void alloc_remove_note(struct lockmgr_ids *ids, u32 id)
{
	lockdep_assert_held(&ids->lock);

	kfree(lockmgr_note_remove(&ids->notes, id));
}

static void alloc_take_id(struct lockmgr_ids *ids, u32 id, struct spare *spare)
{
	unsigned long *leaf = alloc_use_leaf(ids, id, spare);

	lockdep_assert_held(&ids->lock);

	alloc_put_note(ids, id, spare);
	__set_bit(id % LOCKMGR_LEAF_IDS, leaf);
	if (bitmap_full(leaf, LOCKMGR_LEAF_IDS))
		__set_bit(id / LOCKMGR_LEAF_IDS, ids->full);
	alloc_count_allocated(ids, ids->allocated + 1);
}

static int alloc_find_lowest(struct lockmgr_ids *ids, u32 *id)
{
	unsigned long *leaf;

	/* All allocated ids are below capacity; if they are fewer, so is the lowest free one. */
	if (ids->allocated >= ids->capacity)
		return -ENOSPC;

	*id = find_first_zero_bit(ids->full, LOCKMGR_LEAVES) * LOCKMGR_LEAF_IDS;
	leaf = alloc_find_leaf(ids, *id);
	if (leaf)
		*id += find_first_zero_bit(leaf, LOCKMGR_LEAF_IDS);

	return 0;
}

static int alloc_check_given(struct lockmgr_ids *ids, u32 *id)
{
	if (*id >= ids->capacity)
		return -EINVAL;

	return alloc_is_allocated(ids, *id) ? -EEXIST : 0;
}

typedef int (*choose_fn)(struct lockmgr_ids *ids, u32 *id);

/* Returns -EAGAIN if the id needs a new leaf, and the spare has none. */
static int alloc_try_to_allocate(struct lockmgr_ids *ids, choose_fn choose, u32 *id, bool favoured,
				 struct spare *spare)
{
	int ret;

	guard(mutex)(&ids->lock);

	ret = choose(ids, id);
	if (ret)
		return ret;
	if (!alloc_find_leaf(ids, *id) && !spare->leaf)
		return -EAGAIN;
	ret = lockmgr_quota_charge(ids->payers, LOCKMGR_CHARGE_IDS, 1, favoured);
	if (ret)
		return ret;
	alloc_take_id(ids, *id, spare);

	return 0;
}

static int alloc_allocate(struct lockmgr_ids *ids, choose_fn choose, u32 *id, bool favoured,
			  const char *text)
{
	struct spare spare = {};
	int ret;

	ret = lockmgr_note_create(&spare.note, text);
	if (!ret)
		ret = alloc_try_to_allocate(ids, choose, id, favoured, &spare);
	if (ret == -EAGAIN) {
		ret = alloc_make_spare_leaf(&spare);
		if (!ret)
			ret = alloc_try_to_allocate(ids, choose, id, favoured, &spare);
	}
	alloc_free_spare(&spare);

	return ret;
}

/**
 * lockmgr_ids_allocate_noted() - allocate the lowest free id, and note what it stands for
 * @ids: the space's ids
 * @id: receives it
 * @favoured: as lockmgr_quota_charge()
 * @text: its note, valid; "": none
 *
 * Return: 0, -ENOSPC, -EDQUOT or -ENOMEM
 */
int lockmgr_ids_allocate_noted(struct lockmgr_ids *ids, u32 *id, bool favoured,
			       const char *text)
{
	u32 lowest;
	int ret = alloc_allocate(ids, alloc_find_lowest, &lowest, favoured, text);

	if (!ret)
		*id = lowest;

	return ret;
}

/**
 * lockmgr_ids_allocate() - allocate the lowest free id
 * @ids: as lockmgr_ids_allocate_noted()
 * @id: likewise
 * @favoured: likewise
 *
 * Return: as lockmgr_ids_allocate_noted()
 */
int lockmgr_ids_allocate(struct lockmgr_ids *ids, u32 *id, bool favoured)
{
	return lockmgr_ids_allocate_noted(ids, id, favoured, "");
}

/**
 * lockmgr_ids_allocate_id_noted() - allocate a given id, and note what it stands for
 * @ids: the space's ids
 * @id: the id
 * @favoured: as lockmgr_quota_charge()
 * @text: its note, valid; "": none
 *
 * Return: 0, -EINVAL, -EEXIST, -EDQUOT or -ENOMEM
 */
int lockmgr_ids_allocate_id_noted(struct lockmgr_ids *ids, u32 id, bool favoured,
				  const char *text)
{
	return alloc_allocate(ids, alloc_check_given, &id, favoured, text);
}

/**
 * lockmgr_ids_allocate_id() - allocate a given id
 * @ids: as lockmgr_ids_allocate_id_noted()
 * @id: likewise
 * @favoured: likewise
 *
 * Return: as lockmgr_ids_allocate_id_noted()
 */
int lockmgr_ids_allocate_id(struct lockmgr_ids *ids, u32 id, bool favoured)
{
	return lockmgr_ids_allocate_id_noted(ids, id, favoured, "");
}

static int alloc_replace_note(struct lockmgr_ids *ids, u32 id, struct spare *spare)
{
	guard(mutex)(&ids->lock);

	if (id >= ids->capacity)
		return -EINVAL;
	if (!alloc_is_allocated(ids, id))
		return -ENOENT;

	alloc_remove_note(ids, id);
	alloc_put_note(ids, id, spare);

	return 0;
}

/**
 * lockmgr_ids_set_note() - note what an id stands for
 * @ids: the space's ids
 * @id: the id
 * @text: its note from now on, valid; "": none
 *
 * Return: 0, -EINVAL, -ENOENT if the id is not allocated, or -ENOMEM
 */
int lockmgr_ids_set_note(struct lockmgr_ids *ids, u32 id, const char *text)
{
	struct spare spare = {};
	int ret;

	ret = lockmgr_note_create(&spare.note, text);
	if (!ret)
		ret = alloc_replace_note(ids, id, &spare);
	alloc_free_spare(&spare);

	return ret;
}

/* ------------------------------------------------------------------------
 * Freeing, and looking
 */

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

	leaf = alloc_find_leaf(ids, id);
	if (!leaf || !__test_and_clear_bit(id % LOCKMGR_LEAF_IDS, leaf))
		return -ENOENT;

	alloc_remove_note(ids, id);
	__clear_bit(id / LOCKMGR_LEAF_IDS, ids->full);
	if (bitmap_empty(leaf, LOCKMGR_LEAF_IDS))
		alloc_remove_leaf(ids, id / LOCKMGR_LEAF_IDS);
	alloc_count_allocated(ids, ids->allocated - 1);
	lockmgr_quota_uncharge(ids->payers, LOCKMGR_CHARGE_IDS, 1);

	return 0;
}

/* Returns the notes of the ids. */
static struct rb_root alloc_remove_all(struct lockmgr_ids *ids)
{
	struct rb_root notes;
	u32 number;

	guard(mutex)(&ids->lock);

	notes = ids->notes;
	ids->notes = RB_ROOT;

	for (number = 0; number < LOCKMGR_LEAVES; number++)
		if (alloc_leaf_at(ids, number))
			alloc_remove_leaf(ids, number);
	bitmap_zero(ids->full, LOCKMGR_LEAVES);
	lockmgr_quota_uncharge(ids->payers, LOCKMGR_CHARGE_IDS, ids->allocated);
	alloc_count_allocated(ids, 0);

	return notes;
}

/**
 * lockmgr_ids_free_all() - give all ids back
 * @ids: the space's ids
 */
void lockmgr_ids_free_all(struct lockmgr_ids *ids)
{
	struct rb_root notes = alloc_remove_all(ids);

	/* There may be a million notes: free them without the lock, so that nobody waits long. */
	lockmgr_notes_destroy(&notes);
}

static u32 alloc_next_locked(struct lockmgr_ids *ids, u32 id)
{
	u32 number = id / LOCKMGR_LEAF_IDS;
	u32 bit = id % LOCKMGR_LEAF_IDS;

	lockdep_assert_held(&ids->lock);

	for (; number < LOCKMGR_LEAVES; number++, bit = 0) {
		unsigned long *leaf = alloc_leaf_at(ids, number);

		if (!leaf)
			continue;
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

	return alloc_next_locked(ids, id);
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

	if (alloc_next_locked(ids, capacity) != U32_MAX)
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

	return alloc_is_allocated(ids, id);
}

/**
 * lockmgr_ids_describe() - whether an id is allocated, and what it stands for
 * @ids: the space's ids
 * @id: the id
 * @text: LOCKMGR_NOTE_SIZE zeros; receives the id's note at the same moment, if it has one
 */
bool lockmgr_ids_describe(struct lockmgr_ids *ids, u32 id, char *text)
{
	const struct lockmgr_note *note;

	guard(mutex)(&ids->lock);

	note = lockmgr_note_find(&ids->notes, id);
	if (note)
		strscpy(text, note->text, LOCKMGR_NOTE_SIZE);

	return alloc_is_allocated(ids, id);
}

/**
 * lockmgr_ids_count() - how many ids there are, and how many of them are allocated
 * @ids: the space's ids
 * @capacity: receives the number of ids
 * @allocated: receives how many of them were allocated at the same moment
 */
void lockmgr_ids_count(struct lockmgr_ids *ids, u32 *capacity, u32 *allocated)
{
	guard(mutex)(&ids->lock);

	*capacity = ids->capacity;
	*allocated = ids->allocated;
}
