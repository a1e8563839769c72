/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a thread does to records in memory.  It maps their page for one operation
 * each, and does without errno, as agents must.
 */
#ifndef MAPPED_H
#define MAPPED_H

#include <stdint.h>

/*
 * All return 0, or what mmap() returns, or -EFAULT where touching the page would be a
 * SIGBUS.
 */

/** Take a lock; -EAGAIN: that is the kernel's business. */
long mapped_take(int file, uint32_t id, uint32_t token);

/** Release a lock; -EAGAIN: that is the kernel's business, or the lock is not ours. */
long mapped_release(int file, uint32_t id, uint32_t token);

/** Destroy a record. */
long mapped_scribble(int file, uint32_t id, uint64_t number);

#endif /* MAPPED_H */
