// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl set-note: say what an allocated lock stands for. */
#include "command.h"
#include "note.h"
#include "number.h"
#include "report.h"
#include "space.h"

static int run(const struct arguments *args)
{
	const char *note = args->words[2];
	struct lockmgr *mgr;
	struct space space;
	int status, ret;
	uint32_t id;

	if (!number_parse_id(args->command->name, args->words[1], &id) ||
	    !note_check(args->command->name, note))
		return STATUS_USAGE;
	status = space_attach_named(args->words[0], LOCKMGR_OPEN_WRITEONLY, &space, &mgr);
	if (status)
		return status;

	ret = lockmgr_set_note(mgr, id, note);
	lockmgr_close(mgr);
	return report_failure_on_lock(ret, "set the note of", id, args->words[0]);
}

const struct command command_set_note = {
	.name = "set-note",
	.synopsis = "SPACE ID NOTE",
	.summary = "say what an allocated id stands for",
	.details = "Everybody who may inspect the space can read it. NOTE is up to 63 bytes;\n"
		   "an empty NOTE removes the id's note.",
	.words_min = 3,
	.words_max = 3,
	.run = run,
};
