/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake module, which returns what a test has set.  It takes the place of
 * ioctl(), open(), close() and mmap() (see flags.mk); the device is /dev/null, which every
 * system has.
 */
#ifndef FAKE_H
#define FAKE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/lockmgr.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define FAKE_DEVICE	"/dev/null"

/* A status flag that only attached files have; other processes with that file see it, too. */
#define FAKE_ATTACHED	O_APPEND

/* The features of this version of the module. */
#define FAKE_FEATURES \
	(LOCKMGR_FEATURE_DEADLOCK | LOCKMGR_FEATURE_MAP | LOCKMGR_FEATURE_PROCESS_END | \
	 LOCKMGR_FEATURE_INTERRUPTIBLE | LOCKMGR_FEATURE_NOTES)

/* The value of errno before each call, and the value that the fake's ioctl() leaves. */
#define ERRNO_BEFORE	4711
#define ERRNO_DIRT	4712

/**
 * struct fake - what the module returns, and the calls that it has received
 * @major: its major version
 * @features: its features
 * @version_error: if not 0, LOCKMGR_IOC_VERSION fails with this errno
 * @error: if not 0, all other commands fail with this errno
 * @interruptions: how many of the next commands end with EINTR
 * @result: what commands return otherwise
 * @answer: fills in the arguments that a command returns
 * @opened: called after a file of the device was opened
 * @closing: called before any descriptor is closed
 * @closed: called after any descriptor was closed
 * @maps: how many mappings it allows
 * @map_calls: how many mappings were requested
 * @records: the last mapping at offset 0 of the file
 * @clock: the last mapping at another offset
 * @thread: the thread of the test; what follows is about its calls, not about other threads'
 * @calls: the number of commands, without LOCKMGR_IOC_VERSION
 * @request: the last command
 * @args: its arguments
 * @fd: its file
 */
static struct fake {
	uint32_t major;
	uint64_t features;
	int version_error;
	int error;
	int interruptions;
	int result;
	void (*answer)(unsigned long request, void *args);

	void (*opened)(int fd);
	void (*closing)(int fd);
	void (*closed)(int fd);

	int maps;
	int map_calls;
	struct lockmgr_record *records;
	struct lockmgr_clock *clock;

	pthread_t thread;
	int calls;
	unsigned long request;
	union {
		struct lockmgr_ioctl_attach attach;
		struct lockmgr_ioctl_unlink unlink;
		struct lockmgr_ioctl_capacity capacity;
		struct lockmgr_ioctl_id id;
		struct lockmgr_ioctl_flags flags;
		struct lockmgr_ioctl_lock lock;
		struct lockmgr_ioctl_list list;
		struct lockmgr_ioctl_note note;
	} args;
	int fd;
} fake;

int __wrap_ioctl(int fd, unsigned long request, ...);

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap___open64_2(const char *path, int flags);
int __real_close(int fd);
int __wrap_close(int fd);

void *__real_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off64_t offset);
void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off64_t offset);

/* Whether a descriptor is one of the device. */
static inline bool fake_has(int fd)
{
	struct stat device, status;

	return !stat(FAKE_DEVICE, &device) && !fstat(fd, &status) &&
	       S_ISCHR(status.st_mode) && status.st_rdev == device.st_rdev;
}

/* The library creates no files, so no mode is passed. */
int __wrap_open64(const char *path, int flags, ...)
{
	const int fd = __real_open64(path, flags, 0600);

	if (fd >= 0 && fake.opened && fake_has(fd))
		fake.opened(fd);
	return fd;
}

/* What open() becomes with _FORTIFY_SOURCE. */
int __wrap___open64_2(const char *path, int flags)
{
	return __wrap_open64(path, flags);
}

int __wrap_close(int fd)
{
	int ret;

	if (fake.closing)
		fake.closing(fd);
	ret = __real_close(fd);
	if (fake.closed)
		fake.closed(fd);
	return ret;
}

/* Zeros, as from a module whose records nobody has used yet. */
void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off64_t offset)
{
	void *memory;

	if (fd < 0)
		return __real_mmap64(address, size, protection, flags, fd, offset);

	if (fake.map_calls++ >= fake.maps) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	memory = __real_mmap64(NULL, size, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (offset)
		fake.clock = memory;
	else
		fake.records = memory;
	return memory;
}

static int fake_version(struct lockmgr_ioctl_version *version)
{
	version->major = fake.major;
	version->minor = 2;
	version->patch = 3;
	version->features = fake.features;

	errno = fake.version_error ? fake.version_error : ERRNO_DIRT;
	return fake.version_error ? -1 : 0;
}

static void fake_note_call(int fd, unsigned long request, const void *args)
{
	if (!pthread_equal(fake.thread, pthread_self()))
		return;
	fake.calls++;
	fake.fd = fd;
	fake.request = request;
	if (_IOC_SIZE(request) <= sizeof(fake.args))
		memcpy(&fake.args, args, _IOC_SIZE(request));
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *args;

	va_start(list, request);
	args = va_arg(list, void *);
	va_end(list);

	/* As other files do for a command that they do not know. */
	if (!fake_has(fd)) {
		errno = fcntl(fd, F_GETFD) < 0 ? EBADF : ENOTTY;
		return -1;
	}
	if (request == LOCKMGR_IOC_VERSION)
		return fake_version(args);

	if (request == LOCKMGR_IOC_ATTACH)
		fcntl(fd, F_SETFL, FAKE_ATTACHED);

	fake_note_call(fd, request, args);

	errno = ERRNO_DIRT;
	if (fake.interruptions > 0) {
		fake.interruptions--;
		if (request == LOCKMGR_IOC_LOCK)
			((struct lockmgr_ioctl_lock *)args)->ticket += 10;
		errno = EINTR;
		return -1;
	}
	if (fake.error) {
		errno = fake.error;
		return -1;
	}
	if (fake.answer)
		fake.answer(request, args);
	return fake.result;
}

static inline int fake_setup(void **state)
{
	(void)state;
	map_at_once();
	fake = (struct fake){ .major = strtoul(lockmgr_version(), NULL, 10),
			      .features = FAKE_FEATURES,
			      .thread = pthread_self() };
	return 0;
}

#define fake_test(function)	cmocka_unit_test_setup(function, fake_setup)

static inline struct lockmgr_options fake_options(void)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;

	options.flags = LOCKMGR_OPEN_CREATE;
	options.device = FAKE_DEVICE;
	return options;
}

static inline struct lockmgr *fake_open(void)
{
	const struct lockmgr_options options = fake_options();
	struct lockmgr *mgr = NULL;

	assert_int_equal(lockmgr_open(&mgr, "space", &options), 0);
	fake.calls = 0;
	return mgr;
}

/* How many attached files of the device this process has open. */
static inline int count_attached(void)
{
	const int max = sysconf(_SC_OPEN_MAX);
	int count = 0;
	int fd;

	for (fd = 0; fd < max && fd < 1024; fd++)
		if (fake_has(fd) && fcntl(fd, F_GETFL) & FAKE_ATTACHED)
			count++;
	return count;
}

/* How many files this process has open. */
static inline int count_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	if (!directory)
		return -1;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* In the shared library only; see libuser/old.c. */
int lockmgr_list_0_1(struct lockmgr *mgr, uint32_t filter, uint64_t *cursor, void *locks,
		     size_t max, size_t *count);

#endif /* FAKE_H */
