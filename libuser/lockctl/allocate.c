// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl allocate: allocate ids. */
#include <errno.h>
#include <stdio.h>

#include "command.h"
#include "note.h"
#include "number.h"
#include "report.h"
#include "space.h"

enum {
	OPTION_COUNT,
	OPTION_NOTE,
};

static const struct option_spec options[] = {
	{ 'c', "count", "N", "how many ids; default: 1" },
	{ 'n', "note", "TEXT", "what each of them stands for: up to 63 bytes" },
	{ 0 }
};

static int allocate_lowest(struct lockmgr *mgr, const char *space, uint64_t count,
			   const char *note)
{
	uint32_t id;
	int ret;

	while (count--) {
		ret = lockmgr_allocate_noted(mgr, &id, note);
		if (ret)
			return report_failure(ret, "cannot allocate in %s", space);
		printf("%u\n", id);
	}
	return STATUS_OK;
}

static int allocate_given(struct lockmgr *mgr, const struct arguments *args, const char *text)
{
	uint32_t id;
	int ret;

	if (!number_parse_id(args->command->name, text, &id))
		return STATUS_USAGE;

	ret = lockmgr_allocate_id_noted(mgr, id, args->options[OPTION_NOTE]);
	if (ret == -EEXIST) {
		report("lock %u of %s is allocated already", id, args->words[0]);
		return STATUS_NO;
	}
	if (ret)
		return report_failure_on_lock(ret, "allocate", id, args->words[0]);

	printf("%u\n", id);
	return STATUS_OK;
}

static int run(const struct arguments *args)
{
	const char *times = args->options[OPTION_COUNT];
	const char *note = args->options[OPTION_NOTE];
	int i, status, worst = STATUS_OK;
	struct lockmgr *mgr;
	struct space space;
	uint64_t count = 1;

	if (times && (args->count > 1 || !number_parse(times, 10, UINT32_MAX, &count))) {
		report_usage(args->command->name, "invalid count '%s', or used with ids", times);
		return STATUS_USAGE;
	}
	if (!note_check(args->command->name, note))
		return STATUS_USAGE;
	status = space_attach_named(args->words[0], LOCKMGR_OPEN_WRITEONLY, &space, &mgr);
	if (status)
		return status;

	if (args->count == 1)
		worst = allocate_lowest(mgr, args->words[0], count, note);
	for (i = 1; i < args->count; i++) {
		status = allocate_given(mgr, args, args->words[i]);
		if (status)
			worst = status;
	}
	lockmgr_close(mgr);
	return worst;
}

const struct command command_allocate = {
	.name = "allocate",
	.synopsis = "SPACE [ID...]",
	.summary = "allocate the lowest free id, or given ones, and print them",
	.options = options,
	.words_min = 1,
	.words_max = WORDS_ANY,
	.run = run,
};
