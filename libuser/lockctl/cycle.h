/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_CYCLE_H
#define LOCKCTL_CYCLE_H

#include "snapshot.h"

/**
 * struct step - a thread of a cycle
 * @waiter: the thread; NULL: it waits for no lock, but may wait for one of its descendants,
 *	the process of the next step
 * @holds: the lock that it holds and that the previous step waits for; NULL: none; then
 *	the process of the previous step is its ancestor
 * @waits_for: the lock that it waits for and that the next step holds; NULL: see @waiter
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
 * @possible: whether it is a deadlock only if a process waits for one of its descendants
 */
struct cycle {
	struct step *steps;
	size_t count;
	bool possible;
};

/**
 * struct cycles - all cycles of a snapshot
 * @cycles: the cycles, the possible ones last
 * @count: how many
 * @certain: how many of them are certain, not only possible
 * @unexplained: how many locks the module reports in a deadlock of which the snapshot does
 *	not show the whole cycle
 * @orphans: how many waiting threads have ancestors that the caller may not see
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
