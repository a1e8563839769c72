/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_DIRECTORY_H
#define LOCKCTL_DIRECTORY_H

#include "space.h"

/**
 * struct space_facts - what the module says of a space
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

int directory_read(struct space_facts **spaces, size_t *count);
int directory_read_all(struct space_facts **spaces, size_t *count);

#endif /* LOCKCTL_DIRECTORY_H */
