// SPDX-License-Identifier: GPL-2.0-only
/*
 * holder.c: from a record to the client and the thread that hold the lock.
 */
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>

#include "client.h"
#include "fixture.h"
#include "holder.h"
#include "suites.h"

static struct lockmgr_client *holder_of(struct lockmgr_client *client, u64 word)
{
	struct lockmgr_client *holder;

	rcu_read_lock();
	holder = lockmgr_holder_client(client->space, word);
	rcu_read_unlock();

	return holder;
}

static void snapshot_is_the_record(struct kunit *test)
{
	struct lockmgr_record record = { .word = 0x1234567890, .since = 77 };
	struct lockmgr_record snapshot = lockmgr_record_snapshot(&record);

	KUNIT_EXPECT_MEMEQ(test, &snapshot, &record, sizeof(record));
}

static void holder_is_the_client_with_the_token(struct kunit *test)
{
	struct lockmgr_client *one = fixture_client(test, "holder");
	struct lockmgr_client *two = fixture_client(test, "holder");

	KUNIT_EXPECT_PTR_EQ(test, holder_of(one, one->token), one);
	KUNIT_EXPECT_PTR_EQ(test, holder_of(one, two->token), two);
}

static void flags_and_thread_do_not_matter_to_the_client(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "holder");
	u64 word = ~LOCKMGR_WORD_TOKEN | client->token;

	KUNIT_EXPECT_PTR_EQ(test, holder_of(client, word), client);
}

struct word_param {
	const char *name;
	u64 word;
};

static const struct word_param unheld[] = {
	{ "free", 0 },
	{ "died", LOCKMGR_WORD_DIED },
	{ "thread without token", 1ULL << LOCKMGR_WORD_TID_SHIFT },
	{ "token of nobody", 12345 },
	{ "largest token", LOCKMGR_WORD_TOKEN },
};

KUNIT_ARRAY_PARAM_DESC(unheld, unheld, name);

static void word_without_a_live_client_has_no_holder(struct kunit *test)
{
	const struct word_param *param = test->param_value;
	struct lockmgr_client *client = fixture_client(test, "holder");

	KUNIT_EXPECT_NULL(test, holder_of(client, param->word));
}

static void closed_client_holds_nothing(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "holder");
	struct lockmgr_client *closed = fixture_client(test, "holder");
	u32 token = closed->token;

	fixture_close(test, closed);
	KUNIT_EXPECT_NULL(test, holder_of(client, token));
}

static void tokens_of_another_space_mean_nothing(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "holder");
	struct lockmgr_client *other = fixture_client(test, "holder-2");

	KUNIT_EXPECT_EQ(test, client->token, other->token);
	KUNIT_EXPECT_PTR_EQ(test, holder_of(other, client->token), other);
}

/* ------------------------------------------------------------------------
 * Threads
 */

static struct pid *thread_of(struct kunit *test, u32 tid, u64 since)
{
	struct lockmgr_client *client = fixture_client(test, "holder");
	struct lockmgr_record record = {
		.word	= (u64)tid << LOCKMGR_WORD_TID_SHIFT | client->token,
		.since	= since,
	};
	struct pid *thread;

	rcu_read_lock();
	thread = lockmgr_holder_thread(client->space, client, &record);
	rcu_read_unlock();

	return thread;
}

static void thread_is_found_by_its_number(struct kunit *test)
{
	struct task_struct *task = fixture_thread(test);

	KUNIT_EXPECT_PTR_EQ(test, thread_of(test, task_pid_nr(task), ktime_get_ns()),
			    task_pid(task));
}

static void thread_born_as_the_lock_was_taken_may_hold_it(struct kunit *test)
{
	struct task_struct *task = fixture_thread(test);

	KUNIT_EXPECT_PTR_EQ(test, thread_of(test, task_pid_nr(task), task->start_time),
			    task_pid(task));
}

/* The time in the record may be that of the last tick. */
static void thread_born_a_little_later_by_the_coarse_clock_may_hold_it(struct kunit *test)
{
	struct task_struct *task = fixture_thread(test);
	u64 earlier = task->start_time - 50 * NSEC_PER_MSEC;

	KUNIT_EXPECT_PTR_EQ(test, thread_of(test, task_pid_nr(task), earlier), task_pid(task));
}

/* Another thread has got the thread id since. */
static void thread_born_after_the_lock_was_taken_is_not_its_holder(struct kunit *test)
{
	struct task_struct *task = fixture_thread(test);

	KUNIT_EXPECT_NULL(test, thread_of(test, task_pid_nr(task),
					  task->start_time - 100 * NSEC_PER_MSEC - 1));
}

static void word_without_a_number_has_no_thread(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, thread_of(test, 0, ktime_get_ns()));
}

static void number_that_no_thread_can_have_has_no_thread(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, thread_of(test, S32_MAX, ktime_get_ns()));
	KUNIT_EXPECT_NULL(test, thread_of(test, U32_MAX, ktime_get_ns()));
}

static int do_nothing(void *data)
{
	return 0;
}

static void thread_that_has_ended_is_not_found(struct kunit *test)
{
	struct task_struct *task = kthread_create(do_nothing, NULL, "lockmgr-ended");
	u64 since = ktime_get_ns();
	u32 tid;

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	tid = task_pid_nr(task);
	kthread_stop(task);
	/* If another thread has the thread id by now, that thread is younger. */
	KUNIT_EXPECT_NULL(test, thread_of(test, tid, since));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(snapshot_is_the_record),
	KUNIT_CASE(holder_is_the_client_with_the_token),
	KUNIT_CASE(flags_and_thread_do_not_matter_to_the_client),
	KUNIT_CASE_PARAM(word_without_a_live_client_has_no_holder, unheld_gen_params),
	KUNIT_CASE(closed_client_holds_nothing),
	KUNIT_CASE(tokens_of_another_space_mean_nothing),
	KUNIT_CASE(thread_is_found_by_its_number),
	KUNIT_CASE(thread_born_as_the_lock_was_taken_may_hold_it),
	KUNIT_CASE(thread_born_a_little_later_by_the_coarse_clock_may_hold_it),
	KUNIT_CASE(thread_born_after_the_lock_was_taken_is_not_its_holder),
	KUNIT_CASE(word_without_a_number_has_no_thread),
	KUNIT_CASE(number_that_no_thread_can_have_has_no_thread),
	KUNIT_CASE(thread_that_has_ended_is_not_found),
	{}
};

struct kunit_suite lockmgr_holder_suite = {
	.name		= "lockmgr_holder",
	.test_cases	= cases,
};
