/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_SIZE_H
#define LOCKMGR_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool lockmgr_size_is_valid(uint32_t size, size_t first);
void lockmgr_size_copy(void *to, uint32_t size, const void *from, size_t known);

#endif /* LOCKMGR_SIZE_H */
