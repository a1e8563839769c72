/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_HANDLE_H
#define LOCKMGR_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "process.h"
#include "record.h"
#include "spin.h"

/**
 * struct lockmgr - one open file of the device
 * @there: for each page of records, the epoch of @process if the page is mapped and may be
 *	touched, or else 0.  The array is in memory that the kernel wipes in children,
 *	which have no records
 * @records: the records of all locks that the space can have; valid once map() has
 *	mapped them
 * @clock: the records' time; likewise
 * @spin: likewise
 * @token: the client's number in its space
 * @watched: whether a race detector follows the locks; then no records are mapped
 * @generation: the space's
 * @map_size: how much of the records can be mapped, in bytes; 0: nothing
 * @calls: how many locks were acquired through the kernel, until they were mapped
 * @process: the process that opened the file
 * @fd: the file's descriptor; -1 once a forked child has closed it, or once we know that
 *	something else has
 * @device: number of the device that was opened
 * @inherited: children keep the file
 * @next: next handle of this process
 * @link: the pointer to this handle in the list
 */
struct lockmgr {
	_Atomic(_Atomic uint32_t *)	there;
	struct record			*records;
	const struct clock		*clock;
	uint32_t			token;
	bool				watched;
	uint64_t			generation;
	size_t				map_size;
	atomic_uint			calls;
	struct spin			spin;
	struct process			process;
	atomic_int			fd;
	dev_t				device;
	bool				inherited;
	struct lockmgr			*next;
	struct lockmgr			**link;
};

/* Whether this process opened the file, rather than its parent. */
static inline bool lockmgr_handle_is_ours(const struct lockmgr *mgr)
{
	return lockmgr_process_is_this(&mgr->process);
}

int lockmgr_handle_open(struct lockmgr **mgr, const char *device, int flags);
void lockmgr_handle_close(struct lockmgr *mgr);
int lockmgr_handle_use(struct lockmgr *mgr);
bool lockmgr_handle_has_file(const struct lockmgr *mgr);
int lockmgr_handle_bequeath(struct lockmgr *mgr);

#endif /* LOCKMGR_HANDLE_H */
