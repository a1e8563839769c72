/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The segment of locks as the C code in Podman knows it: from 4.3 (Debian 12) to 5.4
 * (Debian 13) it is the same.
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
/** Instead of an id: the mutex that guards the bitmaps. */
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

/** How many groups a segment of that size has; 0: no segment has that size. */
uint32_t segment_groups(size_t size);

/** Whether a header is that of a segment with that many groups. */
bool segment_is_valid(const struct segment *segment, uint32_t groups);

/** Fill in a header; @locks is not groups * 32 where a check in Podman shall fail. */
void segment_begin(struct segment *segment, uint32_t groups, uint32_t locks);

/** Which lock a mutex is.  False: there is none at that address. */
bool segment_find(const struct segment *segment, uint32_t groups, const void *mutex,
		  uint32_t *id);

#endif /* SEGMENT_H */
