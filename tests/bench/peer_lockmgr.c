// SPDX-License-Identifier: GPL-2.0-only
/*
 * A space of lockmgr, as a program uses it through the library: with mapped records, or with
 * every call through the kernel.
 */
#include <string.h>

#include <lockmgr.h>

#include "bench.h"

#define MAPPED	"bench"
#define BY_IOCTL	"bench.ioctl"

static int checked(int ret, const char *what)
{
	if (ret < 0)
		fail("lockmgr_%s: %s", what, strerror(-ret));
	return ret;
}

static void *open_space(const char *space, uint32_t flags)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	options.flags = flags;
	checked(lockmgr_open(&mgr, space, &options), "open");
	return mgr;
}

static void *open_mapped(void)
{
	return open_space(MAPPED, 0);
}

static void *open_ioctl(void)
{
	return open_space(BY_IOCTL, LOCKMGR_OPEN_NO_MAP);
}

static void create(const char *space, uint32_t count)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	uint32_t id;

	options.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL;
	options.capacity = count;
	checked(lockmgr_open(&mgr, space, &options), "open");
	while (count--)
		checked(lockmgr_allocate(mgr, &id), "allocate");
	lockmgr_close(mgr);
}

static void create_mapped(uint32_t count)
{
	create(MAPPED, count);
}

static void create_ioctl(uint32_t count)
{
	create(BY_IOCTL, count);
}

static void destroy_mapped(void)
{
	checked(lockmgr_unlink(MAPPED, NULL), "unlink");
}

static void destroy_ioctl(void)
{
	checked(lockmgr_unlink(BY_IOCTL, NULL), "unlink");
}

static void lock(void *handle, uint32_t id)
{
	checked(lockmgr_lock(handle, id), "lock");
}

static bool trylock(void *handle, uint32_t id)
{
	return lockmgr_trylock(handle, id) >= 0;
}

static void unlock(void *handle, uint32_t id)
{
	checked(lockmgr_unlock(handle, id), "unlock");
}

static void close_space(void *handle)
{
	lockmgr_close(handle);
}

DEFINE_PAIRS;

const struct peer peer_lockmgr = {
	.name		= "lockmgr",
	.create		= create_mapped,
	.destroy	= destroy_mapped,
	.open		= open_mapped,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_space,
};

const struct peer peer_lockmgr_ioctl = {
	.name		= "lockmgr ioctl",
	.create		= create_ioctl,
	.destroy	= destroy_ioctl,
	.open		= open_ioctl,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_space,
};
