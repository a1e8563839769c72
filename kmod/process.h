/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_PROCESS_H
#define LOCKMGR_PROCESS_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct lockmgr_client;
struct mm_struct;

/**
 * struct lockmgr_process - a process, and the clients that end with it
 * @pid: the process; constant
 * @node: in the table of processes, see process.c
 * @refs: one for each client, one for @work while that is queued, one for each function that
 *	is working with it
 * @clients: struct lockmgr_client
 * @ended: the clients have ended
 * @wait: is woken when the process is over; in the wait queue of @pid as long as there are
 *	references
 * @told: it was woken, and @work was queued; guarded by that queue's lock
 * @work: ends the clients
 */
struct lockmgr_process {
	struct pid *pid;
	struct hlist_node node;
	refcount_t refs;
	/** @lock: guards @clients and @ended; held while the clients end */
	struct mutex lock;
	struct list_head clients;
	bool ended;
	struct wait_queue_entry wait;
	bool told;
	struct work_struct work;
};

int lockmgr_process_add(struct lockmgr_client *client);
void lockmgr_process_remove(struct lockmgr_client *client);
void lockmgr_process_note_mm(struct lockmgr_client *client, const struct mm_struct *mm);
void lockmgr_process_dumps_core(struct lockmgr_client *client);
void lockmgr_process_flush(struct lockmgr_client *client);
void lockmgr_process_mm_goes(struct pid *pid, const struct mm_struct *mm);

int lockmgr_process_init(void);
void lockmgr_process_stop(void);

#endif /* LOCKMGR_PROCESS_H */
