/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_TABLE_H
#define LOCKCTL_TABLE_H

#include <stdint.h>

#include "command.h"
#include "space.h"

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_DURATION,
	COLUMN_BOOLEAN,
	/* Several lines of text. */
	COLUMN_LINES,
	/* Text that may be cut where the terminal ends. */
	COLUMN_LONG,
	/* A command, of which people are shown the beginning: other columns follow. */
	COLUMN_COMMAND,
	/* Text of a table in which rows can have rows below them. */
	COLUMN_TREE,
	/* Of table_note(): people are not shown the column of a table without notes. */
	COLUMN_NOTE,
};

/**
 * struct column - a column of a table
 * @heading: for people; NULL: they are not shown it
 * @key: for programs, in JSON; NULL: likewise
 * @kind: what is in it
 */
struct column {
	const char *heading;
	const char *key;
	enum column_kind kind;
};

/** A table has no more columns than this. */
#define COLUMNS_MAX	20

struct lock;
struct table;

struct table *table_new(const char *name, const struct column *columns, size_t count,
			const struct arguments *args);
bool table_is_json(const struct table *table);
bool table_is_for_people(const struct arguments *args);
void table_row(struct table *table);
void table_row_below(struct table *table);
void table_text(struct table *table, size_t column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void table_command(struct table *table, size_t column, const char *command);
void table_number(struct table *table, size_t column, uint64_t number);
void table_duration(struct table *table, size_t column, uint64_t ns);
void table_boolean(struct table *table, size_t column, bool value);
void table_note(struct table *table, size_t column, const struct lock *lock);
void table_space(struct table *table, size_t column, const struct space *space);
void table_alert(struct table *table);
size_t table_rows(const struct table *table);
void table_print(struct table *table);

#endif /* LOCKCTL_TABLE_H */
