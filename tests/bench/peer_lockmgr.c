// SPDX-License-Identifier: GPL-2.0-only
/* A space of lockmgr, as a program uses it: through the library. */
#include <string.h>

#include <lockmgr.h>

#include "bench.h"

#define SPACE	"bench"

static int checked(int ret, const char *what)
{
	if (ret < 0)
		fail("lockmgr_%s: %s", what, strerror(-ret));
	return ret;
}

static void *open_space(void)
{
	const struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	checked(lockmgr_open(&mgr, SPACE, &options), "open");
	return mgr;
}

static void create(uint32_t count)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	uint32_t id;

	options.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL;
	options.capacity = count;
	checked(lockmgr_open(&mgr, SPACE, &options), "open");
	while (count--)
		checked(lockmgr_allocate(mgr, &id), "allocate");
	lockmgr_close(mgr);
}

static void destroy(void)
{
	checked(lockmgr_unlink(SPACE, NULL), "unlink");
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

const struct peer peer_lockmgr = {
	.name		= "lockmgr",
	.create		= create,
	.destroy	= destroy,
	.open		= open_space,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.close		= close_space,
};
