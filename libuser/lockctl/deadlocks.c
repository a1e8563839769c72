// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl deadlocks: print each cycle, step by step. */
#include <stdio.h>

#include "command.h"
#include "cycle.h"
#include "duration.h"
#include "report.h"
#include "table.h"

static const struct option_spec options[] = {
	OPTION_SPEC_JSON,
	{ 0 }
};

enum {
	NUMBER,
	PROCESS,
	THREAD,
	NAME,
	COMMAND,
	HELD_SPACE,
	HELD_LOCK,
	HELD_NOTE,
	HELD_FOR,
	WAITED_SPACE,
	WAITED_LOCK,
	WAITED_NOTE,
	WAITED_FOR,
	DESCENDANT,
	POSSIBLE,
};

static const struct column columns[] = {
	[NUMBER]	= { NULL, "deadlock", COLUMN_NUMBER, NULL },
	[PROCESS]	= { NULL, "pid", COLUMN_NUMBER, NULL },
	[THREAD]	= { NULL, "tid", COLUMN_NUMBER, NULL },
	[NAME]		= { NULL, "name", COLUMN_TEXT, NULL },
	[COMMAND]	= { NULL, "command", COLUMN_TEXT, NULL },
	[HELD_SPACE]	= { NULL, "holds_space", COLUMN_TEXT, NULL },
	[HELD_LOCK]	= { NULL, "holds_lock", COLUMN_NUMBER, NULL },
	[HELD_NOTE]	= { NULL, "holds_note", COLUMN_NOTE, NULL },
	[HELD_FOR]	= { NULL, "held_seconds", COLUMN_DURATION, NULL },
	[WAITED_SPACE]	= { NULL, "waits_for_space", COLUMN_TEXT, NULL },
	[WAITED_LOCK]	= { NULL, "waits_for_lock", COLUMN_NUMBER, NULL },
	[WAITED_NOTE]	= { NULL, "waits_for_note", COLUMN_NOTE, NULL },
	[WAITED_FOR]	= { NULL, "waited_seconds", COLUMN_DURATION, NULL },
	[DESCENDANT]	= { NULL, "descendant_pid", COLUMN_NUMBER, NULL },
	[POSSIBLE]	= { NULL, "possible", COLUMN_BOOLEAN, NULL },
};

/* The task of a step: the thread that waits, or the holder that may wait for the next one. */
static void step_task(const struct step *step, struct task *task)
{
	if (step->waiter)
		waiter_task(step->waiter, task);
	else
		lock_holder(step->holds, task);
}

static const struct step *step_after(const struct cycle *cycle, size_t place)
{
	return &cycle->steps[(place + 1) % cycle->count];
}

static void fill_step(struct table *table, const struct snapshot *snapshot, size_t number,
		      const struct cycle *cycle, size_t place)
{
	const struct step *step = &cycle->steps[place];
	struct task task;

	step_task(step, &task);
	table_row(table);
	table_number(table, NUMBER, number);
	table_number(table, PROCESS, task.pid);
	if (task.tid)
		table_number(table, THREAD, task.tid);
	table_text(table, NAME, "%s", task.name);
	table_text(table, COMMAND, "%s", task.command);
	table_boolean(table, POSSIBLE, cycle->possible);
	if (step->holds) {
		table_space(table, HELD_SPACE, step->holds->space);
		table_number(table, HELD_LOCK, step->holds->info.id);
		table_note(table, HELD_NOTE, step->holds);
		table_duration(table, HELD_FOR,
			       duration_since(snapshot->now, step->holds->info.since));
	}
	if (step->waits_for) {
		table_space(table, WAITED_SPACE, step->waits_for->space);
		table_number(table, WAITED_LOCK, step->waits_for->info.id);
		table_note(table, WAITED_NOTE, step->waits_for);
		table_duration(table, WAITED_FOR,
			       duration_since(snapshot->now, step->waiter->since));
	} else {
		table_number(table, DESCENDANT, step_after(cycle, place)->waiter->pid);
	}
}

static void print_json(const struct cycles *cycles, const struct snapshot *snapshot,
		       const struct arguments *args)
{
	struct table *table = table_new("deadlocks", columns,
					sizeof(columns) / sizeof(columns[0]), args);
	size_t i, j;

	for (i = 0; i < cycles->count; i++)
		for (j = 0; j < cycles->cycles[i].count; j++)
			fill_step(table, snapshot, i + 1, &cycles->cycles[i], j);
	table_print(table);
}

/* Names a thread by its own id unless it is the first of its process. */
static void print_task(const struct task *task)
{
	if (task->tid && task->pid != task->tid)
		printf("thread %d (%s) of process %d", task->tid, task->name, task->pid);
	else
		printf("process %d (%s)", task->pid, task->name);
}

static void print_wait(const struct snapshot *snapshot, const struct step *step,
		       const struct step *next)
{
	char space[SPACE_LABEL_SIZE], label[LOCK_LABEL_SIZE], waited[DURATION_SIZE];
	struct task holder;

	printf("    waits for lock %s of %s, for %s, which ", lock_label(step->waits_for, label),
	       space_label(step->waits_for->space, space),
	       duration_text(waited, duration_since(snapshot->now, step->waiter->since)));
	if (step == next) {
		printf("it holds itself\n");
		return;
	}
	step_task(next, &holder);
	print_task(&holder);
	printf(" holds\n");
}

static void print_step(const struct snapshot *snapshot, const struct step *step,
		       const struct step *next)
{
	char space[SPACE_LABEL_SIZE], label[LOCK_LABEL_SIZE], held[DURATION_SIZE];
	struct task task;

	step_task(step, &task);
	printf("  ");
	print_task(&task);
	printf("\n");
	if (step->holds)
		printf("    holds lock %s of %s, for %s\n", lock_label(step->holds, label),
		       space_label(step->holds->space, space),
		       duration_text(held, duration_since(snapshot->now, step->holds->info.since)));
	if (step->waits_for) {
		print_wait(snapshot, step, next);
	} else {
		printf("    is %s, waits for no lock, and is an ancestor of ",
		       task_state(&task));
		step_task(next, &task);
		print_task(&task);
		printf("\n");
	}
}

static void print_certain(const struct cycle *cycle, size_t number)
{
	if (cycle->count == 1)
		printf("Deadlock %zu: a thread waits for itself.\n", number);
	else
		printf("Deadlock %zu: %zu threads wait for each other.\n", number, cycle->count);
}

static void print_cycle(const struct snapshot *snapshot, const struct cycle *cycle,
			size_t number)
{
	struct task task;
	size_t i, victim = 0;

	if (cycle->possible)
		printf("Possible deadlock %zu: a holder may wait for a process that it started.\n",
		       number);
	else
		print_certain(cycle, number);
	for (i = 0; i < cycle->count; i++)
		print_step(snapshot, &cycle->steps[i], step_after(cycle, i));

	/* Suggest to kill one that waits for a lock: it has the least work to lose. */
	while (!cycle->steps[victim].waiter)
		victim++;
	waiter_task(cycle->steps[victim].waiter, &task);
	printf("%s can go on until one ends, for example by 'kill %d' (%s).\n",
	       cycle->possible ? "If it does, none of them" : "None of them", task.pid, task.name);
}

/* The waiter that has waited longest, and its lock; NULL: no thread waits. */
static const struct lockmgr_waiter_info *longest_wait(const struct snapshot *snapshot,
						      const struct lock **lock, size_t *count)
{
	const struct lockmgr_waiter_info *longest = NULL;
	size_t i, j;

	*count = 0;
	for (i = 0; i < snapshot->lock_count; i++) {
		for (j = 0; j < snapshot->locks[i].waiter_count; j++) {
			const struct lockmgr_waiter_info *waiter = &snapshot->locks[i].waiters[j];

			(*count)++;
			if (longest && longest->since <= waiter->since)
				continue;
			longest = waiter;
			*lock = &snapshot->locks[i];
		}
	}
	return longest;
}

/* Say what lockctl has checked: it cannot see every kind of wait. */
static void print_none(const struct snapshot *snapshot)
{
	char space[SPACE_LABEL_SIZE], label[LOCK_LABEL_SIZE], waited[DURATION_SIZE];
	const struct lockmgr_waiter_info *longest;
	const struct lock *lock;
	struct task task;
	size_t count;

	longest = longest_wait(snapshot, &lock, &count);
	if (!longest) {
		printf("No thread waits for a lock.\n");
		return;
	}
	printf("No deadlock was found through locks, or holders that wait for descendants.\n");
	waiter_task(longest, &task);
	printf("%zu thread%s; the longest wait is that of ", count,
	       count == 1 ? " waits" : "s wait");
	if (task.pid)
		print_task(&task);
	else
		printf("a process that is not shown here");
	printf(" for lock %s of %s: %s.\n", lock_label(lock, label),
	       space_label(lock->space, space),
	       duration_text(waited, duration_since(snapshot->now, longest->since)));
	if (!(lock->info.flags & LOCKMGR_LOCK_IS_HELD))
		return;
	lock_holder(lock, &task);
	if (task.pid) {
		printf("It is held by ");
		print_task(&task);
		printf(", which is %s.\n", task_state(&task));
	}
}

static void print(const struct cycles *cycles, const struct snapshot *snapshot)
{
	size_t i;

	for (i = 0; i < cycles->count; i++) {
		if (i)
			printf("\n");
		print_cycle(snapshot, &cycles->cycles[i], i + 1);
	}
	if (cycles->unexplained)
		printf("%s%zu lock%s in a deadlock with others that are not shown to you.\n",
		       cycles->count ? "\n" : "", cycles->unexplained,
		       cycles->unexplained == 1 ? " is" : "s are");
	else if (!cycles->count)
		print_none(snapshot);
	if (cycles->orphans && !cycles->count && !cycles->unexplained)
		printf("The ancestors of %zu waiting thread%s are not shown to you.\n",
		       cycles->orphans, cycles->orphans == 1 ? "" : "s");
}

/* Returns whether there is a deadlock. */
static bool look(const struct snapshot *snapshot, const struct arguments *args)
{
	struct cycles cycles;
	bool found;

	cycles_find(&cycles, snapshot);
	if (option_given(args, OPTION_JSON))
		print_json(&cycles, snapshot, args);
	else
		print(&cycles, snapshot);
	found = cycles.count || cycles.unexplained;
	cycles_free(&cycles);
	return found;
}

static int run(const struct arguments *args)
{
	struct snapshot snapshot;
	int status;

	status = snapshot_take(&snapshot, args->words[0], SNAPSHOT_IN_USE);
	if (!snapshot_is_useless(&snapshot, status) && look(&snapshot, args) && !status)
		status = STATUS_NO;
	snapshot_free(&snapshot);
	return status;
}

const struct command command_deadlocks = {
	.name = "deadlocks",
	.synopsis = "[SPACE]",
	.summary = "spell out which threads wait for each other in a cycle",
	.details = "Without SPACE: in all spaces that you may read, and across them. A holder\n"
		   "that is asleep and an ancestor of a waiter may wait for that to end: where this\n"
		   "would close a cycle, there is a possible deadlock.\n"
		   "The exit status is 1 if there is a deadlock, or may be one.",
	.options = options,
	.words_max = 1,
	.run = run,
};
