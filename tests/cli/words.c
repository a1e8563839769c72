// SPDX-License-Identifier: GPL-2.0-only
/* lockctl: durations, numbers, text and names, as people type and read them. */
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#include "duration.h"
#include "number.h"
#include "space.h"
#include "text.h"

#define S	1000000000ULL

/* ------------------------------------------------------------------------
 * Durations
 */

static void durations_are_written_for_people(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0.0s" },
		{ 449999999, "0.4s" },
		{ 9 * S + 999999999, "9.9s" },
		{ 10 * S, "10s" },
		{ 59 * S, "59s" },
		{ 60 * S, "1m 0s" },
		{ 133 * S, "2m 13s" },
		{ 3600 * S, "1h 0m" },
		{ 86399 * S, "23h 59m" },
		{ 86400 * S, "1d 0h" },
		{ 400 * 86400 * S, "400d 0h" },
	};
	char text[DURATION_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(duration_text(text, cases[i].ns), cases[i].text);
	/* The longest there is has room. */
	assert_true(strlen(duration_text(text, UINT64_MAX)) < DURATION_SIZE - 1);
}

static void durations_are_written_for_programs(void **state)
{
	char text[DURATION_SIZE];

	(void)state;
	assert_string_equal(duration_seconds(text, 133 * S + 4999999), "133.004");
	assert_string_equal(duration_seconds(text, 0), "0.000");
	assert_string_equal(duration_seconds(text, UINT64_MAX), "18446744073.709");
}

static void durations_are_understood(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{ "0", 0 },
		{ "10", 10 * S },
		{ "0.5", S / 2 },
		{ ".25", S / 4 },
		{ "2.", 2 * S },
		{ "1.0000000019", S + 1 },
	};
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(duration_parse(cases[i].text, &ns));
		assert_int_equal(ns, cases[i].ns);
	}
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const cases[] = {
		"", ".", "-1", "+1", " 1", "1 ", "1s", "1e3", "0x10", "1.5.5", "inf", "nan",
		"1000000001", "99999999999999999999999999"
	};
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (duration_parse(cases[i], &ns))
			fail_msg("'%s' is taken for a duration", cases[i]);
}

static void what_happens_later_was_just_now(void **state)
{
	(void)state;
	assert_int_equal(duration_since(5, 7), 0);
	assert_int_equal(duration_since(7, 5), 2);
}

/* ------------------------------------------------------------------------
 * Numbers and text
 */

static void numbers_are_whole_and_in_range(void **state)
{
	uint64_t number;

	(void)state;
	assert_true(number_parse("4294967295", 10, UINT32_MAX, &number));
	assert_int_equal(number, UINT32_MAX);
	assert_true(number_parse("0600", 8, 0777, &number));
	assert_int_equal(number, 0600);
	assert_false(number_parse("4294967296", 10, UINT32_MAX, &number));
	assert_false(number_parse("99999999999999999999999", 10, UINT64_MAX, &number));
	assert_false(number_parse("-1", 10, UINT64_MAX, &number));
	assert_false(number_parse(" 1", 10, UINT64_MAX, &number));
	assert_false(number_parse("1a", 10, UINT64_MAX, &number));
	assert_false(number_parse("a", 10, UINT64_MAX, &number));
	assert_false(number_parse("8", 8, 0777, &number));
	assert_false(number_parse("", 10, UINT64_MAX, &number));
}

static void names_of_processes_cannot_reach_the_terminal(void **state)
{
	char text[64];

	(void)state;
	text_clean(text, sizeof(text), "\033[2Ja\nb\x7f", 8);
	assert_string_equal(text, "\\x1b[2Ja\\x0ab\\x7f");
	text_clean(text, sizeof(text), "\xff\xfe", 2);
	assert_string_equal(text, "\\xff\\xfe");
	text_clean(text, sizeof(text), "gr\xc3\xbcn\xc3", 6);
	assert_string_equal(text, "gr\xc3\xbcn\\xc3");
}

static void text_ends_where_its_room_does(void **state)
{
	char text[8];

	(void)state;
	memset(text, 'x', sizeof(text));
	text_clean(text, 4, "abcdef", 6);
	assert_string_equal(text, "abc");
	assert_int_equal(text[4], 'x');
	text_clean(text, 4, "\n", 1);
	assert_string_equal(text, "");
	text_clean(text, 5, "\n\n", 2);
	assert_string_equal(text, "\\x0a");
	text_clean(text, 4, "abc\xc3\xbc", 5);
	assert_string_equal(text, "abc");
}

/* ------------------------------------------------------------------------
 * Names of spaces
 */

static void a_name_alone_is_the_callers(void **state)
{
	char label[SPACE_LABEL_SIZE];
	struct space space;

	(void)state;
	assert_int_equal(space_parse("web-1.x_Y", &space), 0);
	assert_int_equal(space.owner, geteuid());
	assert_string_equal(space.name, "web-1.x_Y");
	assert_string_equal(space_label(&space, label), "web-1.x_Y");
}

static void a_user_in_front_is_its_owner(void **state)
{
	char label[SPACE_LABEL_SIZE];
	struct space space;

	(void)state;
	assert_int_equal(space_parse("daemon:web", &space), 0);
	assert_int_equal(space.owner, 1);
	assert_string_equal(space_label(&space, label), "daemon:web");
	assert_string_equal(space_full_name(&space, label), "1:web");
	assert_int_equal(space_parse("4294967294:web", &space), 0);
	assert_int_equal(space.owner, 4294967294U);
	assert_string_equal(space_label(&space, label), "4294967294:web");
}

static void other_names_are_refused(void **state)
{
	static const char *const cases[] = {
		"", ":", "1:", ":web", ".web", "we b", "we/b", "../web", "1:2:web", "web\n",
		"no-such-user:web", "4294967295:web", "-1:web",
		"0123456789012345678901234567890123456789012345678901234567890123"
	};
	struct space space;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!space_parse(cases[i], &space))
			fail_msg("'%s' is taken for a space", cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_written_for_people),
		cmocka_unit_test(durations_are_written_for_programs),
		cmocka_unit_test(durations_are_understood),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(what_happens_later_was_just_now),
		cmocka_unit_test(numbers_are_whole_and_in_range),
		cmocka_unit_test(names_of_processes_cannot_reach_the_terminal),
		cmocka_unit_test(text_ends_where_its_room_does),
		cmocka_unit_test(a_name_alone_is_the_callers),
		cmocka_unit_test(a_user_in_front_is_its_owner),
		cmocka_unit_test(other_names_are_refused),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return harness_run(tests);
}
