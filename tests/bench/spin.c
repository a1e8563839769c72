// SPDX-License-Identifier: GPL-2.0-only
/* Work that takes a given time on a processor that does nothing else. */
#include <stdatomic.h>

#include "bench.h"

#define TRIES	50
#define LOOPS	20000

void work_spin(uint64_t loops)
{
	/* A signal fence makes no instruction, but the compiler must keep the loop. */
	while (loops--)
		atomic_signal_fence(memory_order_seq_cst);
}

/* The fastest try is one that nothing interrupted. */
static double loop_ns(void)
{
	uint64_t best = UINT64_MAX;
	int i;

	for (i = 0; i < TRIES; i++) {
		uint64_t begin = now_ns(), took;

		work_spin(LOOPS);
		took = now_ns() - begin;
		if (took < best)
			best = took;
	}
	return (double)best / LOOPS;
}

/* Measured once, so that each row has the same work. */
uint64_t work_loops(uint64_t ns)
{
	static double each_ns;

	if (!each_ns)
		each_ns = loop_ns();
	return ns / each_ns;
}
