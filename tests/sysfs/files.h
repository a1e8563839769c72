/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading files of the kernel, those of a space in sysfs among them.
 *
 * A failure in these functions fails the running test.
 */
#ifndef FILES_H
#define FILES_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "harness.h"

#define DEVICE_DIRECTORY	"/sys/devices/virtual/misc/lockmgr"
#define SPACES_DIRECTORY	DEVICE_DIRECTORY "/spaces"

#define TEXT_MAX	65536

/** Every file of a space. */
static const char *const space_files[] = {
	"owner",
	"group",
	"mode",
	"capacity",
	"allocated",
	"available",
	"held",
	"waiting",
	"clients",
	"generation",
	"stats/contentions",
	"stats/handoffs",
	"stats/holder_deaths",
	"stats/deadlocks",
	"stats/longest_wait_ns",
};

/** The path of a file of a space of that user; with "" for the file, of its directory. */
static inline const char *path_of(uid_t owner, const char *space, const char *file)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), SPACES_DIRECTORY "/%u:%s%s%s", owner, space,
		 *file ? "/" : "", file);

	return path;
}

/** The same for the caller's space with the name space_name(). */
static inline const char *own_path(const char *file)
{
	return path_of(geteuid(), space_name(), file);
}

/** The only line of a file, without its line end. */
static inline const char *line_of(const char *path)
{
	static char text[4096];
	long length = file_text(path, text, sizeof(text));

	if (length < 0)
		fail_msg("%s: %s", path, strerror(-length));
	if (!length || strchr(text, '\n') != text + length - 1)
		fail_msg("%s is not one line: '%s'", path, text);
	text[length - 1] = '\0';

	return text;
}

/** The number in a file of the caller's space. */
static inline unsigned long long number_of(const char *file)
{
	const char *line = line_of(own_path(file));
	unsigned long long number;
	char *end;

	number = strtoull(line, &end, 10);
	if (!*line || *end)
		fail_msg("%s is not a number: '%s'", own_path(file), line);

	return number;
}

#endif /* FILES_H */
