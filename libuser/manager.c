// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Opening, closing, unlinking and resizing spaces.
 *
 * The files, from the top.  A file calls only files below it; tests/layers checks that.
 *
 *   manager.c	this
 *   alloc.c	which ids are allocated, and what for
 *   old.c	functions for programs that were linked with an older version
 *   list.c	describing a space, its locks and their waiters
 *   lock.c	acquiring and releasing locks
 *   map.c	records in our memory
 *   spin.c	waiting for a moment
 *   race.c	annotations for race detectors
 *   call.c	the one way to the kernel
 *   handle.c	handles: the file of each, and what fork does to them
 *   process.c	which process this is, and forks of it
 *   file.c	opening and closing a file of the device
 *   error.c	what the errors of the library mean
 *   size.c	structs of the API, which may grow
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <linux/lockmgr.h>

#include "api.h"
#include "call.h"
#include "handle.h"
#include "map.h"
#include "race.h"
#include "record.h"
#include "size.h"

/* The sizes of the first versions: programs that pass these must keep working. */
#define OPTIONS_SIZE_FIRST \
	(offsetof(struct lockmgr_options, device) + sizeof(const char *))
#define MODULE_SIZE_FIRST \
	(offsetof(struct lockmgr_module_info, features) + sizeof(uint64_t))

#define OPEN_FLAGS \
	(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL | LOCKMGR_OPEN_READONLY | \
	 LOCKMGR_OPEN_DETECT_DEADLOCK | LOCKMGR_OPEN_WRITEONLY | \
	 LOCKMGR_OPEN_NO_MAP | LOCKMGR_OPEN_INHERIT)

static_assert(LOCKMGR_SPACE_NAME_SIZE == LOCKMGR_NAME_SIZE, "name size");
static_assert((uid_t)-1 == LOCKMGR_ID_CALLER, "owner");
static_assert((gid_t)-1 == LOCKMGR_ID_CALLER, "group");
static_assert(LOCKMGR_HAS_DEADLOCK == LOCKMGR_FEATURE_DEADLOCK, "feature");
static_assert(LOCKMGR_HAS_MAP == LOCKMGR_FEATURE_MAP, "feature");
static_assert(LOCKMGR_HAS_PROCESS_END == LOCKMGR_FEATURE_PROCESS_END, "feature");
static_assert(LOCKMGR_HAS_INTERRUPTIBLE == LOCKMGR_FEATURE_INTERRUPTIBLE, "feature");
static_assert(LOCKMGR_HAS_NOTES == LOCKMGR_FEATURE_NOTES, "feature");

static bool is_zero(const void *bytes, size_t begin, size_t end)
{
	while (begin < end && !((const char *)bytes)[begin])
		begin++;
	return begin >= end;
}

static int check_flags(uint32_t flags)
{
	if (flags & ~OPEN_FLAGS)
		return -EINVAL;
	if ((flags & LOCKMGR_OPEN_EXCL) && !(flags & LOCKMGR_OPEN_CREATE))
		return -EINVAL;
	if ((flags & LOCKMGR_OPEN_READONLY) &&
	    (flags & (LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_WRITEONLY)))
		return -EINVAL;
	return 0;
}

/* Copy a caller's options, which may be shorter or longer than ours. */
static int read_options(struct lockmgr_options *to,
			const struct lockmgr_options *from)
{
	if (!lockmgr_size_is_valid(from->size, OPTIONS_SIZE_FIRST))
		return -EINVAL;
	if (!is_zero(from, sizeof(*to), from->size))
		return -EINVAL;

	lockmgr_size_copy(to, sizeof(*to), from, from->size);
	return check_flags(to->flags);
}

/* Checks only the length; the kernel checks the characters. */
static bool name_fits(const char *space)
{
	return space && *space &&
	       strnlen(space, LOCKMGR_NAME_SIZE) < LOCKMGR_NAME_SIZE;
}

static int access_mode(uint32_t flags)
{
	if (flags & LOCKMGR_OPEN_READONLY)
		return O_RDONLY;
	if (flags & LOCKMGR_OPEN_WRITEONLY)
		return O_WRONLY;
	return O_RDWR;
}

/* ENDS_WITH_PROCESS only if the module has the feature; an older module does without it. */
static uint32_t attach_flags(uint32_t flags, uint64_t features)
{
	uint32_t to = 0;

	if (flags & LOCKMGR_OPEN_CREATE)
		to |= LOCKMGR_ATTACH_CREATE;
	if (flags & LOCKMGR_OPEN_EXCL)
		to |= LOCKMGR_ATTACH_EXCL;
	if (flags & LOCKMGR_OPEN_DETECT_DEADLOCK)
		to |= LOCKMGR_ATTACH_DETECT_DEADLOCK;
	if (!(flags & LOCKMGR_OPEN_INHERIT) &&
	    (features & LOCKMGR_FEATURE_PROCESS_END))
		to |= LOCKMGR_ATTACH_ENDS_WITH_PROCESS;
	return to;
}

static int read_version(struct lockmgr *mgr,
			struct lockmgr_ioctl_version *version)
{
	int ret;

	memset(version, 0, sizeof(*version));
	ret = lockmgr_call(mgr, LOCKMGR_IOC_VERSION, version);
	return ret ? -EPROTONOSUPPORT : 0;
}

/* Open the device and check that its module has the library's major version. */
static int open_module(struct lockmgr **mgr, const char *device, int flags,
		       uint64_t *features)
{
	struct lockmgr_ioctl_version version;
	int ret;

	ret = lockmgr_handle_open(mgr, device, flags);
	if (ret)
		return ret;

	ret = read_version(*mgr, &version);
	if (!ret && version.major != LOCKMGR_VERSION_MAJOR)
		ret = -EPROTONOSUPPORT;
	if (ret)
		lockmgr_handle_close(*mgr);
	*features = version.features;
	return ret;
}

static int attach(struct lockmgr *mgr, const char *space,
		  const struct lockmgr_options *options, uint64_t features)
{
	struct lockmgr_ioctl_attach args = {
		.flags = attach_flags(options->flags, features),
		.owner = options->owner,
		.group = options->group,
		.mode = options->mode,
		.capacity = options->capacity,
	};
	int ret;

	strcpy(args.name, space);
	ret = lockmgr_call(mgr, LOCKMGR_IOC_ATTACH, &args);
	if (ret)
		return ret;

	mgr->token = args.token;
	mgr->generation = args.generation;
	mgr->watched = lockmgr_race_is_watched();
	lockmgr_map_init(mgr);
	if (!(options->flags & LOCKMGR_OPEN_NO_MAP) && !mgr->watched &&
	    args.map_size == LOCKMGR_CAPACITY_MAX * sizeof(struct record))
		mgr->map_size = args.map_size;
	return 0;
}

int lockmgr_options_init(struct lockmgr_options *opts, size_t size)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;

	if (!opts || size > UINT32_MAX || !lockmgr_size_is_valid(size, OPTIONS_SIZE_FIRST))
		return -EINVAL;

	options.size = size;
	lockmgr_size_copy(opts, size, &options, sizeof(options));
	return 0;
}

int lockmgr_open(struct lockmgr **mgr, const char *space,
		 const struct lockmgr_options *opts)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *new;
	uint64_t features;
	int ret;

	options.flags = LOCKMGR_OPEN_CREATE;
	ret = opts ? read_options(&options, opts) : 0;
	if (ret || !mgr || !name_fits(space))
		return -EINVAL;

	ret = open_module(&new, options.device, access_mode(options.flags),
			  &features);
	if (ret)
		return ret;

	ret = attach(new, space, &options, features);
	if (!ret && (options.flags & LOCKMGR_OPEN_INHERIT))
		ret = lockmgr_handle_bequeath(new);
	if (ret) {
		lockmgr_handle_close(new);
		return ret;
	}

	*mgr = new;
	return 0;
}

void lockmgr_close(struct lockmgr *mgr)
{
	if (!mgr)
		return;

	lockmgr_race_closes(mgr);
	lockmgr_map_destroy(mgr);
	lockmgr_handle_close(mgr);
}

int lockmgr_fd(struct lockmgr *mgr)
{
	const int error = errno;
	int ret = lockmgr_handle_use(mgr);

	if (!ret)
		ret = lockmgr_handle_has_file(mgr) ? mgr->fd : -EBADF;
	errno = error;
	return ret;
}

int lockmgr_unlink(const char *space, const struct lockmgr_options *opts)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr_ioctl_unlink args = { 0 };
	struct lockmgr *mgr;
	uint64_t features;
	int ret;

	ret = opts ? read_options(&options, opts) : 0;
	if (ret || !name_fits(space))
		return -EINVAL;

	ret = open_module(&mgr, options.device, O_WRONLY, &features);
	if (ret)
		return ret;

	strcpy(args.name, space);
	args.owner = options.owner;
	ret = lockmgr_call(mgr, LOCKMGR_IOC_UNLINK, &args);
	lockmgr_handle_close(mgr);
	return ret;
}

int lockmgr_set_capacity(struct lockmgr *mgr, uint32_t capacity)
{
	struct lockmgr_ioctl_capacity args = { .capacity = capacity };

	return lockmgr_call(mgr, LOCKMGR_IOC_CAPACITY, &args);
}

int lockmgr_module(const char *device, struct lockmgr_module_info *info)
{
	struct lockmgr_ioctl_version version;
	struct lockmgr_module_info facts;
	struct lockmgr *mgr;
	int ret;

	if (!info || !lockmgr_size_is_valid(info->size, MODULE_SIZE_FIRST))
		return -EINVAL;

	ret = lockmgr_handle_open(&mgr, device, O_RDONLY);
	if (ret)
		return ret;

	ret = read_version(mgr, &version);
	lockmgr_handle_close(mgr);
	if (ret)
		return ret;

	facts.size = info->size;
	facts.major = version.major;
	facts.minor = version.minor;
	facts.patch = version.patch;
	facts.features = version.features;
	lockmgr_size_copy(info, info->size, &facts, sizeof(facts));
	return 0;
}

const char *lockmgr_version(void)
{
	return LOCKMGR_VERSION;
}
