/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interface of the sub-commands: each describes itself in a struct command.  options.c
 * parses its options and prints its help from that.
 */
#ifndef LOCKCTL_COMMAND_H
#define LOCKCTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct option_spec - an option of a sub-command
 * @letter: its short form
 * @name: its long form; NULL ends a table
 * @argument: the name of its argument in the help; NULL: it has none
 * @help: what it does
 */
struct option_spec {
	char letter;
	const char *name;
	const char *argument;
	const char *help;
};

/** An option table has at most this many entries. */
#define OPTIONS_MAX	16

/** For @words_max: any number of words. */
#define WORDS_ANY	-1

struct column;
struct command;

/**
 * struct arguments - what follows the name of a sub-command
 * @command: the sub-command
 * @options: by index in its option table: NULL if not given, else the argument
 * @words: the arguments that are not options; NULL ends it
 * @count: how many words
 */
struct arguments {
	const struct command *command;
	const char *options[OPTIONS_MAX];
	char **words;
	int count;
};

/**
 * struct command - a sub-command
 * @name: as it is typed
 * @synopsis: the words that it takes
 * @summary: what it does, in one line
 * @details: what else its help says; may be NULL
 * @options: may be NULL
 * @columns: of its table, if its options include OPTION_SPECS_TABLE; else NULL
 * @column_count: how many
 * @words_min: how many words it needs
 * @words_max: how many it takes; WORDS_ANY
 * @runs_another: after the first word nothing is an option of this command
 * @run: does it; returns the exit status
 */
struct command {
	const char *name;
	const char *synopsis;
	const char *summary;
	const char *details;
	const struct option_spec *options;
	const struct column *columns;
	size_t column_count;
	int words_min;
	int words_max;
	bool runs_another;
	int (*run)(const struct arguments *args);
};

/* Indexes and entries of the options of commands that print a table. */
enum {
	OPTION_JSON,
	OPTION_NOHEADINGS,
	OPTION_OUTPUT,
	OPTION_OUTPUT_ALL,
	OPTION_LIST_COLUMNS,
	OPTION_RAW,
	OPTION_NOTRUNCATE,
	OPTION_OWN,
};

#define OPTION_SPEC_JSON \
	{ \
		'J', "json", NULL, "print JSON" \
	}
#define OPTION_SPEC_NOHEADINGS \
	{ \
		'n', "noheadings", NULL, "print the rows only" \
	}
#define OPTION_SPEC_NOTRUNCATE \
	{ \
		'u', "notruncate", NULL, "do not cut long text" \
	}
/* All of them, with the same letters as in lsblk(8) and lslocks(8). */
#define OPTION_SPECS_TABLE \
	OPTION_SPEC_JSON, OPTION_SPEC_NOHEADINGS, \
		{ 'o', "output", "COLUMNS", "print these columns; +COLUMNS: in addition" }, \
		{ 'O', "output-all", NULL, "print all columns" }, \
		{ 'H', "list-columns", NULL, "list the columns, and end" }, \
		{ 'r', "raw", NULL, "print one blank between columns; times are in seconds" }, \
		OPTION_SPEC_NOTRUNCATE

static inline bool option_given(const struct arguments *args, int option)
{
	return args->options[option];
}

extern const struct command command_allocate;
extern const struct command command_create;
extern const struct command command_deadlocks;
extern const struct command command_doctor;
extern const struct command command_free;
extern const struct command command_free_all;
extern const struct command command_graph;
extern const struct command command_list;
extern const struct command command_restore;
extern const struct command command_run;
extern const struct command command_save;
extern const struct command command_set_capacity;
extern const struct command command_set_note;
extern const struct command command_spaces;
extern const struct command command_stats;
extern const struct command command_unlink;
extern const struct command command_watch;
extern const struct command command_who;

#endif /* LOCKCTL_COMMAND_H */
