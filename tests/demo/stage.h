/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the chapters of the demo share: functions that state facts, processes that act on
 * request, and functions that wait for observed states.
 *
 * A fact that does not hold ends the demo, since later ones rest on it.
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#include <lockmgr.h>

/* ------------------------------------------------------------------------
 * Facts
 */

/** State a fact, and what was seen of it; if it does not hold, what was expected. */
void fact(bool holds, const char *claim, const char *expected, const char *seen, ...)
	__attribute__((format(printf, 4, 5)));

/** The fact that a function of the library returned something. */
void fact_result(int expected, int seen, const char *claim);

/** End the demo because something failed that is not one of its facts. */
noreturn void give_up(const char *reason, ...) __attribute__((format(printf, 1, 2)));

/** "EBUSY" or the like for what a function of the library returned. */
const char *result_name(int result);

/** A number as text; valid until this has been called eight more times. */
const char *number(long value);

/* ------------------------------------------------------------------------
 * The space of the chapter
 */

/** Make the space, with a capacity, for this process and all actors. */
struct lockmgr *stage_open(uint32_t capacity);

/** End all actors, and remove the space. */
void stage_close(struct lockmgr *mgr);

/**
 * Run `lockctl COMMAND` on the space, and show what is typed and what it prints; it must
 * end with @status.  Returns the output, valid until the next call.
 */
const char *show_lockctl(const char *command, int status);

/** Wait until that many threads wait for a lock. */
void wait_for_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count);

/** The fact that @count threads wait for a lock, now or soon. */
void fact_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count, const char *claim);

/** CLOCK_MONOTONIC, in nanoseconds. */
uint64_t now_ns(void);

/* ------------------------------------------------------------------------
 * Actors: processes, each with its own handle on the space
 */

struct actor;

/** What an actor can do; returns a result of the library or a number. */
typedef int (*deed_fn)(struct lockmgr *mgr, uint32_t id);

/** The result of a deed, and CLOCK_MONOTONIC right after it. */
struct answer {
	int result;
	uint64_t when_ns;
};

/** Start a process with this command name, and these flags for lockmgr_open(). */
struct actor *actor_new(const char *command, uint32_t flags);

/** Have an actor begin to do something. */
void actor_ask(struct actor *actor, deed_fn deed, uint32_t id);

/** Wait until the actor has done it. */
struct answer actor_answer(struct actor *actor);

/** actor_ask() and actor_answer(); returns the result. */
int actor_do(struct actor *actor, deed_fn deed, uint32_t id);

pid_t actor_pid(const struct actor *actor);
const char *actor_command(const struct actor *actor);

/** End an actor with SIGKILL; returns the signal that ended it, or 0 if none did. */
int actor_kill(struct actor *actor);

/** Allocate a lock; returns its number or a negative errno. */
int allocate(struct lockmgr *mgr, uint32_t unused);

#endif /* STAGE_H */
