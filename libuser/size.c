// SPDX-License-Identifier: LGPL-2.1-or-later
/* Structs of the API, which may grow: a program may pass a shorter or a longer one. */
#include <string.h>

#include "size.h"

/* No struct of the API is ever this large: a larger size is garbage. */
#define STRUCT_SIZE_MAX	4096

/* @first: the size of the struct's first version. */
bool lockmgr_size_is_valid(uint32_t size, size_t first)
{
	return size >= first && size <= STRUCT_SIZE_MAX;
}

/* Fill a struct of @size bytes from one of @known bytes, and the rest with zeros. */
void lockmgr_size_copy(void *to, uint32_t size, const void *from, size_t known)
{
	if (known > size)
		known = size;

	memcpy(to, from, known);
	memset((char *)to + known, 0, size - known);
}
