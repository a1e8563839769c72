/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_MEMORY_H
#define LOCKCTL_MEMORY_H

#include <stddef.h>

void *memory_resize(void *memory, size_t count, size_t size);
void *memory_grow(void *memory, size_t *room, size_t count, size_t size);
__attribute__((noreturn)) void memory_none(void);

#endif /* LOCKCTL_MEMORY_H */
