// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutual exclusion: crowds of processes add to counts in memory, without atomic
 * operations; only the locks protect the counts.
 */
#include <pthread.h>

#include "stress.h"

/*
 * Neighbours, two whose records share a cache line (0 and 64), some whose queues share a
 * bucket and some whose queues do not, the first and the last id.
 */
static const uint32_t several_ids[] = { 0, 1, 64, 65, 4096, 999999, 1048575 };
static const uint32_t one_id[] = { 7 };

enum way {
	LOCK,
	TRYLOCK,
	TIMEDLOCK,
	WAYS,
};

struct place {
	volatile uint64_t count;
	volatile uint32_t inside;
};

struct plan {
	const uint32_t *ids;
	unsigned int id_count;
	unsigned int way_count;
	unsigned int threads;
	uint64_t rounds;

	struct place places[8];
	atomic_uint_least64_t acquired[WAYS];
	atomic_uint_least64_t refused[WAYS];
};

static struct plan *plan;

struct visitor {
	struct worker *self;
	struct lockmgr *mgr;
	unsigned int thread;
	uint64_t random;
};

/* What the lock must protect; the yield gives others a chance to break in. */
static void visit(struct worker *self, struct place *place, uint32_t me, bool linger)
{
	uint64_t count = place->count;

	worker_check(!place->inside);
	place->inside = me;
	if (linger)
		sched_yield();
	worker_check(place->inside == me);
	place->inside = 0;
	place->count = count + 1;
}

static int acquire(struct lockmgr *mgr, uint32_t id, enum way way)
{
	const struct timespec deadline = deadline_in(1);

	switch (way) {
	case TRYLOCK:
		return lockmgr_trylock(mgr, id);
	case TIMEDLOCK:
		return lockmgr_timedlock(mgr, id, &deadline);
	default:
		return lockmgr_lock(mgr, id);
	}
}

/* Acquire the lock in one of the allowed ways, chosen at random until one works. */
static void acquire_somehow(struct visitor *visitor, uint32_t id)
{
	const int refusals[WAYS] = { 0, -EBUSY, -ETIMEDOUT };
	struct worker *self = visitor->self;

	for (;;) {
		enum way way = random_below(&visitor->random, plan->way_count);
		int ret = acquire(visitor->mgr, id, way);

		worker_check(!ret || ret == refusals[way]);
		atomic_fetch_add(ret ? &plan->refused[way] : &plan->acquired[way], 1);
		if (!ret)
			return;
	}
}

static void *visit_often(void *data)
{
	struct visitor *visitor = data;
	struct worker *self = visitor->self;
	uint32_t me = self->index * WORKER_THREADS_MAX + visitor->thread + 1;
	uint64_t round;

	for (round = 0; round < plan->rounds; round++) {
		unsigned int which = random_below(&visitor->random, plan->id_count);
		uint32_t id = plan->ids[which];

		acquire_somehow(visitor, id);
		visit(self, &plan->places[which], me, !random_below(&visitor->random, 16));
		worker_check(!lockmgr_unlock(visitor->mgr, id));
		worker_step(self, visitor->thread);
	}
	worker_done(self, visitor->thread);

	return NULL;
}

static void work(struct crowd *crowd, struct worker *self)
{
	struct visitor visitors[WORKER_THREADS_MAX];
	pthread_t threads[WORKER_THREADS_MAX];
	struct lockmgr *mgr = worker_open(self);
	unsigned int i;

	worker_wait_for_go(crowd);
	for (i = 0; i < plan->threads; i++) {
		visitors[i] = (struct visitor) {
			.self	= self,
			.mgr	= mgr,
			.thread	= i,
			.random	= random_begin(self->index * WORKER_THREADS_MAX + i),
		};
		if (i)
			worker_check(!pthread_create(&threads[i], NULL, visit_often, &visitors[i]));
	}
	visit_often(&visitors[0]);
	for (i = 1; i < plan->threads; i++)
		worker_check(!pthread_join(threads[i], NULL));
}

static uint64_t sum_of_counts(void)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < plan->id_count; i++)
		sum += plan->places[i].count;

	return sum;
}

static void make_plan(const uint32_t *ids, unsigned int id_count, unsigned int way_count,
		      unsigned int threads, uint64_t rounds)
{
	plan = shared_new(sizeof(*plan));
	plan->ids = ids;
	plan->id_count = id_count;
	plan->way_count = way_count;
	plan->threads = threads;
	plan->rounds = scaled(rounds);
}

#define ONE_LOCK	one_id, 1
#define SEVERAL_LOCKS	several_ids, sizeof(several_ids) / sizeof(several_ids[0])

static void count_by_64_processes_on_one_lock_is_exact(void **state)
{
	struct crowd *crowd = crowd_new(space_open());

	(void)state;
	make_plan(ONE_LOCK, LOCK + 1, 1, 1600);

	crowd_run(crowd, 64, work);

	assert_int_equal(sum_of_counts(), 64 * plan->rounds);
}

static void count_by_64_processes_on_several_locks_is_exact(void **state)
{
	struct crowd *crowd = crowd_new(space_open());

	(void)state;
	make_plan(SEVERAL_LOCKS, LOCK + 1, 1, 400);

	crowd_run(crowd, 64, work);

	assert_int_equal(sum_of_counts(), 64 * plan->rounds);
}

static void count_with_trylock_and_timedlock_mixed_in_is_exact(void **state)
{
	struct crowd *crowd = crowd_new(space_open());

	(void)state;
	make_plan(SEVERAL_LOCKS, WAYS, 1, 300);

	crowd_run(crowd, 64, work);

	assert_int_equal(sum_of_counts(), 64 * plan->rounds);
	assert_true(plan->acquired[LOCK] && plan->acquired[TRYLOCK] && plan->acquired[TIMEDLOCK]);
	assert_true(plan->refused[TRYLOCK]);
}

static void count_by_threads_of_processes_on_one_lock_is_exact(void **state)
{
	struct crowd *crowd = crowd_new(space_open());

	(void)state;
	make_plan(ONE_LOCK, WAYS, 4, 300);

	crowd_run(crowd, 16, work);

	assert_int_equal(sum_of_counts(), 16 * 4 * plan->rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(count_by_64_processes_on_one_lock_is_exact),
		harness_test(count_by_64_processes_on_several_locks_is_exact),
		harness_test(count_with_trylock_and_timedlock_mixed_in_is_exact),
		harness_test(count_by_threads_of_processes_on_one_lock_is_exact),
	};

	stress_seed();
	return harness_run(tests);
}
