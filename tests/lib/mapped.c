// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that the library acquires and releases in memory: that it does; that nobody can see
 * a difference; and that a process which may not do so uses the kernel.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define ID	7
#define ROUNDS	1000

/* ------------------------------------------------------------------------
 * Without a system call
 */

enum verdict {
	ALL_WELL,
	CANNOT_TELL,
	NOT_AS_EXPECTED,
};

/* From here on, every system call but exit_group() returns EPERM. */
static bool allow_nothing(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { ARRAY_SIZE(rules), rules };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static bool take_turns(struct lockmgr *mgr, uint32_t id)
{
	const struct timespec deadline = { .tv_sec = 1 };
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		if (lockmgr_lock(mgr, id) || lockmgr_unlock(mgr, id) ||
		    lockmgr_trylock(mgr, id) || lockmgr_unlock(mgr, id) ||
		    lockmgr_timedlock(mgr, id, &deadline) || lockmgr_unlock(mgr, id))
			return false;

	return true;
}

static enum verdict take_turns_silently(uint32_t flags, uint32_t used, uint32_t id)
{
	struct lockmgr *mgr = space_open_with(flags, 0);

	/* In the second round, the library asks for the thread id. */
	if (lockmgr_lock(mgr, used) || lockmgr_unlock(mgr, used) ||
	    lockmgr_lock(mgr, used) || lockmgr_unlock(mgr, used))
		return NOT_AS_EXPECTED;
	if (!allow_nothing())
		return CANNOT_TELL;

	return take_turns(mgr, id) ? ALL_WELL : NOT_AS_EXPECTED;
}

/* Whether a process that has used a lock can acquire one without any system call. */
static bool is_silent(uint32_t flags, uint32_t used, uint32_t id)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(take_turns_silently(flags, used, id));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT_TELL)
		skip();

	return WEXITSTATUS(status) == ALL_WELL;
}

static void lock_and_unlock_make_no_system_call(void **state)
{
	(void)state;
	assert_int_equal(is_silent(LOCKMGR_OPEN_CREATE, ID, ID), records_are_mapped());
}

static void other_locks_of_a_used_page_make_none_either(void **state)
{
	(void)state;
	assert_int_equal(is_silent(LOCKMGR_OPEN_CREATE, ID, ID + 100), records_are_mapped());
}

static void first_lock_of_a_page_makes_one(void **state)
{
	(void)state;
	assert_false(is_silent(LOCKMGR_OPEN_CREATE, ID, ID + 1000));
}

static void no_map_means_system_calls(void **state)
{
	(void)state;
	assert_false(is_silent(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_NO_MAP, ID, ID));
}

static void write_only_means_system_calls(void **state)
{
	(void)state;
	space_open();
	assert_false(is_silent(LOCKMGR_OPEN_WRITEONLY, ID, ID));
}

/* ------------------------------------------------------------------------
 * When it pays
 */

static unsigned int count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned int count = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "/dev/lockmgr"))
			count++;
	fclose(maps);

	return count;
}

static void program_that_takes_few_locks_maps_nothing(void **state)
{
	const unsigned int after = map_when_it_pays();
	struct lockmgr *mgr = space_open();
	unsigned int i;

	(void)state;
	for (i = 0; i < after; i++) {
		assert_int_equal(count_mappings(), 0);
		assert_int_equal(lockmgr_lock(mgr, ID), 0);
		assert_int_equal(lockmgr_unlock(mgr, ID), 0);
	}
	/* The library maps the records and the clock. */
	assert_int_equal(count_mappings(), records_are_mapped() ? 2 : 0);
	space_close(mgr);
	assert_int_equal(count_mappings(), 0);
}

/* ------------------------------------------------------------------------
 * What others see
 */

/* A handle that has used the page, so that it acquires the next lock in memory. */
static struct lockmgr *warm_open(void)
{
	struct lockmgr *mgr = space_open();

	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	assert_int_equal(lockmgr_unlock(mgr, ID), 0);

	return mgr;
}

static void expect_holder(struct lockmgr *mgr, pid_t tid, uint64_t before)
{
	struct lockmgr_lock_info info = lock_info(mgr, ID);

	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.tid, tid);
	/* The clock ticks at least 100 times a second, if the host lets it. */
	assert_in_range(info.since, before - 1000000000, now_ns());
}

static bool is_over(void *time)
{
	return now_ns() > *(const uint64_t *)time;
}

static void holder_is_seen_with_thread_and_time(void **state)
{
	struct lockmgr *mgr = warm_open();
	/* So the time of the acquisition in warm_open() differs from that of the next one. */
	uint64_t later = now_ns() + 2000000000;

	(void)state;
	wait_until(is_over, &later, "two seconds are over");
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	expect_holder(mgr, gettid(), later);
}

static pid_t thread_tid;

static void *lock_in_thread(void *mgr)
{
	thread_tid = gettid();

	return (void *)(long)lockmgr_lock(mgr, ID);
}

static void thread_that_took_it_is_seen_and_any_may_unlock(void **state)
{
	struct lockmgr *mgr = warm_open();
	uint64_t before = now_ns();
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, lock_in_thread, mgr), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
	assert_int_equal(lockmgr_unlock(mgr, ID), 0);

	/* The kernel shows the main thread, although another thread has acquired it since. */
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	assert_int_not_equal(thread_tid, gettid());
	expect_holder(mgr, gettid(), before);
}

static long warm_up(struct lockmgr **mgr, long id)
{
	int ret = lockmgr_lock(*mgr, id);

	return ret ? ret : lockmgr_unlock(*mgr, id);
}

/* A child inherits what its parent's thread has in memory, but is another thread. */
static void child_is_seen_as_itself(void **state)
{
	struct lockmgr *mgr = warm_open();
	struct agent *agent;
	struct lockmgr_lock_info info;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID + 1), 0);
	agent = agent_new();
	assert_int_equal(agent_call(agent, warm_up, ID), 0);
	assert_int_equal(agent_call(agent, agent_lock, ID), 0);
	info = lock_info(mgr, ID);
	assert_int_equal(info.pid, agent_pid(agent));
	assert_int_equal(info.tid, agent_pid(agent));
}

static void *open_in_thread(void *mgr)
{
	return (void *)(long)lockmgr_open(mgr, space_name(), NULL);
}

/* A child's first thread inherits its parent's memory, whichever thread opens the space. */
static bool is_seen_in_child(void)
{
	struct lockmgr *mgr = NULL;
	pthread_t thread;
	void *result;

	return !pthread_create(&thread, NULL, open_in_thread, &mgr) &&
	       !pthread_join(thread, &result) && !result &&
	       !lockmgr_lock(mgr, ID + 2) && !lockmgr_unlock(mgr, ID + 2) &&
	       !lockmgr_lock(mgr, ID + 2) && (pid_t)lock_info(mgr, ID + 2).tid == gettid();
}

static void first_thread_of_a_child_is_seen_as_itself(void **state)
{
	struct lockmgr *mgr = warm_open();
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	pid = fork();
	if (!pid)
		_exit(!is_seen_in_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void waiter_gets_a_lock_that_was_taken_in_memory(void **state)
{
	struct lockmgr *mgr = warm_open();
	struct agent *agent = agent_new();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	agent_start(agent, agent_lock, ID);
	wait_for_waiters(mgr, ID, 1);
	assert_int_equal(lockmgr_unlock(mgr, ID), 0);
	assert_int_equal(agent_finish(agent), 0);
}

static void death_of_who_took_it_in_memory_is_told(void **state)
{
	struct lockmgr *mgr = warm_open();
	struct agent *agent = agent_new();

	(void)state;
	assert_int_equal(agent_call(agent, warm_up, ID), 0);
	assert_int_equal(agent_call(agent, agent_lock, ID), 0);
	agent_kill(agent);
	assert_int_equal(lockmgr_lock(mgr, ID), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_unlock(mgr, ID), 0);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
}

static void lock_beyond_a_lowered_capacity_is_refused(void **state)
{
	struct lockmgr *mgr = warm_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, ID + 1), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, ID), 0);
	assert_int_equal(lockmgr_lock(mgr, ID), -EINVAL);
	/* The holder keeps the lock until it releases it. */
	assert_int_equal(lockmgr_unlock(mgr, ID + 1), 0);
	assert_int_equal(lockmgr_lock(mgr, ID + 1), -EINVAL);
	assert_int_equal(lockmgr_set_capacity(mgr, ID + 1), 0);
	assert_int_equal(lockmgr_lock(mgr, ID), 0);
	assert_int_equal(lockmgr_lock(mgr, ID + 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(lock_and_unlock_make_no_system_call),
		harness_test(other_locks_of_a_used_page_make_none_either),
		harness_test(first_lock_of_a_page_makes_one),
		harness_test(no_map_means_system_calls),
		harness_test(write_only_means_system_calls),
		harness_test(program_that_takes_few_locks_maps_nothing),
		harness_test(holder_is_seen_with_thread_and_time),
		harness_test(thread_that_took_it_is_seen_and_any_may_unlock),
		harness_test(child_is_seen_as_itself),
		harness_test(first_thread_of_a_child_is_seen_as_itself),
		harness_test(waiter_gets_a_lock_that_was_taken_in_memory),
		harness_test(death_of_who_took_it_in_memory_is_told),
		harness_test(lock_beyond_a_lowered_capacity_is_refused),
	};

	return harness_run(tests);
}
