// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl list: who holds what, for how long, and who waits behind it. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "cycle.h"
#include "duration.h"
#include "file-users.h"
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
	NOTE,
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
	POSSIBLE,
	DIED,
	WAITERS,
	WAITING,
};

/* In JSON, each waiter is a row below the lock's. */
static const struct column columns[] = {
	[SPACE]		= { "SPACE", "space", COLUMN_TREE },
	[LOCK]		= { "LOCK", "lock", COLUMN_NUMBER },
	[NOTE]		= { "NOTE", "note", COLUMN_NOTE },
	[ALLOCATED]	= { "ALLOCATED", "allocated", COLUMN_BOOLEAN },
	[STATE]		= { "STATE", "state", COLUMN_TEXT },
	[HOLDER]	= { "HELD BY", NULL, COLUMN_TEXT },
	[PROCESS]	= { NULL, "pid", COLUMN_NUMBER },
	[THREAD]	= { "THREAD", "tid", COLUMN_NUMBER },
	[HELD_FOR]	= { "HELD FOR", "held_seconds", COLUMN_DURATION },
	[WAITED_FOR]	= { NULL, "waited_seconds", COLUMN_DURATION },
	[NAME]		= { NULL, "name", COLUMN_TEXT },
	[COMMAND]	= { "COMMAND", "command", COLUMN_COMMAND },
	[PROCESS_STATE]	= { NULL, "process_state", COLUMN_TEXT },
	[DEADLOCK]	= { NULL, "deadlock", COLUMN_BOOLEAN },
	[POSSIBLE]	= { NULL, "possible_deadlock", COLUMN_BOOLEAN },
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

/* For people: what matters most about a lock. */
static void fill_state(struct table *table, const struct lock *lock, const struct task *holder)
{
	if (lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED)
		table_text(table, STATE, "deadlock");
	else if (is_held(lock) && task_may_be_stuck(holder))
		table_text(table, STATE, "held, %s", task_state(holder));
	else if (is_held(lock))
		table_text(table, STATE, "held");
	else if (lock->info.flags & LOCKMGR_LOCK_IS_DIED)
		table_text(table, STATE, "free, holder died");
	else
		table_text(table, STATE, "free");
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
	table_command(table, COMMAND, task->command);
	table_text(table, PROCESS_STATE, "%s", task_state(task));
}

static bool is_possible(const struct cycles *cycles, const struct lock *lock)
{
	return !(lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED) && cycles_have(cycles, lock);
}

static void fill_lock(struct table *table, const struct snapshot *snapshot,
		      const struct cycles *cycles, const struct lock *lock)
{
	const uint32_t flags = lock->info.flags;
	struct task holder = { 0 };

	table_row(table);
	table_space(table, SPACE, lock->space);
	table_number(table, LOCK, lock->info.id);
	table_note(table, NOTE, lock);
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
		fill_state(table, lock, &holder);
	table_boolean(table, DEADLOCK, flags & LOCKMGR_LOCK_IS_DEADLOCKED);
	table_boolean(table, POSSIBLE, is_possible(cycles, lock));
	table_boolean(table, DIED, flags & LOCKMGR_LOCK_IS_DIED);
	table_number(table, WAITERS, lock->waiter_count);
	if (flags & LOCKMGR_LOCK_IS_DEADLOCKED || task_is_stuck(&holder))
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
	table_note(table, NOTE, lock);
	table_text(table, STATE, "waiting");
	table_duration(table, WAITED_FOR, duration_since(snapshot->now, waiter->since));
	table_boolean(table, DEADLOCK, waiter->flags & LOCKMGR_WAITER_IS_DEADLOCKED);
	waiter_task(waiter, &task);
	fill_task(table, &task);
}

static void fill(struct table *table, const struct snapshot *snapshot,
		 const struct cycles *cycles, const struct lock *lock)
{
	size_t i;

	fill_lock(table, snapshot, cycles, lock);
	if (!table_is_json(table))
		fill_waiting(table, snapshot, lock);
	else
		for (i = 0; i < lock->waiter_count; i++)
			fill_waiter(table, snapshot, lock, i);
}

/* Whether something stands between the table and the next remark already. */
static bool remarks_begun;

static void begin_remark(void)
{
	if (!remarks_begun)
		printf("\n");
	remarks_begun = true;
}

/*
 * What to do about a lock that is held; returns whether there was something to say.  What
 * may go on in a moment comes behind what will not.
 */
static bool remark_on_holder(const struct lock *lock, bool stuck)
{
	char space[SPACE_LABEL_SIZE], label[LOCK_LABEL_SIZE];
	struct task holder;

	lock_holder(lock, &holder);
	if (!task_may_be_stuck(&holder) || task_is_stuck(&holder) != stuck)
		return false;

	begin_remark();
	printf("Lock %s of %s: process %d (%s) ", lock_label(lock, label),
	       space_label(lock->space, space), holder.pid, holder.name);
	task_remark(&holder, stdout);
	printf("\n");
	return true;
}

/* The process that opened its file has ended, or is of another PID namespace. */
static bool remark_on_unknown(const struct lock *lock)
{
	char space[SPACE_LABEL_SIZE], label[LOCK_LABEL_SIZE];
	struct file_users users;

	if (lock->info.pid)
		return false;

	file_users_find(&users, lock);
	begin_remark();
	printf("Lock %s of %s: its process has ended, or is not shown here; ",
	       lock_label(lock, label), space_label(lock->space, space));
	file_users_print(&users);
	printf("\n");
	return true;
}

static bool remark_on_dead(const struct lock *lock)
{
	char space[SPACE_LABEL_SIZE], label[LOCK_LABEL_SIZE];

	if (!(lock->info.flags & LOCKMGR_LOCK_IS_DIED))
		return false;

	begin_remark();
	printf("Lock %s of %s: its last holder died; the next one is told so.\n",
	       lock_label(lock, label), space_label(lock->space, space));
	return true;
}

static void remark_on_locks(const struct snapshot *snapshot)
{
	size_t i, remarks = 0;

	for (i = 0; i < snapshot->lock_count && remarks < REMARKS_MAX; i++)
		remarks += is_held(&snapshot->locks[i]) &&
			   remark_on_holder(&snapshot->locks[i], true);
	for (i = 0; i < snapshot->lock_count && remarks < REMARKS_MAX; i++)
		remarks += is_held(&snapshot->locks[i]) && remark_on_unknown(&snapshot->locks[i]);
	for (i = 0; i < snapshot->lock_count && remarks < REMARKS_MAX; i++)
		remarks += remark_on_dead(&snapshot->locks[i]);
	for (i = 0; i < snapshot->lock_count && remarks < REMARKS_MAX; i++)
		remarks += is_held(&snapshot->locks[i]) &&
			   remark_on_holder(&snapshot->locks[i], false);
}

static void remark_on_deadlocks(const struct snapshot *snapshot, const struct cycles *cycles)
{
	size_t i, locks = 0, possible = 0;

	for (i = 0; i < snapshot->lock_count; i++)
		locks += !!(snapshot->locks[i].info.flags & LOCKMGR_LOCK_IS_DEADLOCKED);
	for (i = 0; i < snapshot->lock_count; i++)
		possible += is_possible(cycles, &snapshot->locks[i]);
	if (locks) {
		begin_remark();
		printf("Deadlock: %zu lock%s never be released; 'lockctl deadlocks' explains it.\n",
		       locks, locks == 1 ? " will" : "s will");
	}
	if (possible) {
		begin_remark();
		printf("Possible deadlock: %zu lock%s held by a process whose descendant waits; "
		       "'lockctl deadlocks' explains it.\n",
		       possible, possible == 1 ? " is" : "s are each");
	}
}

/* For people: what the table does not say by itself. */
static void print_remarks(const struct snapshot *snapshot, const struct cycles *cycles,
			  size_t idle, bool empty)
{
	remarks_begun = empty;
	if (empty)
		printf("No lock is held or waited for.\n");
	remark_on_deadlocks(snapshot, cycles);
	remark_on_locks(snapshot);
	if (!idle)
		return;
	begin_remark();
	printf("Allocated, but not in use: %zu more lock%s, which --all lists.\n", idle,
	       idle == 1 ? "" : "s");
}

static void print(const struct snapshot *snapshot, const struct arguments *args)
{
	const bool all = option_given(args, OPTION_ALL);
	struct table *table;
	size_t i, idle = 0;
	struct cycles cycles;
	bool empty;

	cycles_find(&cycles, snapshot);
	table = table_new("locks", columns, sizeof(columns) / sizeof(columns[0]), args);
	for (i = 0; i < snapshot->lock_count; i++) {
		if (all || is_interesting(&snapshot->locks[i]))
			fill(table, snapshot, &cycles, &snapshot->locks[i]);
		else
			idle++;
	}
	empty = !table_rows(table);
	table_print(table);
	if (table_is_for_people(args))
		print_remarks(snapshot, &cycles, idle, empty);
	cycles_free(&cycles);
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
