/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making programs up, and making others of those that there are.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "program.h"

/** A program of nothing but chance. */
void generate(struct program *program, uint64_t *random);

/** Change a program; @other is one to borrow from. */
void mutate(struct program *program, const struct program *other, uint64_t *random);

#endif /* GENERATE_H */
