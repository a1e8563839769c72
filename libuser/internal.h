/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_INTERNAL_H
#define LOCKMGR_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

/* What the public header declares is all that the library exports. */
#pragma GCC visibility push(default)
#include <lockmgr.h>
#pragma GCC visibility pop

/**
 * struct lockmgr - one open file of the device
 * @fd: the file; -1 once a forked child has closed it
 * @mark: 1 in the process that opened the file; the kernel wipes it in children
 * @next: next handle of this process
 * @link: what points here
 */
struct lockmgr {
	atomic_int	fd;
	const char	*mark;
	struct lockmgr	*next;
	struct lockmgr	**link;
};

int lockmgr_handle_open(struct lockmgr **mgr, const char *device, int flags);
void lockmgr_handle_close(struct lockmgr *mgr);
int lockmgr_handle_check(const struct lockmgr *mgr);

int lockmgr_call(struct lockmgr *mgr, unsigned long request, void *args);

bool lockmgr_size_is_valid(uint32_t size, size_t first);
void lockmgr_copy_out(void *to, uint32_t size, const void *from, size_t known);

#endif /* LOCKMGR_INTERNAL_H */
