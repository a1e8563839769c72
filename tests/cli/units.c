// SPDX-License-Identifier: GPL-2.0-only
/* The parts of lockctl that need no module. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#include "allocations.h"
#include "cycle.h"
#include "directory.h"
#include "duration.h"
#include "number.h"
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

/* ------------------------------------------------------------------------
 * The spaces in a directory
 */

#define DIRECTORY	"/tmp/lockctl-units-XXXXXX"

static char directory[sizeof(DIRECTORY)];

static const struct id_maps no_maps = { "/none", "/none" };

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", directory, dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_space(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, dir);
	assert_int_equal(mkdir(path, 0755), 0);
	write_file(dir, "owner", "1000\n");
	write_file(dir, "group", "100\n");
	write_file(dir, "mode", "0640\n");
	write_file(dir, "capacity", "2048\n");
	write_file(dir, "allocated", "7\n");
	write_file(dir, "held", "3\n");
	write_file(dir, "waiting", "2\n");
	write_file(dir, "clients", "5\n");
	write_file(dir, "generation", "8f14e45fceea167a\n");
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, DIRECTORY);
	return !mkdtemp(directory);
}

static int remove_directory(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	return system(command);
}

#define directory_test(function) \
	cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

static void spaces_are_read_with_their_facts(void **state)
{
	struct space_facts *spaces;
	size_t count;

	(void)state;
	make_space("1000:web");
	assert_int_equal(directory_read(directory, &no_maps, &spaces, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(spaces->space.owner, 1000);
	assert_string_equal(spaces->space.name, "web");
	assert_int_equal(spaces->group, 100);
	assert_int_equal(spaces->mode, 0640);
	assert_int_equal(spaces->capacity, 2048);
	assert_int_equal(spaces->allocated, 7);
	assert_int_equal(spaces->held, 3);
	assert_int_equal(spaces->waiting, 2);
	assert_int_equal(spaces->clients, 5);
	assert_int_equal(spaces->generation, 0x8f14e45fceea167aULL);
	free(spaces);
}

static void spaces_come_by_owner_and_name(void **state)
{
	struct space_facts *spaces;
	size_t count;

	(void)state;
	make_space("1000:web");
	make_space("200:web");
	make_space("1000:build");
	assert_int_equal(directory_read(directory, &no_maps, &spaces, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(spaces[0].space.owner, 200);
	assert_string_equal(spaces[1].space.name, "build");
	assert_string_equal(spaces[2].space.name, "web");
	free(spaces);
}

static void what_is_no_space_is_left_out(void **state)
{
	static const char *const names[] = { "web", ":web", "x:web", "1000:", "1000:.web" };
	struct space_facts *spaces;
	size_t i, count;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		make_space(names[i]);
	assert_int_equal(directory_read(directory, &no_maps, &spaces, &count), 0);
	assert_int_equal(count, 0);
	free(spaces);
}

static void a_space_with_a_file_that_is_no_number_is_left_out(void **state)
{
	struct space_facts *spaces;
	size_t count;

	(void)state;
	make_space("1000:web");
	write_file("1000:web", "held", "many\n");
	assert_int_equal(directory_read(directory, &no_maps, &spaces, &count), 0);
	assert_int_equal(count, 0);
	free(spaces);
}

static void a_directory_that_is_missing_is_an_error(void **state)
{
	struct space_facts *spaces;
	size_t count;

	(void)state;
	assert_int_equal(directory_read("/none", &no_maps, &spaces, &count), -ENOENT);
	assert_null(spaces);
}

static void owners_are_those_of_the_callers_namespace(void **state)
{
	struct space_facts *spaces;
	char map[sizeof(directory) + sizeof("/map")];
	const struct id_maps maps = { map, map };
	size_t count;

	(void)state;
	make_space("1000:mine");
	make_space("100004:inside");
	make_space("300000:outside");
	write_file("", "map",
		   "         0       1000          1\n         1     100000      65536\n");
	snprintf(map, sizeof(map), "%s/map", directory);
	assert_int_equal(directory_read(directory, &maps, &spaces, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(spaces[0].space.owner, 0);
	assert_string_equal(spaces[0].space.name, "mine");
	assert_int_equal(spaces[1].space.owner, 5);
	assert_string_equal(spaces[1].space.name, "inside");
	/* Group 100 is not in the map. */
	assert_int_equal(spaces[1].group, 65534);
	free(spaces);
}

/* ------------------------------------------------------------------------
 * The file of save and restore
 */

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

static unsigned int read_text(struct allocations *allocations, const char *text)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	unsigned int line;

	assert_non_null(file);
	line = allocations_read(allocations, file);
	fclose(file);
	return line;
}

static void allocations_are_written_as_documented(void **state)
{
	struct allocations allocations = {
		.space = { 1000, "web" },
		.group = 100,
		.mode = 0640,
		.capacity = 2048,
		.generation = 0x8f14e45fceea167aULL,
	};
	char text[sizeof(saved) + 100] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");
	uint32_t id;

	(void)state;
	assert_non_null(file);
	for (id = 0; id < 4; id++)
		ranges_add(&allocations.ids, id);
	ranges_add(&allocations.ids, 17);
	allocations_write(&allocations, file);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, saved);
	allocations_free(&allocations);
}

static void what_was_written_is_read(void **state)
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
	allocations_free(&allocations);
}

/* The file with one line in place of another; returns the line that is found wrong. */
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

static void files_that_are_not_in_order_are_refused(void **state)
{
	static const struct {
		const char *line;
		const char *instead;
		unsigned int wrong;
	} cases[] = {
		{ "lockctl-allocations 1", "lockctl-allocations 2", 1 },
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
			fail_msg("'%s' instead of '%s': not line %u", cases[i].instead,
				 cases[i].line, cases[i].wrong);
}

/* ------------------------------------------------------------------------
 * Cycles
 */

#define LOCKS	8

static struct lockmgr_waiter_info waiters[LOCKS][2];
static struct lock locks[LOCKS];
static struct snapshot snapshot;

/* Lock @id is held by a thread, and by the module's word in a cycle or not. */
static void add_lock(pid_t holder, bool deadlocked)
{
	struct lock *lock = &locks[snapshot.lock_count];

	*lock = (struct lock) {
		.info = {
			.id = snapshot.lock_count,
			.tid = holder,
			.flags = LOCKMGR_LOCK_IS_HELD |
				 (deadlocked ? LOCKMGR_LOCK_IS_DEADLOCKED : 0),
		},
		.waiters = waiters[snapshot.lock_count],
	};
	snapshot.lock_count++;
}

static void add_waiter(uint32_t id, pid_t thread)
{
	struct lock *lock = &locks[id];

	lock->waiters[lock->waiter_count++].tid = thread;
}

static int empty_snapshot(void **state)
{
	(void)state;
	snapshot = (struct snapshot) { .locks = locks };
	memset(waiters, 0, sizeof(waiters));
	return 0;
}

#define cycle_test(function) \
	cmocka_unit_test_setup(function, empty_snapshot)

static void a_chain_is_no_cycle(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, false);
	add_lock(11, false);
	add_waiter(0, 11);
	add_waiter(1, 12);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	assert_int_equal(cycles.unexplained, 0);
	cycles_free(&cycles);
}

static void a_cycle_is_found_in_its_order(void **state)
{
	struct cycles cycles;
	struct step *steps;
	size_t i;

	(void)state;
	/* 99 waits too, but nobody waits for it; it also holds lock 3. */
	add_lock(10, true);
	add_lock(11, true);
	add_lock(12, true);
	add_lock(99, false);
	add_waiter(0, 99);
	add_waiter(1, 10);
	add_waiter(2, 11);
	add_waiter(0, 12);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 1);
	assert_int_equal(cycles.cycles[0].count, 3);
	assert_int_equal(cycles.unexplained, 0);
	steps = cycles.cycles[0].steps;
	for (i = 0; i < 3; i++) {
		assert_int_equal(steps[i].holds->info.tid, steps[i].waiter->tid);
		assert_ptr_equal(steps[i].waits_for, steps[(i + 1) % 3].holds);
	}
	cycles_free(&cycles);
}

static void two_cycles_are_two(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, true);
	add_lock(11, true);
	add_waiter(0, 11);
	add_waiter(1, 10);
	add_lock(20, true);
	add_waiter(2, 20);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 2);
	assert_int_equal(cycles.cycles[0].count, 2);
	assert_int_equal(cycles.cycles[1].count, 1);
	cycles_free(&cycles);
}

/* It was put together of moments at which there was none. */
static void a_cycle_that_the_module_does_not_know_is_none(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, true);
	add_lock(11, false);
	add_waiter(0, 11);
	add_waiter(1, 10);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	assert_int_equal(cycles.unexplained, 1);
	cycles_free(&cycles);
}

static void a_cycle_through_what_is_hidden_is_unexplained(void **state)
{
	struct cycles cycles;

	(void)state;
	add_lock(10, true);
	add_waiter(0, 0);
	add_lock(0, true);
	add_waiter(1, 10);
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	assert_int_equal(cycles.unexplained, 2);
	cycles_free(&cycles);
}

static void an_empty_snapshot_has_no_cycles(void **state)
{
	struct cycles cycles;

	(void)state;
	cycles_find(&cycles, &snapshot);
	assert_int_equal(cycles.count, 0);
	cycles_free(&cycles);
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
		directory_test(spaces_are_read_with_their_facts),
		directory_test(spaces_come_by_owner_and_name),
		directory_test(what_is_no_space_is_left_out),
		directory_test(a_space_with_a_file_that_is_no_number_is_left_out),
		directory_test(a_directory_that_is_missing_is_an_error),
		directory_test(owners_are_those_of_the_callers_namespace),
		cmocka_unit_test(allocations_are_written_as_documented),
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(files_that_are_not_in_order_are_refused),
		cycle_test(a_chain_is_no_cycle),
		cycle_test(a_cycle_is_found_in_its_order),
		cycle_test(two_cycles_are_two),
		cycle_test(a_cycle_that_the_module_does_not_know_is_none),
		cycle_test(a_cycle_through_what_is_hidden_is_unexplained),
		cycle_test(an_empty_snapshot_has_no_cycles),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return harness_run(tests);
}
