// SPDX-License-Identifier: GPL-2.0-only
/* lockctl: the spaces that a directory shows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness.h"

#include "directory.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		directory_test(spaces_are_read_with_their_facts),
		directory_test(spaces_come_by_owner_and_name),
		directory_test(what_is_no_space_is_left_out),
		directory_test(a_space_with_a_file_that_is_no_number_is_left_out),
		directory_test(a_directory_that_is_missing_is_an_error),
		directory_test(owners_are_those_of_the_callers_namespace),
	};

	return harness_run(tests);
}
