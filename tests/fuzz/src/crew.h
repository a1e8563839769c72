/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The conductor's side of the agents: starts, commands, watches and kills them.
 *
 * All share one processor: when the conductor waits, the agents that have a request act
 * until each has finished or sleeps.
 */
#ifndef CREW_H
#define CREW_H

#include "agent.h"

/**
 * struct arena - memory for the arguments of one agent's calls
 * @args: ARENA_ARGS bytes, after which nothing is mapped
 * @args_readonly: the same bytes
 * @entries: ARENA_ENTRIES bytes, after which nothing is mapped
 * @entries_readonly: the same bytes
 */
struct arena {
	unsigned char *args;
	unsigned char *args_readonly;
	unsigned char *entries;
	unsigned char *entries_readonly;
};

#define ARENA_ARGS	(5 * 4096)
#define ARENA_ENTRIES	(64 * 4096)

extern struct arena arenas[PROCESSES][THREADS];

/* How long anything may take before it counts as stuck, in ms. */
extern long crew_patience;

/** Prepare, and start all processes; once.  @cpu: the processor for all of them. */
void crew_init(int cpu);

/** Start a process that is dead; false: it does not start. */
bool crew_spawn(unsigned int process);

/** A thread has forked: wait for its child, and note what belongs to it. */
bool crew_adopt(unsigned int process, pid_t pid);

/** Kill a process, and wait until it is gone with its files; false: it does not end. */
bool crew_kill(unsigned int process);

/** Kill and start all processes. */
bool crew_restart(void);

/** Have a thread make the calls that are in its agent. */
void crew_begin(unsigned int process, unsigned int thread);

bool crew_has_finished(unsigned int process, unsigned int thread);

/** Wait until the thread has made them; false: it does not return. */
bool crew_finish(unsigned int process, unsigned int thread);

/** Wait until the thread has finished, or sleeps in an ioctl; false: neither happens. */
bool crew_settle(unsigned int process, unsigned int thread);

/** Send a thread a signal, and wait until it has handled it; false: it does not. */
bool crew_signal(unsigned int process, unsigned int thread, enum how how);

pid_t crew_pid(unsigned int process);

#endif /* CREW_H */
