// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that do nothing but compete for one lock, and count under it.
 */
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/**
 * struct arena - what the processes share
 * @stop: time is up
 * @counter: counts acquisitions, guarded by the lock only
 * @counts: what each process has counted for itself
 */
struct arena {
	atomic_bool stop;
	volatile uint64_t counter;
	uint64_t counts[CONTESTANTS_MAX];
};

/**
 * struct contestant - what a process is told
 * @contest: what it is about
 * @arena: shared
 * @index: which process it is
 * @ready: pipe to the parent
 * @start: pipe from the parent
 */
struct contestant {
	const struct contest *contest;
	struct arena *arena;
	unsigned int index;
	int ready[2];
	int start[2];
};

static uint64_t compete(const struct contest *contest, struct arena *arena, void *handle)
{
	const struct peer *peer = contest->peer;
	uint64_t count = 0;

	while (!atomic_load_explicit(&arena->stop, memory_order_relaxed)) {
		peer->lock(handle, 0);
		arena->counter++;
		work_spin(contest->loops);
		peer->unlock(handle, 0);
		count++;
	}
	return count;
}

static void run(void *arg)
{
	struct contestant *contestant = arg;
	void *handle = contestant->contest->peer->open();
	char byte;

	must(close(contestant->start[1]));
	work_tell(contestant->ready[1]);
	/* Ends when the parent closes its end: for all at once. */
	must(read(contestant->start[0], &byte, 1));
	contestant->arena->counts[contestant->index] =
		compete(contestant->contest, contestant->arena, handle);
}

static void start(struct contestant *contestant, pid_t *pids)
{
	const unsigned int processes = contestant->contest->processes;
	unsigned int i;

	must(pipe(contestant->ready));
	must(pipe(contestant->start));
	for (i = 0; i < processes; i++) {
		contestant->index = i;
		pids[i] = work_fork(run, contestant);
	}
	for (i = 0; i < processes; i++)
		work_hear(contestant->ready[0]);
	must(close(contestant->start[1]));
}

/* Acquisitions a second, until time is up. */
static double watch(struct arena *arena, uint64_t duration_ns)
{
	const struct timespec duration = {
		.tv_sec = duration_ns / 1000000000,
		.tv_nsec = duration_ns % 1000000000,
	};
	uint64_t begin = now_ns(), before = arena->counter, after;

	nanosleep(&duration, NULL);
	after = arena->counter;
	duration_ns = now_ns() - begin;
	atomic_store(&arena->stop, true);

	return (after - before) * 1e9 / duration_ns;
}

static double fairness(const struct arena *arena, unsigned int processes)
{
	uint64_t total = 0, least = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < processes; i++) {
		total += arena->counts[i];
		if (arena->counts[i] < least)
			least = arena->counts[i];
	}
	if (arena->counter != total)
		fail("no exclusion: %lu acquisitions, %lu counted", total, arena->counter);

	return total ? (double)least * processes / total : 0;
}

static void finish(const struct contestant *contestant, const pid_t *pids)
{
	unsigned int i;

	for (i = 0; i < contestant->contest->processes; i++)
		work_join(pids[i]);
	must(close(contestant->start[0]));
	must(close(contestant->ready[0]));
	must(close(contestant->ready[1]));
}

double contest_run(struct contest *contest)
{
	struct arena *arena = work_shared(sizeof(*arena));
	struct contestant contestant = { .contest = contest, .arena = arena };
	pid_t pids[CONTESTANTS_MAX];
	double throughput;

	start(&contestant, pids);
	throughput = watch(arena, contest->duration_ns);
	finish(&contestant, pids);
	contest->fairness = fairness(arena, contest->processes);
	must(munmap(arena, sizeof(*arena)));

	return throughput;
}
