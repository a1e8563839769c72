// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake module with one lock, which works by means that race detectors do not understand: a
 * byte in a pipe, in a file that is compiled without a sanitizer.  So a detector can only know
 * the lock from the library.  The fake module offers to map records, but the library must not
 * do so under a detector, which would not understand locks in mapped records either.
 */
#include <errno.h>
#include <linux/lockmgr.h>
#include <lockmgr.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int __wrap_ioctl(int fd, unsigned long request, ...);
void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off64_t offset);

static int lock_pipe[2];

/* While a byte is in the pipe, the lock is free. */
static void put_byte(void)
{
	while (syscall(SYS_write, lock_pipe[1], "", 1) != 1)
		;
}

static void take_byte(void)
{
	char byte;

	while (syscall(SYS_read, lock_pipe[0], &byte, 1) != 1)
		;
}

__attribute__((constructor)) static void make_lock(void)
{
	if (syscall(SYS_pipe2, lock_pipe, 0))
		abort();
	put_byte();
}

static void answer_version(struct lockmgr_ioctl_version *version)
{
	version->major = strtoul(lockmgr_version(), NULL, 10);
	version->features = LOCKMGR_FEATURE_MAP;
}

/* As a module that lets the library map records. */
static void answer_attach(struct lockmgr_ioctl_attach *attach)
{
	attach->token = 1;
	attach->generation = 4711;
	attach->map_size = LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record);
}

void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off64_t offset)
{
	if (fd >= 0)
		abort();

	return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *args;

	(void)fd;
	va_start(list, request);
	args = va_arg(list, void *);
	va_end(list);

	switch (request) {
	case LOCKMGR_IOC_VERSION:
		answer_version(args);
		return 0;
	case LOCKMGR_IOC_ATTACH:
		answer_attach(args);
		return 0;
	case LOCKMGR_IOC_LOCK:
		take_byte();
		return 0;
	case LOCKMGR_IOC_UNLOCK:
		put_byte();
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}
