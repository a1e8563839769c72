// SPDX-License-Identifier: GPL-2.0-only
/*
 * permit.c: mode bits for the owner, the group and others, and capabilities. The spaces
 * have no name, and the credentials no process.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "client.h"
#include "fixture.h"
#include "names.h"
#include "permit.h"
#include "space.h"
#include "suites.h"

/* A space that nobody can find. */
static struct lockmgr_space *space_of(struct kunit *test, umode_t mode)
{
	struct lockmgr_space *space = kunit_kzalloc(test, sizeof(*space), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, space);
	space->owner = FIXTURE_OWNER;
	space->group = FIXTURE_GROUP;
	space->mode = mode;

	return space;
}

/* ------------------------------------------------------------------------
 * Mode bits
 */

enum class {
	OWNER,
	GROUP,
	GROUP_BESIDE,	/* the space's group is one of the user's several groups */
	OTHERS,
	CLASSES
};

static const char *const class_names[CLASSES] = {
	"owner", "group", "group beside others", "others"
};

static struct cred *cred_of(struct kunit *test, enum class class)
{
	struct group_info *groups;
	struct cred *cred;

	switch (class) {
	case OWNER:
		return fixture_cred(test, FIXTURE_OWNER, FIXTURE_NOGROUP);
	case GROUP:
		return fixture_cred(test, FIXTURE_OTHER, FIXTURE_GROUP);
	case GROUP_BESIDE:
		cred = fixture_cred(test, FIXTURE_OTHER, FIXTURE_NOGROUP);
		groups = groups_alloc(3);
		KUNIT_ASSERT_NOT_NULL(test, groups);
		groups->gid[0] = KGIDT_INIT(1);
		groups->gid[1] = FIXTURE_GROUP;
		groups->gid[2] = KGIDT_INIT(99999);
		groups_sort(groups);
		set_groups(cred, groups);
		put_group_info(groups);
		return cred;
	default:
		return fixture_cred(test, FIXTURE_OTHER, FIXTURE_NOGROUP);
	}
}

/* By how much the mode is shifted to get the bits of a class. */
static u32 shift_of(enum class class)
{
	if (class == OWNER)
		return 6;

	return class == OTHERS ? 0 : 3;
}

/* Which class the user is in, and which of the three bits the class has. */
struct mode_param {
	enum class class;
	umode_t bits;
};

static const void *modes_gen_params(const void *previous, char *desc)
{
	static struct mode_param params[CLASSES * 8];
	u32 next = previous ? (const struct mode_param *)previous - params + 1 : 0;

	if (next == ARRAY_SIZE(params))
		return NULL;
	params[next] = (struct mode_param) { .class = next / 8, .bits = next % 8 };
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s %c%c%c", class_names[next / 8],
		 next & 4 ? 'r' : '-', next & 2 ? 'w' : '-', next & 1 ? 'x' : '-');

	return &params[next];
}

static void expect_bits(struct kunit *test, const struct mode_param *param, umode_t mode)
{
	static const int wants[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE };
	struct cred *cred = cred_of(test, param->class);
	struct lockmgr_space *space = space_of(test, mode);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wants); i++)
		KUNIT_EXPECT_EQ_MSG(test, lockmgr_space_permits(space, cred, wants[i]),
				    (param->bits & wants[i]) == wants[i],
				    "mode 0%o, want %d", mode, wants[i]);
}

static void bits_of_the_class_decide(struct kunit *test)
{
	const struct mode_param *param = test->param_value;
	u32 shift = shift_of(param->class);
	umode_t bits = param->bits << shift;

	/* The bits of the other classes, none or all, make no difference. */
	expect_bits(test, param, bits);
	expect_bits(test, param, bits | (0777 & ~(7 << shift)));
}

/* For an owner who is also in the group, the owner's bits decide, as with files. */
static void owner_is_not_the_group(struct kunit *test)
{
	struct cred *cred = fixture_cred(test, FIXTURE_OWNER, FIXTURE_GROUP);
	struct lockmgr_space *space = space_of(test, 0077);

	KUNIT_EXPECT_FALSE(test, lockmgr_space_permits(space, cred, MAY_READ));
}

/* Programs may act on files as another user than their own. */
static void user_and_group_for_files_count(struct kunit *test)
{
	struct cred *cred = fixture_cred(test, FIXTURE_OTHER, FIXTURE_NOGROUP);
	struct lockmgr_space *space = space_of(test, 0660);

	cred->uid = FIXTURE_OWNER;
	cred->euid = FIXTURE_OWNER;
	cred->suid = FIXTURE_OWNER;
	cred->gid = FIXTURE_GROUP;
	cred->egid = FIXTURE_GROUP;
	KUNIT_EXPECT_FALSE(test, lockmgr_space_permits(space, cred, MAY_READ));
	cred->fsgid = FIXTURE_GROUP;
	KUNIT_EXPECT_TRUE(test, lockmgr_space_permits(space, cred, MAY_READ));
}

/* ------------------------------------------------------------------------
 * Capabilities
 */

#define NO_CAP	(-1)

struct cap_param {
	const char *name;
	kuid_t user;
	int cap;
	/* Its credentials belong to another user namespace than the initial one. */
	bool contained;
	bool bits;		/* passes permission bits that forbid it */
	bool administrate;	/* may do what only the owner may */
};

static const struct cap_param caps[] = {
	{ "owner", FIXTURE_OWNER, NO_CAP, false, false, true },
	{ "owner in a container", FIXTURE_OWNER, NO_CAP, true, false, true },
	{ "other", FIXTURE_OTHER, NO_CAP, false, false, false },
	{ "root without capabilities", KUIDT_INIT(0), NO_CAP, false, false, false },
	{ "DAC_OVERRIDE", FIXTURE_OTHER, CAP_DAC_OVERRIDE, false, true, false },
	{ "SYS_ADMIN", FIXTURE_OTHER, CAP_SYS_ADMIN, false, false, true },
	{ "DAC_READ_SEARCH", FIXTURE_OTHER, CAP_DAC_READ_SEARCH, false, false, false },
	{ "FOWNER", FIXTURE_OTHER, CAP_FOWNER, false, false, false },
	{ "DAC_OVERRIDE in a container", FIXTURE_OTHER, CAP_DAC_OVERRIDE, true, false, false },
	{ "SYS_ADMIN in a container", FIXTURE_OTHER, CAP_SYS_ADMIN, true, false, false },
};

KUNIT_ARRAY_PARAM_DESC(caps, caps, name);

static struct cred *cred_with(struct kunit *test, const struct cap_param *param)
{
	struct cred *cred = fixture_cred(test, param->user, FIXTURE_NOGROUP);

	if (param->cap != NO_CAP)
		cap_raise(cred->cap_effective, param->cap);
	if (param->contained)
		cred->user_ns = fixture_namespace(test, &init_user_ns, cred->fsuid);

	return cred;
}

static void only_dac_override_passes_the_bits(struct kunit *test)
{
	const struct cap_param *param = test->param_value;
	struct cred *cred = cred_with(test, param);
	struct lockmgr_space *space = space_of(test, 0);

	KUNIT_EXPECT_EQ(test, lockmgr_space_permits(space, cred, MAY_READ), param->bits);
	KUNIT_EXPECT_EQ(test, lockmgr_space_permits(space, cred, MAY_READ | MAY_WRITE),
			param->bits);
}

static void only_the_owner_and_sys_admin_set_the_capacity(struct kunit *test)
{
	const struct cap_param *param = test->param_value;
	struct lockmgr_space *space = fixture_client(test, "permission")->space;
	struct cred *cred = cred_with(test, param);

	KUNIT_EXPECT_EQ(test, lockmgr_space_set_capacity(space, 10, cred),
			param->administrate ? 0 : -EPERM);
	KUNIT_EXPECT_EQ(test, space->ids.capacity == 10, param->administrate);
}

static void only_the_owner_and_sys_admin_free_all(struct kunit *test)
{
	const struct cap_param *param = test->param_value;
	struct lockmgr_space *space = fixture_client(test, "permission")->space;
	struct cred *cred = cred_with(test, param);

	KUNIT_ASSERT_EQ(test, lockmgr_ids_allocate_id(&space->ids, 3, true), 0);
	KUNIT_EXPECT_EQ(test, lockmgr_space_free_all(space, cred),
			param->administrate ? 0 : -EPERM);
	KUNIT_EXPECT_EQ(test, lockmgr_ids_test(&space->ids, 3), !param->administrate);
	lockmgr_ids_free_all(&space->ids);
}

static void only_the_owner_and_sys_admin_unlink(struct kunit *test)
{
	const struct cap_param *param = test->param_value;
	struct lockmgr_space *space = fixture_client(test, "permission")->space;
	struct cred *cred = cred_with(test, param);

	KUNIT_EXPECT_EQ(test, fixture_unlink("permission", FIXTURE_OWNER, cred),
			param->administrate ? 0 : -EPERM);
	KUNIT_EXPECT_EQ(test, space->linked, !param->administrate);
}

static void only_the_owner_and_sys_admin_create(struct kunit *test)
{
	const struct cap_param *param = test->param_value;
	struct lockmgr_space_args args = fixture_args("permission");

	/* The group is one of the user's. */
	args.group = FIXTURE_NOGROUP;
	args.cred = cred_with(test, param);
	KUNIT_EXPECT_EQ(test, fixture_attach(test, fixture_unattached(test), &args),
			param->administrate ? 0 : -EPERM);
}

/* ------------------------------------------------------------------------
 * Groups of new spaces
 */

struct group_param {
	const char *name;
	enum class class;
	int cap;
	int ret;
};

static const struct group_param groups[] = {
	{ "not in the group", OWNER, NO_CAP, -EPERM },
	{ "not in the group, SYS_ADMIN", OWNER, CAP_SYS_ADMIN, 0 },
	{ "in the group", GROUP, NO_CAP, 0 },
	{ "in the group beside others", GROUP_BESIDE, NO_CAP, 0 },
};

KUNIT_ARRAY_PARAM_DESC(groups, groups, name);

static void group_of_a_new_space_is_one_of_its_creator(struct kunit *test)
{
	const struct group_param *param = test->param_value;
	struct lockmgr_space_args args = fixture_args("permission");
	struct cred *cred = cred_of(test, param->class);

	cred->fsuid = FIXTURE_OWNER;
	if (param->cap != NO_CAP)
		cap_raise(cred->cap_effective, param->cap);
	args.cred = cred;
	KUNIT_EXPECT_EQ(test, fixture_attach(test, fixture_unattached(test), &args), param->ret);
}

/* ------------------------------------------------------------------------
 * Attaching
 */

static void who_may_not_use_a_space_cannot_attach(struct kunit *test)
{
	struct lockmgr_space *space = fixture_client(test, "permission")->space;
	struct lockmgr_client *client = fixture_unattached(test);
	struct lockmgr_space_args args = fixture_args("permission");

	args.cred = fixture_cred(test, FIXTURE_OTHER, FIXTURE_NOGROUP);
	KUNIT_EXPECT_EQ(test, fixture_attach(test, client, &args), -EACCES);
	KUNIT_EXPECT_EQ(test, space->client_count, 1);
	KUNIT_EXPECT_NULL(test, lockmgr_client_space(client));
}

static void who_may_read_attaches_for_reading(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("permission");

	args.mode = 0604;
	KUNIT_ASSERT_EQ(test, fixture_attach(test, fixture_unattached(test), &args), 0);
	args.cred = fixture_cred(test, FIXTURE_OTHER, FIXTURE_NOGROUP);
	args.want = MAY_READ;
	KUNIT_EXPECT_EQ(test, fixture_attach(test, fixture_unattached(test), &args), 0);
	args.want = MAY_WRITE;
	KUNIT_EXPECT_EQ(test, fixture_attach(test, fixture_unattached(test), &args), -EACCES);
}

/* The mode counts only for those who attach later. */
static void creator_attaches_whatever_the_mode(struct kunit *test)
{
	struct lockmgr_space_args args = fixture_args("permission");

	args.mode = 0;
	args.group = FIXTURE_NOGROUP;
	args.cred = fixture_cred(test, FIXTURE_OWNER, FIXTURE_NOGROUP);
	KUNIT_EXPECT_EQ(test, fixture_attach(test, fixture_unattached(test), &args), 0);
	KUNIT_EXPECT_EQ(test, fixture_attach(test, fixture_unattached(test), &args), -EACCES);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(bits_of_the_class_decide, modes_gen_params),
	KUNIT_CASE(owner_is_not_the_group),
	KUNIT_CASE(user_and_group_for_files_count),
	KUNIT_CASE_PARAM(only_dac_override_passes_the_bits, caps_gen_params),
	KUNIT_CASE_PARAM(only_the_owner_and_sys_admin_set_the_capacity, caps_gen_params),
	KUNIT_CASE_PARAM(only_the_owner_and_sys_admin_free_all, caps_gen_params),
	KUNIT_CASE_PARAM(only_the_owner_and_sys_admin_unlink, caps_gen_params),
	KUNIT_CASE_PARAM(only_the_owner_and_sys_admin_create, caps_gen_params),
	KUNIT_CASE_PARAM(group_of_a_new_space_is_one_of_its_creator, groups_gen_params),
	KUNIT_CASE(who_may_not_use_a_space_cannot_attach),
	KUNIT_CASE(who_may_read_attaches_for_reading),
	KUNIT_CASE(creator_attaches_whatever_the_mode),
	{}
};

struct kunit_suite lockmgr_permit_suite = {
	.name		= "lockmgr_permit",
	.test_cases	= cases,
};
