// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users, spaces and clients for the tests, made in the way of an open file.
 */
#include <kunit/resource.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "attach.h"
#include "client.h"
#include "fixture.h"
#include "lock.h"
#include "names.h"
#include "namespace.h"
#include "quota.h"
#include "record.h"

struct limit {
	unsigned int *limit;
	unsigned int old;
};

static void restore_limit(void *data)
{
	struct limit *limit = data;

	WRITE_ONCE(*limit->limit, limit->old);
}

/* Change one of lockmgr_limits until the test ends. */
void fixture_limit(struct kunit *test, unsigned int *limit, unsigned int value)
{
	struct limit *saved = kunit_kzalloc(test, sizeof(*saved), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, saved);
	*saved = (struct limit) { .limit = limit, .old = *limit };
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, restore_limit, saved), 0);
	WRITE_ONCE(*limit, value);
}

KUNIT_DEFINE_ACTION_WRAPPER(destroy_payers, lockmgr_payers_destroy, struct lockmgr_payers *);

/* The payers of a space whose owner is in the initial user namespace. */
struct lockmgr_payers *fixture_payers(struct kunit *test)
{
	struct lockmgr_payers *payers;

	payers = lockmgr_payers_create(FIXTURE_OWNER, &init_user_ns, fixture_ipc());
	KUNIT_ASSERT_FALSE(test, IS_ERR(payers));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_payers, payers), 0);

	return payers;
}

/* How much is charged to a space's owner. */
long fixture_charged(const struct lockmgr_payers *payers, enum lockmgr_charge what)
{
	return atomic_long_read(&lockmgr_payers_owner(payers)->own.used[what]);
}

/* A user namespace that @owner has made, for use in credentials. */
struct user_namespace *fixture_namespace(struct kunit *test, struct user_namespace *parent,
					 kuid_t owner)
{
	struct user_namespace *ns = kunit_kzalloc(test, sizeof(*ns), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ns);
	ns->parent = parent;
	ns->level = parent->level + 1;
	ns->owner = owner;
	refcount_set(&ns->ns.count, 1);

	return ns;
}

static void put_fixture_cred(void *data)
{
	struct cred *cred = data;

	/* A test may have set a namespace that goes with the test. */
	cred->user_ns = &init_user_ns;
	put_cred(cred);
}

/* Credentials of a user with one group and no capability. */
struct cred *fixture_cred(struct kunit *test, kuid_t user, kgid_t group)
{
	struct group_info *groups = groups_alloc(0);
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, groups);
	KUNIT_ASSERT_NOT_NULL(test, cred);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_fixture_cred, cred), 0);

	cred->fsuid = user;
	cred->fsgid = group;
	cap_clear(cred->cap_effective);
	set_groups(cred, groups);
	put_group_info(groups);

	return cred;
}

/* The IPC namespace of the tests: the initial one; it needs no reference. */
struct lockmgr_namespace *fixture_ipc(void)
{
	struct lockmgr_namespace *namespace = lockmgr_namespace_get_current();

	lockmgr_namespace_put(namespace);

	return namespace;
}

/* The arguments of a program that opens a space with the defaults. */
struct lockmgr_space_args fixture_args(const char *name)
{
	return (struct lockmgr_space_args) {
		.namespace	= fixture_ipc(),
		.name		= name,
		.owner		= FIXTURE_OWNER,
		.group		= FIXTURE_GROUP,
		.mode		= 0600,
		.create		= true,
		.want		= MAY_READ | MAY_WRITE,
		.cred		= current_cred(),
	};
}

KUNIT_DEFINE_ACTION_WRAPPER(close_client, lockmgr_client_destroy, struct lockmgr_client *);

int fixture_unlink(const char *name, kuid_t owner, const struct cred *cred)
{
	return lockmgr_space_unlink(fixture_ipc(), owner, name, cred);
}

static void unlink_name(void *name)
{
	/* The test may have unlinked it already. */
	fixture_unlink(name, FIXTURE_OWNER, current_cred());
}

/* A client as an open file has it at first. */
struct lockmgr_client *fixture_unattached(struct kunit *test)
{
	struct lockmgr_client *client = lockmgr_client_create();

	KUNIT_ASSERT_FALSE(test, IS_ERR(client));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, close_client, client), 0);

	return client;
}

/* Attach, as the ioctl does; if that makes a space, it is unlinked when the test ends. */
int fixture_attach(struct kunit *test, struct lockmgr_client *client,
		   const struct lockmgr_space_args *args)
{
	int ret;

	mutex_lock(&client->lock);
	ret = lockmgr_attach_begin(client, args, false, false);
	if (!ret)
		lockmgr_attach_finish(client, true);
	mutex_unlock(&client->lock);

	if (!ret && client->created)
		ret = kunit_add_action_or_reset(test, unlink_name, (void *)args->name);

	return ret;
}

/* A client of a space, which is made if it is missing. */
struct lockmgr_client *fixture_client(struct kunit *test, const char *space)
{
	struct lockmgr_space_args args = fixture_args(space);
	struct lockmgr_client *client = fixture_unattached(test);

	KUNIT_ASSERT_EQ(test, fixture_attach(test, client, &args), 0);

	return client;
}

/* Close the client's file before the test ends. */
void fixture_close(struct kunit *test, struct lockmgr_client *client)
{
	kunit_release_action(test, close_client, client);
}

/* The record of a lock, as if the client had used the lock. */
struct lockmgr_record *fixture_record(struct kunit *test, struct lockmgr_client *client, u32 id)
{
	struct lockmgr_record *page = lockmgr_records_page(&client->space->records, id, true);

	KUNIT_ASSERT_FALSE(test, IS_ERR(page));
	KUNIT_ASSERT_FALSE(test, xa_is_err(xa_store(&client->pages, lockmgr_id_to_page(id), page,
						    GFP_KERNEL)));

	return &page[lockmgr_id_to_index(id)];
}

/* The word of a lock; 0 if nobody has used the page. */
u64 fixture_word(struct lockmgr_client *client, u32 id)
{
	struct lockmgr_record *record = lockmgr_record_find(&client->space->records, id);

	return record ? READ_ONCE(record->word) : 0;
}
