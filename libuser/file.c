// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The file of a handle.
 *
 * Its descriptor is never 0, 1 or 2: a program that was started without a standard stream
 * may open that stream there later (dup2()), and would close our file.  Programs that close
 * all descriptors close our file at other numbers, too.  So before each close, the library
 * checks that the descriptor still stands for a file of the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "file.h"

/* The first number that is not a standard stream. */
#define DESCRIPTOR_MIN	3

static int device_error(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENXIO:
		return -ENODEV;
	case EPERM:	/* from the device cgroup */
		return -EACCES;
	default:
		return -error;
	}
}

/* Give a file another descriptor if it has that of a standard stream. */
static int leave_standard_streams(int fd)
{
	int higher, error;

	if (fd >= DESCRIPTOR_MIN)
		return fd;

	higher = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTOR_MIN);
	/* EINVAL: DESCRIPTOR_MIN is not below RLIMIT_NOFILE. */
	error = errno == EINVAL ? EMFILE : errno;
	close(fd);
	return higher < 0 ? -error : higher;
}

/*
 * The path may name any file.  stat() first, so as not to open FIFOs and the like.
 * O_NONBLOCK means nothing to our device, but keeps open() from waiting on a terminal line.
 */
int lockmgr_file_open(const char *path, int flags, dev_t *device)
{
	struct stat status;
	int fd;

	if (stat(path, &status))
		return device_error(errno);
	if (!S_ISCHR(status.st_mode))
		return -EPROTONOSUPPORT;

	fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return device_error(errno);

	*device = status.st_rdev;
	return leave_standard_streams(fd);
}

/* Whether a descriptor stands for a file of that device. */
bool lockmgr_file_is_of(int fd, dev_t device)
{
	struct stat status;

	return !fstat(fd, &status) && S_ISCHR(status.st_mode) && status.st_rdev == device;
}

/* Closes @fd if it stands for a file of that device.  Not a cancellation point. */
void lockmgr_file_close(int fd, dev_t device)
{
	int state;

	if (!lockmgr_file_is_of(fd, device))
		return;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	close(fd);
	pthread_setcancelstate(state, NULL);
}
