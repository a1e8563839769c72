// SPDX-License-Identifier: GPL-2.0-only
/* Fork: a child neither uses nor keeps what its parent opened. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>

#include "calls.h"

typedef pid_t (*fork_fn)(void);

/* Run a function in a child, where it must return true. */
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

/* After the file was closed, another file may get its number. */
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

/* Handles are closed in the order: one in the middle, the newest, the oldest. */
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

static bool has_no_attached_file(struct lockmgr *mgr)
{
	(void)mgr;
	return count_attached() == 0;
}

/* The child may have a file that was just opened; but it is not attached, nor will it be. */
static void no_attached_file_slips_into_child_while_threads_open(void **state)
{
	pthread_t threads[4];
	void *result;
	int i;

	(void)state;
	stop = false;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						open_and_close, NULL),
				 0);
	for (i = 0; i < 300; i++)
		expect_in_child(fork, has_no_attached_file, NULL);
	stop = true;
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		assert_null(result);
	}
}

/* ------------------------------------------------------------------------
 * Opening and closing can take long in another thread, but fork() does not
 */

static struct {
	sem_t inside;
	sem_t go_on;
	pid_t pid;
	int fd;
	atomic_int opens;
	atomic_bool fork_waits;
} slow;

static void slow_init(int fd)
{
	sem_init(&slow.inside, 0, 0);
	sem_init(&slow.go_on, 0, 0);
	slow.pid = getpid();
	slow.fd = fd;
	slow.opens = 0;
	slow.fork_waits = false;
}

/* Wait until the other thread has forked; note in slow.fork_waits that it could not. */
static void wait_in_device(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += HARNESS_PATIENCE_S;
	sem_post(&slow.inside);
	if (sem_timedwait(&slow.go_on, &end))
		slow.fork_waits = true;
}

static void first_open_is_slow(int fd)
{
	(void)fd;
	if (slow.opens++ == 0)
		wait_in_device();
}

static void close_is_slow(int fd)
{
	if (fd == slow.fd && getpid() == slow.pid)
		wait_in_device();
}

static void *open_slowly(void *mgr)
{
	const struct lockmgr_options options = fake_options();

	return (void *)(long)lockmgr_open(mgr, "space", &options);
}

static void *close_slowly(void *mgr)
{
	lockmgr_close(mgr);
	return NULL;
}

/* Fork while a thread is in the device. */
static void expect_fork_beside(void *(*thread_main)(void *arg), void *arg,
			       bool (*in_child)(struct lockmgr *mgr))
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, thread_main, arg), 0);
	sem_wait(&slow.inside);
	expect_in_child(fork, in_child, NULL);
	sem_post(&slow.go_on);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
	assert_false(slow.fork_waits);
}

/* The child may have the file that was opened first, so the library must open another. */
static void fork_does_not_wait_for_open(void **state)
{
	struct lockmgr *mgr = NULL;

	(void)state;
	slow_init(-1);
	fake.opened = first_open_is_slow;
	expect_fork_beside(open_slowly, &mgr, has_no_attached_file);
	assert_int_equal(slow.opens, 2);
	assert_int_equal(lockmgr_unlock(mgr, 5), 0);
	expect_in_child(fork, file_is_closed_already, mgr);
	lockmgr_close(mgr);
}

static void fork_does_not_wait_for_close(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	slow_init(lockmgr_fd(mgr));
	fake.closing = close_is_slow;
	expect_fork_beside(close_slowly, mgr, has_no_attached_file);
}

static bool slow_fd_is_open(struct lockmgr *mgr)
{
	(void)mgr;
	return fcntl(slow.fd, F_GETFD) != -1;
}

/* The number is free as soon as closing begins. */
static void reuse_number(int fd)
{
	int pipes[2];

	if (fd != slow.fd || getpid() != slow.pid)
		return;
	if (pipe(pipes) == 0 && dup2(pipes[0], fd) == fd)
		wait_in_device();
}

static void child_leaves_number_of_a_handle_that_closes_alone(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	slow_init(lockmgr_fd(mgr));
	fake.closed = reuse_number;
	expect_fork_beside(close_slowly, mgr, slow_fd_is_open);
	fake.closed = NULL;
	close(slow.fd);
}

/* ------------------------------------------------------------------------
 * Cancellation
 */

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
		fake_test(no_attached_file_slips_into_child_while_threads_open),
		fake_test(fork_does_not_wait_for_open),
		fake_test(fork_does_not_wait_for_close),
		fake_test(child_leaves_number_of_a_handle_that_closes_alone),
		fake_test(cancelled_thread_closes_all_the_same),
	};

	return harness_run(tests);
}
