// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of an mm in which records are mapped: the clients of its process end early.
 *
 * An exiting process tears down its mm before it closes its files; the former can take
 * seconds where there are gigabytes, and until the latter the locks would stay held.
 * But the kernel tells an mmu notifier before it begins, and if the process is over
 * (process.c), its clients can end at once.
 *
 * What that costs
 *
 *   The first notifier of an mm takes the locks of all its mappings, under one mutex of
 *   the whole system.  In an emulated machine that was 0.5 ms for a small process, and
 *   62 ms for one with 60 000 mappings.  So only the first mapping of records in an mm
 *   pays, the library maps only where that is worth it, and an mm with more than
 *   MAX_MAPPINGS mappings is not watched: its locks are released when its files are
 *   closed.
 *
 * An mm is watched until it is torn down, even if all the files are closed before: to
 * stop watching is to wait for what users of the mm do to it, without a limit if they
 * want, and the process that closes a file need not be one of them.
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
 * @notifier: called then
 * @node: in the table, until then; guarded by exit_lock
 * @pid: the process that mapped them first
 * @work: frees it
 */
struct exit_mm {
	struct mmu_interval_notifier notifier;
	struct hlist_node node;
	struct pid *pid;
	struct work_struct work;
};

/* Struct exit_mm, by the address of their struct mm_struct. */
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

/* The notifier cannot be removed from within what it calls. */
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
 * The notifier is one of an interval, although all that matters is the end: the other
 * kind makes each mm that ends wait for a grace period of all mms, which takes ten
 * milliseconds where processes end one after the other.
 */
static bool exit_invalidate(struct mmu_interval_notifier *notifier,
			    const struct mmu_notifier_range *range, unsigned long sequence)
{
	/* Everything else may come in atomic context. */
	if (range->event == MMU_NOTIFY_RELEASE)
		exit_mm_goes(container_of(notifier, struct exit_mm, notifier), range->mm);

	return true;
}

static const struct mmu_interval_notifier_ops exit_ops = {
	.invalidate = exit_invalidate,
};

/* An interval where nothing is ever mapped, so that nothing but the end concerns it. */
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
 * lockmgr_exit_watch() - end the clients of the calling process when an mm goes
 * @mm: where records are being mapped; locked for writing, so nobody else adds it, and
 *	it stays
 *
 * If a signal comes between, it is not watched: there is no way to begin anew with that,
 * and no need.
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
 * lockmgr_exit_stop() - watch nothing any more; no file is open
 */
void lockmgr_exit_stop(void)
{
	struct exit_mm *watched;

	while ((watched = exit_take()))
		exit_free(watched);
	destroy_workqueue(exit_workers);
}
