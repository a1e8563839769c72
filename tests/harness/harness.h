/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test programs share: spaces that vanish after each test, other
 * processes to act against, and functions that wait for an observed state.
 *
 * A failure in one of these functions fails the running test.
 */
#ifndef HARNESS_H
#define HARNESS_H

/* cmocka.h needs these. */
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

/** A test whose spaces and agents are gone when the next test begins. */
#define harness_test(function) \
	cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

/** The body of main(): run the tests, and print TAP. */
#define harness_run(tests) \
	(cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, NULL, NULL))

int harness_setup(void **state);
int harness_teardown(void **state);

/* ------------------------------------------------------------------------
 * Spaces
 */

/** A name that no other test uses; if the space exists, it is unlinked after the test. */
const char *space_name(void);

/** Another such name. */
const char *other_space_name(void);

/** Whether locks are acquired in memory where possible, and not all through the kernel. */
bool records_are_mapped(void);

/**
 * Make the library map records after the first lock, so that tests need not acquire many
 * locks before.  Each test begins in this state.
 */
void map_at_once(void);

/** When programs other than tests map; returns after how many locks. */
unsigned int map_when_it_pays(void);

/** A handle on the space of space_name(), which is created if it is missing. */
struct lockmgr *space_open(void);

/** The same with flags and, if the space is created, a capacity (0: the largest). */
struct lockmgr *space_open_with(uint32_t flags, uint32_t capacity);

/** Close one of these handles before the test ends. */
void space_close(struct lockmgr *mgr);

/* ------------------------------------------------------------------------
 * Agents: other processes, each with a handle of its own
 */

/** fork() as of a runtime that makes the system call itself: no pthread_atfork() handler runs. */
pid_t raw_fork(void);

struct agent;

/** What an agent can be asked to do; *mgr is its handle, which it may replace. */
typedef long (*agent_fn)(struct lockmgr **mgr, long argument);

/** A process that has opened the space of space_name(). */
struct agent *agent_new(void);

/** The same with flags for lockmgr_open(). */
struct agent *agent_new_with(uint32_t flags);

/** A process of another user that has opened nothing (its *mgr is NULL). */
struct agent *agent_new_as(uid_t uid, gid_t gid, size_t group_count, const gid_t *groups);

/** Have the agent begin to call @fn. */
void agent_start(struct agent *agent, agent_fn fn, long argument);

/** Wait until the agent's call has returned; returns the function's result. */
long agent_finish(struct agent *agent);

/** Whether the agent's call has returned. */
bool agent_is_done(struct agent *agent);

/** agent_start() and agent_finish(). */
long agent_call(struct agent *agent, agent_fn fn, long argument);

pid_t agent_pid(const struct agent *agent);

/** End the agent with SIGKILL, and wait until it is gone with all its files. */
void agent_kill(struct agent *agent);

/** Functions for an agent; each returns what the library's function returns. */
long agent_lock(struct lockmgr **mgr, long id);
long agent_trylock(struct lockmgr **mgr, long id);
long agent_unlock(struct lockmgr **mgr, long id);
long agent_close(struct lockmgr **mgr, long unused);
/** The agent enters namespaces of its own, CLONE_NEW*; returns 0 or -errno. */
long agent_unshare(struct lockmgr **mgr, long namespaces);

/* ------------------------------------------------------------------------
 * What the library exports for tests
 */

extern unsigned int lockmgr_map_after;

/* ------------------------------------------------------------------------
 * Mapped or not: the linker replaces lockmgr_open() by the second of these
 */

int __real_lockmgr_open(struct lockmgr **mgr, const char *space,
			const struct lockmgr_options *opts);
int __wrap_lockmgr_open(struct lockmgr **mgr, const char *space,
			const struct lockmgr_options *opts);

/* ------------------------------------------------------------------------
 * Time and states
 */

/** The time @milliseconds from now, on CLOCK_MONOTONIC. */
struct timespec deadline_in(long milliseconds);

/** CLOCK_MONOTONIC, in nanoseconds. */
uint64_t now_ns(void);

/** That clock at its last tick: it gives the time since when a lock is held. */
uint64_t now_coarse_ns(void);

/** Wait until a condition holds, looking every millisecond. */
void wait_until(bool (*condition)(void *data), void *data, const char *what);

/** A count of rounds or objects, multiplied by LOCKMGR_SCALE; at least 1. */
uint64_t scaled(uint64_t count);

/** Which of many similar cases to try: each, or up to every 8th where LOCKMGR_SCALE is small. */
unsigned int stride(void);

/** Whether the kernel has lockdep or kmemleak, which cost time and memory. */
bool kernel_watches_itself(void);

/* ------------------------------------------------------------------------
 * Files that contain a value, such as those of the kernel
 */

/** Read a file, as much as there is room for; returns the length of the text or -errno. */
long file_text(const char *path, char *text, size_t size);

/** The same for a file that must exist. */
void read_value(const char *path, char *text, size_t size);

/** Write to a file that exists; returns 0 or -errno. */
int write_value(const char *path, const char *text);

/** Whether an agent has executed cat; for wait_until(). */
bool agent_runs_cat(void *agent);

/* ------------------------------------------------------------------------
 * Locks
 */

/** What lockmgr_list() shows of one lock. */
struct lockmgr_lock_info lock_info(struct lockmgr *mgr, uint32_t id);

/** Wait until exactly @count threads wait for a lock. */
void wait_for_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count);

/** Wait until a lock is held, or is free. */
void wait_for_held(struct lockmgr *mgr, uint32_t id, bool held);

#endif /* HARNESS_H */
