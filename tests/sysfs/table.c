// SPDX-License-Identifier: GPL-2.0-only
/* The table of locks in debugfs. */
#include <sys/prctl.h>
#include <sys/stat.h>

#include "files.h"

#define TABLE	"/sys/kernel/debug/lockmgr/locks"

#define HEAD	"space lock state token pid tid seconds flags command note\n"

/* ------------------------------------------------------------------------
 * Rows
 */

/**
 * struct row - a row of the table
 * @lock, @state, @token, @pid, @tid, @seconds, @flags, @command, @note: its columns
 */
struct row {
	unsigned int lock;
	char state[8];
	unsigned int token;
	int pid;
	int tid;
	double seconds;
	char flags[8];
	char command[80];
	char note[256];
};

/* The whole table, read in pieces of @piece bytes. */
static char *table_text(size_t piece)
{
	static char text[4 * 1024 * 1024];
	int file = open(TABLE, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t count;

	assert_int_not_equal(file, -1);
	while ((count = read(file, text + length, piece)) > 0) {
		length += count;
		assert_true(length + piece < sizeof(text));
	}
	assert_int_equal(count, 0);
	/* Another read at the end returns nothing, too. */
	assert_int_equal(read(file, text + length, piece), 0);
	close(file);
	text[length] = '\0';

	return text;
}

/* The rows with @name in the column "space"; returns how many. */
static size_t rows_of(const char *name, struct row *rows, size_t max, size_t piece)
{
	size_t count = 0;
	char *line, *rest = table_text(piece);
	char space[128];

	assert_int_equal(strncmp(rest, HEAD, strlen(HEAD)), 0);
	while ((line = strsep(&rest, "\n"))) {
		struct row row;

		if (sscanf(line, "%127s %u %7s %u %d %d %lf %7s %79s %255[^\n]", space,
			   &row.lock, row.state, &row.token, &row.pid, &row.tid, &row.seconds,
			   row.flags, row.command, row.note) != 10 ||
		    strcmp(space, name) != 0)
			continue;
		assert_true(count < max);
		rows[count++] = row;
	}

	return count;
}

static const char *own_name(const char *suffix)
{
	static char name[128];

	snprintf(name, sizeof(name), "%u:%s%s", geteuid(), space_name(), suffix);

	return name;
}

static size_t own_rows(struct row *rows, size_t max)
{
	return rows_of(own_name(""), rows, max, 4096);
}

static void expect_row(const struct row *row, unsigned int lock, const char *state, pid_t pid,
		       const char *flags)
{
	assert_int_equal(row->lock, lock);
	assert_string_equal(row->state, state);
	assert_int_equal(row->pid, pid);
	assert_string_equal(row->flags, flags);
}

/* ------------------------------------------------------------------------
 * What is in it
 */

static void table_is_for_root_only(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(stat(TABLE, &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0400);
	assert_int_equal(status.st_uid, 0);
}

static void locks_that_are_not_in_use_are_left_out(void **state)
{
	struct lockmgr *mgr = space_open();
	struct row rows[1];

	(void)state;
	assert_int_equal(own_rows(rows, 1), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	assert_int_equal(lockmgr_unlock(mgr, 1), 0);
	assert_int_equal(own_rows(rows, 1), 0);
}

static void allocated_lock_is_free_until_it_is_held(void **state)
{
	struct lockmgr *mgr = space_open();
	struct row rows[1];

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 7), 0);
	assert_int_equal(own_rows(rows, 1), 1);
	expect_row(&rows[0], 7, "free", 0, "a---");
	assert_string_equal(rows[0].command, "-");
	assert_int_equal(lockmgr_lock(mgr, 7), 0);
	assert_int_equal(own_rows(rows, 1), 1);
	expect_row(&rows[0], 7, "held", getpid(), "a---");
}

static void holder_comes_before_its_waiters_in_the_order_of_the_queue(void **state)
{
	struct agent *holder = agent_new(), *first = agent_new(), *second = agent_new();
	struct lockmgr *mgr = space_open();
	struct row rows[4];

	(void)state;
	assert_int_equal(agent_call(holder, agent_lock, 3), 0);
	assert_int_equal(lockmgr_lock(mgr, 4), 0);
	agent_start(first, agent_lock, 3);
	wait_for_waiters(mgr, 3, 1);
	agent_start(second, agent_lock, 3);
	wait_for_waiters(mgr, 3, 2);

	assert_int_equal(own_rows(rows, 4), 4);
	expect_row(&rows[0], 3, "held", agent_pid(holder), "----");
	expect_row(&rows[1], 3, "waits", agent_pid(first), "----");
	expect_row(&rows[2], 3, "waits", agent_pid(second), "----");
	expect_row(&rows[3], 4, "held", getpid(), "----");
	assert_int_equal(rows[1].tid, agent_pid(first));
	assert_true(rows[1].seconds >= rows[2].seconds);
}

static long do_lock_until(struct lockmgr **mgr, long id)
{
	struct timespec deadline = deadline_in(100 * 1000);

	return lockmgr_timedlock(*mgr, id, &deadline);
}

static void flags_tell_of_deadlines_cycles_and_deaths(void **state)
{
	struct agent *one = agent_new(), *two = agent_new(), *dead = agent_new();
	struct lockmgr *mgr = space_open();
	struct row rows[6];

	(void)state;
	assert_int_equal(agent_call(one, agent_lock, 1), 0);
	assert_int_equal(agent_call(two, agent_lock, 2), 0);
	agent_start(one, do_lock_until, 2);
	agent_start(two, agent_lock, 1);
	wait_for_waiters(mgr, 1, 1);
	wait_for_waiters(mgr, 2, 1);
	assert_int_equal(lockmgr_allocate_id(mgr, 3), 0);
	assert_int_equal(agent_call(dead, agent_lock, 3), 0);
	/* Lock 4 is not allocated. */
	assert_int_equal(agent_call(dead, agent_lock, 4), 0);
	agent_kill(dead);

	assert_int_equal(own_rows(rows, 6), 6);
	expect_row(&rows[0], 1, "held", agent_pid(one), "--c-");
	expect_row(&rows[1], 1, "waits", agent_pid(two), "--c-");
	expect_row(&rows[2], 2, "held", agent_pid(two), "--c-");
	expect_row(&rows[3], 2, "waits", agent_pid(one), "--ct");
	expect_row(&rows[4], 3, "free", 0, "ad--");
	expect_row(&rows[5], 4, "free", 0, "-d--");
}

static long do_lock_as_somebody_strange(struct lockmgr **mgr, long id)
{
	prctl(PR_SET_NAME, "a\nb\033 c");

	return lockmgr_lock(*mgr, id);
}

static void command_cannot_spoil_the_table(void **state)
{
	struct agent *agent = agent_new();
	struct row rows[1];

	(void)state;
	assert_int_equal(agent_call(agent, do_lock_as_somebody_strange, 1), 0);
	assert_int_equal(own_rows(rows, 1), 1);
	assert_string_equal(rows[0].command, "a\\x0ab\\x1b\\x20c");
	assert_string_equal(rows[0].note, "-");
}

/* ------------------------------------------------------------------------
 * Notes
 */

static void note_is_in_the_row_of_its_lock(void **state)
{
	struct agent *waiter = agent_new();
	struct lockmgr *mgr = space_open();
	struct row rows[4];

	(void)state;
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 3, "container web-1"), 0);
	assert_int_equal(lockmgr_allocate_id(mgr, 4), 0);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 5, "volume data"), 0);
	assert_int_equal(lockmgr_lock(mgr, 3), 0);
	agent_start(waiter, agent_lock, 3);
	wait_for_waiters(mgr, 3, 1);

	assert_int_equal(own_rows(rows, 4), 4);
	expect_row(&rows[0], 3, "held", getpid(), "a---");
	assert_string_equal(rows[0].note, "container web-1");
	expect_row(&rows[1], 3, "waits", agent_pid(waiter), "----");
	assert_string_equal(rows[1].note, "-");
	expect_row(&rows[2], 4, "free", 0, "a---");
	assert_string_equal(rows[2].note, "-");
	expect_row(&rows[3], 5, "free", 0, "a---");
	assert_string_equal(rows[3].note, "volume data");
}

static void note_that_has_gone_with_its_id_is_not_shown(void **state)
{
	struct lockmgr *mgr = space_open();
	struct row rows[1];

	(void)state;
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 3, "container web-1"), 0);
	assert_int_equal(lockmgr_lock(mgr, 3), 0);
	assert_int_equal(lockmgr_free(mgr, 3), 0);
	assert_int_equal(own_rows(rows, 1), 1);
	expect_row(&rows[0], 3, "held", getpid(), "----");
	assert_string_equal(rows[0].note, "-");
}

static void note_cannot_spoil_the_table(void **state)
{
	static const struct {
		const char *note;
		const char *shown;
	} cases[] = {
		{ "\033[2J\n3 held\t\177", "\\x1b[2J\\x0a3 held\\x09\\x7f" },
		{ "\xe2\x80\xae\xff\xc2\xa0\xef\xbb\xbf",
		  "\\xe2\\x80\\xae\\xff\\xc2\\xa0\\xef\\xbb\\xbf" },
		{ "a\\x41 \"b\"", "a\\x5cx41 \"b\"" },
		{ "-", "\\x2d" },
		{ "--", "--" },
	};
	struct lockmgr *mgr = space_open();
	struct row rows[1];
	size_t i;

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 3), 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(lockmgr_set_note(mgr, 3, cases[i].note), 0);
		assert_int_equal(own_rows(rows, 1), 1);
		assert_string_equal(rows[0].note, cases[i].shown);
	}
}

/* A note whose bytes are all shown as \xNN, four characters each. */
static void longest_note_is_shown_whole(void **state)
{
	struct lockmgr *mgr = space_open();
	char note[LOCKMGR_NOTE_SIZE] = "";
	struct row rows[1];
	size_t i;

	(void)state;
	memset(note, 0xff, sizeof(note) - 1);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 3, note), 0);
	assert_int_equal(own_rows(rows, 1), 1);
	assert_int_equal(strlen(rows[0].note), 4 * (sizeof(note) - 1));
	for (i = 0; i < sizeof(note) - 1; i++)
		assert_memory_equal(rows[0].note + 4 * i, "\\xff", 4);
}

/* ------------------------------------------------------------------------
 * Spaces
 */

static void space_without_clients_is_in_it(void **state)
{
	struct lockmgr *mgr = space_open();
	struct row rows[1];

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 7), 0);
	space_close(mgr);
	assert_int_equal(own_rows(rows, 1), 1);
}

static void space_without_a_name_is_in_it_while_it_has_clients(void **state)
{
	struct lockmgr *mgr = space_open();
	struct row rows[1];

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 7), 0);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_int_equal(rows_of(own_name("(unlinked)"), rows, 1, 4096), 1);
	space_close(mgr);
	assert_int_equal(rows_of(own_name("(unlinked)"), rows, 1, 4096), 0);
}

/* The space whose rows a reader has reached stays until the reader goes on to the next. */
static void space_may_go_while_the_table_is_read(void **state)
{
	struct lockmgr *mgr = space_open();
	char text[4096];
	int file, i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_int_equal(lockmgr_allocate_id(mgr, i), 0);
	file = open(TABLE, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(file, -1);
	do {
		ssize_t count = read(file, text, 80);

		assert_true(count > 0);
		text[count] = '\0';
	} while (!strstr(text, space_name()));

	space_close(mgr);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	while (read(file, text, sizeof(text)) > 0)
		;
	close(file);
	assert_null(strstr(table_text(4096), space_name()));
}

static void many_rows_come_each_once_whatever_the_pieces(void **state)
{
	static const size_t pieces[] = { 100, 1000, 4096, 100000 };
	static struct row rows[3000];
	struct lockmgr *mgr = space_open();
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(lockmgr_allocate_id(mgr, i * 7), 0);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		assert_int_equal(rows_of(own_name(""), rows, ARRAY_SIZE(rows), pieces[i]),
				 ARRAY_SIZE(rows));
		for (k = 0; k < ARRAY_SIZE(rows); k++)
			assert_int_equal(rows[k].lock, k * 7);
	}
}

static void table_can_be_read_from_the_beginning_again(void **state)
{
	struct lockmgr *mgr = space_open();
	char first[200], again[200];
	int file;

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 1), 0);
	file = open(TABLE, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(file, -1);
	memset(first, 0, sizeof(first));
	memset(again, 0, sizeof(again));
	assert_true(read(file, first, sizeof(first)) > 0);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	assert_true(read(file, again, sizeof(again)) > 0);
	assert_memory_equal(first, again, strlen(HEAD));
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(table_is_for_root_only),
		harness_test(locks_that_are_not_in_use_are_left_out),
		harness_test(allocated_lock_is_free_until_it_is_held),
		harness_test(holder_comes_before_its_waiters_in_the_order_of_the_queue),
		harness_test(flags_tell_of_deadlines_cycles_and_deaths),
		harness_test(command_cannot_spoil_the_table),
		harness_test(note_is_in_the_row_of_its_lock),
		harness_test(note_that_has_gone_with_its_id_is_not_shown),
		harness_test(note_cannot_spoil_the_table),
		harness_test(longest_note_is_shown_whole),
		harness_test(space_without_clients_is_in_it),
		harness_test(space_without_a_name_is_in_it_while_it_has_clients),
		harness_test(space_may_go_while_the_table_is_read),
		harness_test(many_rows_come_each_once_whatever_the_pieces),
		harness_test(table_can_be_read_from_the_beginning_again),
	};

	return harness_run(tests);
}
