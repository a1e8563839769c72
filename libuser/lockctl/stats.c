// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lockctl stats: print the counters that sysfs has for spaces; for people, as JSON, or as
 * text that Prometheus' node exporter reads.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "directory.h"
#include "memory.h"
#include "number.h"
#include "report.h"
#include "table.h"

#define SPACES	"/sys/class/misc/lockmgr/spaces"

enum {
	OPTION_PROMETHEUS = OPTION_OWN,
};

static const struct option_spec options[] = {
	OPTION_SPECS_TABLE,
	{ 'p', "prometheus", NULL, "print metrics for Prometheus" },
	{ 0 }
};

enum {
	SPACE,
	CONTENTIONS,
	HANDOFFS,
	HOLDER_DEATHS,
	DEADLOCKS,
	LONGEST_WAIT,
};

static const struct column columns[] = {
	[SPACE]		= { "SPACE", "space", COLUMN_TEXT,
		    "the name of the space" },
	[CONTENTIONS]	= { "CONTENTIONS", "contentions", COLUMN_NUMBER,
			  "how many calls waited" },
	[HANDOFFS]	= { "HANDOFFS", "handoffs", COLUMN_NUMBER,
		       "how many releases gave the lock to the first in the queue" },
	[HOLDER_DEATHS]	= { "HOLDER DEATHS", "holder_deaths", COLUMN_NUMBER,
			    "how many locks were held by a client that died or was closed" },
	[DEADLOCKS]	= { "DEADLOCKS", "deadlocks", COLUMN_NUMBER,
			"how many calls failed because their wait would have closed a cycle" },
	[LONGEST_WAIT]	= { "LONGEST WAIT", "longest_wait_seconds", COLUMN_DURATION,
			   "the longest of all waits that have ended" },
};

/**
 * struct counts - a space's counters in sysfs, which start at 0 when it is created
 */
struct counts {
	uint64_t contentions;
	uint64_t handoffs;
	uint64_t holder_deaths;
	uint64_t deadlocks;
	uint64_t longest_wait_ns;
};

/**
 * struct entry - a space and its counts
 */
struct entry {
	struct space_facts facts;
	struct counts counts;
};

/* Returns 0 or a negative errno. */
static int read_value(const struct space *space, const char *file, int base, uint64_t *value)
{
	char path[sizeof(SPACES) + SPACE_LABEL_SIZE + 64], text[32];
	char label[SPACE_LABEL_SIZE];
	FILE *stream;
	int ret = 0;

	snprintf(path, sizeof(path), SPACES "/%s/%s", space_full_name(space, label), file);
	stream = fopen(path, "re");
	if (!stream)
		return -errno;
	if (!fgets(text, sizeof(text), stream))
		ret = ferror(stream) ? -errno : -EIO;
	fclose(stream);
	if (ret)
		return ret;

	text[strcspn(text, "\n")] = '\0';
	return number_parse(text, base, UINT64_MAX, value) ? 0 : -EIO;
}

/* In another user namespace, or a moment later, the directory may be another space's. */
static int check_generation(const struct space_facts *facts)
{
	uint64_t generation;
	int ret;

	ret = read_value(&facts->space, "generation", 16, &generation);
	if (ret)
		return ret;
	return generation == facts->generation ? 0 : -ENOENT;
}

/* Returns 0 or a negative errno. */
static int read_counts(const struct space_facts *facts, struct counts *counts)
{
	const struct {
		const char *file;
		uint64_t *value;
	} values[] = {
		{ "stats/contentions", &counts->contentions },
		{ "stats/handoffs", &counts->handoffs },
		{ "stats/holder_deaths", &counts->holder_deaths },
		{ "stats/deadlocks", &counts->deadlocks },
		{ "stats/longest_wait_ns", &counts->longest_wait_ns },
	};
	size_t i;
	int ret;

	ret = check_generation(facts);
	for (i = 0; !ret && i < sizeof(values) / sizeof(values[0]); i++)
		ret = read_value(&facts->space, values[i].file, 10, values[i].value);
	return ret;
}

static int report_counts(int error, const struct space *space)
{
	char label[SPACE_LABEL_SIZE];

	/* sysfs has spaces of the initial IPC namespace only, by uids of the initial user's. */
	if (error != -ENOENT && error != -EACCES)
		return report_failure(error, "cannot read the statistics of space %s",
				      space_label(space, label));
	report("cannot read the statistics of space %s: they are in " SPACES
	       ", for those who may read the space in the initial IPC and user namespaces",
	       space_label(space, label));
	return STATUS_UNAVAILABLE;
}

/* Whether the space still exists: if not, having no counts is fine. */
static bool is_there(const struct space_facts *facts)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct lockmgr *mgr;
	bool there;

	if (space_attach(&facts->space, LOCKMGR_OPEN_READONLY, &mgr))
		return false;
	there = !lockmgr_info(mgr, &info) && info.generation == facts->generation;
	lockmgr_close(mgr);
	return there;
}

/* Returns the exit status; @entries receives those that could be read. */
static int read_entries(const struct space_facts *facts, size_t count, struct entry *entries,
			size_t *entry_count)
{
	int status, worst = STATUS_OK;
	size_t i;
	int ret;

	*entry_count = 0;
	for (i = 0; i < count; i++) {
		struct entry *entry = &entries[*entry_count];

		entry->facts = facts[i];
		ret = read_counts(&facts[i], &entry->counts);
		if (!ret) {
			++*entry_count;
		} else if (is_there(&facts[i])) {
			status = report_counts(ret, &facts[i].space);
			if (status)
				worst = status;
		}
	}
	return worst;
}

/* Reduce @facts to the space that was typed.  Returns 0, or the exit status after a message. */
static int select_space(const char *text, struct space_facts *facts, size_t *count)
{
	struct space space;
	struct lockmgr *mgr;
	int status;
	size_t i;

	status = space_attach_named(text, LOCKMGR_OPEN_READONLY, &space, &mgr);
	if (status)
		return status;
	lockmgr_close(mgr);
	for (i = 0; i < *count; i++)
		if (facts[i].space.owner == space.owner && !strcmp(facts[i].space.name, space.name))
			break;
	if (i == *count)
		return space_report_missing(text, &space, "read the statistics of");
	facts[0] = facts[i];
	*count = 1;
	return STATUS_OK;
}

static void print_table(const struct entry *entries, size_t count, const struct arguments *args)
{
	struct table *table;
	size_t i;

	table = table_new("spaces", columns, sizeof(columns) / sizeof(columns[0]), args);
	for (i = 0; i < count; i++) {
		const struct counts *counts = &entries[i].counts;

		table_row(table);
		table_space(table, SPACE, &entries[i].facts.space);
		table_number(table, CONTENTIONS, counts->contentions);
		table_number(table, HANDOFFS, counts->handoffs);
		table_number(table, HOLDER_DEATHS, counts->holder_deaths);
		table_number(table, DEADLOCKS, counts->deadlocks);
		table_duration(table, LONGEST_WAIT, counts->longest_wait_ns);
	}
	if (!count && table_is_for_people(args))
		printf("There is no space that you may read.\n");
	table_print(table);
}

/**
 * struct metric - a metric of each space
 * @name: in Prometheus' form: with its unit; counters end in _total
 * @type: counter or gauge
 * @help: what it is
 * @is_ns: whether the value is in nanoseconds, and is printed as seconds
 */
struct metric {
	const char *name;
	const char *type;
	const char *help;
	bool is_ns;
};

/* In the order in which values_of() fills in the values. */
static const struct metric metrics[] = {
	{ "lockmgr_space_capacity", "gauge", "Ids of the space.", false },
	{ "lockmgr_space_allocated", "gauge", "Ids that are allocated.", false },
	{ "lockmgr_space_held", "gauge", "Locks that are held.", false },
	{ "lockmgr_space_waiting", "gauge", "Threads that wait for a lock.", false },
	{ "lockmgr_space_clients", "gauge", "Open files attached to the space.", false },
	{ "lockmgr_space_contentions_total", "counter", "Calls that waited.",
	  false },
	{ "lockmgr_space_handoffs_total", "counter",
	  "Releases that gave the lock to the first in the queue.", false },
	{ "lockmgr_space_holder_deaths_total", "counter",
	  "Locks held by a client when it died or was closed.", false },
	{ "lockmgr_space_deadlocks_total", "counter",
	  "Calls that failed because their wait would have closed a cycle.", false },
	{ "lockmgr_space_longest_wait_seconds", "gauge", "Longest wait that has ended.", true },
};

#define METRIC_COUNT	(sizeof(metrics) / sizeof(metrics[0]))

static void values_of(const struct entry *entry, uint64_t values[METRIC_COUNT])
{
	const struct space_facts *facts = &entry->facts;
	const struct counts *counts = &entry->counts;
	const uint64_t all[] = {
		facts->capacity,
		facts->allocated,
		facts->held,
		facts->waiting,
		facts->clients,
		counts->contentions,
		counts->handoffs,
		counts->holder_deaths,
		counts->deadlocks,
		counts->longest_wait_ns,
	};

	static_assert(sizeof(all) / sizeof(all[0]) == METRIC_COUNT, "metrics");
	memcpy(values, all, sizeof(all));
}

/* Nothing in the name of a space needs quoting. */
static void print_sample(const struct metric *metric, const struct entry *entry, uint64_t value)
{
	printf("%s{space=\"%s\",uid=\"%u\"} ", metric->name, entry->facts.space.name,
	       entry->facts.space.owner);
	if (metric->is_ns)
		printf("%" PRIu64 ".%09" PRIu64 "\n", value / 1000000000, value % 1000000000);
	else
		printf("%" PRIu64 "\n", value);
}

static void print_metrics(const struct entry *entries, size_t count)
{
	uint64_t values[METRIC_COUNT];
	size_t i, j;

	for (i = 0; i < METRIC_COUNT; i++) {
		printf("# HELP %s %s\n# TYPE %s %s\n", metrics[i].name, metrics[i].help,
		       metrics[i].name, metrics[i].type);
		for (j = 0; j < count; j++) {
			values_of(&entries[j], values);
			print_sample(&metrics[i], &entries[j], values[i]);
		}
	}
}

static int print(const struct space_facts *facts, size_t count, const struct arguments *args)
{
	struct entry *entries = memory_resize(NULL, count, sizeof(*entries));
	size_t entry_count;
	int status;

	status = read_entries(facts, count, entries, &entry_count);
	if (status && !entry_count)
		;
	else if (option_given(args, OPTION_PROMETHEUS))
		print_metrics(entries, entry_count);
	else
		print_table(entries, entry_count, args);
	free(entries);
	return status;
}

static int run(const struct arguments *args)
{
	struct space_facts *facts;
	size_t count;
	int status;

	if (option_given(args, OPTION_PROMETHEUS) && option_given(args, OPTION_JSON)) {
		report_usage(args->command->name, "--prometheus and --json exclude each other");
		return STATUS_USAGE;
	}
	status = directory_read_all(&facts, &count);
	if (status)
		return status;
	if (args->words[0])
		status = select_space(args->words[0], facts, &count);
	if (!status)
		status = print(facts, count, args);
	free(facts);
	return status;
}

const struct command command_stats = {
	.name = "stats",
	.synopsis = "[SPACE]",
	.summary = "show counters of spaces: waits, handoffs, deaths, deadlocks",
	.details = "Without SPACE: in all spaces that you may read.",
	.options = options,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.words_max = 1,
	.run = run,
};
