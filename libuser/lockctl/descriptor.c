// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Paths that name a descriptor of this process: /dev/stdout, /dev/fd/63, and links to
 * such paths.  open() on one makes a second open file: on a regular file that one begins at
 * offset 0, and on a socket, or a terminal of another user, open() fails.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "number.h"

/* The kernel follows this many links in a path. */
#define LINKS_MAX	40

/* The last component of a path: a pointer into @path. */
static const char *last_word(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether the path's last component is in that directory. */
static bool is_in(const char *path, const struct stat *directory)
{
	char parent[PATH_MAX + 1];
	struct stat status;

	snprintf(parent, sizeof(parent), "%.*s.", (int)(last_word(path) - path), path);
	return !stat(parent, &status) && status.st_dev == directory->st_dev &&
	       status.st_ino == directory->st_ino;
}

/* Replace the path of a link by its target's path; returns whether it was a link. */
static bool follow(char path[PATH_MAX])
{
	const size_t before = last_word(path) - path;
	char target[PATH_MAX], next[2 * PATH_MAX];
	const ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	snprintf(next, sizeof(next), "%.*s%s", *target == '/' ? 0 : (int)before, path, target);
	if (strlen(next) >= PATH_MAX)
		return false;
	strcpy(path, next);
	return true;
}

static int named_in(const struct stat *directory, const char *path)
{
	char current[PATH_MAX];
	uint64_t number;
	int links;

	if (strlen(path) >= sizeof(current))
		return -1;
	strcpy(current, path);
	for (links = 0; links < LINKS_MAX; links++) {
		if (number_parse(last_word(current), 10, INT_MAX, &number) &&
		    is_in(current, directory))
			return number;
		if (!follow(current))
			return -1;
	}
	return -1;
}

/** descriptor_named() - the descriptor of ours that a path names; -1: it names none */
int descriptor_named(const char *path)
{
	/* While the directory is open, its inode has the same number by every path. */
	const int descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat directory;
	int found = -1;

	if (descriptors < 0)
		return -1;
	if (!fstat(descriptors, &directory))
		found = named_in(&directory, path);
	close(descriptors);
	/* @descriptors was open only for this check, and is not what the path names. */
	return found == descriptors ? -1 : found;
}
