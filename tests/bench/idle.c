// SPDX-License-Identifier: GPL-2.0-only
/*
 * Closing a handle that has been used but holds nothing, in a space with few and with
 * many locks in use: each page of them has been used by somebody else.
 */
#include <stdio.h>

#include <lockmgr.h>

#include "bench.h"

#define ROUNDS	40
#define CLOSES	25
#define LEVELS	3

/* So many locks share a page of records. */
#define STEP	256

/**
 * struct level - a space with so many locks in use
 * @name: its name
 * @other: the handle that used them
 */
struct level {
	char name[LOCKMGR_SPACE_NAME_SIZE];
	struct lockmgr *other;
};

static void use(struct lockmgr *mgr, uint32_t id)
{
	work_checked(lockmgr_lock(mgr, id), "lock");
	work_checked(lockmgr_unlock(mgr, id), "unlock");
}

static void fill(struct level *level, uint32_t count)
{
	uint32_t i, id;

	snprintf(level->name, sizeof(level->name), "bench.%u", count);
	work_checked(lockmgr_open(&level->other, level->name, NULL), "open");
	for (i = 0; i < count; i++)
		work_checked(lockmgr_allocate(level->other, &id), "allocate");
	for (i = 0; i < count; i += STEP)
		use(level->other, i);
}

static void empty(struct level *level)
{
	lockmgr_close(level->other);
	work_checked(lockmgr_unlink(level->name, NULL), "unlink");
}

static double sample(void *arg)
{
	const struct level *level = arg;
	uint64_t total = 0, begin;
	struct lockmgr *mgr;
	int i;

	for (i = 0; i < CLOSES; i++) {
		work_checked(lockmgr_open(&mgr, level->name, NULL), "open");
		use(mgr, 0);
		begin = now_ns();
		lockmgr_close(mgr);
		total += now_ns() - begin;
	}
	return total / (1000.0 * CLOSES);
}

void bench_idle(void)
{
	static const uint32_t counts[LEVELS] = { 1, 1000, 1000000 };
	static struct subject subjects[LEVELS];
	struct level levels[LEVELS];
	char name[64], title[64];
	size_t i;

	for (i = 0; i < LEVELS; i++) {
		fill(&levels[i], counts[i]);
		subjects[i].sample = sample;
		subjects[i].arg = &levels[i];
	}

	measure(subjects, LEVELS, ROUNDS);
	for (i = 0; i < LEVELS; i++) {
		snprintf(name, sizeof(name), "close_idle.%u", counts[i]);
		snprintf(title, sizeof(title), "close, none held, %u in use", counts[i]);
		report_own(name, title, "lockmgr", "us", &subjects[i]);
	}
	report_peer("1 in use", &subjects[0], AT_MOST(10));

	for (i = 0; i < LEVELS; i++)
		empty(&levels[i]);
}
