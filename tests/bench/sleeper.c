// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that is known to sleep in a lock's queue.  It says in shared memory that it is about
 * to lock; from then on nothing but the lock can put it to sleep.
 */
#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

/**
 * struct sleeper_shared - what the sleeper writes
 * @stop: whether it must end instead of locking
 * @turn: the number of the turn in which it is about to lock
 * @woken: when it acquired the lock
 */
struct sleeper_shared {
	atomic_bool stop;
	_Atomic uint64_t turn;
	uint64_t woken;
};

static void sleep_in_turns(void *arg)
{
	struct sleeper *sleeper = arg;
	const struct peer *peer = sleeper->peer;
	void *handle = peer->open();

	while (true) {
		work_hear(sleeper->told[0]);
		if (atomic_load(&sleeper->shared->stop))
			break;
		atomic_fetch_add(&sleeper->shared->turn, 1);
		peer->lock(handle, 0);
		sleeper->shared->woken = now_ns();
		peer->unlock(handle, 0);
		work_tell(sleeper->tells[1]);
	}
	peer->close(handle);
}

void sleeper_start(struct sleeper *sleeper, const struct peer *peer)
{
	char path[32];

	*sleeper = (struct sleeper) {
		.peer = peer,
		.shared = work_shared(sizeof(*sleeper->shared)),
	};
	must(pipe2(sleeper->told, O_CLOEXEC));
	must(pipe2(sleeper->tells, O_CLOEXEC));
	sleeper->pid = work_fork(sleep_in_turns, sleeper);
	must(close(sleeper->tells[1]));

	snprintf(path, sizeof(path), "/proc/%d/syscall", sleeper->pid);
	sleeper->syscall = must(open(path, O_RDONLY | O_CLOEXEC));
}

void sleeper_stop(struct sleeper *sleeper)
{
	atomic_store(&sleeper->shared->stop, true);
	work_tell(sleeper->told[1]);
	work_join(sleeper->pid);
	must(close(sleeper->told[1]));
	must(close(sleeper->told[0]));
	must(close(sleeper->tells[0]));
	must(close(sleeper->syscall));
	must(munmap(sleeper->shared, sizeof(*sleeper->shared)));
}

/*
 * The kernel says "running", or else in which system call the process is, and the latter only
 * after the process has left its processor.  The process's state would say "sleeping" before
 * that.
 */
static bool is_asleep(const struct sleeper *sleeper)
{
	char first;

	return must(pread(sleeper->syscall, &first, 1, 0)) == 1 && isdigit(first);
}

void sleeper_enqueue(struct sleeper *sleeper)
{
	sleeper->turns++;
	work_tell(sleeper->told[1]);
	while (atomic_load(&sleeper->shared->turn) != sleeper->turns)
		sched_yield();
	while (!is_asleep(sleeper))
		sched_yield();
}

uint64_t sleeper_woken(struct sleeper *sleeper)
{
	work_hear(sleeper->tells[0]);
	return sleeper->shared->woken;
}
