// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing the whole content of a file of any kind.
 *
 * A regular file is replaced: we write a temporary file in the same directory, and rename it
 * to the file's name when it is complete, so that a full disk or a crash leaves the old text.
 * Links are followed to the last name, and the new file gets the old one's owner, mode and
 * other attributes.  The file is written in place if it cannot be replaced: because it has
 * several names, because we may not write its directory or its attributes, or because the
 * file itself is a mount point, as a file that is passed into a container is.
 *
 * Everything else is written in place: devices, FIFOs, open descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attributes.h"
#include "descriptor.h"
#include "memory.h"
#include "output-file.h"

/* struct output - the contents of the file */
struct output {
	const char *text;
	size_t length;
};

/* Functions below that return int return 0 or a negative errno. */

static int write_text(int fd, const struct output *output)
{
	size_t done = 0;
	ssize_t count;

	while (done < output->length) {
		count = write(fd, output->text + done, output->length - done);
		if (count < 0 && errno != EINTR)
			return -errno;
		if (count > 0)
			done += count;
	}
	/* fsync() fails with these errors on files that are not on a disk. */
	if (fsync(fd) && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		return -errno;
	return 0;
}

/* The first byte written destroys the old text, so reserve room on the disk before. */
static int write_in_place(int fd, const struct output *output)
{
	int ret;

	/* Not every file system has fallocate(); without it, the write reports a full disk. */
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, output->length) &&
	    (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
		return -errno;
	ret = write_text(fd, output);
	return !ret && ftruncate(fd, output->length) ? -errno : ret;
}

/* The length of a path without its last component. */
static int directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 - path : 0;
}

/* The new name must be on the disk, too.  Where that cannot be asked for, we go on. */
static void sync_directory(const char *path)
{
	char *directory;
	int fd;

	if (asprintf(&directory, "%.*s.", directory_length(path), path) < 0)
		memory_none();
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(directory);
}

/* Create a temporary file in the directory of @path. */
static int create_temporary(const char *path, char **name)
{
	int fd;

	if (asprintf(name, "%.*s.lockctl-XXXXXX", directory_length(path), path) < 0)
		memory_none();
	fd = mkostemp(*name, O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Give a new file the usual mode; mkostemp() creates it for its owner only. */
static bool permit_as_new(int fd)
{
	const mode_t mask = umask(0);

	umask(mask);
	return !fchmod(fd, 0666 & ~mask);
}

/* @old: the file to replace; -1: there is none */
static int fill(int fd, int old, const struct output *output)
{
	const bool good = old < 0 ? permit_as_new(fd) : attributes_copy(fd, old);

	return good ? write_text(fd, output) : -EPERM;
}

static int replace(const char *path, int old, const struct output *output)
{
	char *temporary;
	int fd, ret;

	fd = create_temporary(path, &temporary);
	if (fd < 0) {
		free(temporary);
		return fd;
	}
	ret = fill(fd, old, output);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret)
		unlink(temporary);
	else
		sync_directory(path);
	free(temporary);
	return ret;
}

/* Whether creating the new file, or setting its attributes, is refused; then write in place. */
static bool is_refused(int ret)
{
	switch (-ret) {
	case 0:
	case EDQUOT:
	case EFBIG:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
		return false;
	default:
		return true;
	}
}

/* The path with all links followed, if it is the only name of the file; else NULL. */
static char *only_path(const char *path, const struct stat *status)
{
	char *resolved = status->st_nlink == 1 ? realpath(path, NULL) : NULL;
	struct stat found;

	if (resolved && !lstat(resolved, &found) && found.st_dev == status->st_dev &&
	    found.st_ino == status->st_ino)
		return resolved;
	free(resolved);
	return NULL;
}

static int write_regular(const char *path, int fd, const struct stat *status,
			 const struct output *output)
{
	char *resolved = only_path(path, status);
	const int ret = resolved ? replace(resolved, fd, output) : -EPERM;

	free(resolved);
	return is_refused(ret) ? write_in_place(fd, output) : ret;
}

static int write_existing(const char *path, int fd, const struct output *output)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	if (S_ISREG(status.st_mode))
		return write_regular(path, fd, &status, output);
	return write_text(fd, output);
}

/* A dangling symbolic link stays a link: open() creates its target. */
static int write_new(const char *path, const struct output *output)
{
	struct stat status;
	int fd, ret;

	if (lstat(path, &status))
		return replace(path, -1, output);

	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0)
		return -errno;
	ret = write_in_place(fd, output);
	close(fd);
	return ret;
}

/**
 * output_file_write() - replace the content of a file by a text
 * @path: the file
 * @text: the text
 * @length: its length
 *
 * Return: 0 or a negative errno
 */
int output_file_write(const char *path, const char *text, size_t length)
{
	const struct output output = { text, length };
	int fd, ret;

	fd = descriptor_named(path);
	if (fd >= 0)
		return write_text(fd, &output);

	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? write_new(path, &output) : -errno;
	ret = write_existing(path, fd, &output);
	close(fd);
	return ret;
}
