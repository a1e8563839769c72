// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Handles: the file of each, and what fork does to them.
 *
 * A child must neither use nor keep its parent's files: locks would outlive the process
 * that acquired them.  So each child that fork() makes closes them at once.  A child made by
 * clone() or _Fork() closes the file when it first uses the handle.
 *
 * If a child is to inherit a file (LOCKMGR_OPEN_INHERIT), it keeps the file, but must not
 * use the handle either.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "handle.h"

#define DEFAULT_DEVICE	"/dev/lockmgr"

/*
 * The mutex of process.c guards the list.  It is held neither while a file is opened, nor
 * while one is closed, which releases its locks.
 *
 *   - A file is in the list before it is attached to a space.  If the process forked while
 *     the file was opened, a child may have it without finding it in the list; then the
 *     parent opens another one.
 *   - A file is in the list until it is closed.  A child may find a handle there whose
 *     descriptor is free already, or belongs to another file: it closes only files of the
 *     handle's device.
 */
static struct lockmgr *handles;

/*
 * How many times a file is opened, at most.  A child may have the last one, but even that
 * file does not keep the locks held once this process has ended.
 */
#define OPEN_TRIES	100

/* State of the caller that a section restores. */
struct section {
	int error;
	int cancel;
};

static void section_enter(struct section *section)
{
	section->error = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &section->cancel);
}

static void section_leave(const struct section *section)
{
	pthread_setcancelstate(section->cancel, NULL);
	errno = section->error;
}

/* Runs in a child, possibly in several threads at once: one of them gets the descriptor. */
static void handle_close_inherited(struct lockmgr *mgr)
{
	const int fd = atomic_exchange(&mgr->fd, -1);

	if (fd >= 0)
		lockmgr_file_close(fd, mgr->device);
}

static void handle_close_all_inherited(void)
{
	struct lockmgr *mgr;

	for (mgr = handles; mgr; mgr = mgr->next)
		if (!mgr->inherited)
			handle_close_inherited(mgr);
}

static void handle_add(struct lockmgr *mgr)
{
	mgr->next = handles;
	mgr->link = &handles;
	if (handles)
		handles->link = &mgr->next;
	handles = mgr;
}

static void handle_remove(struct lockmgr *mgr)
{
	*mgr->link = mgr->next;
	if (mgr->next)
		mgr->next->link = mgr->link;
}

/*
 * The kernel has just given out the descriptor @fd.  So if an older handle has the same one,
 * something has closed that handle's file; the older handle must not use the new file instead.
 */
static void handle_add_with(struct lockmgr *mgr, int fd)
{
	struct lockmgr *other;

	for (other = handles; other; other = other->next)
		if (other->fd == fd)
			other->fd = -1;

	atomic_init(&mgr->fd, fd);
	handle_add(mgr);
}

/* Called and returns with the mutex held; drops it while the file is opened. */
static int handle_open_file(struct lockmgr *mgr, const char *device, int flags)
{
	unsigned int tries = OPEN_TRIES;
	unsigned int before;
	int fd = -1;

	do {
		if (fd >= 0)
			close(fd);
		before = lockmgr_process_forks();
		lockmgr_process_unlock();
		fd = lockmgr_file_open(device, flags, &mgr->device);
		lockmgr_process_lock();
	} while (fd >= 0 && lockmgr_process_forks() != before && --tries);

	return fd;
}

static int handle_init(struct lockmgr *mgr, const char *device, int flags)
{
	int ret;

	lockmgr_process_lock();
	ret = lockmgr_process_get(&mgr->process, handle_close_all_inherited);
	if (!ret)
		ret = handle_open_file(mgr, device, flags);
	if (ret >= 0) {
		handle_add_with(mgr, ret);
		ret = 0;
	}
	lockmgr_process_unlock();
	return ret;
}

int lockmgr_handle_open(struct lockmgr **mgr, const char *device, int flags)
{
	struct section section;
	struct lockmgr *new;
	int ret = -ENOMEM;

	section_enter(&section);
	new = calloc(1, sizeof(*new));
	if (new)
		ret = handle_init(new, device ? device : DEFAULT_DEVICE, flags);
	section_leave(&section);

	if (ret)
		free(new);
	else
		*mgr = new;
	return ret;
}

void lockmgr_handle_close(struct lockmgr *mgr)
{
	struct section section;

	section_enter(&section);
	if (lockmgr_handle_is_ours(mgr))
		lockmgr_file_close(mgr->fd, mgr->device);
	else
		handle_close_inherited(mgr);

	lockmgr_process_lock();
	handle_remove(mgr);
	lockmgr_process_unlock();
	free(mgr);
	section_leave(&section);
}

static int handle_check(const struct lockmgr *mgr)
{
	if (!mgr)
		return -EINVAL;
	return lockmgr_handle_is_ours(mgr) ? 0 : -ECHILD;
}

/* Called before each use of the file: a child that must not keep the file closes it here. */
int lockmgr_handle_use(struct lockmgr *mgr)
{
	const int error = errno;
	const int ret = handle_check(mgr);

	if (ret == -ECHILD && !mgr->inherited)
		handle_close_inherited(mgr);
	errno = error;
	return ret;
}

/* Whether the descriptor still stands for the file that the handle opened. */
bool lockmgr_handle_has_file(const struct lockmgr *mgr)
{
	return lockmgr_file_is_of(mgr->fd, mgr->device);
}

/* Let children, and programs that they or this process execute, inherit the file. */
int lockmgr_handle_bequeath(struct lockmgr *mgr)
{
	struct section section;
	int ret = 0;

	section_enter(&section);
	lockmgr_process_lock();
	if (fcntl(mgr->fd, F_SETFD, 0))
		ret = -errno;
	mgr->inherited = !ret;
	lockmgr_process_unlock();
	section_leave(&section);
	return ret;
}
