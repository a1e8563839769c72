// SPDX-License-Identifier: LGPL-2.1-or-later
/* The only place that calls the module: one ioctl on a handle's file. */
#include <errno.h>
#include <sys/ioctl.h>

#include "call.h"
#include "handle.h"

/*
 * Returns the error to report for a call that failed with @error: -EBADF if it went to
 * another file.  Some errors are common, and other files do not answer them, so they are not worth
 * a system call.  A file of the device that is not attached to a space is not that of a
 * handle which is.
 */
static int call_error(const struct lockmgr *mgr, int error)
{
	switch (error) {
	case EBADF:
	case EBUSY:
	case EDEADLK:
	case ETIMEDOUT:
		return -error;
	case ENOTCONN:
		return mgr->token ? -EBADF : -error;
	default:
		return lockmgr_handle_has_file(mgr) ? -error : -EBADF;
	}
}

/* Returns -EINTR if a signal arrived and the module ended the call for it. */
int lockmgr_call_once(struct lockmgr *mgr, unsigned long request, void *args)
{
	const int error = errno;
	int ret;

	ret = lockmgr_handle_use(mgr);
	if (ret)
		goto out;

	ret = ioctl(mgr->fd, request, args);
	if (ret < 0)
		ret = call_error(mgr, errno);
out:
	errno = error;
	return ret;
}

int lockmgr_call(struct lockmgr *mgr, unsigned long request, void *args)
{
	int ret;

	do {
		ret = lockmgr_call_once(mgr, request, args);
	} while (ret == -EINTR);
	return ret;
}
