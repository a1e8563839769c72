// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a file has beside its text: owner, group, mode, and extended attributes, among
 * which are ACLs and security labels.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attributes.h"

/* What the kernel allows: of names in all, and of one value. */
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

/* Which name follows this one; NULL: none. */
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
	/* What is there by itself need not be set, for which a right may be missing. */
	if (fgetxattr(to, name, present, sizeof(present)) == length &&
	    !memcmp(value, present, length))
		return true;
	return !fsetxattr(to, name, value, length, 0);
}

/* A new file may have some from its directory, which the old one has not. */
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
 * attributes_copy() - let a file have what another has beside its text
 * @to: the file
 * @from: the other one
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
	/* An ACL changes the mode's bits of the group, and so it comes last. */
	return !fchmod(to, wanted.st_mode & 07777) && copy_extended(to, from);
}
