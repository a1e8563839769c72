// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors: which ones handles have, and what happens when other code closes them. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "calls.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

/* Run a function in a child, where it may open and close descriptors; it returns true. */
static void expect_in_child(bool (*run)(void))
{
	const pid_t pid = fork();
	int status;

	if (!pid)
		_exit(run() ? EXIT_SUCCESS : EXIT_FAILURE);
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ------------------------------------------------------------------------
 * Standard streams
 */

static bool leaves_streams_alone(int first, int last)
{
	const struct lockmgr_options options = fake_options();
	struct lockmgr *mgr;
	int fd;

	for (fd = first; fd <= last; fd++)
		close(fd);
	if (lockmgr_open(&mgr, "space", &options))
		return false;
	for (fd = first; fd <= last; fd++)
		if (is_open(fd))
			return false;

	return lockmgr_fd(mgr) > 2 && fcntl(lockmgr_fd(mgr), F_GETFD) == FD_CLOEXEC &&
	       lockmgr_unlock(mgr, 5) == 0;
}

static bool without_stdin(void)
{
	return leaves_streams_alone(0, 0);
}

static bool without_stdout(void)
{
	return leaves_streams_alone(1, 1);
}

static bool without_stderr(void)
{
	return leaves_streams_alone(2, 2);
}

static bool without_any(void)
{
	return leaves_streams_alone(0, 2);
}

static void handle_never_has_the_number_of_a_standard_stream(void **state)
{
	(void)state;
	expect_in_child(without_stdin);
	expect_in_child(without_stdout);
	expect_in_child(without_stderr);
	expect_in_child(without_any);
}

/* The limit on open files allows no descriptor from 3 on. */
static bool too_many_files_are_emfile(void)
{
	const struct rlimit limit = { 3, 3 };
	const struct lockmgr_options options = fake_options();
	struct lockmgr *mgr;

	close(0);
	return !setrlimit(RLIMIT_NOFILE, &limit) &&
	       lockmgr_open(&mgr, "space", &options) == -EMFILE && !is_open(0);
}

static void handle_that_would_need_that_number_is_emfile(void **state)
{
	(void)state;
	expect_in_child(too_many_files_are_emfile);
}

/* ------------------------------------------------------------------------
 * Numbers that are somebody else's
 */

/* Put another file in place of the handle's file; returns the descriptor. */
static int replace_file(struct lockmgr *mgr)
{
	const int fd = lockmgr_fd(mgr);
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(dup2(pipes[0], fd), fd);
	close(pipes[0]);
	close(pipes[1]);
	return fd;
}

static void expect_ebadf_of_every_call(struct lockmgr *mgr)
{
	size_t i;

	for (i = 0; i < CALL_COUNT; i++) {
		errno = ERRNO_BEFORE;
		if (calls[i].run(mgr) != -EBADF)
			fail_msg("%s", calls[i].name);
		assert_int_equal(errno, ERRNO_BEFORE);
	}
	assert_int_equal(lockmgr_fd(mgr), -EBADF);
	assert_int_equal(errno, ERRNO_BEFORE);
}

static void every_call_is_ebadf_after_close(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	close(lockmgr_fd(mgr));
	expect_ebadf_of_every_call(mgr);
	lockmgr_close(mgr);
}

static void every_call_is_ebadf_on_another_file(void **state)
{
	struct lockmgr *mgr = fake_open();
	int fd;

	(void)state;
	fd = replace_file(mgr);
	expect_ebadf_of_every_call(mgr);
	lockmgr_close(mgr);
	close(fd);
}

/* That file is one of the same device, but may be attached to another space. */
static void every_call_is_ebadf_on_the_file_of_another_handle(void **state)
{
	struct lockmgr *mgr = fake_open();
	const int fd = lockmgr_fd(mgr);
	struct lockmgr *other;

	(void)state;
	close(fd);
	other = fake_open();
	assert_int_equal(lockmgr_fd(other), fd);
	expect_ebadf_of_every_call(mgr);
	assert_int_equal(fake.calls, 0);
	lockmgr_close(mgr);
	assert_int_equal(lockmgr_fd(other), fd);
	assert_int_equal(lockmgr_unlock(other, 5), 0);
	lockmgr_close(other);
	assert_false(is_open(fd));
}

static void answer_attach(unsigned long request, void *args)
{
	if (request == LOCKMGR_IOC_ATTACH)
		((struct lockmgr_ioctl_attach *)args)->token = 3;
}

/* The module returns ENOTCONN for a file of the device that is not attached to a space. */
static void every_call_is_ebadf_on_a_file_without_a_space(void **state)
{
	struct lockmgr *mgr;

	(void)state;
	fake.answer = answer_attach;
	mgr = fake_open();
	fake.error = ENOTCONN;
	assert_int_equal(lockmgr_unlock(mgr, 5), -EBADF);
	assert_int_equal(lockmgr_lock(mgr, 5), -EBADF);
	lockmgr_close(mgr);
}

/* Only errors that mean another file become EBADF. */
static void errors_of_the_module_stay_what_they_are(void **state)
{
	static const int errors[] = { EINVAL, ENOTTY, EPERM, EACCES, ENOMEM, ENOSPC };
	struct lockmgr *mgr = fake_open();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		fake.error = errors[i];
		assert_int_equal(lockmgr_unlock(mgr, 5), -errors[i]);
	}
	lockmgr_close(mgr);
}

static void close_leaves_another_file_open(void **state)
{
	struct lockmgr *mgr = fake_open();
	const int fd = replace_file(mgr);

	(void)state;
	lockmgr_close(mgr);
	assert_true(is_open(fd));
	close(fd);
}

static void close_of_a_closed_file_closes_nothing(void **state)
{
	struct lockmgr *mgr = fake_open();
	const int files = count_files();

	(void)state;
	close(lockmgr_fd(mgr));
	lockmgr_close(mgr);
	assert_int_equal(count_files(), files - 1);
}

static int replaced;

static bool replaced_is_open(void)
{
	return is_open(replaced);
}

static void fork_leaves_another_file_open(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	replaced = replace_file(mgr);
	expect_in_child(replaced_is_open);
	lockmgr_close(mgr);
	close(replaced);
}

static void raw_child_leaves_another_file_open(void **state)
{
	struct lockmgr *mgr = fake_open();
	pid_t pid;
	int status;

	(void)state;
	replaced = replace_file(mgr);
	pid = raw_fork();
	if (!pid)
		_exit(!(lockmgr_unlock(mgr, 5) == -ECHILD && is_open(replaced)));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	lockmgr_close(mgr);
	close(replaced);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(handle_never_has_the_number_of_a_standard_stream),
		fake_test(handle_that_would_need_that_number_is_emfile),
		fake_test(every_call_is_ebadf_after_close),
		fake_test(every_call_is_ebadf_on_another_file),
		fake_test(every_call_is_ebadf_on_the_file_of_another_handle),
		fake_test(every_call_is_ebadf_on_a_file_without_a_space),
		fake_test(errors_of_the_module_stay_what_they_are),
		fake_test(close_leaves_another_file_open),
		fake_test(close_of_a_closed_file_closes_nothing),
		fake_test(fork_leaves_another_file_open),
		fake_test(raw_child_leaves_another_file_open),
	};

	return harness_run(tests);
}
