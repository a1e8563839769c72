// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lockctl restore: allocate the ids that save has written, all or none.
 *
 * If the space has the generation in the file, it is the space that was saved, and ids of
 * the file that are allocated are the saved allocations.  In any other space, such ids are
 * allocated to someone else, and restore fails.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocations.h"
#include "command.h"
#include "descriptor.h"
#include "report.h"

enum {
	OPTION_SPACE,
};

static const struct option_spec options[] = {
	{ 's', "space", "SPACE", "restore into this space, not the one that was saved" },
	{ 0 }
};

/**
 * struct target - the space to restore into
 * @mgr: a handle on it
 * @label: its name, for messages
 * @created: whether we created it
 * @is_same: whether it is the one that was saved
 * @capacity: how many ids it has
 */
struct target {
	struct lockmgr *mgr;
	char label[SPACE_LABEL_SIZE];
	bool created;
	bool is_same;
	uint32_t capacity;
};

/* If the path names a descriptor, such as /dev/stdin, use that: it may not open again. */
static FILE *open_file(const char *path)
{
	const int descriptor = descriptor_named(path);

	return descriptor < 0 ? fopen(path, "re") : fdopen(descriptor, "r");
}

/* Returns 0, or the exit status after a message. */
static int read_file(const char *path, struct allocations *allocations)
{
	const bool is_input = !path || !strcmp(path, "-");
	FILE *file = is_input ? stdin : open_file(path);
	unsigned int line;
	int error;

	memset(allocations, 0, sizeof(*allocations));
	if (!file) {
		report("cannot read %s: %s", path, strerror(errno));
		return STATUS_NOT_FOUND;
	}
	line = allocations_read(allocations, file);
	error = ferror(file) ? errno : 0;
	if (!is_input)
		fclose(file);
	if (error) {
		report("cannot read %s: %s", is_input ? "standard input" : path,
		       strerror(error));
		return STATUS_NOT_FOUND;
	}
	if (!line)
		return STATUS_OK;

	report("%s: line %u is wrong or missing: nothing was restored",
	       is_input ? "standard input" : path, line);
	return STATUS_DATA;
}

/* Returns 0 or a negative errno. */
static int open_target(struct target *target, const struct allocations *allocations)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct lockmgr_options create = LOCKMGR_OPTIONS_INIT;
	int ret;

	create.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL | LOCKMGR_OPEN_NO_MAP;
	create.owner = allocations->space.owner;
	create.group = allocations->group;
	create.mode = allocations->mode;
	create.capacity = allocations->capacity;
	ret = lockmgr_open(&target->mgr, allocations->space.name, &create);
	target->created = !ret;
	if (ret == -EEXIST)
		ret = space_attach(&allocations->space, 0, &target->mgr);
	if (ret)
		return ret;

	ret = lockmgr_info(target->mgr, &info);
	if (ret)
		lockmgr_close(target->mgr);
	target->is_same = info.generation == allocations->generation;
	target->capacity = info.capacity;
	return ret;
}

static void report_ids(struct ranges *ids, const struct target *target, const char *problem)
{
	if (ids->count) {
		fprintf(stderr, "lockctl: ids of %s that %s: ", target->label, problem);
		ranges_print(ids, stderr);
		fputc('\n', stderr);
	}
	ranges_free(ids);
}

/* Report the ids that cannot be allocated; returns whether all can. */
static bool check(const struct target *target, const struct allocations *allocations)
{
	struct ranges beyond = { 0 }, taken = { 0 };
	bool good;
	uint32_t id;
	size_t i;

	for (i = 0; i < allocations->ids.count; i++) {
		const struct range *range = &allocations->ids.ranges[i];

		for (id = range->first; id <= range->last; id++) {
			if (id >= target->capacity)
				ranges_add(&beyond, id);
			else if (!target->is_same && lockmgr_retrieve(target->mgr, id) > 0)
				ranges_add(&taken, id);
		}
	}
	good = !beyond.count && !taken.count;
	report_ids(&beyond, target, "are beyond its capacity");
	report_ids(&taken, target, "are allocated already, to others");
	return good;
}

static void free_ids(struct lockmgr *mgr, const struct ranges *ids)
{
	uint32_t id;
	size_t i;

	for (i = 0; i < ids->count; i++)
		for (id = ids->ranges[i].first; id <= ids->ranges[i].last; id++)
			lockmgr_free(mgr, id);
}

/* Returns 0, or the exit status after a message; then no id stays allocated by us. */
static int allocate(const struct target *target, const struct allocations *allocations,
		    struct ranges *done)
{
	uint32_t id;
	size_t i;
	int ret;

	for (i = 0; i < allocations->ids.count; i++) {
		const struct range *range = &allocations->ids.ranges[i];

		for (id = range->first; id <= range->last; id++) {
			ret = lockmgr_allocate_id_noted(target->mgr, id,
							notes_find(&allocations->notes, id));
			if (ret == -EEXIST && target->is_same)
				continue;
			if (ret) {
				free_ids(target->mgr, done);
				return report_failure(ret, "cannot allocate lock %u of %s", id,
						      target->label);
			}
			ranges_add(done, id);
		}
	}
	return STATUS_OK;
}

/* Remove the space again if we have created it. */
static void undo_create(const struct target *target, const struct space *space)
{
	struct lockmgr_options whose = LOCKMGR_OPTIONS_INIT;

	whose.owner = space->owner;
	if (target->created)
		lockmgr_unlink(space->name, &whose);
}

static void print_success(const struct target *target, const struct ranges *all,
			  const struct ranges *done)
{
	const uint64_t allocated = ranges_ids(done);

	printf("%s: %" PRIu64 " ids allocated, %" PRIu64 " were allocated already%s\n",
	       target->label, allocated, ranges_ids(all) - allocated,
	       target->created ? "; the space is new" : "");
}

static int restore(const struct allocations *allocations)
{
	struct ranges done = { 0 };
	struct target target;
	int status, ret;

	space_label(&allocations->space, target.label);
	ret = open_target(&target, allocations);
	if (ret)
		return report_failure(ret, "cannot open or create space %s", target.label);

	status = check(&target, allocations) ? allocate(&target, allocations, &done) : STATUS_NO;
	if (status) {
		undo_create(&target, &allocations->space);
		report("nothing was restored");
	} else {
		print_success(&target, &allocations->ids, &done);
	}
	lockmgr_close(target.mgr);
	ranges_free(&done);
	return status;
}

static int run(const struct arguments *args)
{
	const char *space = args->options[OPTION_SPACE];
	struct allocations allocations;
	int status;

	status = read_file(args->words[0], &allocations);
	if (!status && space)
		status = space_parse(space, &allocations.space);
	if (!status)
		status = restore(&allocations);
	allocations_free(&allocations);
	return status;
}

const struct command command_restore = {
	.name = "restore",
	.synopsis = "[FILE]",
	.summary = "allocate the ids that save has written, with their notes, all or none",
	.details = "Creates the space if it is missing.\n"
		   "Without FILE, or with -: from standard input.",
	.options = options,
	.words_max = 1,
	.run = run,
};
