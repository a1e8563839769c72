// SPDX-License-Identifier: LGPL-2.1-or-later
/* Options of sub-commands: one table says how to parse them and is printed as their help. */
#include <ctype.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "columns.h"
#include "options.h"
#include "report.h"

/* What getopt_long() returns for the options of a table, and for --help. */
#define VALUE_OPTION	256
#define VALUE_HELP	(VALUE_OPTION + OPTIONS_MAX)

/* The tables that getopt_long() takes. */
struct getopt_tables {
	char letters[2 * OPTIONS_MAX + 4];
	struct option longs[OPTIONS_MAX + 2];
};

static size_t option_count(const struct command *command)
{
	size_t count = 0;

	while (command->options && command->options[count].name)
		count++;
	return count;
}

static void fill_tables(struct getopt_tables *tables, const struct command *command)
{
	const size_t count = option_count(command);
	char *letter = tables->letters;
	size_t i;

	if (command->runs_another)
		*letter++ = '+';
	for (i = 0; i < count; i++) {
		const struct option_spec *spec = &command->options[i];

		*letter++ = spec->letter;
		if (spec->argument)
			*letter++ = ':';
		tables->longs[i] = (struct option) {
			spec->name, spec->argument ? required_argument : no_argument,
			NULL, VALUE_OPTION + i
		};
	}
	*letter++ = 'h';
	*letter = '\0';
	tables->longs[count] = (struct option) { "help", no_argument, NULL, VALUE_HELP };
}

/* The index in the table of the option that getopt_long() returned; -1: unknown. */
static int option_place(const struct command *command, int value)
{
	const size_t count = option_count(command);
	size_t i;

	if (value >= VALUE_OPTION)
		return value - VALUE_OPTION;
	for (i = 0; i < count; i++)
		if (command->options[i].letter == value)
			return i;
	return -1;
}

static void print_option(char letter, const char *name, const char *argument, const char *help)
{
	char left[48];

	snprintf(left, sizeof(left), "-%c, --%s%s%s", letter, name, argument ? " " : "",
		 argument ? argument : "");
	printf("  %-30s %s\n", left, help);
}

static void print_help(const struct command *command)
{
	const size_t count = option_count(command);
	size_t i;

	printf("Usage: lockctl %s [OPTION...]%s%s\n\n%c%s.\n", command->name,
	       *command->synopsis ? " " : "", command->synopsis, toupper(command->summary[0]),
	       command->summary + 1);
	if (command->details)
		printf("\n%s\n", command->details);
	printf("\nOptions:\n");
	for (i = 0; i < count; i++)
		print_option(command->options[i].letter, command->options[i].name,
			     command->options[i].argument, command->options[i].help);
	print_option('h', "help", NULL, "print this help");
}

/* Returns 0, or the exit status after a message. */
static int check_columns(const struct arguments *args)
{
	const struct command *command = args->command;
	struct chosen chosen;

	if (!command->columns)
		return STATUS_OK;
	return columns_choose(&chosen, command->columns, command->column_count, args);
}

static int check_words(const struct arguments *args)
{
	const struct command *command = args->command;

	if (args->count < command->words_min) {
		report_usage(command->name, "missing argument: %s", command->synopsis);
		return STATUS_USAGE;
	}
	if (command->words_max != WORDS_ANY && args->count > command->words_max) {
		report_usage(command->name, "unexpected argument '%s'",
			     args->words[command->words_max]);
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

/**
 * options_run() - parse the arguments of a sub-command, and run it
 * @command: the sub-command
 * @argc: number of arguments, including its name
 * @argv: the arguments
 *
 * Return: the exit status
 */
int options_run(const struct command *command, int argc, char **argv)
{
	struct arguments args = { .command = command };
	struct getopt_tables tables = { 0 };
	int value, place;

	fill_tables(&tables, command);
	/* getopt_long() begins its messages with this. */
	argv[0] = (char *)"lockctl";
	/* Make getopt_long() start again, with another table. */
	optind = 0;
	while ((value = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
		if (value == VALUE_HELP || value == 'h') {
			print_help(command);
			return STATUS_OK;
		}
		place = option_place(command, value);
		if (place < 0) {
			report_hint(command->name);
			return STATUS_USAGE;
		}
		args.options[place] = optarg ? optarg : "";
	}
	args.words = argv + optind;
	args.count = argc - optind;

	if (command->columns && option_given(&args, OPTION_LIST_COLUMNS)) {
		columns_print(command->columns, command->column_count);
		return STATUS_OK;
	}
	if (check_words(&args) || check_columns(&args))
		return STATUS_USAGE;
	return command->run(&args);
}
