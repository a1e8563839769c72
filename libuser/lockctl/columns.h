/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_COLUMNS_H
#define LOCKCTL_COLUMNS_H

#include "command.h"

/** A table has at most this many columns. */
#define COLUMNS_MAX	20

/* Room for the name of a column. */
#define COLUMN_NAME_SIZE	32

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_DURATION,
	COLUMN_BOOLEAN,
	/* Several lines of text. */
	COLUMN_LINES,
	/* Text that is cut at the terminal's width. */
	COLUMN_LONG,
	/* A command; people see only its beginning, since other columns follow. */
	COLUMN_COMMAND,
	/* Text, in a table whose rows can have rows below them. */
	COLUMN_TREE,
	/* Filled by table_note(); hidden from people if the table has no notes. */
	COLUMN_NOTE,
};

/**
 * struct column - a column of a table
 * @heading: for people; NULL: the column is shown only if the user asks for it
 * @key: for programs, in JSON; NULL: the column is never in JSON
 * @kind: what is in it
 * @help: what is in it, for --list-columns; NULL: the table has no such option
 */
struct column {
	const char *heading;
	const char *key;
	enum column_kind kind;
	const char *help;
};

/**
 * struct chosen - which columns a table has, and in which order
 * @places: where they are among all columns
 * @count: how many
 */
struct chosen {
	size_t places[COLUMNS_MAX];
	size_t count;
};

const char *column_name(const struct column *column, char name[COLUMN_NAME_SIZE]);
int columns_choose(struct chosen *chosen, const struct column *columns, size_t count,
		   const struct arguments *args);
void columns_print(const struct column *columns, size_t count);

#endif /* LOCKCTL_COLUMNS_H */
