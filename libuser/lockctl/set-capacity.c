// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl set-capacity: change how many locks a space has. */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "number.h"
#include "report.h"
#include "space.h"

static int run(const struct arguments *args)
{
	const char *text = args->words[1];
	uint64_t capacity = 0;
	struct lockmgr *mgr;
	struct space space;
	int ret;

	if (strcmp(text, "max") && (!number_parse(text, 10, UINT32_MAX, &capacity) || !capacity)) {
		report_usage(args->command->name, "invalid capacity '%s'", text);
		return STATUS_USAGE;
	}
	ret = space_attach_named(args->words[0], 0, &space, &mgr);
	if (ret)
		return ret;

	ret = lockmgr_set_capacity(mgr, capacity);
	lockmgr_close(mgr);
	if (ret == -EBUSY) {
		report("cannot set the capacity of %s to %s: an id beyond that is allocated",
		       args->words[0], text);
		return STATUS_NO;
	}
	if (ret == -EINVAL) {
		report("cannot set the capacity of %s to %s: that is more than allowed",
		       args->words[0], text);
		return STATUS_USAGE;
	}
	return ret ? report_failure(ret, "cannot set the capacity of %s", args->words[0]) :
		     STATUS_OK;
}

const struct command command_set_capacity = {
	.name = "set-capacity",
	.synopsis = "SPACE CAPACITY",
	.summary = "change how many locks a space has; max: as many as are allowed",
	.words_min = 2,
	.words_max = 2,
	.run = run,
};
