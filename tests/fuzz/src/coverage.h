/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs have reached: steps between places in the module's code, where the
 * kernel has KCOV, and kinds of answers that the model tells apart, everywhere.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

/** Open what there is to open; once, before there are agents. */
void coverage_init(void);

/** Whether the kernel tells places. */
bool coverage_is_guided(void);

/** The file with which an agent is to trace itself, or -1. */
int coverage_file(unsigned int process, unsigned int thread);

/** A program begins. */
void coverage_begin(void);

/** A thread begins to act. */
void coverage_reset(unsigned int process, unsigned int thread);

/** A thread has acted: note where it has been. */
void coverage_collect(unsigned int process, unsigned int thread);

/** Note a kind of answer. */
void coverage_note(uint64_t kind);

/** A program has ended: how much it has reached that none did before. */
uint32_t coverage_end(void);

/** The number of steps and of kinds of answers that have been reached by all. */
uint32_t coverage_edges(void);
uint32_t coverage_answers(void);

/** Forget all that has been reached. */
void coverage_forget(void);

#endif /* COVERAGE_H */
