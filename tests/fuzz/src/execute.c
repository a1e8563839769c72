// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "coverage.h"
#include "crew.h"
#include "execute.h"

/**
 * struct stage - where one program runs
 * @model: what the kernel should do
 * @memos: one for each thread
 * @execution: how the program goes
 */
struct stage {
	struct model model;
	struct memo memos[PROCESSES][THREADS];
	struct execution *execution;
};

static void stuck(struct stage *stage, const char *format, unsigned int process,
		  unsigned int thread)
{
	complain(&stage->execution->complaint, format, process, thread);
}

static bool failed(const struct stage *stage)
{
	return stage->execution->complaint.text[0];
}

/* ------------------------------------------------------------------------
 * Acting
 */

/* Have a thread act, until it has finished or, if it may wait, sleeps. */
static void act(struct stage *stage, unsigned int process, unsigned int thread, bool waits)
{
	coverage_reset(process, thread);
	crew_begin(process, thread);
	if (!waits) {
		if (!crew_finish(process, thread))
			stuck(stage, "%u.%u does not return", process, thread);
		return;
	}
	if (!crew_settle(process, thread))
		stuck(stage, "%u.%u neither waits nor returns", process, thread);
}

static long last_result(unsigned int process, unsigned int thread)
{
	const struct agent *agent = &agents[process][thread];

	return agent->calls[agent->count - 1].result;
}

/* An operation that is not a command must simply work. */
static void expect_success(struct stage *stage, unsigned int process, unsigned int thread)
{
	const struct agent *agent = &agents[process][thread];
	uint32_t i;

	for (i = 0; i < agent->count; i++)
		if (agent->calls[i].result < 0)
			complain(&stage->execution->complaint, "%s",
				 result_name(agent->calls[i].result));
}

static void act_on_process(struct stage *stage, const struct op *op)
{
	unsigned int process = op->args[ARG_PROCESS], thread = op->args[ARG_THREAD];

	switch (op->verb) {
	case VERB_KILL:
		if (!crew_kill(process))
			stuck(stage, "%u.%u cannot be killed", process, 0);
		break;
	case VERB_SPAWN:
		if (!crew_spawn(process))
			stuck(stage, "%u.%u does not start", process, 0);
		break;
	default:
		if (!crew_signal(process, thread, op->args[ARG_HOW]))
			stuck(stage, "%u.%u does not handle a signal", process, thread);
		else if (!crew_settle(process, thread))
			stuck(stage, "%u.%u neither waits nor returns", process, thread);
	}
}

/* Some operations need a second process to act. */
static void act_on(struct stage *stage, const struct op *op)
{
	unsigned int process = op->args[ARG_PROCESS];

	expect_success(stage, op->process, op->thread);
	if (failed(stage))
		return;
	if (op->verb == VERB_FORK && !crew_adopt(process, last_result(op->process, op->thread)))
		stuck(stage, "%u.%u does not start", process, 0);
	if (op->verb == VERB_SEND) {
		encode_receive(op);
		act(stage, process, 0, false);
		if (!failed(stage))
			expect_success(stage, process, 0);
	}
}

/* The unlock must succeed; the lock call after it may. */
static void judge_relock(struct stage *stage, const struct op *op, uint64_t now,
			 struct outcome *outcome)
{
	const struct agent *agent = &agents[op->process][op->thread];
	struct complaint *complaint = &stage->execution->complaint;
	struct model_thread *waiter;
	struct being being;

	if (agent->calls[0].result) {
		complain(complaint, "unlock: %s", result_name(agent->calls[0].result));
		return;
	}
	if (outcome->result == -EBUSY && !agent->calls[1].result) {
		model_barge(&stage->model, op, now, outcome);
		waiter = model_queue_after(&stage->model, model_file(&stage->model, op)->space,
					   op->args[ARG_ID], 0);
		being = model_being(&stage->model, waiter);
		if (!crew_settle(being.process, being.thread))
			stuck(stage, "%u.%u neither waits nor returns", being.process,
			      being.thread);
	}
	if (agent->calls[1].result != outcome->result)
		complain(complaint, "lock: %s, expected %s",
			 result_name(agent->calls[1].result), result_name(outcome->result));
}

/* Where the model leaves the result open, it learns what the kernel did. */
static void judge_memory(struct stage *stage, const struct op *op, struct outcome *outcome)
{
	long result = agents[op->process][op->thread].calls[0].result;

	if (outcome->open && !result)
		model_released(&stage->model, op);
	if ((outcome->open || outcome->wild) && (!result || result == -EAGAIN))
		outcome->result = result;
	if (result != outcome->result)
		complain(&stage->execution->complaint, "%s, expected %s", result_name(result),
			 result_name(outcome->result));
}

static void judge_own(struct stage *stage, const struct op *op, const struct letter *letter,
		      uint64_t now, struct outcome *outcome)
{
	struct complaint *complaint = &stage->execution->complaint;
	long result = agents[op->process][op->thread].calls[0].result;

	if (outcome->waits) {
		if (crew_has_finished(op->process, op->thread))
			complain(complaint, "%s, expected to wait", result_name(result));
	} else if (verb_is_command(op->verb)) {
		judge_command(&stage->model, op, outcome, letter,
			      &stage->memos[op->process][op->thread], complaint);
	} else if (op->verb == VERB_COMMAND) {
		if (result != outcome->result)
			complain(complaint, "%s, expected %s", result_name(result),
				 result_name(outcome->result));
	} else if (op->verb == VERB_RELOCK) {
		judge_relock(stage, op, now, outcome);
	} else if (verb_is_in_memory(op->verb)) {
		judge_memory(stage, op, outcome);
	} else {
		act_on(stage, op);
	}
	coverage_collect(op->process, op->thread);
}

/* The threads whose calls the operation ends return, and no others. */
static void judge_others(struct stage *stage, const struct outcome *outcome)
{
	struct complaint *complaint = &stage->execution->complaint;
	unsigned int process, thread, i;

	for (i = 0; i < outcome->done_count && !failed(stage); i++) {
		process = outcome->done[i].process;
		thread = outcome->done[i].thread;
		if (!crew_finish(process, thread)) {
			stuck(stage, "%u.%u still waits, but must not", process, thread);
			return;
		}
		judge_waiter(&stage->model, process, thread, outcome->done[i].result,
			     &stage->memos[process][thread], complaint);
		coverage_collect(process, thread);
	}
	for (process = 0; process < PROCESSES; process++)
		for (thread = 0; thread < THREADS; thread++)
			if (stage->model.processes[process].threads[thread].waits &&
			    crew_has_finished(process, thread))
				complain(complaint, "%u.%u waits no longer, but must", process,
					 thread);
}

/* A program with a new kind of answer is worth keeping, even if the kernel reports no places. */
static void note_answer(const struct op *op, const struct outcome *outcome)
{
	uint64_t kind = op->verb;

	kind = kind << 12 | (outcome->result & 0xfff);
	kind = kind << 1 | outcome->waits;
	kind = kind << 3 | outcome->done_count;
	kind = kind << 12 | (outcome->done_count ? outcome->done[0].result & 0xfff : 0);
	kind = kind << 3 | (verb_has(op->verb, ARG_MEMORY) ? op->args[ARG_MEMORY] : 0);
	if (op->verb == VERB_LIST_LOCKS || op->verb == VERB_LIST_WAITERS)
		kind = kind << 4 | judge_listed;
	coverage_note(kind);
}

static bool is_done_from_outside(enum verb verb)
{
	return verb == VERB_KILL || verb == VERB_SPAWN || verb == VERB_SIGNAL;
}

/* Returns whether the operation made sense. */
static bool step(struct stage *stage, const struct op *op)
{
	struct memo *memo = &stage->memos[op->process][op->thread];
	struct model_client *client;
	/* Records get their time from the last tick. */
	uint64_t now = tick_ns();
	struct outcome outcome;
	struct letter letter;

	model_apply(&stage->model, op, now, &outcome);
	if (outcome.skip)
		return false;

	if (is_done_from_outside(op->verb)) {
		act_on_process(stage, op);
	} else {
		client = verb_is_in_memory(op->verb) ? model_file(&stage->model, op) : NULL;
		memo->token = client ? client->token : 0;
		memo->other = stage->memos[op->process][THREADS - 1 - op->thread].ticket;
		encode(op, memo, &letter);
		act(stage, op->process, op->thread, outcome.waits);
		if (!failed(stage))
			judge_own(stage, op, &letter, now, &outcome);
	}
	if (!failed(stage))
		judge_others(stage, &outcome);
	note_answer(op, &outcome);
	stage->execution->at = *op;

	return true;
}

/* ------------------------------------------------------------------------
 * Looking at everything
 */

/* Find a thread that can look at a space, and the file with which it can. */
static bool find_observer(struct model *model, int space, struct op *op)
{
	int process, thread, file;

	for (process = 0; process < PROCESSES; process++) {
		for (file = 0; file < FILES; file++) {
			int client = model->processes[process].files[file];

			if (client == NONE || model->clients[client].space != space ||
			    !model->clients[client].readable)
				continue;
			for (thread = 0; thread < THREADS; thread++) {
				if (model->processes[process].threads[thread].waits)
					continue;
				op->process = process;
				op->thread = thread;
				op->args[ARG_FILE] = file;
				return true;
			}
		}
	}

	return false;
}

static void look_with(struct stage *stage, enum verb verb, const struct op *observer,
		      uint64_t filter, uint32_t id)
{
	struct op op = op_new(verb, observer->process, observer->thread);

	op.args[ARG_FILE] = observer->args[ARG_FILE];
	op.args[ARG_FILTER] = filter;
	op.args[ARG_ID] = id;
	if (!failed(stage))
		step(stage, &op);
}

static void look_at(struct stage *stage, int number)
{
	const struct model_space *space = &stage->model.spaces[number];
	struct op observer;
	uint32_t i;

	if (!space->exists || !find_observer(&stage->model, number, &observer))
		return;
	look_with(stage, VERB_INFO, &observer, 0, 0);
	look_with(stage, VERB_LIST_LOCKS, &observer, 7, 0);
	for (i = 0; i < space->lock_count; i++)
		if (model_queue_length(&stage->model, number, space->locks[i].id))
			look_with(stage, VERB_LIST_WAITERS, &observer, 0, space->locks[i].id);
}

/* ------------------------------------------------------------------------
 * Beginning and end
 */

static void finish_step(struct stage *stage, enum verb verb, int process, int thread,
			enum arg arg, uint64_t value)
{
	struct op op = op_new(verb, process, thread);

	op.args[arg] = value;
	if (verb == VERB_SIGNAL) {
		op.args[ARG_PROCESS] = process;
		op.args[ARG_THREAD] = thread;
	}
	if (!failed(stage))
		step(stage, &op);
}

static void remove_spaces(struct stage *stage)
{
	struct op op = op_new(VERB_UNLINK, 0, 0);
	int i;

	finish_step(stage, VERB_OPEN, 0, 0, ARG_FILE, 0);
	for (i = 0; i < SPACES_MAX; i++) {
		if (!stage->model.spaces[i].exists)
			continue;
		op.args[ARG_SPACE] = stage->model.spaces[i].name;
		op.args[ARG_OWNER] = stage->model.spaces[i].owner;
		if (!failed(stage))
			step(stage, &op);
	}
	finish_step(stage, VERB_CLOSE, 0, 0, ARG_FILE, 0);
}

static bool has_spaces(const struct model *model)
{
	int i;

	for (i = 0; i < SPACES_MAX; i++)
		if (model->spaces[i].exists)
			return true;

	return false;
}

/* Undo all that the program has done, and still compare. */
static void finish(struct stage *stage)
{
	struct model_process *processes = stage->model.processes;
	int process, thread, file;

	for (process = 0; process < PROCESSES; process++) {
		for (thread = 0; thread < THREADS; thread++)
			if (processes[process].threads[thread].waits)
				finish_step(stage, VERB_SIGNAL, process, thread, ARG_HOW,
					    HOW_EINTR);
		for (file = 0; file < FILES; file++)
			if (processes[process].files[file] != NONE)
				finish_step(stage, VERB_CLOSE, process, 0, ARG_FILE, file);
		if (!processes[process].alive)
			finish_step(stage, VERB_SPAWN, process, 0, ARG_PROCESS, process);
		for (thread = 0; thread < THREADS; thread++)
			if (processes[process].threads[thread].who != WHO_ROOT)
				finish_step(stage, VERB_BECOME, process, thread, ARG_WHO,
					    WHO_ROOT);
	}
	if (!failed(stage) && has_spaces(&stage->model))
		remove_spaces(stage);
}

/* After a disagreement nobody knows what spaces there are. */
static void wipe(void)
{
	int file = open(DEVICE, O_RDWR);
	struct lockmgr_ioctl_unlink args;
	int name, who;

	if (file < 0)
		err(2, DEVICE);
	for (name = 0; name < SPACES_GOOD; name++) {
		for (who = 0; who < WHOS; who++) {
			memset(&args, 0, sizeof(args));
			encode_name(name, args.name);
			args.owner = personas[who].uid;
			if (ioctl(file, LOCKMGR_IOC_UNLINK, &args) && errno != ENOENT)
				err(2, "unlinking a space");
		}
	}
	close(file);
}

void execute(const struct program *program, struct execution *execution)
{
	static struct stage stage;
	uint32_t i;
	int number;

	memset(execution, 0, sizeof(*execution));
	memset(stage.memos, 0, sizeof(stage.memos));
	stage.execution = execution;
	model_init(&stage.model);
	coverage_begin();

	for (i = 0; i < program->count && !failed(&stage); i++) {
		if (!step(&stage, &program->ops[i]))
			continue;
		execution->executed++;
		execution->used |= 1ULL << i;
	}
	for (number = 0; number < SPACES_MAX && !failed(&stage); number++)
		look_at(&stage, number);
	if (!failed(&stage))
		finish(&stage);

	if (failed(&stage)) {
		execution->verdict = crew_restart() ? DISAGREED : STUCK;
		if (execution->verdict == DISAGREED)
			wipe();
	}
}

void execute_init(void)
{
	judge_init();
	wipe();
}
