// SPDX-License-Identifier: GPL-2.0-only
/*
 * A byte of one file for each lock, held by an open file description.  Only every second byte is
 * used, since the kernel merges adjacent locked bytes into one range, and many locks would be few.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

#define FILE_NAME	"ofd"

struct handle {
	int fd;
};

static void create(uint32_t count)
{
	int fd = must(open(work_path(FILE_NAME), O_RDWR | O_CREAT | O_EXCL, 0600));

	/* Ranges need no data. */
	(void)count;
	must(close(fd));
}

static void destroy(void)
{
	must(unlink(work_path(FILE_NAME)));
}

static void *open_file(void)
{
	struct handle *handle = malloc(sizeof(*handle));

	if (!handle)
		fail("no memory");
	handle->fd = must(open(work_path(FILE_NAME), O_RDWR | O_CLOEXEC));
	return handle;
}

static int set(void *arg, int command, short type, uint32_t id)
{
	struct handle *handle = arg;
	struct flock range = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = 2 * (off_t)id,
		.l_len = 1,
	};

	return fcntl(handle->fd, command, &range);
}

static void lock(void *handle, uint32_t id)
{
	must(set(handle, F_OFD_SETLKW, F_WRLCK, id));
}

static bool trylock(void *handle, uint32_t id)
{
	return !set(handle, F_OFD_SETLK, F_WRLCK, id);
}

static void unlock(void *handle, uint32_t id)
{
	must(set(handle, F_OFD_SETLKW, F_UNLCK, id));
}

static void close_file(void *arg)
{
	struct handle *handle = arg;

	must(close(handle->fd));
	free(handle);
}

DEFINE_PAIRS;

const struct peer peer_ofd = {
	.name		= "OFD",
	.create		= create,
	.destroy	= destroy,
	.open		= open_file,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_file,
	.hold_max	= 10000,
	.hold_why	= "each lock call walks all held locks: acquiring more would take minutes",
};
