// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run of the fuzzer: make programs up, note them down, execute them, keep those that reach
 * something new, and minimise those that go wrong.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coverage.h"
#include "crew.h"
#include "execute.h"
#include "fuzz.h"
#include "generate.h"
#include "minimise.h"
#include "random.h"

/*
 * How many programs the fuzzer notes down in one go.  If the kernel dies, one of them did
 * it; writing each by itself would take longer than running it.
 */
#define BATCH		16

/* After this many disagreements, more are not worth the time. */
#define DISAGREEMENTS_MAX	8

/* In ms, while minimising: most of what the minimiser tries fails. */
#define SHORT_PATIENCE	2000

/* ------------------------------------------------------------------------
 * What is wrong
 */

static void print_complaint(const char *name, const struct execution *execution)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		err(2, "memory");
	op_print(out, &execution->at);
	fclose(out);
	printf("# %s: %s#   %s\n", name, text, execution->complaint.text);
	fflush(stdout);
	free(text);
}

bool fuzz_replay(const struct program *program, const char *name)
{
	struct execution execution;

	execute(program, &execution);
	if (execution.verdict == AGREED)
		return true;
	print_complaint(name, &execution);
	if (execution.verdict == STUCK)
		errx(3, "an agent neither continues nor can be killed");

	return false;
}

static bool disagrees_likewise(const struct program *program, void *verb)
{
	struct execution execution;

	execute(program, &execution);

	return execution.verdict == DISAGREED && execution.at.verb == *(enum verb *)verb;
}

/* Returns false if the program disagrees only together with others. */
static bool reduce(struct program *program, enum verb verb)
{
	const long patience = crew_patience;
	struct program smaller = *program;
	bool same;

	crew_patience = SHORT_PATIENCE;
	same = disagrees_likewise(&smaller, &verb);
	if (same)
		minimise(&smaller, disagrees_likewise, &verb);
	crew_patience = patience;
	if (same && disagrees_likewise(&smaller, &verb))
		*program = smaller;

	return same;
}

static void keep_case(const struct fuzz *fuzz, const struct program *program,
		      const char *complaint)
{
	char directory[4096], comment[512];

	program_print(stdout, program);
	fflush(stdout);
	if (!fuzz->results)
		return;
	snprintf(directory, sizeof(directory), "%s/cases", fuzz->results);
	snprintf(comment, sizeof(comment), "#\n# %s\n", complaint);
	corpus_save(program, directory, comment);
}

static void handle_disagreement(struct fuzz *fuzz, const struct program *program,
				const struct execution *execution)
{
	struct program smaller = *program;
	bool alone = false;

	fuzz->disagreements++;
	printf("# disagreement after %" PRIu64 " programs\n", fuzz->executions);
	print_complaint("first seen", execution);
	if (execution->verdict == STUCK)
		fuzz->stuck = true;
	else
		alone = reduce(&smaller, execution->at.verb);
	printf("# %s:\n", alone ? "minimised" : "not seen when run again by itself");
	keep_case(fuzz, &smaller, execution->complaint.text);
}

/* ------------------------------------------------------------------------
 * What is new
 */

static struct program only_used(const struct program *program, uint64_t used)
{
	struct program result = { .count = 0 };
	uint32_t i;

	for (i = 0; i < program->count; i++)
		if (used & 1ULL << i)
			result.ops[result.count++] = program->ops[i];

	return result;
}

static void keep_program(const struct fuzz *fuzz, const struct program *program)
{
	char directory[4096];

	corpus_add(fuzz->corpus, program);
	if (!fuzz->results)
		return;
	snprintf(directory, sizeof(directory), "%s/new", fuzz->results);
	corpus_save(program, directory, "");
}

static void run_one(struct fuzz *fuzz, const struct program *program)
{
	struct execution execution;
	struct program used;

	execute(program, &execution);
	fuzz->executions++;
	fuzz->operations += execution.executed;
	if (execution.verdict != AGREED) {
		handle_disagreement(fuzz, program, &execution);
		return;
	}
	if (!coverage_end())
		return;
	used = only_used(program, execution.used);
	keep_program(fuzz, &used);
}

/* ------------------------------------------------------------------------
 * The run
 */

static void make_up(const struct fuzz *fuzz, struct program *program, uint64_t *random)
{
	const struct program *parent = corpus_pick(fuzz->corpus, random);
	const struct program *other = corpus_pick(fuzz->corpus, random);

	if (!parent || one_in(random, 5)) {
		generate(program, random);
		return;
	}
	program->count = parent->count;
	memcpy(program->ops, parent->ops, parent->count * sizeof(parent->ops[0]));
	mutate(program, other, random);
}

/* Write to the host's disk: the notes must outlive this machine. */
static void note_down(int file, const struct program *batch)
{
	char *text;
	size_t size;
	FILE *out;
	int i;

	if (file < 0)
		return;
	out = open_memstream(&text, &size);
	if (!out)
		err(2, "memory");
	for (i = 0; i < BATCH; i++) {
		fprintf(out, "# program %d\n", i);
		program_print(out, &batch[i]);
	}
	fclose(out);
	if (pwrite(file, text, size, 0) != (ssize_t)size || ftruncate(file, size))
		err(2, "cannot note down the programs");
	free(text);
}

static int open_notes(const struct fuzz *fuzz)
{
	char path[4096];
	int file;

	if (!fuzz->results)
		return -1;
	snprintf(path, sizeof(path), "%s/current", fuzz->results);
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file < 0)
		err(2, "%s", path);

	return file;
}

static bool goes_on(const struct fuzz *fuzz, uint64_t end)
{
	return now_ns() < end && !fuzz->stuck && fuzz->disagreements < DISAGREEMENTS_MAX;
}

void fuzz(struct fuzz *fuzz)
{
	static struct program batch[BATCH];
	uint64_t random = fuzz->seed;
	uint64_t end = now_ns() + (uint64_t)(fuzz->seconds * 1e9);
	int notes = open_notes(fuzz), i;

	while (goes_on(fuzz, end)) {
		for (i = 0; i < BATCH; i++)
			make_up(fuzz, &batch[i], &random);
		note_down(notes, batch);
		for (i = 0; i < BATCH && goes_on(fuzz, end); i++)
			run_one(fuzz, &batch[i]);
	}
	/* No program runs any more. */
	if (notes >= 0 && ftruncate(notes, 0))
		err(2, "cannot note down the programs");
	if (notes >= 0)
		close(notes);
}

bool fuzz_distil(const struct corpus *corpus, const char *directory)
{
	struct execution execution;
	uint32_t i, kept = 0;

	for (i = 0; i < corpus->count; i++) {
		execute(corpus->programs[i], &execution);
		if (execution.verdict != AGREED || !coverage_end())
			continue;
		if (!corpus_save(corpus->programs[i], directory, ""))
			return false;
		kept++;
	}
	printf("# %u of %u programs are worth keeping\n", kept, corpus->count);

	return true;
}
