// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of locks: who holds each one, who waits for it in which order, and which
 * thread waits for which.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

struct model_lock *model_find_lock(struct model_space *space, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < space->lock_count; i++)
		if (space->locks[i].id == id)
			return &space->locks[i];

	return NULL;
}

static struct model_lock *make_lock(struct model_space *space, uint32_t id)
{
	struct model_lock *lock = model_find_lock(space, id);
	uint32_t i = space->lock_count;

	if (lock)
		return lock;
	for (; i && space->locks[i - 1].id > id; i--)
		space->locks[i] = space->locks[i - 1];
	space->lock_count++;
	space->locks[i] = (struct model_lock){ .id = id, .client = NONE };

	return &space->locks[i];
}

/* ------------------------------------------------------------------------
 * Queues
 */

static bool waits_for(struct model *model, const struct model_thread *thread, int space,
		      uint32_t id)
{
	return thread->waits && model->clients[thread->client].space == space &&
	       thread->call.args[ARG_ID] == id;
}

static struct model_thread *thread_number(struct model *model, int i)
{
	return &model->processes[i / THREADS].threads[i % THREADS];
}

struct model_thread *model_queue_after(struct model *model, int space, uint32_t id,
				       uint64_t ticket)
{
	struct model_thread *found = NULL;
	int i;

	for (i = 0; i < PROCESSES * THREADS; i++) {
		struct model_thread *thread = thread_number(model, i);

		if (waits_for(model, thread, space, id) && thread->ticket > ticket &&
		    (!found || thread->ticket < found->ticket))
			found = thread;
	}

	return found;
}

uint32_t model_queue_length(struct model *model, int space, uint32_t id)
{
	uint32_t count = 0;
	int i;

	for (i = 0; i < PROCESSES * THREADS; i++)
		count += waits_for(model, thread_number(model, i), space, id);

	return count;
}

/* ------------------------------------------------------------------------
 * Places, and to whom they are promised
 */

static struct model_promise *find_promise(struct model *model, const struct model_thread *thread,
					  int client, uint32_t id)
{
	struct being being = model_being(model, thread);
	uint32_t i;

	for (i = 0; i < model->promise_count; i++) {
		struct model_promise *promise = &model->promises[i];

		if (promise->client == client && promise->id == id &&
		    promise->to.process == being.process && promise->to.thread == being.thread &&
		    promise->to.birth == being.birth)
			return promise;
	}

	return NULL;
}

/* A signal has ended a thread's last wait for a lock. */
static void make_promise(struct model *model, const struct model_thread *thread, int client,
			 uint32_t id, uint64_t ticket)
{
	struct model_promise *promise = find_promise(model, thread, client, id);

	/* An operation makes one promise at most; there is room for those of a whole program. */
	if (!promise)
		promise = &model->promises[model->promise_count++];
	*promise = (struct model_promise){
		.to = model_being(model, thread),
		.client = client,
		.id = id,
		.ticket = ticket,
	};
}

/* A thread's wait for a lock has ended in another way, or it got the lock without a wait. */
static void end_promise(struct model *model, const struct model_thread *thread, int client,
			uint32_t id)
{
	struct model_promise *promise = find_promise(model, thread, client, id);

	if (promise)
		*promise = model->promises[--model->promise_count];
}

void model_forget_promises(struct model *model, int client)
{
	uint32_t i = 0;

	while (i < model->promise_count)
		if (model->promises[i].client == client)
			model->promises[i] = model->promises[--model->promise_count];
		else
			i++;
}

/* This computes what the kernel's hash_32() does. */
static uint32_t counter_of(uint32_t id)
{
	return id * 0x61c88647u / (UINT32_MAX / COUNTERS + 1);
}

/* The promised place, if the caller passes its ticket; otherwise a new place. */
static uint64_t draw_ticket(struct model *model, const struct model_thread *thread, int client,
			    uint32_t id, uint64_t wish)
{
	struct model_promise *promise = find_promise(model, thread, client, id);

	if (promise && promise->ticket == wish)
		return wish;

	return ++model_space_of(model, &model->clients[client])->places[counter_of(id)];
}

/* ------------------------------------------------------------------------
 * Who waits for whom
 */

static struct model_lock *awaited(struct model *model, const struct model_thread *thread)
{
	struct model_client *client = &model->clients[thread->client];

	return model_find_lock(model_space_of(model, client), thread->call.args[ARG_ID]);
}

bool model_knows_taker(struct model *model, const struct model_lock *lock)
{
	const struct model_client *client = &model->clients[lock->client];
	const struct being *taker = &lock->taker, *opener = &client->opened_by;
	enum who who = model->processes[taker->process].threads[taker->thread].who;

	if (!model_lives(model, taker))
		return false;

	/* If user space can write the word, the word can name anybody. */
	return model_space_of(model, client)->mode & 077 ||
	       (taker->process == opener->process && taker->birth == opener->birth) ||
	       personas[who].uid == personas[client->opener].uid;
}

bool model_in_cycle(struct model *model, struct being from, const struct model_lock *through)
{
	struct being at = from;
	int steps;

	for (steps = 0; steps < PROCESSES * THREADS; steps++) {
		struct model_thread *thread =
			&model->processes[at.process].threads[at.thread];
		struct model_lock *lock;

		if (!model_lives(model, &at) || !thread->waits)
			return false;
		lock = awaited(model, thread);
		if (lock->client == NONE || !model_knows_taker(model, lock))
			return false;
		at = lock->taker;
		if (at.birth == from.birth && at.thread == from.thread)
			return !through || lock == through;
	}

	return false;
}

/* ------------------------------------------------------------------------
 * Locking
 */

static void hold(struct model *model, struct model_lock *lock, struct model_thread *thread,
		 int client, uint64_t now)
{
	lock->client = client;
	lock->taker = model_being(model, thread);
	lock->died = false;
	lock->since = now;
	lock->marked = false;
}

static long take(struct model *model, struct model_lock *lock, struct model_thread *thread,
		 int client, uint64_t now)
{
	long result = lock->died ? LOCKMGR_OWNER_DIED : 0;

	end_promise(model, thread, client, lock->id);
	hold(model, lock, thread, client, now);

	return result;
}

static void queue_up(struct model *model, struct model_thread *thread, const struct op *op,
		     int client, uint64_t ticket, uint64_t now)
{
	thread->call = *op;
	thread->client = client;
	thread->ticket = draw_ticket(model, thread, client, op->args[ARG_ID], ticket);
	thread->since = now;
	thread->waits = true;
	model->clients[client].refs++;
}

/* A thread that has queued up returns without having slept. */
static long turn_back(struct model *model, struct model_thread *thread, long result)
{
	thread->waits = false;
	model->clients[thread->client].refs--;
	end_promise(model, thread, thread->client, thread->call.args[ARG_ID]);

	return result;
}

long model_do_lock(struct model *model, struct model_thread *thread, const struct op *op,
		   int client, uint64_t ticket, uint64_t now, struct outcome *outcome)
{
	struct model_space *space = model_space_of(model, &model->clients[client]);
	enum deadline deadline = op->args[ARG_DEADLINE];
	bool timed = op->args[ARG_LOCK_FLAGS] & LOCKMGR_LOCK_DEADLINE;
	struct model_lock *lock = make_lock(space, op->args[ARG_ID]);

	if (lock->client == NONE)
		return take(model, lock, thread, client, now);
	if (op->args[ARG_LOCK_FLAGS] == LOCKMGR_LOCK_TRY)
		return -EBUSY;
	lock->marked = true;

	queue_up(model, thread, op, client, ticket, now);
	if (model->clients[client].detect &&
	    model_in_cycle(model, model_being(model, thread), NULL))
		return turn_back(model, thread, -EDEADLK);
	if (timed && deadline <= DEADLINE_NEAR) {
		outcome->timed_out = true;
		return turn_back(model, thread, -ETIMEDOUT);
	}
	outcome->waits = true;

	return 0;
}

/* ------------------------------------------------------------------------
 * Releasing
 */

static void hand_on(struct model *model, int space, uint32_t id, bool died, uint64_t now,
		    struct outcome *outcome)
{
	struct model_lock *lock = model_find_lock(&model->spaces[space], id);
	struct model_thread *first = model_queue_after(model, space, id, 0);
	bool marked = model_queue_length(model, space, id) > 1 ||
		      id >= model->spaces[space].capacity;

	lock->client = NONE;
	lock->died = died;
	if (!first)
		return;
	model_done(model, outcome, first, take(model, lock, first, first->client, now));
	lock->marked = marked;
	/* The waiter's file may have been closed meanwhile. */
	model_put_client(model, outcome, first->client, now);
}

long model_do_unlock(struct model *model, int client, uint32_t id, uint64_t now,
		     struct outcome *outcome)
{
	int number = model->clients[client].space;
	struct model_space *space = &model->spaces[number];
	struct model_lock *lock = model_find_lock(space, id);

	if (!lock || lock->client != client)
		return id >= space->capacity ? -EINVAL : -EPERM;
	hand_on(model, number, id, false, now, outcome);

	return 0;
}

/* ------------------------------------------------------------------------
 * In memory
 */

long model_do_take(struct model *model, struct model_thread *thread, int client, uint32_t id,
		   uint64_t now)
{
	struct model_space *space = model_space_of(model, &model->clients[client]);
	struct model_lock *lock = make_lock(space, id);

	if (lock->client != NONE || lock->died || id >= space->capacity)
		return -EAGAIN;
	hold(model, lock, thread, client, now);

	return 0;
}

long model_do_release(struct model *model, int client, uint32_t id, struct outcome *outcome)
{
	int number = model->clients[client].space;
	struct model_space *space = &model->spaces[number];
	struct model_lock *lock = model_find_lock(space, id);

	if (!lock || lock->client != client || id >= space->capacity ||
	    model_queue_length(model, number, id))
		return -EAGAIN;
	outcome->open = lock->marked;
	if (outcome->open)
		return -EAGAIN;
	lock->client = NONE;

	return 0;
}

void model_released(struct model *model, const struct op *op)
{
	struct model_space *space = model_space_of(model, model_file(model, op));

	model_find_lock(space, op->args[ARG_ID])->client = NONE;
}

/* Only the kernel can release locks beyond the capacity. */
void model_mark(struct model_space *space, uint32_t first)
{
	uint32_t i;

	for (i = 0; i < space->lock_count; i++)
		if (space->locks[i].id >= first)
			space->locks[i].marked = true;
}

void model_release_all(struct model *model, int client, uint64_t now, struct outcome *outcome)
{
	int number = model->clients[client].space;
	struct model_space *space = &model->spaces[number];
	uint32_t i;

	for (i = 0; i < space->lock_count; i++)
		if (space->locks[i].client == client)
			hand_on(model, number, space->locks[i].id, true, now, outcome);
}

/* ------------------------------------------------------------------------
 * Signals
 */

/* The ticket that is in the struct after a signal. */
static uint64_t left_ticket(const struct model_thread *thread)
{
	if (thread->call.args[ARG_MEMORY] == MEMORY_GOOD)
		return thread->ticket;

	/* The kernel could not write to the struct, so the call does not know its place. */
	return thread->passed_ticket;
}

void model_interrupt(struct model *model, struct model_thread *thread, enum how how,
		     uint64_t now, struct outcome *outcome)
{
	uint64_t ticket = left_ticket(thread);
	struct op call = thread->call;
	struct outcome again = { .done_count = 0 };
	struct model_client *client;
	long result;

	thread->waits = false;
	make_promise(model, thread, thread->client, call.args[ARG_ID], thread->ticket);
	model_put_client(model, outcome, thread->client, now);
	if (how == HOW_EINTR || call.args[ARG_LOCK_FLAGS] & LOCKMGR_LOCK_INTERRUPTIBLE) {
		thread->saved_ticket = ticket;
		model_done(model, outcome, thread, -EINTR);
		return;
	}

	/* The kernel restarts the call, on whatever file has that descriptor now. */
	client = model_file(model, &call);
	thread->passed_ticket = ticket;
	call.args[ARG_TICKET] = TICKET_PASSED;
	result = client ? model_command(model, &call, now, &again) : -EBADF;
	if (!again.waits)
		model_done(model, outcome, thread, result);
}
