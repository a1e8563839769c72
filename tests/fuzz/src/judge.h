/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparing what a call has returned and written with what the model expects.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "encode.h"
#include "model.h"

/**
 * struct complaint - what is wrong
 * @text: empty if nothing is wrong
 */
struct complaint {
	char text[256];
};

/** Say what is wrong, unless the complaint says something already. */
void complain(struct complaint *complaint, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Learn the module's version, which must stay the same; once. */
void judge_init(void);

/**
 * judge_command() - compare a command's answer with the model's
 * @model: the model after the operation
 * @op: the operation, which has returned
 * @outcome: what the model expects
 * @letter: what the call was given
 * @memo: that of its thread; receives what later calls can pass on
 * @complaint: receives what is wrong
 */
void judge_command(struct model *model, const struct op *op, struct outcome *outcome,
		   const struct letter *letter, struct memo *memo,
		   struct complaint *complaint);

/** Compare what a lock call returns after it has waited with what the model expects. */
void judge_waiter(struct model *model, unsigned int process, unsigned int thread,
		  long expected, struct memo *memo, struct complaint *complaint);

/** The name of a result. */
const char *result_name(long result);

/** How many entries the last list had; a kind of answer. */
extern uint32_t judge_listed;

#endif /* JUDGE_H */
