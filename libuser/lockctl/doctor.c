// SPDX-License-Identifier: LGPL-2.1-or-later
/* lockctl doctor: checks what locks need to work, and suggests fixes. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "doctor.h"
#include "report.h"
#include "table.h"
#include "text.h"

static const struct option_spec options[] = {
	OPTION_SPEC_JSON,
	OPTION_SPEC_NOHEADINGS,
	{ 0 }
};

enum {
	CHECK,
	RESULT,
	DETAIL,
	REMEDY,
};

static const struct column columns[] = {
	[CHECK]		= { "CHECK", "check", COLUMN_TEXT, NULL },
	[RESULT]	= { "RESULT", "result", COLUMN_TEXT, NULL },
	[DETAIL]	= { "DETAIL", "detail", COLUMN_TEXT, NULL },
	[REMEDY]	= { NULL, "remedy", COLUMN_TEXT, NULL },
};

/* Each check depends on those before it. */
static const struct check {
	const char *what;
	void (*look)(struct finding *finding);
} checks[] = {
	{ "module", check_module_file },
	{ "signature", check_signature },
	{ "loaded", check_loaded },
	{ "device", check_node },
	{ "permission", check_permission },
	{ "version", check_version },
	{ "spaces", check_spaces },
};

#define CHECK_COUNT	(sizeof(checks) / sizeof(checks[0]))

static const char *const verdicts[] = {
	[VERDICT_OK] = "ok",
	[VERDICT_NOTE] = "note",
	[VERDICT_BAD] = "bad",
	[VERDICT_UNKNOWN] = "unknown",
};

/* Clean the text: parts of it come from a module's file or modprobe.d, and may be anything. */
static void set_detail(struct finding *finding, size_t place, const char *format,
		       va_list arguments)
{
	char text[sizeof(finding->detail)];

	vsnprintf(text, sizeof(text), format, arguments);
	text_clean(finding->detail + place, sizeof(finding->detail) - place, text, sizeof(text));
}

/**
 * finding_set() - say what was found
 * @finding: receives it
 * @verdict: whether it is good
 * @format: as for printf(): what was seen
 */
void finding_set(struct finding *finding, enum verdict verdict, const char *format, ...)
{
	va_list arguments;

	finding->verdict = verdict;
	va_start(arguments, format);
	set_detail(finding, 0, format, arguments);
	va_end(arguments);
}

/**
 * finding_add() - say more of what was found
 * @finding: receives it
 * @format: as for printf(): what stands after the rest
 */
void finding_add(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_detail(finding, strlen(finding->detail), format, arguments);
	va_end(arguments);
}

/**
 * finding_remedy() - say which command fixes the problem
 * @finding: receives it
 * @format: as for printf(): a command that root can type
 */
void finding_remedy(struct finding *finding, const char *format, ...)
{
	char command[FINDING_SIZE - sizeof("sudo ")];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	snprintf(finding->remedy, sizeof(finding->remedy), "%s%s", geteuid() ? "sudo " : "",
		 command);
}

static void fill_row(struct table *table, const struct finding *finding)
{
	table_row(table);
	table_text(table, CHECK, "%s", finding->what);
	table_text(table, RESULT, "%s", verdicts[finding->verdict]);
	table_text(table, DETAIL, "%s", finding->detail);
	table_text(table, REMEDY, "%s", finding->remedy);
	if (finding->verdict == VERDICT_BAD)
		table_alert(table);
}

/* For people: only the first fix, since it may also solve the later problems. */
static void print_remedies(const struct finding *findings, bool content)
{
	size_t i;

	if (content)
		printf("\nNo problem was found.\n");
	for (i = 0; i < CHECK_COUNT; i++) {
		if (findings[i].verdict == VERDICT_BAD && findings[i].remedy[0]) {
			printf("\nTo fix the first problem, run this, then doctor again:\n  %s\n",
			       findings[i].remedy);
			return;
		}
	}
	for (i = 0; content && i < CHECK_COUNT; i++)
		if (findings[i].verdict == VERDICT_NOTE && findings[i].remedy[0])
			printf("\nFor the note on '%s':\n  %s\n", findings[i].what,
			       findings[i].remedy);
}

static int run(const struct arguments *args)
{
	struct finding findings[CHECK_COUNT] = { 0 };
	bool content = true;
	struct table *table;
	size_t i;

	table = table_new("checks", columns, sizeof(columns) / sizeof(columns[0]), args);
	for (i = 0; i < CHECK_COUNT; i++) {
		findings[i].what = checks[i].what;
		checks[i].look(&findings[i]);
		fill_row(table, &findings[i]);
		content = content && (findings[i].verdict == VERDICT_OK ||
				      findings[i].verdict == VERDICT_NOTE);
	}
	table_print(table);
	if (table_is_for_people(args))
		print_remedies(findings, content);

	return content ? STATUS_OK : STATUS_NO;
}

const struct command command_doctor = {
	.name = "doctor",
	.synopsis = "",
	.summary = "check module, device and permissions, and suggest fixes",
	.details = "The exit status is 0 only if locks can be used.",
	.options = options,
	.run = run,
};
