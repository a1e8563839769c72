// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockmgr - inter-process mutexes, used through /dev/lockmgr.
 *
 * The files, from the top.  A file calls only files below it; tests/layers checks that.
 *
 *   main.c	this file: parameters, loading and unloading
 *   debugfs.c	a table of all locks
 *   device.c	the device: open files
 *   sysfs.c	attributes of the device
 *   ioctl.c	the commands: their arguments and results, copied from and to user memory
 *   attach.c	a file becomes a client of a space
 *   map.c	mmap(): records, which user space then reads and writes, and the clock
 *   clock.c	the page with the clock, which user space reads
 *   exit.c	the end of an mm in which records are mapped
 *   process.c	clients that end with their process
 *   list.c	what can be seen of a space
 *   client.c	an open file as a client of a space
 *   promise.c	places in queues, kept for threads that handle a signal
 *   names.c	which space has which name
 *   directory.c	directories of spaces in sysfs
 *   count.c	how many locks are held, and who waits
 *   space.c	spaces: their clients and ids
 *   acquire.c	acquiring a lock, and waiting for it
 *   lock.c	the state machine of a lock
 *   wait.c	queues of waiters
 *   deadlock.c	the graph of waits
 *   holder.c	from a record to the thread that holds the lock
 *   permit.c	who may do what with a space
 *   stats.c	counters of what has happened in a space
 *   alloc.c	which ids are allocated
 *   record.c	pages of records
 *   note.c	what an allocated id stands for
 *   quota.c	what each user has in use
 *   namespace.c	IPC namespaces, and when they end
 *   trace.c	tracepoints
 *
 * Only device.c, ioctl.c, map.c, exit.c and, for its table, debugfs.c know of struct file or of
 * user memory.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>

#include <linux/lockmgr.h>

#include "clock.h"
#include "compat.h"
#include "debugfs.h"
#include "device.h"
#include "directory.h"
#include "exit.h"
#include "names.h"
#include "namespace.h"
#include "process.h"
#include "quota.h"
#include "space.h"

static int main_set_locks_per_space(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 1, LOCKMGR_CAPACITY_MAX);
}

static int main_set_limit(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 0, INT_MAX);
}

static const struct kernel_param_ops locks_per_space_ops = {
	.set = main_set_locks_per_space,
	.get = param_get_uint,
};

static const struct kernel_param_ops limit_ops = {
	.set = main_set_limit,
	.get = param_get_uint,
};

module_param_cb(locks_per_space, &locks_per_space_ops, &lockmgr_limits.locks_per_space, 0644);
MODULE_PARM_DESC(locks_per_space, "Maximum ids per space (1 to 1048576)");

module_param_cb(spaces_per_user, &limit_ops, &lockmgr_limits.spaces_per_user, 0644);
MODULE_PARM_DESC(spaces_per_user, "Maximum spaces per user, and in a user's user namespaces");

module_param_cb(clients_per_space, &limit_ops, &lockmgr_limits.clients_per_space, 0644);
MODULE_PARM_DESC(clients_per_space, "Maximum clients that can lock, per space and class of users");

module_param_cb(locks_per_user, &limit_ops, &lockmgr_limits.locks_per_user, 0644);
MODULE_PARM_DESC(locks_per_user, "Maximum locks in use per user, in all spaces");

static int __init lockmgr_init(void)
{
	int ret;

	ret = lockmgr_spaces_init();
	if (ret)
		return ret;
	ret = lockmgr_clock_init();
	if (ret)
		goto out_spaces;
	ret = lockmgr_process_init();
	if (ret)
		goto out_clock;
	ret = lockmgr_exit_init();
	if (ret)
		goto out_process;

	/* The last step that can fail: from here on the device may be open. */
	ret = lockmgr_device_init();
	if (ret)
		goto out_exit;
	lockmgr_directories_init();
	lockmgr_debugfs_init();

	return 0;

out_exit:
	lockmgr_exit_stop();
out_process:
	lockmgr_process_stop();
out_clock:
	lockmgr_clock_exit();
out_spaces:
	lockmgr_spaces_exit();
	return ret;
}

static void __exit lockmgr_exit(void)
{
	/* No file of the module is open, and none can be opened any more. */
	lockmgr_debugfs_exit();
	lockmgr_spaces_exit();
	lockmgr_namespaces_exit();
	lockmgr_directories_exit();
	lockmgr_device_exit();
	lockmgr_exit_stop();
	lockmgr_process_stop();
	lockmgr_clock_exit();
	/* call_rcu() frees clients with a function of this module: wait for it. */
	rcu_barrier();
}

module_init(lockmgr_init);
module_exit(lockmgr_exit);

MODULE_DESCRIPTION("Inter-process mutexes");
MODULE_AUTHOR("The lockmgr authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(LOCKMGR_VERSION);
