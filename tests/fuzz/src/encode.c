// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "crew.h"
#include "encode.h"
#include "model.h"

/* How far in the future a near deadline is. */
#define NEAR_NS		150000
#define FAR_NS		3600000000000ULL

static uint64_t time_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);

	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

uint64_t now_ns(void)
{
	return time_ns(CLOCK_MONOTONIC);
}

uint64_t tick_ns(void)
{
	return time_ns(CLOCK_MONOTONIC_COARSE);
}

/* ------------------------------------------------------------------------
 * The structs
 */

void encode_name(enum space_name name, char *bytes)
{
	memset(bytes, 0, LOCKMGR_NAME_SIZE);
	if (name == SPACE_EMPTY)
		return;
	memcpy(bytes, "fuzzer-x", 8);
	bytes[7] = 'a' + name;

	switch (name) {
	case SPACE_LONG:
		memset(bytes + 8, 'Z', LOCKMGR_NAME_SIZE - 9);
		break;
	case SPACE_DOT:
		bytes[0] = '.';
		break;
	case SPACE_ENDLESS:
		memset(bytes + 8, '_', LOCKMGR_NAME_SIZE - 8);
		break;
	case SPACE_SLASH:
		bytes[3] = '/';
		break;
	case SPACE_TAIL:
		bytes[LOCKMGR_NAME_SIZE - 1] = 'x';
		break;
	case SPACE_HIGH:
		bytes[4] = 0xe9;
		break;
	default:
		break;
	}
}

void encode_note(enum note note, char *bytes)
{
	memset(bytes, 0, LOCKMGR_NOTE_SIZE);

	switch (note) {
	case NOTE_SHORT:
	case NOTE_TAIL:
		memcpy(bytes, "what it stands for", 18);
		bytes[LOCKMGR_NOTE_SIZE - 1] = note == NOTE_TAIL ? 'x' : 0;
		break;
	case NOTE_CONTROL:
		memcpy(bytes, "\x1b[2J\n\xff\x80", 7);
		break;
	case NOTE_FULL:
		memset(bytes, 'F', LOCKMGR_NOTE_SIZE - 1);
		break;
	case NOTE_ENDLESS:
		memset(bytes, 'E', LOCKMGR_NOTE_SIZE);
		break;
	default:
		break;
	}
}

static void encode_attach(const struct op *op, struct lockmgr_ioctl_attach *args)
{
	encode_name(op->args[ARG_SPACE], args->name);
	args->flags = op->args[ARG_ATTACH_FLAGS];
	args->owner = op->args[ARG_OWNER];
	args->group = op->args[ARG_GROUP];
	args->mode = op->args[ARG_MODE];
	args->capacity = op->args[ARG_CAPACITY];
	args->token = op->args[ARG_TOKEN];
	args->generation = op->args[ARG_GENERATION];
	/* The value goes into one of these, so that each gets bad values. */
	if (op->args[ARG_RESERVED] % 2)
		args->map_size = op->args[ARG_RESERVED];
	else
		args->reserved = op->args[ARG_RESERVED];
}

static uint64_t time_of(enum deadline deadline)
{
	switch (deadline) {
	case DEADLINE_PAST:
		return 1;
	case DEADLINE_NEAR:
		return now_ns() + NEAR_NS;
	case DEADLINE_FAR:
		return now_ns() + FAR_NS;
	case DEADLINE_MAX:
		return INT64_MAX;
	case DEADLINE_NEGATIVE:
		return -1;
	default:
		return 0;
	}
}

static uint64_t ticket_of(enum ticket ticket, const struct memo *memo)
{
	switch (ticket) {
	case TICKET_SAVED:
		return memo->ticket;
	case TICKET_ONE:
		return 1;
	case TICKET_MAX:
		return UINT64_MAX;
	case TICKET_OTHER:
		return memo->other;
	default:
		return 0;
	}
}

static void encode_lock(const struct op *op, const struct memo *memo,
			struct lockmgr_ioctl_lock *args)
{
	args->id = op->args[ARG_ID];
	args->flags = op->args[ARG_LOCK_FLAGS];
	args->deadline = time_of(op->args[ARG_DEADLINE]);
	args->ticket = ticket_of(op->args[ARG_TICKET], memo);
}

static uint64_t cursor_of(const struct op *op, const struct memo *memo)
{
	switch (op->args[ARG_CURSOR]) {
	case CURSOR_LAST:
		return op->verb == VERB_LIST_LOCKS ? memo->locks : memo->waiters;
	case CURSOR_END:
		return LOCKMGR_CURSOR_END;
	default:
		return 0;
	}
}

static uint64_t address_of(enum memory memory, unsigned char *good, unsigned char *readonly,
			   size_t room, size_t size)
{
	switch (memory) {
	case MEMORY_NULL:
		return 0;
	case MEMORY_KERNEL:
		return 0xffff888000001000;
	case MEMORY_NOWHERE:
		return 0x0000800000000000;
	case MEMORY_HOLE:
		return (uintptr_t)good + room;
	case MEMORY_READONLY:
		return (uintptr_t)readonly;
	case MEMORY_EDGE:
		return (uintptr_t)good + room - size;
	default:
		return (uintptr_t)good;
	}
}

static void encode_list(const struct op *op, const struct memo *memo,
			struct lockmgr_ioctl_list *args)
{
	struct arena *arena = &arenas[op->process][op->thread];
	uint64_t entry_size = op->args[ARG_ENTRY_SIZE];

	/* At the edge there is room for an entry and a half. */
	args->entries = address_of(op->args[ARG_ENTRIES], arena->entries,
				   arena->entries_readonly, ARENA_ENTRIES,
				   (entry_size < 4096 ? entry_size : 4096) * 3 / 2);
	args->entry_size = entry_size;
	args->count = op->args[ARG_COUNT];
	args->cursor = cursor_of(op, memo);
	args->filter = op->args[ARG_FILTER];
	args->id = op->args[ARG_ID];
}

static void encode_args(const struct op *op, const struct memo *memo, union arguments *args)
{
	memset(args, 0, sizeof(*args));
	switch (op->verb) {
	case VERB_ATTACH:
		encode_attach(op, &args->attach);
		break;
	case VERB_UNLINK:
		encode_name(op->args[ARG_SPACE], args->unlink.name);
		args->unlink.owner = op->args[ARG_OWNER];
		args->unlink.flags = op->args[ARG_FLAGS];
		break;
	case VERB_CAPACITY:
		args->capacity.capacity = op->args[ARG_CAPACITY];
		args->capacity.flags = op->args[ARG_FLAGS];
		break;
	case VERB_FREE_ALL:
		args->flags.flags = op->args[ARG_FLAGS];
		args->flags.reserved = op->args[ARG_RESERVED];
		break;
	case VERB_LOCK:
		encode_lock(op, memo, &args->lock);
		break;
	case VERB_LIST_LOCKS:
	case VERB_LIST_WAITERS:
		encode_list(op, memo, &args->list);
		break;
	case VERB_SET_NOTE:
	case VERB_ALLOCATE_NOTED:
	case VERB_ALLOCATE_ID_NOTED:
		args->note.id = op->args[ARG_ID];
		args->note.flags = op->args[ARG_FLAGS];
		encode_note(op->args[ARG_NOTE], args->note.note);
		break;
	case VERB_VERSION:
	case VERB_INFO:
		/* The old contents of the struct do not matter. */
		memset(args, 0xa5, sizeof(*args));
		break;
	default:
		args->id.id = op->args[ARG_ID];
		args->id.flags = op->args[ARG_FLAGS];
	}
}

/* ------------------------------------------------------------------------
 * The calls
 */

static void add_call(struct agent *agent, long number, long a, long b, long c, long d, long e)
{
	agent->calls[agent->count++] = (struct agent_call) { number, { a, b, c, d, e }, 0 };
}

static int descriptor(const struct op *op, enum arg arg)
{
	return AGENT_FILES + op->args[arg];
}

/*
 * The first half of what is passed, before the edge. What earlier calls left there is
 * wiped: after the struct it would be surplus.
 */
static void fill_edge(unsigned char *end, size_t half, const union arguments *args,
		      uint32_t native)
{
	memset(end - half, 0, half);
	memcpy(end - half, args, half < native ? half : native);
}

static void encode_command(const struct op *op, const struct memo *memo, struct agent *agent,
			   struct letter *letter)
{
	static const unsigned int numbers[] = {
		LOCKMGR_IOC_VERSION, LOCKMGR_IOC_ATTACH, LOCKMGR_IOC_UNLINK,
		LOCKMGR_IOC_CAPACITY, LOCKMGR_IOC_INFO, LOCKMGR_IOC_ALLOCATE,
		LOCKMGR_IOC_ALLOCATE_ID, LOCKMGR_IOC_RETRIEVE, LOCKMGR_IOC_FREE,
		LOCKMGR_IOC_FREE_ALL, LOCKMGR_IOC_LOCK, LOCKMGR_IOC_UNLOCK,
		LOCKMGR_IOC_LIST_LOCKS, LOCKMGR_IOC_LIST_WAITERS, LOCKMGR_IOC_SET_NOTE,
		LOCKMGR_IOC_ALLOCATE_NOTED, LOCKMGR_IOC_ALLOCATE_ID_NOTED
	};
	struct arena *arena = &arenas[op->process][op->thread];
	unsigned int number = numbers[op->verb - VERB_VERSION];
	uint32_t native = model_native_size(op->verb), half;
	unsigned char *at = arena->args;

	encode_args(op, memo, &letter->args);
	letter->deadline = op->verb == VERB_LOCK ? letter->args.lock.deadline : 0;
	letter->size = op->args[ARG_SIZE] == SIZE_NATIVE ? native : op->args[ARG_SIZE];
	half = letter->size / 2;
	if (op->args[ARG_MEMORY] == MEMORY_EDGE)
		fill_edge(at + ARENA_ARGS, half, &letter->args, native);
	memcpy(at, &letter->args, native);
	if (letter->size > native) {
		memset(at + native, 0, letter->size - native);
		at[letter->size - 1] = op->args[ARG_SURPLUS];
	}
	add_call(agent, SYS_ioctl, descriptor(op, ARG_FILE),
		 _IOC(_IOC_DIR(number), _IOC_TYPE(number), _IOC_NR(number), letter->size),
		 address_of(op->args[ARG_MEMORY], at, arena->args_readonly, ARENA_ARGS, half),
		 0, 0);
}

static void encode_open(const struct op *op, struct agent *agent)
{
	static const int modes[OPEN_MODES] = { O_RDWR, O_RDONLY, O_WRONLY, O_ACCMODE };
	static const char device[] = DEVICE;

	add_call(agent, SYS_openat, AT_FDCWD, (long)device,
		 modes[op->args[ARG_OPEN_MODE]], 0, 0);
	add_call(agent, AGENT_MOVE, descriptor(op, ARG_FILE), 0, 0, 0, 0);
}

static void encode_become(const struct op *op, struct agent *agent)
{
	const struct persona *persona = &personas[op->args[ARG_WHO]];

	add_call(agent, SYS_setresuid, -1, 0, -1, 0, 0);
	add_call(agent, SYS_setgroups, persona->extra_group ? 1 : 0,
		 (long)&persona->extra_group, 0, 0, 0);
	add_call(agent, SYS_setresgid, -1, persona->gid, -1, 0, 0);
	add_call(agent, SYS_setresuid, -1, persona->uid, -1, 0, 0);
	/* A change of ids clears this in the kernel, so it is set again. */
	add_call(agent, SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static void encode_relock(const struct op *op, struct agent *agent)
{
	struct arena *arena = &arenas[op->process][op->thread];
	struct lockmgr_ioctl_lock *lock = (void *)arena->args;
	struct lockmgr_ioctl_id *unlock = (void *)(lock + 1);

	*lock = (struct lockmgr_ioctl_lock) {
		.id = op->args[ARG_ID], .flags = LOCKMGR_LOCK_TRY
	};
	*unlock = (struct lockmgr_ioctl_id) { .id = op->args[ARG_ID] };
	add_call(agent, SYS_ioctl, descriptor(op, ARG_FILE), LOCKMGR_IOC_UNLOCK,
		 (uintptr_t)unlock, 0, 0);
	add_call(agent, SYS_ioctl, descriptor(op, ARG_FILE), LOCKMGR_IOC_LOCK,
		 (uintptr_t)lock, 0, 0);
}

static void encode_unknown(const struct op *op, struct agent *agent)
{
	struct arena *arena = &arenas[op->process][op->thread];
	uint64_t address = address_of(op->args[ARG_MEMORY], arena->args, arena->args_readonly,
				      ARENA_ARGS, 8);

	add_call(agent, SYS_ioctl, descriptor(op, ARG_FILE), op->args[ARG_NUMBER], address, 0,
		 0);
}

/* A scribbler writes the same number as thread id and as token. */
static void encode_memory(const struct op *op, const struct memo *memo, struct agent *agent)
{
	uint64_t number = op->args[ARG_NUMBER];
	int file = descriptor(op, ARG_FILE);
	uint32_t id = op->args[ARG_ID];

	if (op->verb == VERB_SCRIBBLE)
		add_call(agent, AGENT_SCRIBBLE, file, id, number << 32 | number, 0, 0);
	else
		add_call(agent, op->verb == VERB_TAKE ? AGENT_TAKE : AGENT_RELEASE, file, id,
			 memo->token, 0, 0);
}

void encode(const struct op *op, const struct memo *memo, struct letter *letter)
{
	struct agent *agent = &agents[op->process][op->thread];

	agent->count = 0;
	letter->size = 0;
	letter->deadline = 0;
	if (verb_is_command(op->verb)) {
		encode_command(op, memo, agent, letter);
		return;
	}

	switch (op->verb) {
	case VERB_OPEN:
		encode_open(op, agent);
		break;
	case VERB_CLOSE:
		add_call(agent, SYS_close, descriptor(op, ARG_FILE), 0, 0, 0, 0);
		break;
	case VERB_DUP:
		add_call(agent, SYS_dup3, descriptor(op, ARG_FILE), descriptor(op, ARG_TO), 0,
			 0, 0);
		break;
	case VERB_SEND:
		add_call(agent, AGENT_SEND, descriptor(op, ARG_FILE), 0, 0, 0, 0);
		break;
	case VERB_FORK:
		add_call(agent, AGENT_FORK, op->args[ARG_PROCESS], 0, 0, 0, 0);
		break;
	case VERB_BECOME:
		encode_become(op, agent);
		break;
	case VERB_RELOCK:
		encode_relock(op, agent);
		break;
	case VERB_COMMAND:
		encode_unknown(op, agent);
		break;
	case VERB_TAKE:
	case VERB_RELEASE:
	case VERB_SCRIBBLE:
		encode_memory(op, memo, agent);
		break;
	default:
		abort();
	}
}

void encode_receive(const struct op *op)
{
	struct agent *agent = &agents[op->args[ARG_PROCESS]][0];

	agent->count = 0;
	add_call(agent, AGENT_RECEIVE, descriptor(op, ARG_TO), 0, 0, 0, 0);
}
