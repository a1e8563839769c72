// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Locks with their holders and waiters, of one space or of all.  Each fact was true at
 * some moment while the snapshot was taken, but not all at the same moment.  On a system that
 * hangs, the facts that matter do not change meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory.h"
#include "duration.h"
#include "memory.h"
#include "report.h"
#include "snapshot.h"
#include "text.h"

/* How many entries to ask the module for at once. */
#define LOCKS_AT_ONCE	256
#define WAITERS_AT_ONCE	64

static int read_waiters(struct lockmgr *mgr, struct lock *lock)
{
	uint64_t cursor = 0;
	size_t count, room = 0;
	int ret;

	while (cursor != LOCKMGR_LIST_END) {
		if (room - lock->waiter_count < WAITERS_AT_ONCE) {
			room = 2 * room + WAITERS_AT_ONCE;
			lock->waiters = memory_resize(lock->waiters, room,
						      sizeof(*lock->waiters));
		}
		ret = lockmgr_list_waiters(mgr, lock->info.id, &cursor,
					   lock->waiters + lock->waiter_count,
					   room - lock->waiter_count, &count);
		if (ret)
			return ret;
		lock->waiter_count += count;
	}
	return 0;
}

static struct lock *add_lock(struct snapshot *snapshot, const struct space *space,
			     const struct lockmgr_lock_info *info)
{
	struct lock *lock;

	snapshot->locks = memory_grow(snapshot->locks, &snapshot->lock_room,
				      snapshot->lock_count, sizeof(*snapshot->locks));
	lock = &snapshot->locks[snapshot->lock_count++];
	*lock = (struct lock) { .space = space, .info = *info };
	return lock;
}

/* A module of version 0.1 lists a lock whose holder died only if it is allocated. */
static int list_locks(struct lockmgr *mgr, uint32_t filter, uint64_t *cursor,
		      struct lockmgr_lock_info *infos, size_t max, size_t *count)
{
	int ret = lockmgr_list(mgr, filter, cursor, infos, max, count);

	if (ret == -EINVAL && filter & LOCKMGR_LOCK_IS_DIED)
		ret = lockmgr_list(mgr, filter & ~LOCKMGR_LOCK_IS_DIED, cursor, infos, max, count);
	return ret;
}

static int read_locks(struct snapshot *snapshot, const struct space *space,
		      struct lockmgr *mgr, uint32_t filter)
{
	struct lockmgr_lock_info infos[LOCKS_AT_ONCE];
	uint64_t cursor = 0;
	size_t count, i;
	int ret;

	while (cursor != LOCKMGR_LIST_END) {
		ret = list_locks(mgr, filter, &cursor, infos, LOCKS_AT_ONCE, &count);
		if (ret)
			return ret;
		for (i = 0; i < count; i++) {
			struct lock *lock = add_lock(snapshot, space, &infos[i]);

			ret = infos[i].waiters ? read_waiters(mgr, lock) : 0;
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* In another user namespace, or a moment later, a name can mean another space. */
static bool is_generation(struct lockmgr *mgr, uint64_t generation)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	return !lockmgr_info(mgr, &info) && info.generation == generation;
}

static int read_space(struct snapshot *snapshot, const struct space *space,
		      uint64_t generation, uint32_t filter)
{
	char label[SPACE_LABEL_SIZE];
	struct lockmgr *mgr;
	int ret;

	ret = space_attach(space, LOCKMGR_OPEN_READONLY, &mgr);
	/* It was there a moment ago; it has been removed, or its mode has changed. */
	if (ret == -ENOENT || ret == -EACCES)
		return STATUS_OK;
	if (!ret) {
		if (is_generation(mgr, generation))
			ret = read_locks(snapshot, space, mgr, filter);
		lockmgr_close(mgr);
	}
	if (ret)
		return report_failure(ret, "cannot list the locks of space %s",
				      space_label(space, label));
	return STATUS_OK;
}

/* If one space fails, read the others all the same. */
static int take_all(struct snapshot *snapshot, uint32_t filter)
{
	struct space_facts *facts;
	int status, worst = STATUS_OK;
	size_t i;

	status = directory_read_all(&facts, &snapshot->space_count);
	if (status)
		return status;

	snapshot->spaces = memory_resize(NULL, snapshot->space_count, sizeof(struct space));
	for (i = 0; i < snapshot->space_count; i++) {
		snapshot->spaces[i] = facts[i].space;
		status = read_space(snapshot, &snapshot->spaces[i], facts[i].generation, filter);
		if (status)
			worst = status;
	}
	free(facts);
	return worst;
}

static int take_one(struct snapshot *snapshot, const char *text, uint32_t filter)
{
	struct lockmgr *mgr;
	int ret;

	snapshot->spaces = memory_resize(NULL, 1, sizeof(struct space));
	snapshot->space_count = 1;
	ret = space_attach_named(text, LOCKMGR_OPEN_READONLY, snapshot->spaces, &mgr);
	if (ret)
		return ret;

	ret = read_locks(snapshot, snapshot->spaces, mgr, filter);
	lockmgr_close(mgr);
	if (ret)
		return report_failure(ret, "cannot list the locks of space %s", text);
	return STATUS_OK;
}

/**
 * snapshot_take() - list locks
 * @snapshot: receives them; the caller frees it even after a failure
 * @space: the locks of this space; NULL: of all spaces that the caller may read
 * @filter: LOCKMGR_LOCK_IS_*
 *
 * Return: 0, or the exit status after a message; then @snapshot has what could be read
 */
int snapshot_take(struct snapshot *snapshot, const char *space, uint32_t filter)
{
	int status;

	memset(snapshot, 0, sizeof(*snapshot));
	status = space ? take_one(snapshot, space, filter) : take_all(snapshot, filter);
	snapshot->now = duration_now();
	return status;
}

/**
 * snapshot_is_useless() - whether snapshot_take() failed and found no lock at all
 * @snapshot: from snapshot_take()
 * @status: what snapshot_take() returned
 *
 * Where one space of many failed, callers show the others all the same.
 */
bool snapshot_is_useless(const struct snapshot *snapshot, int status)
{
	return status && !snapshot->lock_count;
}

/* The cursor starts the list at this id; if another lock comes first, this one is idle. */
static int read_one_lock(struct snapshot *snapshot, struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_space_info facts = { .size = sizeof(facts) };
	struct lockmgr_lock_info info = { 0 };
	uint64_t cursor = id;
	size_t count;
	int ret;

	ret = list_locks(mgr, SNAPSHOT_ALL, &cursor, &info, 1, &count);
	if (!ret)
		ret = lockmgr_info(mgr, &facts);
	if (ret)
		return ret;
	if (!count || info.id != id) {
		if (id >= facts.capacity)
			return -EINVAL;
		info = (struct lockmgr_lock_info) { .id = id };
	}

	return read_waiters(mgr, add_lock(snapshot, snapshot->spaces, &info));
}

/**
 * snapshot_take_lock() - read one lock, whatever its state
 * @snapshot: receives it; the caller frees it even after a failure
 * @space: its space
 * @id: its number
 *
 * Return: 0, or the exit status after a message
 */
int snapshot_take_lock(struct snapshot *snapshot, const char *space, uint32_t id)
{
	struct lockmgr *mgr;
	int ret;

	memset(snapshot, 0, sizeof(*snapshot));
	snapshot->spaces = memory_resize(NULL, 1, sizeof(struct space));
	snapshot->space_count = 1;
	ret = space_attach_named(space, LOCKMGR_OPEN_READONLY, snapshot->spaces, &mgr);
	if (ret)
		return ret;

	ret = read_one_lock(snapshot, mgr, id);
	lockmgr_close(mgr);
	snapshot->now = duration_now();
	if (ret == -EINVAL) {
		report("space %s has no lock %u", space, id);
		return STATUS_USAGE;
	}
	return ret ? report_failure(ret, "cannot read lock %u of %s", id, space) : STATUS_OK;
}

/** snapshot_free() - free a snapshot */
void snapshot_free(struct snapshot *snapshot)
{
	size_t i;

	for (i = 0; i < snapshot->lock_count; i++)
		free(snapshot->locks[i].waiters);
	free(snapshot->locks);
	free(snapshot->spaces);
}

/** lock_note() - a lock's note, safe to print; "": it has none */
const char *lock_note(const struct lock *lock, char label[NOTE_LABEL_SIZE])
{
	text_clean(label, NOTE_LABEL_SIZE, lock->info.note, sizeof(lock->info.note));
	return label;
}

/** lock_label() - a lock's number and note: 17 (container web-1) */
const char *lock_label(const struct lock *lock, char label[LOCK_LABEL_SIZE])
{
	char note[NOTE_LABEL_SIZE];

	if (*lock->info.note)
		snprintf(label, LOCK_LABEL_SIZE, "%u (%s)", lock->info.id, lock_note(lock, note));
	else
		snprintf(label, LOCK_LABEL_SIZE, "%u", lock->info.id);
	return label;
}

/** lock_holder() - describe the holder of a lock that is held */
void lock_holder(const struct lock *lock, struct task *task)
{
	task_describe(task, lock->info.pid, lock->info.tid, lock->info.command);
}

/** waiter_task() - describe a waiter */
void waiter_task(const struct lockmgr_waiter_info *waiter, struct task *task)
{
	task_describe(task, waiter->pid, waiter->tid, waiter->command);
}
