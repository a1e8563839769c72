/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a thread does to records in memory.  For each operation, it maps the page of the
 * record anew; like all code of agents, it does without errno.
 */
#ifndef MAPPED_H
#define MAPPED_H

#include <stdint.h>

/*
 * These return 0, or the error of mmap(), or -EFAULT where touching the page would cause
 * SIGBUS.
 */

/** Acquire a lock; -EAGAIN: only the kernel can do it. */
long mapped_take(int file, uint32_t id, uint32_t token);

/** Release a lock; -EAGAIN: only the kernel can do it, or we do not hold the lock. */
long mapped_release(int file, uint32_t id, uint32_t token);

/** Overwrite a record. */
long mapped_scribble(int file, uint32_t id, uint64_t number);

#endif /* MAPPED_H */
