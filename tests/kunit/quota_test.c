// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota.c: who pays for a space, and how much that may be.
 */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/user_namespace.h>

#include "fixture.h"
#include "namespace.h"
#include "quota.h"
#include "suites.h"

static struct lockmgr_user *fixture_user(struct kunit *test)
{
	return lockmgr_payers_owner(fixture_payers(test));
}

/* Try to make a space; its payers are gone if that succeeds. */
static int try_space(kuid_t owner, const struct user_namespace *ns)
{
	struct lockmgr_payers *payers = lockmgr_payers_create(owner, ns, fixture_ipc());

	if (IS_ERR(payers))
		return PTR_ERR(payers);
	lockmgr_payers_destroy(payers);

	return 0;
}

static void spaces_of_an_owner_share_a_user(struct kunit *test)
{
	struct lockmgr_user *user = fixture_user(test);

	KUNIT_EXPECT_PTR_EQ(test, fixture_user(test), user);
	KUNIT_EXPECT_EQ(test, user->own.spaces, 2);
	KUNIT_EXPECT_TRUE(test, uid_eq(user->uid, FIXTURE_OWNER));
}

static void owners_have_users_of_their_own(struct kunit *test)
{
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *other;

	other = lockmgr_payers_create(FIXTURE_OTHER, &init_user_ns, fixture_ipc());
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_PTR_NE(test, user, lockmgr_payers_owner(other));
	KUNIT_EXPECT_EQ(test, user->own.spaces, 1);
	KUNIT_EXPECT_EQ(test, lockmgr_payers_owner(other)->own.spaces, 1);
	lockmgr_payers_destroy(other);
}

/* Another user in the same chain of the table, which has 256 chains. */
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
	struct lockmgr_payers *other = lockmgr_payers_create(neighbour_of(FIXTURE_OWNER),
							     &init_user_ns, fixture_ipc());

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_PTR_NE(test, lockmgr_payers_owner(other), user);
	KUNIT_EXPECT_PTR_EQ(test, fixture_user(test), user);
	lockmgr_payers_destroy(other);
}

static void space_beyond_the_limit_is_refused(struct kunit *test)
{
	struct lockmgr_user *user;

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 2);
	user = fixture_user(test);
	fixture_user(test);
	KUNIT_EXPECT_EQ(test, try_space(FIXTURE_OWNER, &init_user_ns), -EDQUOT);
	KUNIT_EXPECT_EQ(test, user->own.spaces, 2);
}

static void removed_space_can_be_made_again(struct kunit *test)
{
	fixture_limit(test, &lockmgr_limits.spaces_per_user, 2);
	fixture_user(test);
	KUNIT_EXPECT_EQ(test, try_space(FIXTURE_OWNER, &init_user_ns), 0);
	KUNIT_EXPECT_EQ(test, fixture_user(test)->own.spaces, 2);
}

static void discounted_space_does_not_count(struct kunit *test)
{
	struct lockmgr_payers *payers = fixture_payers(test);

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 1);
	KUNIT_EXPECT_EQ(test, try_space(FIXTURE_OWNER, &init_user_ns), -EDQUOT);
	lockmgr_payers_discount(payers);
	KUNIT_EXPECT_EQ(test, try_space(FIXTURE_OWNER, &init_user_ns), 0);
	lockmgr_payers_discount(payers);
	KUNIT_EXPECT_EQ(test, lockmgr_payers_owner(payers)->own.spaces, 0);
}

/* The refused space leaves nothing that is charged, such as the user's record. */
static void first_space_is_refused_where_none_is_allowed(struct kunit *test)
{
	fixture_limit(test, &lockmgr_limits.spaces_per_user, 0);
	KUNIT_EXPECT_EQ(test, try_space(FIXTURE_OWNER, &init_user_ns), -EDQUOT);
	WRITE_ONCE(lockmgr_limits.spaces_per_user, 1);
	KUNIT_EXPECT_EQ(test, fixture_user(test)->own.spaces, 1);
}

static void lowered_limit_takes_no_space_away(struct kunit *test)
{
	struct lockmgr_user *user;

	fixture_user(test);
	user = fixture_user(test);
	fixture_limit(test, &lockmgr_limits.spaces_per_user, 1);
	KUNIT_EXPECT_EQ(test, user->own.spaces, 2);
	KUNIT_EXPECT_EQ(test, try_space(FIXTURE_OWNER, &init_user_ns), -EDQUOT);
}

/* ------------------------------------------------------------------------
 * User namespaces
 */

/* Ids that a user's user namespaces use, beside the user's own. */
#define SUBORDINATE(number)	KUIDT_INIT(70000 + (number))

static struct lockmgr_payers *payers_in(struct kunit *test, kuid_t owner,
					const struct user_namespace *ns)
{
	struct lockmgr_payers *payers = lockmgr_payers_create(owner, ns, fixture_ipc());

	KUNIT_ASSERT_FALSE(test, IS_ERR(payers));

	return payers;
}

static void space_in_a_namespace_counts_for_its_owner(struct kunit *test)
{
	struct user_namespace *ns = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *payers = payers_in(test, SUBORDINATE(0), ns);

	KUNIT_EXPECT_EQ(test, lockmgr_payers_owner(payers)->own.spaces, 1);
	KUNIT_EXPECT_EQ(test, lockmgr_payers_owner(payers)->delegated.spaces, 0);
	KUNIT_EXPECT_EQ(test, user->own.spaces, 1);
	KUNIT_EXPECT_EQ(test, user->delegated.spaces, 1);
	lockmgr_payers_destroy(payers);
	KUNIT_EXPECT_EQ(test, user->delegated.spaces, 0);
}

/* A space is charged to its owner only, wherever it was created. */
static void own_space_in_an_own_namespace_counts_once(struct kunit *test)
{
	struct user_namespace *outer = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct user_namespace *inner = fixture_namespace(test, outer, FIXTURE_OWNER);
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *payers = payers_in(test, FIXTURE_OWNER, inner);

	KUNIT_EXPECT_EQ(test, user->own.spaces, 2);
	KUNIT_EXPECT_EQ(test, user->delegated.spaces, 0);
	lockmgr_payers_destroy(payers);
}

static void namespaces_of_a_user_count_once(struct kunit *test)
{
	struct user_namespace *outer = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct user_namespace *inner = fixture_namespace(test, outer, FIXTURE_OWNER);
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *payers = payers_in(test, SUBORDINATE(0), inner);

	KUNIT_EXPECT_EQ(test, user->delegated.spaces, 1);
	lockmgr_payers_destroy(payers);
}

static void every_owner_up_to_the_initial_namespace_pays(struct kunit *test)
{
	struct user_namespace *outer = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct user_namespace *inner = fixture_namespace(test, outer, SUBORDINATE(1));
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *payers = payers_in(test, SUBORDINATE(2), inner);

	KUNIT_ASSERT_EQ(test, payers->count, 3);
	KUNIT_EXPECT_TRUE(test, uid_eq(payers->users[1]->uid, SUBORDINATE(1)));
	KUNIT_EXPECT_EQ(test, payers->users[1]->delegated.spaces, 1);
	KUNIT_EXPECT_EQ(test, user->delegated.spaces, 1);
	lockmgr_payers_destroy(payers);
}

/* Nest namespaces as deep as the kernel allows. */
static void depth_multiplies_nothing(struct kunit *test)
{
	struct user_namespace *ns = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *payers;
	int depth;

	for (depth = 1; depth < 32; depth++)
		ns = fixture_namespace(test, ns, SUBORDINATE(depth));
	payers = payers_in(test, SUBORDINATE(0), ns);
	KUNIT_EXPECT_EQ(test, payers->count, 33);
	KUNIT_EXPECT_EQ(test, user->delegated.spaces, 1);
	fixture_limit(test, &lockmgr_limits.spaces_per_user, 1);
	KUNIT_EXPECT_EQ(test, try_space(SUBORDINATE(40), ns), -EDQUOT);
	lockmgr_payers_destroy(payers);
}

/* They share it however many they are; a refused charge leaves nothing in other accounts. */
static void subordinate_ids_share_one_account(struct kunit *test)
{
	struct user_namespace *ns = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct lockmgr_payers *first = payers_in(test, SUBORDINATE(0), ns);
	struct lockmgr_payers *second = payers_in(test, SUBORDINATE(1), ns);

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 2);
	KUNIT_EXPECT_EQ(test, try_space(SUBORDINATE(2), ns), -EDQUOT);
	KUNIT_EXPECT_EQ(test, try_space(SUBORDINATE(1), ns), -EDQUOT);
	KUNIT_EXPECT_EQ(test, lockmgr_payers_owner(second)->own.spaces, 1);
	KUNIT_EXPECT_EQ(test, first->users[1]->delegated.spaces, 2);
	lockmgr_payers_destroy(first);
	KUNIT_EXPECT_EQ(test, try_space(SUBORDINATE(2), ns), 0);
	lockmgr_payers_destroy(second);
}

static void namespaces_do_not_shut_their_owner_out(struct kunit *test)
{
	struct user_namespace *ns = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct lockmgr_payers *payers;

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 1);
	payers = payers_in(test, SUBORDINATE(0), ns);
	KUNIT_EXPECT_EQ(test, try_space(SUBORDINATE(1), ns), -EDQUOT);
	KUNIT_EXPECT_EQ(test, try_space(FIXTURE_OWNER, ns), 0);
	KUNIT_EXPECT_EQ(test, try_space(FIXTURE_OWNER, &init_user_ns), 0);
	lockmgr_payers_destroy(payers);
}

/* Only the host's root can make such a container, so nobody else gets more by making many. */
static void users_of_a_container_do_not_use_up_those_of_the_host(struct kunit *test)
{
	struct lockmgr_namespace container = { .separate = true };
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *payers;

	payers = lockmgr_payers_create(FIXTURE_OWNER, &init_user_ns, &container);
	KUNIT_ASSERT_FALSE(test, IS_ERR(payers));
	KUNIT_EXPECT_PTR_NE(test, lockmgr_payers_owner(payers), user);
	KUNIT_EXPECT_EQ(test, user->own.spaces, 1);
	lockmgr_payers_destroy(payers);
}

/* Its root can become any user, and so as many users as there are numbers. */
static void container_counts_as_one_user_besides(struct kunit *test)
{
	struct lockmgr_namespace container = { .separate = true };
	struct lockmgr_payers *first, *second, *third;

	fixture_limit(test, &lockmgr_limits.spaces_per_user, 2);
	first = lockmgr_payers_create(FIXTURE_OWNER, &init_user_ns, &container);
	KUNIT_ASSERT_FALSE(test, IS_ERR(first));
	second = lockmgr_payers_create(FIXTURE_OTHER, &init_user_ns, &container);
	KUNIT_ASSERT_FALSE(test, IS_ERR(second));
	KUNIT_EXPECT_PTR_EQ(test, first->users[1], second->users[1]);
	KUNIT_EXPECT_EQ(test, first->users[1]->delegated.spaces, 2);
	third = lockmgr_payers_create(SUBORDINATE(0), &init_user_ns, &container);
	KUNIT_EXPECT_EQ(test, PTR_ERR(third), -EDQUOT);
	lockmgr_payers_destroy(first);
	lockmgr_payers_destroy(second);
}

/* In such a container, root may be the user itself. */
static void container_of_a_user_leaves_that_user_its_own_account(struct kunit *test)
{
	struct user_namespace *ns = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct lockmgr_namespace container = { .separate = false };
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *payers;

	payers = lockmgr_payers_create(FIXTURE_OWNER, ns, &container);
	KUNIT_ASSERT_FALSE(test, IS_ERR(payers));
	KUNIT_EXPECT_EQ(test, payers->count, 1);
	KUNIT_EXPECT_EQ(test, user->own.spaces, 1);
	KUNIT_EXPECT_EQ(test, user->delegated.spaces, 1);
	KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(payers, LOCKMGR_CHARGE_IDS, 1, true), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->own.used[LOCKMGR_CHARGE_IDS]), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->delegated.used[LOCKMGR_CHARGE_IDS]), 1);
	lockmgr_quota_uncharge(payers, LOCKMGR_CHARGE_IDS, 1);
	lockmgr_payers_destroy(payers);
	KUNIT_EXPECT_EQ(test, user->delegated.spaces, 0);
}

static void users_are_the_same_in_namespaces_that_anybody_can_make(struct kunit *test)
{
	struct lockmgr_namespace other = { .separate = false };
	struct lockmgr_user *user = fixture_user(test);
	struct lockmgr_payers *payers;

	payers = lockmgr_payers_create(FIXTURE_OWNER, &init_user_ns, &other);
	KUNIT_ASSERT_FALSE(test, IS_ERR(payers));
	KUNIT_EXPECT_PTR_EQ(test, lockmgr_payers_owner(payers), user);
	lockmgr_payers_destroy(payers);
}

static void locks_are_charged_to_every_payer_or_to_none(struct kunit *test)
{
	struct user_namespace *ns = fixture_namespace(test, &init_user_ns, FIXTURE_OWNER);
	struct lockmgr_payers *first = payers_in(test, SUBORDINATE(0), ns);
	struct lockmgr_payers *second = payers_in(test, SUBORDINATE(1), ns);
	atomic_long_t *delegated = first->users[1]->delegated.used;
	int what;

	fixture_limit(test, &lockmgr_limits.locks_per_user, 10);
	for (what = 0; what < LOCKMGR_CHARGES; what++) {
		KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(first, what, 6, true), 0);
		KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(second, what, 5, true), -EDQUOT);
		KUNIT_EXPECT_EQ(test, fixture_charged(second, what), 0);
		KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(second, what, 4, true), 0);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&delegated[what]), 10);
		lockmgr_quota_uncharge(first, what, 6);
		lockmgr_quota_uncharge(second, what, 4);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&delegated[what]), 0);
	}
	lockmgr_payers_destroy(first);
	lockmgr_payers_destroy(second);
}

/* ------------------------------------------------------------------------
 * Locks
 */

struct charge_param {
	const char *name;
	unsigned int limit;
	long used;
	long count;
	bool favoured;
	int ret;
};

static const struct charge_param charges[] = {
	{ "first", 10, 0, 1, true, 0 },
	{ "up to the limit", 10, 9, 1, true, 0 },
	{ "many up to the limit", 256, 0, 256, true, 0 },
	{ "one beyond the limit", 10, 10, 1, true, -EDQUOT },
	{ "many, the last beyond the limit", 10, 5, 6, true, -EDQUOT },
	{ "limit lowered below use", 10, 100, 1, true, -EDQUOT },
	{ "limit of nothing", 0, 0, 1, true, -EDQUOT },
	{ "highest limit", INT_MAX, INT_MAX - 1, 1, true, 0 },
	{ "beyond the highest limit", INT_MAX, INT_MAX, 1, true, -EDQUOT },
	{ "others up to the reserve", 80, 69, 1, false, 0 },
	{ "others beyond the reserve", 80, 70, 1, false, -EDQUOT },
	{ "others, many, the last beyond the reserve", 80, 0, 71, false, -EDQUOT },
	{ "the owner beyond the reserve", 80, 70, 10, true, 0 },
	{ "a limit too small for a reserve", 7, 6, 1, false, 0 },
};

KUNIT_ARRAY_PARAM_DESC(charges, charges, name);

static void charge_holds_the_limit(struct kunit *test)
{
	const struct charge_param *param = test->param_value;
	struct lockmgr_payers *payers = fixture_payers(test);
	atomic_long_t *used = &lockmgr_payers_owner(payers)->own.used[LOCKMGR_CHARGE_IDS];
	int ret;

	fixture_limit(test, &lockmgr_limits.locks_per_user, param->limit);
	atomic_long_set(used, param->used);
	ret = lockmgr_quota_charge(payers, LOCKMGR_CHARGE_IDS, param->count, param->favoured);
	KUNIT_EXPECT_EQ(test, ret, param->ret);
	KUNIT_EXPECT_EQ(test, atomic_long_read(used),
			param->ret ? param->used : param->used + param->count);
	atomic_long_set(used, 0);
}

static int charge(struct lockmgr_payers *payers, long count)
{
	return lockmgr_quota_charge(payers, LOCKMGR_CHARGE_RECORDS, count, true);
}

static void uncharged_can_be_charged_again(struct kunit *test)
{
	struct lockmgr_payers *payers = fixture_payers(test);

	fixture_limit(test, &lockmgr_limits.locks_per_user, 5);
	KUNIT_EXPECT_EQ(test, charge(payers, 5), 0);
	KUNIT_EXPECT_EQ(test, charge(payers, 1), -EDQUOT);
	lockmgr_quota_uncharge(payers, LOCKMGR_CHARGE_RECORDS, 2);
	KUNIT_EXPECT_EQ(test, fixture_charged(payers, LOCKMGR_CHARGE_RECORDS), 3);
	KUNIT_EXPECT_EQ(test, charge(payers, 3), -EDQUOT);
	KUNIT_EXPECT_EQ(test, charge(payers, 2), 0);
	lockmgr_quota_uncharge(payers, LOCKMGR_CHARGE_RECORDS, 5);
	KUNIT_EXPECT_EQ(test, fixture_charged(payers, LOCKMGR_CHARGE_RECORDS), 0);
}

static void ids_and_records_do_not_share_the_limit(struct kunit *test)
{
	struct lockmgr_payers *payers = fixture_payers(test);

	fixture_limit(test, &lockmgr_limits.locks_per_user, 5);
	KUNIT_EXPECT_EQ(test, charge(payers, 5), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_quota_charge(payers, LOCKMGR_CHARGE_IDS, 5, true), 0);
	lockmgr_quota_uncharge(payers, LOCKMGR_CHARGE_IDS, 5);
	lockmgr_quota_uncharge(payers, LOCKMGR_CHARGE_RECORDS, 5);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(spaces_of_an_owner_share_a_user),
	KUNIT_CASE(owners_have_users_of_their_own),
	KUNIT_CASE(users_with_the_same_hash_are_told_apart),
	KUNIT_CASE(space_beyond_the_limit_is_refused),
	KUNIT_CASE(removed_space_can_be_made_again),
	KUNIT_CASE(discounted_space_does_not_count),
	KUNIT_CASE(first_space_is_refused_where_none_is_allowed),
	KUNIT_CASE(lowered_limit_takes_no_space_away),
	KUNIT_CASE(space_in_a_namespace_counts_for_its_owner),
	KUNIT_CASE(own_space_in_an_own_namespace_counts_once),
	KUNIT_CASE(namespaces_of_a_user_count_once),
	KUNIT_CASE(every_owner_up_to_the_initial_namespace_pays),
	KUNIT_CASE(depth_multiplies_nothing),
	KUNIT_CASE(subordinate_ids_share_one_account),
	KUNIT_CASE(namespaces_do_not_shut_their_owner_out),
	KUNIT_CASE(users_of_a_container_do_not_use_up_those_of_the_host),
	KUNIT_CASE(container_counts_as_one_user_besides),
	KUNIT_CASE(container_of_a_user_leaves_that_user_its_own_account),
	KUNIT_CASE(users_are_the_same_in_namespaces_that_anybody_can_make),
	KUNIT_CASE(locks_are_charged_to_every_payer_or_to_none),
	KUNIT_CASE_PARAM(charge_holds_the_limit, charges_gen_params),
	KUNIT_CASE(uncharged_can_be_charged_again),
	KUNIT_CASE(ids_and_records_do_not_share_the_limit),
	{}
};

struct kunit_suite lockmgr_quota_suite = {
	.name		= "lockmgr_quota",
	.test_cases	= cases,
};
