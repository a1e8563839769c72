/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_NOTE_H
#define LOCKMGR_NOTE_H

#include <linux/rbtree.h>
#include <linux/types.h>

/**
 * struct lockmgr_note - what an allocated id stands for
 * @node: in the tree of its space's notes
 * @id: the id
 * @text: at least one byte, and a terminating NUL
 */
struct lockmgr_note {
	struct rb_node node;
	u32 id;
	char text[];
};

bool lockmgr_note_valid(const char *text);

int lockmgr_note_create(struct lockmgr_note **note, const char *text);
struct lockmgr_note *lockmgr_note_find(const struct rb_root *notes, u32 id);
void lockmgr_note_insert(struct rb_root *notes, u32 id, struct lockmgr_note *note);
struct lockmgr_note *lockmgr_note_remove(struct rb_root *notes, u32 id);
void lockmgr_notes_destroy(struct rb_root *notes);

#endif /* LOCKMGR_NOTE_H */
