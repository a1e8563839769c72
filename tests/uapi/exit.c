// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a process: what LOCKMGR_ATTACH_ENDS_WITH_PROCESS promises, however the process
 * ends and whoever else has its file; and what holds without that flag.
 *
 * In tests where the kernel must release the locks before it tears down the process's mm,
 * which can take long, both processes run on one processor, and the waiter for the lock has
 * priority.  So when the waiter looks at the system's memory, the process that ends has got
 * no further than to the release of the lock.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
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
#define MANY_CLIENTS	200

#define ENDS	(LOCKMGR_ATTACH_CREATE | LOCKMGR_ATTACH_ENDS_WITH_PROCESS)

#define MANY_FILES	1500
#define LARGE_TABLE	(1 << 20)
/* More than an mm may have; otherwise the module does not watch it. */
#define MANY_MAPPINGS	9000

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

/* The anonymous memory of the whole system. */
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
 * The process that ends
 */

/* Hold the lock in a file of its own, and map the record; returns the file. */
static long hold(struct lockmgr **mgr, long flags)
{
	int file = open(RAW_DEVICE, O_RDWR | O_CLOEXEC);

	(void)mgr;
	if (file < 0 || raw_attach(file, space_name(), flags) || raw_lock(file, ID) ||
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

/* Make the table of files that large, by a descriptor at its end. */
static long stretch_table(struct lockmgr **mgr, long size)
{
	(void)mgr;

	return allow_files(size) || dup2(STDIN_FILENO, size - 1) < 0;
}

/* Make that many mappings, none of which the kernel can merge with the next. */
static long split_memory(struct lockmgr **mgr, long count)
{
	char *memory = mmap(NULL, (size_t)count * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	long i;

	(void)mgr;
	if (memory == MAP_FAILED)
		return -1;
	for (i = 0; i < count; i += 2)
		if (mprotect(memory + i * PAGE, PAGE, PROT_READ | PROT_WRITE))
			return -1;

	return 0;
}

/* Live until somebody kills the process, but not long after the end of the test program. */
static int idle(void *unused)
{
	(void)unused;
	alarm(2 * HARNESS_PATIENCE_S);
	for (;;)
		pause();

	return 0;
}

/* Start a process that idles, and shares with this one what the flags say; returns its id. */
static long spawn(struct lockmgr **mgr, long flags)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));

	(void)mgr;

	return clone(idle, stack + sizeof(stack), flags | SIGCHLD, NULL);
}

static struct agent *agent_that_holds_with(int *file, long flags)
{
	struct agent *agent = agent_new();

	*file = agent_call(agent, hold, flags);
	assert_true(*file >= 0);

	return agent;
}

static struct agent *agent_that_holds(int *file)
{
	return agent_that_holds_with(file, ENDS);
}

/* ------------------------------------------------------------------------
 * Early release
 */

typedef long (*prepare_fn)(struct lockmgr **mgr, long count);

/**
 * struct end - a process that the test kills
 * @flags: with which flags it attaches
 * @before: what it does first
 * @after: what it does once it has mapped the records
 * @count: the argument of those two
 */
struct end {
	long flags;
	prepare_fn before;
	prepare_fn after;
	long count;
};

/* Whether the kernel released the lock before it freed the memory of such a process. */
static bool is_early(const struct end *end)
{
	int own = raw_private();
	struct agent *agent = agent_new();
	long before, after, child = 0;

	if (end->before)
		assert_int_equal(agent_call(agent, end->before, end->count), 0);
	assert_true(agent_call(agent, hold, end->flags) >= 0);
	assert_int_equal(agent_call(agent, carry_ballast, 0), 0);
	if (end->after)
		child = agent_call(agent, end->after, end->count);
	assert_true(child >= 0);
	stay_on_one_processor();
	run_before_others();

	before = anonymous_kb();
	assert_int_equal(kill(agent_pid(agent), SIGKILL), 0);
	assert_int_equal(raw_lock(own, ID), LOCKMGR_OWNER_DIED);
	after = anonymous_kb();
	run_as_usual();

	agent_kill(agent);
	if (child)
		kill(child, SIGKILL);
	printf("# of %ld kB, %ld were left when the lock was released\n", before, after);
	fflush(stdout);

	return after >= before - BALLAST_KB / 2;
}

static void lock_is_released_before_memory_goes(void **state)
{
	const struct end end = { .flags = ENDS };

	(void)state;
	assert_true(is_early(&end));
}

static void lock_is_released_before_memory_of_threads_goes(void **state)
{
	const struct end end = { .flags = ENDS, .after = start_threads, .count = THREADS };

	(void)state;
	assert_true(is_early(&end));
}

static void lock_is_released_before_memory_goes_among_many_files(void **state)
{
	const struct end end = { .flags = ENDS, .after = open_files, .count = MANY_FILES };

	(void)state;
	assert_true(is_early(&end));
}

static void lock_is_released_before_memory_goes_in_a_large_table(void **state)
{
	const struct end end = { .flags = ENDS, .after = stretch_table, .count = LARGE_TABLE };

	(void)state;
	assert_true(is_early(&end));
}

static void lock_is_released_before_memory_goes_although_a_child_has_the_file(void **state)
{
	const struct end end = { .flags = ENDS, .after = spawn };

	(void)state;
	assert_true(is_early(&end));
}

static void where_there_are_too_many_mappings_the_lock_is_released_later(void **state)
{
	const struct end end = { .flags = ENDS, .before = split_memory, .count = MANY_MAPPINGS };

	(void)state;
	assert_false(is_early(&end));
}

static void without_the_flag_the_lock_is_released_later(void **state)
{
	const struct end end = { .flags = LOCKMGR_ATTACH_CREATE };

	(void)state;
	assert_false(is_early(&end));
}

/* ------------------------------------------------------------------------
 * Who may use the file
 */

/* Take a file from another process; -1 once that process has ended. */
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

static void every_command_of_another_process_is_refused(void **state)
{
	const struct raw_command *command;
	union raw_args args;
	struct agent *agent;
	int process, file, taken;

	(void)state;
	agent = agent_that_holds(&file);
	process = open_process(agent);
	taken = take_file(process, file);
	assert_int_not_equal(taken, -1);

	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		if (!command->attached)
			continue;
		args = raw_args_of(command);
		expect_result(raw_call(taken, command->number, &args), -ENOTCONN, "%s",
			      command->name);
	}
	assert_int_equal(raw_attach(taken, space_name(), 0), -EISCONN);
	assert_ptr_equal(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, taken, 0),
			 MAP_FAILED);
	assert_int_equal(errno, ENOTCONN);

	assert_int_equal(raw_trylock(raw_private(), ID), -EBUSY);
	agent_kill(agent);
	assert_int_equal(raw_trylock(taken, OTHER), -ENOTCONN);
	close(taken);
	close(process);
}

static void *use_own_file(void *data)
{
	const int *file = data;
	long ret = raw_id(*file, LOCKMGR_IOC_UNLOCK, ID);

	return (void *)(ret ?: raw_lock(*file, ID));
}

static long use_file_in_a_thread(struct lockmgr **mgr, long number)
{
	int file = number;
	pthread_t thread;
	void *result;

	(void)mgr;
	if (pthread_create(&thread, NULL, use_own_file, &file))
		return -1;
	pthread_join(thread, &result);

	return (long)result;
}

static void threads_of_the_process_can_use_the_file(void **state)
{
	struct agent *agent;
	int file;

	(void)state;
	agent = agent_that_holds(&file);
	assert_int_equal(agent_call(agent, use_file_in_a_thread, file), 0);
}

static void *use_taken_files(void *data)
{
	const int *from = data;
	int taken;

	while ((taken = take_file(from[0], from[1])) != -1) {
		long ret = raw_trylock(taken, OTHER);

		close(taken);
		if (ret != -ENOTCONN)
			return (void *)1;
	}

	return NULL;
}

static void file_taken_while_its_process_ends_is_refused(void **state)
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

/* ------------------------------------------------------------------------
 * Every kind of end of the process, although a child has the file
 */

/* A process that holds the lock, and a child of it that shares what @flags say. */
static struct agent *agent_with_child(long flags, long *child)
{
	struct agent *agent;
	int file;

	agent = agent_that_holds(&file);
	*child = agent_call(agent, spawn, flags);
	assert_true(*child > 0);
	assert_int_equal(raw_trylock(raw_private(), ID), -EBUSY);

	return agent;
}

/* Expect that the lock is released, and that the child is still alive then. */
static void expect_released(long child)
{
	assert_int_equal(raw_lock(raw_private(), ID), LOCKMGR_OWNER_DIED);
	assert_int_equal(kill(child, SIGKILL), 0);
}

static void process_that_is_killed_releases_its_locks_before_its_parent_knows(void **state)
{
	struct agent *agent;
	long child;

	(void)state;
	agent = agent_with_child(0, &child);
	agent_kill(agent);
	assert_int_equal(raw_trylock(raw_private(), ID), LOCKMGR_OWNER_DIED);
	assert_int_equal(kill(child, SIGKILL), 0);
}

static long leave(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;
	_exit(0);
}

static void process_that_exits_releases_its_locks(void **state)
{
	struct agent *agent;
	long child;

	(void)state;
	agent = agent_with_child(0, &child);
	agent_start(agent, leave, 0);
	expect_released(child);
}

static void process_whose_child_shares_the_table_of_files_releases_its_locks(void **state)
{
	struct agent *agent;
	long child;

	(void)state;
	agent = agent_with_child(CLONE_FILES, &child);
	agent_kill(agent);
	expect_released(child);
}

static void process_whose_child_shares_the_memory_releases_its_locks(void **state)
{
	struct agent *agent;
	long child;

	(void)state;
	agent = agent_with_child(CLONE_VM, &child);
	agent_kill(agent);
	expect_released(child);
}

static void process_whose_child_shares_both_releases_its_locks(void **state)
{
	struct agent *agent;
	long child;

	(void)state;
	agent = agent_with_child(CLONE_VM | CLONE_FILES, &child);
	agent_kill(agent);
	expect_released(child);
}

static long close_file(struct lockmgr **mgr, long file)
{
	(void)mgr;

	return close(file);
}

static void process_that_has_closed_the_file_releases_its_locks(void **state)
{
	struct agent *agent;
	int file;
	long child;

	(void)state;
	agent = agent_that_holds(&file);
	child = agent_call(agent, spawn, 0);
	assert_true(child > 0);
	assert_int_equal(agent_call(agent, close_file, file), 0);
	assert_int_equal(raw_trylock(raw_private(), ID), -EBUSY);
	agent_kill(agent);
	expect_released(child);
}

/* Hold a lock in each of @count files, none of them mapped. */
static long hold_many(struct lockmgr **mgr, long count)
{
	(void)mgr;
	while (count--) {
		int file = open(RAW_DEVICE, O_RDWR | O_CLOEXEC);

		if (file < 0 || raw_attach(file, space_name(), ENDS) ||
		    raw_lock(file, 100 + count))
			return -1;
	}

	return 0;
}

static void all_clients_of_a_process_end(void **state)
{
	int own = raw_private();
	struct agent *agent = agent_new();
	long child;
	int i;

	(void)state;
	assert_int_equal(agent_call(agent, hold_many, MANY_CLIENTS), 0);
	child = agent_call(agent, spawn, CLONE_FILES);
	assert_true(child > 0);
	agent_kill(agent);
	for (i = 0; i < MANY_CLIENTS; i++)
		expect_result(raw_lock(own, 100 + i), LOCKMGR_OWNER_DIED, "lock %d", i);
	assert_int_equal(kill(child, SIGKILL), 0);
}

/* ------------------------------------------------------------------------
 * What ends nothing
 */

/* The state letter that /proc shows for a process's main thread; 0 if it is gone. */
static char state_of(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);

	return state;
}

static bool is_zombie(void *agent)
{
	return state_of(agent_pid(agent)) == 'Z';
}

static long end_main_thread(struct lockmgr **mgr, long unused)
{
	if (start_threads(mgr, 1))
		return -1;
	(void)unused;
	pthread_exit(NULL);
}

static void end_of_the_main_thread_alone_releases_nothing(void **state)
{
	struct agent *agent;
	long child;

	(void)state;
	agent = agent_with_child(0, &child);
	agent_start(agent, end_main_thread, 0);
	wait_until(is_zombie, agent, "the main thread has ended");
	assert_int_equal(raw_trylock(raw_private(), ID), -EBUSY);
	agent_kill(agent);
	expect_released(child);
}

static int cats_input[2];

static void *execute_cat(void *unused)
{
	(void)unused;
	dup2(cats_input[0], STDIN_FILENO);
	execlp("cat", "cat", NULL);

	return NULL;
}

static long execute(struct lockmgr **mgr, long file)
{
	(void)mgr;
	fcntl(file, F_SETFD, 0);
	execute_cat(NULL);

	return -1;
}

/* By exec, the thread gets the process's id. */
static long execute_in_a_thread(struct lockmgr **mgr, long file)
{
	pthread_t thread;

	(void)mgr;
	fcntl(file, F_SETFD, 0);
	if (pthread_create(&thread, NULL, execute_cat, NULL))
		return -1;
	pthread_join(thread, NULL);

	return -1;
}

static void exec_releases_nothing(agent_fn execute_somehow)
{
	struct agent *agent;
	long child;
	int file;

	assert_int_equal(pipe2(cats_input, O_CLOEXEC), 0);
	agent = agent_that_holds(&file);
	child = agent_call(agent, spawn, 0);
	assert_true(child > 0);
	agent_start(agent, execute_somehow, file);
	wait_until(agent_runs_cat, agent, "the process executes cat");
	assert_int_equal(raw_trylock(raw_private(), ID), -EBUSY);

	agent_kill(agent);
	expect_released(child);
	close(cats_input[0]);
	close(cats_input[1]);
}

static void process_that_executes_another_program_goes_on(void **state)
{
	(void)state;
	exec_releases_nothing(execute);
}

static void process_one_of_whose_threads_executes_another_program_goes_on(void **state)
{
	(void)state;
	exec_releases_nothing(execute_in_a_thread);
}

static long start_thread_and_tell(struct lockmgr **mgr, long unused)
{
	char path[64];
	long tid = 0;

	(void)unused;
	if (start_threads(mgr, 1))
		return -1;
	/* The thread has the first thread id after the process's. */
	for (tid = getpid() + 1; tid < getpid() + 100000; tid++) {
		snprintf(path, sizeof(path), "/proc/self/task/%ld", tid);
		if (!access(path, F_OK))
			return tid;
	}

	return -1;
}

/* Until the debugger has taken notice, the kernel tells nobody that the process is over. */
static void debugger_that_holds_a_dead_thread_holds_no_lock(void **state)
{
	struct agent *agent;
	long child, tid;

	(void)state;
	agent = agent_with_child(0, &child);
	tid = agent_call(agent, start_thread_and_tell, 0);
	assert_true(tid > 0);
	assert_int_equal(ptrace(PTRACE_SEIZE, tid, 0, 0), 0);

	assert_int_equal(kill(agent_pid(agent), SIGKILL), 0);
	expect_released(child);
	assert_int_equal(waitpid(tid, NULL, __WALL), tid);
	agent_kill(agent);
}

/* ------------------------------------------------------------------------
 * While the kernel writes a core
 */

#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"
/* The kernel passes the core to this program, which does not read it. */
#define CORE_READER	"/bin/sleep\00031415"

static char old_pattern[256];

static int write_pattern(const char *pattern)
{
	FILE *file = fopen(CORE_PATTERN, "w");

	return !file || fputs(pattern, file) < 0 || fclose(file);
}

static int core_setup(void **state)
{
	FILE *file = fopen(CORE_PATTERN, "r");

	if (file && !fgets(old_pattern, sizeof(old_pattern), file))
		old_pattern[0] = 0;
	if (file)
		fclose(file);

	return harness_setup(state);
}

static int core_teardown(void **state)
{
	if (!access(CORE_PATTERN, W_OK))
		write_pattern(old_pattern);

	return raw_teardown(state);
}

/* The process id of that program, or 0. */
static int core_reader(void)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	char path[300], line[64];
	int found = 0;

	assert_non_null(directory);
	while (!found && (entry = readdir(directory))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		file = atoi(entry->d_name) ? fopen(path, "r") : NULL;
		if (!file)
			continue;
		if (fread(line, 1, sizeof(line), file) == sizeof(CORE_READER) &&
		    !memcmp(line, CORE_READER, sizeof(CORE_READER)))
			found = atoi(entry->d_name);
		fclose(file);
	}
	closedir(directory);

	return found;
}

static bool core_is_written(void *unused)
{
	(void)unused;

	return core_reader();
}

static long dump_core(struct lockmgr **mgr, long unused)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	(void)mgr;
	(void)unused;
	setrlimit(RLIMIT_CORE, &limit);
	prctl(PR_SET_DUMPABLE, 1);
	abort();
}

static long hold_unmapped(struct lockmgr **mgr, long flags)
{
	int file = open(RAW_DEVICE, O_RDWR | O_CLOEXEC);

	(void)mgr;

	return file < 0 || raw_attach(file, space_name(), flags) || raw_lock(file, ID) ? -1 : file;
}

/* A process that holds the lock, and whose core the kernel writes without end. */
static struct agent *agent_that_dumps_core(agent_fn hold_somehow)
{
	struct agent *agent = agent_new();

	if (access(CORE_PATTERN, W_OK))
		skip();
	assert_int_equal(write_pattern("|/bin/sleep 31415"), 0);
	assert_true(agent_call(agent, hold_somehow, ENDS) >= 0);
	assert_int_equal(agent_call(agent, start_threads, THREADS), 0);
	assert_int_equal(agent_call(agent, carry_ballast, 0), 0);
	agent_start(agent, dump_core, 0);

	return agent;
}

static void lock_of_who_has_records_mapped_is_released_before_the_core_is_written(void **state)
{
	struct agent *agent = agent_that_dumps_core(hold);
	int reader;

	(void)state;
	assert_int_equal(raw_lock(raw_private(), ID), LOCKMGR_OWNER_DIED);
	reader = core_reader();
	assert_true(reader);
	assert_int_not_equal(state_of(agent_pid(agent)), 'Z');

	assert_int_equal(kill(reader, SIGKILL), 0);
	agent_kill(agent);
}

static void other_locks_are_held_until_the_core_is_written(void **state)
{
	struct agent *agent = agent_that_dumps_core(hold_unmapped);
	int own = raw_private();

	(void)state;
	wait_until(core_is_written, NULL, "the core is given to its reader");
	assert_int_equal(raw_trylock(own, ID), -EBUSY);

	assert_int_equal(kill(core_reader(), SIGKILL), 0);
	assert_int_equal(raw_lock(own, ID), LOCKMGR_OWNER_DIED);
	agent_kill(agent);
}

#define core_test(function) \
	cmocka_unit_test_setup_teardown(function, core_setup, core_teardown)

/* ------------------------------------------------------------------------
 * Without the flag
 */

static void without_the_flag_a_file_that_another_has_too_lives_on(void **state)
{
	int own = raw_private();
	struct agent *agent;
	int process, file, taken;

	(void)state;
	agent = agent_that_holds_with(&file, LOCKMGR_ATTACH_CREATE);
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

static void without_the_flag_a_file_of_a_shared_table_lives_on(void **state)
{
	int own = raw_private();
	struct agent *agent;
	int file;
	long pid;

	(void)state;
	agent = agent_that_holds_with(&file, LOCKMGR_ATTACH_CREATE);
	pid = agent_call(agent, spawn, CLONE_FILES);
	assert_true(pid > 0);
	agent_kill(agent);

	assert_int_equal(raw_trylock(own, ID), -EBUSY);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(raw_lock(own, ID), LOCKMGR_OWNER_DIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(lock_is_released_before_memory_goes),
		raw_test(lock_is_released_before_memory_of_threads_goes),
		raw_test(lock_is_released_before_memory_goes_among_many_files),
		raw_test(lock_is_released_before_memory_goes_in_a_large_table),
		raw_test(lock_is_released_before_memory_goes_although_a_child_has_the_file),
		raw_test(where_there_are_too_many_mappings_the_lock_is_released_later),
		raw_test(without_the_flag_the_lock_is_released_later),
		raw_test(every_command_of_another_process_is_refused),
		raw_test(threads_of_the_process_can_use_the_file),
		raw_test(file_taken_while_its_process_ends_is_refused),
		raw_test(process_that_is_killed_releases_its_locks_before_its_parent_knows),
		raw_test(process_that_exits_releases_its_locks),
		raw_test(process_whose_child_shares_the_table_of_files_releases_its_locks),
		raw_test(process_whose_child_shares_the_memory_releases_its_locks),
		raw_test(process_whose_child_shares_both_releases_its_locks),
		raw_test(process_that_has_closed_the_file_releases_its_locks),
		raw_test(all_clients_of_a_process_end),
		raw_test(end_of_the_main_thread_alone_releases_nothing),
		raw_test(process_that_executes_another_program_goes_on),
		raw_test(process_one_of_whose_threads_executes_another_program_goes_on),
		raw_test(debugger_that_holds_a_dead_thread_holds_no_lock),
		core_test(lock_of_who_has_records_mapped_is_released_before_the_core_is_written),
		core_test(other_locks_are_held_until_the_core_is_written),
		raw_test(without_the_flag_a_file_that_another_has_too_lives_on),
		raw_test(without_the_flag_a_file_of_a_shared_table_lives_on),
	};

	return harness_run(tests);
}
