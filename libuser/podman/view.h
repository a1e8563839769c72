/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Views: what a process sees where Podman maps its segment.
 *
 * A view is private memory of the process.  A mutex in it stands for the lock with the same
 * number in a space.  One lock guards the bitmaps that say which numbers are in use.  When that
 * lock is acquired, the bitmaps are filled in from the space's allocations; before it is
 * released, changes of the bitmaps are made in the space, one number after the other.  So if
 * a process is killed, each change of a number is complete or has not happened; and a stray
 * write harms no other process.
 */
#ifndef VIEW_H
#define VIEW_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view;

/**
 * Map a view instead of the file.
 * @name: name of the space
 * @fd: the marker (marker.h), or, with @is_new, a file of marker_create()
 * @is_new: Podman creates its segment: set the space up, and write the marker
 * @size: size of the segment that Podman maps
 *
 * Returns the view's address, or MAP_FAILED with errno.  Ends the process if the space does
 * not exist, or is not the one that the marker names.
 */
void *view_map(const char *name, int fd, bool is_new, size_t size);

/** The view that begins at an address, or NULL. */
struct view *view_at(const void *address);

/** The view that an address is in, or NULL. */
struct view *view_of(const void *address);

/** Close the view's handle and forget it. */
void view_unmap(struct view *view);

/* As the pthread functions of the same names: return 0 or an error number. */
int view_mutex_init(struct view *view, const pthread_mutex_t *mutex);
int view_mutex_lock(struct view *view, const pthread_mutex_t *mutex);
int view_mutex_trylock(struct view *view, const pthread_mutex_t *mutex);
int view_mutex_unlock(struct view *view, const pthread_mutex_t *mutex);

#endif /* VIEW_H */
