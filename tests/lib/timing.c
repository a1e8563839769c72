// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits against signals and deadlines, in every combination.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "worker.h"

#define NSEC_PER_SEC	1000000000LL

/* More than any call takes, and less than the patience of the harness. */
#define LONG_MS		(500 * 1000)

/* How late a machine that is busy and emulated may be. */
#define SLACK_NS	(300 * NSEC_PER_SEC)

/* What agents report in addition to their result. */
static struct {
	_Atomic unsigned long handled;	/* runs of the signal handler */
	_Atomic uint64_t returned;	/* when the lock call came back */
	struct timespec deadline;	/* for agent_listen_and_timedlock() */
} *shared;

static bool share(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared != MAP_FAILED;
}

static uint64_t to_ns(struct timespec time)
{
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/*
 * Agents receive signals only during lock calls: what the harness does between these
 * cannot cope with signals.
 */
static void listen_to_signals(bool yes)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(yes ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

static long agent_listen_and_lock(struct lockmgr **mgr, long id)
{
	int ret;

	listen_to_signals(true);
	ret = lockmgr_lock(*mgr, id);
	listen_to_signals(false);

	return ret;
}

static long agent_listen_and_timedlock(struct lockmgr **mgr, long id)
{
	int ret;

	listen_to_signals(true);
	ret = lockmgr_timedlock(*mgr, id, &shared->deadline);
	shared->returned = now_ns();
	listen_to_signals(false);

	return ret;
}

/* ------------------------------------------------------------------------
 * Signals
 */

static long agent_listen_and_lock_interruptibly(struct lockmgr **mgr, long id)
{
	int ret;

	listen_to_signals(true);
	ret = lockmgr_lock_interruptible(*mgr, id, NULL);
	listen_to_signals(false);

	return ret;
}

static void note_signal(int signal)
{
	(void)signal;
	shared->handled++;
}

static long agent_handle(const struct sigaction *action)
{
	listen_to_signals(false);

	return sigaction(SIGUSR1, action, NULL);
}

static long agent_ignore_signals(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return agent_handle(&(struct sigaction) { .sa_handler = SIG_IGN });
}

static long agent_handle_with_restart(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return agent_handle(&(struct sigaction) { .sa_handler = note_signal,
						 .sa_flags = SA_RESTART });
}

static long agent_handle_without_restart(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return agent_handle(&(struct sigaction) { .sa_handler = note_signal });
}

static void send(struct agent *agent)
{
	assert_int_equal(kill(agent_pid(agent), SIGUSR1), 0);
}

static void send_nothing(struct agent *agent)
{
	(void)agent;
}

struct reaction {
	struct agent *agent;
	unsigned long handled;
};

static bool has_reacted(void *data)
{
	struct reaction *reaction = data;

	return shared->handled >= reaction->handled || agent_is_done(reaction->agent);
}

static void send_until_handled(struct agent *agent)
{
	struct reaction reaction = { agent, shared->handled + 1 };

	send(agent);
	wait_until(has_reacted, &reaction, "the handler has run");
}

/* A signal that arrives while the same signal is pending is lost; so wait for each. */
static void send_storm(struct agent *agent)
{
	int i;

	for (i = 0; i < 40; i++)
		send_until_handled(agent);
}

static void stop(struct agent *agent)
{
	int status;

	assert_int_equal(kill(agent_pid(agent), SIGSTOP), 0);
	assert_int_equal(waitpid(agent_pid(agent), &status, WUNTRACED), agent_pid(agent));
	assert_true(WIFSTOPPED(status));
}

static void resume(struct agent *agent)
{
	int status;

	assert_int_equal(kill(agent_pid(agent), SIGCONT), 0);
	assert_int_equal(waitpid(agent_pid(agent), &status, WCONTINUED), agent_pid(agent));
	assert_true(WIFCONTINUED(status));
}

static void stop_and_resume(struct agent *agent)
{
	stop(agent);
	resume(agent);
}

/* One kind of disturbance, as the state of a test. */
struct disturbance {
	agent_fn prepare;
	void (*send)(struct agent *agent);
};

static struct disturbance none = { agent_ignore_signals, send_nothing };
static struct disturbance ignored_signal = { agent_ignore_signals, send };
static struct disturbance restarting_signal = { agent_handle_with_restart, send_until_handled };
static struct disturbance interrupting_signal = { agent_handle_without_restart,
						  send_until_handled };
static struct disturbance restarting_storm = { agent_handle_with_restart, send_storm };
static struct disturbance interrupting_storm = { agent_handle_without_restart, send_storm };
static struct disturbance stop_and_continue = { agent_ignore_signals, stop_and_resume };

/* An agent that waits for lock 0, which @mgr holds, and will be disturbed. */
static struct agent *agent_that_waits(struct lockmgr *mgr, const struct disturbance *disturbance,
				      agent_fn fn)
{
	struct agent *agent = agent_new();

	assert_int_equal(agent_call(agent, disturbance->prepare, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	agent_start(agent, fn, 0);

	return agent;
}

static void expect_to_go_on(const struct disturbance *disturbance, agent_fn lock)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_waits(mgr, disturbance, lock);

	wait_for_waiters(mgr, 0, 1);
	disturbance->send(agent);
	wait_for_waiters(mgr, 0, 1);

	assert_false(agent_is_done(agent));
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
}

static void lock_goes_on_and_acquires(void **state)
{
	expect_to_go_on(*state, agent_listen_and_lock);
}

static void timedlock_goes_on_and_acquires(void **state)
{
	const struct disturbance *disturbance = *state;
	struct lockmgr *mgr = space_open();
	struct agent *agent;

	shared->deadline = deadline_in(LONG_MS);
	agent = agent_that_waits(mgr, disturbance, agent_listen_and_timedlock);
	wait_for_waiters(mgr, 0, 1);
	disturbance->send(agent);
	wait_for_waiters(mgr, 0, 1);

	assert_false(agent_is_done(agent));
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
}

static void timedlock_goes_on_and_times_out(void **state)
{
	const struct disturbance *disturbance = *state;
	struct lockmgr *mgr = space_open();
	struct agent *agent;

	shared->deadline = deadline_in(500);
	agent = agent_that_waits(mgr, disturbance, agent_listen_and_timedlock);
	disturbance->send(agent);

	assert_int_equal(agent_finish(agent), -ETIMEDOUT);
	assert_in_range(shared->returned, to_ns(shared->deadline),
			to_ns(shared->deadline) + SLACK_NS);
}

/* The signals do not stop until the deadline has ended the wait. */
static void deadline_holds_in_an_endless_storm(void **state)
{
	const struct disturbance *disturbance = *state;
	struct lockmgr *mgr = space_open();
	struct agent *agent;

	shared->deadline = deadline_in(500);
	agent = agent_that_waits(mgr, disturbance, agent_listen_and_timedlock);
	while (!agent_is_done(agent) && now_ns() < to_ns(shared->deadline) + SLACK_NS)
		send(agent);

	assert_int_equal(agent_finish(agent), -ETIMEDOUT);
	assert_in_range(shared->returned, to_ns(shared->deadline),
			to_ns(shared->deadline) + SLACK_NS);
}

static void lock_is_acquired_in_an_endless_storm(void **state)
{
	const struct disturbance *disturbance = *state;
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_waits(mgr, disturbance, agent_listen_and_lock);
	uint64_t end = now_ns() + SLACK_NS;

	send_storm(agent);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	while (!agent_is_done(agent) && now_ns() < end)
		send(agent);

	assert_int_equal(agent_finish(agent), 0);
}

/* The handlers have SA_RESTART, or not. */
static void handler_ends_an_interruptible_wait(void **state)
{
	const struct disturbance *disturbance = *state;
	struct lockmgr *mgr = space_open();
	struct agent *agent =
		agent_that_waits(mgr, disturbance, agent_listen_and_lock_interruptibly);

	wait_for_waiters(mgr, 0, 1);
	disturbance->send(agent);
	assert_int_equal(agent_finish(agent), -EINTR);
	assert_int_equal(lock_info(mgr, 0).waiters, 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_trylock(mgr, 0), 0);
}

/* The agent has no handler, or is stopped and continued. */
static void interruptible_wait_goes_on_and_acquires(void **state)
{
	expect_to_go_on(*state, agent_listen_and_lock_interruptibly);
}

/* The kernel forgets a waiter that leaves, and the next one gets the lock. */
static void interrupted_wait_leaves_nothing(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_waits(mgr, &interrupting_signal,
					       agent_listen_and_lock_interruptibly);
	struct agent *next = agent_new();

	(void)state;
	wait_for_waiters(mgr, 0, 1);
	agent_start(next, agent_lock, 0);
	wait_for_waiters(mgr, 0, 2);
	send_until_handled(agent);
	assert_int_equal(agent_finish(agent), -EINTR);

	/* It comes again, and is the last in the queue. */
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 2);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(next), 0);
	assert_false(agent_is_done(agent));
	assert_int_equal(agent_call(next, agent_unlock, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
}

static void deadline_that_passes_while_stopped_returns_etimedout(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent;

	(void)state;
	shared->deadline = deadline_in(500);
	agent = agent_that_waits(mgr, &stop_and_continue, agent_listen_and_timedlock);
	stop(agent);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &shared->deadline, NULL);
	resume(agent);

	assert_int_equal(agent_finish(agent), -ETIMEDOUT);
}

static void stopped_waiter_does_not_stop_those_behind_it(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *stopped = agent_that_waits(mgr, &stop_and_continue, agent_listen_and_lock);
	struct agent *agent = agent_new();

	(void)state;
	wait_for_waiters(mgr, 0, 1);
	stop(stopped);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);

	assert_int_equal(agent_finish(agent), 0);
	resume(stopped);
	assert_int_equal(agent_call(agent, agent_unlock, 0), 0);
	assert_int_equal(agent_finish(stopped), 0);
}

static void signal_does_not_cost_a_waiter_its_place(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_that_waits(mgr, &interrupting_signal, agent_listen_and_lock);
	struct agent *second = agent_new();

	(void)state;
	wait_for_waiters(mgr, 0, 1);
	agent_start(second, agent_lock, 0);
	wait_for_waiters(mgr, 0, 2);
	send_until_handled(first);
	wait_for_waiters(mgr, 0, 2);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);

	assert_int_equal(agent_finish(first), 0);
	assert_false(agent_is_done(second));
}

/* ------------------------------------------------------------------------
 * Unlocking at the moment of a signal or a deadline
 */

static void unlock_at_the_moment_of_a_signal_is_not_lost(void **state)
{
	const struct disturbance *disturbance = *state;
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();
	int i;

	assert_int_equal(agent_call(agent, disturbance->prepare, 0), 0);
	for (i = 0; i < 60; i++) {
		assert_int_equal(lockmgr_lock(mgr, 0), 0);
		agent_start(agent, agent_listen_and_lock, 0);
		wait_for_waiters(mgr, 0, 1);
		send(agent);
		assert_int_equal(lockmgr_unlock(mgr, 0), 0);

		assert_int_equal(agent_finish(agent), 0);
		assert_int_equal(agent_call(agent, agent_unlock, 0), 0);
	}
}

struct pair {
	struct agent *agents[2];
};

static bool has_one_done(void *data)
{
	const struct pair *pair = data;

	return agent_is_done(pair->agents[0]) || agent_is_done(pair->agents[1]);
}

static void finish_and_unlock(struct agent *agent)
{
	assert_int_equal(agent_finish(agent), 0);
	assert_int_equal(agent_call(agent, agent_unlock, 0), 0);
}

static void signalled_waiter_passes_the_lock_on(void **state)
{
	const struct disturbance *disturbance = *state;
	struct lockmgr *mgr = space_open();
	struct agent *first = agent_new();
	struct agent *second = agent_new();
	struct pair pair = { { first, second } };
	int i;

	assert_int_equal(agent_call(first, disturbance->prepare, 0), 0);
	for (i = 0; i < 40; i++) {
		assert_int_equal(lockmgr_lock(mgr, 0), 0);
		agent_start(first, agent_listen_and_lock, 0);
		wait_for_waiters(mgr, 0, 1);
		agent_start(second, agent_lock, 0);
		wait_for_waiters(mgr, 0, 2);
		send(first);
		assert_int_equal(lockmgr_unlock(mgr, 0), 0);

		wait_until(has_one_done, &pair, "one of two waiters has the lock");
		if (agent_is_done(first)) {
			finish_and_unlock(first);
			finish_and_unlock(second);
		} else {
			finish_and_unlock(second);
			finish_and_unlock(first);
		}
	}
}

/* We acquire the lock again at once, so the waiter is woken in vain. */
static void waiter_among_fast_lockers_gets_the_lock_in_a_storm(void **state)
{
	const struct disturbance *disturbance = *state;
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_that_waits(mgr, disturbance, agent_listen_and_lock);
	uint64_t end = now_ns() + SLACK_NS;
	int ret;

	wait_for_waiters(mgr, 0, 1);
	do {
		send(agent);
		assert_int_equal(lockmgr_unlock(mgr, 0), 0);
		ret = lockmgr_trylock(mgr, 0);
	} while (!ret && now_ns() < end);

	assert_int_equal(ret, -EBUSY);
	assert_int_equal(agent_finish(agent), 0);
}

static void unlock_at_the_moment_of_the_deadline_leaves_one_holder_or_none(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();
	int i;

	(void)state;
	for (i = 0; i < 30; i++) {
		long ret;

		assert_int_equal(lockmgr_lock(mgr, 0), 0);
		shared->deadline = deadline_in(20);
		agent_start(agent, agent_listen_and_timedlock, 0);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &shared->deadline, NULL);
		assert_int_equal(lockmgr_unlock(mgr, 0), 0);

		ret = agent_finish(agent);
		assert_true(!ret || ret == -ETIMEDOUT);
		assert_int_equal(agent_call(agent, agent_unlock, 0), ret ? -EPERM : 0);
		assert_int_equal(lockmgr_trylock(mgr, 0), 0);
		assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	}
}

/* ------------------------------------------------------------------------
 * Deadlines
 */

static struct lockmgr *lock_0_is_held(void)
{
	assert_int_equal(agent_call(agent_new(), agent_lock, 0), 0);

	return space_open();
}

static const struct timespec past[] = {
	{ 0, 0 }, { 0, 1 }, { 1, 0 }, { -1, 0 }, { -1, 999999999 }, { LONG_MIN, 0 }
};

static void past_deadline_of_a_held_lock_returns_etimedout(void **state)
{
	struct lockmgr *mgr = lock_0_is_held();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(past) / sizeof(*past); i++)
		assert_int_equal(lockmgr_timedlock(mgr, 0, &past[i]), -ETIMEDOUT);
}

static void past_deadline_of_a_free_lock_acquires_it(void **state)
{
	struct lockmgr *mgr = space_open();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(past) / sizeof(*past); i++)
		assert_int_equal(lockmgr_timedlock(mgr, i, &past[i]), 0);
}

static const struct timespec invalid[] = {
	{ 0, -1 },
	{ 0, 1000000000 },
	{ 0, LONG_MAX },
	{ 0, LONG_MIN },
	{ -1, -1 },
	{ LONG_MAX, 1000000000 },
};

static void invalid_deadline_returns_einval(void **state)
{
	struct lockmgr *mgr = lock_0_is_held();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(invalid) / sizeof(*invalid); i++)
		assert_int_equal(lockmgr_timedlock(mgr, 0, &invalid[i]), -EINVAL);
	assert_int_equal(lockmgr_timedlock(mgr, 0, NULL), -EINVAL);
}

static void invalid_deadline_does_not_take_a_free_lock(void **state)
{
	struct lockmgr *mgr = space_open();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(invalid) / sizeof(*invalid); i++)
		assert_int_equal(lockmgr_timedlock(mgr, 0, &invalid[i]), -EINVAL);
	assert_int_equal(lockmgr_timedlock(mgr, 0, NULL), -EINVAL);

	assert_int_equal(lock_info(mgr, 0).flags & LOCKMGR_LOCK_IS_HELD, 0);
}

static const struct timespec far[] = {
	{ INT_MAX, 0 },
	{ INT64_MAX / NSEC_PER_SEC - 1, 999999999 },
	{ INT64_MAX / NSEC_PER_SEC, 0 },
	{ INT64_MAX / NSEC_PER_SEC, INT64_MAX % NSEC_PER_SEC },
	{ INT64_MAX / NSEC_PER_SEC, 999999999 },
	{ INT64_MAX / NSEC_PER_SEC + 1, 0 },
	{ LONG_MAX, 999999999 },
};

static void far_deadline_waits_and_acquires(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(far) / sizeof(*far); i++) {
		struct lockmgr *mgr = space_open();
		struct agent *agent;

		shared->deadline = far[i];
		agent = agent_that_waits(mgr, &interrupting_signal, agent_listen_and_timedlock);
		wait_for_waiters(mgr, 0, 1);
		send_until_handled(agent);
		wait_for_waiters(mgr, 0, 1);

		assert_false(agent_is_done(agent));
		assert_int_equal(lockmgr_unlock(mgr, 0), 0);
		assert_int_equal(agent_finish(agent), 0);
		assert_int_equal(agent_call(agent, agent_unlock, 0), 0);
	}
}

static void earlier_deadline_ends_first(void **state)
{
	struct lockmgr *mgr = lock_0_is_held();
	struct timespec deadline = deadline_in(100);
	struct agent *late = agent_new();

	(void)state;
	shared->deadline = deadline_in(LONG_MS);
	agent_start(late, agent_listen_and_timedlock, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), -ETIMEDOUT);
	assert_false(agent_is_done(late));
}

/* ------------------------------------------------------------------------
 * Waiters that leave
 */

/* In a queue of three, the one at @place times out; the others get the lock. */
static void others_are_served_when_one_times_out(uint32_t place)
{
	struct lockmgr *mgr = space_open();
	struct agent *agents[3];
	uint32_t i;

	for (i = 0; i < 3; i++)
		agents[i] = agent_new();
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	shared->deadline = deadline_in(2000);
	for (i = 0; i < 3; i++) {
		agent_start(agents[i], i == place ? agent_listen_and_timedlock : agent_lock, 0);
		wait_for_waiters(mgr, 0, i + 1);
	}
	assert_int_equal(agent_finish(agents[place]), -ETIMEDOUT);
	assert_int_equal(lock_info(mgr, 0).waiters, 2);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);

	for (i = 0; i < 3; i++) {
		if (i == place)
			continue;
		assert_int_equal(agent_finish(agents[i]), 0);
		assert_int_equal(agent_call(agents[i], agent_unlock, 0), 0);
	}
}

static void others_are_served_when_the_first_times_out(void **state)
{
	(void)state;
	others_are_served_when_one_times_out(0);
}

static void others_are_served_when_the_middle_one_times_out(void **state)
{
	(void)state;
	others_are_served_when_one_times_out(1);
}

static void others_are_served_when_the_last_times_out(void **state)
{
	(void)state;
	others_are_served_when_one_times_out(2);
}

static void only_waiter_that_times_out_leaves_no_trace(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr *other = space_open();
	struct timespec deadline = deadline_in(20);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(lockmgr_timedlock(other, 0, &deadline), -ETIMEDOUT);

	assert_int_equal(lock_info(mgr, 0).waiters, 0);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_trylock(other, 0), 0);
}

static void waiter_that_timed_out_can_wait_again(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	shared->deadline = deadline_in(20);
	assert_int_equal(agent_call(agent, agent_listen_and_timedlock, 0), -ETIMEDOUT);
	agent_start(agent, agent_lock, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(agent_finish(agent), 0);
}

static void waiter_that_timed_out_is_not_told_of_a_later_death(void **state)
{
	struct agent *agent = agent_new();
	struct lockmgr *mgr = space_open();
	struct timespec deadline = deadline_in(20);

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 0), 0);
	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), -ETIMEDOUT);
	agent_kill(agent);

	assert_int_equal(agent_call(agent_new(), agent_lock, 0), LOCKMGR_OWNER_DIED);
}

static int setup(void **state)
{
	shared->handled = 0;
	shared->returned = 0;

	return harness_setup(state);
}

/* clang-format off */
#define WITH(disturbance, test) \
	{ #test "_with_" #disturbance, test, setup, harness_teardown, &(disturbance) }
#define WITH_EACH(test) \
	WITH(none, test), WITH(ignored_signal, test), WITH(restarting_signal, test), \
	WITH(interrupting_signal, test), WITH(restarting_storm, test), \
	WITH(interrupting_storm, test), WITH(stop_and_continue, test)
#define WITH_EACH_HANDLER(test) \
	WITH(restarting_signal, test), WITH(interrupting_signal, test)
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_EACH(lock_goes_on_and_acquires),
		WITH_EACH(timedlock_goes_on_and_acquires),
		WITH_EACH(timedlock_goes_on_and_times_out),
		WITH_EACH_HANDLER(deadline_holds_in_an_endless_storm),
		WITH_EACH_HANDLER(lock_is_acquired_in_an_endless_storm),
		WITH_EACH_HANDLER(handler_ends_an_interruptible_wait),
		WITH(none, interruptible_wait_goes_on_and_acquires),
		WITH(ignored_signal, interruptible_wait_goes_on_and_acquires),
		WITH(stop_and_continue, interruptible_wait_goes_on_and_acquires),
		harness_test(interrupted_wait_leaves_nothing),
		harness_test(deadline_that_passes_while_stopped_returns_etimedout),
		harness_test(stopped_waiter_does_not_stop_those_behind_it),
		harness_test(signal_does_not_cost_a_waiter_its_place),
		WITH_EACH_HANDLER(unlock_at_the_moment_of_a_signal_is_not_lost),
		WITH_EACH_HANDLER(signalled_waiter_passes_the_lock_on),
		WITH_EACH_HANDLER(waiter_among_fast_lockers_gets_the_lock_in_a_storm),
		harness_test(unlock_at_the_moment_of_the_deadline_leaves_one_holder_or_none),
		harness_test(past_deadline_of_a_held_lock_returns_etimedout),
		harness_test(past_deadline_of_a_free_lock_acquires_it),
		harness_test(invalid_deadline_returns_einval),
		harness_test(invalid_deadline_does_not_take_a_free_lock),
		harness_test(far_deadline_waits_and_acquires),
		harness_test(earlier_deadline_ends_first),
		harness_test(others_are_served_when_the_first_times_out),
		harness_test(others_are_served_when_the_middle_one_times_out),
		harness_test(others_are_served_when_the_last_times_out),
		harness_test(only_waiter_that_times_out_leaves_no_trace),
		harness_test(waiter_that_timed_out_can_wait_again),
		harness_test(waiter_that_timed_out_is_not_told_of_a_later_death),
	};

	if (!share())
		return 1;

	return harness_run(tests);
}
