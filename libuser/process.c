// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which process this is, and forks of it.
 *
 * The C library does not call the atfork handlers in children made by clone() or _Fork().
 * So the process also has a mark in memory that the kernel wipes (MADV_WIPEONFORK) in every
 * child that gets an mm of its own.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "process.h"

/*
 * Guards the state in this file, and the list of handles.  process_fork_prepare() locks it
 * before each fork(), so that a child finds both consistent.
 */
static pthread_mutex_t process_mutex = PTHREAD_MUTEX_INITIALIZER;

static unsigned int forks;
static bool fork_is_handled;
static void (*child_handler)(void);

/* Holds this process's epoch.  In a page of its own, since the kernel wipes whole pages. */
static _Atomic uint32_t *mark;
static uint32_t epoch;

/* fork() waits while this is held, so hold it only briefly. */
void lockmgr_process_lock(void)
{
	pthread_mutex_lock(&process_mutex);
}

void lockmgr_process_unlock(void)
{
	pthread_mutex_unlock(&process_mutex);
}

/* How many forks there have been.  The caller holds the mutex. */
unsigned int lockmgr_process_forks(void)
{
	return forks;
}

static void process_fork_prepare(void)
{
	lockmgr_process_lock();
	forks++;
}

static void process_fork_child(void)
{
	const int error = errno;

	child_handler();
	lockmgr_process_unlock();
	errno = error;
}

static int process_handle_forks(void (*in_child)(void))
{
	int ret;

	if (fork_is_handled)
		return 0;

	child_handler = in_child;
	ret = pthread_atfork(process_fork_prepare, lockmgr_process_unlock, process_fork_child);
	fork_is_handled = !ret;
	return -ret;
}

/*
 * Returns zeroed memory in whole pages, which the kernel zeroes again in each child; NULL if
 * there is no memory.
 */
void *lockmgr_process_wiped_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;

	if (madvise(memory, size, MADV_WIPEONFORK)) {
		munmap(memory, size);
		return NULL;
	}
	return memory;
}

/* Sets the epoch once in each process, so that it differs from that of the parent's handles. */
static int process_mark(void)
{
	if (!mark)
		mark = lockmgr_process_wiped_memory(sizeof(*mark));
	if (!mark)
		return -ENOMEM;

	if (!*mark)
		*mark = ++epoch;
	return 0;
}

/*
 * Fills in @process for this process, and arranges that @in_child runs in each child that
 * fork() makes from now on.  All callers pass the same @in_child.  The caller holds the
 * mutex; a child holds it during @in_child.
 */
int lockmgr_process_get(struct process *process, void (*in_child)(void))
{
	int ret;

	ret = process_handle_forks(in_child);
	if (!ret)
		ret = process_mark();
	if (ret)
		return ret;

	process->mark = mark;
	process->epoch = epoch;
	return 0;
}
