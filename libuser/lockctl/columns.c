// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Choosing the columns of a table.  A column's name on the command line is its key in JSON,
 * in capitals, so that a user needs only one word for it.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "columns.h"
#include "report.h"

/**
 * column_name() - what a column is called on the command line
 * @column: the column
 * @name: receives it
 *
 * Return: @name
 */
const char *column_name(const struct column *column, char name[COLUMN_NAME_SIZE])
{
	const char *from = column->key ? column->key : column->heading;
	size_t i;

	for (i = 0; i < COLUMN_NAME_SIZE - 1 && from[i]; i++)
		name[i] = from[i] == ' ' ? '_' : toupper((unsigned char)from[i]);
	name[i] = '\0';
	return name;
}

static void add(struct chosen *chosen, size_t place)
{
	size_t i;

	for (i = 0; i < chosen->count; i++)
		if (chosen->places[i] == place)
			return;
	chosen->places[chosen->count++] = place;
}

static void add_all(struct chosen *chosen, const struct column *columns, size_t count,
		    const struct arguments *args)
{
	const bool json = option_given(args, OPTION_JSON);
	const bool all = option_given(args, OPTION_OUTPUT_ALL);
	size_t i;

	for (i = 0; i < count; i++)
		if (json ? !!columns[i].key : all || columns[i].heading)
			add(chosen, i);
}

/* Find a column by its name; returns whether there is one. */
static bool find(const struct column *columns, size_t count, const char *text, size_t length,
		 size_t *place)
{
	char name[COLUMN_NAME_SIZE];

	for (*place = 0; *place < count; ++*place) {
		column_name(&columns[*place], name);
		if (strlen(name) == length && !strncasecmp(name, text, length))
			return true;
	}
	return false;
}

/* Returns 0, or the exit status after a message. */
static int add_named(struct chosen *chosen, const struct column *columns, size_t count,
		     const struct arguments *args, const char *text)
{
	size_t length, place;

	for (;; text += length + 1) {
		length = strcspn(text, ",");
		if (!find(columns, count, text, length, &place)) {
			report("unknown column '%.*s': 'lockctl %s --list-columns' lists them",
			       (int)length, text, args->command->name);
			return STATUS_USAGE;
		}
		if (option_given(args, OPTION_JSON) && !columns[place].key) {
			report("column '%.*s' is not in JSON", (int)length, text);
			return STATUS_USAGE;
		}
		add(chosen, place);
		if (!text[length])
			return STATUS_OK;
	}
}

/**
 * columns_choose() - find out which columns the user wants
 * @chosen: receives them
 * @columns: all columns of the table
 * @count: how many
 * @args: the options
 *
 * Return: 0, or the exit status after a message
 */
int columns_choose(struct chosen *chosen, const struct column *columns, size_t count,
		   const struct arguments *args)
{
	const char *output = args->options[OPTION_OUTPUT];

	chosen->count = 0;
	if (option_given(args, OPTION_JSON) && option_given(args, OPTION_RAW)) {
		report_usage(args->command->name, "--json and --raw exclude each other");
		return STATUS_USAGE;
	}
	if (output && option_given(args, OPTION_OUTPUT_ALL)) {
		report_usage(args->command->name, "--output and --output-all exclude each other");
		return STATUS_USAGE;
	}
	if (!output || *output == '+')
		add_all(chosen, columns, count, args);
	if (!output)
		return STATUS_OK;
	return add_named(chosen, columns, count, args, output + (*output == '+'));
}

/**
 * columns_print() - list columns, one per line: the name and what is in it
 * @columns: the columns
 * @count: how many
 */
void columns_print(const struct column *columns, size_t count)
{
	char name[COLUMN_NAME_SIZE];
	size_t i;

	for (i = 0; i < count; i++)
		printf("%-18s  %s%s\n", column_name(&columns[i], name), columns[i].help,
		       columns[i].key ? "" : " (not in JSON)");
}
