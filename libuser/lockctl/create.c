// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl create: create a space. */
#include <errno.h>

#include "command.h"
#include "number.h"
#include "report.h"
#include "space.h"

enum {
	OPTION_CAPACITY,
	OPTION_MODE,
	OPTION_GROUP,
};

static const struct option_spec options[] = {
	{ 'c', "capacity", "N", "how many locks it has; default: as many as are allowed" },
	{ 'm', "mode", "MODE", "permission bits, octal; default: 0600" },
	{ 'g', "group", "GROUP", "its group, by name or number; default: yours" },
	{ 0 }
};

/* Returns whether all options are valid; prints a message if not. */
static bool parse(struct lockmgr_options *create, const struct arguments *args)
{
	const char *capacity = args->options[OPTION_CAPACITY];
	const char *mode = args->options[OPTION_MODE];
	const char *group = args->options[OPTION_GROUP];
	uint64_t number;

	if (capacity) {
		if (!number_parse(capacity, 10, UINT32_MAX, &number) || !number) {
			report_usage(args->command->name, "invalid capacity '%s'", capacity);
			return false;
		}
		create->capacity = number;
	}
	if (mode) {
		if (!number_parse(mode, 8, 0777, &number) || !number) {
			report_usage(args->command->name, "invalid mode '%s'", mode);
			return false;
		}
		create->mode = number;
	}
	if (group && !group_parse(group, &create->group)) {
		report_usage(args->command->name, "unknown group '%s'", group);
		return false;
	}
	return true;
}

static int run(const struct arguments *args)
{
	struct lockmgr_options create = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	struct space space;
	int ret;

	if (!parse(&create, args))
		return STATUS_USAGE;
	ret = space_parse(args->words[0], &space);
	if (ret)
		return ret;

	/* The mode may forbid even the owner to read the space; creating it works all the same. */
	create.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL | LOCKMGR_OPEN_NO_MAP;
	create.owner = space.owner;
	ret = lockmgr_open(&mgr, space.name, &create);
	if (ret == -EINVAL) {
		report("cannot create space %s: its capacity is larger than allowed",
		       args->words[0]);
		return STATUS_USAGE;
	}
	if (ret == -EEXIST) {
		report("space %s exists already", args->words[0]);
		return STATUS_NO;
	}
	if (ret)
		return report_failure(ret, "cannot create space %s", args->words[0]);

	lockmgr_close(mgr);
	return STATUS_OK;
}

const struct command command_create = {
	.name = "create",
	.synopsis = "SPACE",
	.summary = "create a space",
	.options = options,
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
