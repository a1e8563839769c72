// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * liblockmgr-podman: Podman's locks in lockmgr, without a change to Podman.
 *
 * LD_PRELOAD puts this library before libc.  It answers the calls with which the C code in
 * Podman uses its segment of locks in /dev/shm: shm_open(), mmap(), munmap(),
 * pthread_mutex_*().  It passes calls for anything else on to libc.  If Podman uses a segment
 * in a way that the library does not know, the library ends the process with a message, and
 * leaves the segment alone.
 *
 * Everything here may run on stacks of the Go runtime, which calls mmap() from anywhere for
 * its own memory.  So a call that is not about a segment makes no further call but the one to
 * libc.
 *
 * liblockmgr is linked in statically, with its symbols hidden.  So only this one file must be
 * found, also in a rootless Podman's namespaces, and its liblockmgr does not conflict with one
 * that the program itself is linked with.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "marker.h"
#include "refuse.h"
#include "view.h"

#define EXPORT	__attribute__((visibility("default")))

#define MAPPING_PROTECTION	(PROT_READ | PROT_WRITE)

/*
 * The functions of libc.  A constructor finds them; since constructors of other libraries may
 * run earlier and call us, each function here that needs them calls find_all(), too.
 */
static struct {
	int (*shm_open)(const char *name, int flags, mode_t mode);
	void *(*mmap)(void *address, size_t size, int protection, int flags, int fd,
		      off_t offset);
	int (*munmap)(void *address, size_t size);
	int (*mutex_init)(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
	int (*mutex_destroy)(pthread_mutex_t *mutex);
	int (*mutex_lock)(pthread_mutex_t *mutex);
	int (*mutex_trylock)(pthread_mutex_t *mutex);
	int (*mutex_unlock)(pthread_mutex_t *mutex);
	int (*mutex_consistent)(pthread_mutex_t *mutex);
	atomic_bool found;
} libc;

static void *find(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		refuse("the C library has no %s()", name);
	return function;
}

__attribute__((constructor)) static void find_all(void)
{
	if (atomic_load_explicit(&libc.found, memory_order_acquire))
		return;

	libc.mmap = find("mmap");
	libc.munmap = find("munmap");
	libc.shm_open = find("shm_open");
	libc.mutex_init = find("pthread_mutex_init");
	libc.mutex_destroy = find("pthread_mutex_destroy");
	libc.mutex_lock = find("pthread_mutex_lock");
	libc.mutex_trylock = find("pthread_mutex_trylock");
	libc.mutex_unlock = find("pthread_mutex_unlock");
	libc.mutex_consistent = find("pthread_mutex_consistent");
	atomic_store_explicit(&libc.found, true, memory_order_release);
}

/* ------------------------------------------------------------------------
 * Files
 */

/*
 * The file that was opened last and is not mapped yet.  One is enough: Podman opens and maps
 * one segment after the other, under a lock of its own.
 */
static struct {
	atomic_int fd;
	bool       is_new;
	dev_t      device;
	ino_t      inode;
	char       name[64];
} opened = { .fd = -1 };

static int remember(int fd, const char *name, bool is_new)
{
	struct stat status;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status))
		refuse("cannot look at /dev/shm/%s: %s", name, strerror(errno));
	opened.is_new = is_new;
	opened.device = status.st_dev;
	opened.inode = status.st_ino;
	snprintf(opened.name, sizeof(opened.name), "%s", name);
	atomic_store_explicit(&opened.fd, fd, memory_order_release);
	return fd;
}

/* Not only the number is compared: it may be another file's by now. */
static bool is_opened(int fd)
{
	struct stat status;

	return fd >= 0 && fd == atomic_load_explicit(&opened.fd, memory_order_acquire) &&
	       !fstat(fd, &status) && status.st_dev == opened.device &&
	       status.st_ino == opened.inode;
}

EXPORT int shm_open(const char *name, int flags, mode_t mode)
{
	find_all();
	if (!name || !marker_is_wanted(name))
		return libc.shm_open(name, flags, mode);
	if (!(flags & O_CREAT))
		return remember(libc.shm_open(name, flags, mode), name + 1, false);
	if (!(flags & O_EXCL))
		refuse("this podman opens its segment in a way that is not known here (flags %#o)",
		       flags);
	return remember(marker_create(name + 1), name + 1, true);
}

EXPORT void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	find_all();
	if (!is_opened(fd))
		return libc.mmap(address, size, protection, flags, fd, offset);
	if (address || protection != MAPPING_PROTECTION || flags != MAP_SHARED || offset)
		refuse("this podman maps its segment in a way that is not known here.\n"
		       "(protection %#x, flags %#x, offset %lld)",
		       protection, flags, (long long)offset);
	atomic_store(&opened.fd, -1);
	return view_map(opened.name, fd, opened.is_new, size);
}

#if defined(__LP64__)
EXPORT void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));
#else
#error "32-bit: two kinds of offsets, and no Podman in use"
#endif

EXPORT int munmap(void *address, size_t size)
{
	struct view *view;

	find_all();
	view = view_at(address);
	if (view)
		view_unmap(view);
	return libc.munmap(address, size);
}

/* ------------------------------------------------------------------------
 * Mutexes
 */

EXPORT int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
	struct view *view = view_of(mutex);

	if (view)
		return view_mutex_init(view, mutex);
	find_all();
	return libc.mutex_init(mutex, attributes);
}

EXPORT int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	if (view_of(mutex))
		return 0;
	find_all();
	return libc.mutex_destroy(mutex);
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	struct view *view = view_of(mutex);

	if (view)
		return view_mutex_lock(view, mutex);
	find_all();
	return libc.mutex_lock(mutex);
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	struct view *view = view_of(mutex);

	if (view)
		return view_mutex_trylock(view, mutex);
	find_all();
	return libc.mutex_trylock(mutex);
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	struct view *view = view_of(mutex);

	if (view)
		return view_mutex_unlock(view, mutex);
	find_all();
	return libc.mutex_unlock(mutex);
}

/* Called after a holder's death.  Locks of lockmgr are held or free: there is nothing to do. */
EXPORT int pthread_mutex_consistent(pthread_mutex_t *mutex)
{
	if (view_of(mutex))
		return 0;
	find_all();
	return libc.mutex_consistent(mutex);
}
