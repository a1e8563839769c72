// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients that end with the process that attached them.
 *
 * Such a client belongs to its process: another process may have the file, but its commands
 * and its mmap() fail (lockmgr_client_is_usable()).  So once the process is over, no call for
 * the client is under way and none can follow, and the client's locks are released, even if
 * another process still has the file.
 *
 * A process is over when signal->live is 0.  Then each of its threads is in do_exit(), and
 * does not return from there, neither to a system call nor to user space.  A process is not
 * over when it calls exec, nor when its main thread exits before the others.
 *
 * The kernel tells the module up to three times that a process is over, in this order:
 *
 *   1. The kernel begins to tear down the mm of the process, if records are mapped in it:
 *      exit.c.
 *   2. The process closes its table of files: the flush operation of the device.
 *   3. The last thread has become a zombie, or is being reaped: a wake-up of the wait queue in
 *      struct pid that serves poll() on pidfds.
 *
 * Only the third is certain.  The first does not come while another process uses the mm
 * (CLONE_VM).  The second does not come while another process uses the table (CLONE_FILES), or
 * if the process has closed the descriptor but a child has not.  But the third is late: tearing
 * down an mm can take seconds, and a debugger that does not reap one of the threads can delay
 * it without limit.  Also, after the first or the second, the locks are free before the parent
 * hears of the death.
 *
 * A process that dumps core can be treated as over before any of these.  The kernel has stopped
 * all its other threads in do_exit(), and the thread that writes the core exits afterwards,
 * which may be minutes later.  Only where records are mapped does the module notice that a
 * process dumps core (map.c).
 *
 * The third comes with tasklist_lock held and interrupts off.  So a process has only one entry
 * in that wait queue, however many clients it has, and the wake-up only queues work.
 */
#include <linux/hashtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "client.h"
#include "process.h"

/* All struct lockmgr_process, by the address of the struct pid. */
static DEFINE_HASHTABLE(processes, 8);
/* Guards that table; no reference count in it becomes 0 without it. */
static DEFINE_MUTEX(processes_lock);
static struct workqueue_struct *process_workers;

/*
 * The acquire pairs with each thread's decrement of live, which is a full barrier.  So whoever
 * ends the clients sees what the threads did in calls and in mapped records.
 */
static bool process_is_over(struct pid *pid)
{
	struct task_struct *task;
	bool over;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	over = !task || !atomic_read_acquire(&task->signal->live);
	rcu_read_unlock();

	return over;
}

/*
 * @gone is the mm that is being torn down, through which nobody can write to records any more.
 * If @gone is NULL, or a client is mapped elsewhere, somebody may still write through the
 * client's mappings; then the release of the file looks through the client's pages again.
 */
static void process_end_clients(struct lockmgr_process *process, const struct mm_struct *gone)
{
	struct lockmgr_client *client;

	guard(mutex)(&process->lock);

	if (process->ended)
		return;

	list_for_each_entry(client, &process->clients, process_node) {
		lockmgr_client_end(client);
		client->ended = true;
		client->unmapped = !client->mapped || (gone && client->mm == gone);
		cond_resched();
	}
	process->ended = true;
}

/* Returns the process with a reference for the caller, or NULL. */
static struct lockmgr_process *process_find(struct pid *pid)
{
	struct lockmgr_process *process;

	lockdep_assert_held(&processes_lock);

	hash_for_each_possible(processes, process, node, (unsigned long)pid) {
		if (process->pid == pid) {
			refcount_inc(&process->refs);
			return process;
		}
	}

	return NULL;
}

static void process_put(struct lockmgr_process *process)
{
	if (!refcount_dec_and_mutex_lock(&process->refs, &processes_lock))
		return;
	hash_del(&process->node);
	mutex_unlock(&processes_lock);

	remove_wait_queue(&process->pid->wait_pidfd, &process->wait);
	put_pid(process->pid);
	mutex_destroy(&process->lock);
	kfree(process);
}

static void process_work(struct work_struct *work)
{
	struct lockmgr_process *process = container_of(work, struct lockmgr_process, work);

	process_end_clients(process, NULL);
	process_put(process);
}

/*
 * The lock of the wait queue is held.  Depending on its version, the kernel wakes the queue for
 * other reasons, too; but it always wakes it once the process is over.
 */
static int process_wake(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key)
{
	struct lockmgr_process *process = container_of(wait, struct lockmgr_process, wait);

	/* If no reference is left, there is no client either. */
	if (!process->told && process_is_over(process->pid) &&
	    refcount_inc_not_zero(&process->refs)) {
		process->told = true;
		queue_work(process_workers, &process->work);
	}

	return 0;
}

static struct lockmgr_process *process_create(struct pid *pid)
{
	struct lockmgr_process *process = kzalloc(sizeof(*process), GFP_KERNEL_ACCOUNT);

	if (!process)
		return NULL;

	process->pid = get_pid(pid);
	refcount_set(&process->refs, 1);
	mutex_init(&process->lock);
	INIT_LIST_HEAD(&process->clients);
	init_waitqueue_func_entry(&process->wait, process_wake);
	INIT_WORK(&process->work, process_work);
	add_wait_queue(&pid->wait_pidfd, &process->wait);

	return process;
}

static struct lockmgr_process *process_get(struct pid *pid)
{
	guard(mutex)(&processes_lock);

	return process_find(pid);
}

/* Another thread may have inserted one first; then this returns that one. */
static struct lockmgr_process *process_insert(struct lockmgr_process *process)
{
	struct lockmgr_process *other;

	guard(mutex)(&processes_lock);

	other = process_find(process->pid);
	if (!other)
		hash_add(processes, &process->node, (unsigned long)process->pid);

	return other ?: process;
}

static struct lockmgr_process *process_get_or_create(struct pid *pid)
{
	struct lockmgr_process *process = process_get(pid);
	struct lockmgr_process *new;

	if (process)
		return process;

	new = process_create(pid);
	if (!new)
		return NULL;

	process = process_insert(new);
	if (process != new)
		process_put(new);

	return process;
}

/**
 * lockmgr_process_add() - make a client end with the calling process
 * @client: the client, locked, joined, not published yet
 *
 * Return: 0 or -ENOMEM
 */
int lockmgr_process_add(struct lockmgr_client *client)
{
	struct lockmgr_process *process = process_get_or_create(task_tgid(current));

	lockdep_assert_held(&client->lock);

	if (!process)
		return -ENOMEM;

	/* The caller's process is not over, so nothing ends the client before it is published. */
	mutex_lock(&process->lock);
	list_add_tail(&client->process_node, &process->clients);
	mutex_unlock(&process->lock);
	client->process = process;

	return 0;
}

/**
 * lockmgr_process_remove() - the client's file is being released, or is not attached after all
 * @client: the client; if another thread is ending it, this waits
 */
void lockmgr_process_remove(struct lockmgr_client *client)
{
	struct lockmgr_process *process = client->process;

	if (!process)
		return;

	mutex_lock(&process->lock);
	list_del(&client->process_node);
	mutex_unlock(&process->lock);
	client->process = NULL;
	process_put(process);
}

/**
 * lockmgr_process_note_mm() - the client's process maps records
 * @client: a client that ends with its process
 * @mm: where it maps them; only the address of @mm is used
 */
void lockmgr_process_note_mm(struct lockmgr_client *client, const struct mm_struct *mm)
{
	guard(mutex)(&client->process->lock);

	/* After exec, the mm is another; a process that shared the first may still use that. */
	client->mm = client->mapped && client->mm != mm ? NULL : mm;
	client->mapped = true;
}

/**
 * lockmgr_process_dumps_core() - the calling thread may be about to write its core
 * @client: a client whose records are mapped in the caller's mm, which is locked
 */
void lockmgr_process_dumps_core(struct lockmgr_client *client)
{
	struct core_state *state = READ_ONCE(current->signal->core_state);
	struct lockmgr_process *process = client->process;

	/* Threads that read their maps get here as well, until they are stopped. */
	if (state && state->dumper.task == current && process &&
	    process->pid == task_tgid(current))
		process_end_clients(process, NULL);
}

/**
 * lockmgr_process_flush() - a descriptor of the client's file is closed
 * @client: the client; it need not be attached
 */
void lockmgr_process_flush(struct lockmgr_client *client)
{
	struct lockmgr_process *process;

	if (!(current->flags & PF_EXITING) || !lockmgr_client_space(client))
		return;

	process = client->process;
	if (process && process->pid == task_tgid(current) && process_is_over(process->pid))
		process_end_clients(process, NULL);
}

/**
 * lockmgr_process_mm_goes() - nobody uses an mm any more
 * @pid: the process that mapped records in it
 * @mm: the mm
 */
void lockmgr_process_mm_goes(struct pid *pid, const struct mm_struct *mm)
{
	struct lockmgr_process *process;

	if (!process_is_over(pid))
		return;

	process = process_get(pid);
	if (!process)
		return;

	process_end_clients(process, mm);
	process_put(process);
}

int __init lockmgr_process_init(void)
{
	process_workers = alloc_workqueue("lockmgr", WQ_UNBOUND, 0);

	return process_workers ? 0 : -ENOMEM;
}

/**
 * lockmgr_process_stop() - no file is open, so there is no client
 */
void lockmgr_process_stop(void)
{
	destroy_workqueue(process_workers);
}
