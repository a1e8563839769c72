// SPDX-License-Identifier: GPL-2.0-only
/*
 * clone() makes these threads without thread-local storage of their own, because any thread
 * of any process must be able to start a process.  So nothing here may touch errno, and all
 * system calls are made by hand.
 */
#include <err.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/ioctl.h>
#include <linux/kcov.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "agent.h"
#include "mapped.h"
#include "system_call.h"

#define STACK_SIZE	16384

struct agent (*agents)[THREADS];

static unsigned char stacks[PROCESSES + 1][THREADS][STACK_SIZE] __attribute__((aligned(16)));

bool agent_futex_wait(_Atomic uint32_t *number, uint32_t old, long milliseconds)
{
	struct timespec timeout = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	while (atomic_load(number) == old)
		if (system_call(SYS_futex, (long)number, FUTEX_WAIT, old,
				milliseconds ? (long)&timeout : 0, 0) == -ETIMEDOUT)
			return false;

	return true;
}

void agent_futex_wake(_Atomic uint32_t *number)
{
	system_call(SYS_futex, (long)number, FUTEX_WAKE, 1, 0, 0);
}

static long move_file(long from, long to)
{
	long ret = system_call(SYS_dup3, from, to, 0, 0, 0);

	system_call(SYS_close, from, 0, 0, 0, 0);

	return ret;
}

/* A message that carries an open file. */
struct parcel {
	char byte;
	struct iovec data;
	struct msghdr header;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr control;
	};
};

static void wrap(struct parcel *parcel)
{
	*parcel = (struct parcel) { .byte = 0 };
	parcel->data = (struct iovec) { &parcel->byte, 1 };
	parcel->header.msg_iov = &parcel->data;
	parcel->header.msg_iovlen = 1;
	parcel->header.msg_control = parcel->bytes;
	parcel->header.msg_controllen = sizeof(parcel->bytes);
	parcel->control.cmsg_level = SOL_SOCKET;
	parcel->control.cmsg_type = SCM_RIGHTS;
	parcel->control.cmsg_len = CMSG_LEN(sizeof(int));
}

static long send_file(int file)
{
	struct parcel parcel;

	wrap(&parcel);
	memcpy(CMSG_DATA(&parcel.control), &file, sizeof(file));

	return system_call(SYS_sendmsg, AGENT_SENDER, (long)&parcel.header, 0, 0, 0);
}

static long receive_file(int to)
{
	struct parcel parcel;
	long ret;
	int file;

	wrap(&parcel);
	ret = system_call(SYS_recvmsg, AGENT_RECEIVER, (long)&parcel.header, 0, 0, 0);
	if (ret < 0)
		return ret;
	memcpy(&file, CMSG_DATA(&parcel.control), sizeof(file));

	return move_file(file, to);
}

static long make_call(const struct agent_call *call, long previous)
{
	const long *args = call->args;

	switch (call->number) {
	case AGENT_FORK:
		return agent_process_start(args[0]);
	case AGENT_MOVE:
		return move_file(previous, args[0]);
	case AGENT_SEND:
		return send_file(args[0]);
	case AGENT_RECEIVE:
		return receive_file(args[0]);
	case AGENT_TAKE:
		return mapped_take(args[0], args[1], args[2]);
	case AGENT_RELEASE:
		return mapped_release(args[0], args[1], args[2]);
	case AGENT_SCRIBBLE:
		return mapped_scribble(args[0], args[1], args[2]);
	default:
		return system_call(call->number, args[0], args[1], args[2], args[3], args[4]);
	}
}

static void make_calls(struct agent *agent)
{
	long previous = 0;
	uint32_t i;

	for (i = 0; i < agent->count; i++) {
		previous = make_call(&agent->calls[i], previous);
		agent->calls[i].result = previous;
		if (previous < 0)
			return;
	}
}

static _Noreturn void run_thread(struct agent *agent)
{
	uint32_t begun = agent->begun;

	agent->tid = system_call(SYS_gettid, 0, 0, 0, 0, 0);
	if (agent->coverage >= 0)
		system_call(SYS_ioctl, agent->coverage, KCOV_ENABLE, KCOV_TRACE_PC, 0, 0);
	agent->alive++;
	agent_futex_wake(&agent->alive);

	for (;;) {
		agent_futex_wait(&agent->begun, begun, 0);
		begun = agent->begun;
		make_calls(agent);
		agent->finished++;
		agent_futex_wake(&agent->finished);
	}
}

static void *stack_of(unsigned int process, unsigned int thread)
{
	return stacks[process][thread] + STACK_SIZE;
}

static void set_name(unsigned int process, unsigned int thread)
{
	char name[] = "agent 0.0";

	name[6] += process;
	name[8] += thread;
	system_call(SYS_prctl, PR_SET_NAME, (long)name, 0, 0, 0);
}

/* The number of a process, from its first agent. */
static unsigned int process_of(const struct agent *first)
{
	return (first - agents[0]) / THREADS;
}

static int run_second(void *data)
{
	struct agent *first = data;

	set_name(process_of(first), 1);
	run_thread(first + 1);
}

static int run_process(void *data)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM;
	unsigned int process = process_of(data);

	system_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	clone(run_second, stack_of(process, 1), flags, data);
	set_name(process, 0);

	run_thread(data);
}

pid_t agent_process_start(unsigned int process)
{
	static pid_t conductor;
	int flags = SIGCHLD;

	if (!conductor)
		conductor = system_call(SYS_getpid, 0, 0, 0, 0, 0);
	else if (conductor != system_call(SYS_getpid, 0, 0, 0, 0, 0))
		flags |= CLONE_PARENT;

	return clone(run_process, stack_of(process, 0), flags, agents[process]);
}

/* The signal carries a pointer to its agent. */
static void count_signal(int signal, siginfo_t *info, void *context)
{
	struct agent *agent = info->si_ptr;

	(void)signal;
	(void)context;
	agent->signals++;
	agent_futex_wake(&agent->signals);
}

void agents_init(void)
{
	struct sigaction action = { .sa_sigaction = count_signal, .sa_flags = SA_SIGINFO };
	size_t size = sizeof(*agents) * (PROCESSES + 1);

	agents = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (agents == MAP_FAILED || mlock(agents, size))
		err(2, "memory of the agents");
	if (sigaction(SIGUSR1, &action, NULL))
		err(2, "sigaction");
	action.sa_flags |= SA_RESTART;
	if (sigaction(SIGUSR2, &action, NULL))
		err(2, "sigaction");
}
