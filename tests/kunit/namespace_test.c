// SPDX-License-Identifier: GPL-2.0-only
/*
 * namespace.c and names.c: namespaces beside the one in which the tests run.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "client.h"
#include "fixture.h"
#include "list.h"
#include "names.h"
#include "namespace.h"
#include "space.h"
#include "suites.h"

static void end_namespace(void *data)
{
	struct lockmgr_namespace *namespace = data;

	WRITE_ONCE(namespace->ended, true);
	lockmgr_spaces_end(namespace);
}

static void drop_namespace(void *data)
{
	end_namespace(data);
	lockmgr_namespace_put(data);
}

/* A namespace that has no process, and ends with the test. */
static struct lockmgr_namespace *another(struct kunit *test)
{
	struct lockmgr_namespace *namespace = kzalloc(sizeof(*namespace), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, namespace);
	lockmgr_namespace_init(namespace);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, drop_namespace, namespace), 0);

	return namespace;
}

static int join(struct kunit *test, struct lockmgr_namespace *namespace, const char *name,
		bool create, struct lockmgr_client **client)
{
	struct lockmgr_space_args args = fixture_args(name);

	args.namespace = namespace;
	args.create = create;
	*client = fixture_unattached(test);

	return fixture_attach(test, *client, &args);
}

static struct lockmgr_client *client_in(struct kunit *test, struct lockmgr_namespace *namespace,
					const char *name)
{
	struct lockmgr_client *client;

	KUNIT_ASSERT_EQ(test, join(test, namespace, name, true, &client), 0);

	return client;
}

static int unlink_in(struct lockmgr_namespace *namespace, const char *name)
{
	return lockmgr_space_unlink(namespace, FIXTURE_OWNER, name, current_cred());
}

static void tests_run_in_the_initial_namespace(struct kunit *test)
{
	struct lockmgr_namespace *namespace = another(test);

	KUNIT_EXPECT_TRUE(test, lockmgr_namespace_is_initial(fixture_ipc()));
	KUNIT_EXPECT_TRUE(test, lockmgr_namespace_is_current(fixture_ipc()));
	KUNIT_EXPECT_FALSE(test, lockmgr_namespace_has_ended(fixture_ipc()));
	KUNIT_EXPECT_FALSE(test, lockmgr_namespace_is_initial(namespace));
	KUNIT_EXPECT_FALSE(test, lockmgr_namespace_is_current(namespace));
}

static void same_name_in_each_namespace_is_another_space(struct kunit *test)
{
	struct lockmgr_client *here = fixture_client(test, "namespace");
	struct lockmgr_client *first = client_in(test, another(test), "namespace");
	struct lockmgr_client *second = client_in(test, another(test), "namespace");

	KUNIT_EXPECT_TRUE(test, first->created);
	KUNIT_EXPECT_TRUE(test, second->created);
	KUNIT_EXPECT_PTR_NE(test, here->space, first->space);
	KUNIT_EXPECT_PTR_NE(test, here->space, second->space);
	KUNIT_EXPECT_PTR_NE(test, first->space, second->space);
}

static void space_of_another_namespace_is_not_found(struct kunit *test)
{
	struct lockmgr_namespace *namespace = another(test);
	struct lockmgr_client *client;

	fixture_client(test, "namespace");
	KUNIT_EXPECT_EQ(test, join(test, namespace, "namespace", false, &client), -ENOENT);
	KUNIT_EXPECT_EQ(test, unlink_in(namespace, "namespace"), -ENOENT);
}

static void each_namespace_counts_its_own(struct kunit *test)
{
	struct lockmgr_namespace *namespace = another(test);
	struct lockmgr_client *client;

	fixture_client(test, "namespace");
	KUNIT_EXPECT_EQ(test, namespace->space_count, 0);
	client_in(test, namespace, "one");
	client = client_in(test, namespace, "other");
	client_in(test, namespace, "other");
	KUNIT_EXPECT_EQ(test, namespace->space_count, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&namespace->client_count), 3);
	KUNIT_EXPECT_EQ(test, unlink_in(namespace, "one"), 0);
	fixture_close(test, client);
	KUNIT_EXPECT_EQ(test, namespace->space_count, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&namespace->client_count), 2);
}

static void end_takes_names_and_allocations(struct kunit *test)
{
	struct lockmgr_namespace *namespace = another(test);
	struct lockmgr_client *client = client_in(test, namespace, "namespace");

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&client->space->ids, 3, true), 0);
	client_in(test, namespace, "other");
	end_namespace(namespace);
	KUNIT_EXPECT_FALSE(test, client->space->linked);
	KUNIT_EXPECT_EQ(test, client->space->ids.allocated, 0);
	KUNIT_EXPECT_EQ(test, namespace->space_count, 0);
	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(client, 3, false, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, 3), 0);
}

static void end_leaves_other_namespaces_alone(struct kunit *test)
{
	struct lockmgr_client *here = fixture_client(test, "namespace");
	struct lockmgr_namespace *namespace = another(test);

	client_in(test, namespace, "namespace");
	end_namespace(namespace);
	KUNIT_EXPECT_TRUE(test, here->space->linked);
}

static void ended_namespace_finds_and_makes_nothing(struct kunit *test)
{
	struct lockmgr_namespace *namespace = another(test);
	struct lockmgr_client *client;

	client_in(test, namespace, "namespace");
	end_namespace(namespace);
	KUNIT_EXPECT_TRUE(test, lockmgr_namespace_has_ended(namespace));
	KUNIT_EXPECT_EQ(test, join(test, namespace, "namespace", false, &client), -ENOENT);
	KUNIT_EXPECT_EQ(test, join(test, namespace, "namespace", true, &client), -ENOENT);
	KUNIT_EXPECT_EQ(test, join(test, namespace, "other", true, &client), -ENOENT);
	KUNIT_EXPECT_EQ(test, unlink_in(namespace, "namespace"), -ENOENT);
}

/* ------------------------------------------------------------------------
 * Lists
 */

#define MOST	4

static int list_on(struct lockmgr_namespace *namespace, const struct cred *cred, u64 *cursor,
		   struct lockmgr_space_entry *entries, u32 max)
{
	/* The list must overwrite whatever is there. */
	memset(entries, 0xa5, max * sizeof(*entries));

	return lockmgr_list_spaces(namespace, cred, cursor, entries, max);
}

static int list(struct lockmgr_namespace *namespace, const struct cred *cred, u64 *cursor,
		struct lockmgr_space_entry *entries, u32 max)
{
	*cursor = 0;

	return list_on(namespace, cred, cursor, entries, max);
}

static struct lockmgr_space_entry *room(struct kunit *test)
{
	struct lockmgr_space_entry *entries;

	entries = kunit_kzalloc(test, MOST * sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);

	return entries;
}

static void list_is_of_one_namespace(struct kunit *test)
{
	struct lockmgr_space_entry *entries = room(test);
	struct lockmgr_namespace *namespace = another(test);
	u64 cursor;

	fixture_client(test, "namespace");
	KUNIT_EXPECT_EQ(test, list(namespace, current_cred(), &cursor, entries, MOST), 0);
	KUNIT_EXPECT_EQ(test, cursor, LOCKMGR_CURSOR_END);
	client_in(test, namespace, "other");
	KUNIT_ASSERT_EQ(test, list(namespace, current_cred(), &cursor, entries, MOST), 1);
	KUNIT_EXPECT_STREQ(test, entries[0].name, "other");
	KUNIT_EXPECT_EQ(test, entries[0].owner, __kuid_val(FIXTURE_OWNER));
	KUNIT_EXPECT_NULL(test, memchr_inv(entries[0].reserved, 0, sizeof(entries[0].reserved)));
}

static void list_goes_on_from_its_cursor(struct kunit *test)
{
	struct lockmgr_space_entry *entries = room(test);
	struct lockmgr_namespace *namespace = another(test);
	u64 cursor;

	client_in(test, namespace, "one");
	client_in(test, namespace, "two");
	client_in(test, namespace, "three");
	KUNIT_EXPECT_EQ(test, list(namespace, current_cred(), &cursor, entries, 2), 2);
	KUNIT_EXPECT_EQ(test, list_on(namespace, current_cred(), &cursor, entries, 2), 1);
	KUNIT_EXPECT_STREQ(test, entries[0].name, "three");
	KUNIT_EXPECT_EQ(test, cursor, LOCKMGR_CURSOR_END);
}

static void number_of_an_unlinked_space_is_given_again(struct kunit *test)
{
	struct lockmgr_namespace *namespace = another(test);
	u32 number = client_in(test, namespace, "one")->space->number;

	KUNIT_EXPECT_NE(test, client_in(test, namespace, "two")->space->number, number);
	KUNIT_ASSERT_EQ(test, unlink_in(namespace, "one"), 0);
	KUNIT_EXPECT_EQ(test, client_in(test, namespace, "three")->space->number, number);
}

static void list_has_what_the_caller_may_read(struct kunit *test)
{
	struct cred *stranger = fixture_cred(test, FIXTURE_OTHER, FIXTURE_NOGROUP);
	struct lockmgr_space_entry *entries = room(test);
	struct lockmgr_namespace *namespace = another(test);
	struct lockmgr_space_args args = fixture_args("open");
	u64 cursor;

	client_in(test, namespace, "private");
	args.namespace = namespace;
	args.mode = 0604;
	KUNIT_ASSERT_EQ(test, fixture_attach(test, fixture_unattached(test), &args), 0);
	KUNIT_ASSERT_EQ(test, list(namespace, stranger, &cursor, entries, MOST), 1);
	KUNIT_EXPECT_STREQ(test, entries[0].name, "open");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(tests_run_in_the_initial_namespace),
	KUNIT_CASE(same_name_in_each_namespace_is_another_space),
	KUNIT_CASE(space_of_another_namespace_is_not_found),
	KUNIT_CASE(each_namespace_counts_its_own),
	KUNIT_CASE(end_takes_names_and_allocations),
	KUNIT_CASE(end_leaves_other_namespaces_alone),
	KUNIT_CASE(ended_namespace_finds_and_makes_nothing),
	KUNIT_CASE(list_is_of_one_namespace),
	KUNIT_CASE(list_goes_on_from_its_cursor),
	KUNIT_CASE(number_of_an_unlinked_space_is_given_again),
	KUNIT_CASE(list_has_what_the_caller_may_read),
	{}
};

struct kunit_suite lockmgr_namespace_suite = {
	.name		= "lockmgr_namespace",
	.test_cases	= cases,
};
