// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a process that has records mapped.
 *
 * Who ends takes its memory down, and then closes its files.  The first can take long,
 * seconds where there are gigabytes, and until the second the locks would stay held.
 * But the kernel says before it begins, and if nobody else can use the file, its client
 * can end at once.
 *
 * Nobody can, if each reference to the file is one of these:
 *
 *   - a mapping in that memory.  It has no user any more, or it would not be taken
 *     down, and gets none: nothing is read or written through it.
 *   - a descriptor in a table of files which only threads share that are ending:
 *     they do not come here again.  What still can take the file from there is
 *     pidfd_getfd(): see end().
 *
 * A call that is under way has a reference of its own, and so has everything else.
 *
 * In all other cases the file's release does the same, later.
 */
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "client.h"
#include "exit.h"

/* How many descriptors to look at without a break. */
#define SCAN_FILES	1024

/**
 * struct lockmgr_exit - who hears that a memory is taken down
 * @notifier: in that memory's tree
 * @client: what to end then; NULL once its file is being released.  Guarded by @lock,
 *	as is @file
 * @file: the client's file
 */
struct lockmgr_exit {
	struct mmu_interval_notifier notifier;
	/** @lock: held while the client ends, so that its release waits for that */
	struct mutex lock;
	struct lockmgr_client *client;
	struct file *file;
};

static long count_mappings(struct mm_struct *mm, const struct file *file)
{
	VMA_ITERATOR(iterator, mm, 0);
	struct vm_area_struct *vma;
	long count = 0;

	mmap_read_lock(mm);
	for_each_vma(iterator, vma)
		count += vma->vm_file == file;
	mmap_read_unlock(mm);

	return count;
}

/**
 * struct scan - of a table of files
 * @file: what is looked for
 * @found: how often it is there
 * @seen: how many others have been looked at
 */
struct scan {
	const struct file *file;
	long found;
	unsigned int seen;
};

/* Returns where to go on, after each so many. */
static int scan_file(const void *data, struct file *file, unsigned int fd)
{
	struct scan *scan = (struct scan *)data;

	scan->found += file == scan->file;

	return ++scan->seen % SCAN_FILES ? 0 : fd + 1;
}

static long count_descriptors(struct files_struct *files, const struct file *file)
{
	struct scan scan = { .file = file };
	int fd = 0;

	do {
		fd = iterate_fd(files, fd, scan_file, &scan);
		cond_resched();
	} while (fd);

	return scan.found;
}

static bool is_ending_with(const struct task_struct *thread, const struct files_struct *files)
{
	return READ_ONCE(thread->flags) & PF_EXITING && READ_ONCE(thread->files) == files;
}

/*
 * Whether all threads that share a table of files are ending.  Who leaves it meanwhile
 * is missed, and then the answer is no.
 */
static bool all_are_ending(struct files_struct *files)
{
	int others = atomic_read(&files->count);
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(current, thread)
		if (is_ending_with(thread, files) && !--others)
			break;
	rcu_read_unlock();

	return !others;
}

/*
 * Who takes the file out of the table meanwhile has a reference first, and then looks
 * whether the client has ended.
 */
static void end(struct lockmgr_exit *exit, long references)
{
	WRITE_ONCE(exit->client->ended, true);
	/* Pairs with taking a reference to a file, which is a full barrier. */
	smp_mb();
	if (file_count(exit->file) == references)
		lockmgr_client_end(exit->client);
	else
		WRITE_ONCE(exit->client->ended, false);
}

static void end_if_nobody_else(struct lockmgr_exit *exit, struct mm_struct *mm)
{
	struct files_struct *files = current->files;
	long references;

	/* Others can be the last user of a memory; and exec is no end. */
	if (!(current->flags & PF_EXITING) || !files || !all_are_ending(files))
		return;

	references = count_mappings(mm, exit->file) + count_descriptors(files, exit->file);
	if (file_count(exit->file) == references)
		end(exit, references);
}

static void memory_goes(struct lockmgr_exit *exit, struct mm_struct *mm)
{
	mutex_lock(&exit->lock);
	if (exit->client)
		end_if_nobody_else(exit, mm);
	mutex_unlock(&exit->lock);
}

/*
 * The notifier is one of an interval, although all that matters is the end: the other
 * kind makes each memory that goes wait for a grace period of all memories, which takes
 * ten milliseconds where processes end one behind the other.
 */
static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range, unsigned long sequence)
{
	/* Everything else may come in atomic context. */
	if (range->event == MMU_NOTIFY_RELEASE)
		memory_goes(container_of(notifier, struct lockmgr_exit, notifier), range->mm);

	return true;
}

static const struct mmu_interval_notifier_ops ops = {
	.invalidate = invalidate,
};

static void free_exit(struct lockmgr_exit *exit)
{
	mutex_destroy(&exit->lock);
	kfree(exit);
}

static struct lockmgr_exit *create(struct lockmgr_client *client, struct file *file)
{
	struct lockmgr_exit *exit;

	exit = kzalloc(sizeof(*exit), GFP_KERNEL_ACCOUNT);
	if (!exit)
		return NULL;

	mutex_init(&exit->lock);
	exit->client = client;
	exit->file = file;

	return exit;
}

/**
 * lockmgr_exit_watch() - end a client when the memory that maps its records goes
 * @client: the client
 * @vma: maps them, in the caller's memory, which is locked for writing
 *
 * Only the first memory that maps them is watched: where there are several, none is
 * the only one to use the file.  And none if a signal comes between: there is no way
 * to begin anew with that, and no need.
 *
 * Return: 0 or -ENOMEM
 */
int lockmgr_exit_watch(struct lockmgr_client *client, const struct vm_area_struct *vma)
{
	struct lockmgr_exit *exit;
	int ret = 0;

	mmap_assert_write_locked(vma->vm_mm);

	if (READ_ONCE(client->exit))
		return 0;
	exit = create(client, vma->vm_file);
	if (!exit)
		return -ENOMEM;

	if (!cmpxchg(&client->exit, NULL, exit)) {
		ret = mmu_interval_notifier_insert_locked(&exit->notifier, vma->vm_mm,
							  vma->vm_start, PAGE_SIZE, &ops);
		if (!ret)
			return 0;
		WRITE_ONCE(client->exit, NULL);
	}
	free_exit(exit);

	return ret == -ENOMEM ? ret : 0;
}

/**
 * lockmgr_exit_unwatch() - the client's file is being released
 * @client: the client, which nobody else uses any more
 */
void lockmgr_exit_unwatch(struct lockmgr_client *client)
{
	struct lockmgr_exit *exit = client->exit;

	if (!exit)
		return;

	mutex_lock(&exit->lock);
	exit->client = NULL;
	mutex_unlock(&exit->lock);
	/* Waits for what runs. */
	mmu_interval_notifier_remove(&exit->notifier);
	free_exit(exit);
}
