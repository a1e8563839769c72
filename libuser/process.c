// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which process this is, and forks of it.
 *
 * The atfork handler is not called in children made by clone() or _Fork().  So the process
 * has a mark, too, which the kernel wipes in every child with memory of its own.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "process.h"

/*
 * Guards all that is in this file, and the list of handles.  fork() waits for it, so that a
 * child finds them whole.
 */
static pthread_mutex_t process_mutex = PTHREAD_MUTEX_INITIALIZER;

static unsigned int forks;
static bool fork_is_handled;
static void (*child_handler)(void);

/* In a page of its own, since that is what the kernel wipes.  It has this process's epoch. */
static _Atomic uint32_t *mark;
static uint32_t epoch;

/* Holds forks back: for moments only. */
void lockmgr_process_lock(void)
{
	pthread_mutex_lock(&process_mutex);
}

void lockmgr_process_unlock(void)
{
	pthread_mutex_unlock(&process_mutex);
}

/* How many there have been.  With the mutex. */
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

/* Zeros, and again zeros in each child.  Whole pages; NULL if there is no memory. */
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

/* Once in a process.  Its parent's handles have another epoch. */
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
 * Says which process this is, and calls @in_child, the same each time, in each child that
 * fork() makes from now on.  With the mutex, which a child has during @in_child.
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
