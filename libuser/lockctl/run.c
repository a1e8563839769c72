// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lockctl run: run a command while holding a lock, as flock(1) does with files.
 *
 * The lock is that of lockctl, which waits for the command; so it is released however
 * lockctl ends.  The command must not go on without it then: the kernel kills it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "duration.h"
#include "number.h"
#include "report.h"
#include "space.h"

/* What shells end with when they cannot run a command. */
#define STATUS_CANNOT_RUN	126
#define STATUS_NO_COMMAND	127
#define STATUS_SIGNAL		128

enum {
	OPTION_TIMEOUT,
	OPTION_NONBLOCK,
	OPTION_CONFLICT,
};

static const struct option_spec options[] = {
	{ 'w', "timeout", "SECONDS", "give up if the lock cannot be had by then" },
	{ 'n', "nonblock", NULL, "give up at once if the lock is held" },
	{ 'E', "conflict-exit-code", "N", "exit status when giving up; 1" },
	{ 0 }
};

/**
 * struct plan - what the arguments ask for
 * @id: the lock
 * @wait: how long to wait for it: not at all, or
 * @limited: only for
 * @timeout_ns: so long
 * @conflict: exit status where it cannot be had
 */
struct plan {
	uint32_t id;
	bool wait;
	bool limited;
	uint64_t timeout_ns;
	int conflict;
};

/* Returns 0, or the exit status after a message. */
static int parse(struct plan *plan, const struct arguments *args)
{
	const char *timeout = args->options[OPTION_TIMEOUT];
	const char *conflict = args->options[OPTION_CONFLICT];
	const char *name = args->command->name;
	uint64_t number = STATUS_NO;

	plan->wait = !option_given(args, OPTION_NONBLOCK);
	plan->limited = timeout;
	if (!number_parse_id(name, args->words[1], &plan->id))
		return STATUS_USAGE;
	if (timeout && !plan->wait) {
		report_usage(name, "--timeout and --nonblock exclude each other");
		return STATUS_USAGE;
	}
	if (timeout && !duration_parse(timeout, &plan->timeout_ns)) {
		report_usage(name, "'%s' is no number of seconds", timeout);
		return STATUS_USAGE;
	}
	if (conflict && !number_parse(conflict, 10, 255, &number)) {
		report_usage(name, "'%s' is no exit status", conflict);
		return STATUS_USAGE;
	}
	plan->conflict = number;
	return STATUS_OK;
}

/* The words of the command, where the two dashes may be left out; NULL: none. */
static char **command_words(const struct arguments *args)
{
	char **words = args->words + 2;

	if (*words && !strcmp(*words, "--"))
		words++;
	return *words ? words : NULL;
}

static int acquire(struct lockmgr *mgr, const struct plan *plan)
{
	struct timespec deadline;

	if (!plan->wait)
		return lockmgr_trylock(mgr, plan->id);
	if (!plan->limited)
		return lockmgr_lock(mgr, plan->id);

	deadline = duration_timespec(duration_now() + plan->timeout_ns);
	return lockmgr_timedlock(mgr, plan->id, &deadline);
}

/* Returns 0 once the lock is held, or a positive exit status after a message. */
static int lock(struct lockmgr *mgr, const struct plan *plan, const char *space, bool *held)
{
	const int ret = acquire(mgr, plan);

	*held = ret >= 0;
	if (ret == LOCKMGR_OWNER_DIED)
		report("the last holder of lock %u of %s died: check what the lock protects",
		       plan->id, space);
	if (*held)
		return STATUS_OK;
	/* As flock(1): whoever set a limit knows what it means. */
	if (ret == -EBUSY || ret == -ETIMEDOUT)
		return plan->conflict;
	if (ret == -EINVAL)
		return report_failure(ret, "there is no lock %u in %s", plan->id, space);

	report_failure(ret, "cannot acquire lock %u of %s", plan->id, space);
	return ret == -EDQUOT ? STATUS_UNAVAILABLE : status_of(ret);
}

/* Does not return. */
static void execute(char **words, pid_t parent, const sigset_t *mask)
{
	int error;

	/* It must not run without the lock, which goes with us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_CANNOT_RUN);

	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(words[0], words);
	error = errno;
	report("cannot run %s: %s", words[0], strerror(error));
	_exit(error == ENOENT ? STATUS_NO_COMMAND : STATUS_CANNOT_RUN);
}

/*
 * Wait for the command's end.  Signals that somebody sends us are for it; those of the
 * terminal it gets without us.
 */
static int wait_for(pid_t child, const sigset_t *signals)
{
	siginfo_t info;
	int status;

	while (waitpid(child, &status, WNOHANG) != child) {
		if (sigwaitinfo(signals, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		if (info.si_code <= 0)
			kill(child, info.si_signo);
	}
	return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_command(char **words)
{
	static const int handled[] = {
		SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2
	};
	const pid_t parent = getpid();
	sigset_t signals, before;
	pid_t child;
	size_t i;

	sigemptyset(&signals);
	for (i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		sigaddset(&signals, handled[i]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	/* Who started us may have it ignored, and then no status would be kept. */
	signal(SIGCHLD, SIG_DFL);

	child = fork();
	if (child < 0)
		return report_failure(-errno, "cannot start %s", words[0]);
	if (!child)
		execute(words, parent, &before);
	return wait_for(child, &signals);
}

static int run(const struct arguments *args)
{
	char **words = command_words(args);
	struct plan plan = { 0 };
	struct lockmgr *mgr;
	struct space space;
	bool held;
	int status;

	if (!words) {
		report_usage(args->command->name, "no command to run");
		return STATUS_USAGE;
	}
	status = parse(&plan, args);
	if (status)
		return status;
	status = space_attach_named(args->words[0], LOCKMGR_OPEN_WRITEONLY, &space, &mgr);
	if (status)
		return status;

	status = lock(mgr, &plan, args->words[0], &held);
	if (held) {
		status = run_command(words);
		lockmgr_unlock(mgr, plan.id);
	}
	lockmgr_close(mgr);
	return status;
}

const struct command command_run = {
	.name = "run",
	.synopsis = "SPACE ID [--] COMMAND [ARGUMENT...]",
	.summary = "run a command while holding a lock, like flock(1)",
	.details = "The exit status is that of COMMAND; 128 and the number of the signal that\n"
		   "killed it; 126 or 127 if it cannot be run; that of --conflict-exit-code if\n"
		   "the lock cannot be had; 64 or more for other failures.",
	.options = options,
	.words_min = 2,
	.words_max = WORDS_ANY,
	.runs_another = true,
	.run = run,
};
