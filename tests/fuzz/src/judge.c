// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "crew.h"
#include "judge.h"

/* How far the clock of mapped records may lag that of the last tick, in ns. */
#define CLOCK_SLACK	100000000

static struct lockmgr_ioctl_version version;

uint32_t judge_listed;

void complain(struct complaint *complaint, const char *format, ...)
{
	va_list arguments;

	if (complaint->text[0])
		return;
	va_start(arguments, format);
	vsnprintf(complaint->text, sizeof(complaint->text), format, arguments);
	va_end(arguments);
}

const char *result_name(long result)
{
	static char text[4][32];
	static unsigned int next;
	char *name = text[next++ % 4];
	const char *error = result < 0 ? strerrorname_np(-result) : NULL;

	if (error)
		snprintf(name, sizeof(text[0]), "%s", error);
	else
		snprintf(name, sizeof(text[0]), "%ld", result);

	return name;
}

void judge_init(void)
{
	int file = open(DEVICE, O_RDONLY);

	if (file < 0 || ioctl(file, LOCKMGR_IOC_VERSION, &version))
		err(2, DEVICE);
	if (version.reserved || !(version.features & LOCKMGR_FEATURE_DEADLOCK))
		errx(2, "the version of %s is not as documented", DEVICE);
	close(file);
}

/* ------------------------------------------------------------------------
 * Structs
 */

static void expect_bytes(const void *is, const void *wanted, size_t size, const char *what,
			 struct complaint *complaint)
{
	const unsigned char *a = is, *b = wanted;
	size_t i;

	for (i = 0; i < size; i++) {
		if (a[i] == b[i])
			continue;
		complain(complaint, "%s: byte %zu is %#x, expected %#x", what, i, a[i], b[i]);
		return;
	}
}

static void expect_zeros(const unsigned char *bytes, size_t size, const char *what,
			 struct complaint *complaint)
{
	while (size--)
		if (bytes[size])
			complain(complaint, "%s: byte %zu of the surplus is not 0", what, size);
}

/* The model cannot know these numbers, so it learns them here. */
static void learn_attach(struct model *model, const struct op *op,
			 const struct lockmgr_ioctl_attach *args, bool created,
			 struct complaint *complaint)
{
	struct model_client *client = model_file(model, op);
	struct model_space *space = model_space_of(model, client);
	int i;

	if (!args->token != !client->writable || args->token & ~LOCKMGR_WORD_TOKEN)
		complain(complaint, "token %#x is invalid", args->token);
	for (i = 0; i < CLIENTS_MAX; i++)
		if (model->clients[i].refs && model->clients[i].space == client->space &&
		    &model->clients[i] != client && args->token &&
		    model->clients[i].token == args->token)
			complain(complaint, "token %u is another client's", args->token);
	client->token = args->token;

	if (!created)
		return;
	for (i = 0; i < SPACES_MAX; i++)
		if (model->spaces[i].exists && &model->spaces[i] != space &&
		    model->spaces[i].generation == args->generation)
			complain(complaint, "the generation is another space's");
	space->generation = args->generation;
}

static void expected_attach(struct model *model, const struct op *op,
			    struct lockmgr_ioctl_attach *args)
{
	struct model_client *client = model_file(model, op);
	struct model_space *space = model_space_of(model, client);

	args->capacity = space->capacity;
	args->token = client->token;
	args->generation = space->generation;
	if (model_may_map(client, space))
		args->map_size = LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record);
}

static void expected_info(struct model *model, const struct op *op,
			  struct lockmgr_ioctl_info *info)
{
	struct model_client *client = model_file(model, op);
	struct model_space *space = model_space_of(model, client);

	memset(info, 0, sizeof(*info));
	encode_name(space->name, info->name);
	info->generation = space->generation;
	info->owner = space->owner;
	info->group = space->group;
	info->mode = space->mode;
	info->flags = space->linked ? 0 : LOCKMGR_SPACE_UNLINKED;
	info->capacity = space->capacity;
	info->allocated = space->id_count;
	info->clients = space->clients;
	info->token = client->token;
}

static void judge_output(struct model *model, const struct op *op,
			 const struct outcome *outcome, const struct letter *letter,
			 const unsigned char *args, struct complaint *complaint)
{
	union arguments wanted = letter->args;
	uint32_t native = model_native_size(op->verb);

	switch (op->verb) {
	case VERB_VERSION:
		wanted.version = version;
		break;
	case VERB_INFO:
		expected_info(model, op, &wanted.info);
		break;
	case VERB_ATTACH:
		learn_attach(model, op, (const void *)args, outcome->created, complaint);
		expected_attach(model, op, &wanted.attach);
		break;
	case VERB_ALLOCATE:
		wanted.id.id = outcome->id;
		break;
	case VERB_ALLOCATE_NOTED:
		wanted.note.id = outcome->id;
		break;
	default:
		break;
	}
	expect_bytes(args, &wanted, native, "struct", complaint);
	if (op->verb == VERB_VERSION || op->verb == VERB_INFO)
		expect_zeros(args + native, letter->size - native, "struct", complaint);
}

/* ------------------------------------------------------------------------
 * Lists
 */

/* The holder as lists show it: a thread, or the process that opened the file. */
static void expected_holder(struct model *model, const struct model_lock *lock,
			    struct lockmgr_lock_entry *entry)
{
	const struct model_client *client = &model->clients[lock->client];
	const struct being *opener = &client->opened_by, *taker = &lock->taker;
	bool known = model_knows_taker(model, lock);
	const struct being *shown = known ? taker : opener;

	entry->flags |= LOCKMGR_ENTRY_HELD;
	entry->token = client->token;
	if (known)
		entry->tid = agents[taker->process][taker->thread].tid;
	if (model_lives(model, shown))
		entry->pid = crew_pid(shown->process);
	snprintf(entry->comm, sizeof(entry->comm), "agent %d.%d", shown->process,
		 known ? shown->thread : 0);
	if (known && model_in_cycle(model, *taker, lock))
		entry->flags |= LOCKMGR_ENTRY_DEADLOCK;
}

static void expected_lock(struct model *model, int number, uint32_t id,
			  struct lockmgr_lock_entry *entry)
{
	struct model_space *space = &model->spaces[number];
	struct model_lock *lock = model_find_lock(space, id);

	memset(entry, 0, sizeof(*entry));
	entry->id = id;
	if (model_is_allocated(space, id))
		entry->flags |= LOCKMGR_ENTRY_ALLOCATED;
	encode_note(model_note_of(space, id), entry->note);
	entry->waiters = model_queue_length(model, number, id);
	if (entry->waiters)
		entry->flags |= LOCKMGR_ENTRY_WAITED;
	if (lock && lock->client != NONE)
		expected_holder(model, lock, entry);
	else if (lock && lock->died)
		entry->flags |= LOCKMGR_ENTRY_DIED;
}

/* The first lock from that id on that the filter matches. */
static bool next_lock(struct model *model, int number, uint64_t filter, uint64_t id,
		      struct lockmgr_lock_entry *entry)
{
	struct model_space *space = &model->spaces[number];
	uint64_t next;
	uint32_t i;

	for (; id < LOCKMGR_CAPACITY_MAX; id = next + 1) {
		next = UINT64_MAX - 1;
		for (i = 0; i < space->id_count; i++)
			if (space->ids[i].id >= id && space->ids[i].id < next)
				next = space->ids[i].id;
		for (i = 0; i < space->lock_count; i++)
			if (space->locks[i].id >= id && space->locks[i].id < next)
				next = space->locks[i].id;
		if (next >= LOCKMGR_CAPACITY_MAX)
			return false;
		expected_lock(model, number, next, entry);
		if (entry->flags & filter)
			return true;
	}

	return false;
}

static void expected_waiter(struct model *model, const struct model_thread *thread,
			    struct lockmgr_waiter_entry *entry)
{
	struct being being = model_being(model, thread);
	bool timed = thread->call.args[ARG_LOCK_FLAGS] & LOCKMGR_LOCK_DEADLINE;

	memset(entry, 0, sizeof(*entry));
	entry->pid = crew_pid(being.process);
	entry->tid = agents[being.process][being.thread].tid;
	snprintf(entry->comm, sizeof(entry->comm), "agent %d.%d", being.process, being.thread);
	entry->token = model->clients[thread->client].token;
	/* A deadline at the end of time counts as none. */
	if (timed && thread->call.args[ARG_DEADLINE] != DEADLINE_MAX)
		entry->flags |= LOCKMGR_ENTRY_DEADLINE;
	if (model_in_cycle(model, being, NULL))
		entry->flags |= LOCKMGR_ENTRY_DEADLOCK;
}

union entry {
	struct lockmgr_lock_entry lock;
	struct lockmgr_waiter_entry waiter;
};

/**
 * struct wanted - the list that is expected
 * @count: how many entries
 * @more: whether more entries follow
 * @entries: the entries without times and cookies
 * @since: for each entry, its earliest time
 * @last: the place of the last entry, as the model has it
 * @next: the place of the first entry that follows
 */
struct wanted {
	uint32_t count;
	bool more;
	union entry entries[PROGRAM_MAX];
	uint64_t since[PROGRAM_MAX];
	uint64_t last;
	uint64_t next;
};

/* The kernel sets the clock of records a moment after that of the tick. */
static uint64_t earliest_since(const struct model_lock *lock)
{
	return lock && lock->client != NONE ? lock->since - CLOCK_SLACK : 0;
}

static void want_locks(struct model *model, const struct op *op, struct wanted *wanted)
{
	int number = model_file(model, op)->space;
	uint64_t id = model_cursor_of(model, op);
	struct lockmgr_lock_entry entry;

	while (next_lock(model, number, op->args[ARG_FILTER], id, &entry)) {
		struct model_lock *lock;

		wanted->next = entry.id;
		wanted->more = wanted->count == (uint32_t)op->args[ARG_COUNT];
		if (wanted->more)
			return;
		lock = model_find_lock(&model->spaces[number], entry.id);
		wanted->since[wanted->count] = earliest_since(lock);
		wanted->entries[wanted->count++].lock = entry;
		wanted->last = entry.id;
		id = entry.id + 1;
	}
}

static void want_waiters(struct model *model, const struct op *op, struct wanted *wanted)
{
	uint64_t ticket = model_cursor_of(model, op);
	int number = model_file(model, op)->space;
	struct model_thread *thread;

	while ((thread = model_queue_after(model, number, op->args[ARG_ID], ticket))) {
		wanted->more = wanted->count == (uint32_t)op->args[ARG_COUNT];
		if (wanted->more)
			return;
		wanted->since[wanted->count] = thread->since;
		expected_waiter(model, thread, &wanted->entries[wanted->count++].waiter);
		ticket = thread->ticket;
		wanted->last = ticket;
	}
}

static bool can_be_filled(const struct op *op, uint32_t count)
{
	enum memory memory = op->args[ARG_ENTRIES];

	return !count || memory == MEMORY_GOOD || (memory == MEMORY_EDGE && count == 1);
}

/* A time must lie between its cause and now. */
static void check_since(uint64_t *since, uint64_t earliest, struct complaint *complaint)
{
	if (earliest ? *since < earliest || *since > now_ns() : *since)
		complain(complaint, "entry: since %llu is not between %llu and now",
			 (unsigned long long)*since, (unsigned long long)earliest);
	*since = 0;
}

static const unsigned char *entries_of(const struct op *op)
{
	const struct arena *arena = &arenas[op->process][op->thread];

	if (op->args[ARG_ENTRIES] == MEMORY_EDGE)
		return arena->entries + ARENA_ENTRIES - op->args[ARG_ENTRY_SIZE] * 3 / 2;

	return arena->entries;
}

/*
 * Copy an entry of the caller's size.  If that is less than ours, the rest is left out; if it
 * is more, the surplus must be zero.
 */
static void get_entry(const struct op *op, const unsigned char *at, union entry *entry,
		      struct complaint *complaint)
{
	uint64_t size = op->args[ARG_ENTRY_SIZE];
	size_t known = op->verb == VERB_LIST_LOCKS ? sizeof(entry->lock) : sizeof(entry->waiter);

	if (known > size)
		known = size;
	memset(entry, 0, sizeof(*entry));
	memcpy(entry, at, known);
	expect_zeros(at + known, size - known, "entry", complaint);
}

static size_t compared(const struct op *op)
{
	uint64_t size = op->args[ARG_ENTRY_SIZE];

	return size < sizeof(union entry) ? size : sizeof(union entry);
}

static uint64_t judge_entries(const struct op *op, const struct wanted *wanted,
			      struct complaint *complaint)
{
	const unsigned char *at = entries_of(op);
	uint64_t size = op->args[ARG_ENTRY_SIZE], last = 0;
	union entry entry;
	uint32_t i;

	for (i = 0; i < wanted->count; i++, at += size) {
		get_entry(op, at, &entry, complaint);
		if (op->verb == VERB_LIST_LOCKS) {
			last = entry.lock.id;
			check_since((uint64_t *)&entry.lock.since, wanted->since[i], complaint);
		} else {
			if (entry.waiter.cookie <= last)
				complain(complaint, "entry: cookies are not in order");
			last = entry.waiter.cookie;
			entry.waiter.cookie = 0;
			check_since((uint64_t *)&entry.waiter.since, wanted->since[i],
				    complaint);
		}
		expect_bytes(&entry, &wanted->entries[i], compared(op), "entry", complaint);
	}

	return last;
}

/* Where to go on: after the last, and not after the next. */
static void judge_cursor(const struct op *op, const struct wanted *wanted, uint64_t cursor,
			 uint64_t last, struct complaint *complaint)
{
	bool good;

	if (cursor == LOCKMGR_CURSOR_END) {
		if (wanted->more)
			complain(complaint, "the list ends too early");
		return;
	}
	if (op->verb == VERB_LIST_LOCKS)
		good = (!wanted->count || cursor > last) &&
		       (!wanted->more || cursor <= wanted->next);
	else
		good = cursor >= last;
	if (!good)
		complain(complaint, "cursor %llu is wrong after entry %llu",
			 (unsigned long long)cursor, (unsigned long long)last);
}

/* In a wild space, the model knows only which locks are allocated, and that nobody waits. */
static uint64_t judge_wild_entries(struct model *model, const struct op *op, uint32_t count,
				   struct complaint *complaint)
{
	const uint64_t flags = LOCKMGR_ENTRY_ALLOCATED | LOCKMGR_ENTRY_HELD | LOCKMGR_ENTRY_DIED;
	const struct model_space *space = model_space_of(model, model_file(model, op));
	const unsigned char *at = entries_of(op);
	uint64_t next = model_cursor_of(model, op);
	struct lockmgr_lock_entry entry, noted;
	union entry copy;
	uint32_t i;

	for (i = 0; i < count; i++, at += op->args[ARG_ENTRY_SIZE]) {
		get_entry(op, at, &copy, complaint);
		entry = copy.lock;
		noted = entry;
		encode_note(model_note_of(space, entry.id), noted.note);
		expect_bytes(&entry, &noted, compared(op), "entry", complaint);
		if (entry.id < next || entry.id >= LOCKMGR_CAPACITY_MAX || entry.waiters ||
		    !(entry.flags & op->args[ARG_FILTER]) || entry.flags & ~flags ||
		    !(entry.flags & LOCKMGR_ENTRY_HELD) != !entry.token ||
		    (entry.flags & LOCKMGR_ENTRY_ALLOCATED) != model_is_allocated(space, entry.id))
			complain(complaint, "entry: lock %u of a wild space, flags %#x", entry.id,
				 entry.flags);
		next = entry.id + 1;
	}

	return next;
}

static void judge_wild_list(struct model *model, const struct op *op, struct memo *memo,
			    struct complaint *complaint)
{
	struct arena *arena = &arenas[op->process][op->thread];
	const struct lockmgr_ioctl_list *list = (const void *)arena->args;
	uint64_t next;

	if (list->count > op->args[ARG_COUNT] || list->count > PROGRAM_MAX) {
		complain(complaint, "%u entries are too many", list->count);
		return;
	}
	next = judge_wild_entries(model, op, list->count, complaint);
	if (list->cursor < next)
		complain(complaint, "cursor %llu is wrong after entry %llu",
			 (unsigned long long)list->cursor, (unsigned long long)next - 1);
	memo->locks = list->cursor;
	model_note_cursor(model, op, list->cursor == LOCKMGR_CURSOR_END ? 0 : list->cursor);
}

static void judge_list(struct model *model, const struct op *op, struct outcome *outcome,
		       const struct letter *letter, struct memo *memo, long result,
		       struct complaint *complaint)
{
	struct arena *arena = &arenas[op->process][op->thread];
	const struct lockmgr_ioctl_list *list = (const void *)arena->args;
	bool locks = op->verb == VERB_LIST_LOCKS;
	struct lockmgr_ioctl_list expected = letter->args.list;
	static struct wanted wanted;
	uint64_t last;

	if (outcome->wild) {
		if (!result)
			judge_wild_list(model, op, memo, complaint);
		return;
	}
	memset(&wanted, 0, sizeof(wanted));
	if (op->args[ARG_CURSOR] != CURSOR_END)
		locks ? want_locks(model, op, &wanted) : want_waiters(model, op, &wanted);
	judge_listed = wanted.count;
	if (!can_be_filled(op, wanted.count))
		outcome->result = -EFAULT;
	if (result != outcome->result || result < 0)
		return;

	expected.count = wanted.count;
	expected.cursor = list->cursor;
	expect_bytes(list, &expected, sizeof(*list), "struct", complaint);
	last = judge_entries(op, &wanted, complaint);
	judge_cursor(op, &wanted, list->cursor, last, complaint);

	*(locks ? &memo->locks : &memo->waiters) = list->cursor;
	if (list->cursor == LOCKMGR_CURSOR_END)
		model_note_cursor(model, op, 0);
	else
		model_note_cursor(model, op, locks ? list->cursor : wanted.last);
}

/* ------------------------------------------------------------------------
 * Answers
 */

/* A call that fails writes nothing; but it may also fail because it cannot write. */
static void judge_failure(const struct op *op, const struct letter *letter,
			  const unsigned char *args, struct complaint *complaint)
{
	uint32_t native = model_native_size(op->verb);

	if (op->args[ARG_MEMORY] == MEMORY_GOOD)
		expect_bytes(args, &letter->args,
			     letter->size < native ? letter->size : native,
			     "struct of a call that failed", complaint);
}

/* Whether a lock call can return that if nobody knows what the record says. */
static bool may_return(struct model *model, const struct op *op, long result)
{
	bool timed = op->args[ARG_LOCK_FLAGS] & LOCKMGR_LOCK_DEADLINE;

	if (op->verb == VERB_UNLOCK)
		return !result;
	if (!result || result == LOCKMGR_OWNER_DIED)
		return true;

	return timed && result == -EDEADLK && model_file(model, op)->detect;
}

void judge_command(struct model *model, const struct op *op, struct outcome *outcome,
		   const struct letter *letter, struct memo *memo,
		   struct complaint *complaint)
{
	const unsigned char *args = arenas[op->process][op->thread].args;
	long result = agents[op->process][op->thread].calls[0].result;
	bool list = op->verb == VERB_LIST_LOCKS || op->verb == VERB_LIST_WAITERS;

	if (outcome->wild && !list && may_return(model, op, result))
		outcome->result = result;
	if (list && !outcome->result)
		judge_list(model, op, outcome, letter, memo, result, complaint);
	if (result != outcome->result)
		complain(complaint, "%s, expected %s", result_name(result),
			 result_name(outcome->result));
	else if (result < 0)
		judge_failure(op, letter, args, complaint);
	else if (!list)
		judge_output(model, op, outcome, letter, args, complaint);
	if (result == -ETIMEDOUT && now_ns() < letter->deadline)
		complain(complaint, "timed out before its deadline");
}

void judge_waiter(struct model *model, unsigned int process, unsigned int thread,
		  long expected, struct memo *memo, struct complaint *complaint)
{
	const struct model_thread *waiter = &model->processes[process].threads[thread];
	const struct lockmgr_ioctl_lock *lock = (const void *)arenas[process][thread].args;
	long result = agents[process][thread].calls[0].result;

	if (result != expected)
		complain(complaint, "%u.%u, which waited, returns %s, expected %s", process,
			 thread, result_name(result), result_name(expected));
	if (result != -EINTR)
		return;
	if (waiter->call.args[ARG_MEMORY] == MEMORY_GOOD && !lock->ticket)
		complain(complaint, "%u.%u has no ticket after a signal", process, thread);
	memo->ticket = lock->ticket;
}
