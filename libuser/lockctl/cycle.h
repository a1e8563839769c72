/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_CYCLE_H
#define LOCKCTL_CYCLE_H

#include "snapshot.h"

/**
 * struct step - a thread of a cycle
 * @waiter: the thread; NULL: it waits for no lock, but may wait for a process that it is
 *	an ancestor of, which is the next step's
 * @holds: the lock that it holds, and the one before it waits for; NULL: none, but the one
 *	before it is its ancestor
 * @waits_for: the lock that it waits for, and the next one holds; NULL: see @waiter
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
 * @possible: whether it is one only if a process waits for one that it is an ancestor of
 */
struct cycle {
	struct step *steps;
	size_t count;
	bool possible;
};

/**
 * struct cycles - all cycles of a snapshot
 * @cycles: them, the possible ones last
 * @count: how many
 * @certain: how many are not only possible
 * @unexplained: locks that the module knows to be in a cycle of which the snapshot
 *	does not show everything
 * @orphans: how many threads wait of which it cannot be seen whose children they are
 */
struct cycles {
	struct cycle *cycles;
	size_t count;
	size_t certain;
	size_t room;
	size_t unexplained;
	size_t orphans;
};

void cycles_find(struct cycles *cycles, const struct snapshot *snapshot);
bool cycles_have(const struct cycles *cycles, const struct lock *lock);
void cycles_free(struct cycles *cycles);

#endif /* LOCKCTL_CYCLE_H */
