// SPDX-License-Identifier: GPL-2.0-only
/*
 * A coverage-guided fuzzer of the device's ioctls, with a model of the contract as its
 * oracle.  It needs root and the module.  If the kernel has KCOV, and the module is built
 * for it, coverage guides the fuzzer.
 *
 *	fuzz replay CASE...	run programs
 *	fuzz check CORPUS CASES	run all programs of two directories, and make up new
 *				ones for a while
 *	fuzz run CORPUS RESULTS	make up programs, beginning with a corpus; of those that
 *				reach more than the corpus, save the shortest to
 *				RESULTS/corpus; save those that go wrong to RESULTS/cases
 *	fuzz distil CORPUS TO	copy the programs that are needed to reach all that a
 *				corpus reaches
 *
 * Options, before these words: --seed N, --seconds N, --patience MILLISECONDS, --cpu N.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coverage.h"
#include "crew.h"
#include "execute.h"
#include "fuzz.h"

static uint64_t seed;
static double seconds = 20;
static int cpu;

static unsigned int tests;
static int failed;

static void report_test(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, name);
	fflush(stdout);
	failed |= !good;
}

static int replay(int count, char **paths)
{
	struct program program;
	int i;

	printf("1..%d\n", count);
	for (i = 0; i < count; i++)
		report_test(program_load(&program, paths[i]) && fuzz_replay(&program, paths[i]),
			    paths[i]);

	return failed;
}

static bool replay_corpus(const struct corpus *corpus, uint32_t from, const char *directory)
{
	bool good = true;
	char name[4096];
	uint32_t i;

	for (i = from; i < corpus->count; i++) {
		snprintf(name, sizeof(name), "program %u of %s", i - from, directory);
		if (fuzz_replay(corpus->programs[i], name))
			coverage_end();
		else
			good = false;
	}

	return good && corpus->count > from;
}

static void print_figures(const struct fuzz *run)
{
	printf("# seed %" PRIu64 ": %" PRIu64 " programs, %" PRIu64 " operations, %.0f a second\n",
	       run->seed, run->executions, run->operations, run->executions / run->seconds);
	printf("# %u edges%s, %u kinds of answers, %u programs in the corpus, %u disagreements\n",
	       coverage_edges(), coverage_is_guided() ? "" : " (the kernel has no KCOV)",
	       coverage_answers(), run->corpus->count, run->disagreements);
	fflush(stdout);
}

static int check(const char *corpus_directory, const char *cases)
{
	struct corpus corpus = { .count = 0 };
	struct fuzz run = { .seed = seed, .seconds = seconds, .corpus = &corpus };
	uint32_t first;
	bool good;

	printf("1..3\n");
	good = corpus_load(&corpus, corpus_directory);
	report_test(replay_corpus(&corpus, 0, corpus_directory) && good,
		    "model and kernel agree on the corpus");
	first = corpus.count;
	good = corpus_load(&corpus, cases);
	report_test(replay_corpus(&corpus, first, cases) && good,
		    "model and kernel agree on what was wrong once");
	fuzz(&run);
	print_figures(&run);
	report_test(!run.disagreements && run.executions,
		    "model and kernel agree on new programs");

	return failed;
}

static void make_directory(const char *parent, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", parent, name);
	if (mkdir(path, 0755) && errno != EEXIST)
		err(2, "%s", path);
}

/* Of the programs that reached more when they were new, those that still do after the shorter. */
static bool distil_new(const char *corpus_directory, const char *results)
{
	struct corpus old = { .count = 0 }, new = { .count = 0 };
	char from[4096], to[4096];

	snprintf(from, sizeof(from), "%s/new", results);
	snprintf(to, sizeof(to), "%s/corpus", results);
	if (!corpus_load(&old, corpus_directory) || !corpus_load(&new, from))
		return false;
	coverage_forget();
	replay_corpus(&old, 0, corpus_directory);

	return fuzz_distil(&new, to);
}

static int run_fuzzer(const char *corpus_directory, const char *results)
{
	struct corpus corpus = { .count = 0 };
	struct fuzz run = {
		.seed = seed, .seconds = seconds, .corpus = &corpus, .results = results
	};

	make_directory(results, "new");
	make_directory(results, "corpus");
	make_directory(results, "cases");
	if (!corpus_load(&corpus, corpus_directory))
		return 2;
	failed = corpus.count && !replay_corpus(&corpus, 0, corpus_directory);
	printf("# the corpus reaches %u edges, %u kinds of answers\n", coverage_edges(),
	       coverage_answers());
	fflush(stdout);
	fuzz(&run);
	print_figures(&run);
	if (!run.stuck && !distil_new(corpus_directory, results))
		return 2;

	return failed || run.disagreements;
}

static int distil(const char *from, const char *to)
{
	struct corpus corpus = { .count = 0 };

	return corpus_load(&corpus, from) && fuzz_distil(&corpus, to) ? 0 : 2;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "patience", required_argument, NULL, 'p' },
		{ "cpu", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	seed = now_ns();
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 'p':
			crew_patience = strtol(optarg, NULL, 0);
			break;
		case 'c':
			cpu = strtol(optarg, NULL, 0);
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	const char *what;

	read_options(argc, argv);
	argc -= optind;
	argv += optind;
	what = argc ? argv[0] : "";

	if (setgroups(0, NULL))
		err(2, "setgroups");
	coverage_init();
	/* Do this early: the less memory agents inherit, the faster they start. */
	crew_init(cpu);
	execute_init();
	if (!strcmp(what, "replay") && argc > 1)
		return replay(argc - 1, argv + 1);
	if (!strcmp(what, "check") && argc == 3)
		return check(argv[1], argv[2]);
	if (!strcmp(what, "run") && argc == 3)
		return run_fuzzer(argv[1], argv[2]);
	if (!strcmp(what, "distil") && argc == 3)
		return distil(argv[1], argv[2]);
	errx(2, "expected replay, check, run or distil; see the top of main.c");
}
