/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Views: what a process sees where Podman maps its segment.
 *
 * It is memory of that process alone.  A mutex in it stands for the lock with its number in
 * a space.  The bitmaps are read from the space's allocations when the lock that guards
 * them is acquired, and what has been changed in them goes there before it is released:
 * so a process that is killed has changed all of one number, or nothing, and a stray write
 * harms nobody else.
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
 * @name: of the space
 * @fd: the marker, or, with @is_new, what becomes one
 * @size: what Podman takes for the segment's size
 *
 * Returns its address, or MAP_FAILED with errno.  Ends the process if the space is not
 * there, or not that of the marker.
 */
void *view_map(const char *name, int fd, bool is_new, size_t size);

/** The view that begins at an address. */
struct view *view_at(const void *address);

/** The view that an address is in. */
struct view *view_of(const void *address);

/** Close the view's handle and forget it. */
void view_unmap(struct view *view);

/* As the functions of pthreads whose names they have: 0 or an error number. */
int view_mutex_init(struct view *view, const pthread_mutex_t *mutex);
int view_mutex_lock(struct view *view, const pthread_mutex_t *mutex);
int view_mutex_trylock(struct view *view, const pthread_mutex_t *mutex);
int view_mutex_unlock(struct view *view, const pthread_mutex_t *mutex);

#endif /* VIEW_H */
