// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which ids are taken. */
#include <errno.h>

#include <linux/lockmgr.h>

#include "internal.h"

static int call_with_id(struct lockmgr *mgr, unsigned long request, uint32_t id)
{
	struct lockmgr_ioctl_id args = { .id = id };

	return lockmgr_call(mgr, request, &args);
}

int lockmgr_allocate(struct lockmgr *mgr, uint32_t *id)
{
	struct lockmgr_ioctl_id args = { 0 };
	int ret;

	if (!id)
		return -EINVAL;

	ret = lockmgr_call(mgr, LOCKMGR_IOC_ALLOCATE, &args);
	if (!ret)
		*id = args.id;
	return ret;
}

int lockmgr_allocate_id(struct lockmgr *mgr, uint32_t id)
{
	return call_with_id(mgr, LOCKMGR_IOC_ALLOCATE_ID, id);
}

int lockmgr_retrieve(struct lockmgr *mgr, uint32_t id)
{
	return call_with_id(mgr, LOCKMGR_IOC_RETRIEVE, id);
}

int lockmgr_free(struct lockmgr *mgr, uint32_t id)
{
	return call_with_id(mgr, LOCKMGR_IOC_FREE, id);
}

int lockmgr_free_all(struct lockmgr *mgr)
{
	struct lockmgr_ioctl_flags args = { 0 };

	return lockmgr_call(mgr, LOCKMGR_IOC_FREE_ALL, &args);
}

int lockmgr_available(struct lockmgr *mgr, uint32_t *count)
{
	struct lockmgr_ioctl_info args = { 0 };
	int ret;

	if (!count)
		return -EINVAL;

	ret = lockmgr_call(mgr, LOCKMGR_IOC_INFO, &args);
	if (!ret)
		*count = args.capacity - args.allocated;
	return ret;
}
