// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the table row by row, and writes the results as JSON: one object for each figure, named
 * "what" if it is lockmgr's own, or else "what.peer".
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define TITLE_WIDTH	37
#define RESULTS_MAX	512
#define NOTES_MAX	32

/* A member that is not known is NAN or NULL. */
struct result {
	char name[64];
	const char *unit;
	const char *peer;
	double value;
	double ratio;
	double spread;
	struct target target;
};

static struct result results[RESULTS_MAX];
static size_t result_count;

static char notes[NOTES_MAX][128];
static size_t note_count;

/* The row that is being printed. */
static struct {
	char name[56];
	char title[64];
	const char *unit;
	const struct subject *own;
} row;

static struct result *add_result(const char *name, const char *peer, const char *unit)
{
	struct result *result = &results[result_count];

	if (result_count++ == RESULTS_MAX)
		fail("too many results");
	snprintf(result->name, sizeof(result->name), peer ? "%s.%s" : "%s", name, peer);
	result->unit = unit;
	result->peer = peer;
	result->value = NAN;
	result->ratio = NAN;
	result->spread = NAN;

	return result;
}

static void add_note(const char *peer, const char *note)
{
	if (note_count == NOTES_MAX)
		fail("too many notes");
	snprintf(notes[note_count++], sizeof(notes[0]), "%s, %s: %s", row.title, peer, note);
}

static bool is_met(const struct result *result)
{
	const double figure = result->peer ? result->ratio : result->value;

	return result->target.bound == AT_MOST ? figure <= result->target.limit :
						 figure >= result->target.limit;
}

/* How many decimals are significant. */
static int digits_of(double number)
{
	if (number < 2)
		return 3;
	return number < 100 ? 2 : 0;
}

static void print_number(double number, int width)
{
	if (isnan(number))
		printf(" %*s", width, "");
	else
		printf(" %*.*f", width, digits_of(number), number);
}

static void print_target(const struct result *result)
{
	printf("  at %s %.6g: %s", result->target.bound == AT_MOST ? "most" : "least",
	       result->target.limit, is_met(result) ? "met" : "MISSED");
}

static void print_result(const char *title, const char *who, const struct result *result)
{
	char spread_text[16] = "";

	if (!isnan(result->spread))
		snprintf(spread_text, sizeof(spread_text), "%.0f %%", 100 * result->spread);

	printf("%-*s %-13s", TITLE_WIDTH, title, who);
	print_number(result->value, 10);
	printf(" %-5s %6s", result->unit, spread_text);
	if (!isnan(result->ratio) || result->target.bound != NO_BOUND)
		print_number(result->ratio, 7);
	if (result->target.bound != NO_BOUND)
		print_target(result);
	printf("\n");
	fflush(stdout);
}

void report_own(const char *name, const char *title, const char *own, const char *unit,
		const struct subject *subject)
{
	struct result *result = add_result(name, NULL, unit);

	snprintf(row.name, sizeof(row.name), "%s", name);
	snprintf(row.title, sizeof(row.title), "%s", title);
	row.unit = unit;
	row.own = subject;

	result->value = median(subject);
	result->spread = spread(subject);
	print_result(title, own, result);
}

void report_peer(const char *peer, const struct subject *subject, struct target target)
{
	struct result *result;

	if (subject->missing) {
		printf("%-*s %-13s %10s\n", TITLE_WIDTH, "", peer, "-");
		add_note(peer, subject->missing);
		return;
	}

	result = add_result(row.name, peer, row.unit);
	result->value = median(subject);
	result->spread = spread(subject);
	result->ratio = ratio(row.own, subject);
	result->target = target;
	print_result("", peer, result);
}

void report_row(const char *name, const char *title, const char *unit,
		const struct rival *rivals, const struct subject *subjects, size_t count)
{
	size_t i;

	report_own(name, title, rivals[0].peer->name, unit, &subjects[0]);
	for (i = 1; i < count; i++)
		report_peer(rivals[i].peer->name, &subjects[i], rivals[i].target);
}

void report_value(const char *name, const char *title, const char *unit, double value,
		  struct target target)
{
	struct result *result = add_result(name, NULL, unit);

	result->value = value;
	result->target = target;
	print_result(title, "", result);
}

/* JSON has no NaN. */
static void write_number(FILE *file, const char *key, double number)
{
	if (isfinite(number))
		fprintf(file, ", \"%s\": %.6g", key, number);
	else
		fprintf(file, ", \"%s\": null", key);
}

static void write_result(FILE *file, const struct result *result)
{
	const bool aims = result->target.bound != NO_BOUND;

	fprintf(file, "  \"%s\": {\"unit\": \"%s\"", result->name, result->unit);
	if (result->peer)
		fprintf(file, ", \"peer\": \"%s\"", result->peer);
	else
		fprintf(file, ", \"peer\": null");
	write_number(file, "value", result->value);
	write_number(file, "ratio", result->ratio);
	write_number(file, "spread", result->spread);
	write_number(file, "target", aims ? result->target.limit : NAN);
	if (aims)
		fprintf(file, ", \"met\": %s}", is_met(result) ? "true" : "false");
	else
		fprintf(file, ", \"met\": null}");
}

static void write_json(const char *path)
{
	FILE *file = fopen(path, "we");
	size_t i;

	if (!file)
		fail("%s: %m", path);
	fprintf(file, "{\n");
	for (i = 0; i < result_count; i++) {
		write_result(file, &results[i]);
		fprintf(file, i + 1 < result_count ? ",\n" : "\n");
	}
	fprintf(file, "}\n");
	if (ferror(file) | fclose(file))
		fail("%s: %m", path);
}

void report_end(const char *json_path)
{
	size_t i;

	for (i = 0; i < note_count; i++)
		printf("- %s\n", notes[i]);
	write_json(json_path);
}
