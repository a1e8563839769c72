/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_SPACE_H
#define LOCKMGR_SPACE_H

#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include <linux/lockmgr.h>

#include "alloc.h"
#include "permit.h"
#include "record.h"
#include "stats.h"
#include "wait.h"

struct kobject;
struct lockmgr_client;
struct lockmgr_namespace;

/**
 * struct lockmgr_space - a named set of locks
 * @refs: one for the name, one for each client
 * @node: in the table of names (names.c); guarded by names_lock
 * @number: its number among the spaces of its namespace that have a name
 * @all: in the list of all spaces
 * @linked: whether it has a name; written under names_lock
 * @found: somebody has looked it up; guarded by names_lock
 * @directory: its directory in sysfs, while it has a name, if its namespace is the initial one;
 *	guarded by @user->names
 * @namespace: the IPC namespace in which it was made; constant
 * @name: its name; constant, as are @owner, @group, @mode and @generation
 * @owner: the user id of its owner
 * @group: the group to which the middle permission bits apply
 * @mode: permission bits
 * @generation: random, to tell it from an earlier space of the same name
 * @user: its owner, as one of @payers
 * @payers: the users to whom it is charged
 * @clients: struct lockmgr_client, by token: those that can lock; readers use RCU, and
 *	writers the array's own lock
 * @client_count: how many files are attached; may be read without @lock
 * @lockers: how many of them can lock, of each class
 * @pins: how many readers that are not clients that can lock keep the pages of @records
 * @ids: which ids are allocated
 * @records: the state of each lock
 * @queues: who waits for which lock
 * @stats: what has happened
 */
struct lockmgr_space {
	struct kref refs;
	struct rhash_head node;
	u32 number;
	struct list_head all;
	bool linked;
	bool found;
	struct kobject *directory;

	struct lockmgr_namespace *namespace;
	char name[LOCKMGR_NAME_SIZE];
	kuid_t owner;
	kgid_t group;
	umode_t mode;
	u64 generation;
	struct lockmgr_user *user;
	struct lockmgr_payers *payers;

	/**
	 * @lock: guards who is a client: @client_count, @lockers and @pins; and held while
	 *	@records are trimmed, which needs both @lockers and @pins to be 0.  No
	 *	memory is allocated under it.
	 */
	struct mutex lock;
	struct xarray clients;
	u32 client_count;
	u32 lockers[LOCKMGR_CLASSES];
	u32 pins;

	struct lockmgr_ids ids;
	struct lockmgr_records records;
	struct lockmgr_queues queues;
	struct lockmgr_stats stats;
};

/**
 * struct lockmgr_space_args - which space to find or make, and what for
 * @namespace: its IPC namespace
 * @name: its name, checked
 * @owner: its owner
 * @group: when creating: its group
 * @mode: when creating: its permission bits
 * @capacity: when creating: number of ids; 0: as many as are allowed
 * @create: make it if it is missing
 * @exclusive: fail if it exists
 * @want: what the client may be used for: MAY_READ, MAY_WRITE or both
 * @cred: the credentials of the file's opener
 */
struct lockmgr_space_args {
	struct lockmgr_namespace *namespace;
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

int lockmgr_space_add_client(struct lockmgr_space *space, struct lockmgr_client *client,
			     const struct lockmgr_space_args *args);
void lockmgr_space_remove_client(struct lockmgr_client *client);

void lockmgr_space_unnamed(struct lockmgr_space *space);

void lockmgr_space_pin(struct lockmgr_space *space);
void lockmgr_space_unpin(struct lockmgr_space *space);

int lockmgr_space_set_capacity(struct lockmgr_space *space, u32 capacity, const struct cred *cred);
int lockmgr_space_free(struct lockmgr_space *space, u32 id);
void lockmgr_space_free_ids(struct lockmgr_space *space);
int lockmgr_space_free_all(struct lockmgr_space *space, const struct cred *cred);

struct lockmgr_space *lockmgr_space_next(struct lockmgr_space *space);

#endif /* LOCKMGR_SPACE_H */
