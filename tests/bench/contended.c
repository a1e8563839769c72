// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that do nothing but compete for one lock, and count under it: the
 * time that passes from one acquisition to the next, whoever makes them.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS		15
#define SAMPLE_NS	100000000
#define PROCESSES_MAX	16

/**
 * struct contest - what the processes share
 * @stop: time is up
 * @counter: counts acquisitions, guarded by the lock only
 * @counts: what each process has counted for itself
 */
struct contest {
	atomic_bool stop;
	volatile uint64_t counter;
	uint64_t counts[PROCESSES_MAX];
};

struct contention {
	const struct peer *peer;
	unsigned int processes;
	struct contest *contest;
	unsigned int index;
	int ready[2];
	int start[2];
};

static void compete(void *arg)
{
	struct contention *contention = arg;
	const struct peer *peer = contention->peer;
	struct contest *contest = contention->contest;
	void *handle = peer->open();
	uint64_t count = 0;
	char byte = 0;

	must(close(contention->start[1]));
	must(write(contention->ready[1], &byte, 1));
	/* Ends when the parent closes its end. */
	must(read(contention->start[0], &byte, 1));

	while (!atomic_load_explicit(&contest->stop, memory_order_relaxed)) {
		peer->lock(handle, 0);
		contest->counter++;
		peer->unlock(handle, 0);
		count++;
	}
	contest->counts[contention->index] = count;
}

static void start(struct contention *contention, pid_t *pids)
{
	unsigned int i;
	char byte;

	must(pipe(contention->ready));
	must(pipe(contention->start));
	for (i = 0; i < contention->processes; i++) {
		contention->index = i;
		pids[i] = work_fork(compete, contention);
	}
	for (i = 0; i < contention->processes; i++)
		must(read(contention->ready[0], &byte, 1));
	must(close(contention->start[1]));
}

static void finish(struct contention *contention, const pid_t *pids)
{
	struct contest *contest = contention->contest;
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < contention->processes; i++) {
		work_join(pids[i]);
		total += contest->counts[i];
	}
	must(close(contention->start[0]));
	must(close(contention->ready[0]));
	must(close(contention->ready[1]));

	if (contest->counter != total)
		fail("%s does not exclude: %lu acquisitions, %lu counted",
		     contention->peer->name, total, contest->counter);
}

static double sample(void *arg)
{
	const struct timespec duration = { .tv_nsec = SAMPLE_NS };
	struct contention *contention = arg;
	struct contest *contest = contention->contest;
	pid_t pids[PROCESSES_MAX];
	uint64_t begin, end, acquisitions;

	atomic_store(&contest->stop, false);
	contest->counter = 0;

	start(contention, pids);
	begin = now_ns();
	nanosleep(&duration, NULL);
	atomic_store(&contest->stop, true);
	end = now_ns();
	acquisitions = contest->counter;
	finish(contention, pids);

	return (double)(end - begin) / (acquisitions ? acquisitions : 1);
}

static void bench_processes(unsigned int processes, struct contest *contest)
{
	struct contention contentions[PEERS];
	struct subject subjects[PEERS] = { 0 };
	char name[64], title[64];
	size_t i;

	for (i = 0; i < PEERS; i++) {
		if (peers[i]->floor)
			continue;
		peers[i]->create(1);
		contentions[i] = (struct contention) {
			.peer = peers[i],
			.processes = processes,
			.contest = contest,
		};
		subjects[i].sample = sample;
		subjects[i].arg = &contentions[i];
	}

	measure(subjects, PEERS, ROUNDS);
	snprintf(name, sizeof(name), "contended.%u", processes);
	snprintf(title, sizeof(title), "lock+unlock, %u processes compete", processes);
	report_row(name, title, "ns", subjects);

	for (i = 0; i < PEERS; i++)
		if (!peers[i]->floor)
			peers[i]->destroy();
}

void bench_contended(void)
{
	static const unsigned int processes[] = { 2, 4, PROCESSES_MAX };
	struct contest *contest = work_shared(sizeof(*contest));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(processes); i++)
		bench_processes(processes[i], contest);
}
