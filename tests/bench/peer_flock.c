// SPDX-License-Identifier: GPL-2.0-only
/* A lock file for each lock, held by flock(). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "bench.h"

static uint32_t files;

struct handle {
	uint32_t count;
	int fds[];
};

static const char *file_path(uint32_t id)
{
	char name[32];

	snprintf(name, sizeof(name), "flock.%u", id);
	return work_path(name);
}

static void create(uint32_t count)
{
	for (files = 0; files < count; files++)
		must(close(must(open(file_path(files), O_RDWR | O_CREAT | O_EXCL, 0600))));
}

static void destroy(void)
{
	while (files)
		must(unlink(file_path(--files)));
}

static void *open_files(void)
{
	struct handle *handle = malloc(sizeof(*handle) + files * sizeof(handle->fds[0]));
	uint32_t id;

	if (!handle)
		fail("no memory");
	handle->count = files;
	for (id = 0; id < files; id++)
		handle->fds[id] = must(open(file_path(id), O_RDWR | O_CLOEXEC));

	return handle;
}

static void lock(void *arg, uint32_t id)
{
	struct handle *handle = arg;

	must(flock(handle->fds[id], LOCK_EX));
}

static bool trylock(void *arg, uint32_t id)
{
	struct handle *handle = arg;

	return !flock(handle->fds[id], LOCK_EX | LOCK_NB);
}

static void unlock(void *arg, uint32_t id)
{
	struct handle *handle = arg;

	must(flock(handle->fds[id], LOCK_UN));
}

static void close_files(void *arg)
{
	struct handle *handle = arg;
	uint32_t id;

	for (id = 0; id < handle->count; id++)
		must(close(handle->fds[id]));
	free(handle);
}

DEFINE_PAIRS;

const struct peer peer_flock = {
	.name		= "flock",
	.create		= create,
	.destroy	= destroy,
	.open		= open_files,
	.lock		= lock,
	.trylock	= trylock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_files,
};
