/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes of one user that do something useful, processes of another user that attack
 * them, and a supervisor that switches the attack on and off and counts what the victims do.
 *
 * While the attack is off, the attackers spin: what the victims lose to that, they would lose
 * to any other process.  What they lose beyond it while the attack is on is the harm that the
 * attack does.
 *
 * On each processor, the processes of each user are in a control group, so that it makes no
 * difference how many threads they have.  While the supervisor counts, the scheduler gives the
 * attackers a hundredth of the victims' processor, and all of the others.  So there are always
 * attackers that run, and on the victims' processor they stay long in whatever part of the
 * kernel they have got to, because they hardly get the time to leave it.
 */
#ifndef ARENA_H
#define ARENA_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "harness.h"

/* No other process runs as one of these users. */
#define VICTIM_UID	1002
#define ATTACKER_UID	1003

#define ATTACKERS	4
#define VICTIMS		4

/* The control group of a user's processes on a processor. */
#define ARENA_CGROUP	"/sys/fs/cgroup"
#define ARENA_GROUP	ARENA_CGROUP "/lockmgr-user-%u-cpu-%u"

/* What the supervisor asks of the attackers. */
enum arena_mode {
	ARENA_SPIN,
	ARENA_FLOOD,
};

/**
 * struct arena - memory that all processes share
 * @mode: what the attackers must do
 * @ready: attackers that are prepared
 * @obeyed: for each attacker, the mode that it has last seen
 * @operations: for each victim, how many it has done
 */
struct arena {
	atomic_int mode;
	atomic_uint ready;
	atomic_int obeyed[ATTACKERS];
	atomic_ulong operations[VICTIMS];
};

/**
 * struct attacker - one process that attacks
 * @arena: the shared memory
 * @index: its number
 * @file: a file of the device, attached to a space of the attackers
 * @counter: for the functions of struct attack to use
 */
struct attacker {
	struct arena *arena;
	unsigned int index;
	int file;
	unsigned int counter;
};

/**
 * struct attack - a way to attack
 * @name: for messages
 * @prepare: called once by each attacker; may be NULL
 * @begin: called when the attack is switched on; may be NULL
 * @step: called again and again while it is on; must return within milliseconds
 * @end: called when it is switched off; may be NULL
 */
struct attack {
	const char *name;
	void (*prepare)(struct attacker *self);
	void (*begin)(struct attacker *self);
	void (*step)(struct attacker *self);
	void (*end)(struct attacker *self);
};

/**
 * struct victim - something that a user does all the time
 * @name: for messages
 * @prepare: returns an open file for @step
 * @step: one operation
 * @sleeps: whether it may wait for other users
 */
struct victim {
	const char *name;
	int (*prepare)(void);
	void (*step)(int file);
	bool sleeps;
};

/* ------------------------------------------------------------------------
 * Functions for attackers and victims, in which cmocka's assertions do not work
 */

#define arena_check(condition) \
	((condition) ? (void)0 : arena_fail(__FILE__, __LINE__, #condition))

static inline void arena_fail(const char *file, int line, const char *what)
{
	dprintf(STDOUT_FILENO, "# pid %d: %s:%d: not true: %s (%m)\n", getpid(), file, line, what);
	_exit(1);
}

static inline int arena_open(void)
{
	int file = open("/dev/lockmgr", O_RDWR | O_CLOEXEC);

	arena_check(file >= 0);

	return file;
}

/** Attach a file to a space of the calling user, which is created if it is missing. */
static inline void arena_attach(int file, const char *space, uint32_t flags)
{
	struct lockmgr_ioctl_attach args = {
		.flags = LOCKMGR_ATTACH_CREATE | flags,
		.owner = LOCKMGR_ID_CALLER,
		.group = LOCKMGR_ID_CALLER,
	};

	snprintf(args.name, sizeof(args.name), "%s", space);
	arena_check(!ioctl(file, LOCKMGR_IOC_ATTACH, &args));
}

static inline int arena_open_space(const char *space, uint32_t flags)
{
	int file = arena_open();

	arena_attach(file, space, flags);

	return file;
}

static inline int arena_unlink(int file, const char *space)
{
	struct lockmgr_ioctl_unlink args = { .owner = LOCKMGR_ID_CALLER };

	snprintf(args.name, sizeof(args.name), "%s", space);

	return ioctl(file, LOCKMGR_IOC_UNLINK, &args);
}

/** Lock a lock; @deadline: 0: none. */
static inline int arena_lock(int file, uint32_t id, uint64_t deadline)
{
	struct lockmgr_ioctl_lock args = {
		.id = id,
		.flags = deadline ? LOCKMGR_LOCK_DEADLINE : 0,
		.deadline = deadline,
	};

	return ioctl(file, LOCKMGR_IOC_LOCK, &args);
}

static inline int arena_id(int file, unsigned int command, uint32_t id)
{
	struct lockmgr_ioctl_id args = { .id = id };

	return ioctl(file, command, &args);
}

static inline void arena_spin(void)
{
	volatile unsigned int i;

	for (i = 0; i < 1000; i++)
		;
}

static inline int arena_write(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	int ret = file >= 0 && write(file, text, strlen(text)) >= 0 ? 0 : -errno;

	if (file >= 0)
		close(file);

	return ret;
}

static inline void arena_enter_group(uid_t uid, unsigned int cpu)
{
	char path[64];

	snprintf(path, sizeof(path), ARENA_GROUP "/cgroup.procs", uid, cpu);
	arena_check(!arena_write(path, "0"));
}

/** Fork a process of a user, bound to a processor; it is killed when the caller ends. */
static inline pid_t arena_fork(uid_t uid, unsigned int cpu)
{
	pid_t pid, parent = getpid();
	cpu_set_t cpus;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;

	arena_enter_group(uid, cpu);
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	arena_check(!sched_setaffinity(0, sizeof(cpus), &cpus));
	arena_check(!setresgid(uid, uid, uid) && !setresuid(uid, uid, uid));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);

	return 0;
}

static inline void arena_obey(struct attacker *self, const struct attack *attack, int mode)
{
	atomic_int *obeyed = &self->arena->obeyed[self->index];
	int before = atomic_load(obeyed);

	if (mode == before)
		return;
	if (before == ARENA_FLOOD && attack->end)
		attack->end(self);
	if (mode == ARENA_FLOOD && attack->begin)
		attack->begin(self);
	atomic_store(obeyed, mode);
}

static inline void arena_attack(struct attacker *self, const struct attack *attack)
{
	self->file = arena_open_space("attackers", 0);
	if (attack->prepare)
		attack->prepare(self);
	atomic_fetch_add(&self->arena->ready, 1);

	for (;;) {
		int mode = atomic_load(&self->arena->mode);

		arena_obey(self, attack, mode);
		if (mode == ARENA_FLOOD)
			attack->step(self);
		else
			arena_spin();
	}
}

static inline void arena_suffer(struct arena *arena, unsigned int index,
				const struct victim *victim)
{
	int file = victim->prepare();

	for (;;) {
		victim->step(file);
		atomic_fetch_add_explicit(&arena->operations[index], 1, memory_order_relaxed);
	}
}

#endif /* ARENA_H */
