// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocating and freeing, with few and with many ids allocated.  No peer does
 * either.
 */
#include <stdio.h>
#include <string.h>

#include <lockmgr.h>

#include "bench.h"

#define ROUNDS	25

/* A sample is the mean of this many batches of so many calls of each kind. */
#define BATCHES	400
#define BATCH	16

/**
 * struct level - a space with so many ids allocated
 * @mgr: a handle on it
 * @allocated: how many
 * @free_ns: what freeing took in the last sample; allocating is the sample
 */
struct level {
	struct lockmgr *mgr;
	uint32_t allocated;
	double free_ns;
};

static int checked(int ret, const char *what)
{
	if (ret < 0)
		fail("lockmgr_%s: %s", what, strerror(-ret));
	return ret;
}

static const char *space_of(const struct level *level)
{
	static char name[LOCKMGR_SPACE_NAME_SIZE];

	snprintf(name, sizeof(name), "bench.%u", level->allocated);
	return name;
}

static void fill(struct level *level, uint32_t allocated)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	uint32_t i, id = 0;

	level->allocated = allocated;
	options.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL;
	checked(lockmgr_open(&level->mgr, space_of(level), &options), "open");
	for (i = 0; i < allocated; i++)
		checked(lockmgr_allocate(level->mgr, &id), "allocate");
	if (id != allocated - 1)
		fail("allocated %u instead of %u", id, allocated - 1);
}

static void empty(struct level *level)
{
	lockmgr_close(level->mgr);
	checked(lockmgr_unlink(space_of(level), NULL), "unlink");
}

static double sample_allocate(void *arg)
{
	struct level *level = arg;
	uint64_t allocate_ns = 0, free_ns = 0;
	uint32_t ids[BATCH];
	int batch, i;

	for (batch = 0; batch < BATCHES; batch++) {
		uint64_t begin, middle, end;

		begin = now_ns();
		for (i = 0; i < BATCH; i++)
			checked(lockmgr_allocate(level->mgr, &ids[i]), "allocate");
		middle = now_ns();
		for (i = 0; i < BATCH; i++)
			checked(lockmgr_free(level->mgr, ids[i]), "free");
		end = now_ns();
		allocate_ns += middle - begin;
		free_ns += end - middle;
	}
	level->free_ns = (double)free_ns / (BATCHES * BATCH);

	return (double)allocate_ns / (BATCHES * BATCH);
}

/* Sampled right after the other. */
static double sample_pair(void *arg)
{
	struct level *level = arg;

	return sample_allocate(level) + level->free_ns;
}

void bench_allocate(void)
{
	static const uint32_t counts[] = { 1, 1000, 1000000 };
	struct subject alone[ARRAY_SIZE(counts)] = { 0 }, pairs[ARRAY_SIZE(counts)] = { 0 };
	struct level levels[ARRAY_SIZE(counts)];
	char name[64], title[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		fill(&levels[i], counts[i]);
		alone[i].sample = sample_allocate;
		pairs[i].sample = sample_pair;
		alone[i].arg = &levels[i];
		pairs[i].arg = &levels[i];
	}

	measure(pairs, ARRAY_SIZE(counts), ROUNDS);
	measure(alone, ARRAY_SIZE(counts), ROUNDS);

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		snprintf(name, sizeof(name), "allocate_free.%u", counts[i]);
		snprintf(title, sizeof(title), "allocate+free, %u allocated", counts[i]);
		report_single(name, title, "ns", &pairs[i]);
	}
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		snprintf(name, sizeof(name), "allocate.%u", counts[i]);
		snprintf(title, sizeof(title), "allocate, %u allocated", counts[i]);
		report_single(name, title, "ns", &alone[i]);
	}
	report_target("allocate.millionth", "millionth allocation / first",
		      "ratio", ratio(&alone[2], &alone[0]), 2);

	for (i = 0; i < ARRAY_SIZE(counts); i++)
		empty(&levels[i]);
}
