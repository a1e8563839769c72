// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota.c: spaces and locks of a user, and how many there may be.
 */
#include <linux/err.h>
#include <linux/hash.h>

#include "fixture.h"
#include "quota.h"
#include "suites.h"

static void spaces_of_an_owner_share_a_user(struct kunit *test)
{
	struct lockmgr_user *user = fixture_user(test);

	KUNIT_EXPECT_PTR_EQ(test, fixture_user(test), user);
	KUNIT_EXPECT_EQ(test, user->spaces, 2);
	KUNIT_EXPECT_TRUE(test, uid_eq(user->uid, FIXTURE_OWNER));
}

static void owners_have_users_of_their_own(struct kunit *test)
{
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_user *other = lockmgr_user_add_space(FIXTURE_OTHER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_PTR_NE(test, user, other);
	KUNIT_EXPECT_EQ(test, user->spaces, 1);
	KUNIT_EXPECT_EQ(test, other->spaces, 1);
	lockmgr_user_remove_space(other);
}

/* Another user in the same chain of the table, which has 256. */
static kuid_t neighbour_of(kuid_t user)
{
	u32 uid = __kuid_val(user);
	u32 chain = hash_32(uid, 8);

	do
		uid++;
	while (hash_32(uid, 8) != chain);

	return KUIDT_INIT(uid);
}

static void users_with_the_same_hash_are_told_apart(struct kunit *test)
{
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_user *other = lockmgr_user_add_space(neighbour_of(FIXTURE_OWNER));

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_PTR_NE(test, other, user);
	KUNIT_EXPECT_PTR_EQ(test, fixture_user(test), user);
	lockmgr_user_remove_space(other);
}

static void space_beyond_the_limit_is_refused(struct kunit *test)
{
	struct lockmgr_user *user;

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 2);
	user = fixture_user(test);
	fixture_user(test);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(lockmgr_user_add_space(FIXTURE_OWNER)), -EDQUOT);
	KUNIT_EXPECT_EQ(test, user->spaces, 2);
}

static void removed_space_can_be_made_again(struct kunit *test)
{
	struct lockmgr_user *user;

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 2);
	fixture_user(test);
	user = lockmgr_user_add_space(FIXTURE_OWNER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(user));
	lockmgr_user_remove_space(user);
	KUNIT_EXPECT_EQ(test, fixture_user(test)->spaces, 2);
}

/* Of which nothing may be left either, the user's record for one. */
static void first_space_is_refused_where_none_is_allowed(struct kunit *test)
{
	fixture_limit(test, &lockmgr_limits.spaces_per_user, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(lockmgr_user_add_space(FIXTURE_OWNER)), -EDQUOT);
	WRITE_ONCE(lockmgr_limits.spaces_per_user, 1);
	KUNIT_EXPECT_EQ(test, fixture_user(test)->spaces, 1);
}

static void lowered_limit_takes_no_space_away(struct kunit *test)
{
	struct lockmgr_user *user;

	fixture_user(test);
	user = fixture_user(test);
	fixture_limit(test, &lockmgr_limits.spaces_per_user, 1);
	KUNIT_EXPECT_EQ(test, user->spaces, 2);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(lockmgr_user_add_space(FIXTURE_OWNER)), -EDQUOT);
}

struct charge_param {
	const char *name;
	unsigned int limit;
	long used;
	long count;
	int ret;
};

static const struct charge_param charges[] = {
	{ "first", 10, 0, 1, 0 },
	{ "up to the limit", 10, 9, 1, 0 },
	{ "many up to the limit", 256, 0, 256, 0 },
	{ "one beyond the limit", 10, 10, 1, -EDQUOT },
	{ "many, the last beyond the limit", 10, 5, 6, -EDQUOT },
	{ "limit lowered below use", 10, 100, 1, -EDQUOT },
	{ "limit of nothing", 0, 0, 1, -EDQUOT },
	{ "highest limit", INT_MAX, INT_MAX - 1, 1, 0 },
	{ "beyond the highest limit", INT_MAX, INT_MAX, 1, -EDQUOT },
};

KUNIT_ARRAY_PARAM_DESC(charges, charges, name);

static void charge_holds_the_limit(struct kunit *test)
{
	const struct charge_param *param = test->param_value;
	atomic_long_t used = ATOMIC_LONG_INIT(param->used);

	fixture_limit(test, &lockmgr_limits.locks_per_user, param->limit);
	KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(&used, param->count), param->ret);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&used),
			param->ret ? param->used : param->used + param->count);
}

static void uncharged_can_be_charged_again(struct kunit *test)
{
	atomic_long_t used = ATOMIC_LONG_INIT(0);

	fixture_limit(test, &lockmgr_limits.locks_per_user, 5);
	KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(&used, 5), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(&used, 1), -EDQUOT);
	lockmgr_quota_uncharge(&used, 2);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&used), 3);
	KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(&used, 3), -EDQUOT);
	KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(&used, 2), 0);
	lockmgr_quota_uncharge(&used, 5);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&used), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(spaces_of_an_owner_share_a_user),
	KUNIT_CASE(owners_have_users_of_their_own),
	KUNIT_CASE(users_with_the_same_hash_are_told_apart),
	KUNIT_CASE(space_beyond_the_limit_is_refused),
	KUNIT_CASE(removed_space_can_be_made_again),
	KUNIT_CASE(first_space_is_refused_where_none_is_allowed),
	KUNIT_CASE(lowered_limit_takes_no_space_away),
	KUNIT_CASE_PARAM(charge_holds_the_limit, charges_gen_params),
	KUNIT_CASE(uncharged_can_be_charged_again),
	{}
};

struct kunit_suite lockmgr_quota_suite = {
	.name		= "lockmgr_quota",
	.test_cases	= cases,
};
