// SPDX-License-Identifier: LGPL-2.1-or-later
/* Describing a space, its locks and their waiters. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/lockmgr.h>

#include "api.h"
#include "call.h"
#include "size.h"

/* How many entries one call to the kernel reads: a buffer of 4 KiB on the stack. */
#define BATCH_SIZE	32

/* The size of the first version: programs that pass this must keep working. */
#define SPACE_SIZE_FIRST \
	(offsetof(struct lockmgr_space_info, clients) + sizeof(uint32_t))

static_assert(LOCKMGR_SPACE_NAME_SIZE == LOCKMGR_NAME_SIZE, "name size");
static_assert(LOCKMGR_COMMAND_SIZE == LOCKMGR_COMM_SIZE, "command size");
static_assert(LOCKMGR_LOCK_NOTE_SIZE == LOCKMGR_NOTE_SIZE, "note size");
static_assert(LOCKMGR_SPACE_IS_UNLINKED == LOCKMGR_SPACE_UNLINKED, "flag");
static_assert(LOCKMGR_LOCK_IS_ALLOCATED == LOCKMGR_ENTRY_ALLOCATED, "flag");
static_assert(LOCKMGR_LOCK_IS_HELD == LOCKMGR_ENTRY_HELD, "flag");
static_assert(LOCKMGR_LOCK_IS_WAITED == LOCKMGR_ENTRY_WAITED, "flag");
static_assert(LOCKMGR_LOCK_IS_DIED == LOCKMGR_ENTRY_DIED, "flag");
static_assert(LOCKMGR_LOCK_IS_DEADLOCKED == LOCKMGR_ENTRY_DEADLOCK, "flag");
static_assert(LOCKMGR_WAITER_IS_DEADLOCKED == LOCKMGR_ENTRY_DEADLOCK, "flag");
static_assert(LOCKMGR_WAITER_HAS_DEADLINE == LOCKMGR_ENTRY_DEADLINE, "flag");
static_assert(LOCKMGR_LIST_END == LOCKMGR_CURSOR_END, "cursor");

int lockmgr_info(struct lockmgr *mgr, struct lockmgr_space_info *info)
{
	struct lockmgr_ioctl_info args = { 0 };
	struct lockmgr_space_info facts;
	int ret;

	if (!info || !lockmgr_size_is_valid(info->size, SPACE_SIZE_FIRST))
		return -EINVAL;

	ret = lockmgr_call(mgr, LOCKMGR_IOC_INFO, &args);
	if (ret)
		return ret;

	facts.size = info->size;
	facts.flags = args.flags;
	memcpy(facts.name, args.name, sizeof(facts.name));
	facts.generation = args.generation;
	facts.owner = args.owner;
	facts.group = args.group;
	facts.mode = args.mode;
	facts.capacity = args.capacity;
	facts.allocated = args.allocated;
	facts.clients = args.clients;
	lockmgr_size_copy(info, info->size, &facts, sizeof(facts));
	return 0;
}

union batch {
	struct lockmgr_lock_entry locks[BATCH_SIZE];
	struct lockmgr_waiter_entry waiters[BATCH_SIZE];
};

/* A list read in batches: the request, and how to convert entry @i of a batch. */
struct reader {
	struct lockmgr *mgr;
	unsigned long request;
	uint32_t entry_size;
	uint32_t filter;
	uint32_t id;
	void (*convert)(void *to, size_t index, const union batch *from, int i);
};

/* Return: number of entries, at most @room and BATCH_SIZE, or -errno */
static int read_batch(const struct reader *reader, uint64_t *cursor,
		      union batch *batch, size_t room)
{
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)batch,
		.entry_size = reader->entry_size,
		.count = room < BATCH_SIZE ? room : BATCH_SIZE,
		.cursor = *cursor,
		.filter = reader->filter,
		.id = reader->id,
	};
	int ret;

	ret = lockmgr_call(reader->mgr, reader->request, &args);
	if (ret)
		return ret;

	*cursor = args.cursor;
	return args.count;
}

static int read_list(const struct reader *reader, uint64_t *cursor, void *to,
		     size_t max, size_t *count)
{
	union batch batch;
	uint64_t next;
	size_t total = 0;

	if (!cursor || !to || !max || !count)
		return -EINVAL;

	next = *cursor;
	do {
		int i, ret = read_batch(reader, &next, &batch, max - total);

		if (ret < 0)
			return ret;
		for (i = 0; i < ret; i++)
			reader->convert(to, total++, &batch, i);
	} while (total < max && next != LOCKMGR_LIST_END);

	*cursor = next;
	*count = total;
	return 0;
}

static void convert_lock(void *to, size_t index, const union batch *from, int i)
{
	struct lockmgr_lock_info *info = (struct lockmgr_lock_info *)to + index;
	const struct lockmgr_lock_entry *entry = &from->locks[i];

	info->id = entry->id;
	info->flags = entry->flags;
	info->since = entry->since;
	info->pid = entry->pid;
	info->tid = entry->tid;
	info->waiters = entry->waiters;
	info->client = entry->token;
	memcpy(info->command, entry->comm, sizeof(info->command));
	/* A module without notes fills in zeros. */
	memcpy(info->note, entry->note, sizeof(info->note));
}

static void convert_waiter(void *to, size_t index, const union batch *from, int i)
{
	struct lockmgr_waiter_info *info =
		(struct lockmgr_waiter_info *)to + index;
	const struct lockmgr_waiter_entry *entry = &from->waiters[i];

	info->since = entry->since;
	info->pid = entry->pid;
	info->tid = entry->tid;
	info->client = entry->token;
	info->flags = entry->flags;
	memcpy(info->command, entry->comm, sizeof(info->command));
}

int lockmgr_list(struct lockmgr *mgr, uint32_t filter, uint64_t *cursor,
		 struct lockmgr_lock_info *locks, size_t max, size_t *count)
{
	const struct reader reader = {
		.mgr = mgr,
		.request = LOCKMGR_IOC_LIST_LOCKS,
		.entry_size = sizeof(struct lockmgr_lock_entry),
		.filter = filter,
		.convert = convert_lock,
	};

	return read_list(&reader, cursor, locks, max, count);
}

int lockmgr_list_waiters(struct lockmgr *mgr, uint32_t id, uint64_t *cursor,
			 struct lockmgr_waiter_info *waiters, size_t max,
			 size_t *count)
{
	const struct reader reader = {
		.mgr = mgr,
		.request = LOCKMGR_IOC_LIST_WAITERS,
		.entry_size = sizeof(struct lockmgr_waiter_entry),
		.id = id,
		.convert = convert_waiter,
	};

	return read_list(&reader, cursor, waiters, max, count);
}

int lockmgr_held(struct lockmgr *mgr, uint32_t *ids, size_t max, size_t *count)
{
	const struct reader reader = {
		.mgr = mgr,
		.request = LOCKMGR_IOC_LIST_LOCKS,
		.entry_size = sizeof(struct lockmgr_lock_entry),
		.filter = LOCKMGR_ENTRY_HELD,
	};
	union batch batch;
	uint64_t cursor = 0;
	size_t total = 0;

	if (!count || (max && !ids))
		return -EINVAL;

	do {
		int i, ret = read_batch(&reader, &cursor, &batch, BATCH_SIZE);

		if (ret < 0)
			return ret;
		for (i = 0; i < ret; i++, total++)
			if (total < max)
				ids[total] = batch.locks[i].id;
	} while (cursor != LOCKMGR_LIST_END);

	*count = total;
	return 0;
}
