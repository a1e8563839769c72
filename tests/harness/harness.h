/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test programs share: spaces that vanish after each test, other
 * processes to act against, and waiting for observed states.
 *
 * Whatever fails in here fails the running test.
 */
#ifndef HARNESS_H
#define HARNESS_H

/* What cmocka.h wants to find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include <lockmgr.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* How long anything may take before it counts as stuck. */
#define HARNESS_PATIENCE_S	120

/** A test whose spaces and agents are gone when the next begins. */
#define harness_test(function) \
	cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

/** The body of main(): run the tests, speak TAP. */
#define harness_run(tests) \
	(cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, NULL, NULL))

int harness_setup(void **state);
int harness_teardown(void **state);

/* ------------------------------------------------------------------------
 * Spaces
 */

/** A name that no other test uses; unlinked after the test if it is there. */
const char *space_name(void);

/** Another such name. */
const char *other_space_name(void);

/** Whether locks are taken in memory where they may be, and not all through the kernel. */
bool records_are_mapped(void);

/**
 * When the library maps records: after the first lock, so that tests need not acquire
 * many before.  So it is when a test begins.
 */
void map_at_once(void);

/** When programs other than tests map; returns after how many locks. */
unsigned int map_when_it_pays(void);

/** A handle on the space of space_name(), made if it is missing. */
struct lockmgr *space_open(void);

/** The same with flags and, if the space is made, a capacity (0: the most). */
struct lockmgr *space_open_with(uint32_t flags, uint32_t capacity);

/** Close a handle of these before the test ends. */
void space_close(struct lockmgr *mgr);

/* ------------------------------------------------------------------------
 * Agents: other processes, each with a handle of its own
 */

struct agent;

/** What an agent can be asked to do; *mgr is its handle, which it may replace. */
typedef long (*agent_fn)(struct lockmgr **mgr, long argument);

/** A process that has opened the space of space_name(). */
struct agent *agent_new(void);

/** The same with flags for opening. */
struct agent *agent_new_with(uint32_t flags);

/** A process of another user, which has opened nothing (its *mgr is NULL). */
struct agent *agent_new_as(uid_t uid, gid_t gid, size_t group_count, const gid_t *groups);

/** Have it begin to do something. */
void agent_start(struct agent *agent, agent_fn fn, long argument);

/** Wait until it has done that; returns the function's result. */
long agent_finish(struct agent *agent);

/** Whether it has done that. */
bool agent_is_done(struct agent *agent);

/** Both. */
long agent_call(struct agent *agent, agent_fn fn, long argument);

pid_t agent_pid(const struct agent *agent);

/** End it with SIGKILL, and wait until it is gone with all its files. */
void agent_kill(struct agent *agent);

/** Things to ask for; each returns what the library's function returns. */
long agent_lock(struct lockmgr **mgr, long id);
long agent_trylock(struct lockmgr **mgr, long id);
long agent_unlock(struct lockmgr **mgr, long id);
long agent_close(struct lockmgr **mgr, long unused);
/** It enters namespaces of its own, CLONE_NEW*; returns 0 or -errno. */
long agent_unshare(struct lockmgr **mgr, long namespaces);

/* ------------------------------------------------------------------------
 * What the library has for tests
 */

extern unsigned int lockmgr_map_after;

/* ------------------------------------------------------------------------
 * Both ways: the linker puts the second in the place of lockmgr_open()
 */

int __real_lockmgr_open(struct lockmgr **mgr, const char *space,
			const struct lockmgr_options *opts);
int __wrap_lockmgr_open(struct lockmgr **mgr, const char *space,
			const struct lockmgr_options *opts);

/* ------------------------------------------------------------------------
 * Time and states
 */

/** That many milliseconds from now, on CLOCK_MONOTONIC. */
struct timespec deadline_in(long milliseconds);

/** CLOCK_MONOTONIC, in nanoseconds. */
uint64_t now_ns(void);

/** The same when the clock last ticked: by that, locks are said to be held. */
uint64_t now_coarse_ns(void);

/** Wait until a condition holds, looking every millisecond. */
void wait_until(bool (*condition)(void *data), void *data, const char *what);

/** A count of rounds or objects, made larger or smaller by LOCKMGR_SCALE; at least 1. */
uint64_t scaled(uint64_t count);

/** The step from one of many alike to the next: 1, and up to 8 where LOCKMGR_SCALE is less. */
unsigned int stride(void);

/** Whether the kernel watches its locks or its memory: then it takes time and memory for that. */
bool kernel_watches_itself(void);

/* ------------------------------------------------------------------------
 * Files with a value, as those of the kernel
 */

/** What a file says, all of it or what there is room for; returns its length or -errno. */
long file_text(const char *path, char *text, size_t size);

/** The same of a file that must be there. */
void read_value(const char *path, char *text, size_t size);

/** Write to a file that is there; returns 0 or -errno. */
int write_value(const char *path, const char *text);

/** Whether an agent has executed cat; for wait_until(). */
bool agent_runs_cat(void *agent);

/* ------------------------------------------------------------------------
 * Locks
 */

/** Facts of one lock. */
struct lockmgr_lock_info lock_info(struct lockmgr *mgr, uint32_t id);

/** Wait until that many threads wait for a lock. */
void wait_for_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count);

/** Wait until a lock is held, or is not. */
void wait_for_held(struct lockmgr *mgr, uint32_t id, bool held);

#endif /* HARNESS_H */
