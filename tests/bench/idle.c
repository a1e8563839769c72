// SPDX-License-Identifier: GPL-2.0-only
/*
 * Closing a handle that has been used but holds nothing, in a space with few and with many locks
 * in use: another handle has used each page of them.  And how long others wait for the processor
 * while a handle is closed that has used all those pages.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <lockmgr.h>

#include "bench.h"

#define ROUNDS	40
#define CLOSES	25
#define LEVELS	3

/* This many locks share a page of records. */
#define STEP	256

#define MANY	1000000

/**
 * struct level - a space with some locks in use
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
	if (level->other)
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

/* ------------------------------------------------------------------------
 * Without preemption
 */

#define PREEMPT_ROUNDS	15
#define TURN_NS		100000

/**
 * rival - a thread of real-time priority that wants the processor every TURN_NS
 * @watching: whether its waits count
 * @stop: whether it must end
 * @longest: its longest wait for the processor, in ns
 */
static struct {
	atomic_bool watching;
	atomic_bool stop;
	uint64_t longest;
} rival;

static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	must(sched_setaffinity(0, sizeof(set), &set));
}

static void *want_the_processor(void *unused)
{
	const struct sched_param param = { .sched_priority = 1 };
	uint64_t turn = now_ns();

	(void)unused;
	must(sched_setscheduler(0, SCHED_FIFO, &param));
	while (!atomic_load(&rival.stop)) {
		const struct timespec next = {
			.tv_sec = turn / 1000000000,
			.tv_nsec = turn % 1000000000,
		};
		uint64_t now;

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		now = now_ns();
		if (atomic_load(&rival.watching) && now - turn > rival.longest)
			rival.longest = now - turn;
		turn = now + TURN_NS;
	}
	return NULL;
}

static double sample_wait(void *arg)
{
	const struct level *level = arg;
	struct lockmgr *mgr;
	uint32_t id;

	work_checked(lockmgr_open(&mgr, level->name, NULL), "open");
	for (id = 0; id < MANY; id += STEP)
		use(mgr, id);
	rival.longest = 0;
	atomic_store(&rival.watching, true);
	lockmgr_close(mgr);
	atomic_store(&rival.watching, false);

	return rival.longest / 1000.0;
}

/* In a child, on one processor; its figures are in memory that it shares with its parent. */
static void measure_waits(void *arg)
{
	struct subject *subject = arg;
	pthread_t thread;

	stay_on_one_processor();
	if (pthread_create(&thread, NULL, want_the_processor, NULL))
		fail("pthread_create");
	measure(subject, 1, PREEMPT_ROUNDS);
	atomic_store(&rival.stop, true);
	pthread_join(thread, NULL);
}

static void bench_waits(struct level *level, const char *name, const char *title)
{
	struct subject *subject = work_shared(sizeof(*subject));

	*subject = (struct subject) { .sample = sample_wait, .arg = level };
	work_join(work_fork(measure_waits, subject));
	report_value(name, title, "us", median(subject), AT_MOST(1000));
}

void bench_idle(void)
{
	static const uint32_t counts[LEVELS] = { 1, 1000, MANY };
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

	bench_waits(&levels[LEVELS - 1], "close_idle.unpreempted",
		    "  longest wait for its processor");
	lockmgr_close(levels[LEVELS - 1].other);
	bench_waits(&levels[LEVELS - 1], "close_idle.last.unpreempted",
		    "  the same, closing the last handle");
	levels[LEVELS - 1].other = NULL;

	for (i = 0; i < LEVELS; i++)
		empty(&levels[i]);
}
