// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs as text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/lockmgr.h>

#include "program.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define BIT(arg)		(1ULL << (arg))

const struct persona personas[WHOS] = {
	[WHO_ROOT]	= { 0, 0, 0 },
	[WHO_ALICE]	= { 1001, 1001, 0 },
	[WHO_BOB]	= { 1002, 1002, 0 },
	[WHO_CAROL]	= { 1003, 1003, 1001 },
};

/* ------------------------------------------------------------------------
 * What programs can say
 */

/* How a struct is passed; every command has these. */
#define STRUCT	(BIT(ARG_FILE) | BIT(ARG_SIZE) | BIT(ARG_MEMORY) | BIT(ARG_SURPLUS))
#define ID_ONLY	(STRUCT | BIT(ARG_ID))
#define ID	(ID_ONLY | BIT(ARG_FLAGS))
#define LIST	(ID_ONLY | BIT(ARG_ENTRIES) | BIT(ARG_ENTRY_SIZE) | BIT(ARG_COUNT) | LIST_FROM)
#define LIST_FROM (BIT(ARG_CURSOR) | BIT(ARG_FILTER))
#define SPACE	(STRUCT | BIT(ARG_SPACE) | BIT(ARG_OWNER))
#define ATTACH	(SPACE | BIT(ARG_ATTACH_FLAGS) | BIT(ARG_GROUP) | BIT(ARG_MODE) | ATTACH_REST)
#define ATTACH_REST (BIT(ARG_CAPACITY) | BIT(ARG_TOKEN) | BIT(ARG_GENERATION) | BIT(ARG_RESERVED))
#define LOCK	(ID_ONLY | BIT(ARG_LOCK_FLAGS) | BIT(ARG_DEADLINE) | BIT(ARG_TICKET))

#define NOTE	(ID | BIT(ARG_NOTE))

static const struct {
	const char *name;
	uint64_t args;
} verbs[VERBS] = {
	[VERB_OPEN]		= { "open", BIT(ARG_FILE) | BIT(ARG_OPEN_MODE) },
	[VERB_CLOSE]		= { "close", BIT(ARG_FILE) },
	[VERB_DUP]		= { "dup", BIT(ARG_FILE) | BIT(ARG_TO) },
	[VERB_SEND]		= { "send", BIT(ARG_FILE) | BIT(ARG_PROCESS) | BIT(ARG_TO) },
	[VERB_FORK]		= { "fork", BIT(ARG_PROCESS) },
	[VERB_KILL]		= { "kill", BIT(ARG_PROCESS) },
	[VERB_SPAWN]		= { "spawn", BIT(ARG_PROCESS) },
	[VERB_SIGNAL]		= { "signal", BIT(ARG_PROCESS) | BIT(ARG_THREAD) | BIT(ARG_HOW) },
	[VERB_BECOME]		= { "become", BIT(ARG_WHO) },
	[VERB_VERSION]		= { "version", STRUCT },
	[VERB_ATTACH]		= { "attach", ATTACH },
	[VERB_UNLINK]		= { "unlink", SPACE | BIT(ARG_FLAGS) },
	[VERB_CAPACITY]		= { "capacity", STRUCT | BIT(ARG_CAPACITY) | BIT(ARG_FLAGS) },
	[VERB_INFO]		= { "info", STRUCT },
	[VERB_ALLOCATE]		= { "allocate", ID },
	[VERB_ALLOCATE_ID]	= { "allocate_id", ID },
	[VERB_RETRIEVE]		= { "retrieve", ID },
	[VERB_FREE]		= { "free", ID },
	[VERB_FREE_ALL]		= { "free_all", STRUCT | BIT(ARG_FLAGS) | BIT(ARG_RESERVED) },
	[VERB_LOCK]		= { "lock", LOCK },
	[VERB_UNLOCK]		= { "unlock", ID },
	[VERB_LIST_LOCKS]	= { "list_locks", LIST },
	[VERB_LIST_WAITERS]	= { "list_waiters", LIST },
	[VERB_SET_NOTE]		= { "set_note", NOTE },
	[VERB_ALLOCATE_NOTED]	= { "allocate_noted", NOTE },
	[VERB_ALLOCATE_ID_NOTED] = { "allocate_id_noted", NOTE },
	[VERB_COMMAND]		= { "command", BIT(ARG_FILE) | BIT(ARG_NUMBER) | BIT(ARG_MEMORY) },
	[VERB_RELOCK]		= { "relock", BIT(ARG_FILE) | BIT(ARG_ID) },
	[VERB_TAKE]		= { "take", BIT(ARG_FILE) | BIT(ARG_ID) },
	[VERB_RELEASE]		= { "release", BIT(ARG_FILE) | BIT(ARG_ID) },
	[VERB_SCRIBBLE]		= { "scribble", BIT(ARG_FILE) | BIT(ARG_ID) | BIT(ARG_NUMBER) },
};

/* The named values of an argument. */
struct symbols {
	const char *names[12];
	bool bits;	/* the names are of bits, which can be combined */
};

static const struct symbols open_modes = { { "rdwr", "rdonly", "wronly", "neither" }, false };
static const struct symbols hows = { { "eintr", "restart" }, false };
static const struct symbols whos = { { "root", "alice", "bob", "carol" }, false };
static const struct symbols memories = {
	{ "good", "null", "kernel", "nowhere", "hole", "readonly", "edge" }, false
};
static const struct symbols space_names = {
	{ "a", "b", "long", "empty", "dot", "endless", "slash", "tail", "high" }, false
};
static const struct symbols notes = {
	{ "none", "short", "control", "full", "endless", "tail" }, false
};
static const struct symbols deadlines = {
	{ "zero", "past", "near", "far", "max", "negative" }, false
};
static const struct symbols tickets = { { "none", "saved", "one", "max", "other" }, false };
static const struct symbols cursors = { { "begin", "last", "end" }, false };
static const struct symbols attach_flags = { { "create", "excl", "detect", "ends" }, true };
static const struct symbols lock_flags = { { "try", "deadline", "interruptible" }, true };
static const struct symbols filters = { { "allocated", "held", "waited", "died" }, true };

static const struct {
	const char *name;
	const struct symbols *symbols;
	uint64_t initial;
} args[ARGS] = {
	[ARG_FILE]		= { "file", NULL, 0 },
	[ARG_TO]		= { "to", NULL, 0 },
	[ARG_PROCESS]		= { "process", NULL, 0 },
	[ARG_THREAD]		= { "thread", NULL, 0 },
	[ARG_OPEN_MODE]		= { "mode", &open_modes, OPEN_RDWR },
	[ARG_HOW]		= { "how", &hows, HOW_EINTR },
	[ARG_WHO]		= { "who", &whos, WHO_ROOT },
	[ARG_NUMBER]		= { "number", NULL, 0 },
	[ARG_SIZE]		= { "size", NULL, SIZE_NATIVE },
	[ARG_MEMORY]		= { "memory", &memories, MEMORY_GOOD },
	[ARG_SURPLUS]		= { "surplus", NULL, 0 },
	[ARG_SPACE]		= { "space", &space_names, SPACE_A },
	[ARG_ATTACH_FLAGS]	= { "flags", &attach_flags, 0 },
	[ARG_OWNER]		= { "owner", NULL, LOCKMGR_ID_CALLER },
	[ARG_GROUP]		= { "group", NULL, LOCKMGR_ID_CALLER },
	[ARG_MODE]		= { "mode", NULL, 0 },
	[ARG_CAPACITY]		= { "capacity", NULL, 0 },
	[ARG_TOKEN]		= { "token", NULL, 0 },
	[ARG_GENERATION]	= { "generation", NULL, 0 },
	[ARG_RESERVED]		= { "reserved", NULL, 0 },
	[ARG_ID]		= { "id", NULL, 0 },
	[ARG_FLAGS]		= { "flags", NULL, 0 },
	[ARG_LOCK_FLAGS]	= { "flags", &lock_flags, 0 },
	[ARG_DEADLINE]		= { "deadline", &deadlines, DEADLINE_ZERO },
	[ARG_TICKET]		= { "ticket", &tickets, TICKET_NONE },
	[ARG_ENTRIES]		= { "entries", &memories, MEMORY_GOOD },
	[ARG_ENTRY_SIZE]	= { "entry_size", NULL, sizeof(struct lockmgr_lock_entry) },
	[ARG_COUNT]		= { "count", NULL, 64 },
	[ARG_CURSOR]		= { "cursor", &cursors, CURSOR_BEGIN },
	[ARG_FILTER]		= { "filter", &filters, 0 },
	[ARG_NOTE]		= { "note", &notes, NOTE_NONE },
};

bool verb_has(enum verb verb, enum arg arg)
{
	return verbs[verb].args & BIT(arg);
}

static uint32_t symbol_count(const struct symbols *symbols)
{
	uint32_t count = 0;

	while (count < ARRAY_SIZE(symbols->names) && symbols->names[count])
		count++;

	return count;
}

uint64_t arg_end(enum arg arg)
{
	switch (arg) {
	case ARG_FILE:
	case ARG_TO:
		return FILES;
	case ARG_PROCESS:
		return PROCESSES;
	case ARG_THREAD:
		return THREADS;
	default:
		break;
	}
	if (!args[arg].symbols || args[arg].symbols->bits)
		return 0;

	return symbol_count(args[arg].symbols);
}

struct op op_new(enum verb verb, unsigned int process, unsigned int thread)
{
	struct op op = { .verb = verb, .process = process, .thread = thread };
	int arg;

	for (arg = 0; arg < ARGS; arg++)
		if (verb_has(verb, arg))
			op.args[arg] = args[arg].initial;

	return op;
}

/* ------------------------------------------------------------------------
 * Printing
 */

static void print_number(FILE *out, uint64_t value)
{
	fprintf(out, value < 1 << 20 ? "%llu" : "%#llx", (unsigned long long)value);
}

static void print_bits(FILE *out, const struct symbols *symbols, uint64_t value)
{
	uint32_t bit;
	const char *separator = "";

	for (bit = 0; bit < symbol_count(symbols); bit++) {
		if (!(value & 1ULL << bit))
			continue;
		fprintf(out, "%s%s", separator, symbols->names[bit]);
		value &= ~(1ULL << bit);
		separator = "+";
	}
	if (value || !*separator) {
		fputs(separator, out);
		print_number(out, value);
	}
}

static void print_value(FILE *out, const struct symbols *symbols, uint64_t value)
{
	if (symbols && symbols->bits)
		print_bits(out, symbols, value);
	else if (symbols && value < symbol_count(symbols))
		fputs(symbols->names[value], out);
	else
		print_number(out, value);
}

void op_print(FILE *out, const struct op *op)
{
	int arg;

	fprintf(out, "%u.%u %s", op->process, op->thread, verbs[op->verb].name);
	for (arg = 0; arg < ARGS; arg++) {
		if (!verb_has(op->verb, arg) || op->args[arg] == args[arg].initial)
			continue;
		fprintf(out, " %s=", args[arg].name);
		print_value(out, args[arg].symbols, op->args[arg]);
	}
	fputc('\n', out);
}

void program_print(FILE *out, const struct program *program)
{
	uint32_t i;

	for (i = 0; i < program->count; i++)
		op_print(out, &program->ops[i]);
}

/* ------------------------------------------------------------------------
 * Parsing
 */

static bool parse_symbol(const struct symbols *symbols, const char *text, uint64_t *value)
{
	uint32_t i;

	for (i = 0; symbols && i < symbol_count(symbols); i++) {
		if (strcmp(symbols->names[i], text))
			continue;
		*value = symbols->bits ? 1ULL << i : i;
		return true;
	}

	return false;
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);

	return *text >= '0' && *text <= '9' && !*end && !errno && *value <= UINT32_MAX;
}

static bool parse_value(enum arg arg, char *text, uint64_t *value)
{
	const struct symbols *symbols = args[arg].symbols;
	uint64_t part;
	char *rest, *word;

	*value = 0;
	for (word = strtok_r(text, "+", &rest); word; word = strtok_r(NULL, "+", &rest)) {
		if (!parse_symbol(symbols, word, &part) && !parse_number(word, &part))
			return false;
		*value |= part;
	}

	return !arg_end(arg) || *value < arg_end(arg);
}

static bool parse_argument(struct op *op, char *text)
{
	char *value = strchr(text, '=');
	int arg;

	if (!value || !value[1])
		return false;
	*value++ = 0;

	for (arg = 0; arg < ARGS; arg++)
		if (verb_has(op->verb, arg) && !strcmp(args[arg].name, text))
			return parse_value(arg, value, &op->args[arg]);

	return false;
}

static bool parse_verb(const char *text, enum verb *verb)
{
	int i;

	for (i = 0; text && i < VERBS; i++) {
		if (!strcmp(verbs[i].name, text)) {
			*verb = i;
			return true;
		}
	}

	return false;
}

static bool parse_op(struct op *op, char *line)
{
	char *rest, *word = strtok_r(line, " \t\n", &rest);
	unsigned int process, thread;
	enum verb verb;
	char junk;

	if (sscanf(word, "%u.%u%c", &process, &thread, &junk) != 2 || process >= PROCESSES ||
	    thread >= THREADS || !parse_verb(strtok_r(NULL, " \t\n", &rest), &verb))
		return false;
	*op = op_new(verb, process, thread);

	while ((word = strtok_r(NULL, " \t\n", &rest)))
		if (!parse_argument(op, word))
			return false;

	return true;
}

unsigned int program_parse(struct program *program, FILE *in)
{
	unsigned int number = 0;
	char line[1024];

	program->count = 0;
	while (fgets(line, sizeof(line), in)) {
		number++;
		if (line[strspn(line, " \t\n")] == 0 || line[0] == '#')
			continue;
		if (program->count == PROGRAM_MAX ||
		    !parse_op(&program->ops[program->count++], line))
			return number;
	}

	return 0;
}

bool program_load(struct program *program, const char *path)
{
	FILE *in = fopen(path, "r");
	unsigned int line;

	if (!in) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	line = program_parse(program, in);
	fclose(in);
	if (line)
		fprintf(stderr, "%s:%u: not an operation\n", path, line);

	return !line;
}

bool program_save(const struct program *program, const char *path, const char *comment)
{
	FILE *out = fopen(path, "w");

	if (!out) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	fprintf(out, "# SPDX-License-Identifier: GPL-2.0-only\n%s", comment);
	program_print(out, program);

	return !fclose(out);
}
