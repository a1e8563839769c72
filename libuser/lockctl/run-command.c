// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The command of lockctl run: how it starts, which signals reach it, how it ends.
 *
 * The command must not run without the lock, even if lockctl is killed; in that case another
 * process keeps the lock (keeper.c).  The command waits at a gate, a pipe, until that process
 * exists.
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

/* The exit statuses that shells use for a command that they cannot run, or that was killed. */
#define STATUS_CANNOT_RUN	126
#define STATUS_NO_COMMAND	127
#define STATUS_SIGNAL		128

/* Signals that lockctl passes on to the command. */
static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2
};

/**
 * struct signals - how lockctl handles signals
 * @awaited: signals that are blocked, and that sigwaitinfo() waits for
 * @before: the signals that were blocked before
 * @seen: the signals that have arrived
 */
struct signals {
	sigset_t awaited;
	sigset_t before;
	sigset_t seen;
};

/**
 * struct processes - our children
 * @command: the command
 * @keeper: its keeper; 0: there is none
 */
struct processes {
	pid_t command;
	pid_t keeper;
};

/* A pipe: its read end and its write end. */
struct gate {
	int out;
	int in;
};

/**
 * execute_command() - execute the command in this process
 * @words: the command
 *
 * Return: only on failure: the exit status, after a message
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
 * Signals that were ignored when lockctl was started stay ignored: nohup(1), and shells that
 * start a command in the background, rely on that.
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
	/* If our parent ignored SIGCHLD, the kernel would not keep the command's exit status. */
	signal(SIGCHLD, SIG_DFL);
}

/* In the child.  Does not return. */
static void wait_and_execute(char **words, struct lockmgr *mgr, const struct gate *gate,
			     const struct signals *signals)
{
	char byte;

	close(gate->in);
	lockmgr_close(mgr);
	/* Without a keeper there is no byte, only end of file: lockctl died, or could not fork. */
	if (read(gate->out, &byte, 1) != 1)
		_exit(STATUS_CANNOT_RUN);
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
	_exit(execute_command(words));
}

/*
 * Whether the command got the signal, too.  For a key such as Ctrl-C the kernel sends the
 * signal to the whole foreground process group.  When the terminal hangs up, it sends SIGHUP
 * to the session leader alone, and to the group only if the leader ends.
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
 * Whether the command has ended.  This reaps other children, too: if lockctl is the first
 * process of a PID namespace, as in a container, it becomes the parent of orphans.  Also, a
 * command with a PID namespace of its own does not end before its other processes are reaped.
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

/*
 * Whether we got the signal, too.  It may still be pending if we noticed the end of the
 * command first.
 */
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

/* Start the keeper, then let the command begin.  Returns 0 or a negative errno. */
static int open_gate(const struct gate *gate, int file, struct processes *processes)
{
	int ret;

	ret = keeper_start(processes->command, file, &processes->keeper);
	/* We have the read end open, too, so this cannot raise SIGPIPE if the command has ended. */
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
 * @mgr: the handle that holds the lock, opened with LOCKMGR_OPEN_INHERIT
 *
 * Return: how it ended, after a message if it could not be started
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

	/* If the gate was closed without a byte, the command's process ends by itself. */
	end = wait_for(&processes, &signals);
	if (processes.keeper)
		keeper_end(processes.keeper);
	return ret ? failure(ret, words[0]) : end;
}

/**
 * die_of() - end by a signal, as the command did
 * @signal: the signal
 *
 * A shell that runs a script continues after Ctrl-C unless it sees that the command was killed
 * by SIGINT.  Returns if the signal does not end us, as in the first process of a PID
 * namespace.
 */
void die_of(int signal)
{
	sigset_t set;

	fflush(stdout);
	/* No core dump of lockctl: only the command's is of interest. */
	prctl(PR_SET_DUMPABLE, 0);
	sigemptyset(&set);
	sigaddset(&set, signal);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
