// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles do not survive fork and exec: a child must neither be able to use its parent's
 * handles nor keep the kernel from releasing the parent's locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "worker.h"

/* ------------------------------------------------------------------------
 * Children
 */

typedef pid_t (*fork_fn)(void);

/* One of the ways to fork, as the state of a test. */
struct way {
	fork_fn fork;
};

static struct way by_fork = { fork };
static struct way by_raw_fork = { raw_fork };

typedef int (*child_fn)(struct lockmgr *mgr);

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));

	return WEXITSTATUS(status);
}

/* Returns what the function returns in a child, negated: an errno or 0. */
static int in_child(const struct way *way, child_fn fn, struct lockmgr *mgr)
{
	pid_t pid;

	fflush(NULL);
	pid = way->fork();
	assert_int_not_equal(pid, -1);
	if (!pid)
		_exit(-fn(mgr));

	return status_of(pid);
}

/* How many files of the device this process has open. */
static int count_device_files(void)
{
	char path[64], target[64];
	int fd, count = 0;

	for (fd = 0; fd < 100; fd++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		count += !strcmp(target, "/dev/lockmgr");
	}

	return count;
}

/* ------------------------------------------------------------------------
 * Every function with the parent's handle
 */

static int call_set_capacity(struct lockmgr *mgr)
{
	return lockmgr_set_capacity(mgr, 10);
}

static int call_allocate(struct lockmgr *mgr)
{
	uint32_t id;

	return lockmgr_allocate(mgr, &id);
}

static int call_allocate_id(struct lockmgr *mgr)
{
	return lockmgr_allocate_id(mgr, 1);
}

static int call_retrieve(struct lockmgr *mgr)
{
	return lockmgr_retrieve(mgr, 0);
}

static int call_free(struct lockmgr *mgr)
{
	return lockmgr_free(mgr, 0);
}

static int call_available(struct lockmgr *mgr)
{
	uint32_t count;

	return lockmgr_available(mgr, &count);
}

static int call_held(struct lockmgr *mgr)
{
	size_t count;

	return lockmgr_held(mgr, NULL, 0, &count);
}

static int call_lock(struct lockmgr *mgr)
{
	return lockmgr_lock(mgr, 1);
}

static int call_trylock(struct lockmgr *mgr)
{
	return lockmgr_trylock(mgr, 1);
}

static int call_timedlock(struct lockmgr *mgr)
{
	const struct timespec past = { 0 };

	return lockmgr_timedlock(mgr, 1, &past);
}

static int call_unlock(struct lockmgr *mgr)
{
	return lockmgr_unlock(mgr, 0);
}

static int call_info(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	return lockmgr_info(mgr, &info);
}

static int call_list(struct lockmgr *mgr)
{
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	size_t count;

	return lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, &lock, 1, &count);
}

static int call_list_waiters(struct lockmgr *mgr)
{
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	size_t count;

	return lockmgr_list_waiters(mgr, 0, &cursor, &waiter, 1, &count);
}

static int call_fd(struct lockmgr *mgr)
{
	return lockmgr_fd(mgr);
}

static const child_fn calls[] = {
	call_set_capacity, call_allocate, call_allocate_id, call_retrieve, call_free,
	lockmgr_free_all, call_available, call_held, call_lock, call_trylock,
	call_timedlock, call_unlock, call_info, call_list, call_list_waiters, call_fd
};

static void every_call_in_the_child_returns_echild(void **state)
{
	struct lockmgr *mgr = space_open();
	size_t i;

	assert_int_equal(lockmgr_allocate_id(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		assert_int_equal(in_child(*state, calls[i], mgr), ECHILD);
	assert_int_equal(lockmgr_retrieve(mgr, 0), 1);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
}

static int call_everything_twice(struct lockmgr *mgr)
{
	size_t i;

	for (i = 0; i < 2 * sizeof(calls) / sizeof(*calls); i++)
		if (calls[i / 2](mgr) != -ECHILD)
			return -1;

	return 0;
}

static void every_further_call_in_the_child_returns_echild(void **state)
{
	struct lockmgr *mgr = space_open();

	assert_int_equal(in_child(*state, call_everything_twice, mgr), 0);
}

/* The new file gets the descriptor of the one that the first call closed. */
static int call_after_opening(struct lockmgr *mgr)
{
	struct lockmgr *own;

	if (call_lock(mgr) != -ECHILD || lockmgr_open(&own, space_name(), NULL))
		return -1;

	return call_lock(mgr);
}

static void parents_handle_does_not_reach_the_childs_own_file(void **state)
{
	struct lockmgr *mgr = space_open();

	assert_int_equal(in_child(*state, call_after_opening, mgr), ECHILD);
}

static int fork_again(struct lockmgr *mgr)
{
	return -in_child(&by_fork, call_lock, mgr);
}

static void call_in_a_grandchild_returns_echild(void **state)
{
	struct lockmgr *mgr = space_open();

	assert_int_equal(in_child(*state, fork_again, mgr), ECHILD);
}

/* ------------------------------------------------------------------------
 * What else parent and child may do
 */

static void parent_goes_on_with_its_handle(void **state)
{
	struct lockmgr *mgr = space_open();

	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(in_child(*state, call_lock, mgr), ECHILD);

	assert_int_equal(lockmgr_trylock(space_open(), 0), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
}

static int close_handle(struct lockmgr *mgr)
{
	lockmgr_close(mgr);

	return 0;
}

static void close_in_the_child_leaves_the_parents_locks(void **state)
{
	struct lockmgr *mgr = space_open();

	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(in_child(*state, close_handle, mgr), 0);

	assert_int_equal(lockmgr_trylock(space_open(), 0), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
}

static int use_own_handle(struct lockmgr *parents)
{
	struct lockmgr *mgr;

	(void)parents;
	if (lockmgr_open(&mgr, space_name(), NULL))
		return -1;
	if (lockmgr_trylock(mgr, 0) != -EBUSY || lockmgr_unlock(mgr, 0) != -EPERM)
		return -2;

	return lockmgr_lock(mgr, 1);
}

static void child_can_open_its_own_handle(void **state)
{
	struct lockmgr *mgr = space_open();

	assert_int_equal(lockmgr_lock(mgr, 0), 0);

	assert_int_equal(in_child(*state, use_own_handle, mgr), 0);
	assert_int_equal(lockmgr_lock(mgr, 1), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
}

static int count_files_after_a_call(struct lockmgr *mgr)
{
	return call_lock(mgr) == -ECHILD ? -count_device_files() : -ERANGE;
}

static void child_keeps_no_file_after_a_call(void **state)
{
	struct lockmgr *mgr = space_open();

	assert_int_equal(count_device_files(), 1);
	assert_int_equal(in_child(*state, count_files_after_a_call, mgr), 0);
	assert_int_equal(count_device_files(), 1);
}

static int count_files(struct lockmgr *mgr)
{
	(void)mgr;

	return -count_device_files();
}

static void child_of_fork_keeps_no_file_at_all(void **state)
{
	(void)state;
	space_open();
	space_open();

	assert_int_equal(in_child(&by_fork, count_files, NULL), 0);
	assert_int_equal(count_device_files(), 2);
}

/* How many files of the device this process has that are attached to a space; negated. */
static int count_attached_files(struct lockmgr *mgr)
{
	char path[64], line[256];
	int fd, count = 0;

	(void)mgr;
	for (fd = 0; fd < 100; fd++) {
		FILE *info;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		info = fopen(path, "r");
		while (info && fgets(line, sizeof(line), info))
			count += !strncmp(line, "space:", strlen("space:"));
		if (info)
			fclose(info);
	}

	return -count;
}

static _Atomic bool stop;

static int open_and_close_until_stopped(struct lockmgr *unused, uint32_t unused_too)
{
	struct lockmgr *mgr;
	int ret = 0;

	(void)unused;
	(void)unused_too;
	while (!stop && !ret) {
		ret = lockmgr_open(&mgr, space_name(), NULL);
		if (!ret)
			lockmgr_close(mgr);
	}

	return ret;
}

/* A file that is open, but will never be attached, does no harm. */
static void child_keeps_no_space_that_another_thread_just_opened(void **state)
{
	struct lockmgr *mgr = space_open();
	struct worker *workers[2];
	int i, files = 0;

	(void)state;
	assert_int_equal(count_attached_files(NULL), -1);
	space_close(mgr);
	stop = false;
	for (i = 0; i < 2; i++)
		workers[i] = worker_start(open_and_close_until_stopped, NULL, 0);
	for (i = 0; i < 40; i++)
		files += in_child(&by_fork, count_attached_files, NULL);
	stop = true;
	for (i = 0; i < 2; i++)
		assert_int_equal(worker_finish(workers[i]), 0);

	assert_int_equal(files, 0);
}

static void fork_while_a_thread_waits_leaves_it_waiting(void **state)
{
	struct lockmgr *mgr = space_open();
	struct worker *worker;

	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	worker = worker_start(lockmgr_lock, mgr, 0);
	wait_for_waiters(mgr, 0, 1);

	assert_int_equal(in_child(*state, call_lock, mgr), ECHILD);
	assert_int_equal(lock_info(mgr, 0).waiters, 1);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
	assert_int_equal(worker_finish(worker), 0);
}

/* ------------------------------------------------------------------------
 * The parent's death
 */

/* Live until somebody kills the child, but not much longer than the test program. */
static void live_on(void)
{
	prctl(PR_SET_PDEATHSIG, 0);
	alarm(HARNESS_PATIENCE_S);
	for (;;)
		pause();
}

/* What a child reports before it lives on. */
static _Atomic int *told;

static int share(void **state)
{
	if (!told)
		told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(told, MAP_FAILED);
	*told = 0;

	return harness_setup(state);
}

static bool has_told(void *unused)
{
	(void)unused;

	return *told;
}

static long agent_fork(struct lockmgr **mgr, long unused)
{
	pid_t pid = fork();

	(void)mgr;
	(void)unused;
	if (!pid) {
		*told = 1;
		live_on();
	}

	return pid;
}

static long agent_raw_fork(struct lockmgr **mgr, long unused)
{
	pid_t pid = raw_fork();

	(void)mgr;
	(void)unused;
	if (!pid) {
		*told = 1;
		live_on();
	}

	return pid;
}

static long agent_raw_fork_and_call(struct lockmgr **mgr, long unused)
{
	pid_t pid = raw_fork();

	(void)unused;
	if (!pid) {
		*told = call_info(*mgr);
		live_on();
	}

	return pid;
}

static void dead_parents_locks_are_released(agent_fn fork_agent)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();
	struct timespec deadline = deadline_in(60 * 1000);
	pid_t child;
	int ret;

	assert_int_equal(agent_call(agent, agent_lock, 0), 0);
	child = agent_call(agent, fork_agent, 0);
	assert_true(child > 0);
	wait_until(has_told, NULL, "the child lives on");
	agent_kill(agent);
	ret = lockmgr_timedlock(mgr, 0, &deadline);

	/* The child was still alive then. */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(ret, LOCKMGR_OWNER_DIED);
}

static void dead_parents_locks_are_released_while_a_child_lives(void **state)
{
	(void)state;
	dead_parents_locks_are_released(agent_fork);
}

static void dead_parents_locks_are_released_while_a_raw_child_lives(void **state)
{
	(void)state;
	dead_parents_locks_are_released(agent_raw_fork);
}

static void dead_parents_locks_are_released_once_a_raw_child_has_made_a_call(void **state)
{
	(void)state;
	dead_parents_locks_are_released(agent_raw_fork_and_call);
	assert_int_equal(*told, -ECHILD);
}

/* ------------------------------------------------------------------------
 * Exec
 */

static void files_are_close_on_exec(void **state)
{
	char path[64], target[64];
	int fd, checked = 0;

	(void)state;
	space_open();
	space_open_with(LOCKMGR_OPEN_READONLY, 0);
	for (fd = 0; fd < 100; fd++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target));
		if (length != strlen("/dev/lockmgr") || memcmp(target, "/dev/lockmgr", length))
			continue;
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		checked++;
	}

	assert_int_equal(checked, 2);
}

static long agent_exec_sleep(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return execlp("sleep", "sleep", "1000", NULL);
}

static void exec_releases_the_locks(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();
	struct timespec deadline = deadline_in(60 * 1000);

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 0), 0);
	agent_start(agent, agent_exec_sleep, 0);

	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), LOCKMGR_OWNER_DIED);
	assert_int_equal(kill(agent_pid(agent), 0), 0);
	assert_int_equal(waitpid(agent_pid(agent), NULL, WNOHANG), 0);
}

/* ------------------------------------------------------------------------
 * Files that shall be inherited
 */

#define INHERIT	(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_INHERIT)

static int count_files_after_every_call(struct lockmgr *mgr)
{
	return call_everything_twice(mgr) ? -ERANGE : -count_device_files();
}

static void child_keeps_a_file_to_inherit_but_cannot_use_the_handle(void **state)
{
	struct lockmgr *mgr = space_open_with(INHERIT, 0);

	assert_int_equal(in_child(*state, count_files_after_every_call, mgr), 1);
	assert_int_equal(lockmgr_lock(mgr, 0), 0);
}

static int count_files_after_close(struct lockmgr *mgr)
{
	lockmgr_close(mgr);

	return -count_device_files();
}

static void close_in_the_child_closes_a_file_to_inherit(void **state)
{
	struct lockmgr *mgr = space_open_with(INHERIT, 0);

	assert_int_equal(lockmgr_lock(mgr, 0), 0);
	assert_int_equal(in_child(*state, count_files_after_close, mgr), 0);
	assert_int_equal(lockmgr_trylock(space_open(), 0), -EBUSY);
	assert_int_equal(lockmgr_unlock(mgr, 0), 0);
}

static void only_files_to_inherit_are_not_close_on_exec(void **state)
{
	(void)state;
	assert_int_equal(fcntl(lockmgr_fd(space_open()), F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(lockmgr_fd(space_open_with(INHERIT, 0)), F_GETFD), 0);
}

static long agent_exec_cat(struct lockmgr **mgr, long input)
{
	(void)mgr;
	dup2(input, STDIN_FILENO);

	return execlp("cat", "cat", NULL);
}

/* When the executed program ends, its locks are released, and the next holder learns of it. */
static void locks_of_a_file_to_inherit_outlive_exec_and_no_more(void **state)
{
	struct lockmgr *mgr = space_open();
	struct timespec deadline = deadline_in(60 * 1000);
	struct agent *agent;
	int input[2];

	(void)state;
	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	agent = agent_new_with(INHERIT);
	assert_int_equal(agent_call(agent, agent_lock, 0), 0);
	agent_start(agent, agent_exec_cat, input[0]);
	wait_until(agent_runs_cat, agent, "the agent executes cat");
	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);

	close(input[0]);
	close(input[1]);
	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), LOCKMGR_OWNER_DIED);
}

static void locks_of_a_file_to_inherit_live_as_long_as_a_child_that_has_it(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new_with(INHERIT);
	struct timespec deadline = deadline_in(60 * 1000);
	pid_t child;

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 0), 0);
	child = agent_call(agent, agent_fork, 0);
	assert_true(child > 0);
	wait_until(has_told, NULL, "the child lives on");
	agent_kill(agent);
	assert_int_equal(lockmgr_trylock(mgr, 0), -EBUSY);

	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(lockmgr_timedlock(mgr, 0, &deadline), LOCKMGR_OWNER_DIED);
}

/* clang-format off */
#define FORKED(test) \
	{ #test "_after_fork", test, harness_setup, harness_teardown, &by_fork }, \
	{ #test "_after_raw_fork", test, harness_setup, harness_teardown, &by_raw_fork }
#define SHARED(test) \
	{ #test, test, share, harness_teardown, NULL }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORKED(every_call_in_the_child_returns_echild),
		FORKED(every_further_call_in_the_child_returns_echild),
		FORKED(parents_handle_does_not_reach_the_childs_own_file),
		FORKED(call_in_a_grandchild_returns_echild),
		FORKED(parent_goes_on_with_its_handle),
		FORKED(close_in_the_child_leaves_the_parents_locks),
		FORKED(child_can_open_its_own_handle),
		FORKED(child_keeps_no_file_after_a_call),
		FORKED(fork_while_a_thread_waits_leaves_it_waiting),
		harness_test(child_of_fork_keeps_no_file_at_all),
		harness_test(child_keeps_no_space_that_another_thread_just_opened),
		SHARED(dead_parents_locks_are_released_while_a_child_lives),
		SHARED(dead_parents_locks_are_released_while_a_raw_child_lives),
		SHARED(dead_parents_locks_are_released_once_a_raw_child_has_made_a_call),
		harness_test(files_are_close_on_exec),
		harness_test(exec_releases_the_locks),
		FORKED(child_keeps_a_file_to_inherit_but_cannot_use_the_handle),
		FORKED(close_in_the_child_closes_a_file_to_inherit),
		harness_test(only_files_to_inherit_are_not_close_on_exec),
		harness_test(locks_of_a_file_to_inherit_outlive_exec_and_no_more),
		SHARED(locks_of_a_file_to_inherit_live_as_long_as_a_child_that_has_it),
	};

	return harness_run(tests);
}
