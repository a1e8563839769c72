// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The command of lockctl run: how it starts, which signals reach it, how it ends.
 *
 * It must not run without the lock, even if lockctl is killed: then another process keeps
 * the lock (keeper.c).  The command waits at a gate until that is so.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "report.h"
#include "run-command.h"

/* What shells end with when they cannot run a command. */
#define STATUS_CANNOT_RUN	126
#define STATUS_NO_COMMAND	127
#define STATUS_SIGNAL		128

/* Signals that are for the command. */
static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2
};

/**
 * struct signals - what is done about them
 * @awaited: blocked, and waited for
 * @before: what was blocked before
 * @seen: those that came
 */
struct signals {
	sigset_t awaited;
	sigset_t before;
	sigset_t seen;
};

/**
 * struct processes - who has the lock, or needs it
 * @command: the command
 * @keeper: its keeper; 0: there is none
 */
struct processes {
	pid_t command;
	pid_t keeper;
};

/* Of a pipe: what comes out, and what it is put in at. */
struct gate {
	int out;
	int in;
};

/**
 * execute_command() - become the command
 * @words: it
 *
 * Return: only if that cannot be: the exit status, after a message
 */
int execute_command(char **words)
{
	int error;

	execvp(words[0], words);
	error = errno;
	report("cannot run %s: %s", words[0], strerror(error));
	return error == ENOENT ? STATUS_NO_COMMAND : STATUS_CANNOT_RUN;
}

/*
 * What was ignored when we were called stays so, as nohup(1) and shells that run something
 * in the background want it.
 */
static void block_signals(struct signals *signals)
{
	struct sigaction action;
	size_t i;

	sigemptyset(&signals->seen);
	sigemptyset(&signals->awaited);
	sigaddset(&signals->awaited, SIGCHLD);
	for (i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		if (!sigaction(passed_on[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&signals->awaited, passed_on[i]);
	sigprocmask(SIG_BLOCK, &signals->awaited, &signals->before);
	/* Whoever started us may have it ignored, and then no status would be kept. */
	signal(SIGCHLD, SIG_DFL);
}

/* In the child.  Does not return. */
static void wait_and_execute(char **words, struct lockmgr *mgr, const struct gate *gate,
			     const struct signals *signals)
{
	char byte;

	close(gate->in);
	lockmgr_close(mgr);
	/* It stays empty if there is no keeper: lockctl died, or had no memory for it. */
	if (read(gate->out, &byte, 1) != 1)
		_exit(STATUS_CANNOT_RUN);
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
	_exit(execute_command(words));
}

/*
 * Whether the command got the signal, too.  What is typed the kernel sends to the process
 * group in the foreground.  When the terminal goes, it tells the leader of the session
 * alone, and the group only if the leader ends.
 */
static bool has_it(pid_t command, const siginfo_t *info)
{
	if (info->si_code != SI_KERNEL)
		return false;
	if (info->si_signo == SIGHUP && getsid(0) == getpid())
		return false;
	return getpgid(command) == getpgrp();
}

/*
 * Whether the command has ended.  Others are waited for, too: in a PID namespace of its own
 * the command does not end before that, and the first process of a container gets those
 * that have lost their parents.
 */
static bool has_ended(struct processes *processes, int *status)
{
	pid_t ended;

	while ((ended = waitpid(-1, status, WNOHANG)) > 0) {
		if (ended == processes->command)
			return true;
		if (ended == processes->keeper)
			processes->keeper = 0;
	}
	return false;
}

/* Whether the signal was for us, too: it may wait still, if the command's end was seen first. */
static bool was_sent(const struct signals *signals, int signal)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&signals->seen, signal) > 0 || sigismember(&pending, signal) > 0;
}

static struct end wait_for(struct processes *processes, struct signals *signals)
{
	struct end end = { 0 };
	siginfo_t info;
	int status;

	while (!has_ended(processes, &status)) {
		if (sigwaitinfo(&signals->awaited, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		sigaddset(&signals->seen, info.si_signo);
		if (!has_it(processes->command, &info))
			kill(processes->command, info.si_signo);
	}
	if (!WIFSIGNALED(status)) {
		end.status = WEXITSTATUS(status);
		return end;
	}
	end.status = STATUS_SIGNAL + WTERMSIG(status);
	if (was_sent(signals, WTERMSIG(status)))
		end.signal = WTERMSIG(status);
	return end;
}

/* Let the command begin, once it has a keeper.  Returns 0 or a negative errno. */
static int open_gate(const struct gate *gate, int file, struct processes *processes)
{
	int ret;

	ret = keeper_start(processes->command, file, &processes->keeper);
	/* Our own end of it is open, so that nobody need be there to read. */
	if (!ret && write(gate->in, "", 1) != 1)
		ret = -errno;
	return ret;
}

static struct end failure(int error, const char *command)
{
	return (struct end) {
		.status = report_failure(error, "cannot start %s", command)
	};
}

/**
 * run_command() - run a command, and wait for its end
 * @words: the command
 * @mgr: what it must not run without, opened with LOCKMGR_OPEN_INHERIT
 *
 * Return: how it ended, after a message if it could not begin
 */
struct end run_command(char **words, struct lockmgr *mgr)
{
	struct processes processes = { 0 };
	struct signals signals;
	struct gate gate;
	struct end end;
	int ret;

	if (pipe2((int *)&gate, O_CLOEXEC))
		return failure(-errno, words[0]);
	block_signals(&signals);
	processes.command = fork();
	if (!processes.command)
		wait_and_execute(words, mgr, &gate, &signals);
	ret = processes.command < 0 ? -errno : open_gate(&gate, lockmgr_fd(mgr), &processes);
	close(gate.in);
	close(gate.out);
	if (processes.command < 0)
		return failure(ret, words[0]);

	/* At a gate that closed it ends by itself. */
	end = wait_for(&processes, &signals);
	if (processes.keeper)
		keeper_end(processes.keeper);
	return ret ? failure(ret, words[0]) : end;
}

/**
 * die_of() - end by a signal, as the command did
 * @signal: the signal
 *
 * A shell that runs a script goes on after Ctrl-C unless it sees that.  Returns if the
 * signal does not end us, which is so in the first process of a PID namespace.
 */
void die_of(int signal)
{
	sigset_t set;

	fflush(stdout);
	/* It is the command that may be worth a core. */
	prctl(PR_SET_DUMPABLE, 0);
	sigemptyset(&set);
	sigaddset(&set, signal);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
