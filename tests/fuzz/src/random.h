/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/** Random numbers that a later run can repeat (splitmix64). */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t bits = *state += 0x9e3779b97f4a7c15ULL;

	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9ULL;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111ebULL;

	return bits ^ bits >> 31;
}

static inline uint32_t random_below(uint64_t *state, uint32_t end)
{
	return (random_next(state) >> 32) % end;
}

static inline bool one_in(uint64_t *state, uint32_t count)
{
	return !random_below(state, count);
}

#endif /* RANDOM_H */
