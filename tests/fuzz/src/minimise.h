/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MINIMISE_H
#define MINIMISE_H

#include "program.h"

/** Whether a program still has what it is to keep. */
typedef bool (*minimise_fn)(const struct program *program, void *data);

/**
 * minimise() - take away all operations and values that are not needed
 * @program: a program that is interesting
 * @is_interesting: tells whether a smaller one is, too
 * @data: for @is_interesting
 *
 * None of what is left can be taken away by itself.
 */
void minimise(struct program *program, minimise_fn is_interesting, void *data);

#endif /* MINIMISE_H */
