// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/lockmgr: opening the device makes a client, and the last close is its death.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "client.h"
#include "count.h"
#include "device.h"
#include "directory.h"
#include "ioctl.h"
#include "map.h"
#include "process.h"
#include "space.h"
#include "sysfs.h"

static struct miscdevice device;

/* Called under a mutex that all misc devices share: keep it short. */
static int device_open(struct inode *inode, struct file *file)
{
	struct lockmgr_client *client;

	/* The first open may come before misc_register() has returned. */
	lockmgr_directories_put_below(&device.this_device->kobj);

	client = lockmgr_client_create();
	if (IS_ERR(client))
		return PTR_ERR(client);
	file->private_data = client;

	return nonseekable_open(inode, file);
}

/* An exiting process closes its descriptors, which calls this: see process.c. */
static int device_flush(struct file *file, fl_owner_t id)
{
	lockmgr_process_flush(file->private_data);

	return 0;
}

/* The last reference is gone: no thread is in a call on this file, and none will be. */
static int device_release(struct inode *inode, struct file *file)
{
	struct lockmgr_client *client = file->private_data;

	lockmgr_process_remove(client);
	lockmgr_client_destroy(client);

	return 0;
}

/* fdinfo lists at most this many of the locks that a file holds: it may hold a million. */
#define HELD_SHOWN	64U

static void device_show_held(struct seq_file *seq, struct lockmgr_client *client)
{
	u32 ids[HELD_SHOWN];
	u32 count = lockmgr_client_held(client, ids, HELD_SHOWN);
	u32 i;

	seq_printf(seq, "held:\t%u\n", count);
	seq_puts(seq, "locks:");
	for (i = 0; i < min(count, HELD_SHOWN); i++)
		seq_printf(seq, "%s%u", i ? " " : "\t", ids[i]);
	seq_puts(seq, count > HELD_SHOWN ? " ...\n" : "\n");
}

static void device_show_waits(struct seq_file *seq, struct lockmgr_client *client)
{
	struct lockmgr_wait_cursor cursor = {};
	const char *separator = "\t";
	u32 ids[LOCKMGR_WAITS_PER_GO];
	u32 i, count;

	seq_puts(seq, "waiting:");
	while (lockmgr_client_waits(client, &cursor, ids, &count)) {
		for (i = 0; i < count; i++) {
			seq_printf(seq, "%s%u", separator, ids[i]);
			separator = " ";
		}
	}
	seq_puts(seq, "\n");
}

/* /proc/PID/fdinfo/FD: the kernel lets those read it who may inspect that process. */
static void device_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct lockmgr_client *client = file->private_data;
	struct lockmgr_space *space = lockmgr_client_space(client);

	if (!space)
		return;

	seq_printf(seq, "space:\t%u:%s\n", from_kuid_munged(seq_user_ns(seq), space->owner),
		   space->name);
	seq_printf(seq, "generation:\t%016llx\n", space->generation);
	seq_printf(seq, "token:\t%u\n", client->token);
	device_show_held(seq, client);
	device_show_waits(seq, client);
}

static const struct file_operations device_fops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
	.flush		= device_flush,
	.release	= device_release,
	.unlocked_ioctl	= lockmgr_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= lockmgr_map,
	.show_fdinfo	= device_show_fdinfo,
	.llseek		= noop_llseek,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "lockmgr",
	.fops	= &device_fops,
	.groups	= lockmgr_device_groups,
	.mode	= 0666,
};

int __init lockmgr_device_init(void)
{
	int ret = misc_register(&device);

	if (!ret)
		lockmgr_directories_put_below(&device.this_device->kobj);

	return ret;
}

void lockmgr_device_exit(void)
{
	misc_deregister(&device);
}
