// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadlock.c: walks along graphs that the tests make by hand. A thread of these graphs
 * holds what a record says, and waits where its waiter is queued; it never runs.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "client.h"
#include "deadlock.h"
#include "fixture.h"
#include "suites.h"

/* The longest walk, as in deadlock.c: one thread per step. */
#define LONGEST		1024

/* Make a thread that acts for the client the holder of the lock. */
static struct lockmgr_record *hold(struct kunit *test, struct task_struct *thread,
				   struct lockmgr_client *client, u32 id)
{
	struct lockmgr_record *record = fixture_record(test, client, id);

	record->word = (u64)task_pid_nr(thread) << LOCKMGR_WORD_TID_SHIFT |
		       LOCKMGR_WORD_WAITERS | client->token;
	record->since = ktime_get_ns();

	return record;
}

static void wait_for(struct kunit *test, struct task_struct *thread,
		     struct lockmgr_client *client, u32 id)
{
	fixture_queue(test, client, id, thread);
}

static bool is_deadlocked(struct task_struct *thread)
{
	return lockmgr_thread_deadlocked(task_pid(thread));
}

/* ------------------------------------------------------------------------
 * Paths that end
 */

static void thread_that_does_not_wait_is_not_deadlocked(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct *thread = fixture_thread(test);

	KUNIT_EXPECT_FALSE(test, is_deadlocked(thread));
	hold(test, thread, client, 1);
	KUNIT_EXPECT_FALSE(test, is_deadlocked(thread));
}

static void thread_that_waits_for_one_that_runs_is_not_deadlocked(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct *runner = fixture_thread(test);
	struct task_struct *waiter = fixture_thread(test);

	hold(test, runner, client, 1);
	hold(test, waiter, client, 2);
	wait_for(test, waiter, client, 1);
	KUNIT_EXPECT_FALSE(test, is_deadlocked(waiter));
	KUNIT_EXPECT_FALSE(test, is_deadlocked(runner));
}

struct broken_param {
	const char *name;
	u64 keep;
	u64 set;
	bool old;
};

/* Which bits the word keeps, which it gets instead, and whether it is older than the thread. */
static const struct broken_param broken[] = {
	{ "free", 0, 0 },
	{ "holder died", 0, LOCKMGR_WORD_DIED },
	{ "token of nobody", ~LOCKMGR_WORD_TOKEN, 12345 },
	{ "no thread", LOCKMGR_WORD_TOKEN, 0 },
	{ "number of nobody", LOCKMGR_WORD_TOKEN, (u64)S32_MAX << LOCKMGR_WORD_TID_SHIFT },
	{ "number of somebody younger", ~0ULL, 0, true },
};

KUNIT_ARRAY_PARAM_DESC(broken, broken, name);

static void cycle_with_an_unknown_holder_is_none(struct kunit *test)
{
	const struct broken_param *param = test->param_value;
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct *one = fixture_thread(test);
	struct task_struct *two = fixture_thread(test);
	struct lockmgr_record *record = hold(test, one, client, 1);

	hold(test, two, client, 2);
	wait_for(test, one, client, 2);
	wait_for(test, two, client, 1);
	KUNIT_ASSERT_TRUE(test, is_deadlocked(one));

	record->word = (record->word & param->keep) | param->set;
	if (param->old)
		record->since = one->start_time - 100 * NSEC_PER_MSEC - 1;
	KUNIT_EXPECT_FALSE(test, is_deadlocked(one));
	KUNIT_EXPECT_FALSE(test, is_deadlocked(two));
}

/* ------------------------------------------------------------------------
 * Cycles
 */

static void thread_that_waits_for_its_own_lock_is_deadlocked(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct *thread = fixture_thread(test);

	hold(test, thread, client, 1);
	wait_for(test, thread, client, 1);
	KUNIT_EXPECT_TRUE(test, is_deadlocked(thread));
}

static const u32 lengths[] = { 2, 3, 10, 100 };

static void describe_length(const u32 *length, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u threads", *length);
}

KUNIT_ARRAY_PARAM(lengths, lengths, describe_length);

/* Each thread holds a lock, and waits for the lock of the next one. Returns the threads. */
static struct task_struct **make_cycle(struct kunit *test, struct lockmgr_client *client,
				       u32 length)
{
	struct task_struct **threads = kunit_kcalloc(test, length, sizeof(*threads), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, threads);
	for (i = 0; i < length; i++) {
		threads[i] = fixture_thread(test);
		hold(test, threads[i], client, i);
	}
	for (i = 0; i < length; i++)
		wait_for(test, threads[i], client, (i + 1) % length);

	return threads;
}

static void each_thread_of_a_cycle_is_deadlocked(struct kunit *test)
{
	u32 length = *(const u32 *)test->param_value;
	struct task_struct **threads = make_cycle(test, fixture_client(test, "deadlock"), length);
	u32 i;

	for (i = 0; i < length; i++)
		KUNIT_EXPECT_TRUE_MSG(test, is_deadlocked(threads[i]), "thread %u", i);
}

/* The ids are the same, and the tokens, too; the spaces are not. */
static void cycle_across_spaces_is_found(struct kunit *test)
{
	struct lockmgr_client *here = fixture_client(test, "deadlock");
	struct lockmgr_client *there = fixture_client(test, "deadlock-2");
	struct task_struct *one = fixture_thread(test);
	struct task_struct *two = fixture_thread(test);

	hold(test, one, here, 1);
	hold(test, two, there, 1);
	wait_for(test, one, there, 1);
	KUNIT_EXPECT_FALSE(test, is_deadlocked(one));
	wait_for(test, two, here, 1);
	KUNIT_EXPECT_TRUE(test, is_deadlocked(one));
	KUNIT_EXPECT_TRUE(test, is_deadlocked(two));
}

static void same_ids_in_different_spaces_are_no_cycle(struct kunit *test)
{
	struct lockmgr_client *here = fixture_client(test, "deadlock");
	struct lockmgr_client *there = fixture_client(test, "deadlock-2");
	struct task_struct *one = fixture_thread(test);
	struct task_struct *two = fixture_thread(test);

	hold(test, one, here, 1);
	hold(test, two, here, 2);
	hold(test, one, there, 1);
	hold(test, two, there, 2);
	hold(test, fixture_thread(test), there, 3);
	wait_for(test, one, here, 2);
	wait_for(test, two, there, 3);
	KUNIT_EXPECT_FALSE(test, is_deadlocked(one));
	KUNIT_EXPECT_FALSE(test, is_deadlocked(two));
}

/* The clients belong to one space, as if they were several processes. */
static void cycle_across_clients_is_found(struct kunit *test)
{
	struct lockmgr_client *mine = fixture_client(test, "deadlock");
	struct lockmgr_client *yours = fixture_client(test, "deadlock");
	struct task_struct *one = fixture_thread(test);
	struct task_struct *two = fixture_thread(test);

	hold(test, one, mine, 1);
	hold(test, two, yours, 2);
	wait_for(test, one, mine, 2);
	wait_for(test, two, yours, 1);
	KUNIT_EXPECT_TRUE(test, is_deadlocked(one));
	KUNIT_EXPECT_TRUE(test, is_deadlocked(two));
}

/* A walk from such a thread never comes back to it, but it ends. */
static void thread_that_waits_for_a_cycle_is_not_in_it(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct **cycle = make_cycle(test, client, 2);
	struct task_struct *near = fixture_thread(test);
	struct task_struct *far = fixture_thread(test);

	hold(test, near, client, 10);
	wait_for(test, near, client, 0);
	wait_for(test, far, client, 10);
	KUNIT_EXPECT_FALSE(test, is_deadlocked(near));
	KUNIT_EXPECT_FALSE(test, is_deadlocked(far));
	KUNIT_EXPECT_TRUE(test, is_deadlocked(cycle[0]));
}

static void other_waiters_of_the_locks_do_not_hide_a_cycle(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct *one = fixture_thread(test);
	struct task_struct *two = fixture_thread(test);

	hold(test, one, client, 1);
	hold(test, two, client, 2);
	wait_for(test, fixture_thread(test), client, 1);
	wait_for(test, fixture_thread(test), client, 2);
	wait_for(test, one, client, 2);
	wait_for(test, two, client, 1);
	wait_for(test, fixture_thread(test), client, 1);
	KUNIT_EXPECT_TRUE(test, is_deadlocked(one));
	KUNIT_EXPECT_TRUE(test, is_deadlocked(two));
}

static void longest_cycle_is_found_and_no_longer_one(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct **threads = make_cycle(test, client, LONGEST + 1);

	KUNIT_EXPECT_FALSE(test, is_deadlocked(threads[0]));
	KUNIT_EXPECT_FALSE(test, is_deadlocked(threads[LONGEST]));
	/* Without the last thread, the one before it closes the cycle. */
	hold(test, threads[0], client, LONGEST);
	KUNIT_EXPECT_TRUE(test, is_deadlocked(threads[0]));
	KUNIT_EXPECT_TRUE(test, is_deadlocked(threads[LONGEST - 1]));
}

/* ------------------------------------------------------------------------
 * Which client the kernel tells
 */

struct told_param {
	const char *name;
	bool detect[3];
	bool told[3];
};

/* Which threads of a cycle ask for EDEADLK, in the order in which they wait, and which get it. */
static const struct told_param told[] = {
	{ "all want to know", { true, true, true }, { false, false, true } },
	{ "the last does not", { true, true, false }, { false, true, false } },
	{ "only the first does", { true, false, false }, { true, false, false } },
	{ "only the last does", { false, false, true }, { false, false, true } },
};

KUNIT_ARRAY_PARAM_DESC(told, told, name);

static void last_that_wants_to_know_of_a_cycle_is_told(struct kunit *test)
{
	const struct told_param *param = test->param_value;
	struct task_struct *threads[3];
	struct lockmgr_client *clients[3];
	u32 i;

	for (i = 0; i < 3; i++) {
		threads[i] = fixture_thread(test);
		clients[i] = fixture_client(test, "deadlock");
		clients[i]->detect = param->detect[i];
		hold(test, threads[i], clients[i], i);
	}
	for (i = 0; i < 3; i++)
		wait_for(test, threads[i], clients[i], (i + 1) % 3);

	/* Only clients that want to know ask. */
	for (i = 0; i < 3; i++)
		if (param->detect[i])
			KUNIT_EXPECT_EQ_MSG(test, param->told[i],
					    lockmgr_thread_closes_cycle(task_pid(threads[i])),
					    "thread %u", i);
}

static void nobody_is_told_of_a_path_that_ends(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct *one = fixture_thread(test);
	struct task_struct *two = fixture_thread(test);

	client->detect = true;
	hold(test, one, client, 1);
	hold(test, fixture_thread(test), client, 2);
	wait_for(test, two, client, 1);
	wait_for(test, one, client, 2);
	KUNIT_EXPECT_FALSE(test, lockmgr_thread_closes_cycle(task_pid(one)));
	KUNIT_EXPECT_FALSE(test, lockmgr_thread_closes_cycle(task_pid(two)));
}

/* ------------------------------------------------------------------------
 * Locks
 */

static bool is_because_of(const struct lockmgr_record *record, struct task_struct *holder)
{
	return lockmgr_lock_deadlocked(record, task_pid(holder));
}

static void lock_in_the_cycle_is_its_cause(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct **threads = make_cycle(test, client, 3);
	u32 i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, is_because_of(fixture_record(test, client, i),
						      threads[i]));
}

static void lock_beside_the_cycle_is_not_its_cause(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "deadlock");
	struct task_struct **threads = make_cycle(test, client, 3);
	struct lockmgr_record *record = hold(test, threads[0], client, 10);

	wait_for(test, fixture_thread(test), client, 10);
	KUNIT_EXPECT_FALSE(test, is_because_of(record, threads[0]));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(thread_that_does_not_wait_is_not_deadlocked),
	KUNIT_CASE(thread_that_waits_for_one_that_runs_is_not_deadlocked),
	KUNIT_CASE_PARAM(cycle_with_an_unknown_holder_is_none, broken_gen_params),
	KUNIT_CASE(thread_that_waits_for_its_own_lock_is_deadlocked),
	KUNIT_CASE_PARAM(each_thread_of_a_cycle_is_deadlocked, lengths_gen_params),
	KUNIT_CASE(cycle_across_spaces_is_found),
	KUNIT_CASE(same_ids_in_different_spaces_are_no_cycle),
	KUNIT_CASE(cycle_across_clients_is_found),
	KUNIT_CASE(thread_that_waits_for_a_cycle_is_not_in_it),
	KUNIT_CASE(other_waiters_of_the_locks_do_not_hide_a_cycle),
	KUNIT_CASE_SLOW(longest_cycle_is_found_and_no_longer_one),
	KUNIT_CASE_PARAM(last_that_wants_to_know_of_a_cycle_is_told, told_gen_params),
	KUNIT_CASE(nobody_is_told_of_a_path_that_ends),
	KUNIT_CASE(lock_in_the_cycle_is_its_cause),
	KUNIT_CASE(lock_beside_the_cycle_is_not_its_cause),
	{}
};

struct kunit_suite lockmgr_deadlock_suite = {
	.name		= "lockmgr_deadlock",
	.test_cases	= cases,
};
