// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a process that has records mapped: its locks are released before its memory
 * goes, which can take long, if nobody else can use its file.
 *
 * Both processes run on one processor, and who waits for the lock before all others.  So
 * it looks at the system's memory while the one that ends has got no further than to the
 * lock's release.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "raw.h"

#define ID		5
#define OTHER		6
#define PAGE		4096
#define BALLAST_KB	(32 * 1024)
#define THREADS		3
#define ROUNDS		60

/* More than the module looks at without a break; and so many that it does not look. */
#define MANY_FILES	1500
#define TOO_MANY_FILES	(1 << 20)

static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void run_before_others(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	assert_int_equal(sched_setscheduler(0, SCHED_FIFO, &param), 0);
}

static void run_as_usual(void)
{
	const struct sched_param param = { 0 };
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setscheduler(0, SCHED_OTHER, &param);
	sched_setaffinity(0, sizeof(all), &all);
}

/* Of the whole system. */
static long anonymous_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	assert_non_null(file);
	while (kb < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "AnonPages: %ld kB", &kb);
	fclose(file);
	assert_true(kb >= 0);

	return kb;
}

/* ------------------------------------------------------------------------
 * Who is to end
 */

/* Hold the lock in a file of its own, with a record mapped; returns the file. */
static long hold(struct lockmgr **mgr, long unused)
{
	int file = raw_private();

	(void)mgr;
	(void)unused;
	if (raw_lock(file, ID) ||
	    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED)
		return -1;

	return file;
}

static long carry_ballast(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;
	stay_on_one_processor();

	return mmap(NULL, BALLAST_KB * 1024, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED;
}

static void *pause_until_killed(void *unused)
{
	(void)unused;
	pause();

	return NULL;
}

static long start_threads(struct lockmgr **mgr, long count)
{
	pthread_t thread;

	(void)mgr;
	while (count--)
		if (pthread_create(&thread, NULL, pause_until_killed, NULL))
			return -1;

	return 0;
}

static int allow_files(long count)
{
	const struct rlimit limit = { count, count };

	return setrlimit(RLIMIT_NOFILE, &limit);
}

static long open_files(struct lockmgr **mgr, long count)
{
	(void)mgr;
	if (allow_files(2 * count))
		return -1;
	while (count--)
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			return -1;

	return 0;
}

/* A table of files so large, for one of them is at its end. */
static long stretch_table(struct lockmgr **mgr, long size)
{
	(void)mgr;

	return allow_files(size) || dup2(STDIN_FILENO, size - 1) < 0;
}

/* Start a process with the same table of files, and other memory; returns its id. */
static long share_files(struct lockmgr **mgr, long unused)
{
	long pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, 0);

	(void)mgr;
	(void)unused;
	while (!pid)
		pause();

	return pid;
}

static struct agent *agent_that_holds(int *file)
{
	struct agent *agent = agent_new();

	*file = agent_call(agent, hold, 0);
	assert_true(*file >= 0);

	return agent;
}

/* ------------------------------------------------------------------------
 * Nobody else has the file
 */

/* Whether the lock was released before the memory of a process with such things went. */
static bool is_early(long (*prepare)(struct lockmgr **mgr, long count), long count)
{
	int own = raw_private();
	struct agent *agent;
	long before, after;
	int file;

	agent = agent_that_holds(&file);
	assert_int_equal(agent_call(agent, carry_ballast, 0), 0);
	assert_int_equal(agent_call(agent, prepare, count), 0);
	stay_on_one_processor();
	run_before_others();

	before = anonymous_kb();
	assert_int_equal(kill(agent_pid(agent), SIGKILL), 0);
	assert_int_equal(raw_lock(own, ID), LOCKMGR_OWNER_DIED);
	after = anonymous_kb();
	run_as_usual();

	agent_kill(agent);
	assert_true(anonymous_kb() < before - BALLAST_KB / 2);
	printf("# of %ld kB, %ld were left when the lock was released\n", before, after);
	fflush(stdout);

	return after >= before - BALLAST_KB / 2;
}

static void lock_is_released_before_memory_goes(void **state)
{
	(void)state;
	assert_true(is_early(start_threads, 0));
}

static void lock_is_released_before_memory_of_threads_goes(void **state)
{
	(void)state;
	assert_true(is_early(start_threads, THREADS));
}

static void lock_is_released_before_memory_goes_among_many_files(void **state)
{
	(void)state;
	assert_true(is_early(open_files, MANY_FILES));
}

static void where_there_is_too_much_to_look_at_the_file_releases_it(void **state)
{
	(void)state;
	assert_false(is_early(stretch_table, TOO_MANY_FILES));
}

/* ------------------------------------------------------------------------
 * Others have it
 */

/* Take a file from another process; -1 once that is too late. */
static int take_file(int process, int file)
{
	return syscall(SYS_pidfd_getfd, process, file, 0);
}

static int open_process(const struct agent *agent)
{
	int process = syscall(SYS_pidfd_open, agent_pid(agent), 0);

	assert_int_not_equal(process, -1);

	return process;
}

static void file_that_another_has_too_lives_on(void **state)
{
	int own = raw_private();
	struct agent *agent;
	int process, file, taken;

	(void)state;
	agent = agent_that_holds(&file);
	process = open_process(agent);
	taken = take_file(process, file);
	assert_int_not_equal(taken, -1);
	agent_kill(agent);

	assert_int_equal(raw_trylock(own, ID), -EBUSY);
	assert_int_equal(raw_id(taken, LOCKMGR_IOC_UNLOCK, ID), 0);
	assert_int_equal(raw_trylock(taken, OTHER), 0);
	close(taken);
	assert_int_equal(raw_trylock(own, OTHER), LOCKMGR_OWNER_DIED);
	close(process);
}

static void file_of_a_table_that_another_shares_lives_on(void **state)
{
	int own = raw_private();
	struct agent *agent;
	int file;
	long pid;

	(void)state;
	agent = agent_that_holds(&file);
	pid = agent_call(agent, share_files, 0);
	assert_true(pid > 0);
	agent_kill(agent);

	assert_int_equal(raw_trylock(own, ID), -EBUSY);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(raw_lock(own, ID), LOCKMGR_OWNER_DIED);
}

/* As long as the file can be had: a client that lives, or one that lets nobody in. */
static void *use_taken_files(void *data)
{
	const int *from = data;
	int taken;

	while ((taken = take_file(from[0], from[1])) != -1) {
		long ret = raw_trylock(taken, OTHER);

		if (!ret)
			ret = raw_id(taken, LOCKMGR_IOC_UNLOCK, OTHER);
		close(taken);
		if (ret && ret != -ENOTCONN)
			return (void *)ret;
	}

	return NULL;
}

static void file_taken_from_who_ends_either_works_or_does_not(void **state)
{
	int own = raw_private();
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct agent *agent;
		pthread_t thread;
		void *result;
		int from[2];

		agent = agent_that_holds(&from[1]);
		from[0] = open_process(agent);
		assert_int_equal(pthread_create(&thread, NULL, use_taken_files, from), 0);
		agent_kill(agent);
		pthread_join(thread, &result);
		close(from[0]);

		expect_result((long)result, 0, "round %d: a call on a file that was taken", i);
		expect_result(raw_lock(own, ID), LOCKMGR_OWNER_DIED, "round %d: the lock", i);
		expect_result(raw_trylock(own, OTHER), 0, "round %d: the other lock", i);
		assert_int_equal(raw_id(own, LOCKMGR_IOC_UNLOCK, ID), 0);
		assert_int_equal(raw_id(own, LOCKMGR_IOC_UNLOCK, OTHER), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(lock_is_released_before_memory_goes),
		raw_test(lock_is_released_before_memory_of_threads_goes),
		raw_test(lock_is_released_before_memory_goes_among_many_files),
		raw_test(where_there_is_too_much_to_look_at_the_file_releases_it),
		raw_test(file_that_another_has_too_lives_on),
		raw_test(file_of_a_table_that_another_shares_lives_on),
		raw_test(file_taken_from_who_ends_either_works_or_does_not),
	};

	return harness_run(tests);
}
