// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of the device, one value per file.  ABI/sysfs-class-misc-lockmgr describes them.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/sysfs.h>

#include <linux/lockmgr.h>

#include "ioctl.h"
#include "namespace.h"
#include "sysfs.h"

static ssize_t version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", LOCKMGR_VERSION);
}

/* In the order of their bits. */
static const char *const feature_names[] = { "deadlock", "map", "process_end",
					     "interruptible", "notes" };

static_assert(LOCKMGR_FEATURES == BIT(ARRAY_SIZE(feature_names)) - 1);

static ssize_t features_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	int length = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(feature_names); i++)
		length += sysfs_emit_at(buf, length, "%s%s", i ? " " : "", feature_names[i]);

	return length + sysfs_emit_at(buf, length, "\n");
}

/* The two counters below are of the reader's IPC namespace. */

static ssize_t nr_spaces_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct lockmgr_namespace *namespace = lockmgr_namespace_find_current();
	u32 count = 0;

	if (namespace) {
		count = READ_ONCE(namespace->space_count);
		lockmgr_namespace_put(namespace);
	}

	return sysfs_emit(buf, "%u\n", count);
}

static ssize_t nr_clients_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct lockmgr_namespace *namespace = lockmgr_namespace_find_current();
	u32 count = 0;

	if (namespace) {
		count = atomic_read(&namespace->client_count);
		lockmgr_namespace_put(namespace);
	}

	return sysfs_emit(buf, "%u\n", count);
}

static DEVICE_ATTR_RO(version);
static DEVICE_ATTR_RO(features);
static DEVICE_ATTR_RO(nr_spaces);
static DEVICE_ATTR_RO(nr_clients);

static struct attribute *device_attributes[] = {
	&dev_attr_version.attr,
	&dev_attr_features.attr,
	&dev_attr_nr_spaces.attr,
	&dev_attr_nr_clients.attr,
	NULL
};

static const struct attribute_group device_group = {
	.attrs = device_attributes,
};

const struct attribute_group *lockmgr_device_groups[] = { &device_group, NULL };
