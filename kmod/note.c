// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes: a few bytes of text that say what an allocated id stands for.
 *
 * A space has a tree of notes, sorted by id.  An id without a note is not in it and costs
 * nothing; an id with a note costs one allocation of 29 bytes plus the length of the text (so
 * up to 96 bytes of slab).  It is charged to the memory cgroup of the task that sets
 * the note.  There is at most one note for each allocated id, so the limit on allocated ids
 * bounds the notes, too.
 *
 * ids->lock (alloc.c) guards the tree: so an id that is not allocated has no note at any
 * moment.  A note is made before that lock is taken; inserting or removing it allocates nothing
 * and cannot fail.  Readers take the lock as well, and copy the text.
 */
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <linux/lockmgr.h>

#include "note.h"

/**
 * lockmgr_note_valid() - whether a text can be a note, or is "" for none
 * @text: LOCKMGR_NOTE_SIZE bytes
 */
bool lockmgr_note_valid(const char *text)
{
	size_t length = strnlen(text, LOCKMGR_NOTE_SIZE);

	return length < LOCKMGR_NOTE_SIZE &&
	       !memchr_inv(text + length, 0, LOCKMGR_NOTE_SIZE - length);
}

/**
 * lockmgr_note_create() - make a note
 * @note: receives the note, or NULL if @text is ""; the caller frees it with kfree(), unless it
 *	inserts it
 * @text: the text of the note, valid
 *
 * Return: 0 or -ENOMEM
 */
int lockmgr_note_create(struct lockmgr_note **note, const char *text)
{
	size_t length = strlen(text);

	*note = NULL;
	if (!length)
		return 0;

	*note = kmalloc(struct_size(*note, text, length + 1), GFP_KERNEL_ACCOUNT);
	if (!*note)
		return -ENOMEM;
	memcpy((*note)->text, text, length + 1);

	return 0;
}

/**
 * lockmgr_note_find() - the note of an id
 * @notes: the space's notes; the caller has locked its ids
 * @id: the id
 *
 * Return: the note, or NULL
 */
struct lockmgr_note *lockmgr_note_find(const struct rb_root *notes, u32 id)
{
	struct rb_node *node = notes->rb_node;

	while (node) {
		struct lockmgr_note *note = rb_entry(node, struct lockmgr_note, node);

		if (note->id == id)
			return note;
		node = id < note->id ? node->rb_left : node->rb_right;
	}

	return NULL;
}

/**
 * lockmgr_note_insert() - give an id a note
 * @notes: the space's notes; the caller has locked its ids
 * @id: the id, which has none
 * @note: the note, which then belongs to the tree
 */
void lockmgr_note_insert(struct rb_root *notes, u32 id, struct lockmgr_note *note)
{
	struct rb_node **link = &notes->rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		parent = *link;
		link = id < rb_entry(parent, struct lockmgr_note, node)->id ? &parent->rb_left :
									      &parent->rb_right;
	}
	note->id = id;
	rb_link_node(&note->node, parent, link);
	rb_insert_color(&note->node, notes);
}

/**
 * lockmgr_note_remove() - take an id's note away
 * @notes: the space's notes; the caller has locked its ids
 * @id: the id
 *
 * Return: the note, which is the caller's to free; NULL if the id had none
 */
struct lockmgr_note *lockmgr_note_remove(struct rb_root *notes, u32 id)
{
	struct lockmgr_note *note = lockmgr_note_find(notes, id);

	if (note)
		rb_erase(&note->node, notes);

	return note;
}

/**
 * lockmgr_notes_destroy() - free all notes
 * @notes: a tree that nobody else can reach any more
 */
void lockmgr_notes_destroy(struct rb_root *notes)
{
	struct lockmgr_note *note, *next;

	rbtree_postorder_for_each_entry_safe(note, next, notes, node) {
		kfree(note);
		cond_resched();
	}
}
