// SPDX-License-Identifier: GPL-2.0-only
/*
 * Throughput of processes that compete for one lock, for each number of processes and each
 * length of the critical section.
 */
#include <stdio.h>

#include "bench.h"

#define ROUNDS		30
#define SAMPLE_NS	50000000

/* Only the first RIVALS_WORKING take part where there is work in the critical section. */
static const struct rival rivals[] = {
	{ &peer_lockmgr, NO_TARGET },
	{ &peer_robust, AT_LEAST(1) },
	{ &peer_plain, NO_TARGET },
	{ &peer_flock, NO_TARGET },
	{ &peer_ofd, NO_TARGET },
	{ &peer_sysv, NO_TARGET },
};

#define RIVALS		ARRAY_SIZE(rivals)
#define RIVALS_WORKING	3

static double sample(void *arg)
{
	return contest_round(arg);
}

/* Returns lockmgr's throughput divided by that of robust mutexes. */
static double bench_cell(unsigned int processes, unsigned int section_us)
{
	const size_t count = section_us ? RIVALS_WORKING : RIVALS;
	struct contest contests[RIVALS];
	struct subject subjects[RIVALS] = { 0 };
	char name[64], title[64];
	size_t i;

	for (i = 0; i < count; i++) {
		contests[i] = (struct contest) {
			.peer = rivals[i].peer,
			.processes = processes,
			.loops = work_loops(section_us * UINT64_C(1000)),
			.duration_ns = SAMPLE_NS,
		};
		contest_begin(&contests[i]);
		subjects[i].sample = sample;
		subjects[i].arg = &contests[i];
	}

	measure(subjects, count, ROUNDS);
	snprintf(name, sizeof(name), "contended.%u.%uus", processes, section_us);
	snprintf(title, sizeof(title), "%u processes compete, %u us each", processes,
		 section_us);
	report_row(name, title, "/s", rivals, subjects, count);

	for (i = 0; i < count; i++)
		contest_end(&contests[i]);

	return ratio(&subjects[0], &subjects[1]);
}

void bench_contended(void)
{
	static const unsigned int processes[] = { 2, 4, 16, CONTESTANTS_MAX };
	static const unsigned int sections_us[] = { 0, 1, 100 };
	double sum = 0;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(processes); i++)
		for (j = 0; j < ARRAY_SIZE(sections_us); j++)
			sum += bench_cell(processes[i], sections_us[j]);

	report_value("contended.mean", "the mean of lockmgr / robust", "ratio",
		     sum / (ARRAY_SIZE(processes) * ARRAY_SIZE(sections_us)), AT_LEAST(1.2));
}
