// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of the lock when a thread tries to leave a lock call before it returns, or
 * when a program closes the descriptor of a handle.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define ID	7

/* ------------------------------------------------------------------------
 * Cancellation
 */

static atomic_int result;

static void *lock_and_be_cancelled(void *mgr)
{
	result = lockmgr_lock(mgr, ID);
	pthread_testcancel();

	return NULL;
}

static void release(void *mgr)
{
	lockmgr_unlock(mgr, ID);
}

static void *lock_and_clean_up(void *mgr)
{
	pthread_cleanup_push(release, mgr);
	lock_and_be_cancelled(mgr);
	pthread_cleanup_pop(0);

	return NULL;
}

/* Cancel a thread that waits, and release the lock, so that the thread acquires it. */
static void cancel_a_waiter(void *(*thread_main)(void *mgr), struct lockmgr *mgr)
{
	struct lockmgr *holder = space_open();
	pthread_t thread;
	void *ended;

	result = -ERANGE;
	assert_int_equal(lockmgr_lock(holder, ID), 0);
	assert_int_equal(pthread_create(&thread, NULL, thread_main, mgr), 0);
	wait_for_waiters(holder, ID, 1);
	assert_int_equal(pthread_cancel(thread), 0);
	assert_int_equal(lockmgr_unlock(holder, ID), 0);
	assert_int_equal(pthread_join(thread, &ended), 0);
	assert_ptr_equal(ended, PTHREAD_CANCELED);
	assert_int_equal(result, 0);
}

static void cancelled_waiter_acquires_the_lock_first(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	cancel_a_waiter(lock_and_be_cancelled, mgr);
	/* Nobody has released it since. */
	assert_int_equal(lockmgr_trylock(mgr, ID), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, ID), 0);
}

static void cleanup_handler_releases_it(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	cancel_a_waiter(lock_and_clean_up, mgr);
	assert_int_equal(lockmgr_trylock(mgr, ID), 0);
}

static atomic_int calls_made;

static void count_call(int ret)
{
	if (ret >= 0)
		calls_made++;
}

/* A cancelled thread ends in the first cancellation point that it meets. */
static void *call_while_cancelled(void *unused)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct lockmgr *mgr;
	uint32_t id;

	(void)unused;
	pthread_cancel(pthread_self());
	count_call(lockmgr_open(&mgr, space_name(), NULL));
	count_call(lockmgr_allocate(mgr, &id));
	count_call(lockmgr_lock(mgr, id));
	count_call(lockmgr_info(mgr, &info));
	count_call(lockmgr_unlock(mgr, id));
	count_call(lockmgr_free(mgr, id));
	lockmgr_close(mgr);
	count_call(0);
	pthread_testcancel();

	return NULL;
}

static void no_function_is_a_cancellation_point(void **state)
{
	struct lockmgr *mgr = space_open();
	struct lockmgr_space_info info = { .size = sizeof(info) };
	pthread_t thread;
	void *ended;

	(void)state;
	calls_made = 0;
	assert_int_equal(pthread_create(&thread, NULL, call_while_cancelled, NULL), 0);
	assert_int_equal(pthread_join(thread, &ended), 0);
	assert_ptr_equal(ended, PTHREAD_CANCELED);
	assert_int_equal(calls_made, 7);
	assert_int_equal(lockmgr_info(mgr, &info), 0);
	assert_int_equal(info.clients, 1);
}

/* ------------------------------------------------------------------------
 * longjmp()
 */

static sigjmp_buf before_lock;

static void leave(int signal)
{
	(void)signal;
	siglongjmp(before_lock, 1);
}

static long agent_signal_waiter(struct lockmgr **mgr, long pid)
{
	wait_for_waiters(*mgr, ID, 1);

	return kill(pid, SIGUSR1);
}

static long agent_leave_the_wait(struct lockmgr **mgr, long id)
{
	signal(SIGUSR1, leave);

	return sigsetjmp(before_lock, 1) ? -EINTR : lockmgr_lock(*mgr, id);
}

/*
 * A thread that leaves while it waits has not acquired the lock.  If it left later in the
 * call, nobody would know whether it had.
 */
static void waiter_that_leaves_by_longjmp_waits_no_more(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *waiter = agent_new();
	struct agent *other = agent_new();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	agent_start(waiter, agent_leave_the_wait, ID);
	assert_int_equal(agent_call(other, agent_signal_waiter, agent_pid(waiter)), 0);
	assert_int_equal(agent_finish(waiter), -EINTR);
	wait_for_waiters(mgr, ID, 0);
	assert_int_equal(lockmgr_unlock(mgr, ID), 0);
	assert_int_equal(agent_call(other, agent_trylock, ID), 0);
}

/* ------------------------------------------------------------------------
 * Descriptors
 */

/* A program that was started without standard input opens it later. */
static bool keeps_lock_without_stdin(struct lockmgr *parents)
{
	struct lockmgr *mgr;
	int null;

	close(STDIN_FILENO);
	if (lockmgr_open(&mgr, space_name(), NULL) || lockmgr_lock(mgr, ID))
		return false;
	null = open("/dev/null", O_RDWR);
	if (null != STDIN_FILENO || dup2(null, STDOUT_FILENO) < 0)
		return false;
	(void)parents;

	return lockmgr_trylock(mgr, ID) == -EBUSY && lockmgr_unlock(mgr, ID) == 0;
}

/* A program that closes all descriptors, without exception. */
static bool hears_that_its_file_is_gone(struct lockmgr *parents)
{
	struct lockmgr *mgr, *next;

	(void)parents;
	if (lockmgr_open(&mgr, space_name(), NULL) || syscall(SYS_close_range, 3, ~0U, 0))
		return false;
	if (lockmgr_allocate_id(mgr, ID) != -EBADF || lockmgr_fd(mgr) != -EBADF)
		return false;

	if (lockmgr_open(&next, other_space_name(), NULL) || lockmgr_lock(mgr, ID) != -EBADF)
		return false;
	lockmgr_close(mgr);

	return lockmgr_retrieve(next, ID) == 0 && lockmgr_lock(next, ID) == 0;
}

static void expect_in_child(bool (*run)(struct lockmgr *mgr), struct lockmgr *mgr)
{
	const pid_t pid = fork();
	int status;

	if (!pid)
		_exit(!run(mgr));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void program_without_stdin_keeps_its_lock(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	expect_in_child(keeps_lock_without_stdin, mgr);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
}

static void program_that_closes_all_descriptors_is_told(void **state)
{
	struct lockmgr *mgr = space_open();

	(void)state;
	expect_in_child(hears_that_its_file_is_gone, mgr);
	assert_int_equal(lockmgr_retrieve(mgr, ID), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(cancelled_waiter_acquires_the_lock_first),
		harness_test(cleanup_handler_releases_it),
		harness_test(no_function_is_a_cancellation_point),
		harness_test(waiter_that_leaves_by_longjmp_waits_no_more),
		harness_test(program_without_stdin_keeps_its_lock),
		harness_test(program_that_closes_all_descriptors_is_told),
	};

	return harness_run(tests);
}
