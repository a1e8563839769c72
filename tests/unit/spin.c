// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spinning briefly before the library calls the module: when, for how long, how often.
 *
 * A thread that spins reads the clock.  The test takes away access to the clock's page, so
 * that it notices the read, and can change the word of the lock at that moment.
 */
#include <sched.h>
#include <signal.h>

#include "mapping.h"

#define OTHER	((uint64_t)4711 << LOCKMGR_WORD_TID_SHIFT | (TOKEN + 1))

/**
 * struct watch - what happens when the clock is read
 * @seen: how often it was read
 * @word: the word of the lock from then on
 */
static struct watch {
	int seen;
	uint64_t word;
} watch;

static void protect_clock(int protection)
{
	assert_int_equal(mprotect(fake.clock, sysconf(_SC_PAGESIZE), protection), 0);
}

static void see_clock_read(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_addr != fake.clock)
		abort();
	(void)signal;
	watch.seen++;
	record_of(ID)->word = watch.word;
	mprotect(fake.clock, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE);
}

static void watch_clock(void)
{
	const struct sigaction action = {
		.sa_sigaction = see_clock_read, .sa_flags = SA_SIGINFO
	};

	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
}

/* Run on @count processors; skip the test if there are fewer. */
static void use_processors(int count)
{
	cpu_set_t all, some;
	int cpu;

	CPU_ZERO(&some);
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	for (cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&some) < count; cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &some);
	if (CPU_COUNT(&some) < count)
		skip();
	assert_int_equal(sched_setaffinity(0, sizeof(some), &some), 0);
}

static struct lockmgr *open_mapped(int processors)
{
	struct lockmgr *mgr;

	use_processors(processors);
	watch_clock();
	mgr = open_with(0, 2);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	fake.calls = 0;
	return mgr;
}

/* The lock has the word @word, and gets the word @then when the library reads the clock. */
static void prepare_wait(uint64_t word, uint64_t then)
{
	record_of(ID)->word = word;
	watch = (struct watch) { .word = then };
	fake.calls = 0;
	protect_clock(PROT_NONE);
}

static void expect_waited(bool waits, int calls)
{
	protect_clock(PROT_READ | PROT_WRITE);
	assert_int_equal(watch.seen, waits);
	assert_int_equal(fake.calls, calls);
}

static void expect_wait(struct lockmgr *mgr, uint64_t word, uint64_t then, bool waits, int calls)
{
	prepare_wait(word, then);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	expect_waited(waits, calls);
}

static void lock_that_comes_free_is_taken_without_a_call(void **state)
{
	struct lockmgr *mgr = open_mapped(2);

	(void)state;
	expect_wait(mgr, OTHER, 0, true, 0);
	assert_true((uint32_t)record_of(ID)->word == TOKEN);
	lockmgr_close(mgr);
}

static void lock_that_stays_taken_is_left_to_the_module(void **state)
{
	struct lockmgr *mgr = open_mapped(2);

	(void)state;
	expect_wait(mgr, OTHER, OTHER, true, 1);
	lockmgr_close(mgr);
}

static void lock_that_others_queue_for_meanwhile_is_left_to_the_module(void **state)
{
	struct lockmgr *mgr = open_mapped(2);

	(void)state;
	expect_wait(mgr, OTHER, OTHER | LOCKMGR_WORD_WAITERS, true, 1);
	/* That wait does not count as one in vain: the next lock call spins again. */
	expect_wait(mgr, OTHER, 0, true, 0);
	lockmgr_close(mgr);
}

static void one_processor_does_not_wait(void **state)
{
	struct lockmgr *mgr = open_mapped(1);

	(void)state;
	expect_wait(mgr, OTHER, 0, false, 1);
	lockmgr_close(mgr);
}

static void nobody_waits_where_others_queue(void **state)
{
	struct lockmgr *mgr = open_mapped(2);

	(void)state;
	expect_wait(mgr, OTHER | LOCKMGR_WORD_WAITERS, 0, false, 1);
	lockmgr_close(mgr);
}

static void nobody_waits_for_the_dead(void **state)
{
	struct lockmgr *mgr = open_mapped(2);

	(void)state;
	expect_wait(mgr, LOCKMGR_WORD_DIED, 0, false, 1);
	lockmgr_close(mgr);
}

static void thread_does_not_wait_for_itself(void **state)
{
	struct lockmgr *mgr = open_mapped(2);
	const uint64_t self = (uint64_t)gettid() << LOCKMGR_WORD_TID_SHIFT | TOKEN;

	(void)state;
	expect_wait(mgr, self, 0, false, 1);
	lockmgr_close(mgr);
}

/* The library looks at the word once, and does not see that it becomes free. */
static void lock_that_was_taken_in_an_earlier_tick_is_left_to_the_module(void **state)
{
	struct lockmgr *mgr = open_mapped(2);

	(void)state;
	record_of(ID)->since = 4000000;
	fake.clock->monotonic = 8000000;
	expect_wait(mgr, OTHER, 0, true, 1);
	assert_true(record_of(ID)->word == 0);
	lockmgr_close(mgr);
}

static void trylock_does_not_wait(void **state)
{
	struct lockmgr *mgr = open_mapped(2);

	(void)state;
	prepare_wait(OTHER, 0);
	assert_int_equal(lockmgr_trylock(mgr, ID), 0);
	expect_waited(false, 1);
	lockmgr_close(mgr);
}

static void timedlock_waits(void **state)
{
	const struct timespec deadline = { .tv_sec = 1 };
	struct lockmgr *mgr = open_mapped(2);

	(void)state;
	prepare_wait(OTHER, 0);
	assert_int_equal(lockmgr_timedlock(mgr, ID, &deadline), 0);
	expect_waited(true, 0);
	lockmgr_close(mgr);
}

/*
 * After the first wait in vain, one lock call does not spin; after each further one, twice as
 * many as before, and at most 64.
 */
static void waits_in_vain_become_rare(void **state)
{
	struct lockmgr *mgr = open_mapped(2);
	int without, i;

	(void)state;
	for (without = 1; without < 1000; without *= 2) {
		expect_wait(mgr, OTHER, OTHER, true, 1);
		for (i = 0; i < without && i < 64; i++)
			expect_wait(mgr, OTHER, 0, false, 1);
	}

	/* After one success, everything is as at the beginning. */
	expect_wait(mgr, OTHER, 0, true, 0);
	expect_wait(mgr, OTHER, OTHER, true, 1);
	expect_wait(mgr, OTHER, 0, false, 1);
	expect_wait(mgr, OTHER, 0, true, 0);
	lockmgr_close(mgr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(lock_that_comes_free_is_taken_without_a_call),
		fake_test(lock_that_stays_taken_is_left_to_the_module),
		fake_test(lock_that_others_queue_for_meanwhile_is_left_to_the_module),
		fake_test(one_processor_does_not_wait),
		fake_test(nobody_waits_where_others_queue),
		fake_test(nobody_waits_for_the_dead),
		fake_test(thread_does_not_wait_for_itself),
		fake_test(lock_that_was_taken_in_an_earlier_tick_is_left_to_the_module),
		fake_test(trylock_does_not_wait),
		fake_test(timedlock_waits),
		fake_test(waits_in_vain_become_rare),
	};

	return harness_run(tests);
}
