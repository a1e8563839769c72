/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_PROCESS_H
#define LOCKMGR_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct process - identifies a process, so that its children can tell that they are others
 * @mark: equals @epoch in that process; the kernel wipes it in children
 * @epoch: the number of the process, not 0, counted from the ancestor that first opened a
 *	handle
 */
struct process {
	const _Atomic uint32_t	*mark;
	uint32_t		epoch;
};

/* Whether the calling process is that process. */
static inline bool lockmgr_process_is_this(const struct process *process)
{
	return atomic_load_explicit(process->mark, memory_order_relaxed) == process->epoch;
}

void lockmgr_process_lock(void);
void lockmgr_process_unlock(void);

int lockmgr_process_get(struct process *process, void (*in_child)(void));
unsigned int lockmgr_process_forks(void);

void *lockmgr_process_wiped_memory(size_t size);

#endif /* LOCKMGR_PROCESS_H */
