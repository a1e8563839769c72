// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delta debugging: leave out large parts first, then smaller ones, then single values, until
 * nothing more can go.
 */
#include <string.h>

#include "minimise.h"

static struct program without(const struct program *program, uint32_t from, uint32_t count)
{
	struct program smaller = *program;

	memmove(&smaller.ops[from], &smaller.ops[from + count],
		(program->count - from - count) * sizeof(smaller.ops[0]));
	smaller.count -= count;

	return smaller;
}

static bool remove_parts(struct program *program, uint32_t size, minimise_fn is_interesting,
			 void *data)
{
	bool removed = false;
	uint32_t from = 0;

	while (from < program->count) {
		uint32_t rest = program->count - from;
		struct program smaller = without(program, from, size < rest ? size : rest);

		if (is_interesting(&smaller, data)) {
			*program = smaller;
			removed = true;
		} else {
			from += size;
		}
	}

	return removed;
}

static bool reset_values(struct program *program, minimise_fn is_interesting, void *data)
{
	bool reset = false;
	uint32_t i;
	int arg;

	for (i = 0; i < program->count; i++) {
		struct op *op = &program->ops[i];
		struct op plain = op_new(op->verb, op->process, op->thread);

		for (arg = 0; arg < ARGS; arg++) {
			uint64_t value = op->args[arg];

			if (value == plain.args[arg])
				continue;
			op->args[arg] = plain.args[arg];
			if (is_interesting(program, data))
				reset = true;
			else
				op->args[arg] = value;
		}
	}

	return reset;
}

void minimise(struct program *program, minimise_fn is_interesting, void *data)
{
	bool smaller;
	uint32_t size;

	do {
		smaller = false;
		for (size = program->count / 2; size; size /= 2)
			smaller |= remove_parts(program, size, is_interesting, data);
		smaller |= reset_values(program, is_interesting, data);
	} while (smaller);
}
