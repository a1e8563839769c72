/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_RUN_WAIT_H
#define LOCKCTL_RUN_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include <lockmgr.h>

/**
 * struct wait - a lock that somebody wants
 * @space: where it is, as it was typed
 * @id: its number
 * @may_wait: wait for it: not at all, or
 * @is_limited: only for
 * @timeout_ns: that long
 * @verbose: say whom it waits for
 */
struct wait {
	const char *space;
	uint32_t id;
	bool may_wait;
	bool is_limited;
	uint64_t timeout_ns;
	bool verbose;
};

int wait_acquire(struct lockmgr *mgr, const struct wait *wait);

#endif /* LOCKCTL_RUN_WAIT_H */
