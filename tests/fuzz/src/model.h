/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference model: what the contract (include/uapi/linux/lockmgr.h) says that
 * each operation returns, whose calls it ends, and what can be seen afterwards.  As
 * simple as possible: arrays, searched from the beginning.
 *
 * It predicts what happens when operations follow one another, each after all threads have
 * come to rest.  What the contract leaves open, it learns: tokens, generations, and who wins
 * where two threads may.
 *
 * Where several errors are possible at once, it expects the first of: ENOTTY, EINVAL
 * for the size, EBADF and ENOTCONN for the file, EFAULT or E2BIG for the struct, EINVAL
 * for its contents, then those of the command in the order of the checks here.
 */
#ifndef MODEL_H
#define MODEL_H

#include <linux/lockmgr.h>

#include "program.h"

#define NONE		(-1)

/* Each operation opens at most one file; this many can be open at the same time. */
#define CLIENTS_MAX	(PROCESSES * (FILES + THREADS))
#define SPACES_MAX	PROGRAM_MAX
#define IDS_MAX		PROGRAM_MAX
#define LOCKS_MAX	PROGRAM_MAX

/* Locks share counters of places: a space has this many counters. */
#define COUNTERS	64

/* A thread, as opposed to another one that took its place after its death. */
struct being {
	int process;
	int thread;
	uint32_t birth;
};

/* An open file. */
struct model_client {
	int refs;			/* descriptors, and threads that wait; 0: unused */
	bool readable;
	bool writable;
	enum who opener;
	struct being opened_by;
	int space;			/* or NONE */
	uint32_t token;
	bool detect;
	bool ends;			/* ends with the process that attached it */
	struct being attached_by;
	uint32_t page_count;
	uint32_t pages[PROGRAM_MAX];	/* the pages of records that it has used */
};

struct model_lock {
	uint32_t id;
	int client;			/* the holder, or NONE */
	struct being taker;
	bool died;			/* and no call has said so */
	uint64_t since;
	bool marked;			/* its release may need the kernel */
};

struct model_id {
	uint32_t id;
	enum note note;
};

struct model_space {
	bool exists;
	bool linked;
	enum space_name name;
	uint32_t owner;
	uint32_t group;
	uint32_t mode;
	uint32_t capacity;
	bool wild;			/* records were overwritten: the model knows no locks */
	uint64_t places[COUNTERS];	/* the last place drawn from each counter */
	uint64_t generation;
	uint32_t clients;
	uint32_t id_count;
	struct model_id ids[IDS_MAX];	/* the allocated ids, in order */
	uint32_t lock_count;
	struct model_lock locks[LOCKS_MAX];	/* in order of their ids */
};

/* A place that the kernel keeps for a thread. */
struct model_promise {
	struct being to;
	int client;
	uint32_t id;
	uint64_t ticket;
};

/* Where a list ended. */
struct model_cursor {
	int space;			/* or NONE */
	uint32_t id;
	uint64_t next;			/* id, or place in the queue */
};

struct model_thread {
	enum who who;
	bool waits;
	/* While it waits. */
	struct op call;
	int client;
	uint64_t ticket;
	uint64_t passed_ticket;		/* the ticket in the struct of the call */
	uint64_t since;
	/* What earlier calls have left for later ones. */
	uint64_t saved_ticket;
	struct model_cursor locks;
	struct model_cursor waiters;
};

struct model_process {
	bool alive;
	uint32_t birth;
	int files[FILES];		/* or NONE */
	struct model_thread threads[THREADS];
};

struct model {
	struct model_process processes[PROCESSES];
	struct model_client clients[CLIENTS_MAX];
	struct model_space spaces[SPACES_MAX];
	uint32_t births;
	uint32_t promise_count;
	struct model_promise promises[PROGRAM_MAX];
};

/* What an operation must do. */
struct outcome {
	bool skip;			/* the operation makes no sense here */
	bool waits;
	bool timed_out;			/* it waits until its deadline */
	long result;			/* unless it waits */
	uint32_t id;			/* what allocate returns */
	bool created;			/* the operation made the space */
	bool open;			/* the operation may also succeed */
	bool wild;			/* it may return any documented result */
	/* Threads that waited, and whose calls it ends. */
	uint32_t done_count;
	struct {
		int process;
		int thread;
		long result;
	} done[PROCESSES * THREADS];
};

void model_init(struct model *model);

/** Predict what an operation does at the time @now of CLOCK_MONOTONIC. */
void model_apply(struct model *model, const struct op *op, uint64_t now,
		 struct outcome *outcome);

/** The client of an operation's file, or NULL. */
struct model_client *model_file(struct model *model, const struct op *op);

/** The space of a client, or NULL. */
struct model_space *model_space_of(struct model *model, const struct model_client *client);

/** Whether the model knows where a list begins. */
bool model_cursor_known(struct model *model, const struct op *op);

/** Where a list begins: an id, or a place in the queue after which it begins. */
uint64_t model_cursor_of(struct model *model, const struct op *op);

/** Call this after a list; @next is where it ended. */
void model_note_cursor(struct model *model, const struct op *op, uint64_t next);

/** Call this after a relock that barged: it acquired the lock before the waiter did. */
void model_barge(struct model *model, const struct op *op, uint64_t now,
		 struct outcome *outcome);

/** Call this after a release in memory that was left open, and that succeeded. */
void model_released(struct model *model, const struct op *op);

/** Whether a client may map the records of its space. */
bool model_may_map(const struct model_client *client, const struct model_space *space);

bool model_is_allocated(const struct model_space *space, uint32_t id);
enum note model_note_of(const struct model_space *space, uint32_t id);

/** The thread that has waited longest for a lock after that place, or NULL. */
struct model_thread *model_queue_after(struct model *model, int space, uint32_t id,
				       uint64_t ticket);
uint32_t model_queue_length(struct model *model, int space, uint32_t id);
struct being model_being(struct model *model, const struct model_thread *thread);
bool model_lives(struct model *model, const struct being *being);
bool model_may_use(struct model *model, const struct op *op, const struct model_client *client);

/** Whether the kernel believes the word about which thread acquired a lock. */
bool model_knows_taker(struct model *model, const struct model_lock *lock);

/** Whether a path of waits leads from a thread to itself; if @through is given, through it. */
bool model_in_cycle(struct model *model, struct being from, const struct model_lock *through);

/* Only for the parts of the model itself. */

struct model_thread *model_thread(struct model *model, const struct op *op);
struct model_lock *model_find_lock(struct model_space *space, uint32_t id);
uint32_t model_native_size(enum verb verb);
void model_put_client(struct model *model, struct outcome *outcome, int client, uint64_t now);
long model_command(struct model *model, const struct op *op, uint64_t now,
		   struct outcome *outcome);
long model_do_lock(struct model *model, struct model_thread *thread, const struct op *op,
		   int client, uint64_t ticket, uint64_t now, struct outcome *outcome);
long model_do_unlock(struct model *model, int client, uint32_t id, uint64_t now,
		     struct outcome *outcome);
long model_do_take(struct model *model, struct model_thread *thread, int client, uint32_t id,
		   uint64_t now);
long model_do_release(struct model *model, int client, uint32_t id, struct outcome *outcome);
void model_forget_promises(struct model *model, int client);
void model_mark(struct model_space *space, uint32_t first);
void model_use_page(struct model_client *client, uint32_t id);
void model_memory(struct model *model, const struct op *op, uint64_t now,
		  struct outcome *outcome);
void model_release_all(struct model *model, int client, uint64_t now, struct outcome *outcome);
void model_interrupt(struct model *model, struct model_thread *thread, enum how how,
		     uint64_t now, struct outcome *outcome);
void model_done(struct model *model, struct outcome *outcome, struct model_thread *thread,
		long result);

#endif /* MODEL_H */
