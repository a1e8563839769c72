// SPDX-License-Identifier: GPL-2.0-only
/*
 * Closing a handle, and ending a process, that holds many locks.  Afterwards, the lock that was
 * acquired first is tried: a peer that has left it locked has failed.
 */
#include <stdio.h>

#include "bench.h"

struct times {
	uint64_t begin;
	uint64_t end;
};

/**
 * struct holder - holds locks, and releases all of them at once
 * @peer: the kind of lock
 * @count: how many locks
 * @subject: receives the figure
 * @times: shared with the process that ends
 */
struct holder {
	const struct peer *peer;
	uint32_t count;
	struct subject *subject;
	struct times *times;
};

static void *hold(const struct holder *holder)
{
	void *handle = holder->peer->open();
	uint32_t id;

	for (id = 0; id < holder->count; id++)
		holder->peer->lock(handle, id);

	return handle;
}

static void check_released(const struct holder *holder)
{
	const struct peer *peer = holder->peer;
	void *handle = peer->open();

	if (peer->trylock(handle, 0))
		peer->unlock(handle, 0);
	else
		holder->subject->missing = "some locks stay locked for ever";
	peer->close(handle);
}

static double sample_close(void *arg)
{
	const struct holder *holder = arg;
	void *handle = hold(holder);
	uint64_t begin, end;

	begin = now_ns();
	holder->peer->close(handle);
	end = now_ns();
	check_released(holder);

	return (end - begin) / 1000.0;
}

static void hold_and_exit(void *arg)
{
	const struct holder *holder = arg;

	hold(holder);
	holder->times->begin = now_ns();
}

static double sample_exit(void *arg)
{
	struct holder *holder = arg;

	work_join(work_fork(hold_and_exit, holder));
	holder->times->end = now_ns();
	check_released(holder);

	return (holder->times->end - holder->times->begin) / 1000.0;
}

/* Why a peer cannot take part, or NULL. */
static const char *excuse_of(const struct peer *peer, uint32_t count)
{
	return peer->hold_max && count > peer->hold_max ? peer->hold_why : NULL;
}

static const struct rival rivals[] = {
	{ &peer_lockmgr, NO_TARGET },
	{ &peer_robust, NO_TARGET },
	{ &peer_flock, NO_TARGET },
	{ &peer_ofd, NO_TARGET },
	{ &peer_sysv, NO_TARGET },
};

#define RIVALS	ARRAY_SIZE(rivals)

/* Leaves out peers that release nothing when a handle is closed. */
static void report_taking_part(const char *name, const char *title,
			       const struct subject *subjects)
{
	size_t i;

	report_own(name, title, rivals[0].peer->name, "us", &subjects[0]);
	for (i = 1; i < RIVALS; i++)
		if (subjects[i].sample || subjects[i].missing)
			report_peer(rivals[i].peer->name, &subjects[i], NO_TARGET);
}

static void bench_count(uint32_t count, unsigned int rounds, bool exits, struct times *times)
{
	struct subject subjects[RIVALS] = { 0 };
	struct holder holders[RIVALS];
	char name[64], title[64];
	size_t i;

	for (i = 0; i < RIVALS; i++) {
		const struct peer *peer = rivals[i].peer;

		if (!exits && peer->outlives)
			continue;
		subjects[i].missing = excuse_of(peer, count);
		if (subjects[i].missing)
			continue;
		peer->create(count);
		holders[i] = (struct holder) {
			.peer = peer,
			.count = count,
			.subject = &subjects[i],
			.times = times,
		};
		subjects[i].sample = exits ? sample_exit : sample_close;
		subjects[i].arg = &holders[i];
	}

	measure(subjects, RIVALS, rounds);
	snprintf(name, sizeof(name), "%s.%u", exits ? "exit" : "close", count);
	snprintf(title, sizeof(title), "%s, %u held", exits ? "exit" : "close", count);
	report_taking_part(name, title, subjects);

	for (i = 0; i < RIVALS; i++)
		if (subjects[i].sample)
			rivals[i].peer->destroy();
}

void bench_close(void)
{
	static const struct {
		uint32_t count;
		unsigned int rounds;
	} rows[] = {
		{ 1, 15 },
		{ 1000, 5 },
		{ 10000, 3 },
	};
	struct times *times = work_shared(sizeof(*times));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		bench_count(rows[i].count, rows[i].rounds, false, times);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		bench_count(rows[i].count, rows[i].rounds, true, times);
}
