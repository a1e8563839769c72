// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals and deadlines against waiting: no wake-up is lost, nobody gets stuck.  A call that
 * returns success has acquired the lock, and a call that fails has not.
 */
#include "stress.h"

#define LOCK	3

struct plan {
	uint64_t rounds;
	volatile uint64_t count;
	volatile uint32_t inside;
	atomic_uint_least64_t handled;
	atomic_uint_least64_t acquired;
	atomic_uint_least64_t timeouts;
};

static struct plan *plan;

static struct crowd *make_plan(struct lockmgr *mgr, uint64_t rounds)
{
	plan = shared_new(sizeof(*plan));
	plan->rounds = rounds;

	return crowd_new(mgr);
}

/* What the lock must protect. */
static void visit(struct worker *self, long stay_us)
{
	uint64_t count = plan->count;

	worker_check(!plan->inside);
	plan->inside = self->index + 1;
	if (stay_us)
		pause_us(stay_us);
	worker_check(plan->inside == self->index + 1);
	plan->count = count + 1;
	plan->inside = 0;
}

/* ------------------------------------------------------------------------
 * Signals
 */

#define STORMED	32

static void count_signal(int signal)
{
	(void)signal;
	atomic_fetch_add(&plan->handled, 1);
}

static void handle_signals(struct worker *self, bool restart)
{
	struct sigaction action = { .sa_handler = count_signal };

	action.sa_flags = restart ? SA_RESTART : 0;
	worker_check(!sigaction(SIGUSR1, &action, NULL));
}

/* In every other worker, handled signals restart the system call. */
static void count_in_a_storm(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);
	uint64_t round, random = random_begin(self->index);

	handle_signals(self, self->index % 2);
	worker_wait_for_go(crowd);
	for (round = 0; round < plan->rounds; round++) {
		worker_check(!lockmgr_lock(mgr, LOCK));
		visit(self, random_below(&random, 4) ? 0 : 20);
		worker_check(!lockmgr_unlock(mgr, LOCK));
		worker_step(self, 0);
	}
}

/* Send signals to random workers until all have ended. */
static void storm(struct crowd *crowd)
{
	uint64_t random = random_begin(STORMED);
	unsigned int i;

	while (crowd_check(crowd)) {
		for (i = 0; i < STORMED; i++) {
			pid_t pid = crowd->workers[random_below(&random, STORMED)].pid;

			if (pid)
				kill(pid, SIGUSR1);
		}
		sched_yield();
	}
}

static void count_in_a_storm_of_signals_is_exact(void **state)
{
	struct crowd *crowd = make_plan(space_open(), scaled(300));
	unsigned int index;

	(void)state;
	for (index = 0; index < STORMED; index++)
		crowd_start(crowd, index, count_in_a_storm, 0);
	crowd_go(crowd);

	storm(crowd);

	assert_int_equal(plan->count, STORMED * plan->rounds);
	assert_true(plan->handled > STORMED);
	printf("# %" PRIu64 " signals handled during %" PRIu64 " acquisitions\n", plan->handled,
	       plan->count);
}

static void lock_once(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);

	(void)crowd;
	handle_signals(self, self->index % 2);
	worker_check(!lockmgr_lock(mgr, LOCK));
	visit(self, 0);
	worker_check(!lockmgr_unlock(mgr, LOCK));
}

static bool half_have_passed(void *unused)
{
	(void)unused;
	return plan->count == STORMED / 2;
}

static void stopped_waiters_hold_up_nobody_and_get_the_lock_later(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = make_plan(mgr, 1);
	unsigned int index;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, LOCK), 0);
	for (index = 0; index < STORMED; index++) {
		crowd_start(crowd, index, lock_once, 0);
		wait_for_waiters(mgr, LOCK, index + 1);
	}
	for (index = 0; index < STORMED; index += 2)
		kill(crowd->workers[index].pid, SIGSTOP);
	wait_for_waiters(mgr, LOCK, STORMED / 2);

	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	crowd_until(crowd, half_have_passed, NULL, "stopped waiters hold up the others");

	for (index = 0; index < STORMED; index += 2)
		kill(crowd->workers[index].pid, SIGCONT);
	crowd_finish(crowd);
	assert_int_equal(plan->count, STORMED);
}

/* ------------------------------------------------------------------------
 * Deadlines
 */

#define STAY_US		150

/*
 * Stays in the lock for about as long as the others' deadlines, so that they pass
 * during the handoff.  Time counts as progress only while somebody
 * acquires: if a lock were lost, timeouts would go on for ever.
 */
static void be_impatient(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);
	uint64_t seen, random = random_begin(self->index);

	worker_wait_for_go(crowd);
	for (seen = 0; atomic_load(&plan->timeouts) < plan->rounds;) {
		struct timespec end = deadline_in_us(random_below(&random, 4 * STAY_US));
		int ret = lockmgr_timedlock(mgr, LOCK, &end);

		worker_check(!ret || ret == -ETIMEDOUT);
		if (ret) {
			atomic_fetch_add(&plan->timeouts, 1);
		} else {
			atomic_fetch_add(&plan->acquired, 1);
			visit(self, random_below(&random, STAY_US));
			worker_check(!lockmgr_unlock(mgr, LOCK));
		}
		if (seen != plan->count)
			worker_step(self, 0);
		seen = plan->count;
	}
}

/* Waits after the impatient ones for the wake-ups that they leave unused. */
static void be_patient(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);
	uint64_t random = random_begin(self->index);

	worker_wait_for_go(crowd);
	while (atomic_load(&plan->timeouts) < plan->rounds) {
		worker_check(!lockmgr_lock(mgr, LOCK));
		atomic_fetch_add(&plan->acquired, 1);
		visit(self, random_below(&random, STAY_US));
		worker_check(!lockmgr_unlock(mgr, LOCK));
		worker_step(self, 0);
	}
}

static void race(unsigned int impatient, unsigned int patient, uint64_t timeouts)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = make_plan(mgr, timeouts);
	unsigned int index;

	for (index = 0; index < impatient; index++)
		crowd_start(crowd, index, be_impatient, 0);
	for (; index < impatient + patient; index++)
		crowd_start(crowd, index, be_patient, 0);
	crowd_go(crowd);
	crowd_finish(crowd);

	printf("# %" PRIu64 " timeouts, %" PRIu64 " acquisitions\n", plan->timeouts,
	       plan->acquired);
	assert_int_equal(plan->count, plan->acquired);
	assert_int_equal(lock_info(mgr, LOCK).waiters, 0);
	assert_int_equal(lockmgr_trylock(mgr, LOCK), 0);
}

static void deadlines_of_many_that_race_with_hand_over_lose_nothing(void **state)
{
	(void)state;
	race(12, 4, scaled(20000));
}

static void deadlines_of_few_that_race_with_hand_over_lose_nothing(void **state)
{
	(void)state;
	race(2, 1, scaled(3000));
}

static struct timespec deadline;

static void lock_until_deadline(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);
	int ret = lockmgr_timedlock(mgr, LOCK, &deadline);

	(void)crowd;
	worker_check(!ret || ret == -ETIMEDOUT);
	if (!ret)
		worker_check(!lockmgr_unlock(mgr, LOCK));
}

static bool deadline_has_passed(void)
{
	return now_ns() > deadline.tv_sec * 1000000000ULL + deadline.tv_nsec;
}

/* On a machine that is too slow, the deadline passes before the first worker waits. */
static bool one_waits_or_never(void *mgr)
{
	return lock_info(mgr, LOCK).waiters == 1 || deadline_has_passed();
}

static bool two_wait_or_never(void *mgr)
{
	return lock_info(mgr, LOCK).waiters == 2 || deadline_has_passed();
}

/*
 * A waiter that is woken, and finds that its deadline has passed when it gets to run, must
 * not keep the wake-up.
 */
static void wake_up_of_a_waiter_whose_deadline_passes_is_not_lost(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = make_plan(mgr, 1);

	(void)state;
	conduct();
	assert_int_equal(lockmgr_lock(mgr, LOCK), 0);
	/* This is less time than the kernel lets a process of our priority run without a break. */
	deadline = deadline_in(300);
	crowd_start(crowd, 0, lock_until_deadline, 0);
	crowd_until(crowd, one_waits_or_never, mgr, "nobody waits for the lock");
	crowd_start(crowd, 1, lock_once, 0);
	crowd_until(crowd, two_wait_or_never, mgr, "the second one does not wait for the lock");

	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	while (!deadline_has_passed())
		;
	crowd_finish(crowd);

	assert_int_equal(plan->count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(count_in_a_storm_of_signals_is_exact),
		harness_test(stopped_waiters_hold_up_nobody_and_get_the_lock_later),
		harness_test(deadlines_of_many_that_race_with_hand_over_lose_nothing),
		harness_test(deadlines_of_few_that_race_with_hand_over_lose_nothing),
		harness_test(wake_up_of_a_waiter_whose_deadline_passes_is_not_lost),
	};

	stress_seed();
	return harness_run(tests);
}
