/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FUZZ_H
#define FUZZ_H

#include "corpus.h"

/**
 * struct fuzz - a run of the fuzzer
 * @seed: the seed of its random numbers
 * @seconds: how long it runs
 * @results: directory for what it finds: current (the programs that are running), new/
 *	(those that reach more) and cases/ (those that go wrong); NULL: keep nothing
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

/** Run a program on which model and kernel must agree; false: they do not; prints why. */
bool fuzz_replay(const struct program *program, const char *name);

/** Save to a directory only the programs that reach something that no earlier one reaches. */
bool fuzz_distil(const struct corpus *corpus, const char *directory);

#endif /* FUZZ_H */
