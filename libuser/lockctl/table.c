// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tables by libsmartcols: for people with headings, as wide as the terminal; for programs
 * as JSON, with the same columns under other names, and a few more that people do not need.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

#include "duration.h"
#include "memory.h"
#include "report.h"
#include "snapshot.h"
#include "table.h"
#include "text.h"

/**
 * struct table - a table that is being filled
 * @scols: libsmartcols' table
 * @columns: descriptions of the columns
 * @places: the columns in @scols; NULL: the table does not have that column
 * @row: the last row of the top level
 * @line: the last row of any level
 * @chosen: which columns it has
 * @has_notes: whether it contains notes
 * @shows_notes: whether it shows the columns for notes even if it contains none
 * @json: whether it is for programs
 * @raw: whether it is for programs that split lines at blanks
 * @uncut: whether no text is cut
 */
struct table {
	struct libscols_table *scols;
	const struct column *columns;
	struct libscols_column *places[COLUMNS_MAX];
	struct libscols_line *row;
	struct libscols_line *line;
	struct chosen chosen;
	bool has_notes;
	bool shows_notes;
	bool json;
	bool raw;
	bool uncut;
};

/* How much of a command people see: enough to tell it from others. */
#define COMMAND_WIDTH	40

/* The calls of libsmartcols that we make fail only if there is no memory. */
static void check(int ret)
{
	if (ret)
		memory_none();
}

static int column_flags(enum column_kind kind)
{
	switch (kind) {
	case COLUMN_NUMBER:
	case COLUMN_DURATION:
		return SCOLS_FL_RIGHT;
	case COLUMN_LINES:
		return SCOLS_FL_WRAP;
	case COLUMN_LONG:
	case COLUMN_COMMAND:
		return SCOLS_FL_TRUNC;
	default:
		return 0;
	}
}

static int json_type(enum column_kind kind)
{
	switch (kind) {
	case COLUMN_NUMBER:
	case COLUMN_DURATION:
		return SCOLS_JSON_NUMBER;
	case COLUMN_BOOLEAN:
		return SCOLS_JSON_BOOLEAN_OPTIONAL;
	default:
		return SCOLS_JSON_STRING;
	}
}

static const char *heading_of(const struct table *table, const struct column *column,
			      char name[COLUMN_NAME_SIZE])
{
	if (table->json)
		return column->key;
	/* Programs look for column names, which contain no blanks. */
	if (table->raw || !column->heading)
		return column_name(column, name);
	return column->heading;
}

static struct libscols_column *add_column(struct table *table, const struct column *column,
					  int flags)
{
	char name[COLUMN_NAME_SIZE];
	struct libscols_column *place;

	place = scols_table_new_column(table->scols, heading_of(table, column, name), 0, flags);
	if (!place)
		memory_none();

	check(scols_column_set_json_type(place, json_type(column->kind)));
	if (column->kind == COLUMN_LINES) {
		check(scols_column_set_wrapfunc(place, scols_wrapnl_chunksize,
						scols_wrapnl_nextchunk, NULL));
		check(scols_column_set_safechars(place, "\n"));
	}
	return place;
}

/* libsmartcols nests rows in JSON only if a column has SCOLS_FL_TREE; any column will do. */
static bool has_tree(const struct table *table, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (table->columns[i].kind == COLUMN_TREE)
			return table->json;
	return false;
}

static void add_columns(struct table *table, size_t count)
{
	const struct chosen *chosen = &table->chosen;
	size_t i;

	for (i = 0; i < chosen->count; i++) {
		const struct column *column = &table->columns[chosen->places[i]];
		int flags = column_flags(column->kind);

		if (table->uncut)
			flags &= ~SCOLS_FL_TRUNC;
		if (!i && has_tree(table, count))
			flags |= SCOLS_FL_TREE;
		table->places[chosen->places[i]] = add_column(table, column, flags);
	}
}

/**
 * table_new() - begin a table
 * @name: what its rows are called in JSON
 * @columns: must exist while the table does
 * @count: how many
 * @args: the options that say how it looks, checked by columns_choose()
 */
struct table *table_new(const char *name, const struct column *columns, size_t count,
			const struct arguments *args)
{
	struct table *table = memory_resize(NULL, 1, sizeof(*table));

	memset(table, 0, sizeof(*table));
	table->columns = columns;
	table->json = option_given(args, OPTION_JSON);
	table->raw = option_given(args, OPTION_RAW);
	table->uncut = table->raw || option_given(args, OPTION_NOTRUNCATE);
	table->shows_notes = table->json || table->raw || option_given(args, OPTION_OUTPUT) ||
			     option_given(args, OPTION_OUTPUT_ALL);
	columns_choose(&table->chosen, columns, count, args);
	table->scols = scols_new_table();
	if (!table->scols)
		memory_none();

	check(scols_table_set_name(table->scols, name));
	check(scols_table_enable_json(table->scols, table->json));
	check(scols_table_enable_noheadings(table->scols,
					    option_given(args, OPTION_NOHEADINGS)));
	check(scols_table_enable_raw(table->scols, table->raw));
	check(scols_table_enable_colors(table->scols, !table->raw && text_has_colours()));
	/* text_clean() has escaped the text already; libsmartcols must not escape it again. */
	check(scols_table_enable_noencoding(table->scols, 1));
	add_columns(table, count);
	return table;
}

/** table_is_json() - whether the table is for programs */
bool table_is_json(const struct table *table)
{
	return table->json;
}

/** table_is_for_people() - whether sentences may be printed around the table */
bool table_is_for_people(const struct arguments *args)
{
	return !option_given(args, OPTION_JSON) && !option_given(args, OPTION_NOHEADINGS) &&
	       !option_given(args, OPTION_RAW);
}

/** table_row() - begin a row */
void table_row(struct table *table)
{
	table->row = scols_table_new_line(table->scols, NULL);
	if (!table->row)
		memory_none();
	table->line = table->row;
}

/** table_row_below() - begin a row below the last one of table_row() */
void table_row_below(struct table *table)
{
	table->line = scols_table_new_line(table->scols, table->row);
	if (!table->line)
		memory_none();
}

/**
 * table_text() - fill a cell of the row
 * @table: the table
 * @column: the column
 * @format: as for printf()
 */
void table_text(struct table *table, size_t column, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (!table->places[column])
		return;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		memory_none();
	va_end(arguments);
	check(scols_line_refer_column_data(table->line, table->places[column], text));
}

/* The length in bytes of the first @max characters of a text. */
static int beginning_of(const char *text, int max)
{
	int length = 0;

	while (text[length] && max--) {
		length++;
		/* Continuation bytes of a UTF-8 character. */
		while ((text[length] & 0xc0) == 0x80)
			length++;
	}
	return length;
}

/**
 * table_command() - fill a cell with a command line
 * @table: the table
 * @column: the column, of any kind
 * @command: the command line
 *
 * In a COLUMN_COMMAND, people see only the program without its directory, and the first
 * options.  Without a terminal nothing else limits the width of the table.
 */
void table_command(struct table *table, size_t column, const char *command)
{
	const size_t program = strcspn(command, " ");
	const char *slash = memrchr(command, '/', program);
	int length;

	if (table->json || table->uncut || table->columns[column].kind != COLUMN_COMMAND) {
		table_text(table, column, "%s", command);
		return;
	}
	if (*command == '/' && slash[1] && slash[1] != ' ')
		command = slash + 1;
	length = beginning_of(command, COMMAND_WIDTH);
	if (!command[length])
		table_text(table, column, "%s", command);
	else
		table_text(table, column, "%.*s...",
			   beginning_of(command, COMMAND_WIDTH - strlen("...")), command);
}

/** table_number() - fill a cell with a number */
void table_number(struct table *table, size_t column, uint64_t number)
{
	table_text(table, column, "%" PRIu64, number);
}

/** table_duration() - fill a cell with a duration: words for people, seconds for programs */
void table_duration(struct table *table, size_t column, uint64_t ns)
{
	char text[DURATION_SIZE];

	table_text(table, column, "%s",
		   table->json || table->raw ? duration_seconds(text, ns) :
					       duration_text(text, ns));
}

/** table_boolean() - fill a cell with yes or no */
void table_boolean(struct table *table, size_t column, bool value)
{
	if (table->json)
		table_text(table, column, "%d", value);
	else
		table_text(table, column, "%s", value ? "yes" : "no");
}

/** table_space() - fill a cell with a space's name */
void table_space(struct table *table, size_t column, const struct space *space)
{
	char label[SPACE_LABEL_SIZE];

	table_text(table, column, "%s",
		   table->json ? space_full_name(space, label) : space_label(space, label));
}

/** table_note() - fill a cell with a lock's note, if it has one */
void table_note(struct table *table, size_t column, const struct lock *lock)
{
	char note[NOTE_LABEL_SIZE];

	if (!*lock->info.note)
		return;
	table_text(table, column, "%s", lock_note(lock, note));
	table->has_notes = true;
}

/** table_alert() - highlight the row */
void table_alert(struct table *table)
{
	check(scols_line_set_color(table->line, "red"));
}

/** table_rows() - how many rows there are */
size_t table_rows(const struct table *table)
{
	return scols_table_get_nlines(table->scols);
}

static void hide_notes(struct table *table)
{
	size_t i;

	for (i = 0; i < table->chosen.count; i++) {
		const size_t column = table->chosen.places[i];

		if (table->columns[column].kind == COLUMN_NOTE)
			check(scols_column_set_flags(table->places[column], SCOLS_FL_HIDDEN));
	}
}

/* Print "-" for empty cells, so that programs can count columns. */
static void fill_gaps(struct table *table, struct libscols_line *line)
{
	size_t i;

	for (i = 0; i < table->chosen.count; i++) {
		struct libscols_column *place = table->places[table->chosen.places[i]];
		const char *text = scols_line_get_column_data(line, place);

		if (!text || !*text)
			check(scols_line_set_column_data(line, place, "-"));
	}
}

static void fill_all_gaps(struct table *table)
{
	size_t i;

	for (i = 0; i < table_rows(table); i++)
		fill_gaps(table, scols_table_get_line(table->scols, i));
}

/** table_print() - print the table, and free it */
void table_print(struct table *table)
{
	if (!table->has_notes && !table->shows_notes)
		hide_notes(table);
	if (table->raw)
		fill_all_gaps(table);
	/* libsmartcols prints nothing of a table without rows. */
	if (table_rows(table))
		check(scols_print_table(table->scols));
	else if (table->json)
		printf("{\n   \"%s\": []\n}\n", scols_table_get_name(table->scols));
	scols_unref_table(table->scols);
	free(table);
}
