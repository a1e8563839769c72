// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages, and the exit status for an error. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <lockmgr.h>

#include "report.h"

static void print(const char *format, va_list arguments)
{
	/* Messages must come after what was printed before. */
	fflush(stdout);
	fputs("lockctl: ", stderr);
	vfprintf(stderr, format, arguments);
}

/**
 * report() - print a message
 * @format: as for printf(), without a newline
 */
void report(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/**
 * report_hint() - refer to --help
 * @command: the sub-command whose help; NULL: lockctl's own
 */
void report_hint(const char *command)
{
	fprintf(stderr, "Try 'lockctl %s%s--help'.\n", command ? command : "",
		command ? " " : "");
}

/**
 * report_usage() - report that lockctl was called wrongly
 * @command: the sub-command; NULL: it is missing or unknown
 * @format: as for printf()
 */
void report_usage(const char *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	report_hint(command);
}

/* ENOENT here means the space: report_failure_on_lock() reports ids that are not allocated. */
static const char *explain(int error)
{
	return error == -ENOENT ? "no such space" : lockmgr_strerror(error);
}

/**
 * report_failure() - report what failed, and why
 * @error: a negative errno
 * @format: as for printf(): what failed
 *
 * Return: the exit status
 */
int report_failure(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s\n", explain(error));

	return status_of(error);
}

/**
 * report_failure_on_lock() - report what failed on one lock, and why
 * @error: 0, or a negative errno: -ENOENT if the lock is not allocated, -EINVAL if the space
 *	has no lock of that number
 * @what: "free", as in "cannot free lock 17 of web"
 * @id: the lock
 * @space: as it was typed
 *
 * Return: the exit status
 */
int report_failure_on_lock(int error, const char *what, uint32_t id, const char *space)
{
	switch (error) {
	case 0:
		return STATUS_OK;
	case -ENOENT:
		report("lock %u of %s is not allocated", id, space);
		return STATUS_NO;
	case -EINVAL:
		report("there is no lock %u in %s", id, space);
		return STATUS_USAGE;
	default:
		return report_failure(error, "cannot %s lock %u of %s", what, id, space);
	}
}

/**
 * status_of() - the exit status for an error of the library
 * @error: a negative errno
 */
int status_of(int error)
{
	switch (-error) {
	case EBUSY:
	case EDQUOT:
	case EEXIST:
	case ENOSPC:
	case ETIMEDOUT:
		return STATUS_NO;
	case EINVAL:
		return STATUS_USAGE;
	case ENOENT:
		return STATUS_NOT_FOUND;
	case ENODEV:
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
	case EUSERS:
		return STATUS_UNAVAILABLE;
	case EACCES:
	case EPERM:
		return STATUS_PERMISSION;
	default:
		return STATUS_SYSTEM;
	}
}

/**
 * report_output() - flush standard output, and report an error if that fails
 * @status: the exit status so far
 *
 * Return: the exit status
 */
int report_output(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "lockctl: cannot write: %s\n", strerror(errno));
		return status ? status : STATUS_OUTPUT;
	}
	return status;
}
