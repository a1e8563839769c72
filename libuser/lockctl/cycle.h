/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_CYCLE_H
#define LOCKCTL_CYCLE_H

#include "snapshot.h"

/**
 * struct step - a thread of a cycle
 * @waiter: the thread
 * @holds: the lock that it holds, and the one before it waits for
 * @waits_for: the lock that it waits for, and the one behind it holds
 */
struct step {
	const struct lockmgr_waiter_info *waiter;
	const struct lock *holds;
	const struct lock *waits_for;
};

/**
 * struct cycle - threads that wait for each other
 * @steps: in the order of waiting; the last waits for the first
 * @count: how many
 */
struct cycle {
	struct step *steps;
	size_t count;
};

/**
 * struct cycles - all cycles of a snapshot
 * @cycles: them
 * @count: how many
 * @unexplained: locks that the module knows to be in a cycle of which the snapshot
 *	does not show everything
 */
struct cycles {
	struct cycle *cycles;
	size_t count;
	size_t room;
	size_t unexplained;
};

void cycles_find(struct cycles *cycles, const struct snapshot *snapshot);
void cycles_free(struct cycles *cycles);

#endif /* LOCKCTL_CYCLE_H */
