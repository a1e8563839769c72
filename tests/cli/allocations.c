// SPDX-License-Identifier: GPL-2.0-only
/* lockctl: the file of save and restore. */
#include <stdio.h>
#include <string.h>

#include "harness.h"

#include "allocations.h"

static const char saved[] =
	"lockctl-allocations 1\n"
	"space 1000:web\n"
	"group 100\n"
	"mode 0640\n"
	"capacity 2048\n"
	"generation 8f14e45fceea167a\n"
	"ids 5\n"
	"0-3\n"
	"17\n"
	"end\n";

/* Version 2 of the file, which lockctl writes if ids have notes. */
static const char saved_notes[] =
	"lockctl-allocations 2\n"
	"space 1000:web\n"
	"group 100\n"
	"mode 0640\n"
	"capacity 2048\n"
	"generation 8f14e45fceea167a\n"
	"ids 5\n"
	"0-3\n"
	"17\n"
	"notes 2\n"
	"1 container web-1\n"
	"17 \\x20\\x5c\\x0a a\\xff\\x20\n"
	"end\n";

static unsigned int read_text(struct allocations *allocations, const char *text)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	unsigned int line;

	assert_non_null(file);
	line = allocations_read(allocations, file);
	fclose(file);
	return line;
}

static void fill(struct allocations *allocations)
{
	uint32_t id;

	*allocations = (struct allocations) {
		.space = { 1000, "web" },
		.group = 100,
		.mode = 0640,
		.capacity = 2048,
		.generation = 0x8f14e45fceea167aULL,
	};
	for (id = 0; id < 4; id++)
		ranges_add(&allocations->ids, id);
	ranges_add(&allocations->ids, 17);
}

static void expect_written(const struct allocations *allocations, const char *expected)
{
	char text[sizeof(saved_notes) + 100] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");

	assert_non_null(file);
	allocations_write(allocations, file);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, expected);
}

static void allocations_are_written_as_documented(void **state)
{
	struct allocations allocations;

	(void)state;
	fill(&allocations);
	expect_written(&allocations, saved);
	allocations_free(&allocations);
}

static const char *const notes[] = { "container web-1", " \\\n a\xff " };

static void notes_are_written_as_documented(void **state)
{
	struct allocations allocations;
	char note[LOCKMGR_LOCK_NOTE_SIZE] = "";

	(void)state;
	fill(&allocations);
	strcpy(note, notes[0]);
	notes_add(&allocations.notes, 1, note);
	strcpy(note, notes[1]);
	notes_add(&allocations.notes, 17, note);
	expect_written(&allocations, saved_notes);
	allocations_free(&allocations);
}

static void notes_that_were_written_are_read(void **state)
{
	struct allocations allocations;

	(void)state;
	assert_int_equal(read_text(&allocations, saved_notes), 0);
	assert_int_equal(ranges_ids(&allocations.ids), 5);
	assert_null(notes_find(&allocations.notes, 0));
	assert_string_equal(notes_find(&allocations.notes, 1), notes[0]);
	assert_null(notes_find(&allocations.notes, 2));
	assert_string_equal(notes_find(&allocations.notes, 17), notes[1]);
	assert_null(notes_find(&allocations.notes, 18));
	allocations_free(&allocations);
}

static void allocations_that_were_written_are_read(void **state)
{
	struct allocations allocations;

	(void)state;
	assert_int_equal(read_text(&allocations, saved), 0);
	assert_int_equal(allocations.space.owner, 1000);
	assert_string_equal(allocations.space.name, "web");
	assert_int_equal(allocations.group, 100);
	assert_int_equal(allocations.mode, 0640);
	assert_int_equal(allocations.capacity, 2048);
	assert_int_equal(allocations.generation, 0x8f14e45fceea167aULL);
	assert_int_equal(ranges_ids(&allocations.ids), 5);
	assert_int_equal(allocations.ids.count, 2);
	assert_int_equal(allocations.ids.ranges[1].first, 17);
	assert_null(notes_find(&allocations.notes, 17));
	allocations_free(&allocations);
}

/* Read the file with one line replaced; returns the number of the line that is found wrong. */
static unsigned int read_changed(const char *line, const char *instead)
{
	char text[sizeof(saved) + 100];
	const char *place = strstr(saved, line);
	struct allocations allocations;
	unsigned int wrong;

	assert_non_null(place);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - saved), saved, instead,
		 place + strlen(line));
	wrong = read_text(&allocations, text);
	allocations_free(&allocations);
	return wrong;
}

static void malformed_files_are_refused(void **state)
{
	static const struct {
		const char *line;
		const char *instead;
		unsigned int wrong;
	} cases[] = {
		{ "lockctl-allocations 1", "lockctl-allocations 3", 1 },
		{ "lockctl-allocations 1\n", "", 1 },
		{ "space 1000:web", "space web", 2 },
		{ "space 1000:web", "space 1000:we/b", 2 },
		{ "mode 0640", "mode 01640", 4 },
		{ "mode 0640\n", "", 4 },
		{ "capacity 2048", "capacity 0", 5 },
		{ "capacity 2048", "capacity -1", 5 },
		{ "capacity 2048", "capacity 17", 9 },
		{ "generation 8f14e45fceea167a", "generation x", 6 },
		{ "ids 5", "ids 6", 10 },
		{ "ids 5", "ids 2049", 7 },
		{ "0-3", "3-0", 8 },
		{ "0-3", "0-3-4", 8 },
		{ "0-3", "", 8 },
		{ "17", "3", 9 },
		{ "17", "4294967312", 9 },
		{ "17\nend\n", "17\n", 10 },
		{ "end\n", "end", 10 },
		{ "end\n", "", 10 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (read_changed(cases[i].line, cases[i].instead) != cases[i].wrong)
			fail_msg("'%s' instead of '%s': line %u is not found wrong",
				 cases[i].instead, cases[i].line, cases[i].wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_are_written_as_documented),
		cmocka_unit_test(notes_are_written_as_documented),
		cmocka_unit_test(allocations_that_were_written_are_read),
		cmocka_unit_test(notes_that_were_written_are_read),
		cmocka_unit_test(malformed_files_are_refused),
	};

	return harness_run(tests);
}
