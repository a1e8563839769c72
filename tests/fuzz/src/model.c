// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of processes, open files and spaces.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

void model_init(struct model *model)
{
	int process, file;

	memset(model, 0, sizeof(*model));
	for (process = 0; process < PROCESSES; process++) {
		model->processes[process].alive = true;
		model->processes[process].birth = ++model->births;
		for (file = 0; file < FILES; file++)
			model->processes[process].files[file] = NONE;
	}
}

struct model_thread *model_thread(struct model *model, const struct op *op)
{
	return &model->processes[op->process].threads[op->thread];
}

static int *slot_of(struct model *model, const struct op *op, enum arg arg)
{
	return &model->processes[op->process].files[op->args[arg]];
}

struct model_client *model_file(struct model *model, const struct op *op)
{
	int client = *slot_of(model, op, ARG_FILE);

	return client == NONE ? NULL : &model->clients[client];
}

struct model_space *model_space_of(struct model *model, const struct model_client *client)
{
	return client->space == NONE ? NULL : &model->spaces[client->space];
}

struct being model_being(struct model *model, const struct model_thread *thread)
{
	int i;

	for (i = 0; i < PROCESSES; i++) {
		struct model_process *process = &model->processes[i];

		if (thread >= process->threads && thread < process->threads + THREADS)
			return (struct being) { i, thread - process->threads, process->birth };
	}

	return (struct being) { NONE, NONE, 0 };
}

bool model_lives(struct model *model, const struct being *being)
{
	const struct model_process *process = &model->processes[being->process];

	return process->alive && process->birth == being->birth;
}

static bool is_of_process(const struct model *model, const struct model_client *client, int process)
{
	return client->attached_by.process == process &&
	       client->attached_by.birth == model->processes[process].birth;
}

/* Whether a client is attached, and the calling process may act for it. */
bool model_may_use(struct model *model, const struct op *op, const struct model_client *client)
{
	return client->space != NONE &&
	       (!client->ends || is_of_process(model, client, op->process));
}

/* ------------------------------------------------------------------------
 * Clients and spaces come and go
 */

static void leave_space(struct model *model, struct model_client *client)
{
	struct model_space *space = &model->spaces[client->space];

	client->space = NONE;
	if (!--space->clients && !space->linked)
		space->exists = false;
}

void model_put_client(struct model *model, struct outcome *outcome, int number, uint64_t now)
{
	struct model_client *client = &model->clients[number];

	if (--client->refs || client->space == NONE)
		return;
	/* The reference is kept until what the client holds has gone to others. */
	client->refs++;
	model_release_all(model, number, now, outcome);
	leave_space(model, client);
	model_forget_promises(model, number);
	client->refs--;
}

/* A thread that waited now returns. */
void model_done(struct model *model, struct outcome *outcome, struct model_thread *thread,
		long result)
{
	struct being being = model_being(model, thread);
	uint32_t i = outcome->done_count++;

	thread->waits = false;
	outcome->done[i].process = being.process;
	outcome->done[i].thread = being.thread;
	outcome->done[i].result = result;
}

static void put_slot(struct model *model, struct outcome *outcome, int *slot, uint64_t now)
{
	int client = *slot;

	*slot = NONE;
	if (client != NONE)
		model_put_client(model, outcome, client, now);
}

static int new_client(struct model *model)
{
	int i;

	for (i = 0; i < CLIENTS_MAX; i++)
		if (!model->clients[i].refs)
			return i;

	return NONE;
}

/* ------------------------------------------------------------------------
 * Operations on files
 */

static void do_open(struct model *model, const struct op *op, uint64_t now,
		    struct outcome *outcome)
{
	int *slot = slot_of(model, op, ARG_FILE);
	enum open_mode mode = op->args[ARG_OPEN_MODE];
	struct model_client *client;
	(void)now;

	if (*slot != NONE) {
		outcome->skip = true;
		return;
	}
	*slot = new_client(model);
	client = &model->clients[*slot];
	*client = (struct model_client) {
		.refs = 1,
		.readable = mode == OPEN_RDWR || mode == OPEN_RDONLY,
		.writable = mode == OPEN_RDWR || mode == OPEN_WRONLY,
		.opener = model_thread(model, op)->who,
		.opened_by = model_being(model, model_thread(model, op)),
		.space = NONE,
	};
	outcome->result = 0;
}

static void do_close(struct model *model, const struct op *op, uint64_t now,
		     struct outcome *outcome)
{
	int *slot = slot_of(model, op, ARG_FILE);

	outcome->skip = *slot == NONE;
	put_slot(model, outcome, slot, now);
}

/* If the slot had a file before, it is closed. */
static void copy_slot(struct model *model, struct outcome *outcome, int from, int *to,
		      uint64_t now)
{
	model->clients[from].refs++;
	put_slot(model, outcome, to, now);
	*to = from;
}

static void do_dup(struct model *model, const struct op *op, uint64_t now,
		   struct outcome *outcome)
{
	int *from = slot_of(model, op, ARG_FILE);
	int *to = slot_of(model, op, ARG_TO);

	outcome->skip = *from == NONE || from == to;
	if (!outcome->skip)
		copy_slot(model, outcome, *from, to, now);
}

/* The receiver is a thread of another process, which must not wait. */
static void do_send(struct model *model, const struct op *op, uint64_t now,
		    struct outcome *outcome)
{
	struct model_process *receiver = &model->processes[op->args[ARG_PROCESS]];
	int *from = slot_of(model, op, ARG_FILE);

	outcome->skip = *from == NONE || op->args[ARG_PROCESS] == op->process ||
			!receiver->alive || receiver->threads[0].waits;
	if (!outcome->skip)
		copy_slot(model, outcome, *from, &receiver->files[op->args[ARG_TO]], now);
}

/* ------------------------------------------------------------------------
 * Operations on processes
 */

static void give_birth(struct model *model, int number, enum who who)
{
	struct model_process *process = &model->processes[number];
	int i;

	process->alive = true;
	process->birth = ++model->births;
	for (i = 0; i < THREADS; i++)
		process->threads[i] = (struct model_thread) {
			.who = who,
			/* The next process in this place can pass it, too. */
			.saved_ticket = process->threads[i].saved_ticket,
		};
	for (i = 0; i < FILES; i++)
		process->files[i] = NONE;
}

static void do_spawn(struct model *model, const struct op *op, uint64_t now,
		     struct outcome *outcome)
{
	(void)now;
	outcome->skip = model->processes[op->args[ARG_PROCESS]].alive;
	if (!outcome->skip)
		give_birth(model, op->args[ARG_PROCESS], WHO_ROOT);
}

/* The child inherits its parent's files. */
static void do_fork(struct model *model, const struct op *op, uint64_t now,
		    struct outcome *outcome)
{
	const struct model_process *parent = &model->processes[op->process];
	struct model_process *child = &model->processes[op->args[ARG_PROCESS]];
	int i;
	(void)now;

	outcome->skip = child->alive;
	if (outcome->skip)
		return;
	give_birth(model, op->args[ARG_PROCESS], model_thread(model, op)->who);
	for (i = 0; i < FILES; i++) {
		child->files[i] = parent->files[i];
		if (child->files[i] != NONE)
			model->clients[child->files[i]].refs++;
	}
}

/*
 * Threads of one process die in any order.  If one's death releases a lock for which
 * another waits, that one may still get it, or may not.
 */
static bool dies_in_any_order(struct model *model, const struct model_process *process)
{
	int waiting = 0, last = 0, i;

	for (i = 0; i < THREADS; i++) {
		if (!process->threads[i].waits)
			continue;
		waiting++;
		last += model->clients[process->threads[i].client].refs == 1;
	}

	return waiting > 1 && last;
}

/* Other processes may have its files. */
static void end_clients(struct model *model, int process, struct outcome *outcome, uint64_t now)
{
	int i;

	for (i = 0; i < CLIENTS_MAX; i++) {
		struct model_client *client = &model->clients[i];

		if (client->refs && client->space != NONE && client->ends &&
		    is_of_process(model, client, process))
			model_release_all(model, i, now, outcome);
	}
}

static void do_kill(struct model *model, const struct op *op, uint64_t now,
		    struct outcome *outcome)
{
	struct model_process *process = &model->processes[op->args[ARG_PROCESS]];
	int i;

	outcome->skip = !process->alive || dies_in_any_order(model, process);
	if (outcome->skip)
		return;
	process->alive = false;
	for (i = 0; i < THREADS; i++) {
		if (!process->threads[i].waits)
			continue;
		process->threads[i].waits = false;
		model_put_client(model, outcome, process->threads[i].client, now);
	}
	end_clients(model, op->args[ARG_PROCESS], outcome, now);
	for (i = 0; i < FILES; i++)
		put_slot(model, outcome, &process->files[i], now);
}

/* Whether its call, made again, would wait in a space where nobody knows what happens. */
static bool goes_wild(struct model *model, const struct model_thread *thread)
{
	struct model_client *client = model_file(model, &thread->call);
	struct model_space *space = client ? model_space_of(model, client) : NULL;

	return space && space->wild;
}

static void do_signal(struct model *model, const struct op *op, uint64_t now,
		      struct outcome *outcome)
{
	struct model_process *process = &model->processes[op->args[ARG_PROCESS]];
	struct model_thread *thread = &process->threads[op->args[ARG_THREAD]];

	outcome->skip = !process->alive || !thread->waits ||
			(op->args[ARG_HOW] == HOW_RESTART && goes_wild(model, thread));
	if (!outcome->skip)
		model_interrupt(model, thread, op->args[ARG_HOW], now, outcome);
}

static void do_become(struct model *model, const struct op *op, uint64_t now,
		      struct outcome *outcome)
{
	struct model_thread *thread = model_thread(model, op);
	(void)now;

	outcome->skip = thread->who == op->args[ARG_WHO];
	thread->who = op->args[ARG_WHO];
}

/* ------------------------------------------------------------------------
 * All operations
 */

/* No ioctl of the device, or of files in general, has these numbers. */
static void do_unknown(struct model *model, const struct op *op, uint64_t now,
		       struct outcome *outcome)
{
	uint32_t number = op->args[ARG_NUMBER];
	bool known = _IOC_TYPE(number) == LOCKMGR_IOC_MAGIC &&
		     _IOC_NR(number) <= _IOC_NR(LOCKMGR_IOC_ALLOCATE_ID_NOTED);
	(void)now;

	outcome->skip = !model_file(model, op) || known ||
			_IOC_TYPE(number) < LOCKMGR_IOC_MAGIC;
	outcome->result = -ENOTTY;
}

static void do_command(struct model *model, const struct op *op, uint64_t now,
		       struct outcome *outcome)
{
	outcome->skip = !model_file(model, op);
	if (!outcome->skip)
		outcome->result = model_command(model, op, now, outcome);
}

/*
 * Unlock, and try to lock again before anybody else can.  As if whoever waits had
 * been faster: model_barge() corrects that.  A waiter must still have its file
 * open: otherwise it would release the lock at once, and the winner is open again.
 */
static void do_relock(struct model *model, const struct op *op, uint64_t now,
		      struct outcome *outcome)
{
	struct model_client *client = model_file(model, op);
	struct model_space *space = client ? model_space_of(model, client) : NULL;
	struct model_lock *lock = space ? model_find_lock(space, op->args[ARG_ID]) : NULL;
	struct op again = op_new(VERB_LOCK, op->process, op->thread);
	struct model_thread *first;

	outcome->skip = !lock || lock->client != client - model->clients ||
			lock->id >= space->capacity;
	/* In a wild space, the model knows no locks. */
	if (outcome->skip)
		return;
	first = model_queue_after(model, client->space, lock->id, 0);
	outcome->skip = first && model->clients[first->client].refs == 1;
	if (outcome->skip)
		return;

	again.args[ARG_ID] = op->args[ARG_ID];
	again.args[ARG_LOCK_FLAGS] = LOCKMGR_LOCK_TRY;
	model_do_unlock(model, client - model->clients, lock->id, now, outcome);
	outcome->result = model_do_lock(model, model_thread(model, op), &again,
					client - model->clients, 0, now, outcome);
}

void model_barge(struct model *model, const struct op *op, uint64_t now,
		 struct outcome *outcome)
{
	struct model_client *client = model_file(model, op);
	struct model_lock *lock = model_find_lock(model_space_of(model, client),
						  op->args[ARG_ID]);
	struct model_thread *waiter =
		&model->processes[lock->taker.process].threads[lock->taker.thread];

	waiter->waits = true;
	model->clients[waiter->client].refs++;
	lock->client = client - model->clients;
	lock->taker = model_being(model, model_thread(model, op));
	lock->since = now;
	lock->marked = true;
	outcome->done_count = 0;
	outcome->result = 0;
}

typedef void (*model_fn)(struct model *model, const struct op *op, uint64_t now,
			 struct outcome *outcome);

static const model_fn functions[VERBS] = {
	[VERB_OPEN]	= do_open,
	[VERB_CLOSE]	= do_close,
	[VERB_DUP]	= do_dup,
	[VERB_SEND]	= do_send,
	[VERB_FORK]	= do_fork,
	[VERB_KILL]	= do_kill,
	[VERB_SPAWN]	= do_spawn,
	[VERB_SIGNAL]	= do_signal,
	[VERB_BECOME]	= do_become,
	[VERB_COMMAND]	= do_unknown,
	[VERB_RELOCK]	= do_relock,
	[VERB_TAKE]	= model_memory,
	[VERB_RELEASE]	= model_memory,
	[VERB_SCRIBBLE]	= model_memory,
};

/* Whether the thread does the operation itself; the conductor does the others. */
static bool needs_thread(enum verb verb)
{
	return verb != VERB_KILL && verb != VERB_SPAWN && verb != VERB_SIGNAL;
}

void model_apply(struct model *model, const struct op *op, uint64_t now,
		 struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	if (needs_thread(op->verb) && (!model->processes[op->process].alive ||
				       model_thread(model, op)->waits)) {
		outcome->skip = true;
		return;
	}
	if (verb_is_command(op->verb))
		do_command(model, op, now, outcome);
	else
		functions[op->verb](model, op, now, outcome);
}
