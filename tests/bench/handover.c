// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one process to another that sleeps in the queue: from just before the one
 * unlocks, or is killed, until the other has the lock.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define HANDOVERS	120
#define KILLS		60

static const struct rival rivals[] = {
	{ &peer_lockmgr, NO_TARGET },
	{ &peer_robust, AT_MOST(1.1) },
};

#define RIVALS	ARRAY_SIZE(rivals)

/**
 * struct pair - one who has the lock and one who waits for it
 * @sleeper: waits
 * @peer: of which kind
 * @handle: has the lock, if it is unlocked
 * @ready: pipe from a process that has it, if that is killed
 */
struct pair {
	struct sleeper sleeper;
	const struct peer *peer;
	void *handle;
	int ready[2];
};

static double sample_unlock(void *arg)
{
	struct pair *pair = arg;
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

static double sample_kill(void *arg)
{
	struct pair *pair = arg;
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

static void bench_pairs(const char *name, const char *title, double (*sample)(void *arg),
			unsigned int rounds)
{
	struct subject subjects[RIVALS] = { 0 };
	struct pair pairs[RIVALS];
	size_t i;

	for (i = 0; i < RIVALS; i++) {
		pairs[i].peer = rivals[i].peer;
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
	bench_pairs("handover", "unlock, until the waiter has it", sample_unlock, HANDOVERS);
}

void bench_kill(void)
{
	bench_pairs("kill", "SIGKILL, until the waiter has it", sample_kill, KILLS);
}
