// SPDX-License-Identifier: GPL-2.0-only
/*
 * terminal COMMAND [ARGUMENT...]
 *
 * A terminal with a session whose leader is COMMAND.  Standard input is what is typed, and
 * standard output what the terminal shows.  The terminal does not echo what is typed: for
 * Ctrl-C, the kernel sends the signal before it echoes "^C", so that what the command prints
 * because of the signal might come before or after that.  When standard input ends, the
 * terminal hangs up, as when a connection breaks.  The exit status is that of COMMAND, or 128
 * and the number of the signal that killed it.
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int exit_status(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return EXIT_FAILURE;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int without_echo(int terminal)
{
	struct termios settings;

	if (tcgetattr(terminal, &settings))
		return -1;
	settings.c_lflag &= ~ECHO;
	return tcsetattr(terminal, TCSANOW, &settings);
}

/* Returns whether there was something to copy. */
static int copy(int from, int to)
{
	char bytes[256];
	const ssize_t length = read(from, bytes, sizeof(bytes));

	return length > 0 && write(to, bytes, length) == length;
}

static void serve(int terminal)
{
	struct pollfd files[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = terminal, .events = POLLIN },
	};

	while (poll(files, 2, -1) > 0) {
		/* Reading fails when all processes on the terminal have ended. */
		if (files[1].revents && !copy(terminal, STDOUT_FILENO))
			break;
		if (files[0].revents && !copy(STDIN_FILENO, terminal))
			break;
	}
	close(terminal);
}

int main(int argc, char **argv)
{
	int terminal;
	pid_t child;

	if (argc < 2)
		return EXIT_FAILURE;
	/* If the test dies, the terminal must not stay. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	child = forkpty(&terminal, NULL, NULL, NULL);
	if (child < 0)
		return EXIT_FAILURE;
	if (!child) {
		if (without_echo(STDIN_FILENO))
			_exit(EXIT_FAILURE);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	serve(terminal);
	return exit_status(child);
}
