/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The conductor's side of the agents: starts, commands, watches and kills them.
 *
 * All share one processor: when the conductor waits, those whom it has told to act do
 * so, until each has finished or sleeps.
 */
#ifndef CREW_H
#define CREW_H

#include "agent.h"

/**
 * struct arena - memory for the arguments of one agent's calls
 * @args: ARENA_ARGS bytes, followed by nothing
 * @args_readonly: the same bytes
 * @entries: ARENA_ENTRIES bytes, followed by nothing
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

/** Prepare, and start all; once.  @cpu: where all of it is to run. */
void crew_init(int cpu);

/** Start a process that is dead; false: it does not come up. */
bool crew_spawn(unsigned int process);

/** A thread has forked: get to know the child. */
bool crew_adopt(unsigned int process, pid_t pid);

/** Kill a process, and wait until it is gone with its files; false: it does not go. */
bool crew_kill(unsigned int process);

/** Kill and start all. */
bool crew_restart(void);

/** Have a thread make the calls that its agent says. */
void crew_begin(unsigned int process, unsigned int thread);

bool crew_has_finished(unsigned int process, unsigned int thread);

/** Wait until it has made them; false: it does not come back. */
bool crew_finish(unsigned int process, unsigned int thread);

/** Wait until it has finished, or sleeps in an ioctl; false: neither happens. */
bool crew_settle(unsigned int process, unsigned int thread);

/** Send a thread a signal, and wait until it has handled it; false: it does not. */
bool crew_signal(unsigned int process, unsigned int thread, enum how how);

pid_t crew_pid(unsigned int process);

#endif /* CREW_H */
