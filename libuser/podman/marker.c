// SPDX-License-Identifier: LGPL-2.1-or-later
/* The marker: the file in the place of Podman's segment. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "marker.h"
#include "refuse.h"
#include "segment.h"

#define DIRECTORY	"/dev/shm/"
#define TEXT_MAX	512

/* On no machine does a segment of Podman's begin like this. */
#define FORMAT \
	"lockmgr-podman 1\n" \
	"space %s\n" \
	"generation %016" PRIx64 "\n" \
	"allocation-lock %" PRIu32 "\n" \
	"The locks of this Podman are kept by lockmgr: see \"lockctl list %s\".\n" \
	"A podman without its library must not run beside those with it.\n"

static const char change_over[] =
	"To change over, stop all podmans, remove the file, and run 'podman system renumber'.";

static void path_of(const char *name, char *path, size_t size)
{
	snprintf(path, size, DIRECTORY "%s", name);
}

bool marker_is_wanted(const char *shm_name)
{
	static const char rootless[] = "/libpod_rootless_lock_";
	const size_t length = sizeof(rootless) - 1;

	if (strncmp(shm_name, "/libpod", strlen("/libpod")))
		return false;
	if (!strcmp(shm_name, "/libpod_lock"))
		return true;
	if (!strncmp(shm_name, rootless, length) && shm_name[length] &&
	    strspn(shm_name + length, "0123456789") == strlen(shm_name + length) &&
	    strlen(shm_name) < sizeof(((struct marker *)NULL)->name))
		return true;
	refuse("this podman wants a segment '%s'.\n"
	       "Those that are known here are called libpod_lock and libpod_rootless_lock_UID.",
	       shm_name);
}

static bool has_name(const char *name)
{
	char path[128];
	struct stat status;

	path_of(name, path, sizeof(path));
	return !lstat(path, &status);
}

bool marker_has_name(const struct marker *marker)
{
	return has_name(marker->name);
}

int marker_create(const char *name)
{
	if (has_name(name)) {
		errno = EEXIST;
		return -1;
	}
	/*
	 * Without a name until it is written: if a process is killed, the marker is complete or
	 * does not exist.
	 */
	return open(DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static void format_marker(const struct marker *marker, char *text, size_t size)
{
	snprintf(text, size, FORMAT, marker->name, marker->generation, marker->own_lock,
		 marker->name);
}

void marker_write(int fd, struct marker *marker)
{
	char path[128], from[64], text[TEXT_MAX];
	struct stat status;
	ssize_t length;

	path_of(marker->name, path, sizeof(path));
	format_marker(marker, text, sizeof(text));
	length = (ssize_t)strlen(text);
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)length, 0) != length ||
	    fstat(fd, &status))
		refuse("cannot write %s: %s", path, strerror(errno));
	marker->device = status.st_dev;
	marker->inode = status.st_ino;

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		refuse("cannot make %s: %s", path, strerror(errno));
}

/* Ends the process: the file is not a marker.  The message says if it is a segment of Podman's. */
__attribute__((noreturn)) static void refuse_file(const char *path, const char *text,
						  ssize_t length)
{
	uint16_t magic = 0;

	if (length >= (ssize_t)sizeof(magic))
		memcpy(&magic, text, sizeof(magic));
	if (magic == SEGMENT_MAGIC)
		refuse("%s was made by a podman that ran without this library.\n%s", path,
		       change_over);
	refuse("%s is neither ours nor a segment of Podman's that is known here.\n%s", path,
	       change_over);
}

void marker_read(int fd, struct marker *marker)
{
	char path[128], text[TEXT_MAX] = "", expected[TEXT_MAX];
	struct stat status;
	ssize_t length;

	path_of(marker->name, path, sizeof(path));
	length = pread(fd, text, sizeof(text) - 1, 0);
	if (length < 0 || fstat(fd, &status))
		refuse("cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_mode & 022)
		refuse("%s is another user's, or others can write to it: remove it", path);
	if (sscanf(text,
		   "lockmgr-podman 1\n"
		   "space %*63s\n"
		   "generation %" SCNx64 "\n"
		   "allocation-lock %" SCNu32 "\n",
		   &marker->generation, &marker->own_lock) != 2)
		refuse_file(path, text, length);
	format_marker(marker, expected, sizeof(expected));
	if (strcmp(text, expected) || (size_t)length != strlen(expected))
		refuse_file(path, text, length);
	marker->device = status.st_dev;
	marker->inode = status.st_ino;
}

bool marker_is_there(const struct marker *marker)
{
	char path[128];
	struct stat status;

	path_of(marker->name, path, sizeof(path));
	return !lstat(path, &status) && status.st_dev == marker->device &&
	       status.st_ino == marker->inode;
}
