// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocating and freeing, with few and with many ids allocated.  No peer can allocate or free.
 */
#include <stdio.h>

#include <lockmgr.h>

#include "bench.h"

#define ROUNDS	25

/* A sample is the mean of BATCHES batches of BATCH calls of each kind. */
#define BATCHES	200
#define BATCH	16

#define LEVELS	3

/**
 * struct level - a space with some ids allocated
 * @mgr: a handle on it
 * @allocated: how many
 * @free_ns: how long freeing took in the last sample, which itself is the time of allocating
 */
struct level {
	struct lockmgr *mgr;
	uint32_t allocated;
	double free_ns;
};

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
	work_checked(lockmgr_open(&level->mgr, space_of(level), &options), "open");
	for (i = 0; i < allocated; i++)
		work_checked(lockmgr_allocate(level->mgr, &id), "allocate");
	if (id != allocated - 1)
		fail("allocated %u instead of %u", id, allocated - 1);
}

static void empty(struct level *level)
{
	lockmgr_close(level->mgr);
	work_checked(lockmgr_unlink(space_of(level), NULL), "unlink");
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
			work_checked(lockmgr_allocate(level->mgr, &ids[i]), "allocate");
		middle = now_ns();
		for (i = 0; i < BATCH; i++)
			work_checked(lockmgr_free(level->mgr, ids[i]), "free");
		end = now_ns();
		allocate_ns += middle - begin;
		free_ns += end - middle;
	}
	level->free_ns = (double)free_ns / (BATCHES * BATCH);

	return (double)allocate_ns / (BATCHES * BATCH);
}

/* The times of allocating and of freeing, from one sample. */
static double sample_pair(void *arg)
{
	struct level *level = arg;

	return sample_allocate(level) + level->free_ns;
}

static void report_levels(const char *name, const char *title, const uint32_t *counts,
			  const struct subject *subjects)
{
	char row_name[64], row_title[64];
	size_t i;

	for (i = 0; i < LEVELS; i++) {
		snprintf(row_name, sizeof(row_name), "%s.%u", name, counts[i]);
		snprintf(row_title, sizeof(row_title), "%s, %u allocated", title, counts[i]);
		report_own(row_name, row_title, "lockmgr", "ns", &subjects[i]);
	}
	report_peer("1 allocated", &subjects[0], AT_MOST(1.5));
}

void bench_allocate(void)
{
	static const uint32_t counts[LEVELS] = { 1, 1000, 1000000 };
	struct subject alone[LEVELS] = { 0 }, pairs[LEVELS] = { 0 };
	struct level levels[LEVELS];
	size_t i;

	for (i = 0; i < LEVELS; i++) {
		fill(&levels[i], counts[i]);
		alone[i].sample = sample_allocate;
		pairs[i].sample = sample_pair;
		alone[i].arg = &levels[i];
		pairs[i].arg = &levels[i];
	}

	measure(pairs, LEVELS, ROUNDS);
	measure(alone, LEVELS, ROUNDS);

	report_levels("allocate_free", "allocate+free", counts, pairs);
	report_levels("allocate", "allocate", counts, alone);

	for (i = 0; i < LEVELS; i++)
		empty(&levels[i]);
}
