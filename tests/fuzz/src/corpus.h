/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that are worth keeping, in memory and as files NAME.case.
 */
#ifndef CORPUS_H
#define CORPUS_H

#include "program.h"

/**
 * struct corpus - programs
 * @count: how many
 * @programs: the programs, each allocated for only as many operations as it has
 */
struct corpus {
	uint32_t count;
	uint32_t room;
	struct program **programs;
};

void corpus_add(struct corpus *corpus, const struct program *program);

/** Add the programs of a directory, shortest first; false: one of them cannot be read. */
bool corpus_load(struct corpus *corpus, const char *directory);

/** A random program of the corpus, often one of the last; NULL if there is none. */
const struct program *corpus_pick(const struct corpus *corpus, uint64_t *random);

/** Write a program to a file named after its contents; false: that failed. */
bool corpus_save(const struct program *program, const char *directory, const char *comment);

#endif /* CORPUS_H */
