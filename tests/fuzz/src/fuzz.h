/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FUZZ_H
#define FUZZ_H

#include "corpus.h"

/**
 * struct fuzz - a run of the fuzzer
 * @seed: of its random numbers
 * @seconds: how long it takes
 * @results: directory for what it finds: current (the programs being run), new/ (which
 *	reach more) and cases/ (which are wrong); NULL: keep nothing
 * @corpus: programs to begin with; receives those that reach more
 * @executions: receives how many programs it ran
 * @operations: receives how many of their operations made sense
 * @disagreements: receives how many of them the model disagreed with
 * @stuck: receives whether it gave up
 */
struct fuzz {
	uint64_t seed;
	double seconds;
	const char *results;
	struct corpus *corpus;
	uint64_t executions;
	uint64_t operations;
	uint32_t disagreements;
	bool stuck;
};

void fuzz(struct fuzz *fuzz);

/** Run a program that must agree; false: it does not, which is printed. */
bool fuzz_replay(const struct program *program, const char *name);

/** Save to a directory only the programs that reach what no earlier one has. */
bool fuzz_distil(const struct corpus *corpus, const char *directory);

#endif /* FUZZ_H */
