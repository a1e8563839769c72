// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/lockmgr: opening makes a client, closing is its death.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "client.h"
#include "device.h"
#include "exit.h"
#include "ioctl.h"
#include "map.h"

/* Called under a mutex of all misc devices: keep it short. */
static int device_open(struct inode *inode, struct file *file)
{
	file->private_data = lockmgr_client_create();
	if (!file->private_data)
		return -ENOMEM;

	return nonseekable_open(inode, file);
}

/* The last reference is gone: no thread is in a call on this file, nor will be. */
static int device_release(struct inode *inode, struct file *file)
{
	struct lockmgr_client *client = file->private_data;

	lockmgr_exit_unwatch(client);
	lockmgr_client_destroy(client);

	return 0;
}

static const struct file_operations device_fops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
	.release	= device_release,
	.unlocked_ioctl	= lockmgr_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= lockmgr_map,
	.llseek		= noop_llseek,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "lockmgr",
	.fops	= &device_fops,
	.mode	= 0666,
};

int __init lockmgr_device_init(void)
{
	return misc_register(&device);
}

void lockmgr_device_exit(void)
{
	misc_deregister(&device);
}
