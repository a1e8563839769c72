// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl free-all: free all ids of a space, after asking. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "report.h"
#include "space.h"

enum {
	OPTION_YES,
};

static const struct option_spec options[] = {
	{ 'y', "yes", NULL, "do not ask" },
	{ 0 }
};

/* Returns whether the user at the terminal says yes. */
static bool ask(struct lockmgr *mgr, const char *space)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	char *answer = NULL;
	size_t size = 0;
	int yes;

	if (lockmgr_info(mgr, &info))
		printf("Free all ids of %s?", space);
	else
		printf("Free all %u allocated ids of %s?", info.allocated, space);
	printf(" Programs that know one may then share it with others. [y/N] ");
	fflush(stdout);
	yes = getline(&answer, &size, stdin) > 0 ? rpmatch(answer) : 0;
	free(answer);
	return yes == 1;
}

static int run(const struct arguments *args)
{
	const bool sure = option_given(args, OPTION_YES);
	struct lockmgr *mgr;
	struct space space;
	int ret;

	if (!sure && !isatty(STDIN_FILENO)) {
		report_usage(args->command->name, "no terminal to ask on: it needs --yes");
		return STATUS_USAGE;
	}
	ret = space_attach_named(args->words[0], 0, &space, &mgr);
	if (ret)
		return ret;

	if (!sure && !ask(mgr, args->words[0])) {
		report("nothing was freed");
		lockmgr_close(mgr);
		return STATUS_NO;
	}
	ret = lockmgr_free_all(mgr);
	lockmgr_close(mgr);
	return ret ? report_failure(ret, "cannot free the ids of %s", args->words[0]) : STATUS_OK;
}

const struct command command_free_all = {
	.name = "free-all",
	.synopsis = "SPACE",
	.summary = "free all allocated ids of a space; asks first",
	.options = options,
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
