// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock.c: the transitions of a lock's word and of its waiters, R0 … R3 and W1 … W4 there.
 * No thread sleeps: the tests put waiters into the queue by hand, for a thread that never
 * looks, so they see everything as it is just after the transition.
 * lock_wait_test.c has the threads that sleep.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "client.h"
#include "fixture.h"
#include "lock.h"
#include "record.h"
#include "suites.h"

#define ID	5

/* How often, and how long, the first waiter may be bypassed, as lock.c has it. */
#define MAX_BYPASSED	32
#define MAX_WAIT_NS	(4 * NSEC_PER_MSEC)

enum who {
	NOBODY,
	ME,
	OTHER,
	GHOST,		/* a token that no client has */
};

struct lock {
	struct lockmgr_client *me;
	struct lockmgr_client *other;
	struct lockmgr_record *record;
};

static int init(struct kunit *test)
{
	struct lock *lock = kunit_kzalloc(test, sizeof(*lock), GFP_KERNEL);

	if (!lock)
		return -ENOMEM;
	lock->me = fixture_client(test, "lock");
	lock->other = fixture_client(test, "lock");
	lock->record = fixture_record(test, lock->me, ID);
	fixture_record(test, lock->other, ID);
	test->priv = lock;

	return 0;
}

static u64 tid_of(struct task_struct *task)
{
	return (u64)task_pid_nr(task) << LOCKMGR_WORD_TID_SHIFT;
}

static u64 held_by(const struct lockmgr_client *client)
{
	return tid_of(current) | client->token;
}

static u64 make_word(const struct lock *lock, enum who who, u64 flags)
{
	switch (who) {
	case ME:
		return held_by(lock->me) | flags;
	case OTHER:
		return held_by(lock->other) | flags;
	case GHOST:
		return tid_of(current) | 0x2abcdef0 | flags;
	default:
		return flags;
	}
}

static int trylock(struct lockmgr_client *client)
{
	return lockmgr_client_lock(client, ID, false, 0, NULL);
}

static int unlock(struct lockmgr_client *client)
{
	return lockmgr_client_unlock(client, ID);
}

/* ------------------------------------------------------------------------
 * Without waiters
 */

struct transition {
	const char *name;
	enum who before;
	u64 flags_before;
	int ret;
	enum who after;
	u64 flags_after;
};

#define DIED	LOCKMGR_WORD_DIED
#define WAITERS	LOCKMGR_WORD_WAITERS

static void expect_after(struct kunit *test, const struct transition *param)
{
	const struct lock *lock = test->priv;

	KUNIT_EXPECT_EQ(test, lock->record->word,
			make_word(lock, param->after, param->flags_after));
}

static void begin_with(struct kunit *test, const struct transition *param)
{
	const struct lock *lock = test->priv;

	lock->record->word = make_word(lock, param->before, param->flags_before);
}

static const struct transition tries[] = {
	{ "free", NOBODY, 0, 0, ME, 0 },
	{ "holder died", NOBODY, DIED, LOCKMGR_OWNER_DIED, ME, 0 },
	{ "held by another", OTHER, 0, -EBUSY, OTHER, 0 },
	{ "held by another, waited for", OTHER, WAITERS, -EBUSY, OTHER, WAITERS },
	{ "held by oneself", ME, 0, -EBUSY, ME, 0 },
	{ "held by nobody alive", GHOST, 0, LOCKMGR_OWNER_DIED, ME, 0 },
	{ "held by nobody alive, waited for", GHOST, WAITERS, LOCKMGR_OWNER_DIED, ME, 0 },
	{ "held by nobody alive, died", GHOST, DIED, LOCKMGR_OWNER_DIED, ME, 0 },
};

KUNIT_ARRAY_PARAM_DESC(tries, tries, name);

static void trylock_takes_what_nobody_holds(struct kunit *test)
{
	const struct transition *param = test->param_value;
	const struct lock *lock = test->priv;

	begin_with(test, param);
	KUNIT_EXPECT_EQ(test, trylock(lock->me), param->ret);
	expect_after(test, param);
}

/* A word that another client holds gets the mark, so that its release would have found us. */
static const struct transition waits[] = {
	{ "free", NOBODY, 0, 0, ME, 0 },
	{ "holder died", NOBODY, DIED, LOCKMGR_OWNER_DIED, ME, 0 },
	{ "held by another", OTHER, 0, -ETIMEDOUT, OTHER, WAITERS },
	{ "held by another, waited for", OTHER, WAITERS, -ETIMEDOUT, OTHER, WAITERS },
	{ "held by oneself", ME, 0, -ETIMEDOUT, ME, WAITERS },
	{ "held by nobody alive", GHOST, 0, LOCKMGR_OWNER_DIED, ME, 0 },
	{ "held by nobody alive, waited for", GHOST, WAITERS, LOCKMGR_OWNER_DIED, ME, 0 },
};

KUNIT_ARRAY_PARAM_DESC(waits, waits, name);

/* The deadline has passed already: a call that must wait returns at once. */
static void lock_takes_what_nobody_holds_or_marks_it(struct kunit *test)
{
	const struct transition *param = test->param_value;
	const struct lock *lock = test->priv;
	u64 ticket = 0;

	begin_with(test, param);
	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(lock->me, ID, true, 0, &ticket), param->ret);
	expect_after(test, param);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 0);
	/* Only a call that a signal ended gets a ticket. */
	KUNIT_EXPECT_EQ(test, ticket, 0);
}

static const struct transition releases[] = {
	{ "held", ME, 0, 0, NOBODY, 0 },
	{ "held, waited for by nobody any more", ME, WAITERS, 0, NOBODY, 0 },
	{ "held by another", OTHER, 0, -EPERM, OTHER, 0 },
	{ "held by another, waited for", OTHER, WAITERS, -EPERM, OTHER, WAITERS },
	{ "free", NOBODY, 0, -EPERM, NOBODY, 0 },
	{ "holder died", NOBODY, DIED, -EPERM, NOBODY, DIED },
	{ "held by nobody alive", GHOST, 0, -EPERM, GHOST, 0 },
};

KUNIT_ARRAY_PARAM_DESC(releases, releases, name);

static void unlock_releases_what_the_client_holds(struct kunit *test)
{
	const struct transition *param = test->param_value;
	const struct lock *lock = test->priv;

	begin_with(test, param);
	KUNIT_EXPECT_EQ(test, unlock(lock->me), param->ret);
	expect_after(test, param);
}

static const struct transition deaths[] = {
	{ "held", ME, 0, 0, NOBODY, DIED },
	{ "held, waited for by nobody any more", ME, WAITERS, 0, NOBODY, DIED },
};

KUNIT_ARRAY_PARAM_DESC(deaths, deaths, name);

static void abandoned_lock_is_free_and_tells(struct kunit *test)
{
	const struct transition *param = test->param_value;
	const struct lock *lock = test->priv;

	begin_with(test, param);
	lockmgr_lock_abandon(lock->me, lock->record, ID);
	expect_after(test, param);
	/* The next call says so, and none after it. */
	KUNIT_EXPECT_EQ(test, trylock(lock->other), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	KUNIT_EXPECT_EQ(test, trylock(lock->other), 0);
}

static void lock_can_be_released_by_another_thread_of_the_client(struct kunit *test)
{
	const struct lock *lock = test->priv;

	lock->record->word = tid_of(fixture_thread(test)) | lock->me->token;
	KUNIT_EXPECT_EQ(test, unlock(lock->me), 0);
	KUNIT_EXPECT_EQ(test, lock->record->word, 0);
}

static void time_of_taking_is_noted(struct kunit *test)
{
	const struct lock *lock = test->priv;
	u64 before = ktime_get_coarse_ns();

	KUNIT_ASSERT_EQ(test, trylock(lock->me), 0);
	KUNIT_EXPECT_GE(test, lock->record->since, before);
	KUNIT_EXPECT_LE(test, lock->record->since, ktime_get_ns());
}

static void time_of_taking_from_the_dead_is_noted(struct kunit *test)
{
	const struct lock *lock = test->priv;
	u64 before = ktime_get_coarse_ns();

	lock->record->word = DIED;
	KUNIT_ASSERT_EQ(test, trylock(lock->me), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_GE(test, lock->record->since, before);
}

/* ------------------------------------------------------------------------
 * With waiters
 */

/* The other client holds the lock, and a thread of the client @me waits for it. */
static struct lockmgr_waiter *queue_up(struct kunit *test)
{
	const struct lock *lock = test->priv;

	lock->record->word = held_by(lock->other) | WAITERS;
	return fixture_queue(test, lock->me, ID, fixture_thread(test));
}

static void expect_state(struct kunit *test, const struct lockmgr_waiter *waiter,
			 enum lockmgr_wait_state state, u32 bypassed)
{
	KUNIT_EXPECT_EQ(test, waiter->state, state);
	KUNIT_EXPECT_EQ(test, waiter->bypassed, bypassed);
}

static void unlock_frees_the_word_and_wakes_the_first(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *first = queue_up(test);
	struct lockmgr_waiter *second = queue_up(test);

	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	KUNIT_EXPECT_EQ(test, lock->record->word, 0);
	expect_state(test, first, LOCKMGR_WAIT_WOKEN, 0);
	expect_state(test, second, LOCKMGR_WAIT_QUEUED, 0);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 2);
}

static void death_frees_the_word_and_wakes_the_first(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);

	lockmgr_lock_abandon(lock->other, lock->record, ID);
	KUNIT_EXPECT_EQ(test, lock->record->word, DIED);
	expect_state(test, waiter, LOCKMGR_WAIT_WOKEN, 0);
}

static void newcomer_takes_a_free_word_and_marks_it(struct kunit *test)
{
	const struct lock *lock = test->priv;

	queue_up(test);
	KUNIT_ASSERT_EQ(test, unlock(lock->other), 0);
	KUNIT_EXPECT_EQ(test, trylock(lock->other), 0);
	KUNIT_EXPECT_EQ(test, lock->record->word, held_by(lock->other) | WAITERS);
}

static void newcomer_is_told_of_a_death_before_the_queue(struct kunit *test)
{
	const struct lock *lock = test->priv;

	queue_up(test);
	lockmgr_lock_abandon(lock->other, lock->record, ID);
	KUNIT_EXPECT_EQ(test, trylock(lock->other), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, lock->record->word, held_by(lock->other) | WAITERS);
}

static void waiters_of_another_lock_do_not_mark_the_word(struct kunit *test)
{
	const struct lock *lock = test->priv;
	u32 id = ID;

	/* It must be in the same bucket; otherwise its waiters would not matter at all. */
	do
		id++;
	while (hash_32(id, LOCKMGR_BUCKET_BITS) != hash_32(ID, LOCKMGR_BUCKET_BITS));
	fixture_queue(test, lock->me, id, fixture_thread(test));
	KUNIT_EXPECT_EQ(test, trylock(lock->other), 0);
	KUNIT_EXPECT_EQ(test, lock->record->word, held_by(lock->other));
}

/* ------------------------------------------------------------------------
 * Handoff
 */

static void unlock_hands_over_to_who_asked_for_it(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);
	u64 before;

	waiter->handoff = true;
	before = ktime_get_coarse_ns();
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_GRANTED, 0);
	KUNIT_EXPECT_FALSE(test, waiter->died);
	KUNIT_EXPECT_EQ(test, lock->record->word, waiter->word);
	KUNIT_EXPECT_GE(test, lock->record->since, before);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 0);
}

static void word_handed_over_tells_of_those_behind(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *first = queue_up(test);
	struct lockmgr_waiter *second = queue_up(test);

	first->handoff = true;
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	KUNIT_EXPECT_EQ(test, lock->record->word, first->word | WAITERS);
	expect_state(test, second, LOCKMGR_WAIT_QUEUED, 0);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 1);
}

static void claim_of_the_second_waits_for_its_turn(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *first = queue_up(test);
	struct lockmgr_waiter *second = queue_up(test);

	second->handoff = true;
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	KUNIT_EXPECT_EQ(test, lock->record->word, 0);
	expect_state(test, first, LOCKMGR_WAIT_WOKEN, 0);
	expect_state(test, second, LOCKMGR_WAIT_QUEUED, 0);
}

static void death_hands_over_and_tells(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);

	waiter->handoff = true;
	lockmgr_lock_abandon(lock->other, lock->record, ID);
	expect_state(test, waiter, LOCKMGR_WAIT_GRANTED, 0);
	KUNIT_EXPECT_TRUE(test, waiter->died);
	KUNIT_EXPECT_EQ(test, lock->record->word, waiter->word);
}

/* A handoff depends on the waiter, not on who may release. */
static void claim_lets_nobody_else_release(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);

	waiter->handoff = true;
	KUNIT_EXPECT_EQ(test, unlock(lock->me), -EPERM);
	expect_state(test, waiter, LOCKMGR_WAIT_QUEUED, 0);
	KUNIT_EXPECT_EQ(test, lock->record->word, held_by(lock->other) | WAITERS);
}

/* This holds however slow the test is. */
static void be_woken_just_now(struct lockmgr_waiter *waiter)
{
	waiter->woken = ktime_get_ns() + 1000 * NSEC_PER_SEC;
}

/* The waiter never runs, although it was woken; others bypass it MAX_BYPASSED times at most. */
static void first_waiter_is_passed_over_a_bounded_number_of_times(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);
	u32 passes;

	KUNIT_ASSERT_EQ(test, unlock(lock->other), 0);
	be_woken_just_now(waiter);
	for (passes = 0; passes < MAX_BYPASSED; passes++) {
		expect_state(test, waiter, LOCKMGR_WAIT_WOKEN, passes);
		KUNIT_ASSERT_EQ(test, trylock(lock->other), 0);
		KUNIT_ASSERT_EQ(test, unlock(lock->other), 0);
	}
	expect_state(test, waiter, LOCKMGR_WAIT_WOKEN, MAX_BYPASSED);

	KUNIT_ASSERT_EQ(test, trylock(lock->other), 0);
	KUNIT_ASSERT_EQ(test, unlock(lock->other), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_GRANTED, MAX_BYPASSED);
	KUNIT_EXPECT_EQ(test, trylock(lock->other), -EBUSY);
	KUNIT_EXPECT_EQ(test, unlock(lock->me), 0);
}

static void waiter_bypassed_long_enough_is_handed_the_lock(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);

	waiter->bypassed = 1;
	waiter->woken = ktime_get_ns() - MAX_WAIT_NS;
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_GRANTED, 1);
}

static void waiter_bypassed_just_now_is_woken_again(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);

	waiter->bypassed = 1;
	be_woken_just_now(waiter);
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_WOKEN, 1);
	KUNIT_EXPECT_EQ(test, lock->record->word, 0);
}

static void who_was_not_passed_over_is_woken_again_however_late(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);

	waiter->woken = 1;
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_WOKEN, 0);
	KUNIT_EXPECT_EQ(test, waiter->woken, 1);
}

/* ------------------------------------------------------------------------
 * Looking
 */

static int look_once(const struct lock *lock, struct lockmgr_waiter *waiter)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&lock->me->space->queues, ID);
	int ret;

	spin_lock(&bucket->lock);
	ret = lockmgr_waiter_look(bucket, waiter);
	spin_unlock(&bucket->lock);

	return ret;
}

struct vain_param {
	const char *name;
	u64 mark;
	u32 bypassed;
	bool late;
	bool claim;
	enum lockmgr_wait_state after;
	u64 mark_after;
};

/* What a waiter does that finds the lock held, once more than before. */
static const struct vain_param vain[] = {
	{ "first time", 0, 0, false, false, LOCKMGR_WAIT_NAPPING, 0 },
	{ "marked by another", WAITERS, 0, false, false, LOCKMGR_WAIT_QUEUED, WAITERS },
	{ "not often enough", 0, MAX_BYPASSED - 2, false, false, LOCKMGR_WAIT_NAPPING, 0 },
	{ "often enough", 0, MAX_BYPASSED - 1, false, false, LOCKMGR_WAIT_QUEUED, WAITERS },
	{ "long enough", 0, 0, true, false, LOCKMGR_WAIT_QUEUED, WAITERS },
	{ "has a claim", 0, 0, false, true, LOCKMGR_WAIT_QUEUED, WAITERS },
};

KUNIT_ARRAY_PARAM_DESC(vain, vain, name);

static void who_looks_in_vain_naps_until_it_is_due(struct kunit *test)
{
	const struct vain_param *param = test->param_value;
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);

	lock->record->word = held_by(lock->other) | param->mark;
	waiter->state = LOCKMGR_WAIT_WOKEN;
	waiter->bypassed = param->bypassed;
	waiter->handoff = param->claim;
	if (param->late)
		waiter->woken = ktime_get_ns() - MAX_WAIT_NS;
	else
		be_woken_just_now(waiter);

	KUNIT_EXPECT_LT(test, look_once(lock, waiter), 0);
	expect_state(test, waiter, param->after, param->bypassed + 1);
	KUNIT_EXPECT_EQ(test, lock->record->word, held_by(lock->other) | param->mark_after);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 1);
}

/* The waiter is in the queue, and the other client has acquired the lock in memory. */
static struct lockmgr_waiter *take_a_nap(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = queue_up(test);

	lock->record->word = held_by(lock->other);
	be_woken_just_now(waiter);
	waiter->state = LOCKMGR_WAIT_WOKEN;
	look_once(lock, waiter);
	KUNIT_ASSERT_EQ(test, waiter->state, LOCKMGR_WAIT_NAPPING);

	return waiter;
}

static void who_has_napped_takes_a_free_lock(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = take_a_nap(test);

	lock->record->word = 0;
	KUNIT_EXPECT_EQ(test, look_once(lock, waiter), 0);
	KUNIT_EXPECT_EQ(test, lock->record->word, waiter->word);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 0);
}

/* Nobody woke it, so nobody acquired the lock after a wake-up of it. */
static void who_has_napped_in_vain_is_not_passed_over_again(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = take_a_nap(test);

	KUNIT_EXPECT_LT(test, look_once(lock, waiter), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_NAPPING, 1);
}

static void who_has_napped_and_finds_the_mark_of_another_is_passed_over(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = take_a_nap(test);

	lock->record->word |= WAITERS;
	KUNIT_EXPECT_LT(test, look_once(lock, waiter), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_QUEUED, 2);
}

/* Another thread wants the lock, and has marked the word: so the release finds the queue. */
static void unlock_ends_a_nap(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = take_a_nap(test);

	lock->record->word |= WAITERS;
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_WOKEN, 2);
	KUNIT_EXPECT_EQ(test, lock->record->word, 0);
}

static void who_naps_and_is_due_is_handed_the_lock(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *waiter = take_a_nap(test);

	waiter->woken = ktime_get_ns() - MAX_WAIT_NS;
	lock->record->word |= WAITERS;
	KUNIT_EXPECT_EQ(test, unlock(lock->other), 0);
	expect_state(test, waiter, LOCKMGR_WAIT_GRANTED, 1);
	KUNIT_EXPECT_EQ(test, lock->record->word, waiter->word);
}

/* ------------------------------------------------------------------------
 * Leaving
 */

/* Leave the queue without having looked. Returns the task to wake. */
static struct task_struct *leave(const struct lock *lock, struct lockmgr_waiter *waiter)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&lock->me->space->queues, ID);
	struct task_struct *next;

	spin_lock(&bucket->lock);
	next = lockmgr_waiter_give_up(bucket, waiter);
	spin_unlock(&bucket->lock);
	/* The test does not wake it, and so drops the reference. */
	if (next)
		put_task_struct(next);

	return next;
}

/* So the wake-up reaches a thread that looks, whatever the word is then. */
static void waiter_that_leaves_passes_its_wake_up_on(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *leaver = queue_up(test);
	struct lockmgr_waiter *next = queue_up(test);
	struct task_struct *told;

	KUNIT_ASSERT_EQ(test, unlock(lock->other), 0);
	told = leave(lock, leaver);
	KUNIT_EXPECT_PTR_EQ(test, told, next->task);
	expect_state(test, next, LOCKMGR_WAIT_WOKEN, 0);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 1);
}

/* The word is not marked, so nobody else would look. */
static void waiter_that_leaves_from_a_nap_has_the_next_look(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *leaver = take_a_nap(test);
	struct lockmgr_waiter *next = queue_up(test);

	KUNIT_EXPECT_PTR_EQ(test, leave(lock, leaver), next->task);
	expect_state(test, next, LOCKMGR_WAIT_WOKEN, 0);
}

static void waiter_that_was_not_woken_leaves_silently(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *leaver = queue_up(test);
	struct lockmgr_waiter *next = queue_up(test);

	KUNIT_EXPECT_NULL(test, leave(lock, leaver));
	expect_state(test, next, LOCKMGR_WAIT_QUEUED, 0);
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 1);
}

static void last_waiter_has_nobody_to_pass_its_wake_up_to(struct kunit *test)
{
	const struct lock *lock = test->priv;
	struct lockmgr_waiter *leaver = queue_up(test);

	KUNIT_ASSERT_EQ(test, unlock(lock->other), 0);
	KUNIT_EXPECT_NULL(test, leave(lock, leaver));
	KUNIT_EXPECT_EQ(test, fixture_waiters(lock->me, ID), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(trylock_takes_what_nobody_holds, tries_gen_params),
	KUNIT_CASE_PARAM(lock_takes_what_nobody_holds_or_marks_it, waits_gen_params),
	KUNIT_CASE_PARAM(unlock_releases_what_the_client_holds, releases_gen_params),
	KUNIT_CASE_PARAM(abandoned_lock_is_free_and_tells, deaths_gen_params),
	KUNIT_CASE(lock_can_be_released_by_another_thread_of_the_client),
	KUNIT_CASE(time_of_taking_is_noted),
	KUNIT_CASE(time_of_taking_from_the_dead_is_noted),
	KUNIT_CASE(unlock_frees_the_word_and_wakes_the_first),
	KUNIT_CASE(death_frees_the_word_and_wakes_the_first),
	KUNIT_CASE(newcomer_takes_a_free_word_and_marks_it),
	KUNIT_CASE(newcomer_is_told_of_a_death_before_the_queue),
	KUNIT_CASE(waiters_of_another_lock_do_not_mark_the_word),
	KUNIT_CASE(unlock_hands_over_to_who_asked_for_it),
	KUNIT_CASE(word_handed_over_tells_of_those_behind),
	KUNIT_CASE(claim_of_the_second_waits_for_its_turn),
	KUNIT_CASE(death_hands_over_and_tells),
	KUNIT_CASE(claim_lets_nobody_else_release),
	KUNIT_CASE(first_waiter_is_passed_over_a_bounded_number_of_times),
	KUNIT_CASE(waiter_bypassed_long_enough_is_handed_the_lock),
	KUNIT_CASE(waiter_bypassed_just_now_is_woken_again),
	KUNIT_CASE(who_was_not_passed_over_is_woken_again_however_late),
	KUNIT_CASE_PARAM(who_looks_in_vain_naps_until_it_is_due, vain_gen_params),
	KUNIT_CASE(who_has_napped_takes_a_free_lock),
	KUNIT_CASE(who_has_napped_in_vain_is_not_passed_over_again),
	KUNIT_CASE(who_has_napped_and_finds_the_mark_of_another_is_passed_over),
	KUNIT_CASE(unlock_ends_a_nap),
	KUNIT_CASE(who_naps_and_is_due_is_handed_the_lock),
	KUNIT_CASE(waiter_that_leaves_passes_its_wake_up_on),
	KUNIT_CASE(waiter_that_leaves_from_a_nap_has_the_next_look),
	KUNIT_CASE(waiter_that_was_not_woken_leaves_silently),
	KUNIT_CASE(last_waiter_has_nobody_to_pass_its_wake_up_to),
	{}
};

struct kunit_suite lockmgr_lock_suite = {
	.name		= "lockmgr_lock",
	.init		= init,
	.test_cases	= cases,
};
