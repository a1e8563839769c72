// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes the place of the device, for a library that only needs to map its records: replaces
 * ioctl() and mmap() (see the Makefile).
 */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/lockmgr.h>
#include <lockmgr.h>

int __wrap_ioctl(int fd, unsigned long request, ...);
void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off_t offset);
void *__real_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off_t offset);

static void answer_version(struct lockmgr_ioctl_version *version)
{
	version->major = strtoul(lockmgr_version(), NULL, 10);
	version->features = LOCKMGR_FEATURE_MAP;
}

static void answer_attach(struct lockmgr_ioctl_attach *attach)
{
	attach->token = 1;
	attach->capacity = LOCKMGR_CAPACITY_MAX;
	attach->map_size = LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record);
}

/* All other calls succeed: no other process could hold a lock. */
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *args;

	(void)fd;
	va_start(list, request);
	args = va_arg(list, void *);
	va_end(list);

	if (request == LOCKMGR_IOC_VERSION)
		answer_version(args);
	else if (request == LOCKMGR_IOC_ATTACH)
		answer_attach(args);
	return 0;
}

/* Shared memory, as the device's is. */
void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off_t offset)
{
	if (fd < 0)
		return __real_mmap64(address, size, protection, flags, fd, offset);

	return __real_mmap64(address, size, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}
