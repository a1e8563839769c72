/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making up programs, and changing those that exist.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "program.h"

/** Make up a random program. */
void generate(struct program *program, uint64_t *random);

/** Change a program at random; it may get parts of @other. */
void mutate(struct program *program, const struct program *other, uint64_t *random);

#endif /* GENERATE_H */
