// SPDX-License-Identifier: GPL-2.0-only
/*
 * A place for files, processes, clocks.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static char directory[32];

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vwarnx(format, args);
	va_end(args);
	exit(EXIT_FAILURE);
}

/*
 * Peers that need files get the fastest kind, in memory, any number of them, and may have as many
 * files open as the system allows by default.
 */
void work_begin(void)
{
	struct rlimit files = { 1 << 20, 1 << 20 };

	snprintf(directory, sizeof(directory), "/tmp/lockmgr-bench.XXXXXX");
	if (!mkdtemp(directory))
		fail("%s: %m", directory);
	must(mount("bench", directory, "tmpfs", 0, "nr_inodes=0,mode=0700"));
	must(setrlimit(RLIMIT_NOFILE, &files));
}

void work_end(void)
{
	must(umount2(directory, MNT_DETACH));
	must(rmdir(directory));
}

const char *work_path(const char *name)
{
	static char path[sizeof(directory) + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

void *work_shared(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		fail("mmap: %m");
	return shared;
}

pid_t work_fork(void (*run)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = must(fork());
	if (pid)
		return pid;

	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	run(arg);
	/* No exit handlers, no flushing: only what the kernel does when a process ends. */
	_exit(EXIT_SUCCESS);
}

void work_join(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid: %m");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail("a child has failed (status 0x%x)", status);
}

void work_tell(int fd)
{
	char byte = 0;

	must(write(fd, &byte, 1));
}

void work_hear(int fd)
{
	char byte;

	if (must(read(fd, &byte, 1)) != 1)
		fail("a child has failed");
}

int work_checked(int ret, const char *what)
{
	if (ret < 0)
		fail("lockmgr_%s: %s", what, strerror(-ret));
	return ret;
}
