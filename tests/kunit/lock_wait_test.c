// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock.c with threads that sleep inside lock calls. What may happen between a wake-up and
 * the moment when the sleeper runs, the tests do while they keep the only processor for
 * themselves.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "client.h"
#include "fixture.h"
#include "lock.h"
#include "record.h"
#include "suites.h"

#define ID	7
#define OTHER	8

struct lock {
	struct lockmgr_client *holder;
	struct lockmgr_client *waiter;
};

/* The lock is held, and so far nobody waits. */
static int init(struct kunit *test)
{
	struct lock *lock = kunit_kzalloc(test, sizeof(*lock), GFP_KERNEL);

	if (!lock)
		return -ENOMEM;
	fixture_stay_on_one_cpu(test);
	lock->holder = fixture_client(test, "lock");
	lock->waiter = fixture_client(test, "lock");
	test->priv = lock;

	return lockmgr_client_lock(lock->holder, ID, false, 0, NULL);
}

static int trylock(struct lockmgr_client *client)
{
	return lockmgr_client_lock(client, ID, false, 0, NULL);
}

static int unlock(struct lockmgr_client *client)
{
	return lockmgr_client_unlock(client, ID);
}

static u32 owner(const struct lock *lock)
{
	return lockmgr_word_token(fixture_word(lock->holder, ID));
}

static void expect_free(struct kunit *test)
{
	const struct lock *lock = test->priv;

	KUNIT_EXPECT_EQ(test, owner(lock), 0);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->holder, ID), 0);
}

/* ------------------------------------------------------------------------
 * Acquiring
 */

static void waiter_acquires_what_is_unlocked(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = fixture_waiting(test, lock->waiter, ID);

	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, owner(lock), lock->waiter->token);
	KUNIT_EXPECT_EQ(test, unlock(lock->waiter), 0);
	expect_free(test);
}

static void waiter_of_the_same_client_acquires_it_too(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = fixture_waiting(test, lock->holder, ID);

	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	expect_free(test);
}

static void waiters_acquire_in_their_order(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *calls[4];
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		calls[i] = fixture_waiting(test, lock->waiter, ID);
	KUNIT_ASSERT_EQ(test, unlock(lock->holder), 0);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		KUNIT_EXPECT_EQ(test, fixture_result(test, calls[i]), 0);
		for (j = i + 1; j < ARRAY_SIZE(calls); j++)
			KUNIT_EXPECT_FALSE(test, completion_done(&calls[j]->done));
		KUNIT_ASSERT_EQ(test, unlock(lock->waiter), 0);
	}
	expect_free(test);
}

static void waiters_of_another_lock_sleep_on(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call, *other;

	KUNIT_ASSERT_EQ(test, lockmgr_client_lock(lock->holder, OTHER, false, 0, NULL), 0);
	other = fixture_waiting(test, lock->waiter, OTHER);
	call = fixture_waiting(test, lock->waiter, ID);
	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->holder, OTHER), 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&other->done));
}

/* ------------------------------------------------------------------------
 * Death
 */

static void death_of_the_holder_tells_the_waiter(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = fixture_waiting(test, lock->waiter, ID);

	fixture_close(test, lock->holder);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, unlock(lock->waiter), 0);
	/* No later call says so. */
	KUNIT_EXPECT_EQ(test, trylock(lock->waiter), 0);
}

static void death_of_the_holder_tells_one_waiter_only(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *first = fixture_waiting(test, lock->waiter, ID);
	struct fixture_call *second = fixture_waiting(test, lock->waiter, ID);

	fixture_close(test, lock->holder);
	KUNIT_EXPECT_EQ(test, fixture_result(test, first), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, unlock(lock->waiter), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, second), 0);
}

/* The next client gets the token of the dead one, but not its locks. */
static void token_of_the_dead_comes_without_their_locks(struct kunit *test)
{
	const struct lock *lock = test->priv;
	u32 token = lock->holder->token;
	struct lockmgr_client *heir;

	fixture_close(test, lock->holder);
	heir = fixture_client(test, "lock");
	KUNIT_ASSERT_EQ(test, heir->token, token);
	KUNIT_EXPECT_EQ(test, unlock(heir), -EPERM);
	KUNIT_EXPECT_EQ(test, trylock(lock->waiter), LOCKMGR_OWNER_DIED);
}

/* ------------------------------------------------------------------------
 * Leaving
 */

static void waiter_leaves_at_its_deadline(struct kunit *test)
{
	const struct lock *lock = test->priv;
	ktime_t deadline = ktime_add_ms(ktime_get(), 20);
	struct fixture_call *call = fixture_call(test, lock->waiter, ID, deadline, 0);

	KUNIT_EXPECT_EQ(test, fixture_result(test, call), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get(), deadline);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->holder, ID), 0);
	KUNIT_EXPECT_EQ(test, owner(lock), lock->holder->token);
	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	expect_free(test);
}

static void waiter_leaves_for_a_signal_with_its_ticket(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = fixture_waiting(test, lock->waiter, ID);

	fixture_signal(call);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), -ERESTARTSYS);
	KUNIT_EXPECT_NE(test, call->ticket, 0);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->holder, ID), 0);
	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	expect_free(test);
}

static void those_behind_who_leaves_get_the_lock(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	struct fixture_call *stayer = fixture_waiting(test, lock->waiter, ID);

	fixture_signal(leaver);
	KUNIT_EXPECT_EQ(test, fixture_result(test, leaver), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, stayer), 0);
}

/* It waits ahead of the one that came later, and the next release hands the lock off to it. */
static void waiter_returns_to_its_place_with_its_ticket(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	struct fixture_call *later = fixture_waiting(test, lock->waiter, ID);

	fixture_signal(leaver);
	KUNIT_ASSERT_EQ(test, fixture_result(test, leaver), -ERESTARTSYS);
	fixture_call_again(leaver, leaver->ticket);
	fixture_await_waiters(test, lock->waiter, ID, 2);

	KUNIT_ASSERT_EQ(test, unlock(lock->holder), 0);
	KUNIT_EXPECT_EQ(test, trylock(lock->holder), -EBUSY);
	KUNIT_EXPECT_EQ(test, fixture_result(test, leaver), 0);
	KUNIT_EXPECT_FALSE(test, completion_done(&later->done));
}

/* ------------------------------------------------------------------------
 * Tickets that are not the caller's, or no longer are: the caller queues up at the end
 */

/* How many wait ahead of the caller. */
static u32 place_of(struct kunit *test, const struct fixture_call *call)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&call->client->space->queues, call->id);
	struct lockmgr_waiter *waiter;
	u32 place = 0;

	spin_lock(&bucket->lock);
	waiter = lockmgr_queue_first(bucket, call->id);
	while (waiter && waiter->task != call->task) {
		place++;
		waiter = lockmgr_queue_after(bucket, call->id, waiter->ticket);
	}
	spin_unlock(&bucket->lock);
	KUNIT_EXPECT_NOT_NULL(test, waiter);

	return place;
}

/* Make the caller leave because of a signal; returns its ticket. */
static u64 interrupt(struct kunit *test, struct fixture_call *call)
{
	fixture_signal(call);
	KUNIT_ASSERT_EQ(test, fixture_result(test, call), -ERESTARTSYS);
	KUNIT_ASSERT_NE(test, call->ticket, 0);

	return call->ticket;
}

/* The same thread calls again, and @place others wait ahead of it. */
static void expect_return(struct kunit *test, struct fixture_call *call, u64 ticket, u32 place)
{
	u32 others = fixture_waiters(call->client, call->id);

	fixture_call_again(call, ticket);
	fixture_await_waiters(test, call->client, call->id, others + 1);
	KUNIT_EXPECT_EQ(test, place_of(test, call), place);
}

static void ticket_of_another_thread_is_worth_nothing(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	struct fixture_call *forger;
	u64 ticket;

	fixture_waiting(test, lock->waiter, ID);
	ticket = interrupt(test, leaver);
	forger = fixture_call(test, lock->waiter, ID, KTIME_MAX, ticket);
	fixture_await_waiters(test, lock->waiter, ID, 2);
	KUNIT_EXPECT_EQ(test, place_of(test, forger), 1);

	/* Nor has the forger taken anything from the thread to which the ticket was given. */
	expect_return(test, leaver, ticket, 0);
}

static void ticket_of_another_client_is_worth_nothing(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	u64 ticket;

	fixture_waiting(test, lock->waiter, ID);
	ticket = interrupt(test, leaver);
	leaver->client = lock->holder;
	expect_return(test, leaver, ticket, 1);
}

static void ticket_of_another_lock_is_worth_nothing(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver;
	u64 ticket;

	KUNIT_ASSERT_EQ(test, lockmgr_client_lock(lock->holder, OTHER, false, 0, NULL), 0);
	leaver = fixture_waiting(test, lock->waiter, OTHER);
	fixture_waiting(test, lock->waiter, ID);
	ticket = interrupt(test, leaver);
	leaver->id = ID;
	expect_return(test, leaver, ticket, 1);
}

static void ticket_that_was_never_given_is_worth_nothing(struct kunit *test)
{
	static const u64 tickets[] = { 1, 2, 3, 4, 1000, S64_MAX, U64_MAX - 1, U64_MAX };
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	struct fixture_call *forger;
	u32 i;

	/* This waiter stays, so that a place ahead of the first is free. */
	fixture_waiting(test, lock->waiter, ID);
	interrupt(test, leaver);
	for (i = 0; i < ARRAY_SIZE(tickets); i++) {
		forger = fixture_call(test, lock->waiter, ID, KTIME_MAX, tickets[i]);
		fixture_await_waiters(test, lock->waiter, ID, 2 + i);
		KUNIT_EXPECT_EQ(test, place_of(test, forger), 1 + i);
	}
}

/* Once the leaver has acquired the lock, its ticket gets it no other place. */
static void expect_ticket_used(struct kunit *test, struct fixture_call *leaver, u64 ticket)
{
	const struct lock *lock = test->priv;

	KUNIT_ASSERT_EQ(test, fixture_result(test, leaver), 0);
	fixture_waiting(test, lock->holder, ID);
	expect_return(test, leaver, ticket, 1);
}

static void ticket_is_good_for_one_acquisition(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	u64 ticket = interrupt(test, leaver);

	expect_return(test, leaver, ticket, 0);
	KUNIT_ASSERT_EQ(test, unlock(lock->holder), 0);
	expect_ticket_used(test, leaver, ticket);
}

static void who_acquires_the_lock_otherwise_has_used_its_ticket(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	u64 ticket = interrupt(test, leaver);

	/* The leaver finds the lock free. */
	KUNIT_ASSERT_EQ(test, unlock(lock->holder), 0);
	fixture_call_again(leaver, 0);
	expect_ticket_used(test, leaver, ticket);
}

/* A signal handler may wait for the lock that its thread waits for, but that is one thread. */
static void thread_has_one_place_in_a_queue(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	u64 first, second;

	first = interrupt(test, leaver);
	fixture_waiting(test, lock->waiter, ID);
	expect_return(test, leaver, 0, 1);
	second = interrupt(test, leaver);
	fixture_waiting(test, lock->waiter, ID);
	expect_return(test, leaver, first, 2);
	interrupt(test, leaver);
	expect_return(test, leaver, second, 2);
}

/* This is like a handler that waits for another lock than the call that it interrupts. */
static void thread_has_a_place_in_each_queue(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	u64 outer, inner;

	KUNIT_ASSERT_EQ(test, lockmgr_client_lock(lock->holder, OTHER, false, 0, NULL), 0);
	outer = interrupt(test, leaver);
	leaver->id = OTHER;
	expect_return(test, leaver, 0, 0);
	inner = interrupt(test, leaver);
	fixture_waiting(test, lock->waiter, ID);
	fixture_waiting(test, lock->waiter, OTHER);

	expect_return(test, leaver, inner, 0);
	KUNIT_ASSERT_EQ(test, lockmgr_client_unlock(lock->holder, OTHER), 0);
	KUNIT_ASSERT_EQ(test, fixture_result(test, leaver), 0);
	leaver->id = ID;
	expect_return(test, leaver, outer, 0);
}

/* One thread leaves more queues than there can be promises; then it returns to each. */
static void oldest_of_too_many_promises_is_forgotten(struct kunit *test)
{
	const u32 count = LOCKMGR_PROMISES_MAX + 1;
	const struct lock *lock = test->priv;
	u64 *tickets = kunit_kcalloc(test, count, sizeof(*tickets), GFP_KERNEL);
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, tickets);
	tickets[0] = interrupt(test, leaver);
	for (i = 1; i < count; i++) {
		leaver->id = ID + i;
		KUNIT_ASSERT_EQ(test, lockmgr_client_lock(lock->holder, ID + i, false, 0, NULL),
				0);
		expect_return(test, leaver, 0, 0);
		tickets[i] = interrupt(test, leaver);
	}
	KUNIT_EXPECT_EQ(test, lock->waiter->promises.count, LOCKMGR_PROMISES_MAX);

	/* From the last one on: the first return makes a promise again, and has no room. */
	for (i = count; i--;) {
		leaver->id = ID + i;
		fixture_queue(test, lock->holder, ID + i, fixture_thread(test));
		expect_return(test, leaver, tickets[i], i ? 0 : 1);
		interrupt(test, leaver);
	}
	KUNIT_EXPECT_EQ(test, lock->waiter->promises.count, LOCKMGR_PROMISES_MAX);
}

/* ------------------------------------------------------------------------
 * Between a wake-up and the moment when the sleeper runs. Nothing may sleep there, so the
 * tests collect results there, and check them later.
 */

static bool was_bypassed(const struct lock *lock)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&lock->waiter->space->queues, ID);
	struct lockmgr_waiter *first;
	bool passed_over;

	spin_lock(&bucket->lock);
	first = lockmgr_queue_first(bucket, ID);
	passed_over = first && first->bypassed && first->state != LOCKMGR_WAIT_WOKEN;
	spin_unlock(&bucket->lock);

	return passed_over;
}

static bool is_marked(const struct lock *lock)
{
	return fixture_word(lock->holder, ID) & LOCKMGR_WORD_WAITERS;
}

static void await(struct kunit *test, bool (*condition)(const struct lock *lock))
{
	unsigned long deadline = jiffies + FIXTURE_PATIENCE;

	while (!condition(test->priv)) {
		KUNIT_ASSERT_TRUE(test, time_before(jiffies, deadline));
		usleep_range(50, 100);
	}
}

static void woken_in_vain_the_waiter_is_soon_handed_the_lock(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = fixture_waiting(test, lock->waiter, ID);
	int ret;

	preempt_disable();
	ret = unlock(lock->holder) ?: trylock(lock->holder);
	preempt_enable();
	KUNIT_ASSERT_EQ(test, ret, 0);
	await(test, was_bypassed);
	/* As long as others may go before it. */
	usleep_range(4000, 5000);

	preempt_disable();
	ret = unlock(lock->holder) ?: trylock(lock->holder);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, owner(lock), lock->waiter->token);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
}

/* Somebody waits, and before it runs after its wake-up, the holder takes the lock again. */
static struct fixture_call *barge_in_memory(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_record *record = fixture_record(test, lock->holder, ID);
	struct fixture_call *call = fixture_waiting(test, lock->waiter, ID);
	int ret;

	preempt_disable();
	ret = unlock(lock->holder);
	record->word = lock->holder->token;
	preempt_enable();
	KUNIT_ASSERT_EQ(test, ret, 0);

	return call;
}

/*
 * Release a lock as user space does, once its waiter has looked in vain.  If the waiter is
 * due by then, as may happen on a slow machine, it has marked the word.
 */
static void release_in_memory(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_record *record = fixture_record(test, lock->holder, ID);
	const u64 word = lock->holder->token;

	if (cmpxchg(&record->word, word, 0) != word)
		KUNIT_ASSERT_EQ(test, unlock(lock->holder), 0);
}

/* Nobody wakes it: it has not marked the word. */
static void bypassed_in_memory_the_waiter_comes_back_itself(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = barge_in_memory(test);

	await(test, was_bypassed);

	release_in_memory(test);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, owner(lock), lock->waiter->token);
}

static void bypassed_in_memory_the_waiter_is_soon_handed_the_lock(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = barge_in_memory(test);
	int ret;

	/* The waiter marks the word when it is due. */
	await(test, is_marked);

	preempt_disable();
	ret = unlock(lock->holder) ?: trylock(lock->holder);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, owner(lock), lock->waiter->token);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
}

static void signal_does_not_take_a_handed_lock_away(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	int ret;

	expect_return(test, leaver, interrupt(test, leaver), 0);

	preempt_disable();
	ret = unlock(lock->holder);
	fixture_signal(leaver);
	preempt_enable();
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, leaver), 0);
	KUNIT_EXPECT_EQ(test, owner(lock), lock->waiter->token);
}

static void free_lock_beats_a_signal(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = fixture_waiting(test, lock->waiter, ID);
	int ret;

	preempt_disable();
	ret = unlock(lock->holder);
	fixture_signal(call);
	preempt_enable();
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, owner(lock), lock->waiter->token);
}

static void death_reaches_a_waiter_that_has_a_signal_too(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = fixture_waiting(test, lock->waiter, ID);
	struct lockmgr_record *record = fixture_record(test, lock->holder, ID);

	preempt_disable();
	lockmgr_lock_abandon(lock->holder, record, ID);
	fixture_signal(call);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), LOCKMGR_OWNER_DIED);
}

/* A waiter was woken, found the lock held, and leaves: the next release wakes the next. */
static void wake_up_of_who_leaves_is_not_lost(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *leaver = fixture_waiting(test, lock->waiter, ID);
	struct fixture_call *stayer = fixture_waiting(test, lock->waiter, ID);
	int ret;

	preempt_disable();
	ret = unlock(lock->holder) ?: trylock(lock->holder);
	fixture_signal(leaver);
	preempt_enable();
	KUNIT_ASSERT_EQ(test, ret, 0);

	KUNIT_EXPECT_EQ(test, fixture_result(test, leaver), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->waiter, ID), 1);
	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, stayer), 0);
}

static void waiter_takes_over_from_a_token_of_nobody(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call = fixture_waiting(test, lock->waiter, ID);
	struct lockmgr_record *record = fixture_record(test, lock->holder, ID);
	int ret;

	preempt_disable();
	ret = unlock(lock->holder);
	record->word = 0x2abcdef0;
	preempt_enable();
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, owner(lock), lock->waiter->token);
}

/* ------------------------------------------------------------------------
 * Deadlocks
 */

static void call_that_would_close_a_cycle_fails(struct kunit *test)
{
	const struct lock *lock = test->priv;
	ktime_t deadline = ktime_add_ms(ktime_get(), 20);
	u64 ticket = 0;

	/* This thread holds the lock for one client, and wants to acquire it for the other. */
	lock->waiter->detect = true;
	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(lock->waiter, ID, true, deadline, &ticket),
			-EDEADLK);
	KUNIT_EXPECT_EQ(test, ticket, 0);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->waiter, ID), 0);
	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	expect_free(test);
}

static void call_that_closes_no_cycle_waits(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct fixture_call *call;

	lock->waiter->detect = true;
	call = fixture_waiting(test, lock->waiter, ID);
	KUNIT_EXPECT_EQ(test, unlock(lock->holder), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
}

static void client_that_did_not_ask_waits_in_a_cycle(struct kunit *test)
{
	const struct lock *lock = test->priv;
	ktime_t deadline = ktime_add_ms(ktime_get(), 20);
	u64 ticket = 0;

	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(lock->waiter, ID, true, deadline, &ticket),
			-ETIMEDOUT);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(waiter_acquires_what_is_unlocked),
	KUNIT_CASE(waiter_of_the_same_client_acquires_it_too),
	KUNIT_CASE(waiters_acquire_in_their_order),
	KUNIT_CASE(waiters_of_another_lock_sleep_on),
	KUNIT_CASE(death_of_the_holder_tells_the_waiter),
	KUNIT_CASE(death_of_the_holder_tells_one_waiter_only),
	KUNIT_CASE(token_of_the_dead_comes_without_their_locks),
	KUNIT_CASE(waiter_leaves_at_its_deadline),
	KUNIT_CASE(waiter_leaves_for_a_signal_with_its_ticket),
	KUNIT_CASE(those_behind_who_leaves_get_the_lock),
	KUNIT_CASE(waiter_returns_to_its_place_with_its_ticket),
	KUNIT_CASE(ticket_of_another_thread_is_worth_nothing),
	KUNIT_CASE(ticket_of_another_client_is_worth_nothing),
	KUNIT_CASE(ticket_of_another_lock_is_worth_nothing),
	KUNIT_CASE(ticket_that_was_never_given_is_worth_nothing),
	KUNIT_CASE(ticket_is_good_for_one_acquisition),
	KUNIT_CASE(who_acquires_the_lock_otherwise_has_used_its_ticket),
	KUNIT_CASE(thread_has_one_place_in_a_queue),
	KUNIT_CASE(thread_has_a_place_in_each_queue),
	KUNIT_CASE(oldest_of_too_many_promises_is_forgotten),
	KUNIT_CASE(woken_in_vain_the_waiter_is_soon_handed_the_lock),
	KUNIT_CASE(bypassed_in_memory_the_waiter_comes_back_itself),
	KUNIT_CASE(bypassed_in_memory_the_waiter_is_soon_handed_the_lock),
	KUNIT_CASE(signal_does_not_take_a_handed_lock_away),
	KUNIT_CASE(free_lock_beats_a_signal),
	KUNIT_CASE(death_reaches_a_waiter_that_has_a_signal_too),
	KUNIT_CASE(wake_up_of_who_leaves_is_not_lost),
	KUNIT_CASE(waiter_takes_over_from_a_token_of_nobody),
	KUNIT_CASE(call_that_would_close_a_cycle_fails),
	KUNIT_CASE(call_that_closes_no_cycle_waits),
	KUNIT_CASE(client_that_did_not_ask_waits_in_a_cycle),
	{}
};

struct kunit_suite lockmgr_lock_wait_suite = {
	.name		= "lockmgr_lock_wait",
	.init		= init,
	.test_cases	= cases,
};
