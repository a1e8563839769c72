/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the bench share.
 *
 *   main.c		what is measured, in which order
 *   measure.c		rounds, alternation, medians, spread
 *   report.c		the table on the terminal and the results as JSON
 *   work.c		a place for files, processes, clocks
 *   spin.c		work that takes a given time
 *   contest.c		processes that compete for one lock
 *   sleeper.c		a process that is known to sleep in a lock's queue
 *   peer_*.c		each one way to lock
 *   uncontended.c, …	each one measured thing
 *   native/		what is measured outside the machine
 *
 * Any call that fails ends the bench with a message and status 1.
 */
#ifndef BENCH_H
#define BENCH_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* ------------------------------------------------------------------------
 * Peers
 */

/**
 * struct peer - a way to lock between processes
 * @name: its name, in the table's head and in the results
 * @create: make that many locks, as the first process of a program would
 * @destroy: remove them; no handle is open then
 * @open: what each process does before it locks; returns a handle
 * @lock: acquire a lock, however long that takes
 * @trylock: acquire it if nobody holds it
 * @unlock: release it
 * @pairs: lock and unlock N times, without a call through a pointer for each
 * @close: close the handle
 * @outlives: closing the handle does not release what it holds
 * @hold_max: how many locks a process can acquire in reasonable time; 0: any number
 * @hold_why: why not more
 */
struct peer {
	const char *name;
	void (*create)(uint32_t count);
	void (*destroy)(void);
	void *(*open)(void);
	void (*lock)(void *handle, uint32_t id);
	bool (*trylock)(void *handle, uint32_t id);
	void (*unlock)(void *handle, uint32_t id);
	void (*pairs)(void *handle, uint32_t id, uint64_t count);
	void (*close)(void *handle);
	bool outlives;
	uint32_t hold_max;
	const char *hold_why;
};

/* The same loop in each peer's file, where the compiler sees what it calls. */
#define DEFINE_PAIRS \
	static void pairs(void *handle, uint32_t id, uint64_t count) \
	{ \
		while (count--) { \
			lock(handle, id); \
			unlock(handle, id); \
		} \
	} \
	static_assert(1, "")

extern const struct peer peer_lockmgr;
extern const struct peer peer_lockmgr_ioctl;
extern const struct peer peer_ioctls;
extern const struct peer peer_swaps;
extern const struct peer peer_robust;
extern const struct peer peer_plain;
extern const struct peer peer_flock;
extern const struct peer peer_ofd;
extern const struct peer peer_sysv;

/* ------------------------------------------------------------------------
 * Measuring
 */

#define ROUNDS_MAX	128

/**
 * struct subject - one of several things that are sampled in turns
 * @sample: takes one sample
 * @arg: for @sample
 * @samples: the samples, one per round
 * @rounds: how many
 * @missing: why there are no samples, or NULL
 */
struct subject {
	double (*sample)(void *arg);
	void *arg;
	double samples[ROUNDS_MAX];
	unsigned int rounds;
	const char *missing;
};

void measure(struct subject *subjects, size_t count, unsigned int rounds);

/* The median of at most ROUNDS_MAX samples. */
double median_of(const double *samples, unsigned int count);

double median(const struct subject *subject);
double spread(const struct subject *subject);

/* The median of the ratios in each round: what slows the machine down slows down both. */
double ratio(const struct subject *subject, const struct subject *peer);

/* ------------------------------------------------------------------------
 * Reporting
 */

enum bound {
	NO_BOUND,
	AT_MOST,
	AT_LEAST,
};

/**
 * struct target - a bound for the ratio to a peer, or for a value that has no peer
 * @bound: which kind of bound
 * @limit: the bound, which itself meets the target
 */
struct target {
	enum bound bound;
	double limit;
};

#define NO_TARGET		((struct target){ NO_BOUND, 0 })
#define AT_MOST(number)		((struct target){ AT_MOST, number })
#define AT_LEAST(number)	((struct target){ AT_LEAST, number })

/* A row begins with lockmgr's own figure ... */
void report_own(const char *name, const char *title, const char *own, const char *unit,
		const struct subject *subject);

/* ... and goes on with those that it is compared with. */
void report_peer(const char *peer, const struct subject *subject, struct target target);

/* A row of one figure. */
void report_value(const char *name, const char *title, const char *unit, double value,
		  struct target target);

/**
 * struct rival - a peer in a row
 * @peer: the peer
 * @target: for lockmgr's figure divided by the peer's
 */
struct rival {
	const struct peer *peer;
	struct target target;
};

/* A row of peers, of which the first is lockmgr. */
void report_row(const char *name, const char *title, const char *unit,
		const struct rival *rivals, const struct subject *subjects, size_t count);

/* Prints the notes and writes the results. */
void report_end(const char *json_path);

/* ------------------------------------------------------------------------
 * Work
 */

uint64_t now_ns(void);

_Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *format, ...);

/* Fail if a call returned a negative value. */
#define must(call) \
	__extension__({ \
		__auto_type result = (call); \
		if (result < 0) \
			fail("%s:%d: %s: %m", __FILE__, __LINE__, #call); \
		result; \
	})

/* Mount a file system in memory, and remove it. */
void work_begin(void);
void work_end(void);

/* A path in that file system; valid until the next call. */
const char *work_path(const char *name);

/* Zeroed memory that children share. */
void *work_shared(size_t size);

/* Run a function in a child, which does not outlive the bench. */
pid_t work_fork(void (*run)(void *arg), void *arg);

/* Wait for the end of a child; fail unless its exit status is 0. */
void work_join(pid_t pid);

/* Keep a processor busy for a number of loops. */
void work_spin(uint64_t loops);

/* How many loops take that time on an otherwise idle processor. */
uint64_t work_loops(uint64_t ns);

/* Send a byte through a pipe, and wait for one. */
void work_tell(int fd);
void work_hear(int fd);

/* Returns @ret, which a function of the library returned; fails if it is an error. */
int work_checked(int ret, const char *what);

/* ------------------------------------------------------------------------
 * A process that sleeps in a lock's queue
 */

/**
 * struct sleeper - a process that locks lock 0 on request
 * @peer: the kind of lock
 * @shared: what it writes
 * @pid: the process
 * @syscall: its /proc/PID/syscall, where the kernel says in which call it waits
 * @told: pipe to it
 * @tells: pipe from it
 * @turns: how many requests it has got
 */
struct sleeper {
	const struct peer *peer;
	struct sleeper_shared *shared;
	pid_t pid;
	int syscall;
	int told[2];
	int tells[2];
	uint64_t turns;
};

void sleeper_start(struct sleeper *sleeper, const struct peer *peer);
void sleeper_stop(struct sleeper *sleeper);

/* Make it wait for the lock, which somebody holds; it sleeps when this returns. */
void sleeper_enqueue(struct sleeper *sleeper);

/* Wait until it has acquired and released the lock; returns when it acquired it. */
uint64_t sleeper_woken(struct sleeper *sleeper);

/* ------------------------------------------------------------------------
 * Processes that compete for one lock
 */

#define CONTESTANTS_MAX	64

/**
 * struct contest - processes that do nothing but lock, work, and unlock
 * @peer: the kind of lock
 * @processes: how many
 * @loops: of work under the lock
 * @duration_ns: how long a round is
 * @fairness: acquisitions of the slowest process in the last round, divided by the mean of all
 * @arena: what they share
 * @pids: the processes
 * @index: which process it is
 */
struct contest {
	const struct peer *peer;
	unsigned int processes;
	uint64_t loops;
	uint64_t duration_ns;
	double fairness;
	struct arena *arena;
	pid_t pids[CONTESTANTS_MAX];
	unsigned int index;
};

/* Make the lock and the processes, and remove them. */
void contest_begin(struct contest *contest);
void contest_end(struct contest *contest);

/* Run a round; returns acquisitions per second.  Between rounds the processes sleep. */
double contest_round(struct contest *contest);

/* ------------------------------------------------------------------------
 * What is measured
 */

void bench_uncontended(void);
void bench_contended(void);
void bench_fairness(void);
void bench_handover(void);
void bench_kill(void);
void bench_open(void);
void bench_allocate(void);
void bench_idle(void);
void bench_close(void);
void bench_crowd(void);
void bench_memory(void);

#endif /* BENCH_H */
