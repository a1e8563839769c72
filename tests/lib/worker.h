/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of the test program that make one call.
 */
#ifndef WORKER_H
#define WORKER_H

#include <pthread.h>
#include <stdlib.h>

#include "harness.h"

typedef int (*worker_fn)(struct lockmgr *mgr, uint32_t id);

struct worker {
	pthread_t thread;
	worker_fn fn;
	struct lockmgr *mgr;
	uint32_t id;
};

static inline void *worker_body(void *data)
{
	struct worker *worker = data;

	return (void *)(intptr_t)worker->fn(worker->mgr, worker->id);
}

/** Begin a call in another thread. */
static inline struct worker *worker_start(worker_fn fn, struct lockmgr *mgr, uint32_t id)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	assert_non_null(worker);
	worker->fn = fn;
	worker->mgr = mgr;
	worker->id = id;
	assert_int_equal(pthread_create(&worker->thread, NULL, worker_body, worker), 0);

	return worker;
}

/** Wait until the call has returned, and return its result. */
static inline int worker_finish(struct worker *worker)
{
	struct timespec end;
	void *result;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += HARNESS_PATIENCE_S;
	if (pthread_timedjoin_np(worker->thread, &result, &end))
		fail_msg("a thread is stuck in a call on lock %u", worker->id);
	free(worker);

	return (intptr_t)result;
}

/** worker_start() and worker_finish(). */
static inline int worker_call(worker_fn fn, struct lockmgr *mgr, uint32_t id)
{
	return worker_finish(worker_start(fn, mgr, id));
}

#endif /* WORKER_H */
