// SPDX-License-Identifier: LGPL-2.1-or-later
/* Texts for the errors that the library returns. */
#include <errno.h>
#include <string.h>

#include "api.h"

/* The C library's text, which must be in static memory, since the caller may keep it. */
static const char *error_of_system(int error)
{
	const char *text = NULL;

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 32)
	text = strerrordesc_np(error);
#endif
#else
	text = strerror(error);
#endif
	return text ? text : "unknown error";
}

const char *lockmgr_strerror(int error)
{
	if (error >= 0)
		return "success";

	/* -INT_MIN does not fit an int: negate in unsigned arithmetic. */
	switch (-(error + 1) + 1U) {
	case EACCES:
		return "permission denied by the mode of the device or of the space";
	case EBADF:
		return "the handle was opened without that right, or its descriptor was closed";
	case EBUSY:
		return "the lock is held, or an id beyond the new capacity is allocated";
	case ECHILD:
		return "the handle was opened by a parent of this process";
	case EDEADLK:
		return "waiting for the lock would close a cycle of waiting threads";
	case EDQUOT:
		return "the owner of the space has as many spaces or locks as are allowed";
	case EEXIST:
		return "the space exists, or the id is allocated already";
	case EINTR:
		return "a signal handler ran during the wait";
	case EINVAL:
		return "invalid argument, or an id that is not below the capacity";
	case EMFILE:
		return "the process has too many open files";
	case ENFILE:
		return "the system has too many open files";
	case ENODEV:
		return "there is no lockmgr device: 'lockctl doctor' says what is missing";
	case ENOENT:
		return "no such space, or the id is not allocated";
	case ENOMEM:
		return "not enough memory";
	case ENOSPC:
		return "all ids are allocated";
	case EOPNOTSUPP:
		return "the module is of a version without notes";
	case EOWNERDEAD:
		return "the lock is acquired, but its last holder died";
	case EPERM:
		return "not permitted: only the space's owner, or the lock's holder, may do that";
	case EPROTONOSUPPORT:
		return "the module is not of the library's version: 'lockctl doctor' says more";
	case ETIMEDOUT:
		return "the deadline has passed";
	case EUSERS:
		return "the space has as many clients as are allowed";
	default:
		return error_of_system(-(error + 1) + 1U);
	}
}
