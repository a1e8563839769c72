// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl unlink: remove the names of spaces. */
#include <errno.h>

#include "command.h"
#include "report.h"
#include "space.h"

static int unlink_space(const char *text)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct space space;
	int ret;

	ret = space_parse(text, &space);
	if (ret)
		return ret;

	options.owner = space.owner;
	ret = lockmgr_unlink(space.name, &options);
	if (ret == -ENOENT)
		return space_report_missing(text, &space, "unlink");
	if (ret)
		return report_failure(ret, "cannot unlink space %s", text);
	return STATUS_OK;
}

static int run(const struct arguments *args)
{
	int i, status, worst = STATUS_OK;

	for (i = 0; i < args->count; i++) {
		status = unlink_space(args->words[i]);
		if (status)
			worst = status;
	}
	return worst;
}

const struct command command_unlink = {
	.name = "unlink",
	.synopsis = "SPACE...",
	.summary = "remove a space; open handles can still use it",
	.words_min = 1,
	.words_max = WORDS_ANY,
	.run = run,
};
