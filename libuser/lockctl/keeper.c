// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The keeper: a process that shares lockctl's open file of the lock, and does nothing but
 * wait for the command to end.
 *
 * If lockctl is killed, the command goes on, and must not do so without the lock.  Having
 * the command killed as well does not work: the kernel forgets PR_SET_PDEATHSIG when the
 * command changes its user, and what the command has started would go on.  The command
 * itself does not get the file: it may have fewer rights than lockctl, close its
 * descriptors, and leave processes that go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

/*
 * Close all descriptors but these two, which become 0 and 1: another process may be waiting
 * for the end of a pipe that we would keep open.
 */
static void close_others(int command, int file)
{
	const int from[] = {
		fcntl(command, F_DUPFD, 2),
		fcntl(file, F_DUPFD, 2),
	};
	int i;

	for (i = 0; i < 2; i++)
		dup2(from[i], i);
	closefrom(2);
}

/* Make sure that a signal to lockctl's process group, session, terminal or name misses us. */
static void detach(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "lock-keeper");
	/* Do not keep a file system from being unmounted. */
	if (chdir("/"))
		return;
}

static void keep(int command, int file)
{
	struct pollfd ended = { .events = POLLIN };

	detach();
	close_others(command, file);
	while (poll(&ended, 1, -1) < 0)
		;
	_exit(0);
}

/**
 * keeper_start() - start a process that keeps a file open until a command ends
 * @command: the command's process, a child
 * @file: the file
 * @keeper: receives the keeper's process, also a child
 *
 * Return: 0 or a negative errno
 */
int keeper_start(pid_t command, int file, pid_t *keeper)
{
	const int watched = syscall(SYS_pidfd_open, command, 0);
	pid_t child;
	int ret = 0;

	if (watched < 0)
		return -errno;
	child = fork();
	if (!child)
		keep(watched, file);
	if (child < 0)
		ret = -errno;
	else
		*keeper = child;
	close(watched);
	return ret;
}

/** keeper_end() - end the keeper; after that it no longer has the file */
void keeper_end(pid_t keeper)
{
	kill(keeper, SIGKILL);
	waitpid(keeper, NULL, 0);
}
