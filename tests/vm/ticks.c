// SPDX-License-Identifier: GPL-2.0-only
/*
 * ticks: prints the frequency of this processor's time stamp counter, in kHz.
 *
 * An emulated processor has the host's counter, and the kernel in the machine measures its
 * frequency against a timer.  On a busy host the result can be wrong by a factor of fifty,
 * and with it all time in the machine.  This program uses only readings of both clocks
 * between which nothing else ran.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <x86intrin.h>

/* Both clocks, read at one moment. */
struct moment {
	uint64_t ns;
	uint64_t ticks;
};

#define TRIES		1000
/* With an error of tens of nanoseconds at each end, the result is right to a millionth. */
#define INTERVAL	100000000

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);

	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Of many moments, the one with the least time between its readings of the first clock. */
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
