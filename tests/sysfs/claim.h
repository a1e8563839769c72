/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A waiter with a claim to the next release: a thread whose wait was interrupted by a signal,
 * and which has come back to its place in the queue.  The lock is handed off to it, so that
 * signals cannot keep it from the lock for ever.
 */
#ifndef CLAIM_H
#define CLAIM_H

#include <signal.h>

#include "../harness/harness.h"

static void on_signal(int number)
{
	(void)number;
}

/* A signal interrupts the wait; after the signal handler, the wait goes on. */
static long do_lock_in_spite_of_signals(struct lockmgr **mgr, long id)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &action, NULL);

	return lockmgr_lock(*mgr, id);
}

/* A lock, and since when its first waiter waited when that was last looked at. */
struct place {
	struct lockmgr *mgr;
	uint32_t id;
	uint64_t since;
};

static uint64_t waits_since(struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	size_t count;

	assert_int_equal(lockmgr_list_waiters(mgr, id, &cursor, &waiter, 1, &count), 0);

	return count ? waiter.since : 0;
}

static bool waits_again(void *data)
{
	const struct place *place = data;
	uint64_t since = waits_since(place->mgr, place->id);

	return since && since != place->since;
}

/* Have the agent wait for a lock that is held; returns when it has been away once and waits. */
static void wait_with_a_claim(struct agent *agent, struct lockmgr *mgr, uint32_t id)
{
	struct place place = { .mgr = mgr, .id = id };

	agent_start(agent, do_lock_in_spite_of_signals, id);
	wait_for_waiters(mgr, id, 1);
	place.since = waits_since(mgr, id);
	kill(agent_pid(agent), SIGUSR1);
	wait_until(waits_again, &place, "the agent waits again");
}

#endif /* CLAIM_H */
