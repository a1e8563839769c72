// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long it takes until a process that sleeps in the queue has the lock, from just before the
 * holder unlocks it or is killed.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/*
 * Single times are many times as long as others, if the waiter's processor has gone to sleep or
 * something else runs first: so a sample is the median of several.
 */
#define BATCH		7
#define HANDOVER_ROUNDS	30
#define KILL_ROUNDS	20

static const struct rival rivals[] = {
	{ &peer_lockmgr, NO_TARGET },
	{ &peer_robust, AT_MOST(1.1) },
};

#define RIVALS	ARRAY_SIZE(rivals)

/**
 * struct pair - a holder of the lock, and a process that waits for it
 * @sleeper: the process that waits
 * @peer: the kind of lock
 * @time: has the holder release the lock; returns how long the sleeper took to acquire it
 * @handle: the holder that unlocks, for time_unlock()
 * @ready: pipe from the holder that is killed, for time_kill()
 */
struct pair {
	struct sleeper sleeper;
	const struct peer *peer;
	double (*time)(struct pair *pair);
	void *handle;
	int ready[2];
};

static double time_unlock(struct pair *pair)
{
	uint64_t begin;

	pair->peer->lock(pair->handle, 0);
	sleeper_enqueue(&pair->sleeper);
	begin = now_ns();
	pair->peer->unlock(pair->handle, 0);

	return (sleeper_woken(&pair->sleeper) - begin) / 1000.0;
}

static void hold(void *arg)
{
	struct pair *pair = arg;

	pair->peer->lock(pair->peer->open(), 0);
	work_tell(pair->ready[1]);
	while (true)
		pause();
}

static double time_kill(struct pair *pair)
{
	uint64_t begin, end;
	int status;
	pid_t pid;

	pid = work_fork(hold, pair);
	work_hear(pair->ready[0]);
	sleeper_enqueue(&pair->sleeper);
	begin = now_ns();
	must(kill(pid, SIGKILL));
	end = sleeper_woken(&pair->sleeper);
	must(waitpid(pid, &status, 0));

	return (end - begin) / 1000.0;
}

static double sample(void *arg)
{
	struct pair *pair = arg;
	double times[BATCH];
	int i;

	for (i = 0; i < BATCH; i++)
		times[i] = pair->time(pair);
	return median_of(times, BATCH);
}

static void bench_pairs(const char *name, const char *title,
			double (*time)(struct pair *pair), unsigned int rounds)
{
	struct subject subjects[RIVALS] = { 0 };
	struct pair pairs[RIVALS];
	size_t i;

	for (i = 0; i < RIVALS; i++) {
		pairs[i].peer = rivals[i].peer;
		pairs[i].time = time;
		pairs[i].peer->create(1);
		must(pipe2(pairs[i].ready, O_CLOEXEC));
		sleeper_start(&pairs[i].sleeper, pairs[i].peer);
		pairs[i].handle = pairs[i].peer->open();
		subjects[i].sample = sample;
		subjects[i].arg = &pairs[i];
	}

	measure(subjects, RIVALS, rounds);
	report_row(name, title, "us", rivals, subjects, RIVALS);

	for (i = 0; i < RIVALS; i++) {
		pairs[i].peer->close(pairs[i].handle);
		sleeper_stop(&pairs[i].sleeper);
		must(close(pairs[i].ready[0]));
		must(close(pairs[i].ready[1]));
		pairs[i].peer->destroy();
	}
}

void bench_handover(void)
{
	bench_pairs("handover", "unlock, until the waiter has it", time_unlock, HANDOVER_ROUNDS);
}

void bench_kill(void)
{
	bench_pairs("kill", "SIGKILL, until the waiter has it", time_kill, KILL_ROUNDS);
}
