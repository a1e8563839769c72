/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MINIMISE_H
#define MINIMISE_H

#include "program.h"

/** Whether a program still has what makes it interesting. */
typedef bool (*minimise_fn)(const struct program *program, void *data);

/**
 * minimise() - remove all operations and values that are not needed
 * @program: a program that is interesting
 * @is_interesting: returns whether a smaller one is interesting, too
 * @data: for @is_interesting
 *
 * Afterwards, removing any single thing that is left would make it uninteresting.
 */
void minimise(struct program *program, minimise_fn is_interesting, void *data);

#endif /* MINIMISE_H */
