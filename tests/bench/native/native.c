// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock and unlock without a system call, on the processor of this system: the machine in which
 * the other rows are measured is emulated as a rule.  This runs the library's own object code over
 * records in shared memory.  The system need not have the module: device.c answers in its place,
 * but is not called while the clock runs.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <lockmgr.h>

#include "../bench.h"

#define ROUNDS	101
#define PAIRS	300000

#define WARM_UP	1000

/* Any id will do. */
#define ID	7

static struct lockmgr *open_manager(void)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	int i;

	options.device = "/dev/zero";
	work_checked(lockmgr_open(&mgr, "bench", &options), "open");
	/* The library maps records only after a number of locks, when that pays. */
	for (i = 0; i < WARM_UP; i++) {
		work_checked(lockmgr_lock(mgr, ID), "lock");
		work_checked(lockmgr_unlock(mgr, ID), "unlock");
	}
	return mgr;
}

static double sample_lockmgr(void *arg)
{
	struct lockmgr *mgr = arg;
	uint64_t begin = now_ns();
	int i;

	for (i = 0; i < PAIRS; i++)
		if (lockmgr_lock(mgr, ID) || lockmgr_unlock(mgr, ID))
			fail("cannot lock and unlock");

	return (double)(now_ns() - begin) / PAIRS;
}

static pthread_mutex_t *make_mutex(int robust)
{
	pthread_mutex_t *mutex = work_shared(sizeof(*mutex));
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, robust);
	if (pthread_mutex_init(mutex, &attributes))
		fail("pthread_mutex_init");
	pthread_mutexattr_destroy(&attributes);
	return mutex;
}

static double sample_mutex(void *arg)
{
	pthread_mutex_t *mutex = arg;
	uint64_t begin = now_ns();
	int i;

	for (i = 0; i < PAIRS; i++)
		if (pthread_mutex_lock(mutex) || pthread_mutex_unlock(mutex))
			fail("cannot lock and unlock");

	return (double)(now_ns() - begin) / PAIRS;
}

static bool swap(_Atomic uint64_t *word, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong(word, &from, to);
}

static double sample_swaps(void *arg)
{
	_Atomic uint64_t *word = arg;
	uint64_t begin = now_ns();
	int i;

	for (i = 0; i < PAIRS; i++)
		if (!swap(word, 0, 1) || !swap(word, 1, 0))
			fail("cannot swap");

	return (double)(now_ns() - begin) / PAIRS;
}

int main(int argc, char **argv)
{
	struct subject subjects[] = {
		{ .sample = sample_lockmgr },
		{ .sample = sample_mutex },
		{ .sample = sample_mutex },
		{ .sample = sample_swaps },
	};

	if (argc != 2)
		fail("usage: %s RESULTS.json", argv[0]);
	subjects[0].arg = open_manager();
	subjects[1].arg = make_mutex(PTHREAD_MUTEX_ROBUST);
	subjects[2].arg = make_mutex(PTHREAD_MUTEX_STALLED);
	subjects[3].arg = work_shared(sizeof(uint64_t));

	measure(subjects, ARRAY_SIZE(subjects), ROUNDS);
	report_own("native", "lock+unlock, mapped, outside", "lockmgr", "ns", &subjects[0]);
	report_peer("robust", &subjects[1], AT_MOST(0.6));
	report_peer("plain", &subjects[2], NO_TARGET);
	report_peer("2 swaps", &subjects[3], AT_MOST(1.5));
	report_end(argv[1]);

	return 0;
}
