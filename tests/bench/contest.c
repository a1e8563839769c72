// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that do nothing but compete for one lock, and count under it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"

/**
 * struct arena - what the processes share
 * @barrier: all of them and the parent meet here when a round begins and ends
 * @stop: time is up
 * @end: no other round follows
 * @counter: counts acquisitions, guarded by the lock only
 * @counts: what each process has counted for itself
 */
struct arena {
	pthread_barrier_t barrier;
	atomic_bool stop;
	atomic_bool end;
	volatile uint64_t counter;
	uint64_t counts[CONTESTANTS_MAX];
};

static uint64_t compete(const struct contest *contest, void *handle)
{
	const struct peer *peer = contest->peer;
	struct arena *arena = contest->arena;
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

static void meet(const struct contest *contest)
{
	pthread_barrier_wait(&contest->arena->barrier);
}

static void run(void *arg)
{
	struct contest *contest = arg;
	void *handle = contest->peer->open();

	while (true) {
		meet(contest);
		if (atomic_load(&contest->arena->end))
			break;
		contest->arena->counts[contest->index] = compete(contest, handle);
		meet(contest);
	}
	contest->peer->close(handle);
}

static struct arena *make_arena(unsigned int processes)
{
	struct arena *arena = work_shared(sizeof(*arena));
	pthread_barrierattr_t attributes;

	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	if (pthread_barrier_init(&arena->barrier, &attributes, processes + 1))
		fail("pthread_barrier_init");
	pthread_barrierattr_destroy(&attributes);
	return arena;
}

void contest_begin(struct contest *contest)
{
	unsigned int i;

	contest->peer->create(1);
	contest->arena = make_arena(contest->processes);
	for (i = 0; i < contest->processes; i++) {
		contest->index = i;
		contest->pids[i] = work_fork(run, contest);
	}
}

void contest_end(struct contest *contest)
{
	unsigned int i;

	atomic_store(&contest->arena->end, true);
	meet(contest);
	for (i = 0; i < contest->processes; i++)
		work_join(contest->pids[i]);
	must(munmap(contest->arena, sizeof(*contest->arena)));
	contest->peer->destroy();
}

static double fairness(const struct contest *contest)
{
	const struct arena *arena = contest->arena;
	const unsigned int processes = contest->processes;
	uint64_t total = 0, least = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < processes; i++) {
		total += arena->counts[i];
		if (arena->counts[i] < least)
			least = arena->counts[i];
	}
	if (arena->counter != total)
		fail("%s does not exclude: %lu acquisitions, %lu counted",
		     contest->peer->name, total, arena->counter);

	return total ? (double)least * processes / total : 0;
}

double contest_round(struct contest *contest)
{
	const struct timespec duration = {
		.tv_sec = contest->duration_ns / 1000000000,
		.tv_nsec = contest->duration_ns % 1000000000,
	};
	struct arena *arena = contest->arena;
	uint64_t begin, end, count;

	atomic_store(&arena->stop, false);
	arena->counter = 0;
	meet(contest);
	begin = now_ns();
	nanosleep(&duration, NULL);
	count = arena->counter;
	end = now_ns();
	atomic_store(&arena->stop, true);

	meet(contest);
	contest->fairness = fairness(contest);

	return count * 1e9 / (end - begin);
}
