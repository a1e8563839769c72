// SPDX-License-Identifier: GPL-2.0-only
/* Chapters on locks that several processes want. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "demo.h"
#include "stage.h"

#define PROCESSES	8
#define ROUNDS		2500

/* ------------------------------------------------------------------------
 * A counter
 */

/* In memory that all processes share; the lock is all that protects it. */
struct shared {
	long counter;
	long changes;
	pid_t last;
};

static struct shared *shared;

/* Returns how often it acquired the lock. */
static int count_up(struct lockmgr *mgr, uint32_t id)
{
	pid_t self = getpid();
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (lockmgr_lock(mgr, id))
			return i;
		shared->counter++;
		if (shared->last != self)
			shared->changes++;
		shared->last = self;
		if (lockmgr_unlock(mgr, id))
			return i;
	}

	return i;
}

/*
 * Have all processes wait for the lock, and then begin at once.  Returns how long they take, in
 * seconds.
 */
static double race(struct lockmgr *mgr, uint32_t id, long *acquired)
{
	struct actor *actors[PROCESSES];
	uint64_t begin, end = 0;
	int i;

	lockmgr_lock(mgr, id);
	for (i = 0; i < PROCESSES; i++) {
		actors[i] = actor_new("counter", 0);
		actor_ask(actors[i], count_up, id);
	}
	fact_waiters(mgr, id, PROCESSES, "eight processes wait for lock 0, which is held");

	begin = now_ns();
	lockmgr_unlock(mgr, id);
	for (i = 0; i < PROCESSES; i++) {
		struct answer answer = actor_answer(actors[i]);

		*acquired += answer.result;
		if (answer.when_ns > end)
			end = answer.when_ns;
	}

	return (end - begin) / 1e9;
}

void play_counter(struct lockmgr *mgr)
{
	const long total = PROCESSES * ROUNDS;
	long acquired = 0;
	double seconds;
	int id;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		give_up("cannot map memory: %m");
	id = allocate(mgr, 0);

	seconds = race(mgr, id, &acquired);
	fact(acquired == total, "eight processes acquire the lock 2500 times each",
	     number(total), "%ld in %.2f s, %.0f per second", acquired, seconds,
	     acquired / seconds);
	fact(shared->counter == total, "no increment was lost: the counter stands at",
	     number(total), "%ld", shared->counter);
	fact(shared->changes >= PROCESSES, "the lock went round among them",
	     "at least 8 changes", "%ld changes of holder", shared->changes);
}

/* ------------------------------------------------------------------------
 * A death
 */

void play_killed(struct lockmgr *mgr)
{
	struct actor *victim = actor_new("victim", 0);
	struct actor *heir = actor_new("heir", 0);
	struct answer answer;
	uint64_t begin;
	int id, signal;

	id = allocate(mgr, 0);
	fact_result(0, actor_do(victim, lockmgr_lock, id), "a process locks lock 0");
	actor_ask(heir, lockmgr_lock, id);
	fact_waiters(mgr, id, 1, "another waits for it");

	begin = now_ns();
	signal = actor_kill(victim);
	fact(signal == SIGKILL, "the holder is killed", "SIGKILL", "SIG%s",
	     signal ? sigabbrev_np(signal) : "no");

	answer = actor_answer(heir);
	fact(answer.result == LOCKMGR_OWNER_DIED, "the other acquires it, and learns of the death",
	     "OWNER_DIED", "%s, %.1f ms after the kill", result_name(answer.result),
	     (answer.when_ns - begin) / 1e6);

	fact_result(0, actor_do(heir, lockmgr_unlock, id), "it unlocks the lock");
	fact_result(0, actor_do(heir, lockmgr_lock, id),
		    "it locks it again: a death is reported once");
}

/* ------------------------------------------------------------------------
 * A deadlock
 */

void play_deadlock(struct lockmgr *mgr)
{
	struct actor *one = actor_new("one", LOCKMGR_OPEN_DETECT_DEADLOCK);
	struct actor *two = actor_new("two", LOCKMGR_OPEN_DETECT_DEADLOCK);
	int a = allocate(mgr, 0);
	int b = allocate(mgr, 0);

	fact_result(0, actor_do(one, lockmgr_lock, a), "process one locks lock 0");
	fact_result(0, actor_do(two, lockmgr_lock, b), "process two locks lock 1");
	actor_ask(one, lockmgr_lock, b);
	fact_waiters(mgr, b, 1, "process one waits for lock 1");

	fact_result(-EDEADLK, actor_do(two, lockmgr_lock, a), "process two asks for lock 0");
	fact_result(0, actor_do(two, lockmgr_unlock, b), "process two unlocks lock 1 instead");
	fact_result(0, actor_answer(one).result, "process one acquires it, and holds both");
}

/* Without LOCKMGR_OPEN_DETECT_DEADLOCK both wait until somebody ends one of them. */
void play_stuck(struct lockmgr *mgr)
{
	struct actor *run = actor_new("run", 0);
	struct actor *rm = actor_new("rm", 0);
	const char *output;
	bool both;

	fact_result(0, actor_do(run, lockmgr_lock, 3), "process run locks lock 3");
	fact_result(0, actor_do(rm, lockmgr_lock, 4), "process rm locks lock 4");
	actor_ask(run, lockmgr_lock, 4);
	wait_for_waiters(mgr, 4, 1);
	actor_ask(rm, lockmgr_lock, 3);
	fact_waiters(mgr, 3, 1, "each waits for the lock of the other");

	output = show_lockctl("deadlocks", 1);
	both = strstr(output, "(run)") && strstr(output, "(rm)");
	fact(both, "lockctl names both, and what to do", "both", both ? "both" : "not both");
	actor_kill(rm);
	fact_result(LOCKMGR_OWNER_DIED, actor_answer(run).result,
		    "rm is killed; run gets its lock, and learns of the death");
}
