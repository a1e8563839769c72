/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether what a call has returned, and written, is what the model expects.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "encode.h"
#include "model.h"

/**
 * struct complaint - what is wrong
 * @text: empty: nothing
 */
struct complaint {
	char text[256];
};

/** Say what is wrong, unless something has been before. */
void complain(struct complaint *complaint, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Get to know the module's version, which is to stay the same; once. */
void judge_init(void);

/**
 * judge_command() - compare a command's answer
 * @model: after the operation
 * @op: the operation, which has returned
 * @outcome: what is expected
 * @letter: what it was given
 * @memo: of its thread; receives what later calls can pass on
 * @complaint: receives what is wrong
 */
void judge_command(struct model *model, const struct op *op, struct outcome *outcome,
		   const struct letter *letter, struct memo *memo,
		   struct complaint *complaint);

/** Compare what a lock call returns after it has waited. */
void judge_waiter(struct model *model, unsigned int process, unsigned int thread,
		  long expected, struct memo *memo, struct complaint *complaint);

/** Name a result. */
const char *result_name(long result);

/** How many entries the last list had; a kind of answer. */
extern uint32_t judge_listed;

#endif /* JUDGE_H */
