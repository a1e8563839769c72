// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that die at random moments: nothing is lost, nobody is stuck, and
 * exactly one lock call reports each death of a holder.
 *
 * What the processes note in shared memory, and what the notes prove
 *
 *   A "life" is a thread of a worker.  For each lock it has one word: where it is
 *   (AWAY, ASKING, INSIDE, LEAVING), and how often a call told it there that a
 *   holder died.  Both change in one store, so a death finds them consistent.
 *
 *   Let, for one lock,
 *     I  be the number of deaths INSIDE: these lives certainly held the lock;
 *     A  be the number of deaths ASKING or LEAVING; of these, a (ASKING) and l (LEAVING)
 *        really held the lock: the life was in the kernel, or on the way between the
 *        kernel and the note;
 *     H  be the number of deaths of holders: H = I + a + l.
 *
 *   The kernel reports H deaths: each one once, to whoever acquires the lock next.  The
 *   supervisor acquires each lock at the end, and so gets a report that is still pending.
 *   A report goes unnoted only if its receiver dies before its note says INSIDE.  That
 *   life held the lock and was ASKING: so it is one of the a.  Hence
 *
 *     I <= I + l <= noted reports <= H <= I + A
 *
 *   holds without any tolerance.  Beyond the sums, each acquisition shows that the
 *   right call reports it: for a thread that finds the traces of another inside, the call
 *   must have reported a death, and the other must have been doomed.
 */
#include <pthread.h>

#include "stress.h"

#define WORKERS		32
#define HOT_LOCKS	3
#define LOCKS		12

enum whereabouts {
	AWAY,
	ASKING,
	INSIDE,
	LEAVING,
};

#define WHEREABOUTS		4

#define NOTE_TOLD(note)		((note) / WHEREABOUTS)
#define NOTE_WHERE(note)	((note) % WHEREABOUTS)

/**
 * struct life - one thread of one worker
 * @doomed: set before it is killed
 * @notes: for each lock, where it is and how many deaths its calls reported
 */
struct life {
	atomic_bool doomed;
	atomic_uint_least32_t notes[LOCKS];
};

/**
 * struct plan - what the crowd does
 * @threads: how many each worker has
 * @life_count: lives begun; life 0 is nobody
 * @lives: all lives that ever began
 * @inside: for each lock, the life that is inside, where only one may be
 * @deaths: for each lock, how many lives died in each of the whereabouts
 */
struct plan {
	unsigned int threads;
	uint32_t life_count;
	struct life *lives;
	volatile uint32_t inside[LOCKS];
	uint32_t deaths[LOCKS][WHEREABOUTS];
};

static struct plan *plan;

/**
 * struct lodger - a thread of a worker
 * @number: the number of its life
 */
struct lodger {
	struct crowd *crowd;
	struct worker *self;
	struct lockmgr *mgr;
	unsigned int thread;
	uint32_t number;
	uint64_t random;
};

static void note(const struct lodger *lodger, uint32_t id, enum whereabouts where, bool told)
{
	atomic_uint_least32_t *word = &plan->lives[lodger->number].notes[id];

	atomic_store(word, (NOTE_TOLD(atomic_load(word)) + told) * WHEREABOUTS + where);
}

static int acquire(struct lodger *lodger, uint32_t id)
{
	struct timespec deadline;

	switch (random_below(&lodger->random, 8)) {
	case 0:
		return lockmgr_trylock(lodger->mgr, id);
	case 1:
		deadline = deadline_in_us(random_below(&lodger->random, 3000));
		return lockmgr_timedlock(lodger->mgr, id, &deadline);
	default:
		return lockmgr_lock(lodger->mgr, id);
	}
}

/* Traces of another life are those of a doomed holder, and we got the report of its death. */
static void enter(struct lodger *lodger, uint32_t id, bool told)
{
	struct worker *self = lodger->self;
	uint32_t former = plan->inside[id];

	worker_check(!former || told);
	worker_check(!former || plan->lives[former].doomed);
	plan->inside[id] = lodger->number;
}

static void linger(struct lodger *lodger)
{
	uint32_t chance = random_below(&lodger->random, 8);

	if (chance < 3)
		pause_us(50 + random_below(&lodger->random, 300));
	else if (chance < 5)
		sched_yield();
}

static void lodge(struct lodger *lodger, uint32_t id);

/* Another lock in addition, always a higher one. */
static void lodge_twice(struct lodger *lodger, uint32_t id)
{
	if (id + 1 < LOCKS && !random_below(&lodger->random, 4))
		lodge(lodger, id + 1 + random_below(&lodger->random, LOCKS - id - 1));
}

static void lodge(struct lodger *lodger, uint32_t id)
{
	struct worker *self = lodger->self;
	int ret;

	note(lodger, id, ASKING, false);
	ret = acquire(lodger, id);
	if (ret < 0) {
		worker_check(ret == -EBUSY || ret == -ETIMEDOUT);
		note(lodger, id, AWAY, false);
		return;
	}
	note(lodger, id, INSIDE, ret == LOCKMGR_OWNER_DIED);
	enter(lodger, id, ret == LOCKMGR_OWNER_DIED);

	lodge_twice(lodger, id);
	linger(lodger);

	worker_check(plan->inside[id] == lodger->number);
	plan->inside[id] = 0;
	note(lodger, id, LEAVING, false);
	worker_check(!lockmgr_unlock(lodger->mgr, id));
	note(lodger, id, AWAY, false);
}

static void *live(void *data)
{
	struct lodger *lodger = data;

	while (!atomic_load(&lodger->crowd->stop)) {
		bool hot = random_below(&lodger->random, 4);

		lodge(lodger, random_below(&lodger->random, hot ? HOT_LOCKS : LOCKS));
		worker_step(lodger->self, lodger->thread);
	}
	worker_done(lodger->self, lodger->thread);

	return NULL;
}

/* The argument is the number of the first of the worker's lives. */
static void work(struct crowd *crowd, struct worker *self)
{
	struct lodger lodgers[WORKER_THREADS_MAX];
	struct lockmgr *mgr = worker_open(self);
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < plan->threads; i++)
		lodgers[i] = (struct lodger) {
			.crowd	= crowd,
			.self	= self,
			.mgr	= mgr,
			.thread	= i,
			.number	= self->argument + i,
			.random	= random_begin(self->argument + i),
		};
	for (i = 1; i < plan->threads; i++)
		worker_check(!pthread_create(&thread, NULL, live, &lodgers[i]));
	live(&lodgers[0]);
	if (plan->threads > 1)
		worker_check(!pthread_join(thread, NULL));
}

/* ------------------------------------------------------------------------
 * The supervisor
 */

static void begin_life(struct crowd *crowd, unsigned int index)
{
	uint32_t number = plan->life_count;

	plan->life_count += plan->threads;
	crowd_start(crowd, index, work, number);
}

static bool is_inside(const struct worker *worker)
{
	uint32_t number, id;

	for (number = worker->argument; number < worker->argument + plan->threads; number++)
		for (id = 0; id < LOCKS; id++)
			if (NOTE_WHERE(plan->lives[number].notes[id]) == INSIDE)
				return true;

	return false;
}

/* Any worker, or just as often one that seems to hold a lock at the moment. */
static unsigned int pick_victim(struct crowd *crowd, uint64_t *random)
{
	unsigned int first = random_below(random, WORKERS);
	unsigned int index = first;

	if (random_below(random, 2))
		return first;

	do {
		if (is_inside(&crowd->workers[index]))
			return index;
		index = (index + 1) % WORKERS;
	} while (index != first);

	return first;
}

/* Note for each lock where the life died. */
static void count_death(const struct life *life)
{
	uint32_t id;

	for (id = 0; id < LOCKS; id++)
		plan->deaths[id][NOTE_WHERE(life->notes[id])]++;
}

static void end_life(struct crowd *crowd, unsigned int index)
{
	uint32_t number = crowd->workers[index].argument;
	unsigned int i;

	for (i = 0; i < plan->threads; i++)
		plan->lives[number + i].doomed = true;
	crowd_kill(crowd, index);
	for (i = 0; i < plan->threads; i++)
		count_death(&plan->lives[number + i]);
}

/* Kill and replace workers at random moments, then let the rest finish. */
static void supervise(struct crowd *crowd, uint64_t kills)
{
	uint64_t random = random_begin(0);
	unsigned int index;

	for (index = 0; index < WORKERS; index++)
		begin_life(crowd, index);

	for (; kills; kills--) {
		pause_us(random_below(&random, 2000));
		crowd_check(crowd);
		index = pick_victim(crowd, &random);
		end_life(crowd, index);
		begin_life(crowd, index);
	}

	atomic_store(&crowd->stop, true);
	crowd_finish(crowd);
}

static struct crowd *make_plan(struct lockmgr *mgr, unsigned int threads, uint64_t kills)
{
	plan = shared_new(sizeof(*plan));
	plan->threads = threads;
	plan->life_count = 1;
	plan->lives = shared_new((1 + (WORKERS + kills) * threads) * sizeof(*plan->lives));

	return crowd_new(mgr);
}

static uint32_t noted_tellings(uint32_t id)
{
	uint32_t number, sum = 0;

	for (number = 1; number < plan->life_count; number++)
		sum += NOTE_TOLD(plan->lives[number].notes[id]);

	return sum;
}

static uint32_t deaths(enum whereabouts where)
{
	uint32_t id, sum = 0;

	for (id = 0; id < LOCKS; id++)
		sum += plan->deaths[id][where];

	return sum;
}

/* The inequality at the beginning of this file. */
static void expect_tellings(struct lockmgr *mgr, uint32_t id)
{
	const uint32_t *died = plan->deaths[id];
	int last = lockmgr_trylock(mgr, id);
	uint32_t told;

	assert_in_range(last, 0, LOCKMGR_OWNER_DIED);
	told = noted_tellings(id) + (last == LOCKMGR_OWNER_DIED);
	assert_in_range(told, died[INSIDE], died[INSIDE] + died[ASKING] + died[LEAVING]);
}

static void expect_quiet(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	uint32_t id;

	for (id = 0; id < LOCKS; id++) {
		assert_int_equal(lock_info(mgr, id).waiters, 0);
		assert_int_equal(lock_info(mgr, id).flags & LOCKMGR_LOCK_IS_HELD, 0);
		assert_int_equal(lockmgr_retrieve(mgr, id), id % 2);
	}
	assert_int_equal(lockmgr_info(mgr, &info), 0);
	assert_int_equal(info.clients, 1);
	assert_int_equal(info.allocated, LOCKS / 2);
}

static void allocate_every_other(struct lockmgr *mgr)
{
	uint32_t id;

	for (id = 1; id < LOCKS; id += 2)
		assert_int_equal(lockmgr_allocate_id(mgr, id), 0);
}

static void kill_at_random(unsigned int threads, uint64_t kills)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = make_plan(mgr, threads, kills);
	uint32_t id;

	allocate_every_other(mgr);

	supervise(crowd, kills);

	expect_quiet(mgr);
	for (id = 0; id < LOCKS; id++)
		expect_tellings(mgr, id);
	printf("# %" PRIu64 " killed; lock by lock: %u inside, %u asking, %u leaving\n", kills,
	       deaths(INSIDE), deaths(ASKING), deaths(LEAVING));
	assert_true(deaths(INSIDE) && deaths(ASKING));
}

static void each_holder_killed_at_random_is_told_once(void **state)
{
	(void)state;
	kill_at_random(1, scaled(600));
}

static void each_holder_killed_among_its_threads_is_told_once(void **state)
{
	(void)state;
	kill_at_random(2, scaled(300));
}

/* ------------------------------------------------------------------------
 * Without chance, exactly
 */

#define QUEUE	64

struct scene {
	volatile uint32_t inside;
	volatile uint32_t told;
	volatile uint32_t passed;
};

static struct scene *scene;

static void pass_through(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);
	int ret;

	(void)crowd;
	ret = lockmgr_lock(mgr, 0);
	worker_check(!ret || ret == LOCKMGR_OWNER_DIED);
	worker_check(!scene->inside);
	scene->inside = getpid();
	scene->passed++;
	scene->told += ret;
	scene->inside = 0;
	worker_check(!lockmgr_unlock(mgr, 0));
}

static void killed_waiters_leave_the_others_waiting_and_untold(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = crowd_new(mgr);
	uint64_t random = random_begin(0);
	unsigned int index;

	(void)state;
	scene = shared_new(sizeof(*scene));
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	for (index = 0; index < QUEUE; index++)
		crowd_start(crowd, index, pass_through, 0);
	wait_for_waiters(mgr, 0, QUEUE);

	/* Kill one of each pair. */
	for (index = 0; index < QUEUE; index += 2)
		crowd_kill(crowd, index + random_below(&random, 2));
	wait_for_waiters(mgr, 0, QUEUE / 2);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	crowd_finish(crowd);

	assert_int_equal(scene->passed, QUEUE / 2);
	assert_int_equal(scene->told, 0);
}

static void stay_inside(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);
	int ret = lockmgr_lock(mgr, 0);

	(void)crowd;
	worker_check(!ret || ret == LOCKMGR_OWNER_DIED);
	scene->told += ret;
	scene->inside = self->index + 1;
	worker_done(self, 0);
	for (;;)
		pause();
}

static bool somebody_is_inside(void *unused)
{
	(void)unused;
	return scene->inside;
}

static void each_of_a_chain_of_killed_holders_is_told_to_the_next(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = crowd_new(mgr);
	uint64_t deaths, kills = scaled(200);
	unsigned int index;

	(void)state;
	scene = shared_new(sizeof(*scene));
	for (index = 0; index < 16; index++)
		crowd_start(crowd, index, stay_inside, 0);

	for (deaths = 0; deaths < kills; deaths++) {
		crowd_until(crowd, somebody_is_inside, NULL, "nobody gets the dead holder's lock");
		assert_int_equal(scene->told, deaths);
		index = scene->inside - 1;
		scene->inside = 0;
		crowd_kill(crowd, index);
		crowd_start(crowd, index, stay_inside, 0);
	}
	crowd_until(crowd, somebody_is_inside, NULL, "nobody gets the dead holder's lock");

	assert_int_equal(scene->told, kills);
	for (index = 0; index < 16; index++)
		crowd_kill(crowd, index);
}

/* A waiter that is killed between being woken and running must not keep the wake-up. */
static void wake_up_of_a_killed_waiter_is_not_lost(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = crowd_new(mgr);

	(void)state;
	scene = shared_new(sizeof(*scene));
	conduct();
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	crowd_start(crowd, 0, pass_through, 0);
	wait_for_waiters(mgr, 0, 1);
	crowd_start(crowd, 1, pass_through, 0);
	wait_for_waiters(mgr, 0, 2);

	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	crowd_kill(crowd, 0);
	crowd_finish(crowd);

	assert_int_equal(scene->passed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(each_holder_killed_at_random_is_told_once),
		harness_test(each_holder_killed_among_its_threads_is_told_once),
		harness_test(killed_waiters_leave_the_others_waiting_and_untold),
		harness_test(each_of_a_chain_of_killed_holders_is_told_to_the_next),
		harness_test(wake_up_of_a_killed_waiter_is_not_lost),
	};

	stress_seed();
	return harness_run(tests);
}
