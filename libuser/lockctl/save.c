// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl save: which ids are allocated, in a file from which they can be again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocations.h"
#include "command.h"
#include "memory.h"
#include "report.h"

#define LOCKS_AT_ONCE	256

static int collect_ids(struct lockmgr *mgr, struct ranges *ids)
{
	struct lockmgr_lock_info locks[LOCKS_AT_ONCE];
	uint64_t cursor = 0;
	size_t count, i;
	int ret;

	while (cursor != LOCKMGR_LIST_END) {
		ret = lockmgr_list(mgr, LOCKMGR_LOCK_IS_ALLOCATED, &cursor, locks, LOCKS_AT_ONCE,
				   &count);
		if (ret)
			return ret;
		for (i = 0; i < count; i++)
			ranges_add(ids, locks[i].id);
	}
	return 0;
}

/* Returns 0, or the exit status after a message. */
static int collect(const char *text, struct allocations *allocations)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct lockmgr *mgr;
	int ret;

	ret = space_attach_named(text, LOCKMGR_OPEN_READONLY, &allocations->space, &mgr);
	if (ret)
		return ret;

	ret = lockmgr_info(mgr, &info);
	if (!ret)
		ret = collect_ids(mgr, &allocations->ids);
	lockmgr_close(mgr);
	if (ret)
		return report_failure(ret, "cannot list the ids of %s", text);

	allocations->group = info.group;
	allocations->mode = info.mode;
	allocations->capacity = info.capacity;
	allocations->generation = info.generation;
	return STATUS_OK;
}

/* What mkstemp() makes is for its owner only. */
static void permit(int fd)
{
	const mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

/* Returns 0 or a negative errno. */
static int write_temporary(const struct allocations *allocations, int fd)
{
	FILE *file = fdopen(fd, "w");
	bool good;

	if (!file) {
		close(fd);
		return -errno;
	}
	permit(fd);
	allocations_write(allocations, file);
	good = !fflush(file) && !ferror(file) && !fsync(fd);
	/* What fclose() says is about errors that were seen by then. */
	if (fclose(file) || !good)
		return errno ? -errno : -EIO;
	return 0;
}

/* The old file stays until the new one is complete.  Returns 0 or a negative errno. */
static int replace_file(const struct allocations *allocations, const char *path)
{
	char *temporary;
	int fd, ret;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		memory_none();
	fd = mkstemp(temporary);
	ret = fd < 0 ? -errno : write_temporary(allocations, fd);
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret && fd >= 0)
		unlink(temporary);
	free(temporary);
	return ret;
}

static int run(const struct arguments *args)
{
	const char *path = args->words[1];
	struct allocations allocations = { 0 };
	int status, ret = 0;

	status = collect(args->words[0], &allocations);
	if (!status && path && strcmp(path, "-"))
		ret = replace_file(&allocations, path);
	else if (!status)
		allocations_write(&allocations, stdout);
	if (ret) {
		report("cannot write %s: %s", path, strerror(-ret));
		status = STATUS_OUTPUT;
	}
	allocations_free(&allocations);
	return status;
}

const struct command command_save = {
	.name = "save",
	.synopsis = "SPACE [FILE]",
	.summary = "write which ids of a space are allocated, for restore",
	.details = "Without FILE, or with -: to standard output.\n"
		   "Nobody should allocate or free meanwhile.",
	.words_min = 1,
	.words_max = 2,
	.run = run,
};
