// SPDX-License-Identifier: GPL-2.0-only
/*
 * client.c: attaching in two steps, what a client may lock, and what its death
 * releases.
 */
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "attach.h"
#include "client.h"
#include "fixture.h"
#include "names.h"
#include "quota.h"
#include "record.h"
#include "space.h"
#include "suites.h"

static int trylock(struct lockmgr_client *client, u32 id)
{
	return lockmgr_client_lock(client, id, false, 0, NULL);
}

/* ------------------------------------------------------------------------
 * Attaching
 */

static int join(struct lockmgr_client *client, const char *name, bool detect)
{
	struct lockmgr_space_args args = fixture_args(name);
	int ret;

	mutex_lock(&client->lock);
	ret = lockmgr_attach_begin(client, &args, detect, false);
	mutex_unlock(&client->lock);

	return ret;
}

static void withdraw(struct lockmgr_client *client)
{
	mutex_lock(&client->lock);
	lockmgr_attach_finish(client, false);
	mutex_unlock(&client->lock);
}

static int unlink(const char *name)
{
	return fixture_unlink(name, FIXTURE_OWNER, current_cred());
}

static void new_client_has_no_space(struct kunit *test)
{
	struct lockmgr_client *client = fixture_unattached(test);

	KUNIT_EXPECT_NULL(test, lockmgr_client_space(client));
	KUNIT_EXPECT_PTR_EQ(test, client->opener, task_tgid(current));
	KUNIT_EXPECT_STREQ(test, client->comm, current->comm);
}

static void joined_client_is_seen_in_its_space_and_not_attached(struct kunit *test)
{
	struct lockmgr_client *other = fixture_client(test, "client");
	struct lockmgr_client *client = fixture_unattached(test);

	KUNIT_ASSERT_EQ(test, join(client, "client", false), 0);
	KUNIT_EXPECT_NULL(test, lockmgr_client_space(client));
	KUNIT_EXPECT_PTR_EQ(test, client->joined, other->space);
	KUNIT_EXPECT_EQ(test, other->space->client_count, 2);

	withdraw(client);
	KUNIT_EXPECT_EQ(test, other->space->client_count, 1);
	KUNIT_EXPECT_NULL(test, client->joined);
}

static void withdrawn_client_can_join_again(struct kunit *test)
{
	struct lockmgr_client *client = fixture_unattached(test);
	struct lockmgr_space_args args = fixture_args("client");

	KUNIT_ASSERT_EQ(test, join(client, "client-2", false), 0);
	withdraw(client);
	KUNIT_EXPECT_EQ(test, fixture_attach(test, client, &args), 0);
	KUNIT_EXPECT_STREQ(test, lockmgr_client_space(client)->name, "client");
}

static void creation_is_undone_by_withdrawing(struct kunit *test)
{
	struct lockmgr_client *client = fixture_unattached(test);

	KUNIT_ASSERT_EQ(test, join(client, "client", false), 0);
	KUNIT_EXPECT_TRUE(test, client->created);
	withdraw(client);
	KUNIT_EXPECT_FALSE(test, client->created);
	KUNIT_EXPECT_EQ(test, unlink("client"), -ENOENT);
}

static void creation_is_not_undone_for_a_second_client(struct kunit *test)
{
	struct lockmgr_client *client = fixture_unattached(test);
	struct lockmgr_client *second;

	KUNIT_ASSERT_EQ(test, join(client, "client", false), 0);
	second = fixture_client(test, "client");
	withdraw(client);
	KUNIT_EXPECT_TRUE(test, second->space->linked);
	KUNIT_EXPECT_EQ(test, unlink("client"), 0);
}

static void creation_is_not_undone_with_an_id_allocated(struct kunit *test)
{
	struct lockmgr_client *client = fixture_unattached(test);
	struct lockmgr_client *second;

	KUNIT_ASSERT_EQ(test, join(client, "client", false), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&client->joined->ids, 0, true), 0);
	withdraw(client);
	second = fixture_client(test, "client");
	KUNIT_EXPECT_TRUE(test, lockmgr_ids_test(&second->space->ids, 0));
	KUNIT_EXPECT_EQ(test, unlink("client"), 0);
}

static void space_that_was_there_stays_when_withdrawing(struct kunit *test)
{
	struct lockmgr_client *client = fixture_unattached(test);

	fixture_close(test, fixture_client(test, "client"));
	KUNIT_ASSERT_EQ(test, join(client, "client", false), 0);
	KUNIT_EXPECT_FALSE(test, client->created);
	withdraw(client);
	KUNIT_EXPECT_EQ(test, unlink("client"), 0);
}

static void client_asks_for_detection_when_it_joins(struct kunit *test)
{
	struct lockmgr_client *client = fixture_unattached(test);

	KUNIT_ASSERT_EQ(test, join(client, "client", true), 0);
	KUNIT_EXPECT_TRUE(test, client->detect);
	withdraw(client);
	KUNIT_ASSERT_EQ(test, join(client, "client", false), 0);
	KUNIT_EXPECT_FALSE(test, client->detect);
	withdraw(client);
}

/* ------------------------------------------------------------------------
 * Locking and unlocking
 */

static void lock_is_bounded_by_the_capacity(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "client");
	u64 ticket = 0;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(&client->space->ids, 100), 0);
	KUNIT_EXPECT_EQ(test, trylock(client, 99), 0);
	KUNIT_EXPECT_EQ(test, trylock(client, 100), -EINVAL);
	KUNIT_EXPECT_EQ(test, trylock(client, U32_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, lockmgr_client_lock(client, 100, true, 0, &ticket), -EINVAL);
}

static void unlock_says_what_is_wrong(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "client");

	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(&client->space->ids, 1000), 0);
	/* First a page that the client has not used, then one that it has. */
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, 999), -EPERM);
	fixture_record(test, client, 5);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, 5), -EPERM);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, 1000), -EINVAL);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, U32_MAX), -EINVAL);
}

static void lock_beyond_a_lowered_capacity_can_be_unlocked(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "client");

	KUNIT_ASSERT_EQ(test, trylock(client, 50), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_ids_set_capacity(&client->space->ids, 10), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, 50), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, 50), -EINVAL);
}

static void lock_in_a_page_beyond_the_quota_is_refused(struct kunit *test)
{
	struct lockmgr_client *client = fixture_client(test, "client");

	fixture_limit(test, &lockmgr_limits.locks_per_user, 0);
	KUNIT_EXPECT_EQ(test, trylock(client, 0), 0);
	KUNIT_EXPECT_EQ(test, trylock(client, LOCKMGR_PAGE_RECORDS), -EDQUOT);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(client, LOCKMGR_PAGE_RECORDS), -EPERM);
}

static void clients_of_a_space_share_its_locks(struct kunit *test)
{
	struct lockmgr_client *one = fixture_client(test, "client");
	struct lockmgr_client *two = fixture_client(test, "client");

	KUNIT_EXPECT_EQ(test, trylock(one, 3), 0);
	KUNIT_EXPECT_EQ(test, trylock(two, 3), -EBUSY);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(two, 3), -EPERM);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(one, 3), 0);
	KUNIT_EXPECT_EQ(test, trylock(two, 3), 0);
}

static void clients_of_other_spaces_do_not(struct kunit *test)
{
	struct lockmgr_client *one = fixture_client(test, "client");
	struct lockmgr_client *two = fixture_client(test, "client-2");

	KUNIT_EXPECT_EQ(test, trylock(one, 3), 0);
	KUNIT_EXPECT_EQ(test, trylock(two, 3), 0);
}

/* ------------------------------------------------------------------------
 * Death
 */

/* Ids at bounds of lines, groups and pages; and several in one page. */
static const u32 held[] = {
	0, 1, 2, 63, 64, 255, 256, 257, 1023, 1024, 65536, LOCKMGR_CAPACITY_MAX - 1
};

static void death_releases_all_locks_of_the_client(struct kunit *test)
{
	struct lockmgr_client *dead = fixture_client(test, "client");
	struct lockmgr_client *heir = fixture_client(test, "client");
	u32 i;

	for (i = 0; i < ARRAY_SIZE(held); i++)
		KUNIT_ASSERT_EQ(test, trylock(dead, held[i]), 0);
	fixture_close(test, dead);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		KUNIT_EXPECT_EQ(test, fixture_word(heir, held[i]), LOCKMGR_WORD_DIED);
		KUNIT_EXPECT_EQ(test, trylock(heir, held[i]), LOCKMGR_OWNER_DIED);
	}
}

static void death_releases_no_locks_of_others(struct kunit *test)
{
	struct lockmgr_client *dead = fixture_client(test, "client");
	struct lockmgr_client *other = fixture_client(test, "client");
	u64 word;

	KUNIT_ASSERT_EQ(test, trylock(dead, 1), 0);
	KUNIT_ASSERT_EQ(test, trylock(other, 2), 0);
	word = fixture_word(other, 2);
	fixture_close(test, dead);
	KUNIT_EXPECT_EQ(test, fixture_word(other, 2), word);
	KUNIT_EXPECT_EQ(test, lockmgr_client_unlock(other, 2), 0);
}

static void death_does_not_tell_of_locks_that_were_unlocked(struct kunit *test)
{
	struct lockmgr_client *dead = fixture_client(test, "client");
	struct lockmgr_client *other = fixture_client(test, "client");

	KUNIT_ASSERT_EQ(test, trylock(dead, 1), 0);
	KUNIT_ASSERT_EQ(test, lockmgr_client_unlock(dead, 1), 0);
	fixture_close(test, dead);
	KUNIT_EXPECT_EQ(test, trylock(other, 1), 0);
}

static void death_frees_no_id(struct kunit *test)
{
	struct lockmgr_client *dead = fixture_client(test, "client");
	struct lockmgr_client *other = fixture_client(test, "client");
	u32 id;

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate(&dead->space->ids, &id, true), 0);
	fixture_close(test, dead);
	KUNIT_EXPECT_TRUE(test, lockmgr_ids_test(&other->space->ids, id));
}

static void token_of_the_dead_is_used_again(struct kunit *test)
{
	struct lockmgr_client *dead = fixture_client(test, "client");
	u32 token = dead->token;

	fixture_client(test, "client");
	fixture_close(test, dead);
	KUNIT_EXPECT_EQ(test, fixture_client(test, "client")->token, token);
}

static void end_before_the_file_goes_releases_what_is_held(struct kunit *test)
{
	struct lockmgr_client *dead = fixture_client(test, "client");
	struct lockmgr_client *heir = fixture_client(test, "client");
	u64 word;

	KUNIT_ASSERT_EQ(test, trylock(dead, 1), 0);
	lockmgr_client_end(dead);
	dead->ended = true;
	dead->unmapped = true;
	KUNIT_EXPECT_EQ(test, trylock(heir, 1), LOCKMGR_OWNER_DIED);

	word = fixture_word(heir, 1);
	fixture_close(test, dead);
	KUNIT_EXPECT_EQ(test, fixture_word(heir, 1), word);
}

static void client_that_never_attached_just_goes(struct kunit *test)
{
	fixture_close(test, fixture_unattached(test));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(new_client_has_no_space),
	KUNIT_CASE(joined_client_is_seen_in_its_space_and_not_attached),
	KUNIT_CASE(withdrawn_client_can_join_again),
	KUNIT_CASE(creation_is_undone_by_withdrawing),
	KUNIT_CASE(creation_is_not_undone_for_a_second_client),
	KUNIT_CASE(creation_is_not_undone_with_an_id_allocated),
	KUNIT_CASE(space_that_was_there_stays_when_withdrawing),
	KUNIT_CASE(client_asks_for_detection_when_it_joins),
	KUNIT_CASE(lock_is_bounded_by_the_capacity),
	KUNIT_CASE(unlock_says_what_is_wrong),
	KUNIT_CASE(lock_beyond_a_lowered_capacity_can_be_unlocked),
	KUNIT_CASE(lock_in_a_page_beyond_the_quota_is_refused),
	KUNIT_CASE(clients_of_a_space_share_its_locks),
	KUNIT_CASE(clients_of_other_spaces_do_not),
	KUNIT_CASE(death_releases_all_locks_of_the_client),
	KUNIT_CASE(death_releases_no_locks_of_others),
	KUNIT_CASE(death_does_not_tell_of_locks_that_were_unlocked),
	KUNIT_CASE(death_frees_no_id),
	KUNIT_CASE(token_of_the_dead_is_used_again),
	KUNIT_CASE(end_before_the_file_goes_releases_what_is_held),
	KUNIT_CASE(client_that_never_attached_just_goes),
	{}
};

struct kunit_suite lockmgr_client_suite = {
	.name		= "lockmgr_client",
	.test_cases	= cases,
};
