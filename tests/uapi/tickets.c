// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tickets: a thread that returns after a signal has its place in the queue again, and no
 * number that any thread passes gets it another place.
 *
 * The tests look at the order of the queue, in the list of the waiters, and at who acquires
 * the lock after each release, while no thread comes that could barge.
 */
#include <sys/wait.h>

#include "caller.h"

#define ID 17
#define OTHER 18

/* This file holds ID and OTHER at the beginning. */
static int holder;

static int setup(void **state)
{
	if (harness_setup(state) || callers_begin())
		return -1;
	holder = raw_attached();
	assert_int_equal(raw_lock(holder, ID), 0);
	assert_int_equal(raw_lock(holder, OTHER), 0);

	return 0;
}

static int teardown(void **state)
{
	callers_end(OTHER);

	return raw_teardown(state);
}

#define ticket_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* ------------------------------------------------------------------------
 * Honest
 */

static void returner_has_its_place_again(void **state)
{
	struct caller *first = new_waiter(raw_attached(), ID, 0);
	struct caller *second = new_waiter(raw_attached(), ID, 0);
	struct caller *third = new_waiter(raw_attached(), ID, 0);
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		wait_with(second, ID, interrupt(second));
		assert_int_equal(place_of(second), 1);
		wait_with(first, ID, interrupt(first));
		assert_int_equal(place_of(first), 0);
	}
	expect_next(holder, first);
	expect_next(first->file, second);
	expect_next(second->file, third);
}

static void all_threads_of_a_client_keep_their_places(void **state)
{
	struct caller *waiters[16];
	int file = raw_attached();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		waiters[i] = new_waiter(file, ID, 0);
	/* All threads leave; the last one returns first. */
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		interrupt(waiters[i]);
	for (i = ARRAY_SIZE(waiters); i--;)
		wait_with(waiters[i], ID, waiters[i]->args.ticket);
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		assert_int_equal(place_of(waiters[i]), i);
}

/* A signal handler may wait for another lock than the call that it interrupts. */
static void nested_waits_have_places_of_their_own(void **state)
{
	struct caller *nester = new_waiter(raw_attached(), ID, 0);
	uint64_t outer, inner;

	(void)state;
	outer = interrupt(nester);
	wait_with(nester, OTHER, 0);
	inner = interrupt(nester);
	new_waiter(raw_attached(), ID, 0);
	new_waiter(raw_attached(), OTHER, 0);

	wait_with(nester, OTHER, inner);
	assert_int_equal(place_of(nester), 0);
	expect_next(holder, nester);
	wait_with(nester, ID, outer);
	assert_int_equal(place_of(nester), 0);
}

/* ------------------------------------------------------------------------
 * Forged
 */

static void guessed_ticket_gains_nothing(void **state)
{
	static const uint64_t tickets[] = { 1, 2, 3, 4, 5, 1000, 1ULL << 63, UINT64_MAX - 1,
					    UINT64_MAX };
	struct caller *leaver = new_waiter(raw_attached(), ID, 0);
	struct caller *honest = new_waiter(raw_attached(), ID, 0);
	size_t i;

	(void)state;
	/* Now nobody is at the first place. */
	interrupt(leaver);
	for (i = 0; i < ARRAY_SIZE(tickets); i++) {
		struct caller *forger = new_waiter(raw_attached(), ID, tickets[i]);

		expect_result(place_of(forger), i + 1, "ticket %#lx", (long)tickets[i]);
	}
	expect_next(holder, honest);
}

/* The list shows the places of all waiters to everybody who may read the space. */
static void cookie_of_another_gains_nothing(void **state)
{
	struct caller *honest = new_waiter(raw_attached(), ID, 0);
	uint64_t cookie = cookie_of(honest);
	uint64_t ticket;

	(void)state;
	new_waiter(raw_attached(), ID, 0);
	assert_int_equal(place_of(new_waiter(raw_attached(), ID, cookie)), 2);
	assert_int_equal(place_of(new_waiter(raw_attached(), ID, cookie - 1)), 3);

	/* Nor does it gain a place while the other is away, and the other one loses nothing. */
	ticket = interrupt(honest);
	assert_int_equal(place_of(new_waiter(raw_attached(), ID, ticket)), 3);
	wait_with(honest, ID, ticket);
	assert_int_equal(place_of(honest), 0);
}

static void ticket_of_another_thread_gains_nothing(void **state)
{
	int file = raw_attached();
	struct caller *leaver = new_waiter(file, ID, 0);
	uint64_t ticket;

	(void)state;
	new_waiter(raw_attached(), ID, 0);
	ticket = interrupt(leaver);
	assert_int_equal(place_of(new_waiter(file, ID, ticket)), 1);
}

/* A child has its parent's file, and a copy of its memory; but it is another thread. */
static void ticket_of_the_parent_gains_nothing(void **state)
{
	int file = raw_attached();
	struct lockmgr_waiter_entry entries[3];
	struct caller *leaver = new_waiter(file, ID, 0);
	struct lockmgr_ioctl_lock args = { .id = ID };
	pid_t child;

	(void)state;
	new_waiter(raw_attached(), ID, 0);
	args.ticket = interrupt(leaver);
	child = fork();
	assert_int_not_equal(child, -1);
	if (!child) {
		raw_call(file, LOCKMGR_IOC_LOCK, &args);
		_exit(0);
	}
	while (list_waiters(holder, ID, entries, ARRAY_SIZE(entries)) < 2)
		usleep(1000);
	assert_int_equal(entries[1].pid, child);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void ticket_of_another_client_gains_nothing(void **state)
{
	struct caller *leaver = new_waiter(raw_attached(), ID, 0);
	uint64_t ticket;

	(void)state;
	new_waiter(raw_attached(), ID, 0);
	ticket = interrupt(leaver);
	leaver->file = raw_attached();
	wait_with(leaver, ID, ticket);
	assert_int_equal(place_of(leaver), 1);
}

static void ticket_of_another_lock_gains_nothing(void **state)
{
	struct caller *leaver = new_waiter(raw_attached(), OTHER, 0);

	(void)state;
	new_waiter(raw_attached(), ID, 0);
	wait_with(leaver, ID, interrupt(leaver));
	assert_int_equal(place_of(leaver), 1);
}

static void ticket_is_good_for_one_acquisition(void **state)
{
	struct caller *leaver = new_waiter(raw_attached(), ID, 0);
	uint64_t ticket = interrupt(leaver);

	(void)state;
	wait_with(leaver, ID, ticket);
	expect_next(holder, leaver);
	new_waiter(raw_attached(), ID, 0);
	wait_with(leaver, ID, ticket);
	assert_int_equal(place_of(leaver), 1);
}

/* A thread that waits and leaves again and again has one place, and not one for each time. */
static void thread_cannot_hoard_places(void **state)
{
	struct caller *hoarder = new_waiter(raw_attached(), ID, 0);
	uint64_t tickets[4];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(tickets); i++) {
		tickets[i] = interrupt(hoarder);
		wait_with(hoarder, ID, 0);
	}
	interrupt(hoarder);
	new_waiter(raw_attached(), ID, 0);
	for (i = 0; i < ARRAY_SIZE(tickets); i++) {
		wait_with(hoarder, ID, tickets[i]);
		assert_int_equal(place_of(hoarder), 1);
		interrupt(hoarder);
	}
}

/*
 * Two forgers pass the lock to each other, and pass the smallest numbers as tickets.  The
 * honest thread acquires the lock at the first release after it came.  If the kernel
 * believed tickets, it would never do so.
 */
static void forgers_in_turns_starve_nobody(void **state)
{
	struct caller *forgers[2], *honest = caller_new(raw_attached());
	int i;

	(void)state;
	for (i = 0; i < 2; i++)
		forgers[i] = caller_new(raw_attached());
	wait_with(forgers[0], ID, 1);
	expect_next(holder, forgers[0]);
	for (i = 0; i < 20; i++) {
		wait_with(honest, ID, 0);
		wait_with(forgers[1], ID, 1 + i % 3);
		assert_int_equal(place_of(forgers[1]), 1);
		expect_next(forgers[0]->file, honest);
		/* Meanwhile the other forger tries to get ahead of the next honest wait. */
		wait_with(forgers[0], ID, 2 + i % 3);
		expect_next(honest->file, forgers[1]);
		expect_next(forgers[1]->file, forgers[0]);
	}
}

/* ------------------------------------------------------------------------
 * What the numbers reveal
 */

static void cookies_tell_nothing_of_other_spaces(void **state)
{
	struct lockmgr_ioctl_attach args =
		raw_attach_args(other_space_name(), LOCKMGR_ATTACH_CREATE);
	int i, file = raw_open(O_RDWR), before = holder;
	uint64_t first;

	(void)state;
	first = cookie_of(new_waiter(raw_attached(), ID, 0));
	for (i = 0; i < 3; i++)
		new_waiter(raw_attached(), ID, 0);

	assert_int_equal(raw_call(file, LOCKMGR_IOC_ATTACH, &args), 0);
	assert_int_equal(raw_lock(file, ID), 0);
	holder = file;
	assert_int_equal(cookie_of(new_waiter(file, ID, 0)), first);
	holder = before;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ticket_test(returner_has_its_place_again),
		ticket_test(all_threads_of_a_client_keep_their_places),
		ticket_test(nested_waits_have_places_of_their_own),
		ticket_test(guessed_ticket_gains_nothing),
		ticket_test(cookie_of_another_gains_nothing),
		ticket_test(ticket_of_another_thread_gains_nothing),
		ticket_test(ticket_of_the_parent_gains_nothing),
		ticket_test(ticket_of_another_client_gains_nothing),
		ticket_test(ticket_of_another_lock_gains_nothing),
		ticket_test(ticket_is_good_for_one_acquisition),
		ticket_test(thread_cannot_hoard_places),
		ticket_test(forgers_in_turns_starve_nobody),
		ticket_test(cookies_tell_nothing_of_other_spaces),
	};

	return harness_run(tests);
}
