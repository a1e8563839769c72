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
 *
 * Whoever maps records has the memory watched until that is taken down, even if all the
 * files are closed before: to stop watching means to wait for what the memory's users do
 * to it, without end if they want, and who closes a file need not be one of them.
 */
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "client.h"
#include "exit.h"

/* How many descriptors to look at without a break. */
#define SCAN_FILES	1024

/*
 * How many descriptors and mappings to look at when a memory goes, all in all: some
 * milliseconds.  Clients for which that is not enough are left to their files' release.
 */
#define SCAN_BUDGET	1000000L

/**
 * struct memory - a memory that has mapped records, until it is taken down
 * @notifier: hears of that
 * @node: in the table, until then; guarded by memories_lock, as is @clients
 * @clients: struct lockmgr_client: what to end then
 * @work: frees it
 */
struct memory {
	struct mmu_interval_notifier notifier;
	struct hlist_node node;
	struct list_head clients;
	struct work_struct work;
};

/* The memories, by the address of their struct mm_struct. */
static DEFINE_HASHTABLE(memories, 8);
/* Guards that table, and struct lockmgr_exit of each client.  Never held for long. */
static DEFINE_MUTEX(memories_lock);
/* Whose file is being released while the client ends waits here. */
static DECLARE_WAIT_QUEUE_HEAD(ended_queue);
static struct workqueue_struct *workers;

static long count_mappings(struct mm_struct *mm, const struct file *file)
{
	VMA_ITERATOR(iterator, mm, 0);
	struct vm_area_struct *vma;
	long count = 0;

	mmap_read_lock(mm);
	for_each_vma(iterator, vma) {
		count += vma->vm_file == file;
		cond_resched();
	}
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
static void end(struct lockmgr_client *client, long references)
{
	WRITE_ONCE(client->ended, true);
	/* Pairs with taking a reference to a file, which is a full barrier. */
	smp_mb();
	if (file_count(client->exit.file) == references)
		lockmgr_client_end(client);
	else
		WRITE_ONCE(client->ended, false);
}

/* How much there is to look at for a client. */
static long scan_cost(struct files_struct *files, const struct mm_struct *mm)
{
	long cost = mm->map_count;

	rcu_read_lock();
	cost += files_fdtable(files)->max_fds;
	rcu_read_unlock();

	return cost;
}

/*
 * Whether this is the end of a process, and of all who share its files: who is ending
 * stays so.  Others can be the last user of a memory; and exec is no end.
 */
static bool is_end_of_all(void)
{
	return current->flags & PF_EXITING && !atomic_read(&current->signal->live) &&
	       current->files && all_are_ending(current->files);
}

static void end_if_nobody_else(struct lockmgr_client *client, struct mm_struct *mm, long *budget)
{
	struct files_struct *files = current->files;
	struct file *file = client->exit.file;
	long references;

	if (*budget > 0)
		*budget -= scan_cost(files, mm);
	if (*budget <= 0)
		return;

	references = count_mappings(mm, file) + count_descriptors(files, file);
	if (file_count(file) == references)
		end(client, references);
}

static struct lockmgr_client *first_client(struct memory *memory)
{
	return list_first_entry_or_null(&memory->clients, struct lockmgr_client, exit.node);
}

/* While a client ends, its release waits; afterwards it may be gone. */
static void end_clients(struct memory *memory, struct mm_struct *mm, long budget)
{
	struct lockmgr_client *client;

	lockdep_assert_held(&memories_lock);

	while ((client = first_client(memory))) {
		list_del_init(&client->exit.node);
		WRITE_ONCE(client->exit.ending, true);
		mutex_unlock(&memories_lock);

		end_if_nobody_else(client, mm, &budget);
		cond_resched();

		mutex_lock(&memories_lock);
		WRITE_ONCE(client->exit.ending, false);
		wake_up_all(&ended_queue);
	}
}

/* It cannot be removed from within what it calls. */
static void memory_goes(struct memory *memory, struct mm_struct *mm)
{
	long budget = is_end_of_all() ? SCAN_BUDGET : 0;

	mutex_lock(&memories_lock);
	end_clients(memory, mm, budget);
	if (hash_hashed(&memory->node)) {
		hash_del(&memory->node);
		queue_work(workers, &memory->work);
	}
	mutex_unlock(&memories_lock);
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
		memory_goes(container_of(notifier, struct memory, notifier), range->mm);

	return true;
}

static const struct mmu_interval_notifier_ops ops = {
	.invalidate = invalidate,
};

static void free_memory(struct memory *memory)
{
	mmu_interval_notifier_remove(&memory->notifier);
	kfree(memory);
}

static void work(struct work_struct *work)
{
	free_memory(container_of(work, struct memory, work));
}

/* An interval where nothing is ever mapped, so that nothing but the end concerns it. */
static int insert(struct memory *memory, struct mm_struct *mm)
{
	return mmu_interval_notifier_insert_locked(&memory->notifier, mm, ULONG_MAX - PAGE_SIZE,
						   PAGE_SIZE, &ops);
}

static struct memory *watch_memory(struct mm_struct *mm)
{
	struct memory *memory;
	int ret;

	memory = kzalloc(sizeof(*memory), GFP_KERNEL_ACCOUNT);
	if (!memory)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&memory->clients);
	INIT_WORK(&memory->work, work);
	ret = insert(memory, mm);
	if (ret) {
		kfree(memory);
		return ERR_PTR(ret);
	}

	mutex_lock(&memories_lock);
	hash_add(memories, &memory->node, (unsigned long)mm);
	mutex_unlock(&memories_lock);

	return memory;
}

static struct memory *find_memory(const struct mm_struct *mm)
{
	struct memory *memory;

	guard(mutex)(&memories_lock);

	hash_for_each_possible(memories, memory, node, (unsigned long)mm)
		if (memory->notifier.mm == mm)
			return memory;

	return NULL;
}

/**
 * lockmgr_exit_watch() - end a client when the memory that maps its records goes
 * @client: the client
 * @vma: maps them, in the caller's memory, which is locked for writing: nobody else adds
 *	that memory, and it stays
 *
 * Of several memories that map them, the first is watched: none is the only one to use
 * the file.  And none if a signal comes between: there is no way to begin anew with that,
 * and no need.
 *
 * Return: 0 or -ENOMEM
 */
int lockmgr_exit_watch(struct lockmgr_client *client, const struct vm_area_struct *vma)
{
	struct memory *memory;

	mmap_assert_write_locked(vma->vm_mm);

	memory = find_memory(vma->vm_mm) ?: watch_memory(vma->vm_mm);
	if (IS_ERR(memory))
		return PTR_ERR(memory) == -ENOMEM ? -ENOMEM : 0;

	guard(mutex)(&memories_lock);

	if (list_empty(&client->exit.node)) {
		client->exit.file = vma->vm_file;
		list_add_tail(&client->exit.node, &memory->clients);
	}

	return 0;
}

/**
 * lockmgr_exit_unwatch() - the client's file is being released
 * @client: the client, which nobody else uses any more
 */
void lockmgr_exit_unwatch(struct lockmgr_client *client)
{
	/* It has never been in a list, and most have not. */
	if (!client->exit.file)
		return;

	mutex_lock(&memories_lock);
	list_del_init(&client->exit.node);
	mutex_unlock(&memories_lock);

	wait_event(ended_queue, !READ_ONCE(client->exit.ending));
}

int __init lockmgr_exit_init(void)
{
	workers = alloc_workqueue("lockmgr", WQ_UNBOUND, 0);

	return workers ? 0 : -ENOMEM;
}

static struct memory *take_memory(void)
{
	struct memory *memory, *last = NULL;
	int bucket;

	guard(mutex)(&memories_lock);

	hash_for_each(memories, bucket, memory, node)
		last = memory;
	if (last)
		hash_del(&last->node);

	return last;
}

/**
 * lockmgr_exit_stop() - watch nothing any more; no file is open
 */
void lockmgr_exit_stop(void)
{
	struct memory *memory;

	while ((memory = take_memory()))
		free_memory(memory);
	destroy_workqueue(workers);
}
