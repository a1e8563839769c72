// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes samples in turns, so that a machine that is slow for a while is slow for all subjects.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Interpolates between samples; the quantile for a part of 0.5 is the median. */
static double quantile(const double *samples, unsigned int count, double part)
{
	double sorted[ROUNDS_MAX], place = part * (count - 1);
	unsigned int below = place;

	memcpy(sorted, samples, count * sizeof(*samples));
	qsort(sorted, count, sizeof(*sorted), compare);
	if (below + 1 >= count)
		return sorted[count - 1];

	return sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
}

/**
 * measure() - sample all subjects in each round
 * @subjects: what to sample; those that are missing, or have no @sample, are
 *	left out
 * @count: how many
 * @rounds: how often
 *
 * Each round begins with another subject.  A round for warming up does not count; it is left
 * out if @rounds is 3 or less, since then each round is long.
 */
void measure(struct subject *subjects, size_t count, unsigned int rounds)
{
	const unsigned int warm_up = rounds > 3;
	unsigned int round;
	size_t i;

	if (rounds > ROUNDS_MAX)
		fail("more than %d rounds", ROUNDS_MAX);

	for (round = 0; round < warm_up + rounds; round++) {
		for (i = 0; i < count; i++) {
			struct subject *subject = &subjects[(i + round) % count];
			double sample;

			if (!subject->sample || subject->missing)
				continue;
			sample = subject->sample(subject->arg);
			if (round >= warm_up && !subject->missing)
				subject->samples[subject->rounds++] = sample;
		}
	}
}

double median_of(const double *samples, unsigned int count)
{
	return quantile(samples, count, 0.5);
}

double median(const struct subject *subject)
{
	return subject->rounds ? quantile(subject->samples, subject->rounds, 0.5) : NAN;
}

/* The middle half of the samples, as a part of the median. */
double spread(const struct subject *subject)
{
	const double *samples = subject->samples;
	unsigned int rounds = subject->rounds;

	if (rounds < 2)
		return NAN;

	return (quantile(samples, rounds, 0.75) - quantile(samples, rounds, 0.25)) /
	       median(subject);
}

double ratio(const struct subject *subject, const struct subject *peer)
{
	double ratios[ROUNDS_MAX];
	unsigned int round;

	if (!subject->rounds || subject->rounds != peer->rounds)
		return NAN;
	for (round = 0; round < subject->rounds; round++) {
		if (peer->samples[round] <= 0)
			return NAN;
		ratios[round] = subject->samples[round] / peer->samples[round];
	}

	return quantile(ratios, subject->rounds, 0.5);
}
