/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_ALLOCATIONS_H
#define LOCKCTL_ALLOCATIONS_H

#include <stdio.h>

#include "space.h"

/** struct noted - what an id stands for */
struct noted {
	uint32_t id;
	char note[LOCKMGR_LOCK_NOTE_SIZE];
};

/** struct notes - the ids that have a note, in ascending order; all zeros: none */
struct notes {
	struct noted *notes;
	size_t count;
	size_t room;
};

void notes_add(struct notes *notes, uint32_t id, const char *note);
const char *notes_find(const struct notes *notes, uint32_t id);

/** struct range - consecutive ids */
struct range {
	uint32_t first;
	uint32_t last;
};

/** struct ranges - ids in ascending order; all zeros: none */
struct ranges {
	struct range *ranges;
	size_t count;
	size_t room;
};

void ranges_add(struct ranges *ranges, uint32_t id);
uint64_t ranges_ids(const struct ranges *ranges);
void ranges_print(const struct ranges *ranges, FILE *file);
void ranges_free(struct ranges *ranges);

/**
 * struct allocations - what is allocated in a space, and what it takes to create the space again
 */
struct allocations {
	struct space space;
	gid_t group;
	uint32_t mode;
	uint32_t capacity;
	uint64_t generation;
	struct ranges ids;
	struct notes notes;
};

void allocations_write(const struct allocations *allocations, FILE *file);
unsigned int allocations_read(struct allocations *allocations, FILE *file);
void allocations_free(struct allocations *allocations);

#endif /* LOCKCTL_ALLOCATIONS_H */
