/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes that act, each with two threads.  All that they do is to make the system
 * calls that the conductor has written into memory which they share with it.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "program.h"

/* How many calls an agent makes in one go, at most. */
#define AGENT_CALLS	6

/* These are not system calls: start process number args[0]; ... */
#define AGENT_FORK	(-1L)
/* ... move the file that the last call returned to descriptor args[0]; ... */
#define AGENT_MOVE	(-2L)
/* ... send a file, and receive it as descriptor args[0]. */
#define AGENT_SEND	(-3L)
#define AGENT_RECEIVE	(-4L)
/* In memory: acquire or release the lock args[1] of the file args[0], token args[2]; ... */
#define AGENT_TAKE	(-5L)
#define AGENT_RELEASE	(-6L)
/* ... or write args[2] there. */
#define AGENT_SCRIBBLE	(-7L)

/* The first descriptor of files that programs open; that over which agents send files. */
#define AGENT_FILES	100
#define AGENT_SENDER	90
#define AGENT_RECEIVER	91

struct agent_call {
	long number;
	long args[5];
	long result;		/* as from the kernel: negative errno values */
};

/**
 * struct agent - one thread, as both sides see it
 * @begun: how many requests it has got
 * @finished: how often it has done so
 * @signals: how many signals it has handled
 * @alive: it has started
 * @tid: its thread id
 * @coverage: descriptor for KCOV, or -1
 * @count: number of calls
 * @calls: what to do; the agent stops after the first call that fails
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
 * One more process, which programs do not use.  It starts the others: it is so small that
 * this is fast.
 */
#define NURSERY		PROCESSES

/* This memory is shared by all processes. */
extern struct agent (*agents)[THREADS];

/** Map the memory, and set up the signal handlers; once. */
void agents_init(void);

/** Start the agents of a process, a child of the first process to call this; returns its id. */
pid_t agent_process_start(unsigned int process);

/** Wait until another process changes a number that it shares; false: that takes too long. */
bool agent_futex_wait(_Atomic uint32_t *number, uint32_t old, long milliseconds);

void agent_futex_wake(_Atomic uint32_t *number);

#endif /* AGENT_H */
