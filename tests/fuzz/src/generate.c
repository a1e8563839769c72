// SPDX-License-Identifier: GPL-2.0-only
/*
 * Most of a random program is plausible: pure chance would hardly get past the first check
 * of the first call.  So the model says which threads can act, and which files are open,
 * after the operations that are there already.
 */
#include <string.h>

#include <linux/lockmgr.h>

#include "generate.h"
#include "model.h"
#include "random.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* How often each verb comes up. */
static const uint8_t weights[VERBS] = {
	[VERB_OPEN] = 6,
	[VERB_CLOSE] = 6,
	[VERB_DUP] = 3,
	[VERB_SEND] = 3,
	[VERB_FORK] = 2,
	[VERB_KILL] = 2,
	[VERB_SPAWN] = 2,
	[VERB_SIGNAL] = 6,
	[VERB_BECOME] = 3,
	[VERB_VERSION] = 1,
	[VERB_ATTACH] = 8,
	[VERB_UNLINK] = 3,
	[VERB_CAPACITY] = 3,
	[VERB_INFO] = 2,
	[VERB_ALLOCATE] = 4,
	[VERB_ALLOCATE_ID] = 3,
	[VERB_RETRIEVE] = 2,
	[VERB_FREE] = 4,
	[VERB_FREE_ALL] = 1,
	[VERB_LOCK] = 22,
	[VERB_UNLOCK] = 8,
	[VERB_LIST_LOCKS] = 4,
	[VERB_LIST_WAITERS] = 4,
	[VERB_SET_NOTE] = 3,
	[VERB_ALLOCATE_NOTED] = 2,
	[VERB_ALLOCATE_ID_NOTED] = 2,
	[VERB_COMMAND] = 1,
	[VERB_RELOCK] = 3,
	[VERB_TAKE] = 10,
	[VERB_RELEASE] = 8,
	[VERB_SCRIBBLE] = 1,
};

/* ------------------------------------------------------------------------
 * Values
 */

/* One of these values, mostly one of the first. */
static uint64_t pick(uint64_t *random, const uint64_t *values, uint32_t count)
{
	uint32_t range = one_in(random, 3) ? count : (count + 1) / 2;

	return values[random_below(random, range)];
}

#define PICK(random, ...) \
	pick(random, (const uint64_t[]) { __VA_ARGS__ }, \
	     ARRAY_SIZE(((const uint64_t[]) { __VA_ARGS__ })))

static uint64_t random_size(uint64_t *random, enum verb verb)
{
	uint32_t native = model_native_size(verb);

	return PICK(random, native - 1, native + 8, 0, native + 1, 4096, 16383);
}

static uint64_t random_number(uint64_t *random, enum verb verb)
{
	uint32_t type = one_in(random, 3) ? LOCKMGR_IOC_MAGIC + 1 : LOCKMGR_IOC_MAGIC;
	uint32_t number = random_below(random, 4) ? 14 + random_below(random, 8) :
						    random_below(random, 256);

	/* Free, held by one of the first clients or by nobody, waited for, or nonsense. */
	if (verb == VERB_SCRIBBLE)
		return PICK(random, 1, 2, 0x80000001, 0x80000000, 0, 3, 0x40000000, 0x3fffffff,
			    0xc0000002, 0xffffffff);

	return _IOC(random_below(random, 4), type, number, random_below(random, 128));
}

static uint64_t random_value(enum arg arg, enum verb verb, uint64_t *random)
{
	switch (arg) {
	case ARG_NUMBER:
		return random_number(random, verb);
	case ARG_SIZE:
		return random_size(random, verb);
	case ARG_SURPLUS:
		return 1;
	case ARG_ATTACH_FLAGS:
		return PICK(random, 1, 1, 5, 9, 0, 8, 5, 4, 3, 7, 2, 16, 0x80000001);
	case ARG_OWNER:
	case ARG_GROUP:
		return PICK(random, LOCKMGR_ID_CALLER, 1001, 0, 1002, 1003);
	case ARG_MODE:
		return PICK(random, 0666, 0, 0660, 0640, 0606, 0200, 0400, 0777, 01000);
	case ARG_CAPACITY:
		return PICK(random, 4, 0, 2, 1, 300, 6, LOCKMGR_CAPACITY_MAX,
			    LOCKMGR_CAPACITY_MAX + 1, 0xffffffff);
	case ARG_TOKEN:
	case ARG_GENERATION:
		return PICK(random, 1, 0xffffffff);
	case ARG_RESERVED:
		return PICK(random, 1, 2);
	case ARG_ID:
		return PICK(random, 0, 0, 1, 1, 2, 3, 3, 5, 64, 256, 299,
			    LOCKMGR_CAPACITY_MAX - 1, LOCKMGR_CAPACITY_MAX, 0xffffffff);
	case ARG_FLAGS:
		return PICK(random, 1, 0x80000000);
	case ARG_LOCK_FLAGS:
		return PICK(random, LOCKMGR_LOCK_DEADLINE, LOCKMGR_LOCK_TRY, 3, 4, 5, 6, 8,
			    0x80000000);
	case ARG_ENTRY_SIZE:
		return PICK(random, 64, 72, 128, 4096, 56, 68, 4104, 0, 0xfffffff8);
	case ARG_COUNT:
		return PICK(random, 1, 2, 3, 17, 0, 0xffffffff);
	case ARG_NOTE:
		return PICK(random, NOTE_SHORT, NOTE_FULL, NOTE_CONTROL, NOTE_NONE, NOTE_ENDLESS,
			    NOTE_TAIL);
	case ARG_FILTER:
		return PICK(random, 7, 1, 2, 4, 6, 0, 8);
	default:
		return random_below(random, arg_end(arg));
	}
}

/* How many arguments of that kind there are for each one that differs from its default. */
static uint32_t rarity(enum arg arg)
{
	switch (arg) {
	case ARG_FILE:
	case ARG_TO:
	case ARG_PROCESS:
	case ARG_THREAD:
	case ARG_HOW:
	case ARG_WHO:
	case ARG_NUMBER:
	case ARG_ATTACH_FLAGS:
	case ARG_FILTER:
	case ARG_ID:
	case ARG_NOTE:
		return 1;
	case ARG_CAPACITY:
	case ARG_MODE:
	case ARG_COUNT:
	case ARG_CURSOR:
	case ARG_TICKET:
	case ARG_LOCK_FLAGS:
	case ARG_SPACE:
		return 3;
	case ARG_OPEN_MODE:
	case ARG_OWNER:
	case ARG_GROUP:
	case ARG_ENTRIES:
	case ARG_ENTRY_SIZE:
		return 6;
	case ARG_TOKEN:
	case ARG_GENERATION:
	case ARG_RESERVED:
	case ARG_FLAGS:
		return 60;
	default:
		return 30;
	}
}

/* If all values were random, two bad ones would hide a third. */
static void make_consistent(struct op *op, uint64_t *random)
{
	if ((op->verb == VERB_ALLOCATE || op->verb == VERB_ALLOCATE_NOTED) && !one_in(random, 30))
		op->args[ARG_ID] = 0;
	if (op->verb == VERB_LIST_LOCKS && !one_in(random, 30))
		op->args[ARG_ID] = 0;
	if (op->verb == VERB_LIST_WAITERS && !one_in(random, 30))
		op->args[ARG_FILTER] = 0;
	if (op->verb == VERB_LOCK) {
		if (op->args[ARG_LOCK_FLAGS] & LOCKMGR_LOCK_DEADLINE)
			op->args[ARG_DEADLINE] = random_below(random, DEADLINES);
		else if (!one_in(random, 30))
			op->args[ARG_DEADLINE] = DEADLINE_ZERO;
	}
	if (op->verb == VERB_ATTACH && op->args[ARG_SPACE] >= SPACES_GOOD && one_in(random, 2))
		op->args[ARG_SPACE] = SPACE_A;
}

static enum verb random_verb(uint64_t *random)
{
	uint32_t sum = 0, verb, at;

	for (verb = 0; verb < VERBS; verb++)
		sum += weights[verb];
	at = random_below(random, sum);
	for (verb = 0; at >= weights[verb]; verb++)
		at -= weights[verb];

	return verb;
}

/* ------------------------------------------------------------------------
 * Operations
 */

/* Choose a thread that can act. */
static bool choose_thread(const struct model *model, struct op *op, uint64_t *random)
{
	int tries;

	for (tries = 0; tries < 32; tries++) {
		op->process = random_below(random, PROCESSES);
		op->thread = random_below(random, THREADS);
		if (model->processes[op->process].alive &&
		    !model->processes[op->process].threads[op->thread].waits)
			return true;
	}

	return false;
}

/* Whether the file fits the verb: there must be none, or an unattached or an attached one. */
static bool fits(const struct model *model, enum verb verb, int client)
{
	if (verb == VERB_OPEN)
		return client == NONE;
	if (client == NONE)
		return false;
	if (verb == VERB_ATTACH)
		return model->clients[client].space == NONE;
	if (verb_is_in_memory(verb))
		return model->clients[client].page_count;
	if (verb_is_command(verb) && verb != VERB_VERSION && verb != VERB_UNLINK)
		return model->clients[client].space != NONE;

	return true;
}

static bool choose_file(const struct model *model, struct op *op, uint64_t *random)
{
	int tries;

	for (tries = 0; tries < 16; tries++) {
		uint32_t file = random_below(random, FILES);

		if (!fits(model, op->verb, model->processes[op->process].files[file]))
			continue;
		op->args[ARG_FILE] = file;
		return true;
	}

	return false;
}

/* Choose a thread that waits. */
static void choose_waiter(const struct model *model, struct op *op, uint64_t *random)
{
	int tries;

	for (tries = 0; tries < 16; tries++) {
		uint32_t process = random_below(random, PROCESSES);
		uint32_t thread = random_below(random, THREADS);

		if (!model->processes[process].threads[thread].waits)
			continue;
		op->args[ARG_PROCESS] = process;
		op->args[ARG_THREAD] = thread;
		return;
	}
}

/* Unlocking mostly names a lock that the caller holds, locking often one that is held. */
static void choose_held(struct model *model, struct op *op, uint64_t *random)
{
	const struct model_client *client = model_file(model, op);
	const struct model_space *space = client ? model_space_of(model, client) : NULL;
	bool any = op->verb == VERB_LOCK || op->verb == VERB_LIST_WAITERS;
	uint32_t i;

	if (!space || one_in(random, any ? 2 : 5))
		return;
	for (i = 0; i < space->lock_count; i++) {
		int holder = space->locks[i].client;

		if (holder != NONE && (any || holder == client - model->clients)) {
			op->args[ARG_ID] = space->locks[i].id;
			if (one_in(random, 2))
				return;
		}
	}
}

/* Mostly choose an id that is allocated, because only such an id can have a note. */
static void choose_allocated(struct model *model, struct op *op, uint64_t *random)
{
	const struct model_client *client = model_file(model, op);
	const struct model_space *space = client ? model_space_of(model, client) : NULL;

	if (space && space->id_count && !one_in(random, 5))
		op->args[ARG_ID] = space->ids[random_below(random, space->id_count)].id;
}

/* For operations in memory, mostly choose a record that is there. */
static void choose_page(struct model *model, struct op *op, uint64_t *random)
{
	const struct model_client *client = model_file(model, op);

	if (client && client->page_count && !one_in(random, 10))
		op->args[ARG_ID] = client->pages[random_below(random, client->page_count)] * 256 +
				   op->args[ARG_ID] % 256;
}

static struct op random_op(struct model *model, uint64_t *random)
{
	struct op op = op_new(random_verb(random), 0, 0);
	int arg;

	choose_thread(model, &op, random);
	for (arg = 0; arg < ARGS; arg++)
		if (verb_has(op.verb, arg) && one_in(random, rarity(arg)))
			op.args[arg] = random_value(arg, op.verb, random);
	make_consistent(&op, random);

	if (verb_has(op.verb, ARG_FILE) && !one_in(random, 40))
		choose_file(model, &op, random);
	if (op.verb == VERB_UNLOCK || op.verb == VERB_RELOCK || op.verb == VERB_LOCK ||
	    op.verb == VERB_LIST_WAITERS || op.verb == VERB_RELEASE)
		choose_held(model, &op, random);
	if (op.verb == VERB_SET_NOTE)
		choose_allocated(model, &op, random);
	if (op.verb == VERB_TAKE || op.verb == VERB_SCRIBBLE)
		choose_page(model, &op, random);
	if (op.verb == VERB_SIGNAL)
		choose_waiter(model, &op, random);

	return op;
}

/* ------------------------------------------------------------------------
 * Programs
 */

/* Add operations that make sense after those that are there. */
static void extend(struct program *program, struct model *model, uint32_t count,
		   uint64_t *random)
{
	struct outcome outcome;
	int tries;

	for (tries = 0; tries < 200 && program->count < count; tries++) {
		struct op op = random_op(model, random);

		model_apply(model, &op, 0, &outcome);
		if (!outcome.skip)
			program->ops[program->count++] = op;
	}
}

/* Open a few files in a few processes, and attach them to one or two spaces. */
static void set_scene(struct program *program, struct model *model, uint64_t *random)
{
	uint32_t files = 2 + random_below(random, 3), i;
	uint64_t space = random_below(random, SPACES_GOOD);
	uint64_t capacity = random_value(ARG_CAPACITY, VERB_ATTACH, random);
	struct outcome outcome;
	struct op op;

	for (i = 0; i < files; i++) {
		op = op_new(VERB_OPEN, random_below(random, PROCESSES),
			    random_below(random, THREADS));
		if (!choose_file(model, &op, random))
			continue;
		model_apply(model, &op, 0, &outcome);
		program->ops[program->count++] = op;

		op = op_new(VERB_ATTACH, op.process, op.thread);
		op.args[ARG_FILE] = program->ops[program->count - 1].args[ARG_FILE];
		op.args[ARG_SPACE] = one_in(random, 4) ? random_below(random, SPACES_GOOD) : space;
		op.args[ARG_ATTACH_FLAGS] = one_in(random, 3) ? 5 : 1;
		op.args[ARG_CAPACITY] = capacity;
		model_apply(model, &op, 0, &outcome);
		program->ops[program->count++] = op;
	}
}

void generate(struct program *program, uint64_t *random)
{
	static struct model model;

	model_init(&model);
	program->count = 0;
	if (!one_in(random, 10))
		set_scene(program, &model, random);
	extend(program, &model, 8 + random_below(random, 24), random);
}

static void remove_op(struct program *program, uint32_t at)
{
	memmove(&program->ops[at], &program->ops[at + 1],
		(--program->count - at) * sizeof(program->ops[0]));
}

static void insert_op(struct program *program, uint32_t at, const struct op *op)
{
	if (program->count == PROGRAM_MAX)
		return;
	memmove(&program->ops[at + 1], &program->ops[at],
		(program->count++ - at) * sizeof(program->ops[0]));
	program->ops[at] = *op;
}

static void change_arg(struct op *op, uint64_t *random)
{
	int arg, tries;

	for (tries = 0; tries < 64; tries++) {
		arg = random_below(random, ARGS);
		if (!verb_has(op->verb, arg))
			continue;
		op->args[arg] = one_in(random, 3) ?
					op_new(op->verb, 0, 0).args[arg] :
					random_value(arg, op->verb, random);
		return;
	}
}

/* Bring the model to its state after the first operations. */
static void replay(struct model *model, const struct program *program, uint32_t count)
{
	struct outcome outcome;
	uint32_t i;

	model_init(model);
	for (i = 0; i < count; i++)
		model_apply(model, &program->ops[i], 0, &outcome);
}

static void insert_random(struct program *program, uint64_t *random)
{
	static struct model model;
	uint32_t at = random_below(random, program->count + 1), count;

	replay(&model, program, at);
	for (count = 1 + random_below(random, 3); count; count--) {
		struct outcome outcome;
		struct op op = random_op(&model, random);

		model_apply(&model, &op, 0, &outcome);
		insert_op(program, at++, &op);
	}
}

/* Join the beginning of one program and the end of another. */
static void splice(struct program *program, const struct program *other, uint64_t *random)
{
	uint32_t i, from = random_below(random, other->count + 1);

	program->count = random_below(random, program->count + 1);
	for (i = from; i < other->count; i++)
		insert_op(program, program->count, &other->ops[i]);
}

static void cut_and_extend(struct program *program, uint64_t *random)
{
	static struct model model;
	uint32_t count = program->count / 2 + random_below(random, program->count / 2 + 1);

	program->count = count;
	replay(&model, program, count);
	count += 1 + random_below(random, 12);
	extend(program, &model, count < PROGRAM_MAX ? count : PROGRAM_MAX, random);
}

static void swap_thread(struct program *program, uint64_t *random)
{
	struct op *op = &program->ops[random_below(random, program->count)];

	op->process = random_below(random, PROCESSES);
	op->thread = random_below(random, THREADS);
}

static void mutate_once(struct program *program, const struct program *other,
			uint64_t *random)
{
	uint32_t at = random_below(random, program->count ? program->count : 1);
	struct op op = program->ops[at];

	switch (program->count ? random_below(random, 10) : 0) {
	case 0:
	case 1:
		insert_random(program, random);
		break;
	case 2:
	case 3:
		change_arg(&program->ops[at], random);
		break;
	case 4:
		remove_op(program, at);
		break;
	case 5:
		insert_op(program, random_below(random, program->count + 1), &op);
		break;
	case 6:
		splice(program, other, random);
		break;
	case 7:
		swap_thread(program, random);
		break;
	default:
		cut_and_extend(program, random);
	}
}

void mutate(struct program *program, const struct program *other, uint64_t *random)
{
	uint32_t count = 1 + random_below(random, 4);

	while (count--)
		mutate_once(program, other, random);
}
