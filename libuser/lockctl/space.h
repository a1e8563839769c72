/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_SPACE_H
#define LOCKCTL_SPACE_H

#include <stdbool.h>
#include <sys/types.h>

#include <lockmgr.h>

/**
 * struct space - the name of a space
 * @owner: its owner
 * @name: its name among the owner's spaces
 */
struct space {
	uid_t owner;
	char name[LOCKMGR_SPACE_NAME_SIZE];
};

/* Room for the longest user name that Linux allows; and for that and a space's name. */
#define USER_LABEL_SIZE		257
#define SPACE_LABEL_SIZE	(USER_LABEL_SIZE + LOCKMGR_SPACE_NAME_SIZE)

bool space_name_is_valid(const char *name);
int space_parse(const char *text, struct space *space);
const char *space_label(const struct space *space, char label[SPACE_LABEL_SIZE]);
const char *space_full_name(const struct space *space, char label[SPACE_LABEL_SIZE]);
bool user_parse(const char *text, uid_t *uid);
const char *user_label(uid_t uid, char label[USER_LABEL_SIZE]);
bool group_parse(const char *text, gid_t *gid);
const char *group_label(gid_t gid, char label[USER_LABEL_SIZE]);

int space_attach(const struct space *space, uint32_t flags, struct lockmgr **mgr);
int space_report_missing(const char *text, const struct space *space, const char *what);
int space_attach_named(const char *text, uint32_t flags, struct space *space,
		       struct lockmgr **mgr);

#endif /* LOCKCTL_SPACE_H */
