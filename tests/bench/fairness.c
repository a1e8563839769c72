// SPDX-License-Identifier: GPL-2.0-only
/* How often the slowest of several processes acquires the lock, divided by the mean of all. */
#include <stdio.h>

#include "bench.h"

#define DURATION_NS	UINT64_C(5000000000)

static double fairness(const struct peer *peer, unsigned int processes,
		       unsigned int section_us)
{
	struct contest contest = {
		.peer = peer,
		.processes = processes,
		.loops = work_loops(section_us * UINT64_C(1000)),
		.duration_ns = DURATION_NS,
	};

	contest_begin(&contest);
	contest_round(&contest);
	contest_end(&contest);

	return contest.fairness;
}

static void bench_runs(unsigned int processes, unsigned int section_us)
{
	char name[64], title[64];

	snprintf(name, sizeof(name), "fairness.%u.%uus", processes, section_us);
	snprintf(title, sizeof(title), "slowest / mean, %u, %u us each", processes, section_us);
	report_value(name, title, "ratio", fairness(&peer_lockmgr, processes, section_us),
		     AT_LEAST(0.5));

	snprintf(name, sizeof(name), "fairness.%u.%uus.robust", processes, section_us);
	report_value(name, "  the same with robust", "ratio",
		     fairness(&peer_robust, processes, section_us), NO_TARGET);
}

void bench_fairness(void)
{
	static const unsigned int processes[] = { 2, 4, 16, CONTESTANTS_MAX };
	static const unsigned int sections_us[] = { 0, 1, 100 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(processes); i++)
		for (j = 0; j < ARRAY_SIZE(sections_us); j++)
			bench_runs(processes[i], sections_us[j]);
}
