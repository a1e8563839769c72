/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to standard error, and exit statuses. */
#ifndef LOCKCTL_REPORT_H
#define LOCKCTL_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

/* Exit statuses.  From 64 on they are those of <sysexits.h>. */
#define STATUS_OK		0
/* No: a lock is taken, an id is allocated, there are deadlocks. */
#define STATUS_NO		1
#define STATUS_USAGE		EX_USAGE
/* A file to restore from is damaged. */
#define STATUS_DATA		EX_DATAERR
/* There is no such space, or file. */
#define STATUS_NOT_FOUND	EX_NOINPUT
/* There is no device, or we cannot use it. */
#define STATUS_UNAVAILABLE	EX_UNAVAILABLE
/* No memory, too many files, and the like. */
#define STATUS_SYSTEM		EX_OSERR
#define STATUS_OUTPUT		EX_IOERR
#define STATUS_PERMISSION	EX_NOPERM

void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_hint(const char *command);
void report_usage(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int report_failure(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
int report_failure_on_lock(int error, const char *what, uint32_t id, const char *space);
int report_output(int status);

int status_of(int error);

#endif /* LOCKCTL_REPORT_H */
