// SPDX-License-Identifier: GPL-2.0-only
/* lockctl: durations, numbers, text and names, as people type and read them. */
#include <grp.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
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
	/* The longest possible duration fits. */
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

static void invalid_durations_are_refused(void **state)
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
			fail_msg("'%s' is accepted as a duration", cases[i]);
}

static void a_moment_in_the_future_counts_as_now(void **state)
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

static void control_characters_and_invalid_utf8_are_escaped(void **state)
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

/* An invisible character is shown as the escapes of its bytes. */
static void invisible_characters_are_escaped(void **state)
{
	static const char *const cases[] = {
		"\u00a0", "\u00ad", "\u034f", "\u0601", "\u061c", "\u115f", "\u1160", "\u180e",
		"\u2003", "\u200b", "\u200d", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e",
		"\u202f", "\u2060", "\u2066", "\u2069", "\u2800", "\u3000", "\u3164", "\ue000",
		"\ufe0f", "\ufeff", "\uffa0", "\ufff9", "\ufffc", "\U000110bd", "\U0001d173",
		"\U000e0001", "\U000e0041", "\U000e0100", "\U000f0000", "\U0010fffd",
		/* A control character, an unassigned code point, and a noncharacter. */
		"\xc2\x9b", "\U0003fffd", "\xef\xbf\xbf"
	};
	char text[64], expected[64], *to;
	const char *from;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		to = expected + sprintf(expected, "a");
		for (from = cases[i]; *from; from++)
			to += sprintf(to, "\\x%02x", (unsigned char)*from);
		strcpy(to, "b");
		snprintf(text, sizeof(text), "a%sb", cases[i]);
		text_clean(text, sizeof(text), strdupa(text), sizeof(text));
		assert_string_equal(text, expected);
	}
}

static void marks_belong_to_the_character_before_them(void **state)
{
	char text[64];

	(void)state;
	text_clean(text, sizeof(text), "u\u0308n", 4);
	assert_string_equal(text, "u\u0308n");
	/* A leading mark would belong to what is printed in front of the name. */
	text_clean(text, sizeof(text), "\u0308n", 3);
	assert_string_equal(text, "\\xcc\\x88n");
	text_clean(text, sizeof(text), " \u0308", 3);
	assert_string_equal(text, " \\xcc\\x88");
	text_clean(text, sizeof(text), "\n\u0308", 3);
	assert_string_equal(text, "\\x0a\\xcc\\x88");
	text_clean(text, sizeof(text), "a\u0301\u0301\u0301\u0301", 9);
	assert_string_equal(text, "a\u0301\u0301\u0301\\xcc\\x81");
}

static void text_in_any_script_can_be_printed(void **state)
{
	static const char *const cases[] = {
		"gr\u00fcn", "\u041f\u0440\u0438\u0432\u0435\u0442", "\u65e5\u672c\u8a9e",
		"\u05e9\u05dc\u05d5\u05dd", "\u0e01\u0e33\u0e25\u0e31\u0e07",
		"\u0939\u093f\u0928\u094d\u0926\u0940", "\U0001f600", "\u20ac"
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		text_clean(text, sizeof(text), cases[i], strlen(cases[i]));
		assert_string_equal(text, cases[i]);
	}
}

static void text_that_is_too_long_is_cut(void **state)
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

#define LONG_NAME	"a-name-of-more-than-forty-characters@directory.example"

/* The users that these tests pretend, and the groups, which have the same names and numbers. */
static struct {
	const char *name;
	unsigned int id;
} accounts[] = {
	{ "root", 0 },
	{ "daemon", 1 },
	{ "5000", 4001 },
	{ "nobody", 65534 },
	{ "systemd-network", 998 },
	{ LONG_NAME, 4002 },
	/* Of entries with the same number or the same name, the first counts. */
	{ "toor", 0 },
	{ "twice", 4003 },
	{ "twice", 4004 },
	{ "DOMAIN\\user", 4005 },
	{ "-dash", 4006 },
	{ "host$", 4007 },
	{ "two words", 4008 },
	{ "\u202ename", 4009 },
	{ "gr\u00fcn", 4010 },
	{ "", 4011 },
	{ "a:b", 4012 },
};

static int find_account(const char *name, unsigned int id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(accounts); i++)
		if (name ? !strcmp(accounts[i].name, name) : accounts[i].id == id)
			return i;
	return -1;
}

static struct passwd *find_user(const char *name, uid_t uid)
{
	static struct passwd user;
	int i = find_account(name, uid);

	user = (struct passwd) { .pw_name = i < 0 ? NULL : (char *)accounts[i].name };
	user.pw_uid = i < 0 ? 0 : accounts[i].id;
	return i < 0 ? NULL : &user;
}

static struct group *find_group(const char *name, gid_t gid)
{
	static struct group group;
	int i = find_account(name, gid);

	group = (struct group) { .gr_name = i < 0 ? NULL : (char *)accounts[i].name };
	group.gr_gid = i < 0 ? 0 : accounts[i].id;
	return i < 0 ? NULL : &group;
}

/* These replace the C library's functions. */
struct passwd *getpwnam(const char *name)
{
	return find_user(name, 0);
}

struct passwd *getpwuid(uid_t uid)
{
	return find_user(NULL, uid);
}

struct group *getgrnam(const char *name)
{
	return find_group(name, 0);
}

struct group *getgrgid(gid_t gid)
{
	return find_group(NULL, gid);
}

static void a_name_alone_is_a_space_of_the_caller(void **state)
{
	char label[SPACE_LABEL_SIZE];
	struct space space;

	(void)state;
	assert_int_equal(space_parse("web-1.x_Y", &space), 0);
	assert_int_equal(space.owner, geteuid());
	assert_string_equal(space.name, "web-1.x_Y");
	assert_string_equal(space_label(&space, label), "web-1.x_Y");
}

static void a_user_in_front_is_the_owner(void **state)
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

static void labels_mean_the_same_when_they_are_typed(void **state)
{
	static const struct {
		uid_t owner;
		const char *label;
	} cases[] = {
		{ 4001, "4001:web" },
		{ 5000, "5000:web" },
		{ 65534, "nobody:web" },
		{ 998, "systemd-network:web" },
		{ 4002, LONG_NAME ":web" },
		{ 4003, "twice:web" },
		{ 4004, "4004:web" },
		{ 4005, "4005:web" },
		{ 4006, "4006:web" },
		{ 4007, "4007:web" },
		{ 4008, "4008:web" },
		{ 4009, "4009:web" },
		{ 4010, "gr\u00fcn:web" },
		{ 4011, "4011:web" },
		{ 4012, "4012:web" },
		{ 4294967294, "4294967294:web" },
	};
	char label[SPACE_LABEL_SIZE], group[USER_LABEL_SIZE];
	struct space parsed;
	size_t i;
	gid_t gid;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct space space = { cases[i].owner, "web" };

		assert_string_equal(space_label(&space, label), cases[i].label);
		assert_int_equal(space_parse(label, &parsed), 0);
		assert_int_equal(parsed.owner, space.owner);
		assert_string_equal(parsed.name, "web");
		/* Groups have the same names and numbers here. */
		group_label(space.owner, group);
		assert_int_equal(strncmp(group, label, strlen(group)), 0);
		assert_true(group_parse(group, &gid));
		assert_int_equal(gid, space.owner);
	}
}

static void a_space_whose_name_looks_like_an_option_has_its_owner_in_front(void **state)
{
	struct space space = { geteuid(), "-n" };
	char label[SPACE_LABEL_SIZE];

	(void)state;
	space_label(&space, label);
	assert_int_not_equal(*label, '-');
	assert_int_equal(space_parse(label, &space), 0);
	assert_int_equal(space.owner, geteuid());
	assert_string_equal(space.name, "-n");
}

static void invalid_names_are_refused(void **state)
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
			fail_msg("'%s' is accepted as the name of a space", cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_written_for_people),
		cmocka_unit_test(durations_are_written_for_programs),
		cmocka_unit_test(durations_are_understood),
		cmocka_unit_test(invalid_durations_are_refused),
		cmocka_unit_test(a_moment_in_the_future_counts_as_now),
		cmocka_unit_test(numbers_are_whole_and_in_range),
		cmocka_unit_test(control_characters_and_invalid_utf8_are_escaped),
		cmocka_unit_test(invisible_characters_are_escaped),
		cmocka_unit_test(marks_belong_to_the_character_before_them),
		cmocka_unit_test(text_in_any_script_can_be_printed),
		cmocka_unit_test(text_that_is_too_long_is_cut),
		cmocka_unit_test(a_name_alone_is_a_space_of_the_caller),
		cmocka_unit_test(a_user_in_front_is_the_owner),
		cmocka_unit_test(labels_mean_the_same_when_they_are_typed),
		cmocka_unit_test(a_space_whose_name_looks_like_an_option_has_its_owner_in_front),
		cmocka_unit_test(invalid_names_are_refused),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return harness_run(tests);
}
