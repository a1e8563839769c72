// SPDX-License-Identifier: GPL-2.0-only
/* lockctl: what it says of a process, from what /proc and the cgroups show. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#include "proc.h"
#include "task.h"

#define FROZEN		"is frozen by the freezer of its cgroup"

#define DIRECTORY	"/tmp/lockctl-tasks-XXXXXX"

/* A process id that no process can have. */
#define NOBODY		1999999999

static char directory[sizeof(DIRECTORY)];
static char cgroups[sizeof(DIRECTORY) + sizeof("/cgroup")];

static void write_file(const char *name, const char *text)
{
	char path[256], command[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(command, sizeof(command), "mkdir -p '%.*s'", (int)(strrchr(path, '/') - path),
		 path);
	assert_int_equal(system(command), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void write_task_file(pid_t pid, pid_t tid, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%d/task/%d/%s", pid, tid, name);
	write_file(path, text);
}

/* Make a thread of process @pid, called "backup", in that state. */
static void make_thread(pid_t pid, pid_t tid, char state)
{
	char text[128];

	snprintf(text, sizeof(text), "%d (back) S 9 (up) %c 1 7 7 0 -1\n", tid, state);
	write_task_file(pid, tid, "stat", text);
	write_task_file(pid, tid, "comm", "backup\n");
	write_task_file(pid, tid, "cmdline", "backup");
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, DIRECTORY);
	if (!mkdtemp(directory))
		return -1;
	snprintf(cgroups, sizeof(cgroups), "%s/cgroup", directory);
	proc_directory = directory;
	proc_cgroups = cgroups;
	return 0;
}

static int remove_directory(void **state)
{
	char command[256];

	(void)state;
	proc_directory = "/proc";
	proc_cgroups = "/sys/fs/cgroup";
	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	return system(command);
}

#define made_test(function) \
	cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

static void assert_state(pid_t pid, pid_t tid, const char *name, const char *state)
{
	struct task task;

	task_describe(&task, pid, tid, name);
	assert_string_equal(task_state(&task), state);
}

/* Expect a remark on the process, in which ROOT is the directory of this test. */
static void assert_remark(pid_t pid, const char *expected)
{
	char *text = NULL, *found, shown[512];
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct task task;

	assert_non_null(file);
	task_describe(&task, pid, pid, "backup");
	assert_true(task_may_be_stuck(&task));
	task_remark(&task, file);
	assert_int_equal(fclose(file), 0);

	found = strstr(text, directory);
	if (found)
		snprintf(shown, sizeof(shown), "%.*sROOT%s", (int)(found - text), text,
			 found + strlen(directory));
	else
		snprintf(shown, sizeof(shown), "%s", text);
	assert_string_equal(shown, expected);
	free(text);
}

/* ------------------------------------------------------------------------
 * What can and cannot be known
 */

static void each_state_has_its_word(void **state)
{
	static const struct {
		char letter;
		const char *word;
	} cases[] = {
		{ 'R', "running" },
		{ 'S', "sleeping" },
		{ 'I', "sleeping" },
		{ 'D', "uninterruptible" },
		{ 'T', "stopped" },
		{ 't', "traced" },
		{ 'Z', "ended" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_thread(NOBODY, NOBODY, cases[i].letter);
		assert_state(NOBODY, NOBODY, "backup", cases[i].word);
	}
}

/* As with hidepid=2, where /proc does not show the process's directory. */
static void a_process_that_proc_hides_is_not_gone(void **state)
{
	(void)state;
	assert_state(getpid(), getpid(), "backup", "not shown");
	assert_state(getpid(), 0, "backup", "not shown");
	assert_state(1, 1, "init", "not shown");
	assert_state(0, 0, "backup", "not shown");
	assert_state(NOBODY, NOBODY, "backup", "gone");
}

static void the_state_of_a_process_with_another_name_is_not_known(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'T');
	assert_state(NOBODY, NOBODY, "restore", "not known");
}

static void a_process_lives_as_long_as_one_thread_does(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'Z');
	make_thread(NOBODY, NOBODY - 1, 'S');
	assert_state(NOBODY, NOBODY, "backup", "sleeping");
	/* The thread that acquired the lock is gone from /proc. */
	assert_state(NOBODY, NOBODY - 2, "backup", "sleeping");
	assert_state(NOBODY, 0, "backup", "sleeping");
	make_thread(NOBODY, NOBODY - 1, 'Z');
	assert_state(NOBODY, NOBODY, "backup", "ended");
}

static void *tell_and_wait(void *pipe_end)
{
	const int fd = *(int *)pipe_end;
	char text[512];
	const char *end = NULL;

	/* Wait until the first thread has ended. */
	proc_directory = "/proc";
	while (!end || end[2] != 'Z') {
		proc_read(getpid(), getpid(), "stat", text, sizeof(text));
		end = strrchr(text, ')');
		usleep(1000);
	}
	if (write(fd, "x", 1) == 1)
		pause();
	return NULL;
}

/* After it has told, the second thread runs for a moment. */
static bool is_asleep(void *pid)
{
	return proc_is_asleep(*(pid_t *)pid);
}

static void a_real_process_without_its_first_thread_lives(void **state)
{
	pthread_t thread;
	int ends[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "backup");
		pthread_create(&thread, NULL, tell_and_wait, &ends[1]);
		pthread_exit(NULL);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	wait_until(is_asleep, &pid, "the process sleeps");
	assert_state(pid, pid, "backup", "sleeping");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_state(pid, pid, "backup", "gone");
	close(ends[0]);
	close(ends[1]);
}

/* ------------------------------------------------------------------------
 * Processes that will not go on by themselves
 */

static void a_stopped_process_has_its_remark(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'T');
	assert_remark(NOBODY, "is stopped; to continue it: kill -CONT 1999999999");
}

static void a_traced_process_has_its_remark(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 't');
	assert_remark(NOBODY, "is stopped by a process that traces it and is not shown here");
	write_task_file(NOBODY, NOBODY, "status", "Name:\tbackup\nTracerPid:\t77\nUid:\t0\n");
	assert_remark(NOBODY, "is stopped by process 77, which traces it; to see that: ps 77");
}

static void a_process_in_an_uninterruptible_wait_has_its_remark(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'D');
	write_task_file(NOBODY, NOBODY, "wchan", "rpc_wait_bit_killable");
	assert_remark(NOBODY, "is in an uninterruptible wait in the kernel, as for a disk; "
			      "root sees for what: cat /proc/1999999999/stack");
}

static void a_process_in_vfork_has_its_remark(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'D');
	write_task_file(NOBODY, NOBODY, "wchan", "kernel_clone");
	write_task_file(NOBODY, NOBODY, "children", "12 345 ");
	assert_state(NOBODY, NOBODY, "backup", "in vfork");
	assert_remark(NOBODY, "waits in vfork() for its child to execute a program or to end; "
			      "to end that: kill 345");
}

static void a_process_that_dumps_core_has_its_remark(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'S');
	write_task_file(NOBODY, NOBODY, "status", "Name:\tbackup\nCoreDumping:\t1\n");
	assert_state(NOBODY, NOBODY, "backup", "dumping core");
	assert_remark(NOBODY, "is writing a core dump; to end that: kill -KILL 1999999999");
	write_task_file(NOBODY, NOBODY, "status", "Name:\tCoreDumping:\t1\nCoreDumping:\t0\n");
	assert_state(NOBODY, NOBODY, "backup", "sleeping");
}

static void a_frozen_process_has_its_remark(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'S');
	write_task_file(NOBODY, NOBODY, "cgroup", "1:name=systemd:/x\n0::/pods/c1\n");
	write_file("cgroup/pods/c1/cgroup.freeze", "1\n");
	assert_state(NOBODY, NOBODY, "backup", "frozen");
	assert_remark(NOBODY, FROZEN "; to thaw it: echo 0 >ROOT/cgroup/pods/c1/cgroup.freeze");

	/* Frozen through the parent of its cgroup. */
	write_file("cgroup/pods/c1/cgroup.freeze", "0\n");
	assert_state(NOBODY, NOBODY, "backup", "sleeping");
	write_file("cgroup/pods/cgroup.freeze", "1\n");
	assert_remark(NOBODY, FROZEN "; to thaw it: echo 0 >ROOT/cgroup/pods/cgroup.freeze");

	/* Frozen through a cgroup above all that are visible. */
	write_file("cgroup/pods/cgroup.freeze", "0\n");
	write_file("cgroup/pods/c1/cgroup.events", "populated 1\nfrozen 1\n");
	assert_remark(NOBODY, FROZEN);
}

static void a_process_frozen_by_the_older_freezer_has_its_remark(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'D');
	write_task_file(NOBODY, NOBODY, "cgroup", "4:cpu,cpuacct:/\n3:freezer:/c1\n0::/\n");
	write_file("cgroup/freezer/c1/freezer.state", "FROZEN\n");
	assert_remark(NOBODY, FROZEN
		      "; to thaw it: echo THAWED >ROOT/cgroup/freezer/c1/freezer.state");
}

/* A cgroup can have any name. */
static void a_command_that_cannot_be_typed_is_not_shown(void **state)
{
	(void)state;
	make_thread(NOBODY, NOBODY, 'S');
	write_task_file(NOBODY, NOBODY, "cgroup", "0::/a;$(b)\n");
	write_file("cgroup/a;$(b)/cgroup.freeze", "1\n");
	assert_remark(NOBODY, FROZEN);
	write_task_file(NOBODY, NOBODY, "cgroup", "0::/a\\x2d b\n");
	write_file("cgroup/a\\x2d b/cgroup.freeze", "1\n");
	assert_remark(NOBODY, FROZEN "; to thaw it: echo 0 >'ROOT/cgroup/a\\x2d b/cgroup.freeze'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		made_test(each_state_has_its_word),
		made_test(a_process_that_proc_hides_is_not_gone),
		made_test(the_state_of_a_process_with_another_name_is_not_known),
		made_test(a_process_lives_as_long_as_one_thread_does),
		cmocka_unit_test(a_real_process_without_its_first_thread_lives),
		made_test(a_stopped_process_has_its_remark),
		made_test(a_traced_process_has_its_remark),
		made_test(a_process_in_an_uninterruptible_wait_has_its_remark),
		made_test(a_process_in_vfork_has_its_remark),
		made_test(a_process_that_dumps_core_has_its_remark),
		made_test(a_frozen_process_has_its_remark),
		made_test(a_process_frozen_by_the_older_freezer_has_its_remark),
		made_test(a_command_that_cannot_be_typed_is_not_shown),
	};

	return harness_run(tests);
}
