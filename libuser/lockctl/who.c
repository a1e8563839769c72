// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl who: who holds one lock, and who waits for it, in order. */
#include <stdio.h>

#include "command.h"
#include "duration.h"
#include "file-users.h"
#include "number.h"
#include "report.h"
#include "snapshot.h"
#include "table.h"

static const struct option_spec options[] = {
	OPTION_SPECS_TABLE,
	{ 0 }
};

enum {
	ROLE,
	NOTE,
	PLACE,
	PROCESS,
	THREAD,
	PROCESS_STATE,
	SINCE,
	DEADLINE,
	DEADLOCK,
	NAME,
	COMMAND,
};

static const struct column columns[] = {
	[ROLE]		= { "ROLE", "role", COLUMN_TEXT,
		   "holder or waiter" },
	[NOTE]		= { NULL, "note", COLUMN_NOTE,
		   "what the lock stands for" },
	[PLACE]		= { "PLACE", "place", COLUMN_NUMBER,
		    "the place of a waiter in the queue" },
	[PROCESS]	= { "PROCESS", "pid", COLUMN_NUMBER,
		      "the process" },
	[THREAD]	= { "THREAD", "tid", COLUMN_NUMBER,
		     "the thread" },
	[PROCESS_STATE]	= { "PROCESS IS", "process_state", COLUMN_TEXT,
			    "whether the process runs, sleeps, is stopped, ..." },
	[SINCE]		= { "FOR", "seconds", COLUMN_DURATION,
		    "how long it has held the lock or waited" },
	[DEADLINE]	= { "DEADLINE", "deadline", COLUMN_BOOLEAN,
		       "whether the wait has a deadline" },
	[DEADLOCK]	= { "DEADLOCK", "deadlock", COLUMN_BOOLEAN,
		       "whether it is part of a deadlock" },
	[NAME]		= { "NAME", "name", COLUMN_TEXT,
		   "the name of the thread" },
	[COMMAND]	= { "COMMAND", "command", COLUMN_LONG,
		      "the command of the process" },
};

static void fill_task(struct table *table, const struct task *task)
{
	if (task->pid)
		table_number(table, PROCESS, task->pid);
	else if (!table_is_json(table))
		table_text(table, PROCESS, "?");
	if (task->tid)
		table_number(table, THREAD, task->tid);
	table_text(table, PROCESS_STATE, "%s", task_state(task));
	table_text(table, NAME, "%s", task->name);
	table_text(table, COMMAND, "%s", task->command);
	if (task_is_stuck(task))
		table_alert(table);
}

static void fill_holder(struct table *table, const struct snapshot *snapshot,
			const struct lock *lock)
{
	struct task task;

	if (!(lock->info.flags & LOCKMGR_LOCK_IS_HELD))
		return;
	table_row(table);
	table_text(table, ROLE, "holder");
	table_note(table, NOTE, lock);
	table_duration(table, SINCE, duration_since(snapshot->now, lock->info.since));
	table_boolean(table, DEADLOCK, lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED);
	lock_holder(lock, &task);
	fill_task(table, &task);
}

static void fill_waiter(struct table *table, const struct snapshot *snapshot,
			const struct lock *lock, size_t place)
{
	const struct lockmgr_waiter_info *waiter = &lock->waiters[place];
	struct task task;

	table_row(table);
	table_text(table, ROLE, "waiter");
	table_note(table, NOTE, lock);
	table_number(table, PLACE, place + 1);
	table_duration(table, SINCE, duration_since(snapshot->now, waiter->since));
	table_boolean(table, DEADLINE, waiter->flags & LOCKMGR_WAITER_HAS_DEADLINE);
	table_boolean(table, DEADLOCK, waiter->flags & LOCKMGR_WAITER_IS_DEADLOCKED);
	waiter_task(waiter, &task);
	fill_task(table, &task);
}

static void print_file_users(const struct lock *lock)
{
	struct file_users users;

	file_users_find(&users, lock);
	printf("What keeps it: ");
	file_users_print(&users);
	printf(".\n");
}

/* For people: a sentence before the table that says who holds the lock. */
static void print_sentence(const struct snapshot *snapshot, const struct lock *lock)
{
	char space[SPACE_LABEL_SIZE], label[LOCK_LABEL_SIZE], held[DURATION_SIZE];
	struct task holder;

	printf("Lock %s of %s is ", lock_label(lock, label), space_label(lock->space, space));
	if (lock->info.flags & LOCKMGR_LOCK_IS_HELD) {
		lock_holder(lock, &holder);
		duration_text(held, duration_since(snapshot->now, lock->info.since));
		if (holder.pid)
			printf("held by process %d (%s) for %s", holder.pid, holder.name, held);
		else
			printf("held for %s by a process (%s) that has ended, or is not shown here",
			       held, holder.name);
	} else if (lock->info.flags & LOCKMGR_LOCK_IS_DIED) {
		printf("free; its last holder died without unlocking it");
	} else {
		printf("free");
	}
	if (lock->waiter_count)
		printf("; %zu wait%s for it", lock->waiter_count,
		       lock->waiter_count == 1 ? "s" : "");
	printf(".\n");
	if (lock->info.flags & LOCKMGR_LOCK_IS_HELD && !lock->info.pid)
		print_file_users(lock);
}

static void print(const struct snapshot *snapshot, const struct arguments *args)
{
	const struct lock *lock = &snapshot->locks[0];
	struct table *table;
	size_t i;

	if (table_is_for_people(args))
		print_sentence(snapshot, lock);
	table = table_new("tasks", columns, sizeof(columns) / sizeof(columns[0]), args);
	fill_holder(table, snapshot, lock);
	for (i = 0; i < lock->waiter_count; i++)
		fill_waiter(table, snapshot, lock, i);
	table_print(table);
}

static int run(const struct arguments *args)
{
	struct snapshot snapshot;
	uint32_t id;
	int status;

	if (!number_parse_id(args->command->name, args->words[1], &id))
		return STATUS_USAGE;

	status = snapshot_take_lock(&snapshot, args->words[0], id);
	if (!status)
		print(&snapshot, args);
	snapshot_free(&snapshot);
	return status;
}

const struct command command_who = {
	.name = "who",
	.synopsis = "SPACE ID",
	.summary = "show who holds a lock, and who waits for it, in order",
	.options = options,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.words_min = 2,
	.words_max = 2,
	.run = run,
};
