/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that make lock calls on request, and their places in the queue.
 *
 * A failure in one of these functions fails the running test.
 */
#ifndef CALLER_H
#define CALLER_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#include "raw.h"

#define CALLERS_MAX 64

/**
 * struct caller - a thread that makes lock calls on request
 * @file: on which file
 * @args: the argument; what the last call has left there
 * @result: of the last call
 * @tid: the thread
 * @told: to call, or to end
 * @done: it has called
 * @over: it shall end, and keep no lock
 */
struct caller {
	int file;
	struct lockmgr_ioctl_lock args;
	long result;
	_Atomic pid_t tid;
	sem_t told;
	sem_t done;
	atomic_bool over;
	pthread_t thread;
};

static struct caller callers[CALLERS_MAX];
static size_t caller_count;

static inline void ignore(int signal)
{
	(void)signal;
}

static inline void *serve(void *data)
{
	struct caller *caller = data;

	caller->tid = gettid();
	sem_post(&caller->done);
	for (;;) {
		while (sem_wait(&caller->told))
			;
		if (caller->over)
			return NULL;
		caller->result = raw_call(caller->file, LOCKMGR_IOC_LOCK, &caller->args);
		if (caller->over && caller->result >= 0)
			raw_id(caller->file, LOCKMGR_IOC_UNLOCK, caller->args.id);
		sem_post(&caller->done);
	}
}

static inline void await_done(struct caller *caller)
{
	while (sem_wait(&caller->done))
		;
}

static inline struct caller *caller_new(int file)
{
	struct caller *caller = &callers[caller_count++];

	assert_true(caller_count <= CALLERS_MAX);
	memset(caller, 0, sizeof(*caller));
	caller->file = file;
	sem_init(&caller->told, 0, 0);
	sem_init(&caller->done, 0, 0);
	assert_int_equal(pthread_create(&caller->thread, NULL, serve, caller), 0);
	await_done(caller);

	return caller;
}

/* List the waiters of a lock in the order of the queue; returns how many there are. */
static inline uint32_t list_waiters(int file, uint32_t id, struct lockmgr_waiter_entry *entries,
				    uint32_t max)
{
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(*entries),
		.count = max,
		.id = id,
	};

	assert_int_equal(raw_call(file, LOCKMGR_IOC_LIST_WAITERS, &args), 0);
	assert_int_equal(args.cursor, LOCKMGR_CURSOR_END);

	return args.count;
}

/* How many wait ahead of a caller; -1 if it does not wait. */
static inline int place_of(const struct caller *caller)
{
	struct lockmgr_waiter_entry entries[CALLERS_MAX + 1];
	uint32_t count = list_waiters(caller->file, caller->args.id, entries, ARRAY_SIZE(entries));
	uint32_t i;

	for (i = 0; i < count; i++)
		if (entries[i].tid == (uint32_t)caller->tid)
			return i;

	return -1;
}

static inline bool waits(void *data)
{
	return place_of(data) >= 0;
}

/* Have a caller make a lock call, and wait until it is in the queue. */
static inline void wait_with(struct caller *caller, uint32_t id, uint64_t ticket)
{
	caller->args = (struct lockmgr_ioctl_lock){ .id = id, .ticket = ticket };
	sem_post(&caller->told);
	wait_until(waits, caller, "a caller waits");
}

static inline struct caller *new_waiter(int file, uint32_t id, uint64_t ticket)
{
	struct caller *caller = caller_new(file);

	wait_with(caller, id, ticket);

	return caller;
}

/* End the caller's wait by a signal; returns the ticket. */
static inline uint64_t interrupt(struct caller *caller)
{
	pthread_kill(caller->thread, SIGUSR1);
	await_done(caller);
	assert_int_equal(caller->result, -EINTR);
	assert_int_not_equal(caller->args.ticket, 0);

	return caller->args.ticket;
}

static inline uint64_t cookie_of(const struct caller *caller)
{
	struct lockmgr_waiter_entry entries[CALLERS_MAX + 1];
	int place = place_of(caller);

	assert_true(place >= 0);
	list_waiters(caller->file, caller->args.id, entries, ARRAY_SIZE(entries));

	return entries[place].cookie;
}

/* Release a lock, and expect that this caller acquires it next. */
static inline void expect_next(int file, struct caller *caller)
{
	assert_int_equal(raw_id(file, LOCKMGR_IOC_UNLOCK, caller->args.id), 0);
	await_done(caller);
	assert_int_equal(caller->result, 0);
}

/** Call this before the first caller_new(); only raw_files may hold locks. */
static inline int callers_begin(void)
{
	struct sigaction action = { .sa_handler = ignore };

	caller_count = 0;

	return sigaction(SIGUSR1, &action, NULL);
}

/** End all callers; releases each lock up to that id for which they wait. */
static inline void callers_end(uint32_t last)
{
	uint32_t id;
	size_t i;

	for (i = 0; i < caller_count; i++)
		callers[i].over = true;
	/* Each waiter acquires its lock, and releases it. */
	for (i = 0; i < raw_file_count; i++)
		for (id = 0; id <= last; id++)
			raw_id(raw_files[i], LOCKMGR_IOC_UNLOCK, id);
	for (i = 0; i < caller_count; i++) {
		sem_post(&callers[i].told);
		pthread_join(callers[i].thread, NULL);
		sem_destroy(&callers[i].told);
		sem_destroy(&callers[i].done);
	}
}

#endif /* CALLER_H */
