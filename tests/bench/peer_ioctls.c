// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two system calls that reach the module and do next to nothing there: the floor for locks that
 * need ioctls.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "bench.h"

struct handle {
	int fd;
};

static void create(uint32_t count)
{
	(void)count;
}

static void destroy(void)
{
}

static void *open_device(void)
{
	struct handle *handle = malloc(sizeof(*handle));

	if (!handle)
		fail("no memory");
	handle->fd = must(open("/dev/lockmgr", O_RDWR | O_CLOEXEC));
	return handle;
}

static void lock(void *arg, uint32_t id)
{
	struct lockmgr_ioctl_version version;
	struct handle *handle = arg;

	(void)id;
	must(ioctl(handle->fd, LOCKMGR_IOC_VERSION, &version));
}

static void unlock(void *arg, uint32_t id)
{
	lock(arg, id);
}

static void close_device(void *arg)
{
	struct handle *handle = arg;

	must(close(handle->fd));
	free(handle);
}

DEFINE_PAIRS;

const struct peer peer_ioctls = {
	.name		= "2 ioctls",
	.create		= create,
	.destroy	= destroy,
	.open		= open_device,
	.lock		= lock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_device,
};
