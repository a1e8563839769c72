// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl graph: print who waits for whom as a graph for Graphviz. */
#include <stdio.h>

#include "command.h"
#include "cycle.h"
#include "duration.h"
#include "report.h"
#include "snapshot.h"

enum {
	OPTION_ALL,
};

static const struct option_spec options[] = {
	{ 'a', "all", NULL, "also draw locks that nobody waits for" },
	{ 0 }
};

/* Escape text for a quoted string of Graphviz; text_clean() has escaped the rest. */
static void print_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

/* Name the node of a thread by its id; if that is not shown, by lock and place in the queue. */
static void print_node(const struct lock *lock, pid_t tid, size_t place)
{
	char label[SPACE_LABEL_SIZE];

	if (tid)
		printf("\"thread %d\"", tid);
	else
		printf("\"%s %u %zu\"", space_full_name(lock->space, label), lock->info.id, place);
}

static void print_lock_node(const struct lock *lock)
{
	char label[SPACE_LABEL_SIZE];

	printf("\"%s %u\"", space_full_name(lock->space, label), lock->info.id);
}

static void print_thread(const struct lock *lock, size_t place, const struct task *task)
{
	printf("\t");
	print_node(lock, task->tid, place);
	printf(" [label=\"");
	print_quoted(task->name);
	if (task->pid)
		printf("\\nprocess %d", task->pid);
	if (task->tid != task->pid)
		printf("\\nthread %d", task->tid);
	if (task_is_stuck(task))
		printf("\\n%s\", style=filled, fillcolor=orange];\n", task_state(task));
	else
		printf("\"];\n");
}

static const char *edge_colour(bool deadlock)
{
	return deadlock ? ", color=red, penwidth=2" : "";
}

static void print_holder(const struct snapshot *snapshot, const struct lock *lock)
{
	char held[DURATION_SIZE];
	struct task task;

	lock_holder(lock, &task);
	print_thread(lock, 0, &task);
	printf("\t");
	print_lock_node(lock);
	printf(" -> ");
	print_node(lock, task.tid, 0);
	printf(" [label=\"held for %s\"%s];\n",
	       duration_text(held, duration_since(snapshot->now, lock->info.since)),
	       edge_colour(lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED));
}

static void print_waiter(const struct snapshot *snapshot, const struct lock *lock, size_t place)
{
	const struct lockmgr_waiter_info *waiter = &lock->waiters[place];
	char waited[DURATION_SIZE];
	struct task task;

	waiter_task(waiter, &task);
	print_thread(lock, place + 1, &task);
	printf("\t");
	print_node(lock, task.tid, place + 1);
	printf(" -> ");
	print_lock_node(lock);
	printf(" [label=\"waits for %s\", style=dashed%s];\n",
	       duration_text(waited, duration_since(snapshot->now, waiter->since)),
	       edge_colour(waiter->flags & LOCKMGR_WAITER_IS_DEADLOCKED));
}

static void print_lock(const struct snapshot *snapshot, const struct lock *lock)
{
	char label[SPACE_LABEL_SIZE], note[NOTE_LABEL_SIZE];
	size_t i;

	printf("\t");
	print_lock_node(lock);
	printf(" [shape=box, label=\"lock %u of %s", lock->info.id,
	       space_label(lock->space, label));
	if (*lock->info.note) {
		printf("\\n");
		print_quoted(lock_note(lock, note));
	}
	printf("\"];\n");
	if (lock->info.flags & LOCKMGR_LOCK_IS_HELD)
		print_holder(snapshot, lock);
	for (i = 0; i < lock->waiter_count; i++)
		print_waiter(snapshot, lock, i);
}

/* An edge from a holder to the descendant that it may wait for. */
static void print_descent(const struct step *step, const struct step *next)
{
	printf("\t");
	print_node(step->holds, step->holds->info.tid, 0);
	printf(" -> ");
	print_node(next->waits_for, next->waiter->tid, 0);
	printf(" [label=\"ancestor of\", style=dotted, color=orange, penwidth=2];\n");
}

static void print_descents(const struct snapshot *snapshot)
{
	struct cycles cycles;
	size_t i, j;

	cycles_find(&cycles, snapshot);
	for (i = 0; i < cycles.count; i++)
		for (j = 0; j < cycles.cycles[i].count; j++)
			if (!cycles.cycles[i].steps[j].waiter)
				print_descent(&cycles.cycles[i].steps[j],
					      &cycles.cycles[i].steps[j + 1]);
	cycles_free(&cycles);
}

static void print(const struct snapshot *snapshot, bool all)
{
	size_t i;

	printf("digraph locks {\n\trankdir=LR;\n\tnode [fontname=\"sans-serif\"];\n"
	       "\tedge [fontname=\"sans-serif\"];\n");
	for (i = 0; i < snapshot->lock_count; i++)
		if (snapshot->locks[i].waiter_count || all)
			print_lock(snapshot, &snapshot->locks[i]);
	print_descents(snapshot);
	printf("}\n");
}

static int run(const struct arguments *args)
{
	struct snapshot snapshot;
	int status;

	status = snapshot_take(&snapshot, args->words[0], SNAPSHOT_IN_USE);
	if (!snapshot_is_useless(&snapshot, status))
		print(&snapshot, option_given(args, OPTION_ALL));
	snapshot_free(&snapshot);
	return status;
}

const struct command command_graph = {
	.name = "graph",
	.synopsis = "[SPACE]",
	.summary = "print who waits for whom as a graph, for Graphviz",
	.details = "Without SPACE: all spaces that you may read. To see it:\n"
		   "  lockctl graph | dot -Tsvg >locks.svg",
	.options = options,
	.words_max = 1,
	.run = run,
};
