/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_RUN_WAIT_H
#define LOCKCTL_RUN_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include <lockmgr.h>

/**
 * struct wait - the lock to acquire, and how to wait for it
 * @space: its space, as it was typed
 * @id: its number
 * @may_wait: whether to wait for it at all
 * @is_limited: whether to wait no longer than @timeout_ns
 * @timeout_ns: how long
 * @verbose: whether to say who holds it
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
