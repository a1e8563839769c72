// SPDX-License-Identifier: GPL-2.0-only
/*
 * File descriptions with more than one reference: duplicated, inherited, passed
 * on, in flight, in use by a thread that waits.  Locks belong to the description
 * and stay until its last reference goes; the next holder's call says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "harness.h"

#define DEVICE	"/dev/lockmgr"
#define LOCK	9

static long call(int file, unsigned long number, void *args)
{
	int ret = ioctl(file, number, args);

	return ret < 0 ? -errno : ret;
}

static long lock(int file)
{
	struct lockmgr_ioctl_lock args = { .id = LOCK };

	return call(file, LOCKMGR_IOC_LOCK, &args);
}

static long unlock(int file)
{
	struct lockmgr_ioctl_id args = { .id = LOCK };

	return call(file, LOCKMGR_IOC_UNLOCK, &args);
}

/* A file attached to the test's space, opened with those flags. */
static int attached(int flags)
{
	struct lockmgr_ioctl_attach args = {
		.flags = LOCKMGR_ATTACH_CREATE,
		.owner = LOCKMGR_ID_CALLER,
		.group = LOCKMGR_ID_CALLER,
	};
	int file = open(DEVICE, O_RDWR | flags);

	assert_int_not_equal(file, -1);
	strcpy(args.name, space_name());
	assert_int_equal(call(file, LOCKMGR_IOC_ATTACH, &args), 0);

	return file;
}

/* The same, holding the lock. */
static int holding(int flags)
{
	int file = attached(flags);

	assert_int_equal(lock(file), 0);

	return file;
}

static void expect_held(struct lockmgr *observer)
{
	assert_int_equal(lockmgr_trylock(observer, LOCK), -EBUSY);
}

/* The last reference has gone. */
static void expect_owner_died(struct lockmgr *observer)
{
	assert_int_equal(lockmgr_trylock(observer, LOCK), LOCKMGR_OWNER_DIED);
}

/* ------------------------------------------------------------------------
 * Children: they wait for a byte from a pipe before they go on, and end with the test
 * program if nobody kills them before
 */

struct child {
	pid_t pid;
	int pipe[2];
};

typedef void (*child_fn)(int file);

static void idle(int file)
{
	(void)file;
}

static void let_go(int file)
{
	if (unlock(file))
		_exit(1);
}

static void become_a_shell(int file)
{
	(void)file;
	execl("/bin/sh", "sh", "-c", "kill -STOP $$", NULL);
	_exit(1);
}

/* A child that does something on request, then waits to be killed. */
static struct child child_new(int file, child_fn fn)
{
	struct child child;
	char byte;

	assert_int_equal(pipe(child.pipe), 0);
	fflush(NULL);
	child.pid = fork();
	assert_int_not_equal(child.pid, -1);
	if (child.pid)
		return child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(child.pipe[0], &byte, 1) != 1)
		_exit(1);
	fn(file);
	for (;;)
		pause();
}

static void child_go(struct child *child)
{
	assert_int_equal(write(child->pipe[1], "", 1), 1);
}

static void child_wait_for_stop(struct child *child)
{
	int status;

	assert_int_equal(waitpid(child->pid, &status, WUNTRACED), child->pid);
	assert_true(WIFSTOPPED(status));
}

static void child_kill(struct child *child)
{
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

/* ------------------------------------------------------------------------
 * Tests
 */

static void dup_keeps_the_lock_until_it_is_closed(void **state)
{
	struct lockmgr *observer = space_open();
	int file = holding(0);
	int copy = dup(file);

	(void)state;
	close(file);
	expect_held(observer);

	close(copy);
	expect_owner_died(observer);
}

static void dup_is_the_same_client(void **state)
{
	struct lockmgr *observer = space_open();
	int copy = dup(holding(0));

	(void)state;
	assert_int_equal(unlock(copy), 0);

	assert_int_equal(lockmgr_trylock(observer, LOCK), 0);
}

static void inherited_file_keeps_the_lock_until_the_child_dies(void **state)
{
	struct lockmgr *observer = space_open();
	int file = holding(0);
	struct child child = child_new(file, idle);

	(void)state;
	close(file);
	expect_held(observer);

	child_kill(&child);
	expect_owner_died(observer);
}

static void death_of_a_child_leaves_the_lock_to_the_parent(void **state)
{
	struct lockmgr *observer = space_open();
	int file = holding(0);
	struct child child = child_new(file, idle);

	(void)state;
	child_kill(&child);
	expect_held(observer);

	close(file);
	expect_owner_died(observer);
}

static void child_can_unlock_what_the_parent_locked(void **state)
{
	struct lockmgr *observer = space_open();
	struct child child = child_new(holding(0), let_go);

	(void)state;
	child_go(&child);
	wait_for_held(observer, LOCK, false);

	assert_int_equal(lockmgr_trylock(observer, LOCK), 0);
}

static void file_kept_across_exec_keeps_the_lock(void **state)
{
	struct lockmgr *observer = space_open();
	int file = holding(0);
	struct child child = child_new(file, become_a_shell);

	(void)state;
	close(file);
	child_go(&child);
	child_wait_for_stop(&child);
	expect_held(observer);

	child_kill(&child);
	expect_owner_died(observer);
}

static void file_closed_by_exec_gives_up_the_lock(void **state)
{
	struct lockmgr *observer = space_open();
	int file = holding(O_CLOEXEC);
	struct child child = child_new(file, become_a_shell);

	(void)state;
	close(file);
	expect_held(observer);

	child_go(&child);
	child_wait_for_stop(&child);
	expect_owner_died(observer);
}

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr alignment;
};

static struct msghdr message(struct iovec *data, union control *control)
{
	static char byte;

	memset(control, 0, sizeof(*control));
	*data = (struct iovec) { .iov_base = &byte, .iov_len = 1 };

	return (struct msghdr) {
		.msg_iov	= data,
		.msg_iovlen	= 1,
		.msg_control	= control->bytes,
		.msg_controllen	= sizeof(control->bytes),
	};
}

static void send_file(int socket, int file)
{
	union control control;
	struct iovec data;
	struct msghdr msg = message(&data, &control);
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(file));
	memcpy(CMSG_DATA(header), &file, sizeof(file));
	assert_int_equal(sendmsg(socket, &msg, 0), 1);
}

static int receive_file(int socket)
{
	union control control;
	struct iovec data;
	struct msghdr msg = message(&data, &control);
	int file;

	assert_int_equal(recvmsg(socket, &msg, MSG_CMSG_CLOEXEC), 1);
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(file));

	return file;
}

/* A file that holds the lock and exists only in the queue of a socket. */
static void put_in_flight(int sockets[2])
{
	int file = holding(0);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	send_file(sockets[0], file);
	close(file);
}

static void file_in_flight_keeps_the_lock_until_the_receiver_closes_it(void **state)
{
	struct lockmgr *observer = space_open();
	int file, sockets[2];

	(void)state;
	put_in_flight(sockets);
	expect_held(observer);
	file = receive_file(sockets[1]);
	expect_held(observer);

	close(file);
	expect_owner_died(observer);
}

static void file_in_flight_that_nobody_receives_gives_up_the_lock(void **state)
{
	struct lockmgr *observer = space_open();
	int sockets[2];

	(void)state;
	put_in_flight(sockets);
	close(sockets[0]);
	expect_held(observer);

	close(sockets[1]);
	expect_owner_died(observer);
}

static void *lock_in_thread(void *file)
{
	return (void *)lock(*(int *)file);
}

static void thread_that_waits_keeps_a_closed_file_until_its_call_ends(void **state)
{
	struct lockmgr *holder = space_open();
	int file = attached(0);
	int number = file;
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(lockmgr_lock(holder, LOCK), 0);
	assert_int_equal(pthread_create(&thread, NULL, lock_in_thread, &number), 0);
	wait_for_waiters(holder, LOCK, 1);

	close(file);
	assert_int_equal(lock_info(holder, LOCK).waiters, 1);

	assert_int_equal(lockmgr_unlock(holder, LOCK), 0);
	pthread_join(thread, &result);
	assert_int_equal((long)result, 0);
	expect_owner_died(holder);
}

static void file_opened_anew_through_proc_is_no_client(void **state)
{
	struct lockmgr *observer = space_open();
	char path[64];
	int again;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", holding(0));
	again = open(path, O_RDWR);

	assert_int_not_equal(again, -1);
	assert_int_equal(unlock(again), -ENOTCONN);
	close(again);
	expect_held(observer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(dup_keeps_the_lock_until_it_is_closed),
		harness_test(dup_is_the_same_client),
		harness_test(inherited_file_keeps_the_lock_until_the_child_dies),
		harness_test(death_of_a_child_leaves_the_lock_to_the_parent),
		harness_test(child_can_unlock_what_the_parent_locked),
		harness_test(file_kept_across_exec_keeps_the_lock),
		harness_test(file_closed_by_exec_gives_up_the_lock),
		harness_test(file_in_flight_keeps_the_lock_until_the_receiver_closes_it),
		harness_test(file_in_flight_that_nobody_receives_gives_up_the_lock),
		harness_test(thread_that_waits_keeps_a_closed_file_until_its_call_ends),
		harness_test(file_opened_anew_through_proc_is_no_client),
	};

	return harness_run(tests);
}
