/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The segment of locks as the C code in Podman lays it out, the same from version 4.3
 * (Debian 12) to 5.4 (Debian 13).
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_MAGIC		0x87D1
/** Locks of one group: the bits of its bitmap. */
#define SEGMENT_GROUP_LOCKS	32U
/** In place of an id: the mutex that guards the bitmaps. */
#define SEGMENT_OWN_LOCK	UINT32_MAX

struct segment_group {
	uint32_t        allocated;
	pthread_mutex_t mutexes[SEGMENT_GROUP_LOCKS];
};

struct segment {
	uint16_t             magic;
	uint16_t             version;
	pthread_mutex_t      own_mutex;
	uint32_t             groups;
	uint32_t             locks;
	struct segment_group group[];
};

/** How many groups a segment of @size bytes has; 0: no segment has that size. */
uint32_t segment_groups(size_t size);

/** Whether the header is that of a segment with @groups groups. */
bool segment_is_valid(const struct segment *segment, uint32_t groups);

/** Fill in the header.  With @locks other than @groups * 32, a check in Podman fails. */
void segment_begin(struct segment *segment, uint32_t groups, uint32_t locks);

/** Find the id of the lock that @mutex stands for.  False: no mutex is at that address. */
bool segment_find(const struct segment *segment, uint32_t groups, const void *mutex,
		  uint32_t *id);

#endif /* SEGMENT_H */
