// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How spaces are named: NAME is a space of the caller, USER:NAME and UID:NAME are another
 * user's.  Neither a user name nor the name of a space can contain a colon.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "number.h"
#include "report.h"
#include "space.h"
#include "text.h"

#define NAME_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* Characters of a user's name that a shell or lockctl would interpret. */
#define NOT_TYPED	" \t\n!\"#$%&'()*:;<=>?[\\]^`{|}~"

/** space_name_is_valid() - whether a space can have that name */
bool space_name_is_valid(const char *name)
{
	const size_t length = strspn(name, NAME_CHARACTERS);

	return length && !name[length] && length < LOCKMGR_SPACE_NAME_SIZE && *name != '.';
}

/**
 * user_parse() - parse a user's name or number
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

	if (!length || length >= sizeof(user))
		return false;
	memcpy(user, text, length);
	user[length] = '\0';

	return user_parse(user, owner);
}

/**
 * space_parse() - parse the name of a space as it is typed
 * @text: what was typed
 * @space: receives the name
 *
 * Return: 0, or the exit status after a message
 */
int space_parse(const char *text, struct space *space)
{
	const char *colon = strchr(text, ':');
	const char *name = colon ? colon + 1 : text;

	space->owner = geteuid();
	if (colon && !parse_owner(text, colon - text, &space->owner)) {
		report("unknown user '%.*s'", (int)(colon - text), text);
		return STATUS_NOT_FOUND;
	}
	if (!space_name_is_valid(name)) {
		report("invalid space name '%s': 1 to %d of A-Za-z0-9._-, no leading dot",
		       name, LOCKMGR_SPACE_NAME_SIZE - 1);
		return STATUS_USAGE;
	}

	strcpy(space->name, name);
	return STATUS_OK;
}

/* Whether a name can be typed at a shell as it is shown, and does not look like an option. */
static bool can_be_typed(const char *name)
{
	char shown[USER_LABEL_SIZE];

	text_clean(shown, sizeof(shown), name, sizeof(shown));
	return *name && *name != '-' && !strcmp(name, shown) && !name[strcspn(name, NOT_TYPED)];
}

/**
 * user_label() - a user's name or number for messages
 * @uid: the user
 * @label: receives it
 *
 * Return: @label: what user_parse() understands as this user: the name; or the number if
 * there is no name, if it looks like another user's number, or if it cannot be typed
 */
const char *user_label(uid_t uid, char label[USER_LABEL_SIZE])
{
	const struct passwd *user = getpwuid(uid);
	uid_t parsed;

	if (user && can_be_typed(user->pw_name)) {
		strcpy(label, user->pw_name);
		if (user_parse(label, &parsed) && parsed == uid)
			return label;
	}
	snprintf(label, USER_LABEL_SIZE, "%u", uid);
	return label;
}

/**
 * group_parse() - parse a group's name or number
 * @text: what was typed
 * @gid: receives the number
 *
 * Return: whether there is such a group; numbers need not have a name
 */
bool group_parse(const char *text, gid_t *gid)
{
	const struct group *group;
	uint64_t number;

	if (number_parse(text, 10, UINT32_MAX - 1, &number)) {
		*gid = number;
		return true;
	}

	group = getgrnam(text);
	if (group)
		*gid = group->gr_gid;
	return group;
}

/** group_label() - a group's name or number for messages, as user_label() for users */
const char *group_label(gid_t gid, char label[USER_LABEL_SIZE])
{
	const struct group *group = getgrgid(gid);
	gid_t parsed;

	if (group && can_be_typed(group->gr_name)) {
		strcpy(label, group->gr_name);
		if (group_parse(label, &parsed) && parsed == gid)
			return label;
	}
	snprintf(label, USER_LABEL_SIZE, "%u", gid);
	return label;
}

/** space_label() - a space's name for people, in a form that they can type */
const char *space_label(const struct space *space, char label[SPACE_LABEL_SIZE])
{
	char user[USER_LABEL_SIZE];

	/* A leading dash would make it an option. */
	if (space->owner == geteuid() && *space->name != '-')
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
 * @space: the space
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

/* Spaces of other users that have this name and that the caller may read. */
static struct space_facts *find_others(const struct space *space, size_t *count)
{
	struct space_facts *facts;
	size_t i, all;

	*count = 0;
	if (directory_read(&facts, &all))
		return NULL;
	for (i = 0; i < all; i++)
		if (facts[i].space.owner != space->owner &&
		    !strcmp(facts[i].space.name, space->name))
			facts[(*count)++] = facts[i];
	return facts;
}

/**
 * space_report_missing() - report that there is no such space, and suggest another one
 * @text: what was typed
 * @space: the name that it means
 * @what: what cannot be done with it, for the message
 *
 * Return: the exit status
 */
int space_report_missing(const char *text, const struct space *space, const char *what)
{
	char user[USER_LABEL_SIZE], label[SPACE_LABEL_SIZE];
	struct space_facts *others = NULL;
	size_t count = 0;
	int status;

	if (!strchr(text, ':'))
		others = find_others(space, &count);
	if (count == 1) {
		report("cannot %s space %s: %s has no space of that name; there is %s", what, text,
		       user_label(space->owner, user), space_label(&others->space, label));
		status = STATUS_NOT_FOUND;
	} else if (count) {
		report("cannot %s space %s: %s has no space of that name; %zu others do, as %s",
		       what, text, user_label(space->owner, user), count,
		       space_label(&others->space, label));
		status = STATUS_NOT_FOUND;
	} else {
		status = report_failure(-ENOENT, "cannot %s space %s", what, text);
	}
	free(others);
	return status;
}

/*
 * For inspection only: if the caller has no space of that name, and exactly one other user
 * has, use that one.
 */
static bool take_only_other(struct space *space)
{
	static bool told;
	char user[USER_LABEL_SIZE], label[SPACE_LABEL_SIZE];
	size_t count;
	struct space_facts *others = find_others(space, &count);

	if (count == 1) {
		if (!told)
			report("%s has no space '%s': this is %s",
			       user_label(space->owner, user), space->name,
			       space_label(&others->space, label));
		told = true;
		*space = others->space;
	}
	free(others);
	return count == 1;
}

/**
 * space_attach_named() - open a space by the name that the user typed
 * @text: what was typed
 * @flags: LOCKMGR_OPEN_*
 * @space: receives the name
 * @mgr: receives the handle
 *
 * With LOCKMGR_OPEN_READONLY, a name without a user may also mean the space of another user,
 * if only one other user has a space of that name.  Commands that change a space never use
 * one whose owner the user did not name.
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
	if (ret == -ENOENT && flags & LOCKMGR_OPEN_READONLY && !strchr(text, ':') &&
	    take_only_other(space))
		ret = space_attach(space, flags, mgr);
	if (ret == -ENOENT)
		return space_report_missing(text, space, "open");
	if (ret)
		return report_failure(ret, "cannot open space %s", text);
	return STATUS_OK;
}
