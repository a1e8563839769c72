// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lockctl - inspect and use the locks of the lockmgr module
 *
 * The files, from the outside to the inside:
 *
 *	main.c		the table of sub-commands
 *	options.c	their options and help
 *	NAME.c		the sub-command NAME
 *	run-wait.c	how run waits for its lock
 *	run-command.c	how run's command starts, gets signals, and ends
 *	keeper.c	who keeps its lock if lockctl is killed
 *	snapshot.c	what is locked now, by whom, and who waits
 *	cycle.c		cycles in it, and possible ones
 *	directory.c	which spaces there are
 *	space.c		how spaces are named, and opened
 *	task.c		what keeps a process from going on, and what helps
 *	proc.c		what /proc and its cgroup say of it
 *	allocations.c	the file of save and restore
 *	output-file.c	writing a file: replacing it, or writing in place
 *	attributes.c	copying the old file's attributes to the new one
 *	descriptor.c	paths that name an open descriptor
 *	table.c		tables and JSON
 *	columns.c	which columns a table has
 *	note.c		notes as they are typed, and in that file
 *	duration.c, number.c, text.c, report.c	helpers for all of these
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <lockmgr.h>

#include "command.h"
#include "options.h"
#include "report.h"

/* In the order in which help lists them. */
static const struct command *const commands[] = {
	&command_list,
	&command_who,
	&command_deadlocks,
	&command_graph,
	&command_watch,
	&command_spaces,
	&command_stats,
	&command_run,
	&command_create,
	&command_unlink,
	&command_set_capacity,
	&command_allocate,
	&command_set_note,
	&command_free,
	&command_free_all,
	&command_save,
	&command_restore,
	&command_doctor,
};

static void print_help(void)
{
	size_t i;

	printf("Usage: lockctl COMMAND [OPTION...] [ARGUMENT...]\n\n"
	       "Inspect and use the locks of the lockmgr kernel module.\n\n"
	       "Commands:\n");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("  %-13s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nOptions:\n"
	       "  -h, --help     print this help\n"
	       "  -V, --version  print the version\n"
	       "\n"
	       "SPACE is NAME for a space of your own, USER:NAME or UID:NAME for another's.\n"
	       "'lockctl COMMAND --help' says more; so does lockctl(1).\n");
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* The options of lockctl itself, which come before the sub-command. */
static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

static int run(int argc, char **argv)
{
	const struct command *command;

	argv[0] = (char *)"lockctl";
	switch (getopt_long(argc, argv, "+hV", options, NULL)) {
	case 'h':
		print_help();
		return STATUS_OK;
	case 'V':
		printf("lockctl %s (liblockmgr %s)\n", LOCKMGR_VERSION, lockmgr_version());
		return STATUS_OK;
	case '?':
		report_hint(NULL);
		return STATUS_USAGE;
	}
	argc -= optind;
	argv += optind;
	if (!argc) {
		report_usage(NULL, "missing command");
		return STATUS_USAGE;
	}

	command = find_command(argv[0]);
	if (!command) {
		report_usage(NULL, "unknown command '%s'", argv[0]);
		return STATUS_USAGE;
	}
	return options_run(command, argc, argv);
}

int main(int argc, char **argv)
{
	int status;

	setlocale(LC_ALL, "");
	status = run(argc, argv);
	return report_output(status);
}
