// SPDX-License-Identifier: GPL-2.0-only
/*
 * ticks: prints how many thousand times a second this processor's time stamp counter
 * counts.
 *
 * An emulated processor has the counter of the host's, and the kernel in it asks a timer
 * how fast that is.  On a busy host that answer can be wrong by a factor of fifty, and so
 * is all time in the machine.  Here only pairs of readings count between which nothing
 * else ran.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <x86intrin.h>

/* What both clocks say at one moment. */
struct moment {
	uint64_t ns;
	uint64_t ticks;
};

#define TRIES		1000
/* With an error of some nanoseconds at each end, this is right to a millionth. */
#define INTERVAL	100000000

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);

	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Of many, the one between whose readings the least time passed. */
static struct moment look(void)
{
	struct moment best = { 0 };
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < TRIES; i++) {
		uint64_t before = now();
		uint64_t ticks = __rdtsc();
		uint64_t after = now();

		if (after - before < least) {
			least = after - before;
			best = (struct moment){ before + least / 2, ticks };
		}
	}

	return best;
}

int main(void)
{
	struct moment first = look(), last;

	do
		last = look();
	while (last.ns - first.ns < INTERVAL);

	printf("%.0f\n", (last.ticks - first.ticks) * 1e6 / (last.ns - first.ns));

	return 0;
}
