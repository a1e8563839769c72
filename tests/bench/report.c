// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table on the terminal, as it grows, and the results as JSON: one object for
 * each figure, named "what.peer", or "what" if it is lockmgr's own.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define TITLE_WIDTH	34
#define RESULTS_MAX	256
#define NOTES_MAX	32

/* What is not known is NAN, or NULL. */
struct result {
	char name[64];
	const char *unit;
	const char *peer;
	double value;
	double ratio;
	double target;
	double spread;
};

static struct result results[RESULTS_MAX];
static size_t result_count;

static char notes[NOTES_MAX][128];
static size_t note_count;

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
	result->target = NAN;
	result->spread = NAN;

	return result;
}

static void add_note(const char *title, const char *peer, const char *note)
{
	if (note_count == NOTES_MAX)
		fail("too many notes");
	snprintf(notes[note_count++], sizeof(notes[0]), "%s, %s: %s", title, peer, note);
}

static void print_number(double number, const char *suffix)
{
	if (isnan(number))
		printf(" %10s", "");
	else if (number < 100)
		printf(" %*.2f%s", 10 - (int)strlen(suffix), number, suffix);
	else
		printf(" %*.0f%s", 10 - (int)strlen(suffix), number, suffix);
}

void report_begin(void)
{
	size_t i;

	printf("%-*s", TITLE_WIDTH + 6, "");
	for (i = 0; i < PEERS; i++)
		printf(" %10s", peers[i]->name);
	printf("\n");
}

void report_row(const char *name, const char *title, const char *unit,
		const struct subject subjects[PEERS])
{
	double ratios[PEERS];
	size_t i;

	printf("%-*s %5s", TITLE_WIDTH, title, unit);
	for (i = 0; i < PEERS; i++) {
		struct result *result;

		ratios[i] = i ? ratio(&subjects[0], &subjects[i]) : NAN;
		if (subjects[i].missing) {
			printf(" %10s", "-");
			add_note(title, peers[i]->name, subjects[i].missing);
			continue;
		}
		print_number(median(&subjects[i]), "");
		if (!subjects[i].rounds)
			continue;
		result = add_result(name, peers[i]->name, unit);
		result->value = median(&subjects[i]);
		result->ratio = ratios[i];
		result->spread = spread(&subjects[i]);
	}

	printf("\n%*s", TITLE_WIDTH + 6, "lockmgr is so many times that");
	for (i = 0; i < PEERS; i++)
		print_number(ratios[i], "");
	printf("\n%*s", TITLE_WIDTH + 6, "spread");
	for (i = 0; i < PEERS; i++)
		print_number(100 * spread(&subjects[i]), " %");
	printf("\n");
	fflush(stdout);
}

void report_single(const char *name, const char *title, const char *unit,
		   const struct subject *subject)
{
	struct result *result = add_result(name, peers[0]->name, unit);

	result->value = median(subject);
	result->spread = spread(subject);
	printf("%-*s %5s", TITLE_WIDTH, title, unit);
	print_number(result->value, "");
	printf("\n%*s", TITLE_WIDTH + 6, "spread");
	print_number(100 * result->spread, " %");
	printf("\n");
	fflush(stdout);
}

static bool is_met(const struct result *result)
{
	return result->value <= result->target;
}

void report_target(const char *name, const char *title, const char *unit,
		   double value, double target)
{
	struct result *result = add_result(name, NULL, unit);

	result->value = value;
	result->target = target;
	printf("%-*s %5s", TITLE_WIDTH, title, unit);
	print_number(value, "");
	printf("   at most %g: %s\n", target, is_met(result) ? "met" : "MISSED");
	fflush(stdout);
}

/* JSON knows no NAN. */
static void write_number(FILE *file, const char *key, double number)
{
	if (isfinite(number))
		fprintf(file, ", \"%s\": %.6g", key, number);
	else
		fprintf(file, ", \"%s\": null", key);
}

static void write_result(FILE *file, const struct result *result)
{
	fprintf(file, "  \"%s\": {\"unit\": \"%s\"", result->name, result->unit);
	if (result->peer)
		fprintf(file, ", \"peer\": \"%s\"", result->peer);
	else
		fprintf(file, ", \"peer\": null");
	write_number(file, "value", result->value);
	write_number(file, "ratio", result->ratio);
	write_number(file, "spread", result->spread);
	write_number(file, "target", result->target);
	if (isnan(result->target))
		fprintf(file, ", \"met\": null}");
	else
		fprintf(file, ", \"met\": %s}", is_met(result) ? "true" : "false");
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

	if (note_count)
		printf("\n");
	for (i = 0; i < note_count; i++)
		printf("- %s\n", notes[i]);
	write_json(json_path);
}
