// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of an mm in which records are mapped: the clients of its process end early.
 *
 * An exiting process tears down its mm before it closes its files.  Tearing down gigabytes can
 * take seconds, and until the files are closed the locks would stay held.  But the kernel calls
 * an mmu notifier before it begins to tear down, and if the process is over (process.c), its
 * clients can end at once.
 *
 * What that costs
 *
 *   Registering the first notifier of an mm takes the locks of all its mappings, under one
 *   mutex of the whole system.  In an emulated machine that took 0.5 ms for a small process,
 *   and 62 ms for one with 60 000 mappings.  So only the first mapping of records in an mm
 *   registers one, the library maps only where that is worth it, and an mm with more than
 *   MAX_MAPPINGS mappings is not watched: its locks are released when its files are closed.
 *
 * An mm is watched until it is torn down, even if all the files are closed before.  Removing
 * the notifier earlier would wait for changes to the mm that are in progress.  Users of the mm
 * can make that last without limit, and the process that closes a file need not be one of them.
 */
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "exit.h"
#include "process.h"

#define MAX_MAPPINGS	8192

/**
 * struct exit_mm - an mm in which records are mapped, until it is torn down
 * @notifier: called when the kernel begins to tear it down
 * @node: in the table, until then; guarded by exit_lock
 * @pid: the process that mapped the records first
 * @work: frees this struct
 */
struct exit_mm {
	struct mmu_interval_notifier notifier;
	struct hlist_node node;
	struct pid *pid;
	struct work_struct work;
};

/* All struct exit_mm, by the address of the struct mm_struct. */
static DEFINE_HASHTABLE(exit_mms, 8);
static DEFINE_MUTEX(exit_lock);
static struct workqueue_struct *exit_workers;

static void exit_free(struct exit_mm *watched)
{
	mmu_interval_notifier_remove(&watched->notifier);
	put_pid(watched->pid);
	kfree(watched);
}

static void exit_work(struct work_struct *work)
{
	exit_free(container_of(work, struct exit_mm, work));
}

/* Called by the notifier, which cannot be removed from within this call: hence the work. */
static void exit_mm_goes(struct exit_mm *watched, const struct mm_struct *mm)
{
	lockmgr_process_mm_goes(watched->pid, mm);

	guard(mutex)(&exit_lock);

	if (hash_hashed(&watched->node)) {
		hash_del(&watched->node);
		queue_work(exit_workers, &watched->work);
	}
}

/*
 * An interval notifier, although only the end of the mm matters: the other kind makes each mm
 * that ends wait for an SRCU grace period, shared by all mms, which takes ten milliseconds
 * where processes end one after the other.
 */
static bool exit_invalidate(struct mmu_interval_notifier *notifier,
			    const struct mmu_notifier_range *range, unsigned long sequence)
{
	/* All other events may come in atomic context. */
	if (range->event == MMU_NOTIFY_RELEASE)
		exit_mm_goes(container_of(notifier, struct exit_mm, notifier), range->mm);

	return true;
}

static const struct mmu_interval_notifier_ops exit_ops = {
	.invalidate = exit_invalidate,
};

/* An interval where nothing is ever mapped, so that no event but the end of the mm concerns it. */
static int exit_insert(struct exit_mm *watched, struct mm_struct *mm)
{
	return mmu_interval_notifier_insert_locked(&watched->notifier, mm, ULONG_MAX - PAGE_SIZE,
						   PAGE_SIZE, &exit_ops);
}

static int exit_add(struct mm_struct *mm)
{
	struct exit_mm *watched = kzalloc(sizeof(*watched), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!watched)
		return -ENOMEM;

	watched->pid = get_pid(task_tgid(current));
	INIT_WORK(&watched->work, exit_work);
	ret = exit_insert(watched, mm);
	if (ret) {
		put_pid(watched->pid);
		kfree(watched);
		return ret;
	}

	guard(mutex)(&exit_lock);
	hash_add(exit_mms, &watched->node, (unsigned long)mm);

	return 0;
}

static bool exit_is_watched(const struct mm_struct *mm)
{
	struct exit_mm *watched;

	guard(mutex)(&exit_lock);

	hash_for_each_possible(exit_mms, watched, node, (unsigned long)mm)
		if (watched->notifier.mm == mm)
			return true;

	return false;
}

/**
 * lockmgr_exit_watch() - make the clients of the calling process end when an mm is torn down
 * @mm: where records are being mapped; locked for writing, so that no other thread adds it, and
 *	it stays
 *
 * If a signal interrupts this, the mm is not watched.  mmap() cannot restart here, and need
 * not: the locks are then released when the files are closed.
 *
 * Return: 0 or -ENOMEM
 */
int lockmgr_exit_watch(struct mm_struct *mm)
{
	mmap_assert_write_locked(mm);

	if (mm->map_count > MAX_MAPPINGS || exit_is_watched(mm))
		return 0;

	return exit_add(mm) == -ENOMEM ? -ENOMEM : 0;
}

int __init lockmgr_exit_init(void)
{
	exit_workers = alloc_workqueue("lockmgr_exit", WQ_UNBOUND, 0);

	return exit_workers ? 0 : -ENOMEM;
}

static struct exit_mm *exit_take(void)
{
	struct exit_mm *watched, *last = NULL;
	int bucket;

	guard(mutex)(&exit_lock);

	hash_for_each(exit_mms, bucket, watched, node)
		last = watched;
	if (last)
		hash_del(&last->node);

	return last;
}

/**
 * lockmgr_exit_stop() - stop watching all mms; no file is open
 */
void lockmgr_exit_stop(void)
{
	struct exit_mm *watched;

	while ((watched = exit_take()))
		exit_free(watched);
	destroy_workqueue(exit_workers);
}
