// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library that is put into Podman, with a program that uses a segment as Podman does
 * (tests/podman/helpers/segment.c). Podman itself: tests/podman/machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define PROGRAM	"build/tests/podman/helpers/segment"
#define PRELOAD	"build/podman/liblockmgr-podman.so"

#define LOCKS		64
#define EXIT_REFUSED	125

/* A process that runs the program. */
struct podman {
	pid_t pid;
	FILE *commands;
	FILE *answers;
	int   errors;
};

static struct podman podmans[8];
static size_t podman_count;
static char name[64];

/* ------------------------------------------------------------------------
 * Processes
 */

/* A /dev with nothing in it but shared memory, for this process. */
static void hide_device(void)
{
	char path[64];
	int shm;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		_exit(EXIT_FAILURE);
	shm = open("/dev/shm", O_PATH | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", shm);
	if (shm < 0 || mount("tmpfs", "/dev", "tmpfs", 0, NULL) || mkdir("/dev/shm", 0755) ||
	    mount(path, "/dev/shm", NULL, MS_BIND, NULL))
		_exit(EXIT_FAILURE);
}

static void child(int commands, int answers, int errors, bool preload, void (*first)(void))
{
	dup2(commands, STDIN_FILENO);
	dup2(answers, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	if (first)
		first();
	if (preload)
		setenv("LD_PRELOAD", PRELOAD, 1);
	execl(PROGRAM, "podman", "--log-level", "info", "run", "--secret=x", "--name", "web-1",
	      (char *)NULL);
	_exit(EXIT_FAILURE);
}

static struct podman *start_with(bool preload, void (*first)(void))
{
	struct podman *podman = &podmans[podman_count++];
	int commands[2], answers[2], errors[2];

	assert_true(podman_count <= ARRAY_SIZE(podmans));
	assert_int_equal(pipe2(commands, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	podman->pid = fork();
	if (!podman->pid)
		child(commands[0], answers[1], errors[1], preload, first);
	assert_true(podman->pid > 0);
	close(commands[0]);
	close(answers[1]);
	close(errors[1]);
	podman->commands = fdopen(commands[1], "w");
	podman->answers = fdopen(answers[0], "r");
	podman->errors = errors[0];
	return podman;
}

static struct podman *start(void)
{
	return start_with(true, NULL);
}

static struct podman *start_plain(void)
{
	return start_with(false, NULL);
}

static void begin(struct podman *podman, const char *command, const char *segment, uint32_t number)
{
	fprintf(podman->commands, "%s %s %" PRIu32 "\n", command, segment, number);
	fflush(podman->commands);
}

static long answer(struct podman *podman)
{
	char line[64] = "";

	if (!fgets(line, sizeof(line), podman->answers)) {
		char text[1024] = "";

		if (read(podman->errors, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		fail_msg("it has ended: %s", text);
	}
	return atol(line);
}

static long call(struct podman *podman, const char *command, uint32_t number)
{
	begin(podman, command, name, number);
	return answer(podman);
}

/* It ends, having said this. */
static void expect_refused(struct podman *podman, const char *words)
{
	char text[2048] = "";
	size_t length = 0;
	ssize_t got;
	int status;

	/* So that it ends in any case. */
	fclose(podman->commands);
	podman->commands = NULL;
	while ((got = read(podman->errors, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	assert_int_equal(waitpid(podman->pid, &status, 0), podman->pid);
	podman->pid = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_REFUSED);
	if (!strstr(text, words) || strncmp(text, "lockmgr-podman: ", 16))
		fail_msg("it said \"%s\", not \"%s\"", text, words);
}

static void kill_podman(struct podman *podman)
{
	kill(podman->pid, SIGKILL);
	assert_int_equal(waitpid(podman->pid, NULL, 0), podman->pid);
	podman->pid = 0;
}

/* ------------------------------------------------------------------------
 * The segment and the space
 */

static const char *path(void)
{
	static char text[128];

	snprintf(text, sizeof(text), "/dev/shm%s", name);
	return text;
}

static struct lockmgr *space(void)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	assert_int_equal(lockmgr_open(&mgr, name + 1, &options), 0);
	return mgr;
}

static uint32_t own_lock(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);
	return info.capacity - 1;
}

static struct podman *start_first(void)
{
	struct podman *podman = start();

	assert_int_equal(call(podman, "setup", LOCKS), 0);
	return podman;
}

static struct podman *start_next(void)
{
	struct podman *podman = start();

	assert_int_equal(call(podman, "open", LOCKS), 0);
	return podman;
}

static int setup(void **state)
{
	(void)state;
	snprintf(name, sizeof(name), "/libpod_rootless_lock_%d", getpid());
	podman_count = 0;
	return 0;
}

static int teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < podman_count; i++) {
		if (podmans[i].pid)
			kill_podman(&podmans[i]);
		if (podmans[i].commands)
			fclose(podmans[i].commands);
		fclose(podmans[i].answers);
		close(podmans[i].errors);
	}
	unlink(path());
	lockmgr_unlink(name + 1, NULL);
	return 0;
}

/* ------------------------------------------------------------------------
 * Allocation
 */

static void numbers_are_allocations_of_the_space(void **state)
{
	struct podman *one = start_first(), *other = start_next();
	struct lockmgr *mgr = space();

	(void)state;
	assert_int_equal(call(one, "allocate", 0), 0);
	assert_int_equal(call(other, "allocate", 0), 1);
	assert_int_equal(call(one, "allocate-id", 40), 0);
	assert_int_equal(call(other, "allocate-id", 40), -EEXIST);
	assert_int_equal(lockmgr_retrieve(mgr, 0), 1);
	assert_int_equal(lockmgr_retrieve(mgr, 1), 1);
	assert_int_equal(lockmgr_retrieve(mgr, 2), 0);
	assert_int_equal(lockmgr_retrieve(mgr, 40), 1);
	assert_int_equal(call(other, "available", 0), LOCKS - 3);
	assert_int_equal(call(other, "free", 0), 0);
	assert_int_equal(call(one, "free", 0), -ENOENT);
	assert_int_equal(lockmgr_retrieve(mgr, 0), 0);
	assert_int_equal(call(one, "allocate", 0), 0);
	assert_int_equal(call(one, "free-all", 0), LOCKS);
	assert_int_equal(lockmgr_retrieve(mgr, 40), 0);
	lockmgr_close(mgr);
}

static void number_that_the_space_has_allocated_is_not_handed_out(void **state)
{
	struct podman *podman = start_first();
	struct lockmgr *mgr = space();

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 0), 0);
	assert_int_equal(call(podman, "allocate", 0), 1);
	lockmgr_close(mgr);
}

static void all_numbers_can_be_taken(void **state)
{
	struct podman *podman = start_first();
	long i;

	(void)state;
	for (i = 0; i < LOCKS; i++)
		assert_int_equal(call(podman, "allocate", 0), i);
	assert_int_equal(call(podman, "allocate", 0), -ENOSPC);
}

static void note_says_which_command_allocated(void **state)
{
	struct podman *podman = start_first();
	struct lockmgr *mgr = space();

	(void)state;
	assert_int_equal(call(podman, "allocate", 0), 0);
	assert_string_equal(lock_info(mgr, 0).note, "podman run --name web-1");
	lockmgr_close(mgr);
}

static void more_locks_are_there_without_renumbering(void **state)
{
	struct podman *old = start_first(), *new = start();

	(void)state;
	while (call(old, "allocate", 0) >= 0)
		;
	assert_int_equal(call(new, "open", 2 * LOCKS), 0);
	assert_int_equal(call(new, "allocate", 0), LOCKS);
	assert_int_equal(call(new, "available", 0), LOCKS - 1);
	/* The one that runs on goes on to know its numbers, and shares their locks. */
	assert_int_equal(call(old, "lock", 3), 0);
	assert_int_equal(call(new, "try", 3), 0);
	assert_int_equal(call(old, "free", 3), 0);
	assert_int_equal(call(new, "allocate", 0), 3);
}

static void fewer_locks_than_are_in_use_are_refused_as_podman_does(void **state)
{
	struct podman *podman = start(), *other = start();

	(void)state;
	assert_int_equal(call(podman, "setup", 2 * LOCKS), 0);
	assert_int_equal(call(podman, "allocate-id", LOCKS), 0);
	assert_int_equal(call(other, "open", LOCKS), -ERANGE);
	assert_int_equal(call(podman, "free", LOCKS), 0);
	assert_int_equal(call(other, "open", LOCKS), 0);
}

/* ------------------------------------------------------------------------
 * Locks
 */

static void lock_of_a_number_is_the_lock_of_the_space(void **state)
{
	struct podman *one = start_first(), *other = start_next();
	struct lockmgr *mgr = space();

	(void)state;
	assert_int_equal(call(one, "lock", 33), 0);
	assert_int_equal(lock_info(mgr, 33).pid, one->pid);
	assert_int_equal(call(other, "try", 33), 0);
	assert_int_equal(call(other, "try", 34), 1);
	begin(other, "lock", name, 33);
	wait_for_waiters(mgr, 33, 1);
	assert_int_equal(call(one, "unlock", 33), 0);
	assert_int_equal(answer(other), 0);
	assert_int_equal(lock_info(mgr, 33).pid, other->pid);
	assert_int_equal(call(one, "unlock", 33), -EPERM);
	assert_int_equal(call(other, "unlock", 33), 0);
	lockmgr_close(mgr);
}

/* Locks that are tried have a handle of their own. */
static void lock_that_was_tried_is_held_until_it_is_unlocked(void **state)
{
	struct podman *one = start_first(), *other = start_next();
	struct lockmgr *mgr = space();

	(void)state;
	assert_int_equal(call(one, "lock", 1), 0);
	assert_int_equal(call(one, "try-lock", 1), -EBUSY);
	assert_int_equal(call(one, "try-lock", 33), 0);
	assert_int_equal(lock_info(mgr, 33).pid, one->pid);
	assert_int_equal(call(other, "try-lock", 33), -EBUSY);
	begin(other, "lock", name, 33);
	wait_for_waiters(mgr, 33, 1);
	assert_int_equal(call(one, "unlock", 33), 0);
	assert_int_equal(answer(other), 0);
	assert_int_equal(lock_info(mgr, 33).pid, other->pid);
	assert_int_equal(call(one, "unlock", 33), -EPERM);
	assert_int_equal(call(one, "unlock", 1), 0);
	assert_int_equal(call(other, "try-lock", 1), 0);
	kill_podman(other);
	assert_int_equal(call(one, "lock", 1), 0);
	assert_int_equal(call(one, "try-lock", 33), 0);
	lockmgr_close(mgr);
}

static void locks_of_a_killed_process_are_free(void **state)
{
	struct podman *one = start_first(), *other = start_next();

	(void)state;
	assert_int_equal(call(one, "lock", 0), 0);
	assert_int_equal(call(one, "lock", 63), 0);
	begin(other, "lock", name, 63);
	kill_podman(one);
	assert_int_equal(answer(other), 0);
	assert_int_equal(call(other, "lock", 0), 0);
	assert_int_equal(call(other, "unlock", 0), 0);
}

static void process_killed_while_it_allocates_has_allocated_nothing(void **state)
{
	struct podman *one = start_first(), *other = start_next();
	struct lockmgr *mgr = space();

	(void)state;
	assert_int_equal(call(one, "begin", 0), 0);
	begin(other, "allocate", name, 0);
	wait_for_waiters(mgr, own_lock(mgr), 1);
	kill_podman(one);
	assert_int_equal(answer(other), 0);
	assert_int_equal(call(other, "available", 0), LOCKS - 1);
	lockmgr_close(mgr);
}

static void closed_segment_lets_go_of_its_locks(void **state)
{
	struct podman *one = start_first(), *other = start_next();

	(void)state;
	assert_int_equal(call(one, "lock", 5), 0);
	assert_int_equal(call(one, "close", 0), 0);
	assert_int_equal(call(other, "try", 5), 1);
	assert_int_equal(call(one, "open", LOCKS), 0);
	assert_int_equal(call(one, "try", 5), 1);
}

static void what_is_not_podmans_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(call(start(), "others", 0), 42);
}

/* ------------------------------------------------------------------------
 * What is refused
 */

static void podman_without_the_library_finds_no_segment(void **state)
{
	struct podman *plain = start_plain();

	(void)state;
	start_first();
	assert_int_equal(call(plain, "open", LOCKS), -EBADF);
	assert_int_equal(call(plain, "setup", LOCKS), -EEXIST);
}

static void segment_of_a_podman_without_the_library_is_refused(void **state)
{
	struct podman *plain = start_plain(), *podman = start();

	(void)state;
	assert_int_equal(call(plain, "setup", LOCKS), 0);
	begin(podman, "open", name, LOCKS);
	expect_refused(podman, "was made by a podman that ran without this library");
	assert_int_equal(call(plain, "allocate", 0), 0);
}

static void file_that_is_no_segment_is_refused(void **state)
{
	struct podman *podman = start();
	int file = open(path(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(file, "lockmgr-podman 2\n", 17), 17);
	close(file);
	begin(podman, "open", name, LOCKS);
	expect_refused(podman, "is neither ours nor a segment of Podman's that is known here");
}

static void marker_of_another_user_is_refused(void **state)
{
	struct podman *podman = start();

	(void)state;
	start_first();
	assert_int_equal(chown(path(), 1, 1), 0);
	begin(podman, "open", name, LOCKS);
	expect_refused(podman, "is another user's");
}

static void missing_module_is_named(void **state)
{
	struct podman *first = start_with(true, hide_device);
	struct podman *next = start_with(true, hide_device);

	(void)state;
	begin(first, "setup", name, LOCKS);
	expect_refused(first, "Is the module loaded");
	assert_int_equal(access(path(), F_OK), -1);
	start_first();
	begin(next, "open", name, LOCKS);
	expect_refused(next, "Is the module loaded");
}

static void space_that_is_gone_is_refused(void **state)
{
	struct podman *podman = start();

	(void)state;
	kill_podman(start_first());
	assert_int_equal(lockmgr_unlink(name + 1, NULL), 0);
	begin(podman, "open", name, LOCKS);
	expect_refused(podman, "is not the one that");
}

static void space_of_another_generation_is_refused(void **state)
{
	struct podman *podman = start();
	struct lockmgr *mgr;

	(void)state;
	kill_podman(start_first());
	assert_int_equal(lockmgr_unlink(name + 1, NULL), 0);
	assert_int_equal(lockmgr_open(&mgr, name + 1, NULL), 0);
	begin(podman, "open", name, LOCKS);
	expect_refused(podman, "is not the one that");
	lockmgr_close(mgr);
}

static void process_whose_marker_is_removed_ends(void **state)
{
	struct podman *podman = start_first(), *plain = start_plain();

	(void)state;
	assert_int_equal(call(podman, "lock", 1), 0);
	assert_int_equal(unlink(path()), 0);
	assert_int_equal(call(plain, "setup", LOCKS), 0);
	begin(podman, "lock", name, 2);
	expect_refused(podman, "has been removed or replaced while this podman ran");
}

static void renumbering_makes_a_new_marker_for_the_space(void **state)
{
	struct podman *podman = start_first();
	struct lockmgr *mgr = space();

	(void)state;
	assert_int_equal(call(podman, "allocate-id", 7), 0);
	assert_int_equal(call(podman, "close", 0), 0);
	assert_int_equal(unlink(path()), 0);
	assert_int_equal(call(podman, "setup", LOCKS / 2), 0);
	assert_int_equal(call(podman, "available", 0), LOCKS / 2);
	assert_int_equal(call(podman, "lock", 7), 0);
	assert_int_equal(lock_info(mgr, 7).pid, podman->pid);
	lockmgr_close(mgr);
}

static void segment_of_another_version_is_refused(void **state)
{
	struct podman *magic = start(), *size, *mutex;

	(void)state;
	begin(magic, "setup-other", name, LOCKS);
	expect_refused(magic, "(magic 0x87d2, version 0, 64 locks in 2 groups)");
	unlink(path());
	mutex = start_first();
	size = start();
	begin(size, "open-other", name, LOCKS);
	expect_refused(size, "the size of no segment that is known here");
	begin(mutex, "lock-between", name, 4);
	expect_refused(mutex, "a mutex where the segments that are known here have none");
}

static void segment_of_another_name_is_refused(void **state)
{
	struct podman *podman = start();

	(void)state;
	begin(podman, "open", "/libpod_locks_of_tomorrow", LOCKS);
	expect_refused(podman, "wants a segment '/libpod_locks_of_tomorrow'");
}

#define podman_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		podman_test(numbers_are_allocations_of_the_space),
		podman_test(number_that_the_space_has_allocated_is_not_handed_out),
		podman_test(all_numbers_can_be_taken),
		podman_test(note_says_which_command_allocated),
		podman_test(more_locks_are_there_without_renumbering),
		podman_test(fewer_locks_than_are_in_use_are_refused_as_podman_does),
		podman_test(lock_of_a_number_is_the_lock_of_the_space),
		podman_test(lock_that_was_tried_is_held_until_it_is_unlocked),
		podman_test(locks_of_a_killed_process_are_free),
		podman_test(process_killed_while_it_allocates_has_allocated_nothing),
		podman_test(closed_segment_lets_go_of_its_locks),
		podman_test(what_is_not_podmans_is_left_alone),
		podman_test(podman_without_the_library_finds_no_segment),
		podman_test(segment_of_a_podman_without_the_library_is_refused),
		podman_test(file_that_is_no_segment_is_refused),
		podman_test(marker_of_another_user_is_refused),
		podman_test(missing_module_is_named),
		podman_test(space_that_is_gone_is_refused),
		podman_test(space_of_another_generation_is_refused),
		podman_test(process_whose_marker_is_removed_ends),
		podman_test(renumbering_makes_a_new_marker_for_the_space),
		podman_test(segment_of_another_version_is_refused),
		podman_test(segment_of_another_name_is_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return harness_run(tests);
}
