// SPDX-License-Identifier: LGPL-2.1-or-later
/* The layout of a segment: its size, its header, and which lock a mutex in it stands for. */
#include "segment.h"

uint32_t segment_groups(size_t size)
{
	const size_t header = sizeof(struct segment), group = sizeof(struct segment_group);
	size_t groups;

	if (size <= header || (size - header) % group)
		return 0;

	groups = (size - header) / group;
	return groups > UINT32_MAX / SEGMENT_GROUP_LOCKS ? 0 : (uint32_t)groups;
}

bool segment_is_valid(const struct segment *segment, uint32_t groups)
{
	return segment->magic == SEGMENT_MAGIC && !segment->version &&
	       segment->groups == groups && segment->locks == groups * SEGMENT_GROUP_LOCKS;
}

void segment_begin(struct segment *segment, uint32_t groups, uint32_t locks)
{
	segment->magic = SEGMENT_MAGIC;
	segment->version = 0;
	segment->groups = groups;
	segment->locks = locks;
}

bool segment_find(const struct segment *segment, uint32_t groups, const void *mutex,
		  uint32_t *id)
{
	size_t offset, group, place;

	if (mutex == &segment->own_mutex) {
		*id = SEGMENT_OWN_LOCK;
		return true;
	}
	if ((const char *)mutex < (const char *)segment->group)
		return false;

	offset = (size_t)((const char *)mutex - (const char *)segment->group);
	group = offset / sizeof(struct segment_group);
	offset %= sizeof(struct segment_group);
	if (group >= groups || offset < offsetof(struct segment_group, mutexes))
		return false;

	offset -= offsetof(struct segment_group, mutexes);
	place = offset / sizeof(pthread_mutex_t);
	if (offset % sizeof(pthread_mutex_t) || place >= SEGMENT_GROUP_LOCKS)
		return false;

	*id = (uint32_t)(group * SEGMENT_GROUP_LOCKS + place);
	return true;
}
