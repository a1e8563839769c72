// SPDX-License-Identifier: GPL-2.0-only
/* The chapter on who holds which lock, and who waits. */
#include <string.h>

#include "demo.h"
#include "stage.h"

#define LOCKS		3
#define WAITERS_MAX	3

/* What each lock stands for, and who holds it and waits for it. */
static const struct row {
	const char *note;
	const char *holder;
	const char *waiters[WAITERS_MAX + 1];
} rows[LOCKS] = {
	{ "storage", "build", { "push", "prune", "inspect" } },
	{ "container web-1", "start", { NULL } },
	{ "container db", "stop", { "remove" } },
};

struct cast {
	struct actor *holder;
	struct actor *waiters[WAITERS_MAX];
};

/* Waiters queue up one after the other, so that their order is known. */
static void play_row(struct lockmgr *mgr, uint32_t id, struct cast *cast)
{
	const struct row *row = &rows[id];
	uint32_t allocated, i;

	if (lockmgr_allocate_noted(mgr, &allocated, row->note) || allocated != id)
		give_up("cannot allocate lock %u for %s", id, row->note);
	cast->holder = actor_new(row->holder, 0);
	if (actor_do(cast->holder, lockmgr_lock, id))
		give_up("%s cannot acquire lock %u", row->holder, id);

	for (i = 0; row->waiters[i]; i++) {
		cast->waiters[i] = actor_new(row->waiters[i], 0);
		actor_ask(cast->waiters[i], lockmgr_lock, id);
		wait_for_waiters(mgr, id, i + 1);
	}
}

static bool is_actor(const struct actor *actor, pid_t pid, const char *command)
{
	return actor && actor_pid(actor) == pid && !strcmp(actor_command(actor), command);
}

/* Returns how many waiters of a lock are listed in their order. */
static size_t count_waiters(struct lockmgr *mgr, uint32_t id, const struct cast *cast)
{
	struct lockmgr_waiter_info waiter;
	size_t total = 0, right = 0, count;
	uint64_t cursor = 0;

	while (cursor != LOCKMGR_LIST_END) {
		if (lockmgr_list_waiters(mgr, id, &cursor, &waiter, 1, &count))
			give_up("cannot list the waiters of lock %u", id);
		if (!count)
			continue;
		if (total < WAITERS_MAX)
			right += is_actor(cast->waiters[total], waiter.pid, waiter.command);
		total++;
	}

	return right;
}

/* Returns how many locks are held. */
static uint32_t list_held(struct lockmgr *mgr, struct lockmgr_lock_info locks[LOCKS])
{
	uint64_t cursor = 0;
	uint32_t total = 0;
	size_t count;

	while (cursor != LOCKMGR_LIST_END && total < LOCKS) {
		if (lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, &locks[total],
				 LOCKS - total, &count))
			give_up("cannot list the locks");
		total += count;
	}

	return total;
}

/* @since comes from a coarse clock of the kernel, which is up to a tick slow: at most 10 ms. */
static bool is_between(uint64_t since, uint64_t begin, uint64_t end)
{
	return since + 10000000 >= begin && since <= end;
}

void play_table(struct lockmgr *mgr)
{
	struct lockmgr_lock_info locks[LOCKS] = { 0 };
	uint32_t holders = 0, waiters = 0, times = 0, listed = 0, noted = 0;
	struct cast casts[LOCKS] = { 0 };
	uint64_t begin = now_ns(), now;
	uint32_t count, id;
	const char *output;

	for (id = 0; id < LOCKS; id++)
		play_row(mgr, id, &casts[id]);
	count = list_held(mgr, locks);
	now = now_ns();

	for (id = 0; id < count; id++) {
		holders += locks[id].id == id &&
			   is_actor(casts[id].holder, locks[id].pid, locks[id].command);
		waiters += count_waiters(mgr, locks[id].id, &casts[id]);
		times += is_between(locks[id].since, begin, now);
	}

	output = show_lockctl("list", 0);
	for (id = 0; id < LOCKS; id++) {
		listed += !!strstr(output, rows[id].holder);
		noted += !!strstr(output, rows[id].note);
	}
	fact(listed == LOCKS, "lockctl list shows the processes that hold locks", "3 holders",
	     "%u holders", listed);
	fact(noted == LOCKS, "and the note of each lock", "3 notes", "%u notes", noted);
	fact(count == LOCKS && holders == LOCKS, "the library lists each held lock with its holder",
	     "3 locks", "%u locks, %u right", count, holders);
	fact(waiters == 4, "and each process that waits, in the order of arrival",
	     "4 waiters", "%u waiters", waiters);
	fact(times == LOCKS, "and since when each lock is held", "3 times since this chapter began",
	     "%u times since this chapter began", times);
}
