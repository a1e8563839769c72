// SPDX-License-Identifier: LGPL-2.1-or-later
/* Allocating memory; on failure lockctl exits, since it can do nothing without. */
#include <stdlib.h>

#include "memory.h"
#include "report.h"

/** memory_none() - report that there is no memory, and exit */
void memory_none(void)
{
	report("no memory");
	exit(STATUS_SYSTEM);
}

/**
 * memory_resize() - change the size of an array
 * @memory: the array; NULL: a new one
 * @count: number of elements
 * @size: size of one
 */
void *memory_resize(void *memory, size_t count, size_t size)
{
	void *resized = reallocarray(memory, count ? count : 1, size);

	if (!resized)
		memory_none();
	return resized;
}

/**
 * memory_grow() - make sure that an array has room for one more element
 * @memory: the array
 * @room: how many elements it has room for; updated
 * @count: how many there are
 * @size: size of one
 */
void *memory_grow(void *memory, size_t *room, size_t count, size_t size)
{
	if (count < *room)
		return memory;

	*room = *room ? *room * 2 : 16;
	return memory_resize(memory, *room, size);
}
