/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_SPACE_H
#define LOCKMGR_SPACE_H

#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include <linux/lockmgr.h>

#include "alloc.h"
#include "record.h"
#include "stats.h"
#include "wait.h"

struct kobject;
struct lockmgr_client;

/**
 * struct lockmgr_space - a named set of locks
 * @refs: one for the name, one for each client
 * @node: in the table of names; guarded by the table's lock
 * @all: in the list of all spaces
 * @linked: whether it has a name; written under the table's lock
 * @found: somebody has looked it up; guarded by the table's lock
 * @directory: in sysfs, while it has a name; guarded by @user->names
 * @name: its name; constant, as are @owner, @group, @mode and @generation
 * @owner: whose it is
 * @group: the group to which the middle permission bits apply
 * @mode: permission bits
 * @generation: random, to tell it from an earlier one of that name
 * @user: to whom it is charged
 * @clients: struct lockmgr_client, by token; readers use RCU
 * @client_count: how many
 * @watchers: who else looks at @records
 * @ids: which ids are allocated
 * @records: the state of each lock
 * @queues: who waits for which lock
 * @stats: what has happened
 */
struct lockmgr_space {
	struct kref refs;
	struct hlist_node node;
	struct list_head all;
	bool linked;
	bool found;
	struct kobject *directory;

	char name[LOCKMGR_NAME_SIZE];
	kuid_t owner;
	kgid_t group;
	umode_t mode;
	u64 generation;
	struct lockmgr_user *user;

	/**
	 * @lock: guards who is a client: writing @clients, @client_count and
	 *	@watchers, and that trimming @records meets none of them
	 */
	struct mutex lock;
	struct xarray clients;
	u32 client_count;
	u32 watchers;

	struct lockmgr_ids ids;
	struct lockmgr_records records;
	struct lockmgr_queues queues;
	struct lockmgr_stats stats;
};

/**
 * struct lockmgr_space_args - which space, and what for
 * @name: its name, checked
 * @owner: its owner
 * @group: when creating: its group
 * @mode: when creating: its permission bits
 * @capacity: when creating: number of ids; 0: as many as are allowed
 * @create: make it if it is missing
 * @exclusive: fail if it is there
 * @want: MAY_READ and MAY_WRITE, for what the client may be used
 * @cred: who asks
 */
struct lockmgr_space_args {
	const char *name;
	kuid_t owner;
	kgid_t group;
	umode_t mode;
	u32 capacity;
	bool create;
	bool exclusive;
	int want;
	const struct cred *cred;
};

struct lockmgr_space *lockmgr_space_create(const struct lockmgr_space_args *args);
void lockmgr_space_put(struct lockmgr_space *space);

int lockmgr_space_add_client(struct lockmgr_space *space, struct lockmgr_client *client);
void lockmgr_space_remove_client(struct lockmgr_space *space, struct lockmgr_client *client);

void lockmgr_space_watch(struct lockmgr_space *space);
void lockmgr_space_unwatch(struct lockmgr_space *space);

int lockmgr_space_set_capacity(struct lockmgr_space *space, u32 capacity, const struct cred *cred);
int lockmgr_space_free(struct lockmgr_space *space, u32 id);
int lockmgr_space_free_all(struct lockmgr_space *space, const struct cred *cred);

struct lockmgr_space *lockmgr_space_next(struct lockmgr_space *space);
u32 lockmgr_spaces_clients(void);

#endif /* LOCKMGR_SPACE_H */
