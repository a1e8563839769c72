// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl deadlocks: each cycle spelled out. */
#include <stdio.h>

#include "command.h"
#include "cycle.h"
#include "duration.h"
#include "report.h"
#include "table.h"

static const struct option_spec options[] = {
	OPTION_SPEC_JSON,
	OPTION_SPEC_NOHEADINGS,
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
	HELD_FOR,
	WAITED_SPACE,
	WAITED_LOCK,
	WAITED_FOR,
};

static const struct column columns[] = {
	[NUMBER]	= { NULL, "deadlock", COLUMN_NUMBER },
	[PROCESS]	= { NULL, "pid", COLUMN_NUMBER },
	[THREAD]	= { NULL, "tid", COLUMN_NUMBER },
	[NAME]		= { NULL, "name", COLUMN_TEXT },
	[COMMAND]	= { NULL, "command", COLUMN_TEXT },
	[HELD_SPACE]	= { NULL, "holds_space", COLUMN_TEXT },
	[HELD_LOCK]	= { NULL, "holds_lock", COLUMN_NUMBER },
	[HELD_FOR]	= { NULL, "held_seconds", COLUMN_DURATION },
	[WAITED_SPACE]	= { NULL, "waits_for_space", COLUMN_TEXT },
	[WAITED_LOCK]	= { NULL, "waits_for_lock", COLUMN_NUMBER },
	[WAITED_FOR]	= { NULL, "waited_seconds", COLUMN_DURATION },
};

static void fill_step(struct table *table, const struct snapshot *snapshot, size_t number,
		      const struct step *step)
{
	struct task task;

	waiter_task(step->waiter, &task);
	table_row(table);
	table_number(table, NUMBER, number);
	table_number(table, PROCESS, task.pid);
	table_number(table, THREAD, task.tid);
	table_text(table, NAME, "%s", task.name);
	table_text(table, COMMAND, "%s", task.command);
	table_space(table, HELD_SPACE, step->holds->space);
	table_number(table, HELD_LOCK, step->holds->info.id);
	table_duration(table, HELD_FOR, duration_since(snapshot->now, step->holds->info.since));
	table_space(table, WAITED_SPACE, step->waits_for->space);
	table_number(table, WAITED_LOCK, step->waits_for->info.id);
	table_duration(table, WAITED_FOR, duration_since(snapshot->now, step->waiter->since));
}

static void print_json(const struct cycles *cycles, const struct snapshot *snapshot,
		       const struct arguments *args)
{
	struct table *table = table_new("deadlocks", columns,
					sizeof(columns) / sizeof(columns[0]), args);
	size_t i, j;

	for (i = 0; i < cycles->count; i++)
		for (j = 0; j < cycles->cycles[i].count; j++)
			fill_step(table, snapshot, i + 1, &cycles->cycles[i].steps[j]);
	table_print(table);
}

/* A thread that is not the first of its process needs a number of its own. */
static void print_task(const struct task *task)
{
	if (task->pid == task->tid)
		printf("process %d (%s)", task->pid, task->name);
	else
		printf("thread %d (%s) of process %d", task->tid, task->name, task->pid);
}

static void print_step(const struct snapshot *snapshot, const struct step *step,
		       const struct step *next)
{
	char held[DURATION_SIZE], waited[DURATION_SIZE];
	char has[SPACE_LABEL_SIZE], wants[SPACE_LABEL_SIZE];
	struct task task, holder;

	waiter_task(step->waiter, &task);
	waiter_task(next->waiter, &holder);
	duration_text(held, duration_since(snapshot->now, step->holds->info.since));
	duration_text(waited, duration_since(snapshot->now, step->waiter->since));

	printf("  ");
	print_task(&task);
	printf("\n    holds lock %u of %s, for %s\n", step->holds->info.id,
	       space_label(step->holds->space, has), held);
	printf("    waits for lock %u of %s, for %s, which ", step->waits_for->info.id,
	       space_label(step->waits_for->space, wants), waited);
	if (step == next) {
		printf("it holds itself\n");
	} else {
		print_task(&holder);
		printf(" holds\n");
	}
}

static void print_cycle(const struct snapshot *snapshot, const struct cycle *cycle,
			size_t number)
{
	struct task task;
	size_t i;

	if (cycle->count == 1)
		printf("Deadlock %zu: a thread waits for itself.\n", number);
	else
		printf("Deadlock %zu: %zu threads wait for each other.\n", number, cycle->count);
	for (i = 0; i < cycle->count; i++)
		print_step(snapshot, &cycle->steps[i], &cycle->steps[(i + 1) % cycle->count]);

	waiter_task(cycle->steps[0].waiter, &task);
	printf("None of them can go on until one ends, for example by 'kill %d' (%s).\n",
	       task.pid, task.name);
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
		printf("There is no deadlock.\n");
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
	.summary = "spell out which threads wait for each other in a circle",
	.details = "Without SPACE: in all spaces that you may read, and across them.\n"
		   "The exit status is 1 if there is a deadlock.",
	.options = options,
	.words_max = 1,
	.run = run,
};
