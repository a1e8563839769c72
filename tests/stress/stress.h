/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the stress tests share: crowds of processes each of which must make progress, shared
 * memory, random numbers that a later run can repeat, and reports of what is stuck.
 *
 *	LOCKMGR_SCALE	how much longer a run is, for example 10 or 0.1 (default 1)
 *	LOCKMGR_SEED	the seed of a run to repeat; each run prints its own
 */
#ifndef STRESS_H
#define STRESS_H

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* How long a worker may make no progress before it counts as stuck. */
#ifndef STRESS_PATIENCE_S
#define STRESS_PATIENCE_S	600
#endif

#ifndef WORKERS_MAX
#define WORKERS_MAX		72
#endif
#define WORKER_THREADS_MAX	4

/* ------------------------------------------------------------------------
 * Scale, random numbers, time
 */

/** The seed of this run. */
static inline uint64_t stress_seed(void)
{
	static uint64_t seed;
	const char *given = getenv("LOCKMGR_SEED");

	if (!seed) {
		seed = given ? strtoull(given, NULL, 0) : now_ns();
		printf("# LOCKMGR_SEED=%" PRIu64 "\n", seed);
		fflush(stdout);
	}

	return seed;
}

/** Initial state of the random numbers of worker or supervisor @who in this run. */
static inline uint64_t random_begin(uint64_t who)
{
	return stress_seed() + who * 0xd1342543de82ef95ULL;
}

/** The next random number below @end (splitmix64). */
static inline uint32_t random_below(uint64_t *state, uint32_t end)
{
	uint64_t bits = *state += 0x9e3779b97f4a7c15ULL;

	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9ULL;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111ebULL;

	return (uint32_t)(bits >> 32) % end;
}

static inline void pause_us(long microseconds)
{
	const struct timespec pause = { .tv_nsec = microseconds * 1000 };

	nanosleep(&pause, NULL);
}

/** The time @microseconds from now, on CLOCK_MONOTONIC. */
static inline struct timespec deadline_in_us(long microseconds)
{
	uint64_t ns = now_ns() + microseconds * 1000LL;

	return (struct timespec) { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

/** Memory of zeros, shared with the children. */
static inline void *shared_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);

	return memory;
}

/* ------------------------------------------------------------------------
 * Processors
 */

/**
 * Share one processor with all children that start from now on, and run on it whenever the
 * caller does not sleep: no child runs between two steps of the caller.
 */
static inline void conduct(void)
{
	const struct sched_param param = { .sched_priority = 1 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	assert_int_equal(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param), 0);
}

/** Undo conduct(). */
static inline void stop_conducting(void)
{
	const struct sched_param param = { 0 };
	cpu_set_t cpus;

	memset(&cpus, 0xff, sizeof(cpus));
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	assert_int_equal(sched_setscheduler(0, SCHED_OTHER, &param), 0);
}

/* ------------------------------------------------------------------------
 * Crowds
 */

/**
 * struct worker - one process of a crowd, in shared memory
 * @index: its number in the crowd
 * @argument: the argument with which it was started
 * @pid: 0 when it does not run; only the supervisor uses it
 * @steps: for each of its threads, how many steps it has made; 0: there is no such thread
 *	(yet), UINT64_MAX: it has done its work
 * @seen: only for the supervisor: the last value of @steps ...
 * @seen_at: ... and since when @steps has had it
 */
struct worker {
	unsigned int index;
	uint32_t argument;
	pid_t pid;
	atomic_uint_least64_t steps[WORKER_THREADS_MAX];
	uint64_t seen[WORKER_THREADS_MAX];
	uint64_t seen_at[WORKER_THREADS_MAX];
};

/**
 * struct crowd - the processes of a test, in shared memory
 * @mgr: the test's own handle on the space, to find out what is wrong
 * @ready: how many workers wait for @go
 * @go: all workers may begin
 * @stop: all workers shall end
 * @workers: the processes
 */
struct crowd {
	struct lockmgr *mgr;
	atomic_uint ready;
	atomic_bool go;
	atomic_bool stop;
	struct worker workers[WORKERS_MAX];
};

typedef void (*work_fn)(struct crowd *crowd, struct worker *self);

static inline struct crowd *crowd_new(struct lockmgr *mgr)
{
	struct crowd *crowd = shared_new(sizeof(*crowd));

	/* An earlier test may have failed while it conducted. */
	stop_conducting();
	crowd->mgr = mgr;

	return crowd;
}

/* What a worker does -------------------------------------------------------- */

/** Expect something in a worker, where cmocka's assertions do not work. */
#define worker_check(condition) \
	((condition) ? (void)0 : worker_fail(self, __FILE__, __LINE__, #condition))

static inline void worker_fail(const struct worker *self, const char *file, int line,
			       const char *what)
{
	dprintf(STDOUT_FILENO, "# worker %u (pid %d): %s:%d: not true: %s\n", self->index,
		getpid(), file, line, what);
	_exit(1);
}

static inline struct lockmgr *worker_open_with(struct worker *self, uint32_t flags)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	options.flags = flags;
	worker_check(!lockmgr_open(&mgr, space_name(), &options));

	return mgr;
}

static inline struct lockmgr *worker_open(struct worker *self)
{
	return worker_open_with(self, 0);
}

/** Each thread must call this each time that it has done something. */
static inline void worker_step(struct worker *self, unsigned int thread)
{
	atomic_fetch_add(&self->steps[thread], 1);
}

/** A thread has done all its work. */
static inline void worker_done(struct worker *self, unsigned int thread)
{
	atomic_store(&self->steps[thread], UINT64_MAX);
}

/** Wait until all workers are ready. */
static inline void worker_wait_for_go(struct crowd *crowd)
{
	atomic_fetch_add(&crowd->ready, 1);
	while (!atomic_load(&crowd->go))
		pause_us(500);
}

/* What is stuck ------------------------------------------------------------- */

static inline void dump_waiters(struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_waiter_info waiters[WORKERS_MAX * WORKER_THREADS_MAX];
	uint64_t cursor = 0, now = now_ns();
	size_t count, i;

	if (lockmgr_list_waiters(mgr, id, &cursor, waiters,
				 sizeof(waiters) / sizeof(waiters[0]), &count))
		return;

	for (i = 0; i < count; i++)
		printf("#     waits: pid %d tid %d client %u flags %#x for %" PRIu64 " ms\n",
		       waiters[i].pid, waiters[i].tid, waiters[i].client, waiters[i].flags,
		       (now - waiters[i].since) / 1000000);
}

/** Print every lock of the space that is held or waited for, its holder and its waiters. */
static inline void dump_space(struct lockmgr *mgr)
{
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0, now = now_ns();
	size_t count;

	while (cursor != LOCKMGR_LIST_END &&
	       !lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD | LOCKMGR_LOCK_IS_WAITED, &cursor, &lock,
			     1, &count)) {
		if (!count)
			continue;
		printf("# lock %u: flags %#x, %u waiters\n", lock.id, lock.flags, lock.waiters);
		if (lock.client)
			printf("#     held by: pid %d tid %d client %u for %" PRIu64 " ms\n",
			       lock.pid, lock.tid, lock.client, (now - lock.since) / 1000000);
		dump_waiters(mgr, lock.id);
	}
	fflush(stdout);
}

static inline void end_worker(struct worker *worker)
{
	if (worker->pid) {
		kill(worker->pid, SIGKILL);
		waitpid(worker->pid, NULL, 0);
	}
	worker->pid = 0;
}

/* Say what is wrong, end all workers, and fail the test. */
static inline void crowd_fail(struct crowd *crowd, const char *what, const struct worker *worker)
{
	pid_t pid = worker ? worker->pid : 0;
	unsigned int i, index = worker ? worker->index : 0;

	dump_space(crowd->mgr);
	for (i = 0; i < WORKERS_MAX; i++)
		end_worker(&crowd->workers[i]);
	fail_msg("%s (worker %u, pid %d)", what, index, pid);
}

/* What the supervisor does -------------------------------------------------- */

/** Start a worker in a free place of the crowd. */
static inline void crowd_start(struct crowd *crowd, unsigned int index, work_fn work,
			       uint32_t argument)
{
	struct worker *self = &crowd->workers[index];
	pid_t pid, parent = getpid();
	unsigned int thread;

	assert_true(index < WORKERS_MAX && !self->pid);
	self->index = index;
	self->argument = argument;
	for (thread = 0; thread < WORKER_THREADS_MAX; thread++)
		atomic_store(&self->steps[thread], !thread);
	memset(self->seen, 0, sizeof(self->seen));

	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid) {
		self->pid = pid;
		return;
	}

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	work(crowd, self);
	_exit(0);
}

static inline void check_worker(struct crowd *crowd, struct worker *worker)
{
	uint64_t now = now_ns();
	unsigned int thread;

	for (thread = 0; thread < WORKER_THREADS_MAX; thread++) {
		uint64_t steps = atomic_load(&worker->steps[thread]);

		if (steps != worker->seen[thread]) {
			worker->seen[thread] = steps;
			worker->seen_at[thread] = now;
		} else if (steps && steps != UINT64_MAX &&
			   now - worker->seen_at[thread] > STRESS_PATIENCE_S * 1000000000ULL) {
			crowd_fail(crowd, "stuck", worker);
		}
	}
}

static inline void reap_worker(struct crowd *crowd, struct worker *worker)
{
	int status;

	if (waitpid(worker->pid, &status, WNOHANG) != worker->pid)
		return;
	worker->pid = 0;
	if (status)
		crowd_fail(crowd, "a worker has failed", worker);
}

/**
 * Fail if a worker has failed or makes no progress.  Returns how many run.
 */
static inline unsigned int crowd_check(struct crowd *crowd)
{
	unsigned int i, count = 0;

	for (i = 0; i < WORKERS_MAX; i++) {
		struct worker *worker = &crowd->workers[i];

		if (worker->pid)
			check_worker(crowd, worker);
		if (worker->pid)
			reap_worker(crowd, worker);
		count += !!worker->pid;
	}

	return count;
}

/** Wait until all workers that were started wait for it, then start them at once. */
static inline void crowd_go(struct crowd *crowd)
{
	while (atomic_load(&crowd->ready) < crowd_check(crowd))
		pause_us(1000);
	atomic_store(&crowd->go, true);
}

/** Wait until a condition holds, while the crowd goes on; @what says how it fails to hold. */
static inline void crowd_until(struct crowd *crowd, bool (*condition)(void *data), void *data,
			       const char *what)
{
	uint64_t end = now_ns() + STRESS_PATIENCE_S * 1000000000ULL;

	while (!condition(data)) {
		crowd_check(crowd);
		if (now_ns() > end)
			crowd_fail(crowd, what, NULL);
		pause_us(200);
	}
}

/** Wait until all workers have ended. */
static inline void crowd_finish(struct crowd *crowd)
{
	while (crowd_check(crowd))
		pause_us(2000);
}

/** Run @work in @count workers, from beginning to end. */
static inline void crowd_run(struct crowd *crowd, unsigned int count, work_fn work)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		crowd_start(crowd, i, work, 0);
	crowd_go(crowd);
	crowd_finish(crowd);
}

/** Kill a worker, and wait until it is gone with all its files. */
static inline void crowd_kill(struct crowd *crowd, unsigned int index)
{
	end_worker(&crowd->workers[index]);
}

#endif /* STRESS_H */
