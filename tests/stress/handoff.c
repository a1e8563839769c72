// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fairness: fast lockers bypass a waiter a bounded number of times, sleepers are
 * served in the order of the queue, and nobody starves.
 *
 * The bound, from kmod/lock.c
 *
 *   Let a waiter become the first in the queue while somebody, h, holds the lock.
 *   The release by h wakes it.  Each acquisition by others after that is counted: by
 *   the waiter, which looks in vain, or by the release, which finds it woken but not
 *   running.  When it was counted MAX_BYPASSED times, the next release hands off.  So
 *   there are at most MAX_BYPASSED + 1 acquisitions until the waiter has the lock,
 *   whether or not it gets to run.
 *
 *   Each thread ahead of a waiter leaves the queue by acquiring, after at most as many.
 *   So at the p-th place (p = 1 is the first) there are at most
 *
 *     (p - 1) * (MAX_BYPASSED + 1 + 1) + MAX_BYPASSED + 1
 *
 *   acquisitions by others to come.  No thread joins the queue ahead of another one here,
 *   because only a thread that a signal interrupted can do so.  In addition
 *
 *   - h may have acquired the lock, but not counted that yet, when we look;
 *   - each other thread may once have found the queue empty just before, and so acquire
 *     and release the lock without looking at the queue.
 *
 *   With n others, the bound is p * (MAX_BYPASSED + 2) + n.
 *
 *   That is so where every lock is taken through the kernel.  In memory, nobody counts
 *   who takes the lock between a waiter's looks; what holds there is that it looks until
 *   it is due, and the release after that hands off, and so everybody gets a turn in time.
 */
#include "stress.h"

/* As in kmod/lock.c. */
#define MAX_BYPASSED	32
#define MAX_WAIT_US	4000

#define LOCK		5
#define HAMMERERS_MAX	8
#define PATIENT		0

/**
 * struct plan - what the crowd does
 * @hammerers: how many lock and unlock all the time
 * @single: all share one processor, and the patient one gets little of it
 * @in_memory: they may acquire the lock in memory
 * @count: acquisitions; guarded by the lock
 * @turn: how many times the patient one shall have locked by now
 * @done: how many times it has locked
 * @count_then: the value of @count at its last acquisition
 */
struct plan {
	unsigned int hammerers;
	bool single;
	bool in_memory;
	volatile uint64_t count;
	atomic_uint_least64_t turn;
	atomic_uint_least64_t done;
	atomic_uint_least64_t count_then;
};

static struct plan *plan;

static struct crowd *make_plan(struct lockmgr *mgr, unsigned int hammerers, bool single)
{
	plan = shared_new(sizeof(*plan));
	plan->hammerers = hammerers;
	plan->single = single;

	return crowd_new(mgr);
}

static struct lockmgr *open_as_planned(struct worker *self)
{
	return worker_open_with(self, plan->in_memory ? 0 : LOCKMGR_OPEN_NO_MAP);
}

static void stay_on_one_processor(struct worker *self)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	worker_check(!sched_setaffinity(0, sizeof(cpus), &cpus));
}

static void hammer(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = open_as_planned(self);

	if (plan->single)
		stay_on_one_processor(self);
	worker_wait_for_go(crowd);

	while (!atomic_load(&crowd->stop)) {
		worker_check(!lockmgr_lock(mgr, LOCK));
		plan->count++;
		worker_check(!lockmgr_unlock(mgr, LOCK));
		worker_step(self, 0);
	}
}

static void wait_properly(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = open_as_planned(self);

	if (plan->single) {
		stay_on_one_processor(self);
		worker_check(nice(10) == 10);
	}
	worker_wait_for_go(crowd);

	while (!atomic_load(&crowd->stop)) {
		if (atomic_load(&plan->done) == atomic_load(&plan->turn)) {
			pause_us(100);
		} else {
			worker_check(!lockmgr_lock(mgr, LOCK));
			atomic_store(&plan->count_then, plan->count);
			worker_check(!lockmgr_unlock(mgr, LOCK));
			atomic_fetch_add(&plan->done, 1);
		}
		worker_step(self, 0);
	}
}

/* The place in the queue of the waiter with that pid; 0: not in the queue. */
static unsigned int place_in_queue(struct lockmgr *mgr, pid_t pid)
{
	struct lockmgr_waiter_info waiters[HAMMERERS_MAX + 1];
	uint64_t cursor = 0;
	size_t count, i;
	int ret;

	ret = lockmgr_list_waiters(mgr, LOCK, &cursor, waiters, HAMMERERS_MAX + 1, &count);
	assert_int_equal(ret, 0);
	for (i = 0; i < count; i++)
		if (waiters[i].pid == pid)
			return i + 1;

	return 0;
}

static bool turn_is_over(void *unused)
{
	(void)unused;
	return atomic_load(&plan->done) == atomic_load(&plan->turn);
}

/*
 * Let the patient one lock once.  Returns the place at which it was seen in the queue, or
 * 0 if it was not seen there, and how many others have acquired the lock since.
 */
static unsigned int watch_turn(struct crowd *crowd, int64_t *bypassed)
{
	unsigned int place = 0;
	uint64_t count = 0;

	atomic_fetch_add(&plan->turn, 1);
	while (!place && !turn_is_over(NULL)) {
		place = place_in_queue(crowd->mgr, crowd->workers[PATIENT].pid);
		/* Count only now: the patient one joined the queue before this count. */
		count = plan->count;
	}
	crowd_until(crowd, turn_is_over, NULL, "the patient one gets no turn");
	*bypassed = atomic_load(&plan->count_then) - count;

	return place;
}

static void start_crowd(struct crowd *crowd)
{
	unsigned int index;

	crowd_start(crowd, PATIENT, wait_properly, 0);
	for (index = 1; index <= plan->hammerers; index++)
		crowd_start(crowd, index, hammer, 0);
	crowd_go(crowd);
}

static void stop_crowd(struct crowd *crowd)
{
	atomic_store(&crowd->stop, true);
	crowd_finish(crowd);
}

static void watch_turns(struct crowd *crowd, uint64_t turns)
{
	int64_t bypassed, most = 0;
	uint64_t seen = 0;

	start_crowd(crowd);
	while (seen < turns) {
		unsigned int place = watch_turn(crowd, &bypassed);

		if (!place)
			continue;
		if (!plan->in_memory &&
		    bypassed > place * (MAX_BYPASSED + 2) + plan->hammerers)
			crowd_fail(crowd, "bypassed too often", &crowd->workers[PATIENT]);
		most = bypassed > most ? bypassed : most;
		seen++;
	}
	stop_crowd(crowd);
	printf("# bypassed %" PRId64 " times at most, in %" PRIu64 " turns\n", most, turns);
}

static void waiter_among_8_lockers_is_bypassed_a_bounded_number_of_times(void **state)
{
	(void)state;
	watch_turns(make_plan(space_open(), 8, false), scaled(300));
}

static void waiter_that_hardly_gets_a_processor_is_bypassed_no_more_often(void **state)
{
	(void)state;
	watch_turns(make_plan(space_open(), 8, true), scaled(20));
}

static void waiter_among_8_lockers_in_memory_gets_its_turns(void **state)
{
	struct crowd *crowd = make_plan(space_open(), 8, false);

	(void)state;
	plan->in_memory = true;
	watch_turns(crowd, scaled(300));
}

static void waiter_for_a_single_locker_is_bypassed_a_bounded_number_of_times(void **state)
{
	(void)state;
	watch_turns(make_plan(space_open(), 1, true), scaled(20));
}

/* ------------------------------------------------------------------------
 * Order
 */

#define SLEEPERS	16

struct order {
	volatile uint32_t count;
	volatile uint32_t index[SLEEPERS];
};

static struct order *order;

static void sleep_once(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);

	(void)crowd;
	worker_check(!lockmgr_lock(mgr, LOCK));
	order->index[order->count++] = self->index;
	worker_check(!lockmgr_unlock(mgr, LOCK));
}

/* Sleepers 0, 1, 2 ... wait for a lock that the caller holds. */
static void queue_up(struct crowd *crowd)
{
	unsigned int index;

	order = shared_new(sizeof(*order));
	for (index = 0; index < SLEEPERS; index++) {
		crowd_start(crowd, index, sleep_once, 0);
		wait_for_waiters(crowd->mgr, LOCK, index + 1);
	}
}

static void expect_order_of_queue(void)
{
	unsigned int i;

	assert_int_equal(order->count, SLEEPERS);
	for (i = 0; i < SLEEPERS; i++)
		assert_int_equal(order->index[i], i);
}

static void sleepers_get_the_lock_in_the_order_of_the_queue(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = make_plan(mgr, 8, false);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, LOCK), 0);
	queue_up(crowd);

	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	crowd_finish(crowd);

	expect_order_of_queue();
}

static bool all_slept(void *unused)
{
	(void)unused;
	return order->count == SLEEPERS;
}

static void sleepers_keep_their_order_when_others_barge_in(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = make_plan(mgr, 8, false);
	unsigned int index;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, LOCK), 0);
	queue_up(crowd);
	for (index = SLEEPERS; index < SLEEPERS + plan->hammerers; index++)
		crowd_start(crowd, index, hammer, 0);
	atomic_store(&crowd->go, true);
	wait_for_waiters(mgr, LOCK, SLEEPERS + plan->hammerers);

	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	crowd_until(crowd, all_slept, NULL, "not all sleepers have acquired the lock");
	stop_crowd(crowd);

	expect_order_of_queue();
}

/* The caller holds the lock that the sleepers wait for; they run only when it pauses. */
static struct crowd *conduct_sleepers(struct lockmgr *mgr)
{
	struct crowd *crowd = make_plan(mgr, 0, false);

	conduct();
	assert_int_equal(lockmgr_lock(mgr, LOCK), 0);
	queue_up(crowd);

	return crowd;
}

/* A release wakes a sleeper, but none gets to run. */
static void lock_is_handed_over_after_a_bounded_number_of_releases(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_NO_MAP, 0);
	struct crowd *crowd = conduct_sleepers(mgr);
	unsigned int barged = 0;

	(void)state;
	do {
		assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	} while (!lockmgr_trylock(mgr, LOCK) && ++barged < 1000);
	assert_in_range(barged, 0, MAX_BYPASSED + 1);

	/* The waiters after those that got it so are served as well. */
	crowd_finish(crowd);
	expect_order_of_queue();
}

/*
 * /proc/PID/stat would say that the waiter sleeps even before it has looked at the lock.
 * /proc/PID/syscall shows it in a system call and off its processor only when it sleeps.
 */
static bool first_sleeps(void *crowd)
{
	const struct crowd *sleepers = crowd;
	char path[64], word[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", sleepers->workers[0].pid);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%31s", word), 1);
	fclose(file);

	return strcmp(word, "running");
}

static void waiter_woken_in_vain_long_ago_has_the_lock_at_the_next_release(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_NO_MAP, 0);
	struct crowd *crowd = conduct_sleepers(mgr);

	(void)state;
	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	assert_int_equal(lockmgr_trylock(mgr, LOCK), 0);
	/* The waiter has not run yet; it will, and find the lock held. */
	crowd_until(crowd, first_sleeps, crowd, "the first waiter does not sleep again");
	pause_us(MAX_WAIT_US);
	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);

	assert_int_equal(lockmgr_trylock(mgr, LOCK), -EBUSY);
	crowd_finish(crowd);
}

/* A waiter that has found the lock held marks the word only when it is due. */
static bool is_handed_over(void *mgr)
{
	pause_us(MAX_WAIT_US);
	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);

	return lockmgr_trylock(mgr, LOCK) == -EBUSY;
}

static void waiter_bypassed_in_memory_is_handed_the_lock(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = conduct_sleepers(mgr);

	(void)state;
	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	assert_int_equal(lockmgr_trylock(mgr, LOCK), 0);
	crowd_until(crowd, is_handed_over, mgr, "no handoff to the first waiter");
	crowd_finish(crowd);
}

/* ------------------------------------------------------------------------
 * Shares
 */

#define CROWD	64

struct shares {
	volatile uint64_t count;
	volatile uint64_t each[CROWD];
};

static struct shares *shares;

static void take_a_share(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = open_as_planned(self);

	worker_wait_for_go(crowd);
	while (!atomic_load(&crowd->stop)) {
		worker_check(!lockmgr_lock(mgr, LOCK));
		shares->count++;
		shares->each[self->index]++;
		worker_check(!lockmgr_unlock(mgr, LOCK));
		worker_step(self, 0);
	}
}

static uint64_t least_share(void)
{
	uint64_t least = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < CROWD; i++)
		least = shares->each[i] < least ? shares->each[i] : least;

	return least;
}

/* Have a crowd share the lock until each has had it @least times, and together @all times. */
static void share(bool in_memory, uint64_t least, uint64_t all)
{
	struct crowd *crowd = make_plan(space_open(), CROWD, false);
	unsigned int i;

	plan->in_memory = in_memory;
	shares = shared_new(sizeof(*shares));
	for (i = 0; i < CROWD; i++)
		crowd_start(crowd, i, take_a_share, 0);
	crowd_go(crowd);
	while (least_share() < least || shares->count < all) {
		crowd_check(crowd);
		/* Checking a crowd takes a processor for a while, too. */
		pause_us(20000);
	}
	stop_crowd(crowd);
	printf("# at least %" PRIu64 ", %" PRIu64 " on average\n", least_share(),
	       shares->count / CROWD);
}

static void each_of_64_processes_gets_a_share(void **state)
{
	const uint64_t average = scaled(1000);

	(void)state;
	share(false, 0, CROWD * average);
	assert_true(least_share() >= average / 20);
}

/* In memory, the scheduler decides how large the shares are; it evens them out over seconds. */
static void each_of_64_processes_gets_turns_in_memory(void **state)
{
	(void)state;
	share(true, 10, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(waiter_among_8_lockers_is_bypassed_a_bounded_number_of_times),
		harness_test(waiter_that_hardly_gets_a_processor_is_bypassed_no_more_often),
		harness_test(waiter_among_8_lockers_in_memory_gets_its_turns),
		harness_test(waiter_for_a_single_locker_is_bypassed_a_bounded_number_of_times),
		harness_test(sleepers_get_the_lock_in_the_order_of_the_queue),
		harness_test(sleepers_keep_their_order_when_others_barge_in),
		harness_test(lock_is_handed_over_after_a_bounded_number_of_releases),
		harness_test(waiter_woken_in_vain_long_ago_has_the_lock_at_the_next_release),
		harness_test(waiter_bypassed_in_memory_is_handed_the_lock),
		harness_test(each_of_64_processes_gets_a_share),
		harness_test(each_of_64_processes_gets_turns_in_memory),
	};

	return harness_run(tests);
}
