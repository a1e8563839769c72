/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The marker: the file in the place of Podman's segment.  It contains no locks, and says in
 * which space they are.  A Podman without this library finds that the file does not begin as
 * its segment does, and ends.
 */
#ifndef MARKER_H
#define MARKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct marker - what the file says, and which file it is
 * @name: name of the space, and of the file in /dev/shm
 * @generation: the space's
 * @own_lock: id of the lock that guards allocations
 * @device: the file's
 * @inode: the file's
 */
struct marker {
	char     name[64];
	uint64_t generation;
	uint32_t own_lock;
	dev_t    device;
	ino_t    inode;
};

/**
 * Whether a name for shm_open() is that of a segment of Podman's.  Ends the process if the name
 * begins with "/libpod" but is not one of those that are known.
 */
bool marker_is_wanted(const char *shm_name);

/** Whether a file has the name. */
bool marker_has_name(const struct marker *marker);

/**
 * Create a file without a name, for marker_write().  Returns its descriptor, or -1 with errno:
 * EEXIST if a file has the name already.
 */
int marker_create(const char *name);

/** Write into the file of marker_create(), and give it its name. */
void marker_write(int fd, struct marker *marker);

/** Read a file that has a marker's name; ends the process if it is not a marker. */
void marker_read(int fd, struct marker *marker);

/** Whether the file that has the name now is still the one that was written or read. */
bool marker_is_there(const struct marker *marker);

#endif /* MARKER_H */
