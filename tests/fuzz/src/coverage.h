/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs have reached: steps between places in the module's code, if the kernel has
 * KCOV; and, on every kernel, kinds of answers that the model tells apart.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

/** Open the files of KCOV, if the kernel has it; once, before any agent starts. */
void coverage_init(void);

/** Whether the kernel reports places. */
bool coverage_is_guided(void);

/** The file with which an agent traces itself, or -1. */
int coverage_file(unsigned int process, unsigned int thread);

/** Call this when a program begins. */
void coverage_begin(void);

/** Call this when a thread begins to act. */
void coverage_reset(unsigned int process, unsigned int thread);

/** Call this when a thread has acted: note where it has been. */
void coverage_collect(unsigned int process, unsigned int thread);

/** Note a kind of answer. */
void coverage_note(uint64_t kind);

/** Call this when a program has ended; returns how much it reached that none did before. */
uint32_t coverage_end(void);

/** How many steps, and how many kinds of answers, all programs have reached. */
uint32_t coverage_edges(void);
uint32_t coverage_answers(void);

/** Forget what all programs have reached. */
void coverage_forget(void);

#endif /* COVERAGE_H */
