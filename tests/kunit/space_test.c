// SPDX-License-Identifier: GPL-2.0-only
/*
 * names.c and space.c: names, creating, joining, leaving, unlinking, and what goes when.
 * permit_test.c has the permissions.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/string.h>

#include "client.h"
#include "fixture.h"
#include "names.h"
#include "quota.h"
#include "record.h"
#include "space.h"
#include "suites.h"

/* ------------------------------------------------------------------------
 * Names
 */

struct name_param {
	const char *name;
	const char bytes[LOCKMGR_NAME_SIZE + 1];
	bool valid;
};

#define CHARACTERS_63	"123456789012345678901234567890123456789012345678901234567890123"

static const struct name_param names[] = {
	{ "one letter", "a", true },
	{ "all kinds", "AZaz09._-", true },
	{ "dash in front", "-a", true },
	{ "underscore in front", "_", true },
	{ "dot inside", "a.b", true },
	{ "dot at the end", "a.", true },
	{ "longest", CHARACTERS_63, true },
	{ "empty", "", false },
	{ "no end", CHARACTERS_63 "4", false },
	{ "dot", ".", false },
	{ "two dots", "..", false },
	{ "dot in front", ".a", false },
	{ "slash", "a/b", false },
	{ "space", "a b", false },
	{ "newline", "a\n", false },
	{ "control", "a\x01", false },
	{ "delete", "a\x7f", false },
	{ "eighth bit", "a\x80", false },
	{ "letter of Latin-1", "\xe9", false },
	{ "letter of UTF-8", "\xc3\xa9", false },
	{ "before 0", "/", false },
	{ "after 9", ":", false },
	{ "before A", "@", false },
	{ "after Z", "[", false },
	{ "before a", "`", false },
	{ "after z", "{", false },
	{ "something after the end", "a\0b", false },
};

KUNIT_ARRAY_PARAM_DESC(names, names, name);

static void name_is_of_the_portable_characters(struct kunit *test)
{
	const struct name_param *param = test->param_value;

	KUNIT_EXPECT_EQ(test, lockmgr_space_name_valid(param->bytes), param->valid);
}

static void last_byte_behind_the_end_counts_too(struct kunit *test)
{
	char name[LOCKMGR_NAME_SIZE] = "a";

	name[LOCKMGR_NAME_SIZE - 1] = 'b';
	KUNIT_EXPECT_FALSE(test, lockmgr_space_name_valid(name));
}

/* ------------------------------------------------------------------------
 * Joining
 */

static int join(struct kunit *test, const struct lockmgr_space_args *args)
{
	return fixture_attach(test, fixture_unattached(test), args);
}

static void space_that_is_missing_is_not_found(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("space");

	args.create = false;
	KUNIT_EXPECT_EQ(test, join(test, &args), -ENOENT);
}

static void space_that_is_missing_is_created(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("space");
	struct lockmgr_client *client = fixture_unattached(test);
	struct lockmgr_space *space;

	args.mode = 0640;
	args.capacity = 77;
	KUNIT_ASSERT_EQ(test, fixture_attach(test, client, &args), 0);
	space = client->space;
	KUNIT_EXPECT_TRUE(test, client->created);
	KUNIT_EXPECT_TRUE(test, space->linked);
	KUNIT_EXPECT_STREQ(test, space->name, "space");
	KUNIT_EXPECT_TRUE(test, uid_eq(space->owner, FIXTURE_OWNER));
	KUNIT_EXPECT_TRUE(test, gid_eq(space->group, FIXTURE_GROUP));
	KUNIT_EXPECT_EQ(test, space->mode, 0640);
	KUNIT_EXPECT_EQ(test, space->ids.capacity, 77);
	KUNIT_EXPECT_EQ(test, space->client_count, 1);
}

static void space_that_exists_is_joined(struct kunit *test)
{
	struct lockmgr_client *first = fixture_client(test, "space");
	struct lockmgr_client *second = fixture_client(test, "space");

	KUNIT_EXPECT_PTR_EQ(test, first->space, second->space);
	KUNIT_EXPECT_FALSE(test, second->created);
	KUNIT_EXPECT_EQ(test, first->space->client_count, 2);
	KUNIT_EXPECT_NE(test, first->token, second->token);
	KUNIT_EXPECT_NE(test, first->token, 0);
}

static void space_that_exists_cannot_be_created(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	struct lockmgr_space_args args = fixture_args("space");

	args.exclusive = true;
	KUNIT_EXPECT_EQ(test, join(test, &args), -EEXIST);
	KUNIT_EXPECT_EQ(test, client->space->client_count, 1);
}

static void names_tell_spaces_apart(struct kunit *test)
{
	KUNIT_EXPECT_PTR_NE(test, fixture_client(test, "space")->space,
			    fixture_client(test, "space-2")->space);
}

static void owners_tell_spaces_of_a_name_apart(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("space");
	struct lockmgr_client *client = fixture_unattached(test);

	args.owner = FIXTURE_OTHER;
	KUNIT_ASSERT_EQ(test, fixture_attach(test, client, &args), 0);
	KUNIT_EXPECT_PTR_NE(test, fixture_client(test, "space")->space, client->space);
	KUNIT_EXPECT_EQ(test, fixture_unlink("space", FIXTURE_OTHER, current_cred()), 0);
}

static void new_space_of_a_name_has_another_generation(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	u64 generation = client->space->generation;

	KUNIT_ASSERT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()), 0);
	KUNIT_EXPECT_NE(test, fixture_client(test, "space")->space->generation, generation);
}

struct create_param {
	const char *name;
	u32 allowed;
	u32 capacity;
	int ret;
	u32 expected;
};

static const struct create_param capacities[] = {
	{ "one", 100, 1, 0, 1 },
	{ "as many as allowed", 100, 100, 0, 100 },
	{ "one too many", 100, 101, -EINVAL, 0 },
	{ "most of all", LOCKMGR_CAPACITY_MAX, LOCKMGR_CAPACITY_MAX, 0, LOCKMGR_CAPACITY_MAX },
	{ "more than most of all", LOCKMGR_CAPACITY_MAX, LOCKMGR_CAPACITY_MAX + 1, -EINVAL, 0 },
	{ "largest number", LOCKMGR_CAPACITY_MAX, U32_MAX, -EINVAL, 0 },
	{ "default", 100, 0, 0, 100 },
};

KUNIT_ARRAY_PARAM_DESC(capacities, capacities, name);

static void capacity_of_a_new_space_is_limited(struct kunit *test)
{
	const struct create_param *param = test->param_value;
	struct lockmgr_space_args args = fixture_args("space");
	struct lockmgr_client *client = fixture_unattached(test);

	fixture_limit(test, &lockmgr_limits.locks_per_space, param->allowed);
	args.capacity = param->capacity;
	KUNIT_EXPECT_EQ(test, fixture_attach(test, client, &args), param->ret);
	if (!param->ret)
		KUNIT_EXPECT_EQ(test, client->space->ids.capacity, param->expected);
}

static void changed_capacity_is_limited(struct kunit *test)
{
	const struct create_param *param = test->param_value;
	struct lockmgr_space *space = fixture_client(test, "space")->space;

	fixture_limit(test, &lockmgr_limits.locks_per_space, param->allowed);
	KUNIT_EXPECT_EQ(test, lockmgr_space_set_capacity(space, param->capacity, current_cred()),
			param->ret);
	if (!param->ret)
		KUNIT_EXPECT_EQ(test, space->ids.capacity, param->expected);
}

/* ------------------------------------------------------------------------
 * Limits
 */

static void client_beyond_the_limit_is_refused(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("space");
	struct lockmgr_client *client;

	fixture_limit(test, &lockmgr_limits.clients_per_space, 2);
	client = fixture_client(test, "space");
	fixture_client(test, "space");
	KUNIT_EXPECT_EQ(test, join(test, &args), -EUSERS);
	KUNIT_EXPECT_EQ(test, client->space->client_count, 2);

	fixture_close(test, client);
	KUNIT_EXPECT_EQ(test, join(test, &args), 0);
}

/* A space that could not get its first client leaves nothing. */
static void space_without_room_for_a_client_is_not_made(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("space");

	fixture_limit(test, &lockmgr_limits.clients_per_space, 0);
	KUNIT_EXPECT_EQ(test, join(test, &args), -EUSERS);
	WRITE_ONCE(lockmgr_limits.clients_per_space, 1);
	args.exclusive = true;
	KUNIT_EXPECT_EQ(test, join(test, &args), 0);
}

static void space_beyond_the_limit_is_refused(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("space-2");

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 1);
	fixture_client(test, "space");
	KUNIT_EXPECT_EQ(test, join(test, &args), -EDQUOT);
	/* Joining a space does not need room for another one. */
	fixture_client(test, "space");
}

/* The arguments of a user without capabilities, for reading, writing or both. */
static struct lockmgr_space_args args_of(struct kunit *test, kuid_t user, kgid_t group, int want)
{
	struct lockmgr_space_args args = fixture_args("space");

	args.mode = 0666;
	args.want = want;
	args.cred = fixture_cred(test, user, group);

	return args;
}

/* It gets neither a token nor a place among the clients that have one. */
static void client_that_only_looks_takes_no_place(struct kunit *test)
{
	struct lockmgr_client *client, *reader = fixture_unattached(test);
	struct lockmgr_space_args args = fixture_args("space");

	fixture_limit(test, &lockmgr_limits.clients_per_space, 1);
	client = fixture_client(test, "space");
	args.create = false;
	args.want = MAY_READ;
	KUNIT_EXPECT_EQ(test, fixture_attach(test, reader, &args), 0);
	KUNIT_EXPECT_EQ(test, join(test, &args), 0);
	KUNIT_EXPECT_EQ(test, reader->token, 0);
	KUNIT_EXPECT_EQ(test, client->space->client_count, 3);
	args.want = MAY_READ | MAY_WRITE;
	KUNIT_EXPECT_EQ(test, join(test, &args), -EUSERS);
	args.want = MAY_WRITE;
	KUNIT_EXPECT_EQ(test, join(test, &args), -EUSERS);
	fixture_close(test, client);
	KUNIT_EXPECT_EQ(test, reader->space->client_count, 2);
	KUNIT_EXPECT_EQ(test, join(test, &args), 0);
}

/* Each class in turn, the weakest first, uses up its own places. */
static void classes_do_not_share_the_limit(struct kunit *test)
{
	const int both = MAY_READ | MAY_WRITE;
	struct lockmgr_space_args classes[] = {
		args_of(test, FIXTURE_OTHER, FIXTURE_NOGROUP, both),
		args_of(test, FIXTURE_OTHER, FIXTURE_GROUP, both),
		args_of(test, FIXTURE_OWNER, FIXTURE_NOGROUP, both),
		fixture_args("space"),
	};
	struct lockmgr_space_args args = fixture_args("space");
	struct lockmgr_client *creator = fixture_unattached(test);
	unsigned int i;

	args.mode = 0666;
	KUNIT_ASSERT_EQ(test, fixture_attach(test, creator, &args), 0);
	fixture_close(test, creator);

	fixture_limit(test, &lockmgr_limits.clients_per_space, 2);
	for (i = 0; i < LOCKMGR_CLASSES; i++) {
		struct lockmgr_client *client = fixture_unattached(test);

		KUNIT_EXPECT_EQ(test, fixture_attach(test, client, &classes[i]), 0);
		KUNIT_EXPECT_EQ(test, client->class, i);
		KUNIT_EXPECT_EQ(test, lockmgr_client_is_favoured(client),
				i >= LOCKMGR_CLASS_OWNER);
		KUNIT_EXPECT_EQ(test, join(test, &classes[i]), 0);
		KUNIT_EXPECT_EQ(test, join(test, &classes[i]), -EUSERS);
	}
}

/* ------------------------------------------------------------------------
 * Leaving and unlinking
 */

static void space_outlives_its_clients(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	u64 generation = client->space->generation;

	fixture_close(test, client);
	KUNIT_EXPECT_EQ(test, fixture_client(test, "space")->space->generation, generation);
}

static void unlinked_space_is_not_found(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	struct lockmgr_space_args args = fixture_args("space");

	KUNIT_EXPECT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()), 0);
	KUNIT_EXPECT_FALSE(test, client->space->linked);
	args.create = false;
	KUNIT_EXPECT_EQ(test, join(test, &args), -ENOENT);
	KUNIT_EXPECT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()),
			-ENOENT);
}

static void name_of_another_owner_is_not_unlinked(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");

	KUNIT_EXPECT_EQ(test, fixture_unlink("space", FIXTURE_OTHER, current_cred()),
			-ENOENT);
	KUNIT_EXPECT_TRUE(test, client->space->linked);
}

static void client_goes_on_with_an_unlinked_space(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	u64 ticket = 0;
	u32 id;

	KUNIT_ASSERT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_allocate(&client->space->ids, &id, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(client, id, true, 0, &ticket), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, id), 0);
}

/* After that, its owner may make another one. */
static void unlinked_space_goes_with_its_last_client(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	struct lockmgr_space_args args = fixture_args("space-2");

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 1);
	KUNIT_ASSERT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()), 0);
	KUNIT_EXPECT_EQ(test, join(test, &args), -EDQUOT);
	fixture_close(test, client);
	KUNIT_EXPECT_EQ(test, join(test, &args), 0);
}

static struct lockmgr_client *fixture_reader(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("space");
	struct lockmgr_client *reader = fixture_unattached(test);

	args.create = false;
	args.want = MAY_READ;
	KUNIT_ASSERT_EQ(test, fixture_attach(test, reader, &args), 0);

	return reader;
}

/* A reader keeps the space itself, but nothing for which its owner is charged. */
static void owner_pays_no_more_when_only_readers_have_an_unlinked_space(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	struct lockmgr_space *space = fixture_reader(test)->space;
	u32 id;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate(&space->ids, &id, true), 0);
	fixture_record(test, client, 0)->word = LOCKMGR_WORD_DIED;
	fixture_record(test, client, LOCKMGR_PAGE_RECORDS)->word = LOCKMGR_WORD_DIED;
	KUNIT_ASSERT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()), 0);
	KUNIT_EXPECT_EQ(test, fixture_charged(space->payers, LOCKMGR_CHARGE_IDS), 1);
	fixture_close(test, client);
	KUNIT_EXPECT_EQ(test, fixture_charged(space->payers, LOCKMGR_CHARGE_IDS), 0);
	KUNIT_EXPECT_EQ(test, fixture_charged(space->payers, LOCKMGR_CHARGE_RECORDS), 0);
	KUNIT_EXPECT_EQ(test, space->user->own.spaces, 0);
}

/* Here the clients end first, and the name goes last. */
static void owner_pays_no_more_when_a_space_of_readers_is_unlinked(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	struct lockmgr_space *space = fixture_reader(test)->space;
	u32 id;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate(&space->ids, &id, true), 0);
	fixture_close(test, client);
	KUNIT_EXPECT_EQ(test, fixture_charged(space->payers, LOCKMGR_CHARGE_IDS), 1);
	KUNIT_ASSERT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()), 0);
	KUNIT_EXPECT_EQ(test, fixture_charged(space->payers, LOCKMGR_CHARGE_IDS), 0);
	KUNIT_EXPECT_EQ(test, space->user->own.spaces, 0);
}

/* ------------------------------------------------------------------------
 * Records of a space without clients
 */

static struct lockmgr_record *find(struct lockmgr_client *client, u32 id)
{
	return lockmgr_record_find(&client->space->records, id);
}

static void reader_keeps_no_records(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	struct lockmgr_client *reader = fixture_reader(test);

	fixture_record(test, client, 0);
	fixture_close(test, client);
	KUNIT_EXPECT_NULL(test, find(reader, 0));
}

static void blank_records_go_with_the_last_client(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	struct lockmgr_client *last = fixture_client(test, "space");

	fixture_record(test, client, 0);
	fixture_close(test, client);
	KUNIT_EXPECT_NOT_NULL(test, find(last, 0));
	fixture_close(test, last);
	KUNIT_EXPECT_NULL(test, find(fixture_client(test, "space"), 0));
}

static void records_of_allocated_ids_stay_until_they_are_freed(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&client->space->ids, 3, true), 0);
	fixture_record(test, client, 0);
	fixture_close(test, client);
	client = fixture_client(test, "space");
	KUNIT_EXPECT_NOT_NULL(test, find(client, 0));

	KUNIT_EXPECT_EQ(test, lockmgr_space_free(client->space, 3), 0);
	fixture_close(test, client);
	KUNIT_EXPECT_NULL(test, find(fixture_client(test, "space"), 0));
}

static void records_go_when_all_ids_are_freed(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&client->space->ids, 3, true), 0);
	fixture_record(test, client, 0);
	fixture_close(test, client);
	client = fixture_client(test, "space");

	KUNIT_EXPECT_EQ(test, lockmgr_space_free_all(client->space, current_cred()), 0);
	fixture_close(test, client);
	KUNIT_EXPECT_NULL(test, find(fixture_client(test, "space"), 0));
}

/* A lock call must still report the death. */
static void record_that_tells_of_a_death_stays(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");

	KUNIT_ASSERT_EQ(test, lockmgr_client_lock(client, 0, false, 0, NULL), 0);
	fixture_close(test, client);
	client = fixture_client(test, "space");
	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(client, 0, false, 0, NULL),
			LOCKMGR_OWNER_DIED);
}

/* ------------------------------------------------------------------------
 * Walking along all spaces
 */

/* How many times the walk meets the space. */
static u32 meetings(const struct lockmgr_space *wanted)
{
	struct lockmgr_space *space = NULL;
	u32 count = 0;

	while ((space = lockmgr_space_next(space)))
		count += space == wanted;

	return count;
}

static void walk_meets_each_space_once(struct kunit *test)
{
	struct lockmgr_client *first = fixture_client(test, "space");
	struct lockmgr_client *second = fixture_client(test, "space-2");

	KUNIT_EXPECT_EQ(test, meetings(first->space), 1);
	KUNIT_EXPECT_EQ(test, meetings(second->space), 1);
}

static void walk_meets_a_space_without_a_name_while_it_is_there(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	const struct lockmgr_space *space = client->space;

	KUNIT_ASSERT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()), 0);
	KUNIT_EXPECT_EQ(test, meetings(space), 1);
	fixture_close(test, client);
	KUNIT_EXPECT_EQ(test, meetings(space), 0);
}

static void walk_goes_on_where_a_space_has_lost_its_name(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "space");
	struct lockmgr_client *next = fixture_client(test, "space-2");
	struct lockmgr_space *space = NULL;

	do
		space = lockmgr_space_next(space);
	while (space && space != client->space);
	KUNIT_ASSERT_NOT_NULL(test, space);
	KUNIT_EXPECT_EQ(test, fixture_unlink("space", FIXTURE_OWNER, current_cred()), 0);
	fixture_close(test, client);
	space = lockmgr_space_next(space);
	KUNIT_EXPECT_PTR_EQ(test, space, next->space);
	if (space)
		lockmgr_space_put(space);
}

/* ------------------------------------------------------------------------
 * Freeing
 */

static void freeing_says_what_is_wrong(struct kunit *test)
{
	struct lockmgr_space *space = fixture_client(test, "space")->space;

	KUNIT_EXPECT_EQ(test, lockmgr_space_free(space, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, lockmgr_space_free(space, LOCKMGR_CAPACITY_MAX), -EINVAL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(name_is_of_the_portable_characters, names_gen_params),
	KUNIT_CASE(last_byte_behind_the_end_counts_too),
	KUNIT_CASE(space_that_is_missing_is_not_found),
	KUNIT_CASE(space_that_is_missing_is_created),
	KUNIT_CASE(space_that_exists_is_joined),
	KUNIT_CASE(space_that_exists_cannot_be_created),
	KUNIT_CASE(names_tell_spaces_apart),
	KUNIT_CASE(owners_tell_spaces_of_a_name_apart),
	KUNIT_CASE(new_space_of_a_name_has_another_generation),
	KUNIT_CASE_PARAM(capacity_of_a_new_space_is_limited, capacities_gen_params),
	KUNIT_CASE_PARAM(changed_capacity_is_limited, capacities_gen_params),
	KUNIT_CASE(client_beyond_the_limit_is_refused),
	KUNIT_CASE(space_without_room_for_a_client_is_not_made),
	KUNIT_CASE(client_that_only_looks_takes_no_place),
	KUNIT_CASE(classes_do_not_share_the_limit),
	KUNIT_CASE(space_beyond_the_limit_is_refused),
	KUNIT_CASE(space_outlives_its_clients),
	KUNIT_CASE(unlinked_space_is_not_found),
	KUNIT_CASE(name_of_another_owner_is_not_unlinked),
	KUNIT_CASE(client_goes_on_with_an_unlinked_space),
	KUNIT_CASE(unlinked_space_goes_with_its_last_client),
	KUNIT_CASE(owner_pays_no_more_when_only_readers_have_an_unlinked_space),
	KUNIT_CASE(owner_pays_no_more_when_a_space_of_readers_is_unlinked),
	KUNIT_CASE(reader_keeps_no_records),
	KUNIT_CASE(blank_records_go_with_the_last_client),
	KUNIT_CASE(records_of_allocated_ids_stay_until_they_are_freed),
	KUNIT_CASE(records_go_when_all_ids_are_freed),
	KUNIT_CASE(record_that_tells_of_a_death_stays),
	KUNIT_CASE(walk_meets_each_space_once),
	KUNIT_CASE(walk_meets_a_space_without_a_name_while_it_is_there),
	KUNIT_CASE(walk_goes_on_where_a_space_has_lost_its_name),
	KUNIT_CASE(freeing_says_what_is_wrong),
	{}
};

struct kunit_suite lockmgr_space_suite = {
	.name		= "lockmgr_space",
	.test_cases	= cases,
};
