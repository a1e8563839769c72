// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl save: write the allocated ids and their notes to a file that restore can read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "command.h"
#include "memory.h"
#include "output-file.h"
#include "report.h"

#define LOCKS_AT_ONCE	256

static int collect_ids(struct lockmgr *mgr, struct allocations *allocations)
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
		for (i = 0; i < count; i++) {
			ranges_add(&allocations->ids, locks[i].id);
			if (*locks[i].note)
				notes_add(&allocations->notes, locks[i].id, locks[i].note);
		}
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
		ret = collect_ids(mgr, allocations);
	lockmgr_close(mgr);
	if (ret)
		return report_failure(ret, "cannot list the ids of %s", text);

	allocations->group = info.group;
	allocations->mode = info.mode;
	allocations->capacity = info.capacity;
	allocations->generation = info.generation;
	return STATUS_OK;
}

/* Returns 0 or a negative errno. */
static int write_file(const struct allocations *allocations, const char *path)
{
	size_t length;
	char *text;
	FILE *file;
	int ret;

	file = open_memstream(&text, &length);
	if (!file)
		memory_none();
	allocations_write(allocations, file);
	if (fclose(file))
		memory_none();
	ret = output_file_write(path, text, length);
	free(text);
	return ret;
}

static int run(const struct arguments *args)
{
	const char *path = args->words[1];
	struct allocations allocations = { 0 };
	int status, ret = 0;

	status = collect(args->words[0], &allocations);
	if (!status && path && strcmp(path, "-"))
		ret = write_file(&allocations, path);
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
	.summary = "write which ids of a space are allocated, and their notes, for restore",
	.details = "Without FILE, or with -: to standard output.  FILE may be anything that can\n"
		   "be written; a regular file is replaced when the new one is complete.\n"
		   "Do not allocate or free ids of the space meanwhile.",
	.words_min = 1,
	.words_max = 2,
	.run = run,
};
