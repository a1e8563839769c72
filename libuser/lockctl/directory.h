/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_DIRECTORY_H
#define LOCKCTL_DIRECTORY_H

#include "space.h"

/* Where the module shows the spaces, a directory each; it is made with the first one. */
#define SPACES_DIRECTORY	"/sys/class/misc/lockmgr/spaces"

/* There as long as the module is, if it shows spaces at all. */
#define SPACES_COUNT		"/sys/class/misc/lockmgr/nr_spaces"

/**
 * struct id_maps - how the ids there, the initial namespace's, are shown to the caller
 * @users: path of a file like /proc/PID/uid_map
 * @groups: likewise, gid_map
 */
struct id_maps {
	const char *users;
	const char *groups;
};

/**
 * struct space_facts - what the files of a space say
 */
struct space_facts {
	struct space space;
	uint64_t generation;
	gid_t group;
	uint32_t mode;
	uint32_t capacity;
	uint32_t allocated;
	uint32_t held;
	uint32_t waiting;
	uint32_t clients;
};

int directory_read(const char *path, const struct id_maps *maps,
		   struct space_facts **spaces, size_t *count);
int directory_read_all(struct space_facts **spaces, size_t *count);

#endif /* LOCKCTL_DIRECTORY_H */
