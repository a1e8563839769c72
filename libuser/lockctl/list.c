// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl list: who holds what, for how long, and who waits for it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "cycle.h"
#include "duration.h"
#include "file-users.h"
#include "memory.h"
#include "number.h"
#include "report.h"
#include "snapshot.h"
#include "table.h"

/* More waiters than this would make a cell too high; 'lockctl who' lists all. */
#define WAITERS_SHOWN	8

/* How many remarks on single locks to print; the table lists all locks. */
#define REMARKS_MAX	8

enum {
	OPTION_ALL = OPTION_OWN,
	OPTION_PID,
	OPTION_LONGER_THAN,
};

static const struct option_spec options[] = {
	OPTION_SPECS_TABLE,
	{ 'a', "all", NULL, "also list locks that are allocated, but not in use" },
	{ 'p', "pid", "PID", "only locks that this process holds or waits for" },
	{ 'l', "longer-than", "SECONDS", "only locks held or waited for longer; status 1 if any" },
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
	[SPACE]		= { "SPACE", "space", COLUMN_TREE,
		    "the lock's space" },
	[LOCK]		= { "LOCK", "lock", COLUMN_NUMBER,
		   "the lock's number" },
	[NOTE]		= { "NOTE", "note", COLUMN_NOTE,
		   "what the lock stands for" },
	[ALLOCATED]	= { "ALLOCATED", "allocated", COLUMN_BOOLEAN,
			"whether the id is allocated" },
	[STATE]		= { "STATE", "state", COLUMN_TEXT,
		    "held or free; for people also what is wrong" },
	[HOLDER]	= { "HELD BY", NULL, COLUMN_TEXT,
		     "the number and the name of the process that holds the lock" },
	[PROCESS]	= { NULL, "pid", COLUMN_NUMBER,
		      "the process that holds the lock" },
	[THREAD]	= { "THREAD", "tid", COLUMN_NUMBER,
		     "the thread that acquired it" },
	[HELD_FOR]	= { "HELD FOR", "held_seconds", COLUMN_DURATION,
		       "how long it has been held" },
	[WAITED_FOR]	= { NULL, "waited_seconds", COLUMN_DURATION,
			 "how long a waiter, in JSON, has waited" },
	[NAME]		= { NULL, "name", COLUMN_TEXT,
		   "the name of that thread" },
	[COMMAND]	= { "COMMAND", "command", COLUMN_COMMAND,
		      "the command of that process" },
	[PROCESS_STATE]	= { NULL, "process_state", COLUMN_TEXT,
			    "whether that process runs, sleeps, is stopped, ..." },
	[DEADLOCK]	= { NULL, "deadlock", COLUMN_BOOLEAN,
		       "whether the lock is part of a deadlock" },
	[POSSIBLE]	= { NULL, "possible_deadlock", COLUMN_BOOLEAN,
		       "whether it is part of a possible deadlock" },
	[DIED]		= { NULL, "holder_died", COLUMN_BOOLEAN,
		   "whether its last holder died" },
	[WAITERS]	= { NULL, "waiters", COLUMN_NUMBER,
		      "how many threads wait for it" },
	[WAITING]	= { "WAITING BEHIND IT", NULL, COLUMN_LINES,
		      "the processes that wait for it, the next in front" },
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

/**
 * struct view - which locks of a snapshot to show
 * @snapshot: the snapshot
 * @cycles: the cycles in it
 * @all: also locks that are not in use
 * @pid: only locks that this process holds or waits for; 0: all
 * @longer_than: only locks held or waited for longer than this, as it was typed; NULL: all
 * @longer_ns: the same in nanoseconds
 */
struct view {
	struct snapshot snapshot;
	struct cycles cycles;
	bool all;
	pid_t pid;
	const char *longer_than;
	uint64_t longer_ns;
};

static bool concerns(const struct lock *lock, pid_t pid)
{
	size_t i;

	if (is_held(lock) && lock->info.pid == pid)
		return true;
	for (i = 0; i < lock->waiter_count; i++)
		if (lock->waiters[i].pid == pid)
			return true;
	return false;
}

static bool lasts_longer(const struct lock *lock, uint64_t now, uint64_t ns)
{
	size_t i;

	if (is_held(lock) && duration_since(now, lock->info.since) > ns)
		return true;
	for (i = 0; i < lock->waiter_count; i++)
		if (duration_since(now, lock->waiters[i].since) > ns)
			return true;
	return false;
}

static bool is_shown(const struct view *view, const struct lock *lock)
{
	if (view->pid && !concerns(lock, view->pid))
		return false;
	if (view->longer_than && !lasts_longer(lock, view->snapshot.now, view->longer_ns))
		return false;
	return view->all || is_interesting(lock);
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

/* For people: one waiter per line, the first in front. */
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

/* Whether something has been printed after the table, so that no empty line is needed. */
static bool remarks_begun;

static void begin_remark(void)
{
	if (!remarks_begun)
		printf("\n");
	remarks_begun = true;
}

/*
 * What to do about a lock that is held; returns whether there was something to say.  Locks
 * that may be released in a moment come after those that will not.
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

/* For a lock whose holder's process has ended, or is in another PID namespace. */
static bool remark_on_unknown(const struct lock *lock)
{
	char space[SPACE_LABEL_SIZE], label[LOCK_LABEL_SIZE];
	struct file_users users;

	if (!is_held(lock) || lock->info.pid)
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
	printf("Lock %s of %s: its last holder died; the next one will learn that.\n",
	       lock_label(lock, label), space_label(lock->space, space));
	return true;
}

/* Print the remarks of one kind on the locks that are shown; at most @room, which shrinks. */
static void remark_on_each(const struct view *view, size_t *room,
			   bool (*remark)(const struct lock *lock))
{
	const struct snapshot *snapshot = &view->snapshot;
	size_t i;

	for (i = 0; i < snapshot->lock_count && *room; i++)
		if (is_shown(view, &snapshot->locks[i]) && remark(&snapshot->locks[i]))
			--*room;
}

static bool remark_on_stuck(const struct lock *lock)
{
	return is_held(lock) && remark_on_holder(lock, true);
}

static bool remark_on_slow(const struct lock *lock)
{
	return is_held(lock) && remark_on_holder(lock, false);
}

static void remark_on_locks(const struct view *view)
{
	size_t room = REMARKS_MAX;

	remark_on_each(view, &room, remark_on_stuck);
	remark_on_each(view, &room, remark_on_unknown);
	remark_on_each(view, &room, remark_on_dead);
	remark_on_each(view, &room, remark_on_slow);
}

static void remark_on_deadlocks(const struct view *view)
{
	const struct snapshot *snapshot = &view->snapshot;
	size_t i, locks = 0, possible = 0;

	for (i = 0; i < snapshot->lock_count; i++) {
		const struct lock *lock = &snapshot->locks[i];

		if (!is_shown(view, lock))
			continue;
		locks += !!(lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED);
		possible += is_possible(&view->cycles, lock);
	}
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

static void print_empty(const struct view *view)
{
	if (view->pid && view->longer_than)
		printf("Process %d has not held or waited for a lock longer than %s seconds.\n",
		       view->pid, view->longer_than);
	else if (view->pid)
		printf("Process %d holds no lock and waits for none.\n", view->pid);
	else if (view->longer_than)
		printf("No lock has been held or waited for longer than %s seconds.\n",
		       view->longer_than);
	else
		printf("No lock is held or waited for.\n");
}

/* For people: remarks on what the table does not show. */
static void print_remarks(const struct view *view, size_t shown)
{
	const size_t idle = view->snapshot.lock_count - shown;

	remarks_begun = !shown;
	if (!shown)
		print_empty(view);
	remark_on_deadlocks(view);
	remark_on_locks(view);
	if (!idle || view->pid || view->longer_than)
		return;
	begin_remark();
	printf("Allocated, but not in use: %zu more lock%s, which --all lists.\n", idle,
	       idle == 1 ? "" : "s");
}

/* Returns the number of locks shown. */
static size_t print(struct view *view, const struct arguments *args)
{
	const struct snapshot *snapshot = &view->snapshot;
	struct table *table;
	size_t i, shown = 0;

	cycles_find(&view->cycles, snapshot);
	table = table_new("locks", columns, sizeof(columns) / sizeof(columns[0]), args);
	for (i = 0; i < snapshot->lock_count; i++) {
		if (!is_shown(view, &snapshot->locks[i]))
			continue;
		fill(table, snapshot, &view->cycles, &snapshot->locks[i]);
		shown++;
	}
	table_print(table);
	if (table_is_for_people(args))
		print_remarks(view, shown);
	cycles_free(&view->cycles);
	return shown;
}

/* Returns 0, or the exit status after a message. */
static int parse(struct view *view, const struct arguments *args)
{
	const char *pid = args->options[OPTION_PID];
	uint64_t number = 0;

	view->all = option_given(args, OPTION_ALL);
	view->longer_than = args->options[OPTION_LONGER_THAN];
	if (pid && (!number_parse(pid, 10, INT_MAX, &number) || !number)) {
		report_usage(args->command->name, "invalid process number '%s'", pid);
		return STATUS_USAGE;
	}
	if (view->longer_than && !duration_parse(view->longer_than, &view->longer_ns)) {
		report_usage(args->command->name, "invalid time '%s': not a number of seconds",
			     view->longer_than);
		return STATUS_USAGE;
	}
	view->pid = number;
	return STATUS_OK;
}

static int run(const struct arguments *args)
{
	struct view view = { 0 };
	size_t shown = 0;
	int status;

	status = parse(&view, args);
	if (status)
		return status;
	status = snapshot_take(&view.snapshot, args->words[0], SNAPSHOT_ALL);
	if (!snapshot_is_useless(&view.snapshot, status))
		shown = print(&view, args);
	snapshot_free(&view.snapshot);
	return !status && view.longer_than && shown ? STATUS_NO : status;
}

const struct command command_list = {
	.name = "list",
	.synopsis = "[SPACE]",
	.summary = "show locks: who holds them, how long, who waits for them",
	.details = "Without SPACE: the locks of all spaces that you may read.\n"
		   "With --longer-than, the status is 1 if any lock is listed.",
	.options = options,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.words_max = 1,
	.run = run,
};
