// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the fuzzer's own parts; these need no module.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "minimise.h"
#include "model.h"
#include "random.h"

#define PROGRAMS 2000

static unsigned int tests;
static int failed;

static void report(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, name);
	failed |= !good;
}

static bool parse(struct program *program, const char *text)
{
	FILE *in = fmemopen((char *)text, strlen(text), "r");
	unsigned int line = program_parse(program, in);

	fclose(in);

	return !line;
}

static char *text_of(const struct program *program)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	program_print(out, program);
	fclose(out);

	return text;
}

static bool are_equal(const struct program *a, const struct program *b)
{
	return a->count == b->count && !memcmp(a->ops, b->ops, a->count * sizeof(a->ops[0]));
}

/* ------------------------------------------------------------------------
 * Text and random programs
 */

static void every_program_is_the_same_after_printing_and_parsing(void)
{
	struct program program, again;
	uint64_t random = 1;
	bool good = true;
	uint32_t i;

	for (i = 0; i < PROGRAMS && good; i++) {
		char *text;

		generate(&program, &random);
		mutate(&program, &program, &random);
		text = text_of(&program);
		good = parse(&again, text) && are_equal(&program, &again);
		if (!good)
			printf("# %s", text);
		free(text);
	}
	report(good, __func__);
}

static void what_is_no_operation_is_refused(void)
{
	static const char *const lines[] = {
		"0.0 open file",
		"0.0 open file=",
		"0.0 open file=4",
		"0.0 open file=-1",
		"0.0 open file=1x",
		"0.0 open mode=both",
		"0.0 opens",
		"0.0",
		"3.0 open",
		"0.2 open",
		"0 open",
		"open",
		"0.0 close id=1",
		"0.0 lock id=0x100000000",
		"0.0 lock flags=try+create",
	};
	struct program program;
	bool good = parse(&program, "# nothing\n\n0.0 open file=3 mode=rdonly\n");
	uint32_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!parse(&program, lines[i]))
			continue;
		printf("# accepted: %s\n", lines[i]);
		good = false;
	}
	report(good, __func__);
}

static void a_seed_gives_the_same_programs_again(void)
{
	uint64_t first = 7, second = 7, other = 8;
	struct program a, b, c;
	bool good = true, different = false;
	uint32_t i;

	for (i = 0; i < PROGRAMS; i++) {
		generate(&a, &first);
		generate(&b, &second);
		generate(&c, &other);
		good &= are_equal(&a, &b);
		different |= !are_equal(&a, &c);
	}
	report(good && different, __func__);
}

/* ------------------------------------------------------------------------
 * The minimiser
 */

/* Interesting is a lock of 3, followed by an unlock of 3. */
static bool locks_and_unlocks(const struct program *program, void *data)
{
	bool locked = false;
	uint32_t i;

	++*(uint32_t *)data;
	for (i = 0; i < program->count; i++) {
		const struct op *op = &program->ops[i];

		if (op->args[ARG_ID] != 3)
			continue;
		locked |= op->verb == VERB_LOCK;
		if (locked && op->verb == VERB_UNLOCK)
			return true;
	}

	return false;
}

static void the_minimiser_leaves_what_is_needed(void)
{
	struct program program, wanted;
	uint32_t calls = 0;
	bool good;

	good = parse(&program, "0.0 open\n0.0 lock id=2\n0.0 lock id=3 flags=try\n0.0 info\n"
			       "1.0 unlock id=3\n0.0 lock id=3\n"
			       "1.1 unlock id=3 file=2 flags=1\n0.0 close\n") &&
	       parse(&wanted, "0.0 lock id=3\n1.1 unlock id=3\n");
	minimise(&program, locks_and_unlocks, &calls);
	/* Either unlock may be the one that is left. */
	program.ops[1].process = 1;
	program.ops[1].thread = 1;
	report(good && calls && are_equal(&program, &wanted), __func__);
}

/* ------------------------------------------------------------------------
 * The model
 */

static bool run(struct model *model, const char *text, struct outcome *outcome)
{
	struct program program;
	uint32_t i;

	if (!parse(&program, text))
		return false;
	for (i = 0; i < program.count; i++) {
		model_apply(model, &program.ops[i], i + 1, outcome);
		if (outcome->skip)
			return false;
	}

	return true;
}

#define TWO_CLIENTS \
	"0.0 open\n0.0 attach flags=create\n1.0 open\n1.0 attach\n2.0 open\n2.0 attach\n"

static void the_next_in_the_model_is_who_came_first(void)
{
	static struct model model;
	struct outcome outcome;
	bool good;

	model_init(&model);
	good = run(&model, TWO_CLIENTS "0.0 lock id=1\n2.0 lock id=1\n1.0 lock id=1\n"
				       "0.0 unlock id=1\n",
		   &outcome);
	good &= outcome.done_count == 1 && outcome.done[0].process == 2;
	report(good && !outcome.done[0].result, __func__);
}

static void the_next_in_the_model_is_told_of_a_death(void)
{
	static struct model model;
	struct outcome outcome;
	bool good;

	model_init(&model);
	good = run(&model, TWO_CLIENTS "0.0 lock id=1\n1.0 lock id=1\n2.0 kill process=0\n",
		   &outcome);
	good &= outcome.done_count == 1 && outcome.done[0].process == 1;
	report(good && outcome.done[0].result == LOCKMGR_OWNER_DIED, __func__);
}

static void who_returns_in_the_model_has_its_place_again(void)
{
	static struct model model;
	struct outcome outcome;
	bool good;

	model_init(&model);
	good = run(&model, TWO_CLIENTS "0.0 lock id=1\n2.0 lock id=1\n1.0 lock id=1\n"
				       "0.0 signal process=2\n2.0 lock id=1 ticket=saved\n"
				       "0.0 unlock id=1\n",
		   &outcome);
	report(good && outcome.done_count == 1 && outcome.done[0].process == 2, __func__);
}

/* The ticket is of another lock, although a place with that number is free here. */
static void who_forges_in_the_model_queues_up_anew(void)
{
	static struct model model;
	struct outcome outcome;
	bool good;

	model_init(&model);
	good = run(&model, TWO_CLIENTS "0.0 lock id=1\n0.0 lock id=2\n2.0 lock id=2\n"
				       "0.0 signal process=2\n1.0 lock id=1\n"
				       "2.0 lock id=1 ticket=saved\n0.0 unlock id=1\n",
		   &outcome);
	report(good && outcome.done_count == 1 && outcome.done[0].process == 1, __func__);
}

static void the_model_sees_cycles(void)
{
	static struct model model;
	struct outcome outcome;
	bool good;

	model_init(&model);
	good = run(&model, "0.0 open\n0.0 attach flags=create\n1.0 open\n1.0 attach flags=detect\n"
			   "0.0 lock id=1\n1.0 lock id=2\n0.0 lock id=2\n1.0 lock id=1\n",
		   &outcome);
	report(good && !outcome.waits && outcome.result == -EDEADLK, __func__);
}

static void what_is_taken_in_memory_is_held(void)
{
	static struct model model;
	struct outcome outcome;
	bool good;

	model_init(&model);
	good = run(&model, TWO_CLIENTS "0.0 take id=1\n", &outcome);
	good &= outcome.result == -EFAULT;
	good &= run(&model, "0.0 lock id=2\n0.0 take id=1\n", &outcome) && !outcome.result;
	good &= run(&model, "1.0 lock id=1 flags=try\n", &outcome);
	good &= outcome.result == -EBUSY;
	good &= run(&model, "0.1 release id=1\n", &outcome) && !outcome.result;
	good &= run(&model, "1.0 lock id=1 flags=try\n", &outcome);
	report(good && !outcome.result, __func__);
}

static void what_others_wait_for_is_not_released_in_memory(void)
{
	static struct model model;
	struct outcome outcome;
	bool good;

	model_init(&model);
	good = run(&model, TWO_CLIENTS "0.0 lock id=1\n1.0 lock id=1\n0.0 release id=1\n",
		   &outcome);
	good &= outcome.result == -EAGAIN && !outcome.open;
	/* When nobody waits any more, the word may still be marked. */
	good &= run(&model, "0.0 signal process=1\n0.0 release id=1\n", &outcome);
	report(good && outcome.open, __func__);
}

static void nobody_waits_in_the_model_for_a_destroyed_lock(void)
{
	static struct model model;
	struct outcome outcome;
	bool good;

	model_init(&model);
	good = run(&model, TWO_CLIENTS "0.0 lock id=1\n0.0 scribble id=1 number=1\n", &outcome);
	good &= !run(&model, "1.0 lock id=2\n", &outcome);
	good &= run(&model, "1.0 lock id=1 flags=try\n", &outcome) && outcome.wild;
	good &= run(&model, "1.0 attach space=b flags=create\n", &outcome);
	report(good && !outcome.wild && outcome.result == -EISCONN, __func__);
}

int main(void)
{
	static void (*const functions[])(void) = {
		every_program_is_the_same_after_printing_and_parsing,
		what_is_no_operation_is_refused,
		a_seed_gives_the_same_programs_again,
		the_minimiser_leaves_what_is_needed,
		the_next_in_the_model_is_who_came_first,
		the_next_in_the_model_is_told_of_a_death,
		who_returns_in_the_model_has_its_place_again,
		who_forges_in_the_model_queues_up_anew,
		the_model_sees_cycles,
		what_is_taken_in_memory_is_held,
		what_others_wait_for_is_not_released_in_memory,
		nobody_waits_in_the_model_for_a_destroyed_lock,
	};
	uint32_t i;

	printf("1..%zu\n", sizeof(functions) / sizeof(functions[0]));
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		functions[i]();

	return failed;
}
