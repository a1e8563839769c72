// SPDX-License-Identifier: LGPL-2.1-or-later
/* Allocating and freeing ids, and their notes. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <linux/lockmgr.h>

#include "api.h"
#include "call.h"

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

/* A module without notes does not have these commands either: ENOTTY. */
static int call_with_note(struct lockmgr *mgr, unsigned long request,
			  struct lockmgr_ioctl_note *args, const char *note)
{
	size_t length = strnlen(note, sizeof(args->note));
	int ret;

	if (length == sizeof(args->note))
		return -EINVAL;

	memcpy(args->note, note, length);
	ret = lockmgr_call(mgr, request, args);
	return ret == -ENOTTY ? -EOPNOTSUPP : ret;
}

int lockmgr_allocate_noted(struct lockmgr *mgr, uint32_t *id, const char *note)
{
	struct lockmgr_ioctl_note args = { 0 };
	int ret;

	if (!note || !*note)
		return lockmgr_allocate(mgr, id);
	if (!id)
		return -EINVAL;

	ret = call_with_note(mgr, LOCKMGR_IOC_ALLOCATE_NOTED, &args, note);
	if (!ret)
		*id = args.id;
	return ret;
}

int lockmgr_allocate_id_noted(struct lockmgr *mgr, uint32_t id, const char *note)
{
	struct lockmgr_ioctl_note args = { .id = id };

	if (!note || !*note)
		return lockmgr_allocate_id(mgr, id);

	return call_with_note(mgr, LOCKMGR_IOC_ALLOCATE_ID_NOTED, &args, note);
}

/* With a module without notes, unsetting succeeds if the id is allocated: it has no note. */
static int unset_note(struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_ioctl_note args = { .id = id };
	int ret;

	ret = call_with_note(mgr, LOCKMGR_IOC_SET_NOTE, &args, "");
	if (ret != -EOPNOTSUPP)
		return ret;

	ret = call_with_id(mgr, LOCKMGR_IOC_RETRIEVE, id);
	if (ret < 0)
		return ret;
	return ret ? 0 : -ENOENT;
}

int lockmgr_set_note(struct lockmgr *mgr, uint32_t id, const char *note)
{
	struct lockmgr_ioctl_note args = { .id = id };

	if (!note || !*note)
		return unset_note(mgr, id);

	return call_with_note(mgr, LOCKMGR_IOC_SET_NOTE, &args, note);
}

int lockmgr_is_allocated(struct lockmgr *mgr, uint32_t id)
{
	return call_with_id(mgr, LOCKMGR_IOC_RETRIEVE, id);
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
