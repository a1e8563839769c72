/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the bench share.
 *
 *   main.c		what is measured, in which order
 *   measure.c		rounds, alternation, medians, spread
 *   report.c		the table on the terminal and the results as JSON
 *   work.c		a place for files, processes, clocks
 *   peer_*.c		one way to lock each
 *   uncontended.c, …	one measured thing each
 *
 * Whatever fails ends the bench with a message and status 1.
 */
#ifndef BENCH_H
#define BENCH_H

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
 * @destroy: take them away, when no handle is open
 * @open: what each process does before it locks; returns a handle
 * @lock: acquire a lock, however long that takes
 * @trylock: acquire it if nobody holds it
 * @unlock: release it
 * @close: close the handle
 * @outlives: closing does not release what the handle holds, only the end of the
 *	process does
 * @floor: it locks nothing, it only shows what any peer of its kind must cost
 * @hold_max: how many locks a process can take within reason; 0: any number
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
	void (*close)(void *handle);
	bool outlives;
	bool floor;
	uint32_t hold_max;
	const char *hold_why;
};

extern const struct peer peer_lockmgr;
extern const struct peer peer_ioctls;
extern const struct peer peer_robust;
extern const struct peer peer_flock;
extern const struct peer peer_ofd;
extern const struct peer peer_sysv;

/* All of them, in the order of the table; the first is lockmgr. */
#define PEERS	6
extern const struct peer *const peers[PEERS];

/* ------------------------------------------------------------------------
 * Measuring
 */

#define ROUNDS_MAX	32

/**
 * struct subject - what is sampled in turns with others
 * @sample: takes one sample: less is better
 * @arg: for @sample
 * @samples: the samples, one a round
 * @rounds: how many
 * @missing: why there is none, or NULL
 */
struct subject {
	double (*sample)(void *arg);
	void *arg;
	double samples[ROUNDS_MAX];
	unsigned int rounds;
	const char *missing;
};

void measure(struct subject *subjects, size_t count, unsigned int rounds);

double median(const struct subject *subject);
double spread(const struct subject *subject);

/* The median of the rounds' ratios: what is slow for a while is so for both. */
double ratio(const struct subject *subject, const struct subject *peer);

/* ------------------------------------------------------------------------
 * Reporting
 */

void report_begin(void);

/* A row with a subject for each peer; those without samples are blank. */
void report_row(const char *name, const char *title, const char *unit,
		const struct subject subjects[PEERS]);

/* A row of lockmgr alone. */
void report_single(const char *name, const char *title, const char *unit,
		   const struct subject *subject);

/* A value that has to be at most the target. */
void report_target(const char *name, const char *title, const char *unit,
		   double value, double target);

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

/* A file system in memory, gone when the bench ends. */
void work_begin(void);
void work_end(void);

/* A path in it; valid until the next call. */
const char *work_path(const char *name);

/* Zeroed memory that children share; never given back. */
void *work_shared(size_t size);

/* A child that does not outlive the bench. */
pid_t work_fork(void (*run)(void *arg), void *arg);

/* Wait until it has ended as it should. */
void work_join(pid_t pid);

/* ------------------------------------------------------------------------
 * What is measured
 */

void bench_uncontended(void);
void bench_contended(void);
void bench_allocate(void);
void bench_close(void);
void bench_memory(void);

#endif /* BENCH_H */
