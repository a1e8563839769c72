// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl watch: list the waiting threads, longest wait first, and repeat. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "duration.h"
#include "memory.h"
#include "number.h"
#include "report.h"
#include "snapshot.h"
#include "table.h"

#define INTERVAL_NS	2000000000ULL

/* Lines that are not rows: the ones above the table, and its headings. */
#define LINES_AROUND	4

/* For a terminal: move to the first line, and clear the screen. */
#define CLEAR		"\033[H\033[2J"

enum {
	OPTION_INTERVAL = OPTION_OWN,
	OPTION_COUNT,
};

static const struct option_spec options[] = {
	OPTION_SPECS_TABLE,
	{ 'i', "interval", "SECONDS", "time between two lists; default: 2" },
	{ 'c', "count", "N", "end after N tables" },
	{ 0 }
};

enum {
	WAITED,
	PROCESS,
	NAME,
	SPACE,
	LOCK,
	NOTE,
	HOLDER,
	HOLDER_NAME,
	HOLDER_STATE,
	HELD,
};

static const struct column columns[] = {
	[WAITED]	= { "WAITS FOR", "waited_seconds", COLUMN_DURATION,
		     "how long the thread has waited" },
	[PROCESS]	= { "PROCESS", "pid", COLUMN_NUMBER,
		      "the process that waits" },
	[NAME]		= { "NAME", "name", COLUMN_TEXT,
		   "the name of the thread that waits" },
	[SPACE]		= { "SPACE", "space", COLUMN_TEXT,
		    "the lock's space" },
	[LOCK]		= { "LOCK", "lock", COLUMN_NUMBER,
		   "the lock's number" },
	[NOTE]		= { "NOTE", "note", COLUMN_NOTE,
		   "what the lock stands for" },
	[HOLDER]	= { "HELD BY", "holder_pid", COLUMN_NUMBER,
		     "the process that holds the lock" },
	[HOLDER_NAME]	= { "NAME", "holder_name", COLUMN_TEXT,
			  "the name of the thread that acquired it" },
	[HOLDER_STATE]	= { "WHICH IS", "holder_state", COLUMN_TEXT,
			   "whether that process runs, sleeps, is stopped, ..." },
	[HELD]		= { "HELD FOR", "held_seconds", COLUMN_DURATION,
		   "how long the lock has been held" },
};

struct wait {
	const struct lock *lock;
	const struct lockmgr_waiter_info *waiter;
};

static int compare(const void *left, const void *right)
{
	const uint64_t a = ((const struct wait *)left)->waiter->since;
	const uint64_t b = ((const struct wait *)right)->waiter->since;

	return (a > b) - (a < b);
}

static struct wait *longest_first(const struct snapshot *snapshot, size_t *count)
{
	size_t i, j, room = 0;
	struct wait *waits = memory_grow(NULL, &room, 0, sizeof(*waits));

	*count = 0;
	for (i = 0; i < snapshot->lock_count; i++) {
		const struct lock *lock = &snapshot->locks[i];

		for (j = 0; j < lock->waiter_count; j++) {
			waits = memory_grow(waits, &room, *count, sizeof(*waits));
			waits[(*count)++] = (struct wait) { lock, &lock->waiters[j] };
		}
	}
	qsort(waits, *count, sizeof(*waits), compare);
	return waits;
}

static void fill_pid(struct table *table, size_t column, pid_t pid)
{
	if (pid)
		table_number(table, column, pid);
	else if (!table_is_json(table))
		table_text(table, column, "?");
}

static void fill_row(struct table *table, const struct snapshot *snapshot,
		     const struct wait *wait)
{
	const struct lock *lock = wait->lock;
	struct task task;

	table_row(table);
	waiter_task(wait->waiter, &task);
	table_duration(table, WAITED, duration_since(snapshot->now, wait->waiter->since));
	fill_pid(table, PROCESS, task.pid);
	table_text(table, NAME, "%s", task.name);
	table_space(table, SPACE, lock->space);
	table_number(table, LOCK, lock->info.id);
	table_note(table, NOTE, lock);
	if (!(lock->info.flags & LOCKMGR_LOCK_IS_HELD))
		return;

	lock_holder(lock, &task);
	fill_pid(table, HOLDER, task.pid);
	table_text(table, HOLDER_NAME, "%s", task.name);
	table_text(table, HOLDER_STATE, "%s%s", task_state(&task),
		   lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED ? ", deadlocked" : "");
	table_duration(table, HELD, duration_since(snapshot->now, lock->info.since));
	if (task_is_stuck(&task) || lock->info.flags & LOCKMGR_LOCK_IS_DEADLOCKED)
		table_alert(table);
}

/* How many rows fit on the terminal. */
static size_t rows_max(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    size.ws_row <= LINES_AROUND)
		return SIZE_MAX;
	return size.ws_row - LINES_AROUND;
}

static void print_summary(const struct snapshot *snapshot, size_t waits, size_t shown)
{
	size_t i, held = 0;

	for (i = 0; i < snapshot->lock_count; i++)
		held += !!(snapshot->locks[i].info.flags & LOCKMGR_LOCK_IS_HELD);
	printf("%zu lock%s held, %zu thread%s", held, held == 1 ? " is" : "s are", waits,
	       waits == 1 ? " waits" : "s wait");
	if (shown < waits)
		printf("; the %zu that waited longest:", shown);
	printf("\n");
}

static void print(const struct snapshot *snapshot, const struct arguments *args, bool first)
{
	const bool people = table_is_for_people(args);
	/* Asked for once: the terminal's size may change at any time. */
	const size_t room = rows_max();
	size_t i, count, shown;
	struct wait *waits = longest_first(snapshot, &count);
	struct table *table;

	shown = count < room ? count : room;
	table = table_new("waits", columns, sizeof(columns) / sizeof(columns[0]), args);
	for (i = 0; i < shown; i++)
		fill_row(table, snapshot, &waits[i]);

	if (people && isatty(STDOUT_FILENO))
		printf(CLEAR);
	else if (people && !first)
		printf("\n");
	if (people)
		print_summary(snapshot, count, shown);
	table_print(table);
	free(waits);
}

static int print_once(const struct arguments *args, bool first)
{
	struct snapshot snapshot;
	int status;

	status = snapshot_take(&snapshot, args->words[0], SNAPSHOT_IN_USE);
	if (!snapshot_is_useless(&snapshot, status))
		print(&snapshot, args, first);
	snapshot_free(&snapshot);
	return fflush(stdout) ? STATUS_OUTPUT : status;
}

/* Blocks the signals that end it, and SIGWINCH, which says that the terminal's size changed. */
static sigset_t block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGWINCH);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signals;
}

static int watch(const struct arguments *args, const struct timespec *interval, uint64_t count)
{
	const sigset_t signals = block_signals();
	uint64_t round = 0;
	int status, ended;

	do {
		status = print_once(args, !round);
		if (status || ++round == count)
			return status;
		ended = sigtimedwait(&signals, NULL, interval);
	} while (ended < 0 || ended == SIGWINCH);
	/* End the line in which the terminal shows ^C. */
	if (isatty(STDOUT_FILENO))
		printf("\n");
	return STATUS_OK;
}

static int run(const struct arguments *args)
{
	const char *interval = args->options[OPTION_INTERVAL];
	const char *times = args->options[OPTION_COUNT];
	uint64_t interval_ns = INTERVAL_NS, count = 0;
	struct timespec pause;

	if (interval && (!duration_parse(interval, &interval_ns) || !interval_ns)) {
		report_usage(args->command->name, "invalid interval '%s': not a number of seconds",
			     interval);
		return STATUS_USAGE;
	}
	if (times && (!number_parse(times, 10, UINT64_MAX, &count) || !count)) {
		report_usage(args->command->name, "invalid count '%s'", times);
		return STATUS_USAGE;
	}
	pause = duration_timespec(interval_ns);
	return watch(args, &pause, count);
}

const struct command command_watch = {
	.name = "watch",
	.synopsis = "[SPACE]",
	.summary = "show who waits, longest first, and repeat",
	.details = "Without SPACE: in all spaces that you may read. Ctrl-C ends it, with status 0.",
	.options = options,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.words_max = 1,
	.run = run,
};
