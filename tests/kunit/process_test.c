// SPDX-License-Identifier: GPL-2.0-only
/*
 * process.c: clients end with the thread that attached them, which is a process of its own
 * here, and with no other.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/wait.h>

#include "attach.h"
#include "client.h"
#include "fixture.h"
#include "process.h"
#include "suites.h"

static int trylock(struct lockmgr_client *client, u32 id)
{
	return lockmgr_client_lock(client, id, false, 0, NULL);
}

static int attach(struct lockmgr_client *client)
{
	struct lockmgr_space_args args = fixture_args("process");
	int ret;

	mutex_lock(&client->lock);
	ret = lockmgr_attach_begin(client, &args, false, true);
	if (!ret)
		lockmgr_attach_finish(client, true);
	mutex_unlock(&client->lock);

	return ret;
}

/* The device does this when the file is released. */
static void remove(void *client)
{
	lockmgr_process_remove(client);
}

/* A client that must end with its process; most tests have another one in the space already. */
static struct lockmgr_client *client_to_end(struct kunit *test)
{
	struct lockmgr_client *client = fixture_unattached(test);

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove, client), 0);

	return client;
}

/**
 * struct actor - a process that attaches clients, locks, and ends on request
 * @clients: its clients; client number i holds lock i
 * @count: how many
 * @ret: the first error
 * @task: the process
 * @ready: it has attached and locked
 * @end: the request to end
 */
struct actor {
	struct lockmgr_client *clients[2];
	u32 count;
	int ret;
	struct task_struct *task;
	struct completion ready;
	struct completion end;
};

static int act(void *data)
{
	struct actor *actor = data;
	u32 i;

	for (i = 0; i < actor->count && !actor->ret; i++)
		actor->ret = attach(actor->clients[i]) ?: trylock(actor->clients[i], i);
	complete(&actor->ready);
	wait_for_completion(&actor->end);

	return 0;
}

static void end_actor(void *data)
{
	struct actor *actor = data;

	complete_all(&actor->end);
	kthread_stop(actor->task);
	put_task_struct(actor->task);
}

static struct actor *actor(struct kunit *test, u32 count)
{
	struct actor *actor = kunit_kzalloc(test, sizeof(*actor), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, actor);
	init_completion(&actor->ready);
	init_completion(&actor->end);
	while (actor->count < count)
		actor->clients[actor->count++] = client_to_end(test);

	actor->task = kthread_run(act, actor, "lockmgr-process");
	KUNIT_ASSERT_FALSE(test, IS_ERR(actor->task));
	get_task_struct(actor->task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_actor, actor), 0);
	wait_for_completion(&actor->ready);
	KUNIT_ASSERT_EQ(test, actor->ret, 0);

	return actor;
}

static void client_can_be_used_by_its_process_only(struct kunit *test)
{
	struct lockmgr_client *other = fixture_client(test, "process");
	struct lockmgr_client *own = client_to_end(test);

	KUNIT_ASSERT_EQ(test, attach(own), 0);
	KUNIT_EXPECT_TRUE(test, lockmgr_client_is_usable(own));
	KUNIT_EXPECT_TRUE(test, lockmgr_client_is_usable(other));
	KUNIT_EXPECT_FALSE(test, lockmgr_client_is_usable(actor(test, 1)->clients[0]));
}

static void clients_of_a_process_are_of_one_kind(struct kunit *test)
{
	struct lockmgr_client *heir = fixture_client(test, "process");
	struct actor *both = actor(test, 2);

	KUNIT_EXPECT_PTR_EQ(test, both->clients[0]->process, both->clients[1]->process);
	KUNIT_EXPECT_EQ(test, trylock(heir, 0), -EBUSY);
}

static void waiters_are_told_when_a_process_ends(struct kunit *test)
{
	struct lockmgr_client *heir = fixture_client(test, "process");
	struct actor *both = actor(test, 2);
	struct fixture_call *first = fixture_waiting(test, heir, 0);
	struct fixture_call *second = fixture_waiting(test, heir, 1);

	complete_all(&both->end);
	KUNIT_EXPECT_EQ(test, fixture_result(test, first), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, fixture_result(test, second), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_PTR_EQ(test, xa_load(&heir->space->clients, both->clients[0]->token),
			    both->clients[0]);
}

static void client_that_was_removed_does_not_end_with_its_process(struct kunit *test)
{
	struct lockmgr_client *heir = fixture_client(test, "process");
	struct actor *both = actor(test, 2);
	struct fixture_call *second = fixture_waiting(test, heir, 1);

	lockmgr_process_remove(both->clients[0]);
	complete_all(&both->end);
	KUNIT_EXPECT_EQ(test, fixture_result(test, second), LOCKMGR_OWNER_DIED);
	KUNIT_EXPECT_EQ(test, trylock(heir, 0), -EBUSY);
	KUNIT_EXPECT_FALSE(test, both->clients[0]->ended);
}

static void other_wake_ups_end_nothing(struct kunit *test)
{
	struct lockmgr_client *heir = fixture_client(test, "process");
	struct lockmgr_client *own = client_to_end(test);

	KUNIT_ASSERT_EQ(test, attach(own), 0);
	KUNIT_ASSERT_EQ(test, trylock(own, 5), 0);
	wake_up_all(&own->process->pid->wait_pidfd);
	lockmgr_process_flush(own);
	lockmgr_process_mm_goes(own->process->pid, NULL);
	KUNIT_EXPECT_FALSE(test, own->process->told);
	KUNIT_EXPECT_FALSE(test, own->process->ended);
	KUNIT_EXPECT_EQ(test, trylock(heir, 5), -EBUSY);
}

static void mm_is_noted_as_long_as_it_is_the_only_one(struct kunit *test)
{
	struct lockmgr_client *own = client_to_end(test);
	const struct mm_struct *mm = (void *)test, *other = (void *)own;

	KUNIT_ASSERT_EQ(test, attach(own), 0);
	lockmgr_process_note_mm(own, mm);
	lockmgr_process_note_mm(own, mm);
	KUNIT_EXPECT_PTR_EQ(test, own->mm, mm);
	KUNIT_EXPECT_TRUE(test, own->mapped);
	lockmgr_process_note_mm(own, other);
	KUNIT_EXPECT_NULL(test, own->mm);
	lockmgr_process_note_mm(own, other);
	KUNIT_EXPECT_NULL(test, own->mm);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(client_can_be_used_by_its_process_only),
	KUNIT_CASE(clients_of_a_process_are_of_one_kind),
	KUNIT_CASE(waiters_are_told_when_a_process_ends),
	KUNIT_CASE(client_that_was_removed_does_not_end_with_its_process),
	KUNIT_CASE(other_wake_ups_end_nothing),
	KUNIT_CASE(mm_is_noted_as_long_as_it_is_the_only_one),
	{}
};

struct kunit_suite lockmgr_process_suite = {
	.name		= "lockmgr_process",
	.test_cases	= cases,
};
