/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a program on the kernel and on the model side by side.
 */
#ifndef EXECUTE_H
#define EXECUTE_H

#include "judge.h"

enum verdict {
	AGREED,
	DISAGREED,
	/* A thread neither continues nor can be killed. */
	STUCK,
};

/**
 * struct execution - the outcome of a program
 * @verdict: whether model and kernel agree
 * @complaint: if not, what is wrong
 * @at: the operation after which they disagree; may be one of those that end it
 * @executed: how many operations made sense
 */
struct execution {
	enum verdict verdict;
	struct complaint complaint;
	struct op at;
	uint32_t executed;
	uint64_t used;		/* bit by bit: which operations made sense */
};

/** Prepare; once. */
void execute_init(void);

/**
 * execute() - run a program
 * @program: the program
 * @execution: receives the outcome
 *
 * Afterwards nothing of the program is left, and all agents work.
 */
void execute(const struct program *program, struct execution *execution);

#endif /* EXECUTE_H */
