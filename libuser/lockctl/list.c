// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl list: who holds what, for how long, and who waits behind it. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "duration.h"
#include "memory.h"
#include "snapshot.h"
#include "table.h"

/* More waiters than that make a cell too high; `who` has them all. */
#define WAITERS_SHOWN	8

/* Remarks on single locks; the table has them all. */
#define REMARKS_MAX	8

enum {
	OPTION_ALL = OPTION_OWN,
};

static const struct option_spec options[] = {
	OPTION_SPEC_JSON,
	OPTION_SPEC_NOHEADINGS,
	{ 'a', "all", NULL, "also list locks that are allocated, but not in use" },
	{ 0 }
};

enum {
	SPACE,
	LOCK,
	ALLOCATED,
	STATE,
	HOLDER,
	PROCESS,
	THREAD,
	HELD_FOR,
	WAITED_FOR,
	NAME,
	COMMAND,
	PROCESS_STATE,
	DEADLOCK,
	DIED,
	WAITERS,
	WAITING,
};

/* In JSON, each waiter is a row below the lock's. */
static const struct column columns[] = {
	[SPACE]		= { "SPACE", "space", COLUMN_TREE },
	[LOCK]		= { "LOCK", "lock", COLUMN_NUMBER },
	[ALLOCATED]	= { "ALLOCATED", "allocated", COLUMN_BOOLEAN },
	[STATE]		= { "STATE", "state", COLUMN_TEXT },
	[HOLDER]	= { "HELD BY", NULL, COLUMN_TEXT },
	[PROCESS]	= { NULL, "pid", COLUMN_NUMBER },
	[THREAD]	= { "THREAD", "tid", COLUMN_NUMBER },
	[HELD_FOR]	= { "HELD FOR", "held_seconds", COLUMN_DURATION },
	[WAITED_FOR]	= { NULL, "waited_seconds", COLUMN_DURATION },
	[NAME]		= { NULL, "name", COLUMN_TEXT },
	[COMMAND]	= { "COMMAND", "command", COLUMN_LONG },
	[PROCESS_STATE]	= { NULL, "process_state", COLUMN_TEXT },
	[DEADLOCK]	= { NULL, "deadlock", COLUMN_BOOLEAN },
	[DIED]		= { NULL, "holder_died", COLUMN_BOOLEAN },
	[WAITERS]	= { NULL, "waiters", COLUMN_NUMBER },
	[WAITING]	= { "WAITING BEHIND IT", NULL, COLUMN_LINES },
};

static bool is_held(const struct lock *lock)
{
	return lock->info.flags & LOCKMGR_LOCK_IS_HELD;
}

static bool is_interesting(const struct lock *lock)
{
	return lock->info.flags &
	       (LOCKMGR_LOCK_IS_HELD | LOCKMGR_LOCK_IS_WAITED | LOCKMGR_LOCK_IS_DIED);
}

/* What matters most about a lock, in a word. */
static const char *state_of(const struct lock *lock, const struct task *holder)
{
	if (lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED)
		return "deadlock";
	if (is_held(lock))
		return task_is_stopped(holder) ? "held, stopped" : "held";
	return lock->info.flags & LOCKMGR_LOCK_IS_DIED ? "free, holder died" : "free";
}

static void print_waiter(FILE *cell, const struct snapshot *snapshot, const struct lock *lock,
			 size_t place)
{
	const struct lockmgr_waiter_info *waiter = &lock->waiters[place];
	char waited[DURATION_SIZE];
	struct task task;

	waiter_task(waiter, &task);
	duration_text(waited, duration_since(snapshot->now, waiter->since));
	if (task.pid)
		fprintf(cell, "%s%d %s for %s", place ? "\n" : "", task.pid, task.name, waited);
	else
		fprintf(cell, "%s? for %s", place ? "\n" : "", waited);
}

/* For people: a line a waiter, the first in front. */
static void fill_waiting(struct table *table, const struct snapshot *snapshot,
			 const struct lock *lock)
{
	char *text = NULL;
	size_t i, size;
	FILE *cell = open_memstream(&text, &size);

	if (!cell)
		memory_none();
	for (i = 0; i < lock->waiter_count && i < WAITERS_SHOWN; i++)
		print_waiter(cell, snapshot, lock, i);
	if (i < lock->waiter_count)
		fprintf(cell, "\nand %zu more", lock->waiter_count - i);
	if (fclose(cell))
		memory_none();

	table_text(table, WAITING, "%s", text);
	free(text);
}

static void fill_task(struct table *table, const struct task *task)
{
	if (task->pid) {
		table_text(table, HOLDER, "%d %s", task->pid, task->name);
		table_number(table, PROCESS, task->pid);
	} else {
		table_text(table, HOLDER, "? %s", task->name);
	}
	if (task->tid)
		table_number(table, THREAD, task->tid);
	table_text(table, NAME, "%s", task->name);
	table_text(table, COMMAND, "%s", task->command);
	table_text(table, PROCESS_STATE, "%s", task_state(task));
}

static void fill_lock(struct table *table, const struct snapshot *snapshot,
		      const struct lock *lock)
{
	const uint32_t flags = lock->info.flags;
	struct task holder = { 0 };

	table_row(table);
	table_space(table, SPACE, lock->space);
	table_number(table, LOCK, lock->info.id);
	table_boolean(table, ALLOCATED, flags & LOCKMGR_LOCK_IS_ALLOCATED);
	if (is_held(lock)) {
		lock_holder(lock, &holder);
		fill_task(table, &holder);
		table_duration(table, HELD_FOR,
			       duration_since(snapshot->now, lock->info.since));
	}
	if (table_is_json(table))
		table_text(table, STATE, "%s", is_held(lock) ? "held" : "free");
	else
		table_text(table, STATE, "%s", state_of(lock, &holder));
	table_boolean(table, DEADLOCK, flags & LOCKMGR_LOCK_IS_DEADLOCKED);
	table_boolean(table, DIED, flags & LOCKMGR_LOCK_IS_DIED);
	table_number(table, WAITERS, lock->waiter_count);
	if (flags & LOCKMGR_LOCK_IS_DEADLOCKED || task_is_stopped(&holder))
		table_alert(table);
}

static void fill_waiter(struct table *table, const struct snapshot *snapshot,
			const struct lock *lock, size_t place)
{
	const struct lockmgr_waiter_info *waiter = &lock->waiters[place];
	struct task task;

	table_row_below(table);
	table_space(table, SPACE, lock->space);
	table_number(table, LOCK, lock->info.id);
	table_text(table, STATE, "waiting");
	table_duration(table, WAITED_FOR, duration_since(snapshot->now, waiter->since));
	table_boolean(table, DEADLOCK, waiter->flags & LOCKMGR_WAITER_IS_DEADLOCKED);
	waiter_task(waiter, &task);
	fill_task(table, &task);
}

static void fill(struct table *table, const struct snapshot *snapshot, const struct lock *lock)
{
	size_t i;

	fill_lock(table, snapshot, lock);
	if (!table_is_json(table))
		fill_waiting(table, snapshot, lock);
	else
		for (i = 0; i < lock->waiter_count; i++)
			fill_waiter(table, snapshot, lock, i);
}

/* Returns whether there was something to say. */
static bool remark_on_holder(const struct lock *lock, const char *label)
{
	struct task holder;

	lock_holder(lock, &holder);
	if (!task_is_stopped(&holder))
		return false;

	printf("Lock %u of %s: process %d (%s) is ", lock->info.id, label, holder.pid, holder.name);
	if (holder.state == 'T')
		printf("stopped; to let it go on: kill -CONT %d\n", holder.pid);
	else
		printf("held up by a debugger.\n");
	return true;
}

/* What to do about a lock; returns whether there was something to say. */
static bool remark_on(const struct lock *lock)
{
	char label[SPACE_LABEL_SIZE];

	space_label(lock->space, label);
	if (is_held(lock))
		return remark_on_holder(lock, label);
	if (!(lock->info.flags & LOCKMGR_LOCK_IS_DIED))
		return false;

	printf("Lock %u of %s: its last holder died; who takes it next is told so.\n",
	       lock->info.id, label);
	return true;
}

static void remark_on_deadlocks(const struct snapshot *snapshot)
{
	size_t i, locks = 0;

	for (i = 0; i < snapshot->lock_count; i++)
		locks += !!(snapshot->locks[i].info.flags & LOCKMGR_LOCK_IS_DEADLOCKED);
	if (locks)
		printf("Deadlock: %zu lock%s never be released; 'lockctl deadlocks' explains it.\n",
		       locks, locks == 1 ? " will" : "s will");
}

/* For people: what the table does not say by itself. */
static void print_remarks(const struct snapshot *snapshot, size_t idle, bool empty)
{
	size_t i, remarks = 0;

	if (empty)
		printf("No lock is held or waited for.\n");
	else
		printf("\n");
	remark_on_deadlocks(snapshot);
	for (i = 0; i < snapshot->lock_count && remarks < REMARKS_MAX; i++)
		remarks += remark_on(&snapshot->locks[i]);
	if (idle)
		printf("Allocated, but not in use: %zu more lock%s, which --all lists.\n", idle,
		       idle == 1 ? "" : "s");
}

static void print(const struct snapshot *snapshot, const struct arguments *args)
{
	const bool all = option_given(args, OPTION_ALL);
	struct table *table;
	size_t i, idle = 0;
	bool empty;

	table = table_new("locks", columns, sizeof(columns) / sizeof(columns[0]), args);
	for (i = 0; i < snapshot->lock_count; i++) {
		if (all || is_interesting(&snapshot->locks[i]))
			fill(table, snapshot, &snapshot->locks[i]);
		else
			idle++;
	}
	empty = !table_rows(table);
	table_print(table);
	if (table_is_for_people(args))
		print_remarks(snapshot, idle, empty);
}

static int run(const struct arguments *args)
{
	struct snapshot snapshot;
	int status;

	status = snapshot_take(&snapshot, args->words[0], SNAPSHOT_ALL);
	if (!snapshot_is_useless(&snapshot, status))
		print(&snapshot, args);
	snapshot_free(&snapshot);
	return status;
}

const struct command command_list = {
	.name = "list",
	.synopsis = "[SPACE]",
	.summary = "show locks: who holds them, how long, who waits behind them",
	.details = "Without SPACE: the locks of all spaces that you may read.",
	.options = options,
	.words_max = 1,
	.run = run,
};
