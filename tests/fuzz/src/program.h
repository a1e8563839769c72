/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program: the sequence of operations that the fuzzer makes up, runs, keeps and
 * minimises.  As text, it has one operation per line:
 *
 *	0.1 lock file=2 id=5 flags=deadline deadline=past
 *
 * is an operation of thread 1 of process 0.  An argument that is missing has its default.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PROCESSES	3
#define THREADS		2
/* How many files a process can have open. */
#define FILES		4

#define PROGRAM_MAX	48

enum verb {
	/* Operations on files and processes. */
	VERB_OPEN,
	VERB_CLOSE,
	VERB_DUP,
	VERB_SEND,
	VERB_FORK,
	VERB_KILL,
	VERB_SPAWN,
	VERB_SIGNAL,
	VERB_BECOME,
	/* The commands of the device, in the order of their numbers. */
	VERB_VERSION,
	VERB_ATTACH,
	VERB_UNLINK,
	VERB_CAPACITY,
	VERB_INFO,
	VERB_ALLOCATE,
	VERB_ALLOCATE_ID,
	VERB_RETRIEVE,
	VERB_FREE,
	VERB_FREE_ALL,
	VERB_LOCK,
	VERB_UNLOCK,
	VERB_LIST_LOCKS,
	VERB_LIST_WAITERS,
	VERB_SET_NOTE,
	VERB_ALLOCATE_NOTED,
	VERB_ALLOCATE_ID_NOTED,
	/* Other operations. */
	VERB_COMMAND,
	VERB_RELOCK,
	/* Operations in mapped memory. */
	VERB_TAKE,
	VERB_RELEASE,
	VERB_SCRIBBLE,
	VERBS
};

enum arg {
	ARG_FILE,
	ARG_TO,
	ARG_PROCESS,
	ARG_THREAD,
	ARG_OPEN_MODE,
	ARG_HOW,
	ARG_WHO,
	ARG_NUMBER,
	ARG_SIZE,
	ARG_MEMORY,
	ARG_SURPLUS,
	ARG_SPACE,
	ARG_ATTACH_FLAGS,
	ARG_OWNER,
	ARG_GROUP,
	ARG_MODE,
	ARG_CAPACITY,
	ARG_TOKEN,
	ARG_GENERATION,
	ARG_RESERVED,
	ARG_ID,
	ARG_FLAGS,
	ARG_LOCK_FLAGS,
	ARG_DEADLINE,
	ARG_TICKET,
	ARG_ENTRIES,
	ARG_ENTRY_SIZE,
	ARG_COUNT,
	ARG_CURSOR,
	ARG_FILTER,
	ARG_NOTE,
	ARGS
};

enum open_mode {
	OPEN_RDWR,
	OPEN_RDONLY,
	OPEN_WRONLY,
	OPEN_NEITHER,
	OPEN_MODES,
};

enum how {
	HOW_EINTR,
	HOW_RESTART,
	HOWS,
};

/* The credentials with which a thread acts; see personas[]. */
enum who {
	WHO_ROOT,
	WHO_ALICE,
	WHO_BOB,
	WHO_CAROL,
	WHOS,
};

/* What a pointer points to. */
enum memory {
	MEMORY_GOOD,
	MEMORY_NULL,
	MEMORY_KERNEL,
	MEMORY_NOWHERE,		/* beyond the addresses of user space, and below the kernel's */
	MEMORY_HOLE,		/* not mapped */
	MEMORY_READONLY,
	MEMORY_EDGE,		/* the second half is not mapped */
	MEMORIES
};

/* Names of spaces: the first ones are good, the others are not. */
enum space_name {
	SPACE_A,
	SPACE_B,
	SPACE_LONG,
	SPACES_GOOD,
	SPACE_EMPTY = SPACES_GOOD,
	SPACE_DOT,
	SPACE_ENDLESS,
	SPACE_SLASH,
	SPACE_TAIL,
	SPACE_HIGH,
	SPACE_NAMES
};

/* Notes: the first ones are good, the others are not. */
enum note {
	NOTE_NONE,
	NOTE_SHORT,
	NOTE_CONTROL,
	NOTE_FULL,
	NOTES_GOOD,
	NOTE_ENDLESS = NOTES_GOOD,
	NOTE_TAIL,
	NOTES
};

enum deadline {
	DEADLINE_ZERO,
	DEADLINE_PAST,
	DEADLINE_NEAR,
	DEADLINE_FAR,
	DEADLINE_MAX,
	DEADLINE_NEGATIVE,
	DEADLINES
};

/*
 * TICKET_SAVED: the ticket that a signal left in the thread's last call that it ended, for
 * whatever lock and file that was.  TICKET_OTHER: the same of the other thread.
 */
enum ticket {
	TICKET_NONE,
	TICKET_SAVED,
	TICKET_ONE,
	TICKET_MAX,
	TICKET_OTHER,
	TICKETS,
	/* In the model only: the ticket that is in the struct after a signal. */
	TICKET_PASSED = TICKETS,
};

/* CURSOR_LAST: where the thread's last list of this kind, and of this lock, ended. */
enum cursor {
	CURSOR_BEGIN,
	CURSOR_LAST,
	CURSOR_END,
	CURSORS,
};

/* Stands for the size of a struct in this ABI. */
#define SIZE_NATIVE	0xffff

struct op {
	uint8_t verb;
	uint8_t process;
	uint8_t thread;
	uint64_t args[ARGS];
};

struct program {
	uint32_t count;
	struct op ops[PROGRAM_MAX];
};

/** struct persona - a user other than root as whom threads act */
struct persona {
	uint32_t uid;
	uint32_t gid;
	uint32_t extra_group;	/* 0: none */
};

extern const struct persona personas[WHOS];

/** Whether operations of that verb have such an argument. */
bool verb_has(enum verb verb, enum arg arg);

/** Whether the verb is a command of the device, whose argument is a struct. */
static inline bool verb_is_command(enum verb verb)
{
	return verb >= VERB_VERSION && verb <= VERB_ALLOCATE_ID_NOTED;
}

/** Whether the operation happens in mapped memory. */
static inline bool verb_is_in_memory(enum verb verb)
{
	return verb >= VERB_TAKE && verb <= VERB_SCRIBBLE;
}

/** An operation with all defaults. */
struct op op_new(enum verb verb, unsigned int process, unsigned int thread);

/** One past the largest value of an argument that has only named values; 0: any value. */
uint64_t arg_end(enum arg arg);

void op_print(FILE *out, const struct op *op);
void program_print(FILE *out, const struct program *program);

/** Returns 0, or the number of the first line that it does not understand. */
unsigned int program_parse(struct program *program, FILE *in);

/** Returns false, and prints why, if the file is not a program. */
bool program_load(struct program *program, const char *path);

bool program_save(const struct program *program, const char *path, const char *comment);

#endif /* PROGRAM_H */
