// SPDX-License-Identifier: LGPL-2.1-or-later
/* Listing the spaces: the module lists those of our IPC namespace that we may read. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "directory.h"
#include "memory.h"
#include "report.h"

#define DEVICE	"/dev/lockmgr"

/* How many spaces to ask for in one call. */
#define BATCH	64

static_assert(LOCKMGR_NAME_SIZE == LOCKMGR_SPACE_NAME_SIZE, "names");

static void fill_facts(struct space_facts *facts, const struct lockmgr_space_entry *entry)
{
	*facts = (struct space_facts) {
		.space.owner	= entry->owner,
		.generation	= entry->generation,
		.group		= entry->group,
		.mode		= entry->mode,
		.capacity	= entry->capacity,
		.allocated	= entry->allocated,
		.held		= entry->held,
		.waiting	= entry->waiting,
		.clients	= entry->clients,
	};
	memcpy(facts->space.name, entry->name, sizeof(facts->space.name));
}

static int compare(const void *left, const void *right)
{
	const struct space *a = &((const struct space_facts *)left)->space;
	const struct space *b = &((const struct space_facts *)right)->space;

	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Returns 0 or a negative errno; the caller frees @spaces even after an error. */
static int read_spaces(int device, struct space_facts **spaces, size_t *count)
{
	struct lockmgr_space_entry entries[BATCH];
	struct lockmgr_ioctl_list list = {
		.entries	= (uintptr_t)entries,
		.entry_size	= sizeof(entries[0]),
	};
	size_t room = 0;
	uint32_t i;

	while (list.cursor != LOCKMGR_CURSOR_END) {
		list.count = BATCH;
		if (ioctl(device, LOCKMGR_IOC_LIST_SPACES, &list))
			return errno == ENOTTY ? -EPROTONOSUPPORT : -errno;
		for (i = 0; i < list.count; i++) {
			*spaces = memory_grow(*spaces, &room, *count, sizeof(**spaces));
			fill_facts(&(*spaces)[(*count)++], &entries[i]);
		}
	}
	return 0;
}

/**
 * directory_read() - list the spaces of our IPC namespace that we may read
 * @spaces: receives them, sorted by owner and name; the caller frees them
 * @count: receives how many
 *
 * Return: 0 or a negative errno
 */
int directory_read(struct space_facts **spaces, size_t *count)
{
	const int device = open(DEVICE, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int ret;

	*spaces = NULL;
	*count = 0;
	if (device < 0)
		return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;

	ret = read_spaces(device, spaces, count);
	close(device);
	if (ret) {
		free(*spaces);
		*spaces = NULL;
		*count = 0;
		return ret;
	}
	if (*count)
		qsort(*spaces, *count, sizeof(**spaces), compare);
	return 0;
}

/**
 * directory_read_all() - directory_read(), with a message if it fails
 * @spaces: receives them; the caller frees them
 * @count: receives how many
 *
 * Return: 0, or the exit status after a message
 */
int directory_read_all(struct space_facts **spaces, size_t *count)
{
	const int ret = directory_read(spaces, count);

	if (ret)
		return report_failure(ret, "cannot list the spaces");
	return STATUS_OK;
}
