// SPDX-License-Identifier: GPL-2.0-only
/*
 * list.c: what lists show of a space, of its locks, and of the waiters of a lock.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "client.h"
#include "fixture.h"
#include "list.h"
#include "names.h"
#include "space.h"
#include "suites.h"

#define ALLOCATED	LOCKMGR_ENTRY_ALLOCATED
#define HELD		LOCKMGR_ENTRY_HELD
#define WAITED		LOCKMGR_ENTRY_WAITED
#define DIED		LOCKMGR_ENTRY_DIED

static int trylock(struct lockmgr_client *client, u32 id)
{
	return lockmgr_client_lock(client, id, false, 0, NULL);
}

/* ------------------------------------------------------------------------
 * The space
 */

static void info_has_the_facts_of_the_space(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_ioctl_info info = {};

	fixture_client(test, "list");
	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(&client->space->ids, 50), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&client->space->ids, 7, true), 0);
	lockmgr_space_info(client->space, &info);
	KUNIT_EXPECT_STREQ(test, info.name, "list");
	KUNIT_EXPECT_EQ(test, info.generation, client->space->generation);
	KUNIT_EXPECT_EQ(test, info.owner, __kuid_val(FIXTURE_OWNER));
	KUNIT_EXPECT_EQ(test, info.group, __kgid_val(FIXTURE_GROUP));
	KUNIT_EXPECT_EQ(test, info.mode, 0600);
	KUNIT_EXPECT_EQ(test, info.flags, 0);
	KUNIT_EXPECT_EQ(test, info.capacity, 50);
	KUNIT_EXPECT_EQ(test, info.allocated, 1);
	KUNIT_EXPECT_EQ(test, info.clients, 2);
}

static void info_tells_that_the_name_is_gone(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_ioctl_info info = {};

	KUNIT_ASSERT_EQ(test, fixture_unlink("list", FIXTURE_OWNER, current_cred()), 0);
	lockmgr_space_info(client->space, &info);
	KUNIT_EXPECT_EQ(test, info.flags, LOCKMGR_SPACE_UNLINKED);
	KUNIT_EXPECT_STREQ(test, info.name, "list");
}

/* ------------------------------------------------------------------------
 * Locks
 */

#define MOST	8

struct list {
	struct lockmgr_lock_entry entries[MOST];
	u64 cursor;
	int count;
};

static struct list *list_some(struct kunit *test, struct lockmgr_client *client, u32 filter,
			      u64 cursor, u32 max)
{
	struct list *list = kunit_kzalloc(test, sizeof(*list), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, list);
	/* The list must overwrite whatever is there. */
	memset(list->entries, 0xa5, sizeof(list->entries));
	list->cursor = cursor;
	list->count = lockmgr_list_locks(client->space, filter, &list->cursor, list->entries,
					 max);

	return list;
}

static struct list *list_all(struct kunit *test, struct lockmgr_client *client, u32 filter)
{
	struct list *list = list_some(test, client, filter, 0, MOST);

	KUNIT_ASSERT_LT(test, list->count, MOST);
	KUNIT_EXPECT_EQ(test, list->cursor, LOCKMGR_CURSOR_END);

	return list;
}

struct filter_param {
	const char *name;
	u32 filter;
	u32 ids[5];
	int count;
};

/*
 * Lock 1 is allocated, 2 is held, 300 is both, 3 is waited for as well as held, and the
 * holder of 4 has died.
 */
static const struct filter_param filters[] = {
	{ "allocated", ALLOCATED, { 1, 300 }, 2 },
	{ "held", HELD, { 2, 3, 300 }, 3 },
	{ "waited for", WAITED, { 3 }, 1 },
	{ "allocated or held", ALLOCATED | HELD, { 1, 2, 3, 300 }, 4 },
	{ "allocated or waited for", ALLOCATED | WAITED, { 1, 3, 300 }, 3 },
	{ "held or waited for", HELD | WAITED, { 2, 3, 300 }, 3 },
	{ "its holder died", DIED, { 4 }, 1 },
	{ "held or its holder died", HELD | DIED, { 2, 3, 4, 300 }, 4 },
	{ "any of them", ALLOCATED | HELD | WAITED | DIED, { 1, 2, 3, 4, 300 }, 5 },
};

KUNIT_ARRAY_PARAM_DESC(filters, filters, name);

static struct lockmgr_client *make_locks(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&client->space->ids, 1, true), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&client->space->ids, 300, true), 0);
	KUNIT_ASSERT_EQ(test, trylock(client, 2), 0);
	KUNIT_ASSERT_EQ(test, trylock(client, 3), 0);
	KUNIT_ASSERT_EQ(test, trylock(client, 300), 0);
	fixture_queue(test, client, 3, fixture_thread(test));
	fixture_record(test, client, 4)->word = LOCKMGR_WORD_DIED;

	return client;
}

static void list_has_what_the_filter_asks_for(struct kunit *test)
{
	const struct filter_param *param = test->param_value;
	struct list *list = list_all(test, make_locks(test), param->filter);
	int i;

	KUNIT_ASSERT_EQ(test, list->count, param->count);
	for (i = 0; i < param->count; i++)
		KUNIT_EXPECT_EQ(test, list->entries[i].id, param->ids[i]);
}

static void list_goes_on_at_the_cursor(struct kunit *test)
{
	const struct filter_param *all = &filters[ARRAY_SIZE(filters) - 1];
	struct lockmgr_client *client = make_locks(test);
	u64 cursor = 0;
	int i;

	for (i = 0; i < all->count; i++) {
		struct list *list = list_some(test, client, all->filter, cursor, 1);

		KUNIT_ASSERT_EQ(test, list->count, 1);
		KUNIT_EXPECT_EQ(test, list->entries[0].id, all->ids[i]);
		cursor = list->cursor;
	}
	KUNIT_EXPECT_EQ(test, list_some(test, client, all->filter, cursor, 1)->count, 0);
}

static void list_from_the_end_is_empty(struct kunit *test)
{
	struct lockmgr_client *client = make_locks(test);
	struct list *list = list_some(test, client, HELD, LOCKMGR_CURSOR_END, MOST);

	KUNIT_EXPECT_EQ(test, list->count, 0);
	KUNIT_EXPECT_EQ(test, list->cursor, LOCKMGR_CURSOR_END);
}

static void last_id_of_all_is_listed(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	u32 last = LOCKMGR_CAPACITY_MAX - 1;
	struct list *list;

	KUNIT_ASSERT_EQ(test, trylock(client, last), 0);
	list = list_some(test, client, HELD, 0, 1);
	KUNIT_ASSERT_EQ(test, list->count, 1);
	KUNIT_EXPECT_EQ(test, list->entries[0].id, last);
	KUNIT_EXPECT_EQ(test, list->cursor, LOCKMGR_CURSOR_END);
}

static void entry_of_a_held_lock_names_its_holder(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	u64 before = ktime_get_coarse_ns();
	struct lockmgr_lock_entry *entry;

	KUNIT_ASSERT_EQ(test, trylock(client, 9), 0);
	entry = &list_all(test, client, HELD)->entries[0];
	KUNIT_EXPECT_EQ(test, entry->id, 9);
	KUNIT_EXPECT_EQ(test, entry->flags, HELD);
	KUNIT_EXPECT_GE(test, entry->since, before);
	KUNIT_EXPECT_LE(test, entry->since, ktime_get_ns());
	KUNIT_EXPECT_EQ(test, entry->pid, task_tgid_nr(current));
	KUNIT_EXPECT_EQ(test, entry->tid, task_pid_nr(current));
	KUNIT_EXPECT_STREQ(test, entry->comm, current->comm);
	KUNIT_EXPECT_EQ(test, entry->token, client->token);
	KUNIT_EXPECT_EQ(test, entry->waiters, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(entry->reserved, 0, sizeof(entry->reserved)));
}

/* In that case the entry names the process that opened the client's file. */
static void entry_without_a_thread_names_the_client(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_record *record = fixture_record(test, client, 9);
	struct lockmgr_lock_entry *entry;

	record->word = (u64)S32_MAX << LOCKMGR_WORD_TID_SHIFT | client->token;
	record->since = ktime_get_ns();
	strscpy(client->comm, "the opener", sizeof(client->comm));
	entry = &list_all(test, client, HELD)->entries[0];
	KUNIT_EXPECT_EQ(test, entry->tid, 0);
	KUNIT_EXPECT_EQ(test, entry->pid, task_tgid_nr(current));
	KUNIT_EXPECT_STREQ(test, entry->comm, "the opener");
}

static void entry_tells_of_waiters(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_lock_entry *entry;

	KUNIT_ASSERT_EQ(test, trylock(client, 9), 0);
	fixture_queue(test, client, 9, fixture_thread(test));
	fixture_queue(test, client, 9, fixture_thread(test));
	entry = &list_all(test, client, WAITED)->entries[0];
	KUNIT_EXPECT_EQ(test, entry->flags, HELD | WAITED);
	KUNIT_EXPECT_EQ(test, entry->waiters, 2);
}

static void entry_tells_of_a_holder_that_died(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_lock_entry *entry;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&client->space->ids, 9, true), 0);
	fixture_record(test, client, 9)->word = LOCKMGR_WORD_DIED;
	entry = &list_all(test, client, ALLOCATED)->entries[0];
	KUNIT_EXPECT_EQ(test, entry->flags, ALLOCATED | LOCKMGR_ENTRY_DIED);
	KUNIT_EXPECT_EQ(test, entry->token, 0);
	KUNIT_EXPECT_EQ(test, entry->since, 0);
	KUNIT_EXPECT_EQ(test, entry->pid, 0);
	KUNIT_EXPECT_STREQ(test, entry->comm, "");
}

static void entry_tells_of_a_deadlock(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_lock_entry *entry;

	KUNIT_ASSERT_EQ(test, trylock(client, 9), 0);
	fixture_queue(test, client, 9, current);
	entry = &list_all(test, client, HELD)->entries[0];
	KUNIT_EXPECT_EQ(test, entry->flags, HELD | WAITED | LOCKMGR_ENTRY_DEADLOCK);
}

/* ------------------------------------------------------------------------
 * Waiters
 */

/* More than the list copies in one go, and not a multiple of that. */
#define CROWD	37

static int list_waiters(struct lockmgr_client *client, u32 id, u64 *cursor,
			struct lockmgr_waiter_entry *entries, u32 max)
{
	return lockmgr_list_waiters(client->space, id, cursor, entries, max);
}

static void lock_without_waiters_lists_none(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_waiter_entry entry;
	u64 cursor = 0;

	fixture_queue(test, client, 10, fixture_thread(test));
	KUNIT_EXPECT_EQ(test, list_waiters(client, 9, &cursor, &entry, 1), 0);
	KUNIT_EXPECT_EQ(test, cursor, LOCKMGR_CURSOR_END);
}

static void waiters_are_listed_in_the_order_of_the_queue(struct kunit *test)
{
	u32 max = *(const u32 *)test->param_value;
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_waiter_entry *entries;
	struct lockmgr_waiter *waiters[CROWD];
	u64 cursor = 0;
	int i, count = 0;

	entries = kunit_kcalloc(test, CROWD + max, sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	for (i = 0; i < CROWD; i++)
		waiters[i] = fixture_queue(test, client, 9, fixture_thread(test));

	while (cursor != LOCKMGR_CURSOR_END) {
		int ret = list_waiters(client, 9, &cursor, &entries[count], max);

		KUNIT_ASSERT_GE(test, ret, 0);
		count += ret;
		KUNIT_ASSERT_LE(test, count, CROWD);
	}
	KUNIT_ASSERT_EQ(test, count, CROWD);
	for (i = 0; i < CROWD; i++) {
		KUNIT_EXPECT_EQ(test, entries[i].tid, pid_nr(waiters[i]->thread));
		KUNIT_EXPECT_EQ(test, entries[i].cookie, waiters[i]->ticket);
	}
}

static const u32 rooms[] = { 1, 15, 16, 17, 36, 37, 100 };

static void describe_room(const u32 *room, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u at a time", *room);
}

KUNIT_ARRAY_PARAM(rooms, rooms, describe_room);

static void entry_of_a_waiter_names_it(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct task_struct *task = fixture_thread(test);
	struct lockmgr_waiter *waiter = fixture_queue(test, client, 9, task);
	struct lockmgr_waiter_entry entry;
	u64 cursor = 0;

	memset(&entry, 0xa5, sizeof(entry));
	KUNIT_ASSERT_EQ(test, list_waiters(client, 9, &cursor, &entry, 1), 1);
	KUNIT_EXPECT_EQ(test, entry.cookie, waiter->ticket);
	KUNIT_EXPECT_EQ(test, entry.since, waiter->since);
	KUNIT_EXPECT_EQ(test, entry.pid, task_tgid_nr(task));
	KUNIT_EXPECT_EQ(test, entry.tid, task_pid_nr(task));
	KUNIT_EXPECT_STREQ(test, entry.comm, task->comm);
	KUNIT_EXPECT_EQ(test, entry.token, client->token);
	KUNIT_EXPECT_EQ(test, entry.flags, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(entry.reserved, 0, sizeof(entry.reserved)));
}

static void entry_of_a_waiter_tells_that_it_has_a_deadline(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_waiter_entry entry;
	u64 cursor = 0;

	fixture_queue(test, client, 9, fixture_thread(test))->deadline = 0;
	KUNIT_ASSERT_EQ(test, list_waiters(client, 9, &cursor, &entry, 1), 1);
	KUNIT_EXPECT_EQ(test, entry.flags, LOCKMGR_ENTRY_DEADLINE);
}

static void entry_of_a_waiter_tells_of_a_deadlock(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "list");
	struct lockmgr_waiter_entry entry;
	u64 cursor = 0;

	KUNIT_ASSERT_EQ(test, trylock(client, 9), 0);
	fixture_queue(test, client, 9, current);
	KUNIT_ASSERT_EQ(test, list_waiters(client, 9, &cursor, &entry, 1), 1);
	KUNIT_EXPECT_EQ(test, entry.flags, LOCKMGR_ENTRY_DEADLOCK);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(info_has_the_facts_of_the_space),
	KUNIT_CASE(info_tells_that_the_name_is_gone),
	KUNIT_CASE_PARAM(list_has_what_the_filter_asks_for, filters_gen_params),
	KUNIT_CASE(list_goes_on_at_the_cursor),
	KUNIT_CASE(list_from_the_end_is_empty),
	KUNIT_CASE(last_id_of_all_is_listed),
	KUNIT_CASE(entry_of_a_held_lock_names_its_holder),
	KUNIT_CASE(entry_without_a_thread_names_the_client),
	KUNIT_CASE(entry_tells_of_waiters),
	KUNIT_CASE(entry_tells_of_a_holder_that_died),
	KUNIT_CASE(entry_tells_of_a_deadlock),
	KUNIT_CASE(lock_without_waiters_lists_none),
	KUNIT_CASE_PARAM(waiters_are_listed_in_the_order_of_the_queue, rooms_gen_params),
	KUNIT_CASE(entry_of_a_waiter_names_it),
	KUNIT_CASE(entry_of_a_waiter_tells_that_it_has_a_deadline),
	KUNIT_CASE(entry_of_a_waiter_tells_of_a_deadlock),
	{}
};

struct kunit_suite lockmgr_list_suite = {
	.name		= "lockmgr_list",
	.test_cases	= cases,
};
