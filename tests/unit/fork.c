// SPDX-License-Identifier: GPL-2.0-only
/* Fork: a child neither uses nor keeps what its parent opened. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "calls.h"

typedef pid_t (*fork_fn)(void);

/* As a runtime does that calls clone() itself: no atfork handler runs. */
static pid_t raw_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

/* Run something in a child; it returns whether all was as it should be. */
static void expect_in_child(fork_fn fork_it, bool (*run)(struct lockmgr *mgr),
			    struct lockmgr *mgr)
{
	const pid_t pid = fork_it();
	int status;

	if (!pid)
		_exit(run(mgr) ? EXIT_SUCCESS : EXIT_FAILURE);
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool file_is_open(void)
{
	return fcntl(fake.fd, F_GETFD) != -1;
}

static bool file_is_closed_already(struct lockmgr *mgr)
{
	(void)mgr;
	return !file_is_open();
}

static bool first_call_closes_file(struct lockmgr *mgr)
{
	return file_is_open() && lockmgr_unlock(mgr, 5) == -ECHILD &&
	       !file_is_open();
}

static bool close_closes_file(struct lockmgr *mgr)
{
	lockmgr_close(mgr);
	return !file_is_open();
}

static bool every_call_is_echild(struct lockmgr *mgr)
{
	size_t i;

	fake.calls = 0;
	for (i = 0; i < CALL_COUNT; i++) {
		errno = ERRNO_BEFORE;
		if (calls[i].run(mgr) != -ECHILD || errno != ERRNO_BEFORE) {
			fprintf(stderr, "%s\n", calls[i].name);
			return false;
		}
	}
	return fake.calls == 0;
}

/* The number of a file that was closed may stand for another one now. */
static bool call_leaves_reused_number_alone(struct lockmgr *mgr)
{
	const int fd = fake.fd;

	lockmgr_unlock(mgr, 5);
	if (dup2(STDERR_FILENO, fd) != fd)
		return false;
	lockmgr_unlock(mgr, 5);
	lockmgr_close(mgr);
	return fcntl(fd, F_GETFD) != -1;
}

static struct lockmgr *opened_by_child;

static bool both_are_echild(struct lockmgr *mgr)
{
	return every_call_is_echild(mgr) &&
	       every_call_is_echild(opened_by_child);
}

static bool own_handle_works(struct lockmgr *mgr)
{
	fake.answer = answer_end_of_list;
	opened_by_child = fake_open();
	if (call_unlock(opened_by_child) || call_unlock(mgr) != -ECHILD)
		return false;

	expect_in_child(fork, both_are_echild, mgr);
	expect_in_child(raw_fork, both_are_echild, mgr);
	if (call_unlock(opened_by_child))
		return false;

	lockmgr_close(mgr);
	return call_unlock(opened_by_child) == 0;
}

static void child_finds_file_closed(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(fork, file_is_closed_already, mgr);
	lockmgr_close(mgr);
}

static void raw_child_closes_file_with_first_call(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(raw_fork, first_call_closes_file, mgr);
	lockmgr_close(mgr);
}

static void raw_child_closes_file_with_handle(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(raw_fork, close_closes_file, mgr);
	lockmgr_close(mgr);
}

static void every_call_of_child_is_echild(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(fork, every_call_is_echild, mgr);
	lockmgr_close(mgr);
}

static void every_call_of_raw_child_is_echild(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(raw_fork, every_call_is_echild, mgr);
	lockmgr_close(mgr);
}

static void file_is_closed_once(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(fork, call_leaves_reused_number_alone, mgr);
	expect_in_child(raw_fork, call_leaves_reused_number_alone, mgr);
	lockmgr_close(mgr);
}

static void child_can_open_its_own(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(fork, own_handle_works, mgr);
	lockmgr_close(mgr);
}

static void raw_child_can_open_its_own(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(raw_fork, own_handle_works, mgr);
	lockmgr_close(mgr);
}

static int files_without_handles;

static bool no_handle_has_a_file(struct lockmgr *mgr)
{
	(void)mgr;
	return count_files() == files_without_handles;
}

/* Order of closing: the middle, the newest, the oldest. */
static void child_finds_the_files_of_all_handles_closed(void **state)
{
	struct lockmgr *mgr[6];
	int i;

	(void)state;
	files_without_handles = count_files();
	for (i = 0; i < 6; i++)
		mgr[i] = fake_open();
	expect_in_child(fork, no_handle_has_a_file, NULL);
	lockmgr_close(mgr[2]);
	expect_in_child(fork, no_handle_has_a_file, NULL);
	lockmgr_close(mgr[5]);
	expect_in_child(fork, no_handle_has_a_file, NULL);
	lockmgr_close(mgr[0]);
	expect_in_child(fork, no_handle_has_a_file, NULL);
	lockmgr_close(mgr[3]);
	lockmgr_close(mgr[4]);
	lockmgr_close(mgr[1]);
}

static void starting_a_program_leaves_the_handle(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_equal(system("exec true"), 0);
	assert_int_equal(lockmgr_unlock(mgr, 5), 0);
	lockmgr_close(mgr);
}

static void parent_goes_on_after_fork(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	expect_in_child(fork, every_call_is_echild, mgr);
	expect_in_child(raw_fork, every_call_is_echild, mgr);
	assert_true(file_is_open());
	assert_int_equal(lockmgr_unlock(mgr, 5), 0);
	lockmgr_close(mgr);
}

static void fork_leaves_errno(void **state)
{
	struct lockmgr *mgr = fake_open();
	pid_t pid;
	int status;

	(void)state;
	errno = ERRNO_BEFORE;
	pid = fork();
	if (!pid)
		_exit(errno == ERRNO_BEFORE ? EXIT_SUCCESS : EXIT_FAILURE);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	lockmgr_close(mgr);
}

static atomic_bool stop;

static void *open_and_close(void *unused)
{
	const struct lockmgr_options options = fake_options();
	struct lockmgr *mgr;

	while (!stop) {
		if (lockmgr_open(&mgr, "space", &options))
			return &stop;
		lockmgr_close(mgr);
	}
	return unused;
}

static void no_file_slips_into_child_while_threads_open(void **state)
{
	pthread_t threads[4];
	void *result;
	int i;

	(void)state;
	stop = false;
	files_without_handles = count_files();
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						open_and_close, NULL),
				 0);
	for (i = 0; i < 300; i++)
		expect_in_child(fork, no_handle_has_a_file, NULL);
	stop = true;
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		assert_null(result);
	}
}

static void *close_when_cancelled(void *mgr)
{
	pthread_cancel(pthread_self());
	lockmgr_close(mgr);
	return mgr;
}

static void cancelled_thread_closes_all_the_same(void **state)
{
	struct lockmgr *mgr = fake_open();
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, close_when_cancelled,
					mgr),
			 0);
	pthread_join(thread, &result);
	assert_ptr_equal(result, mgr);
	assert_false(file_is_open());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(child_finds_file_closed),
		fake_test(raw_child_closes_file_with_first_call),
		fake_test(raw_child_closes_file_with_handle),
		fake_test(every_call_of_child_is_echild),
		fake_test(every_call_of_raw_child_is_echild),
		fake_test(file_is_closed_once),
		fake_test(child_can_open_its_own),
		fake_test(raw_child_can_open_its_own),
		fake_test(child_finds_the_files_of_all_handles_closed),
		fake_test(starting_a_program_leaves_the_handle),
		fake_test(parent_goes_on_after_fork),
		fake_test(fork_leaves_errno),
		fake_test(no_file_slips_into_child_while_threads_open),
		fake_test(cancelled_thread_closes_all_the_same),
	};

	return harness_run(tests);
}
