// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock.c where user space can write to records: retired locks, and words that user space
 * should not have written.
 */
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "client.h"
#include "fixture.h"
#include "holder.h"
#include "lock.h"
#include "record.h"
#include "suites.h"

#define ID	5

/* A lock whose record is in another page than ID's. */
#define ELSEWHERE	(ID + LOCKMGR_PAGE_RECORDS)

#define DIED	LOCKMGR_WORD_DIED
#define WAITERS	LOCKMGR_WORD_WAITERS

struct mapped {
	struct lockmgr_client *me;
	struct lockmgr_client *other;
	struct lockmgr_record *record;
};

static int init(struct kunit *test)
{
	struct mapped *mapped = kunit_kzalloc(test, sizeof(*mapped), GFP_KERNEL);

	if (!mapped)
		return -ENOMEM;
	mapped->me = fixture_client(test, "mapped");
	mapped->other = fixture_client(test, "mapped");
	mapped->record = fixture_record(test, mapped->me, ID);
	fixture_record(test, mapped->other, ID);
	test->priv = mapped;

	return 0;
}

static u64 held_by(const struct lockmgr_client *client)
{
	return (u64)task_pid_nr(current) << LOCKMGR_WORD_TID_SHIFT | client->token;
}

static int trylock(struct lockmgr_client *client)
{
	return lockmgr_client_lock(client, ID, false, 0, NULL);
}

static void set_capacity(struct kunit *test, u32 capacity)
{
	struct lockmgr_space *space = ((struct mapped *)test->priv)->me->space;

	KUNIT_ASSERT_EQ(test, lockmgr_space_set_capacity(space, capacity, current_cred()), 0);
}

/* ------------------------------------------------------------------------
 * Retired locks
 */

struct word_param {
	const char *name;
	bool held;
	u64 before;
	u64 closed;
	u64 opened;
};

static const struct word_param words[] = {
	{ "free", false, 0, WAITERS, 0 },
	{ "holder died", false, DIED, DIED | WAITERS, DIED | WAITERS },
	{ "held", true, 0, WAITERS, WAITERS },
	{ "held and waited for", true, WAITERS, WAITERS, WAITERS },
};

KUNIT_ARRAY_PARAM_DESC(words, words, name);

/* User space leaves any word but 0 to the kernel, so it may stay when the lock is reopened. */
static void lock_beyond_the_capacity_is_closed(struct kunit *test)
{
	const struct word_param *param = test->param_value;
	const struct mapped *mapped = test->priv;
	u64 holder = param->held ? held_by(mapped->other) : 0;

	mapped->record->word = holder | param->before;
	set_capacity(test, ID);
	KUNIT_EXPECT_EQ(test, mapped->record->word, holder | param->closed);
	set_capacity(test, ID + 1);
	KUNIT_EXPECT_EQ(test, mapped->record->word, holder | param->opened);
}

static void lock_below_the_capacity_is_open(struct kunit *test)
{
	const struct mapped *mapped = test->priv;

	set_capacity(test, ID + 1);
	KUNIT_EXPECT_EQ(test, mapped->record->word, 0);
}

static void new_page_is_closed_from_the_capacity_on(struct kunit *test)
{
	const struct mapped *mapped = test->priv;
	u32 id;

	set_capacity(test, ELSEWHERE + 1);
	fixture_record(test, mapped->me, ELSEWHERE);
	for (id = LOCKMGR_PAGE_RECORDS; id < 2 * LOCKMGR_PAGE_RECORDS; id++)
		KUNIT_EXPECT_EQ_MSG(test, fixture_word(mapped->me, id),
				    id > ELSEWHERE ? WAITERS : 0, "lock %u", id);
}

static void release_beyond_the_capacity_closes_the_lock(struct kunit *test)
{
	const struct mapped *mapped = test->priv;

	KUNIT_ASSERT_EQ(test, trylock(mapped->me), 0);
	set_capacity(test, ID);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(mapped->me, ID), 0);
	KUNIT_EXPECT_EQ(test, mapped->record->word, WAITERS);
}

static void death_beyond_the_capacity_closes_the_lock(struct kunit *test)
{
	const struct mapped *mapped = test->priv;

	KUNIT_ASSERT_EQ(test, trylock(mapped->other), 0);
	set_capacity(test, ID);
	fixture_close(test, mapped->other);
	KUNIT_EXPECT_EQ(test, mapped->record->word, DIED | WAITERS);
}

/* An earlier waiter still gets it, and its release must then go through the kernel. */
static void waiter_beyond_the_capacity_gets_a_marked_word(struct kunit *test)
{
	const struct mapped *mapped = test->priv;
	struct fixture_call *call;

	KUNIT_ASSERT_EQ(test, trylock(mapped->other), 0);
	call = fixture_waiting(test, mapped->me, ID);
	set_capacity(test, ID);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(mapped->other, ID), 0);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, (u32)mapped->record->word, mapped->me->token | (u32)WAITERS);
}

static void closed_lock_has_no_holder_that_died(struct kunit *test)
{
	const struct mapped *mapped = test->priv;

	mapped->record->word = WAITERS;
	KUNIT_EXPECT_EQ(test, trylock(mapped->me), 0);
	KUNIT_EXPECT_EQ(test, mapped->record->word, held_by(mapped->me));
}

static void closed_locks_say_nothing(struct kunit *test)
{
	const struct mapped *mapped = test->priv;

	set_capacity(test, 1);
	KUNIT_EXPECT_EQ(test, lockmgr_record_next(&mapped->me->space->records, 0), U32_MAX);
}

/* ------------------------------------------------------------------------
 * Forged words
 */

/* The death of that client would not look in a page that it has not used. */
static void token_in_a_page_that_its_client_has_not_used_is_a_dead_one(struct kunit *test)
{
	const struct mapped *mapped = test->priv;
	struct lockmgr_client *third = fixture_client(test, "mapped");

	mapped->record->word = held_by(third);
	KUNIT_EXPECT_FALSE(test, lockmgr_holder_lives(third->space, ID, mapped->record->word));
	KUNIT_EXPECT_EQ(test, trylock(mapped->me), LOCKMGR_OWNER_DIED);

	fixture_record(test, third, ID);
	mapped->record->word = held_by(third);
	KUNIT_EXPECT_EQ(test, trylock(mapped->me), -EBUSY);
}

/*
 * Somebody wrote the token there before the client existed, or before it had locked
 * anything in the page.
 */
static void token_in_a_page_is_let_go_of_when_its_client_first_uses_it(struct kunit *test)
{
	const struct mapped *mapped = test->priv;
	struct lockmgr_client *third = fixture_client(test, "mapped");

	mapped->record->word = held_by(third);
	KUNIT_ASSERT_EQ(test, lockmgr_client_lock(third, ID + 1, false, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, mapped->record->word, DIED);
	KUNIT_EXPECT_EQ(test, fixture_word(third, ID + 1), held_by(third));
}

static void token_where_death_has_been_is_a_dead_one(struct kunit *test)
{
	const struct mapped *mapped = test->priv;

	mapped->record->word = held_by(mapped->other);
	KUNIT_ASSERT_EQ(test, trylock(mapped->me), -EBUSY);
	mapped->other->progress = lockmgr_id_to_page(ID) + 1;
	KUNIT_EXPECT_EQ(test, trylock(mapped->me), LOCKMGR_OWNER_DIED);
}

enum who {
	NOBODY,
	HOLDER,
	GHOST,		/* a token that no client has */
};

struct forged_param {
	const char *name;
	enum who who;
	u64 flags;
	enum lockmgr_wait_state after;
};

/* What somebody made of the word during a wait, and whether the waiter must look again. */
static const struct forged_param forged[] = {
	{ "as it was", HOLDER, WAITERS, LOCKMGR_WAIT_QUEUED },
	{ "free", NOBODY, 0, LOCKMGR_WAIT_WOKEN },
	{ "closed", NOBODY, WAITERS, LOCKMGR_WAIT_WOKEN },
	{ "holder died", NOBODY, DIED, LOCKMGR_WAIT_WOKEN },
	{ "mark erased", HOLDER, 0, LOCKMGR_WAIT_WOKEN },
	{ "token of nobody", GHOST, WAITERS, LOCKMGR_WAIT_WOKEN },
};

KUNIT_ARRAY_PARAM_DESC(forged, forged, name);

static u64 forge(const struct mapped *mapped, const struct forged_param *param)
{
	const u64 tokens[] = {
		[HOLDER] = mapped->other->token,
		[GHOST] = 0x2abcdef0,
	};

	return tokens[param->who] | param->flags;
}

static void mending_wakes_who_is_forgotten(struct kunit *test)
{
	const struct forged_param *param = test->param_value;
	const struct mapped *mapped = test->priv;
	struct lockmgr_waiter *waiter = fixture_queue(test, mapped->me, ID, fixture_thread(test));

	mapped->record->word = forge(mapped, param);
	lockmgr_lock_mend(mapped->me->space, mapped->record, ID);
	KUNIT_EXPECT_EQ(test, waiter->state, param->after);
}

static void mending_without_waiters_changes_nothing(struct kunit *test)
{
	const struct mapped *mapped = test->priv;

	mapped->record->word = held_by(mapped->other);
	lockmgr_lock_mend(mapped->me->space, mapped->record, ID);
	KUNIT_EXPECT_EQ(test, mapped->record->word, held_by(mapped->other));
}

/* The mark is gone, so the holder's release would not find the waiter. */
static void death_of_who_could_write_mends(struct kunit *test)
{
	const struct mapped *mapped = test->priv;
	struct lockmgr_client *scribbler = fixture_client(test, "mapped");
	struct fixture_call *call;

	fixture_record(test, scribbler, ID);
	scribbler->mapped = true;
	KUNIT_ASSERT_EQ(test, trylock(mapped->other), 0);
	call = fixture_waiting(test, mapped->me, ID);
	WRITE_ONCE(mapped->record->word, 0);
	fixture_close(test, scribbler);
	KUNIT_EXPECT_EQ(test, fixture_result(test, call), 0);
	KUNIT_EXPECT_EQ(test, (u32)mapped->record->word, mapped->me->token);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(lock_beyond_the_capacity_is_closed, words_gen_params),
	KUNIT_CASE(lock_below_the_capacity_is_open),
	KUNIT_CASE(new_page_is_closed_from_the_capacity_on),
	KUNIT_CASE(release_beyond_the_capacity_closes_the_lock),
	KUNIT_CASE(death_beyond_the_capacity_closes_the_lock),
	KUNIT_CASE(waiter_beyond_the_capacity_gets_a_marked_word),
	KUNIT_CASE(closed_lock_has_no_holder_that_died),
	KUNIT_CASE(closed_locks_say_nothing),
	KUNIT_CASE(token_in_a_page_that_its_client_has_not_used_is_a_dead_one),
	KUNIT_CASE(token_in_a_page_is_let_go_of_when_its_client_first_uses_it),
	KUNIT_CASE(token_where_death_has_been_is_a_dead_one),
	KUNIT_CASE_PARAM(mending_wakes_who_is_forgotten, forged_gen_params),
	KUNIT_CASE(mending_without_waiters_changes_nothing),
	KUNIT_CASE(death_of_who_could_write_mends),
	{}
};

struct kunit_suite lockmgr_lock_mapped_suite = {
	.name		= "lockmgr_lock_mapped",
	.init		= init,
	.test_cases	= cases,
};
