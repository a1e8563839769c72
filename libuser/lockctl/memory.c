// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory, or the end: nothing that lockctl does can go on without. */
#include <stdlib.h>

#include "memory.h"
#include "report.h"

/** memory_none() - there is no memory: end */
void memory_none(void)
{
	report("no memory");
	exit(STATUS_SYSTEM);
}

/**
 * memory_resize() - an array of another size
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
 * memory_grow() - an array with room for one element more
 * @memory: the array
 * @room: how many elements have room; changed
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
