// SPDX-License-Identifier: LGPL-2.1-or-later
/* Taking locks and letting them go. */
#include <errno.h>

#include <linux/lockmgr.h>

#include "internal.h"

#define NSEC_PER_SEC	1000000000

static int read_deadline(int64_t *ns, const struct timespec *deadline)
{
	int64_t seconds;

	if (!deadline || deadline->tv_nsec < 0 ||
	    deadline->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;

	seconds = deadline->tv_sec;
	if (seconds < 0)
		*ns = 0;
	else if (seconds >= INT64_MAX / NSEC_PER_SEC)
		*ns = INT64_MAX;
	else
		*ns = seconds * NSEC_PER_SEC + deadline->tv_nsec;
	return 0;
}

static int call_lock(struct lockmgr *mgr, uint32_t id, uint32_t flags,
		     int64_t deadline)
{
	struct lockmgr_ioctl_lock args = {
		.id = id,
		.flags = flags,
		.deadline = deadline,
	};

	return lockmgr_call(mgr, LOCKMGR_IOC_LOCK, &args);
}

int lockmgr_lock(struct lockmgr *mgr, uint32_t id)
{
	return call_lock(mgr, id, 0, 0);
}

int lockmgr_trylock(struct lockmgr *mgr, uint32_t id)
{
	return call_lock(mgr, id, LOCKMGR_LOCK_TRY, 0);
}

int lockmgr_timedlock(struct lockmgr *mgr, uint32_t id,
		      const struct timespec *deadline)
{
	int64_t ns;
	int ret;

	ret = read_deadline(&ns, deadline);
	if (ret)
		return ret;

	return call_lock(mgr, id, LOCKMGR_LOCK_DEADLINE, ns);
}

int lockmgr_unlock(struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_ioctl_id args = { .id = id };

	return lockmgr_call(mgr, LOCKMGR_IOC_UNLOCK, &args);
}
