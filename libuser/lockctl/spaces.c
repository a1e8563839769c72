// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl spaces: list the spaces. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "directory.h"
#include "report.h"
#include "table.h"

static const struct option_spec options[] = {
	OPTION_SPECS_TABLE,
	{ 0 }
};

enum {
	SPACE,
	OWNER,
	OWNER_ID,
	GROUP,
	GROUP_ID,
	MODE,
	CAPACITY,
	ALLOCATED,
	HELD,
	WAITING,
	CLIENTS,
	GENERATION,
};

static const struct column columns[] = {
	[SPACE]		= { "SPACE", "space", COLUMN_TEXT,
		    "the name of the space" },
	[OWNER]		= { "OWNER", "owner", COLUMN_TEXT,
		    "the owner's name" },
	[OWNER_ID]	= { NULL, "uid", COLUMN_NUMBER,
		       "the owner's number" },
	[GROUP]		= { "GROUP", "group", COLUMN_TEXT,
		    "the group's name" },
	[GROUP_ID]	= { NULL, "gid", COLUMN_NUMBER,
		       "the group's number" },
	[MODE]		= { "MODE", "mode", COLUMN_TEXT,
		   "the permission bits" },
	[CAPACITY]	= { "CAPACITY", "capacity", COLUMN_NUMBER,
		       "how many ids there are" },
	[ALLOCATED]	= { "ALLOCATED", "allocated", COLUMN_NUMBER,
			"how many ids are allocated" },
	[HELD]		= { "HELD", "held", COLUMN_NUMBER,
		   "how many locks are held" },
	[WAITING]	= { "WAITING", "waiting", COLUMN_NUMBER,
		      "how many threads wait" },
	[CLIENTS]	= { "CLIENTS", "clients", COLUMN_NUMBER,
		      "how many open files are attached" },
	[GENERATION]	= { NULL, "generation", COLUMN_TEXT,
			 "number that differs between spaces of the same name" },
};

static void fill_row(struct table *table, const struct space_facts *facts)
{
	char label[USER_LABEL_SIZE];

	table_row(table);
	table_space(table, SPACE, &facts->space);
	table_text(table, OWNER, "%s", user_label(facts->space.owner, label));
	table_number(table, OWNER_ID, facts->space.owner);
	table_text(table, GROUP, "%s", group_label(facts->group, label));
	table_number(table, GROUP_ID, facts->group);
	table_text(table, MODE, "%04o", facts->mode);
	table_number(table, CAPACITY, facts->capacity);
	table_number(table, ALLOCATED, facts->allocated);
	table_number(table, HELD, facts->held);
	table_number(table, WAITING, facts->waiting);
	table_number(table, CLIENTS, facts->clients);
	table_text(table, GENERATION, "%016" PRIx64, facts->generation);
}

static int run(const struct arguments *args)
{
	struct space_facts *facts;
	struct table *table;
	size_t i, count;
	int status;

	status = directory_read_all(&facts, &count);
	if (status)
		return status;

	table = table_new("spaces", columns, sizeof(columns) / sizeof(columns[0]), args);
	for (i = 0; i < count; i++)
		fill_row(table, &facts[i]);
	if (!count && table_is_for_people(args))
		printf("There is no space that you may read.\n");
	table_print(table);
	free(facts);
	return STATUS_OK;
}

const struct command command_spaces = {
	.name = "spaces",
	.synopsis = "",
	.summary = "show the spaces that you may read",
	.options = options,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.run = run,
};
