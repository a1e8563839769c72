// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures what lockmgr costs, and what programs use instead, in turns.  The script `run` beside
 * this file says how to read the table.
 */
#include <string.h>

#include "bench.h"

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "uncontended",	bench_uncontended },
	{ "contended",		bench_contended },
	{ "fairness",		bench_fairness },
	{ "handover",		bench_handover },
	{ "kill",		bench_kill },
	{ "open",		bench_open },
	{ "allocate",		bench_allocate },
	{ "idle",		bench_idle },
	{ "close",		bench_close },
	{ "crowd",		bench_crowd },
	{ "memory",		bench_memory },
};

static const struct part *find_part(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].name, name))
			return &parts[i];

	fail("there is no part %s", name);
}

int main(int argc, char **argv)
{
	size_t i;
	int arg;

	if (argc < 2)
		fail("usage: %s RESULTS.json [PART...]", argv[0]);
	for (arg = 2; arg < argc; arg++)
		find_part(argv[arg]);

	work_begin();
	for (i = 0; argc == 2 && i < ARRAY_SIZE(parts); i++)
		parts[i].run();
	for (arg = 2; arg < argc; arg++)
		find_part(argv[arg])->run();
	report_end(argv[1]);
	work_end();

	return 0;
}
