// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space can see: which spaces there are; of a space, its facts, its locks with their
 * holders, and the waiters of a lock.  Tasks have their numbers in the PID namespace of the
 * calling process; users have their ids in its user namespace, or in that of the file's opener.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include <linux/lockmgr.h>

#include "client.h"
#include "count.h"
#include "deadlock.h"
#include "holder.h"
#include "list.h"
#include "names.h"
#include "namespace.h"
#include "permit.h"
#include "record.h"
#include "space.h"
#include "wait.h"

/* At most how many waiters to copy in one go, with their queue locked. */
#define WAITERS_PER_GO	16

/**
 * lockmgr_space_info() - facts of a space
 * @space: the space
 * @info: receives them; zeroed by the caller
 */
void lockmgr_space_info(struct lockmgr_space *space, struct lockmgr_ioctl_info *info)
{
	struct user_namespace *viewer = current_user_ns();

	strscpy(info->name, space->name, sizeof(info->name));
	info->generation = space->generation;
	info->owner = from_kuid_munged(viewer, space->owner);
	info->group = from_kgid_munged(viewer, space->group);
	info->mode = space->mode;
	info->flags = READ_ONCE(space->linked) ? 0 : LOCKMGR_SPACE_UNLINKED;
	lockmgr_ids_count(&space->ids, &info->capacity, &info->allocated);
	info->clients = READ_ONCE(space->client_count);
}

/* A thread as the calling process sees it. */
struct face {
	u32 pid;
	u32 tid;
	char comm[TASK_COMM_LEN];
};

/* Returns whether the thread still lives, and is in the caller's PID namespace or one below. */
static bool list_face_of(struct pid *thread, struct face *face)
{
	struct pid_namespace *viewer = task_active_pid_ns(current);
	struct task_struct *task;

	rcu_read_lock();
	task = thread ? pid_task(thread, PIDTYPE_PID) : NULL;
	if (task) {
		face->pid = task_tgid_nr_ns(task, viewer);
		face->tid = task_pid_nr_ns(task, viewer);
	}
	/* If the caller may not see its number, neither its name. */
	if (face->tid)
		get_task_comm(face->comm, task);
	rcu_read_unlock();

	return face->tid;
}

/* Instead of the thread: the process that opened the file; of a dead one, only its name. */
static void list_face_of_opener(const struct lockmgr_client *client, struct face *face)
{
	u32 pid = pid_nr_ns(client->opener, task_active_pid_ns(current));

	if (!pid)
		return;
	if (pid_task(client->opener, PIDTYPE_TGID))
		face->pid = pid;
	strscpy(face->comm, client->comm, sizeof(face->comm));
}

/*
 * Fill in the client that holds the lock, and the thread that acquired it.  Returns the
 * thread, valid under RCU, or NULL if it is gone or not known.
 */
static struct pid *list_describe_holder(const struct lockmgr_space *space,
					const struct lockmgr_client *client,
					const struct lockmgr_record *record,
					struct lockmgr_lock_entry *entry)
{
	struct pid *thread = lockmgr_holder_thread(space, client, record);
	struct face face = {};

	entry->flags |= LOCKMGR_ENTRY_HELD;
	entry->since = record->since;
	entry->token = client->token;

	if (!list_face_of(thread, &face))
		list_face_of_opener(client, &face);
	entry->pid = face.pid;
	entry->tid = face.tid;
	memcpy(entry->comm, face.comm, sizeof(entry->comm));

	return thread;
}

static void list_describe_record(struct lockmgr_space *space, struct lockmgr_record *record,
				 struct lockmgr_lock_entry *entry)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&space->queues, entry->id);
	struct lockmgr_record snapshot = lockmgr_record_snapshot(record);
	struct lockmgr_client *client;
	struct pid *thread = NULL;

	spin_lock(&bucket->lock);
	entry->waiters = lockmgr_queue_length(bucket, entry->id);
	spin_unlock(&bucket->lock);

	rcu_read_lock();
	client = lockmgr_holder_client(space, snapshot.word);
	if (client)
		thread = get_pid(list_describe_holder(space, client, &snapshot, entry));
	rcu_read_unlock();

	if (entry->waiters)
		entry->flags |= LOCKMGR_ENTRY_WAITED;
	if (snapshot.word & ~LOCKMGR_WORD_WAITERS && !client)
		entry->flags |= LOCKMGR_ENTRY_DIED;
	if (entry->waiters && thread && lockmgr_lock_deadlocked(record, thread))
		entry->flags |= LOCKMGR_ENTRY_DEADLOCK;
	put_pid(thread);
}

static void list_describe_lock(struct lockmgr_space *space, u32 id,
			       struct lockmgr_lock_entry *entry)
{
	struct lockmgr_record *record = lockmgr_record_find(&space->records, id);

	memset(entry, 0, sizeof(*entry));
	entry->id = id;
	if (lockmgr_ids_describe(&space->ids, id, entry->note))
		entry->flags |= LOCKMGR_ENTRY_ALLOCATED;
	if (record)
		list_describe_record(space, record, entry);
}

/*
 * The next lock that is allocated, and the next one whose word says something about it.  Each
 * is searched for only when the walk has passed the last one found.  Otherwise a list of both
 * kinds would search all records again for each allocated id.
 */
struct candidates {
	bool stale;
	u32 allocated;
	u32 used;
};

/* The next lock to which the filter may apply, or U32_MAX. */
static u32 list_next_lock(struct lockmgr_space *space, u32 id, u32 filter,
			  struct candidates *next)
{
	if (!(filter & LOCKMGR_ENTRY_ALLOCATED))
		next->allocated = U32_MAX;
	else if (next->stale || next->allocated < id)
		next->allocated = lockmgr_ids_next(&space->ids, id);

	if (!(filter & (LOCKMGR_ENTRY_HELD | LOCKMGR_ENTRY_WAITED | LOCKMGR_ENTRY_DIED)))
		next->used = U32_MAX;
	else if (next->stale || next->used < id)
		next->used = lockmgr_record_next(&space->records, id);

	next->stale = false;
	return min(next->allocated, next->used);
}

/**
 * lockmgr_list_locks() - list locks
 * @space: the space; the caller pins it (lockmgr_space_pin())
 * @filter: LOCKMGR_ENTRY_ALLOCATED, _HELD, _WAITED, _DIED: locks with any of these
 * @cursor: where to begin; receives where to go on, or LOCKMGR_CURSOR_END
 * @entries: receives the locks
 * @max: at most how many
 *
 * Return: the number of entries, or -EINTR if the caller is being killed
 */
int lockmgr_list_locks(struct lockmgr_space *space, u32 filter, u64 *cursor,
		       struct lockmgr_lock_entry *entries, u32 max)
{
	struct candidates next = { .stale = true };
	u32 count = 0;

	while (count < max && *cursor < LOCKMGR_CAPACITY_MAX) {
		u32 id = list_next_lock(space, *cursor, filter, &next);

		if (id == U32_MAX) {
			*cursor = LOCKMGR_CURSOR_END;
			break;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();

		list_describe_lock(space, id, &entries[count]);
		if (entries[count].flags & filter)
			count++;
		*cursor = id + 1;
	}
	if (*cursor >= LOCKMGR_CAPACITY_MAX)
		*cursor = LOCKMGR_CURSOR_END;

	return count;
}

/* What is copied of a waiter while its queue is locked. */
struct glimpse {
	u64 ticket;
	u64 since;
	u32 token;
	bool deadline;
	struct pid *thread;
};

static u32 list_glimpse_waiters(struct lockmgr_space *space, u32 id, u64 ticket,
				struct glimpse *glimpses, u32 max)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&space->queues, id);
	struct lockmgr_waiter *waiter;
	u32 count = 0;

	spin_lock(&bucket->lock);
	while (count < max) {
		waiter = lockmgr_queue_after(bucket, id, ticket);
		if (!waiter)
			break;
		ticket = waiter->ticket;
		glimpses[count++] = (struct glimpse) {
			.ticket		= ticket,
			.since		= waiter->since,
			.token		= waiter->client->token,
			.deadline	= waiter->deadline != KTIME_MAX,
			.thread		= get_pid(waiter->thread),
		};
	}
	spin_unlock(&bucket->lock);

	return count;
}

static void list_describe_waiter(const struct glimpse *glimpse, struct lockmgr_waiter_entry *entry)
{
	struct face face = {};

	memset(entry, 0, sizeof(*entry));
	entry->cookie = glimpse->ticket;
	entry->since = glimpse->since;
	entry->token = glimpse->token;
	if (glimpse->deadline)
		entry->flags |= LOCKMGR_ENTRY_DEADLINE;
	if (lockmgr_thread_deadlocked(glimpse->thread))
		entry->flags |= LOCKMGR_ENTRY_DEADLOCK;

	list_face_of(glimpse->thread, &face);
	entry->pid = face.pid;
	entry->tid = face.tid;
	memcpy(entry->comm, face.comm, sizeof(entry->comm));
}

/**
 * lockmgr_list_waiters() - list the threads that wait for a lock
 * @space: the space
 * @id: the lock
 * @cursor: where to begin; receives where to go on, or LOCKMGR_CURSOR_END
 * @entries: receives the waiters, in the order of the queue
 * @max: at most how many
 *
 * Return: the number of entries, or -EINTR if the caller is being killed
 */
int lockmgr_list_waiters(struct lockmgr_space *space, u32 id, u64 *cursor,
			 struct lockmgr_waiter_entry *entries, u32 max)
{
	struct glimpse glimpses[WAITERS_PER_GO];
	u32 count = 0;

	while (count < max && *cursor != LOCKMGR_CURSOR_END) {
		u32 room = min_t(u32, max - count, WAITERS_PER_GO);
		u32 seen = list_glimpse_waiters(space, id, *cursor, glimpses, room);
		u32 i;

		for (i = 0; i < seen; i++) {
			list_describe_waiter(&glimpses[i], &entries[count++]);
			put_pid(glimpses[i].thread);
		}
		*cursor = seen < room ? LOCKMGR_CURSOR_END : glimpses[seen - 1].ticket;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}

	return count;
}

static void list_describe_space(struct lockmgr_space *space, struct user_namespace *viewer,
				struct lockmgr_space_entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	strscpy(entry->name, space->name, sizeof(entry->name));
	entry->generation = space->generation;
	entry->owner = from_kuid(viewer, space->owner);
	entry->group = from_kgid_munged(viewer, space->group);
	entry->mode = space->mode;
	lockmgr_ids_count(&space->ids, &entry->capacity, &entry->allocated);
	entry->held = lockmgr_space_held(space);
	entry->waiting = lockmgr_queues_length(&space->queues);
	entry->clients = READ_ONCE(space->client_count);
}

/* Without an id for the owner in the opener's user namespace, there is no way to name a space. */
static bool list_may_see_space(const struct lockmgr_space *space, const struct cred *cred)
{
	return kuid_has_mapping(cred->user_ns, space->owner) &&
	       lockmgr_space_permits(space, cred, MAY_READ);
}

/**
 * lockmgr_list_spaces() - list the spaces of a namespace that somebody may read
 * @namespace: the IPC namespace
 * @cred: the credentials of the file's opener; the ids of users and groups are those in its user
 *	namespace
 * @cursor: where to begin; receives where to go on, or LOCKMGR_CURSOR_END
 * @entries: receives the spaces
 * @max: at most how many
 *
 * Return: the number of entries, or -EINTR if the caller is being killed
 */
int lockmgr_list_spaces(struct lockmgr_namespace *namespace, const struct cred *cred,
			u64 *cursor, struct lockmgr_space_entry *entries, u32 max)
{
	u32 count = 0;

	if (lockmgr_namespace_has_ended(namespace))
		*cursor = LOCKMGR_CURSOR_END;

	while (count < max && *cursor != LOCKMGR_CURSOR_END) {
		unsigned long number = min_t(u64, *cursor, U32_MAX);
		struct lockmgr_space *space = lockmgr_spaces_next_named(namespace, &number);

		if (!space) {
			*cursor = LOCKMGR_CURSOR_END;
			break;
		}
		if (list_may_see_space(space, cred))
			list_describe_space(space, cred->user_ns, &entries[count++]);
		lockmgr_space_put(space);
		*cursor = (u64)number + 1;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}

	return count;
}
