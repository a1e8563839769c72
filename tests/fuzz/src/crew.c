// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting, commanding, watching and killing agents.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "coverage.h"
#include "crew.h"

/* How often to yield before sleeping between looks. */
#define YIELDS		50

struct arena arenas[PROCESSES][THREADS];

long crew_patience = 120000;

/**
 * struct member - what the conductor knows of a process
 * @pid: its id; 0: it is dead
 * @states: files in which the kernel says in which system call each thread sleeps
 */
static struct member {
	pid_t pid;
	int states[THREADS];
} members[PROCESSES + 1];

pid_t crew_pid(unsigned int process)
{
	return members[process].pid;
}

/* ------------------------------------------------------------------------
 * Memory
 */

/* Twice the same memory, with a hole after each. */
static void map_twice(size_t size, unsigned char **writable, unsigned char **readable)
{
	unsigned char *place = mmap(NULL, 2 * (size + 4096), PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = memfd_create("arena", MFD_CLOEXEC);

	if (place == MAP_FAILED || file < 0 || ftruncate(file, size))
		err(2, "an arena");
	*writable = mmap(place, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, file, 0);
	*readable = mmap(place + size + 4096, size, PROT_READ,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, file, 0);
	if (*writable == MAP_FAILED || *readable == MAP_FAILED)
		err(2, "an arena");
	close(file);
}

static void make_arena(struct arena *arena)
{
	map_twice(ARENA_ARGS, &arena->args, &arena->args_readonly);
	map_twice(ARENA_ENTRIES, &arena->entries, &arena->entries_readonly);
}

static void make_socket(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) || dup2(ends[0], AGENT_SENDER) < 0 ||
	    dup2(ends[1], AGENT_RECEIVER) < 0)
		err(2, "a pair of sockets");
	close(ends[0]);
	close(ends[1]);
}

/* ------------------------------------------------------------------------
 * Life and death
 */

static bool wait_for_birth(unsigned int process, pid_t pid)
{
	struct member *member = &members[process];
	unsigned int thread;
	char path[64];

	member->pid = pid;
	for (thread = 0; thread < THREADS; thread++) {
		struct agent *agent = &agents[process][thread];

		if (!agent_futex_wait(&agent->alive, 0, crew_patience))
			return false;
		snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, agent->tid);
		member->states[thread] = open(path, O_RDONLY | O_CLOEXEC);
		if (member->states[thread] < 0)
			err(2, "%s", path);
	}

	return true;
}

/* A process can start only when this is done. */
static void prepare_birth(unsigned int process)
{
	unsigned int thread;

	for (thread = 0; thread < THREADS; thread++) {
		struct agent *agent = &agents[process][thread];

		agent->alive = 0;
		agent->finished = agent->begun;
		agent->coverage = process == NURSERY ? -1 : coverage_file(process, thread);
	}
}

bool crew_spawn(unsigned int process)
{
	struct agent *nurse = &agents[NURSERY][0];

	nurse->count = 1;
	nurse->calls[0] = (struct agent_call) { AGENT_FORK, { process }, 0 };
	crew_begin(NURSERY, 0);
	if (!crew_finish(NURSERY, 0))
		return false;
	if (nurse->calls[0].result < 0)
		errx(2, "clone: %s", strerror(-nurse->calls[0].result));

	return wait_for_birth(process, nurse->calls[0].result);
}

bool crew_adopt(unsigned int process, pid_t pid)
{
	return wait_for_birth(process, pid);
}

static bool wait_for_death(pid_t pid)
{
	int file = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poll_file = { .fd = file, .events = POLLIN };
	bool gone;

	if (file < 0)
		err(2, "pidfd_open");
	gone = poll(&poll_file, 1, crew_patience) == 1;
	close(file);
	if (gone && waitpid(pid, NULL, 0) != pid)
		err(2, "waitpid");

	return gone;
}

bool crew_kill(unsigned int process)
{
	struct member *member = &members[process];
	unsigned int thread;

	if (!member->pid)
		return true;
	if (kill(member->pid, SIGKILL) || !wait_for_death(member->pid))
		return false;
	for (thread = 0; thread < THREADS; thread++)
		close(member->states[thread]);
	member->pid = 0;
	prepare_birth(process);

	return true;
}

bool crew_restart(void)
{
	unsigned int process;

	for (process = 0; process < PROCESSES; process++)
		if (!crew_kill(process))
			return false;
	for (process = 0; process < PROCESSES; process++)
		if (!crew_spawn(process))
			return false;

	return true;
}

/* Put everybody on one processor; a thread that is woken waits for its turn. */
static void conduct(int cpu)
{
	const struct sched_param param = { .sched_priority = 0 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) ||
	    sched_setscheduler(0, SCHED_BATCH, &param))
		err(2, "scheduling");
}

static void open_nursery(void)
{
	prepare_birth(NURSERY);
	if (!wait_for_birth(NURSERY, agent_process_start(NURSERY)))
		errx(2, "the agents do not start");
}

void crew_init(int cpu)
{
	unsigned int process, thread;

	agents_init();
	make_socket();
	for (process = 0; process < PROCESSES; process++) {
		for (thread = 0; thread < THREADS; thread++)
			make_arena(&arenas[process][thread]);
		prepare_birth(process);
	}
	conduct(cpu);
	open_nursery();
	if (!crew_restart())
		errx(2, "the agents do not start");
}

/* ------------------------------------------------------------------------
 * Command and observation
 */

void crew_begin(unsigned int process, unsigned int thread)
{
	struct agent *agent = &agents[process][thread];

	agent->begun++;
	agent_futex_wake(&agent->begun);
}

bool crew_has_finished(unsigned int process, unsigned int thread)
{
	const struct agent *agent = &agents[process][thread];

	return agent->finished == agent->begun;
}

bool crew_finish(unsigned int process, unsigned int thread)
{
	struct agent *agent = &agents[process][thread];

	return crew_has_finished(process, thread) ||
	       agent_futex_wait(&agent->finished, agent->begun - 1, crew_patience);
}

/* Nothing but an ioctl may make a thread sleep for long. */
static bool sleeps_in_ioctl(unsigned int process, unsigned int thread)
{
	char text[256], wanted[16];
	int length = snprintf(wanted, sizeof(wanted), "%d ", SYS_ioctl);

	return pread(members[process].states[thread], text, sizeof(text), 0) > length &&
	       !memcmp(text, wanted, length);
}

/* Let the others run; sleep for a moment if yielding has not helped for long. */
static void breathe(unsigned int tries)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	if (tries < YIELDS)
		sched_yield();
	else
		nanosleep(&moment, NULL);
}

bool crew_settle(unsigned int process, unsigned int thread)
{
	unsigned int tries;

	for (tries = 0; tries < YIELDS + crew_patience; tries++) {
		breathe(tries);
		if (crew_has_finished(process, thread) || sleeps_in_ioctl(process, thread))
			return true;
	}

	return false;
}

bool crew_signal(unsigned int process, unsigned int thread, enum how how)
{
	struct agent *agent = &agents[process][thread];
	uint32_t signals = agent->signals;
	siginfo_t info = { .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_ptr = agent;
	if (syscall(SYS_rt_tgsigqueueinfo, members[process].pid, agent->tid,
		    how == HOW_RESTART ? SIGUSR2 : SIGUSR1, &info))
		err(2, "rt_tgsigqueueinfo");

	return agent_futex_wait(&agent->signals, signals, crew_patience);
}
