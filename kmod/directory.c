// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories of spaces in sysfs: each space of the initial IPC namespace that has a name has
 * one, with one value per file.  ABI/sysfs-class-misc-lockmgr describes the files.
 *
 * The files of a space belong to its owner and group, and have the permission bits of the space
 * for reading.  If it has no such bit, the files are root's.
 *
 * The kernel charges the memory for them, about 4 KiB per space, to no memory cgroup; the limit
 * spaces_per_user bounds it.
 *
 * Removing a directory waits for readers of its files.  So a thread that removes one must not
 * hold any of the locks that reading the files takes: see names.c.
 */
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/uidgid.h>

#include "alloc.h"
#include "compat.h"
#include "count.h"
#include "directory.h"
#include "namespace.h"
#include "space.h"
#include "wait.h"

/* ------------------------------------------------------------------------
 * The files of a space
 */

/* A space's directory.  It has no reference to the space, but is removed before the space. */
struct directory {
	struct kobject kobj;
	struct lockmgr_space *space;
};

struct space_attribute {
	struct attribute attr;
	ssize_t (*show)(struct lockmgr_space *space, char *buf);
};

static struct lockmgr_space *directory_space_of(const struct kobject *kobj)
{
	return container_of(kobj, struct directory, kobj)->space;
}

static ssize_t directory_show_attribute(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct lockmgr_space *space = directory_space_of(kobj);

	/* A process of another IPC namespace may see this file system, but must not read this. */
	if (!lockmgr_namespace_is_current(space->namespace))
		return -EACCES;

	return container_of(attr, struct space_attribute, attr)->show(space, buf);
}

static const struct sysfs_ops space_ops = {
	.show = directory_show_attribute,
};

#define SPACE_ATTRIBUTE(name) static struct space_attribute attr_##name = __ATTR_RO(name)

static ssize_t owner_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%u\n", from_kuid_munged(current_user_ns(), space->owner));
}

static ssize_t group_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%u\n", from_kgid_munged(current_user_ns(), space->group));
}

static ssize_t mode_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%04o\n", space->mode);
}

static ssize_t generation_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%016llx\n", space->generation);
}

static ssize_t capacity_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(space->ids.capacity));
}

static ssize_t allocated_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(space->ids.allocated));
}

static ssize_t available_show(struct lockmgr_space *space, char *buf)
{
	u32 capacity, allocated;

	lockmgr_ids_count(&space->ids, &capacity, &allocated);

	return sysfs_emit(buf, "%u\n", capacity - allocated);
}

static ssize_t held_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%u\n", lockmgr_space_held(space));
}

static ssize_t waiting_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%u\n", lockmgr_queues_length(&space->queues));
}

static ssize_t clients_show(struct lockmgr_space *space, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(space->client_count));
}

SPACE_ATTRIBUTE(owner);
SPACE_ATTRIBUTE(group);
SPACE_ATTRIBUTE(mode);
SPACE_ATTRIBUTE(generation);
SPACE_ATTRIBUTE(capacity);
SPACE_ATTRIBUTE(allocated);
SPACE_ATTRIBUTE(available);
SPACE_ATTRIBUTE(held);
SPACE_ATTRIBUTE(waiting);
SPACE_ATTRIBUTE(clients);

static struct attribute *space_attributes[] = {
	&attr_owner.attr,
	&attr_group.attr,
	&attr_mode.attr,
	&attr_generation.attr,
	&attr_capacity.attr,
	&attr_allocated.attr,
	&attr_available.attr,
	&attr_held.attr,
	&attr_waiting.attr,
	&attr_clients.attr,
	NULL
};

/* ------------------------------------------------------------------------
 * The files in the space's directory "stats"
 */

static ssize_t directory_show_count(const atomic64_t *count, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(count));
}

static ssize_t contentions_show(struct lockmgr_space *space, char *buf)
{
	return directory_show_count(&space->stats.contentions, buf);
}

static ssize_t handoffs_show(struct lockmgr_space *space, char *buf)
{
	return directory_show_count(&space->stats.handoffs, buf);
}

static ssize_t holder_deaths_show(struct lockmgr_space *space, char *buf)
{
	return directory_show_count(&space->stats.holder_deaths, buf);
}

static ssize_t deadlocks_show(struct lockmgr_space *space, char *buf)
{
	return directory_show_count(&space->stats.deadlocks, buf);
}

static ssize_t longest_wait_ns_show(struct lockmgr_space *space, char *buf)
{
	return directory_show_count(&space->stats.longest_wait, buf);
}

SPACE_ATTRIBUTE(contentions);
SPACE_ATTRIBUTE(handoffs);
SPACE_ATTRIBUTE(holder_deaths);
SPACE_ATTRIBUTE(deadlocks);
SPACE_ATTRIBUTE(longest_wait_ns);

static struct attribute *stats_attributes[] = {
	&attr_contentions.attr,
	&attr_handoffs.attr,
	&attr_holder_deaths.attr,
	&attr_deadlocks.attr,
	&attr_longest_wait_ns.attr,
	NULL
};

/* ------------------------------------------------------------------------
 * Directories
 */

/* Without any of these bits, sysfs would not even let root read a file. */
static umode_t directory_readers_of(const struct lockmgr_space *space)
{
	return space->mode & 0444;
}

static umode_t directory_mode_of_file(struct kobject *kobj, struct attribute *attr, int index)
{
	return directory_readers_of(directory_space_of(kobj)) ?: 0400;
}

static const struct attribute_group space_group = {
	.attrs		= space_attributes,
	.is_visible	= directory_mode_of_file,
};

static const struct attribute_group stats_group = {
	.name		= "stats",
	.attrs		= stats_attributes,
	.is_visible	= directory_mode_of_file,
};

static const struct attribute_group *space_groups[] = { &space_group, &stats_group, NULL };

static void directory_get_ownership(LOCKMGR_OWNERSHIP_CONST struct kobject *kobj, kuid_t *owner,
				    kgid_t *group)
{
	const struct lockmgr_space *space = directory_space_of(kobj);

	*owner = directory_readers_of(space) ? space->owner : GLOBAL_ROOT_UID;
	*group = directory_readers_of(space) ? space->group : GLOBAL_ROOT_GID;
}

static void directory_free(struct kobject *kobj)
{
	kfree(container_of(kobj, struct directory, kobj));
}

static const struct kobj_type directory_type = {
	.release	= directory_free,
	.sysfs_ops	= &space_ops,
	.get_ownership	= directory_get_ownership,
};

/* The device's object, below which the directory "spaces" is; set before there are spaces. */
static struct kobject *device_kobj;
static struct kobject *parent;
static DEFINE_MUTEX(parent_lock);

/* Mode 0711: only root may list the spaces; others may look into the directories they know. */
static struct kobject *directory_create_parent(void)
{
	static const struct attribute self = { .name = "spaces" };
	struct kobject *device = READ_ONCE(device_kobj);
	struct kobject *spaces;

	spaces = kobject_create_and_add(self.name, device);
	/* sysfs_chmod_file() finds directories by their name, too. */
	if (spaces && sysfs_chmod_file(device, &self, 0711)) {
		kobject_put(spaces);
		spaces = NULL;
	}

	return spaces;
}

static struct kobject *directory_get_parent(void)
{
	guard(mutex)(&parent_lock);

	if (!parent)
		parent = directory_create_parent();

	return parent;
}

/**
 * lockmgr_directory_add() - make a space's directory
 * @space: the space; no other space of the same name has a directory
 *
 * Return: 0 or -ENOMEM
 */
int lockmgr_directory_add(struct lockmgr_space *space)
{
	struct directory *directory;
	struct kobject *spaces;
	int ret;

	if (!lockmgr_namespace_is_initial(space->namespace))
		return 0;

	spaces = directory_get_parent();
	/* Uncharged, since the caller holds user->names; sysfs does not charge its part either. */
	directory = spaces ? kzalloc(sizeof(*directory), GFP_KERNEL) : NULL;
	if (!directory)
		return -ENOMEM;

	directory->space = space;
	kobject_init(&directory->kobj, &directory_type);

	/* In single steps: if kobject_add() did the others, too, it would log their failures. */
	ret = kobject_set_name(&directory->kobj, "%u:%s", __kuid_val(space->owner), space->name);
	if (ret)
		goto out_put;
	ret = kobject_add(&directory->kobj, spaces, NULL);
	if (ret)
		goto out_put;
	ret = sysfs_create_groups(&directory->kobj, space_groups);
	if (ret)
		goto out_put;
	space->directory = &directory->kobj;

	return 0;

out_put:
	kobject_put(&directory->kobj);
	return ret;
}

/**
 * lockmgr_directory_remove() - remove a space's directory, if it has one
 * @space: the space; once this returns, nobody reads the files any more
 */
void lockmgr_directory_remove(struct lockmgr_space *space)
{
	if (!space->directory)
		return;

	kobject_del(space->directory);
	kobject_put(space->directory);
	space->directory = NULL;
}

/**
 * lockmgr_directories_put_below() - set where the directory "spaces" goes
 * @device: its parent; the same in each call
 */
void lockmgr_directories_put_below(struct kobject *device)
{
	WRITE_ONCE(device_kobj, device);
}

/**
 * lockmgr_directories_init() - make the directory "spaces", still empty
 *
 * The device may be open already, so it is too late to fail: if there is no memory now, the call
 * that makes the first space tries again.
 */
void __init lockmgr_directories_init(void)
{
	directory_get_parent();
}

/* Called when there are no spaces any more. */
void lockmgr_directories_exit(void)
{
	kobject_put(parent);
}
