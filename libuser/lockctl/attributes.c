// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Copying a file's attributes: owner, group, mode, and extended attributes, which include
 * ACLs and security labels.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attributes.h"

/* The kernel's limits: for all names together, and for one value. */
#define NAMES_SIZE	65536
#define VALUE_SIZE	65536

/* The names of a file's extended attributes, one after the other, each with its NUL. */
struct names {
	char text[NAMES_SIZE];
	size_t length;
};

static bool list(struct names *names, int fd)
{
	const ssize_t length = flistxattr(fd, names->text, sizeof(names->text));

	names->length = length < 0 ? 0 : length;
	return length >= 0 || errno == ENOTSUP;
}

/* The name after @name; NULL: there is none. */
static const char *next(const struct names *names, const char *name)
{
	const char *following = name ? name + strlen(name) + 1 : names->text;

	return following < names->text + names->length ? following : NULL;
}

static bool copy_value(int to, int from, const char *name)
{
	static char value[VALUE_SIZE], present[VALUE_SIZE];
	const ssize_t length = fgetxattr(from, name, value, sizeof(value));

	if (length < 0)
		return false;
	/* If the value is there already do not set it: we may lack the right to. */
	if (fgetxattr(to, name, present, sizeof(present)) == length &&
	    !memcmp(value, present, length))
		return true;
	return !fsetxattr(to, name, value, length, 0);
}

/* A new file may have attributes from its directory that the old file does not have. */
static bool remove_others(int to, int from, const struct names *names)
{
	const char *name = NULL;

	while ((name = next(names, name)))
		if (fgetxattr(from, name, NULL, 0) < 0 && fremovexattr(to, name))
			return false;
	return true;
}

static bool copy_extended(int to, int from)
{
	static struct names names;
	const char *name = NULL;

	if (!list(&names, to) || !remove_others(to, from, &names))
		return false;
	if (!list(&names, from))
		return false;
	while ((name = next(&names, name)))
		if (!copy_value(to, from, name))
			return false;
	return true;
}

/**
 * attributes_copy() - give a file the attributes of another
 * @to: the file that gets them
 * @from: the file that has them
 *
 * Return: whether all could be copied
 */
bool attributes_copy(int to, int from)
{
	struct stat has, wanted;

	if (fstat(to, &has) || fstat(from, &wanted))
		return false;
	if ((has.st_uid != wanted.st_uid || has.st_gid != wanted.st_gid) &&
	    fchown(to, wanted.st_uid, wanted.st_gid))
		return false;
	/* An ACL changes the group bits of the mode, so set the ACL last. */
	return !fchmod(to, wanted.st_mode & 07777) && copy_extended(to, from);
}
