// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How spaces are named: NAME is the caller's own, USER:NAME and UID:NAME are another's.
 * No user name can have a colon, nor can the name of a space.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "number.h"
#include "report.h"
#include "space.h"
#include "text.h"

#define NAME_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/** space_name_is_valid() - whether a space can have that name */
bool space_name_is_valid(const char *name)
{
	const size_t length = strspn(name, NAME_CHARACTERS);

	return length && !name[length] && length < LOCKMGR_SPACE_NAME_SIZE && *name != '.';
}

/**
 * user_parse() - a user's name or number
 * @text: what was typed
 * @uid: receives the number
 *
 * Return: whether there is such a user; numbers need not have a name
 */
bool user_parse(const char *text, uid_t *uid)
{
	const struct passwd *user;
	uint64_t number;

	if (number_parse(text, 10, UINT32_MAX - 1, &number)) {
		*uid = number;
		return true;
	}

	user = getpwnam(text);
	if (user)
		*uid = user->pw_uid;
	return user;
}

static bool parse_owner(const char *text, size_t length, uid_t *owner)
{
	char user[USER_LABEL_SIZE];

	if (length >= sizeof(user))
		return false;
	memcpy(user, text, length);
	user[length] = '\0';

	return user_parse(user, owner);
}

/**
 * space_parse() - the name of a space as it is typed
 * @text: what was typed
 * @space: receives it
 *
 * Return: 0, or the exit status after a message
 */
int space_parse(const char *text, struct space *space)
{
	const char *colon = strchr(text, ':');
	const char *name = colon ? colon + 1 : text;

	space->owner = geteuid();
	if (colon && !parse_owner(text, colon - text, &space->owner)) {
		report("there is no user '%.*s'", (int)(colon - text), text);
		return STATUS_NOT_FOUND;
	}
	if (!space_name_is_valid(name)) {
		report("no space can be called '%s': 1 to %d of A-Za-z0-9._-, no dot in front",
		       name, LOCKMGR_SPACE_NAME_SIZE - 1);
		return STATUS_USAGE;
	}

	strcpy(space->name, name);
	return STATUS_OK;
}

/* Names that could be taken for something else are left out. */
static const char *id_label(const char *name, unsigned int id, char label[USER_LABEL_SIZE])
{
	if (name && *name && strlen(name) < USER_LABEL_SIZE / 4)
		text_clean(label, USER_LABEL_SIZE, name, USER_LABEL_SIZE);
	else
		snprintf(label, USER_LABEL_SIZE, "%u", id);
	return label;
}

/** user_label() - what a user is called, the number if nothing else */
const char *user_label(uid_t uid, char label[USER_LABEL_SIZE])
{
	const struct passwd *user = getpwuid(uid);

	return id_label(user ? user->pw_name : NULL, uid, label);
}

/** group_label() - what a group is called, the number if nothing else */
const char *group_label(gid_t gid, char label[USER_LABEL_SIZE])
{
	const struct group *group = getgrgid(gid);

	return id_label(group ? group->gr_name : NULL, gid, label);
}

/** space_label() - a space's name for people, who can type it as it is */
const char *space_label(const struct space *space, char label[SPACE_LABEL_SIZE])
{
	char user[USER_LABEL_SIZE];

	if (space->owner == geteuid())
		snprintf(label, SPACE_LABEL_SIZE, "%s", space->name);
	else
		snprintf(label, SPACE_LABEL_SIZE, "%s:%s", user_label(space->owner, user),
			 space->name);
	return label;
}

/** space_full_name() - a space's name for programs: the same for every user */
const char *space_full_name(const struct space *space, char label[SPACE_LABEL_SIZE])
{
	snprintf(label, SPACE_LABEL_SIZE, "%u:%s", space->owner, space->name);
	return label;
}

/**
 * space_attach() - open a space
 * @space: which
 * @flags: LOCKMGR_OPEN_*
 * @mgr: receives the handle
 *
 * Return: 0 or a negative errno
 */
int space_attach(const struct space *space, uint32_t flags, struct lockmgr **mgr)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;

	/* A command makes a handful of calls: mapping records would not pay. */
	options.flags = flags | LOCKMGR_OPEN_NO_MAP;
	options.owner = space->owner;

	return lockmgr_open(mgr, space->name, &options);
}

/**
 * space_attach_named() - open a space that somebody typed
 * @text: what was typed
 * @flags: LOCKMGR_OPEN_*
 * @space: receives the name
 * @mgr: receives the handle
 *
 * Return: 0, or the exit status after a message
 */
int space_attach_named(const char *text, uint32_t flags, struct space *space,
		       struct lockmgr **mgr)
{
	int ret;

	ret = space_parse(text, space);
	if (ret)
		return ret;

	ret = space_attach(space, flags, mgr);
	if (ret)
		return report_failure(ret, "cannot open space %s", text);
	return STATUS_OK;
}
