// SPDX-License-Identifier: GPL-2.0-only
/*
 * Closing a handle, and ending a process, while many locks are held.  After each
 * the lock that was taken first is tried: whatever left it locked has failed.
 */
#include <stdio.h>

#include "bench.h"

#define ROUNDS	5

struct holder {
	const struct peer *peer;
	uint32_t count;
	bool exits;
	struct subject *subject;
	/* Shared with the child that holds the locks. */
	struct times *times;
};

struct times {
	uint64_t begin;
	uint64_t end;
};

static void hold(void *arg)
{
	struct holder *holder = arg;
	const struct peer *peer = holder->peer;
	void *handle = peer->open();
	uint32_t id;

	for (id = 0; id < holder->count; id++)
		peer->lock(handle, id);

	holder->times->begin = now_ns();
	if (!holder->exits)
		peer->close(handle);
	holder->times->end = now_ns();
}

static bool is_released(const struct peer *peer)
{
	void *handle = peer->open();
	bool released = peer->trylock(handle, 0);

	if (released)
		peer->unlock(handle, 0);
	if (peer->close)
		peer->close(handle);

	return released;
}

static double sample(void *arg)
{
	struct holder *holder = arg;

	work_join(work_fork(hold, holder));
	if (holder->exits)
		holder->times->end = now_ns();
	if (!is_released(holder->peer))
		holder->subject->missing = "locks were left locked for ever";

	return holder->times->end - holder->times->begin;
}

static void bench_count(uint32_t count, bool exits, struct times *times)
{
	struct subject subjects[PEERS] = { 0 };
	struct holder holders[PEERS];
	char name[64], title[64];
	size_t i;

	for (i = 0; i < PEERS; i++) {
		const struct peer *peer = peers[i];

		if (peer->floor || (!exits && !peer->close))
			continue;
		if (peer->hold_max && count > peer->hold_max) {
			subjects[i].missing = peer->hold_why;
			continue;
		}
		peer->create(count);
		holders[i] = (struct holder) {
			.peer = peer,
			.count = count,
			.exits = exits,
			.subject = &subjects[i],
			.times = times,
		};
		subjects[i].sample = sample;
		subjects[i].arg = &holders[i];
	}

	measure(subjects, PEERS, ROUNDS);
	snprintf(name, sizeof(name), "%s.%u", exits ? "exit" : "close", count);
	snprintf(title, sizeof(title), "%s, %u locks held", exits ? "exit" : "close", count);
	report_row(name, title, "ns", subjects);

	for (i = 0; i < PEERS; i++)
		if (subjects[i].sample)
			peers[i]->destroy();
}

void bench_close(void)
{
	static const uint32_t counts[] = { 1, 1000, 100000 };
	struct times *times = work_shared(sizeof(*times));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++)
		bench_count(counts[i], false, times);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		bench_count(counts[i], true, times);
}
