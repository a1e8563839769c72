// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl free: free ids. */
#include "command.h"
#include "number.h"
#include "report.h"
#include "space.h"

static int free_id(struct lockmgr *mgr, const struct arguments *args, const char *text)
{
	uint32_t id;

	if (!number_parse_id(args->command->name, text, &id))
		return STATUS_USAGE;

	return report_failure_on_lock(lockmgr_free(mgr, id), "free", id, args->words[0]);
}

static int run(const struct arguments *args)
{
	int i, status, worst = STATUS_OK;
	struct lockmgr *mgr;
	struct space space;

	status = space_attach_named(args->words[0], LOCKMGR_OPEN_WRITEONLY, &space, &mgr);
	if (status)
		return status;

	for (i = 1; i < args->count; i++) {
		status = free_id(mgr, args, args->words[i]);
		if (status)
			worst = status;
	}
	lockmgr_close(mgr);
	return worst;
}

const struct command command_free = {
	.name = "free",
	.synopsis = "SPACE ID...",
	.summary = "free allocated ids; their locks stay as they are",
	.words_min = 2,
	.words_max = WORDS_ANY,
	.run = run,
};
