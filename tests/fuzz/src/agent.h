/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes that act, each of two threads: all that they do is to make the
 * system calls that somebody else has written into memory which they share.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "program.h"

/* How many calls are made in one go. */
#define AGENT_CALLS	6

/* Not system calls: make a process that is agent args[0]; ... */
#define AGENT_FORK	(-1L)
/* ... give the file of the call before the descriptor args[0]; ... */
#define AGENT_MOVE	(-2L)
/* ... send a file, and receive it as descriptor args[0]. */
#define AGENT_SEND	(-3L)
#define AGENT_RECEIVE	(-4L)
/* In memory: take or release the lock args[1] of the file args[0], token args[2]; ... */
#define AGENT_TAKE	(-5L)
#define AGENT_RELEASE	(-6L)
/* ... or write args[2] there. */
#define AGENT_SCRIBBLE	(-7L)

/* The first file descriptors of what programs open; of what agents send files over. */
#define AGENT_FILES	100
#define AGENT_SENDER	90
#define AGENT_RECEIVER	91

struct agent_call {
	long number;
	long args[5];
	long result;		/* as of the kernel: negative errno values */
};

/**
 * struct agent - one thread, as both sides see it
 * @begun: how many requests it has got
 * @finished: how often it has done so
 * @signals: how many signals it has handled
 * @alive: it has started
 * @tid: its thread id
 * @coverage: descriptor to trace itself with, or -1
 * @count: number of calls
 * @calls: what to do; stops after the first that fails
 */
struct agent {
	_Atomic uint32_t begun;
	_Atomic uint32_t finished;
	_Atomic uint32_t signals;
	_Atomic uint32_t alive;
	pid_t tid;
	int coverage;
	uint32_t count;
	struct agent_call calls[AGENT_CALLS];
};

/*
 * One more process, which has no part in programs: the others are born by it, because
 * it is so small that this is fast.
 */
#define NURSERY		PROCESSES

/* In memory that all processes share. */
extern struct agent (*agents)[THREADS];

/** Make the memory, and see to signals; once. */
void agents_init(void);

/** Start the agents of a process, a child of who does so first; returns its id. */
pid_t agent_process_start(unsigned int process);

/** Wait until a number changes that is shared with another process; false: too long. */
bool agent_futex_wait(_Atomic uint32_t *number, uint32_t old, long milliseconds);

void agent_futex_wake(_Atomic uint32_t *number);

#endif /* AGENT_H */
