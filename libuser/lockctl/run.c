// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lockctl run: run a command while holding a lock, as flock(1) does with files.
 *
 * lockctl holds the lock, waits for the command and then releases the lock.  With --no-fork
 * lockctl executes the command in its own process, and the lock stays held as long as any
 * process has the file open.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "duration.h"
#include "memory.h"
#include "number.h"
#include "report.h"
#include "run-command.h"
#include "run-wait.h"
#include "space.h"

/* The environment variable that tells the command that the last holder died. */
#define DIED_VARIABLE	"LOCKMGR_HOLDER_DIED"

enum {
	OPTION_TIMEOUT,
	OPTION_NONBLOCK,
	OPTION_CONFLICT,
	OPTION_NO_FORK,
	OPTION_VERBOSE,
	OPTION_COMMAND,
};

static const struct option_spec options[] = {
	{ 'w', "timeout", "SECONDS", "give up if the lock is not acquired in this time" },
	{ 'n', "nonblock", NULL, "give up at once if the lock is held" },
	{ 'E', "conflict-exit-code", "N", "exit status when giving up; default: 1" },
	{ 'F', "no-fork", NULL, "execute the command in place; it inherits the lock's file" },
	{ 'v', "verbose", NULL, "say who holds the lock, and when it is acquired" },
	{ 'c', "command", "LINE", "run this line in a shell" },
	{ 0 }
};

/**
 * struct plan - what the arguments ask for
 * @wait: which lock, and how to wait for it
 * @conflict: exit status if the lock cannot be acquired
 * @words: the command
 * @shell: the same, if it is a line for a shell
 * @no_fork: execute it in this process
 */
struct plan {
	struct wait wait;
	int conflict;
	char **words;
	char *shell[4];
	bool no_fork;
};

static void use_shell(struct plan *plan, const char *line)
{
	char *const shell[] = { (char *)"/bin/sh", (char *)"-c", (char *)line, NULL };

	memcpy(plan->shell, shell, sizeof(shell));
	plan->words = plan->shell;
}

/*
 * Parse the command, with or without "--" before it, or a line for a shell; -c LINE may also
 * come after the lock, as with flock(1).  Returns 0, or the exit status after a message.
 */
static int parse_command(struct plan *plan, const struct arguments *args)
{
	const char *line = args->options[OPTION_COMMAND];
	char **words = args->words + 2;

	if (!line && *words && (!strcmp(*words, "-c") || !strcmp(*words, "--command"))) {
		line = words[1];
		if (!line) {
			report_usage(args->command->name, "no command to run");
			return STATUS_USAGE;
		}
		words += 2;
	}
	if (line && *words) {
		report_usage(args->command->name, "unexpected argument '%s'", *words);
		return STATUS_USAGE;
	}
	if (line) {
		use_shell(plan, line);
		return STATUS_OK;
	}
	if (*words && !strcmp(*words, "--"))
		words++;
	if (!*words) {
		report_usage(args->command->name, "no command to run");
		return STATUS_USAGE;
	}
	plan->words = words;
	return STATUS_OK;
}

/* Returns 0, or the exit status after a message. */
static int parse(struct plan *plan, const struct arguments *args)
{
	const char *timeout = args->options[OPTION_TIMEOUT];
	const char *conflict = args->options[OPTION_CONFLICT];
	const char *name = args->command->name;
	uint64_t number = STATUS_NO;

	plan->no_fork = option_given(args, OPTION_NO_FORK);
	plan->wait = (struct wait) {
		.space = args->words[0],
		.may_wait = !option_given(args, OPTION_NONBLOCK),
		.is_limited = timeout,
		.verbose = option_given(args, OPTION_VERBOSE),
	};
	if (parse_command(plan, args))
		return STATUS_USAGE;
	if (!number_parse_id(name, args->words[1], &plan->wait.id))
		return STATUS_USAGE;
	if (timeout && !plan->wait.may_wait) {
		report_usage(name, "--timeout and --nonblock exclude each other");
		return STATUS_USAGE;
	}
	if (timeout && !duration_parse(timeout, &plan->wait.timeout_ns)) {
		report_usage(name, "invalid time '%s': not a number of seconds", timeout);
		return STATUS_USAGE;
	}
	if (conflict && !number_parse(conflict, 10, 255, &number)) {
		report_usage(name, "invalid exit status '%s'", conflict);
		return STATUS_USAGE;
	}
	plan->conflict = number;
	return STATUS_OK;
}

/* Set or unset the variable for this lock: a parent may have set it for another lock. */
static void tell_command(bool died)
{
	if (died ? setenv(DIED_VARIABLE, "1", true) : unsetenv(DIED_VARIABLE))
		memory_none();
}

/* Returns 0 once the lock is held, or a positive exit status after a message. */
static int lock(struct lockmgr *mgr, const struct plan *plan, bool *held)
{
	const int ret = wait_acquire(mgr, &plan->wait);
	const char *space = plan->wait.space;
	const uint32_t id = plan->wait.id;

	*held = ret >= 0;
	if (ret == LOCKMGR_OWNER_DIED)
		report("the last holder of lock %u of %s died: check what the lock protects", id,
		       space);
	tell_command(ret == LOCKMGR_OWNER_DIED);
	if (*held)
		return STATUS_OK;
	/* No message, as with flock(1): the user who set the limit expects this. */
	if (ret == -EBUSY || ret == -ETIMEDOUT)
		return plan->conflict;
	if (ret == -EINVAL)
		return report_failure_on_lock(ret, "acquire", id, space);

	report_failure(ret, "cannot acquire lock %u of %s", id, space);
	return ret == -EDQUOT ? STATUS_UNAVAILABLE : status_of(ret);
}

static struct end run_with_lock(struct lockmgr *mgr, const struct plan *plan)
{
	struct end end = { 0 };

	if (plan->no_fork)
		end.status = execute_command(plan->words);
	else
		end = run_command(plan->words, mgr);
	lockmgr_unlock(mgr, plan->wait.id);
	return end;
}

static int run(const struct arguments *args)
{
	struct end end = { 0 };
	struct plan plan;
	struct lockmgr *mgr;
	struct space space;
	bool held;
	int status;

	status = parse(&plan, args);
	if (status)
		return status;
	status = space_attach_named(args->words[0], LOCKMGR_OPEN_WRITEONLY | LOCKMGR_OPEN_INHERIT,
				    &space, &mgr);
	if (status)
		return status;

	status = lock(mgr, &plan, &held);
	if (held) {
		end = run_with_lock(mgr, &plan);
		status = end.status;
	}
	lockmgr_close(mgr);
	if (end.signal)
		die_of(end.signal);
	return status;
}

const struct command command_run = {
	.name = "run",
	.synopsis = "SPACE ID [--] COMMAND [ARGUMENT...]",
	.summary = "run a command while holding a lock, like flock(1)",
	.details = "The exit status is that of COMMAND; 128 and the number of the signal that\n"
		   "killed it; 126 or 127 if it cannot be run; that of --conflict-exit-code if\n"
		   "the lock was not acquired in time; 64 or more for other failures.\n\n"
		   "COMMAND finds " DIED_VARIABLE "=1 in its environment if the last\n"
		   "holder of the lock died.  Instead of COMMAND there may be -c LINE.",
	.options = options,
	.words_min = 2,
	.words_max = WORDS_ANY,
	.runs_another = true,
	.run = run,
};
