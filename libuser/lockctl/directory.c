// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which spaces there are: the module shows a directory UID:NAME of each in sysfs, with
 * files that those may read who may read the space.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "memory.h"
#include "number.h"
#include "report.h"

/* Longer is no value of one of these files. */
#define VALUE_SIZE	32

/* How user namespaces show groups that they do not have. */
#define GROUP_NOT_SHOWN	65534

/* Returns 0 or a negative errno. */
static int read_value(int directory, const char *space, const char *name, int base,
		      uint64_t max, uint64_t *value)
{
	char path[NAME_MAX + VALUE_SIZE], text[VALUE_SIZE];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", space, name);
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length < 0)
		return -errno;

	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return number_parse(text, base, max, value) ? 0 : -EPROTO;
}

/* Returns 0 or a negative errno: -EACCES where the caller may not read the space. */
static int read_facts(int directory, const char *name, struct space_facts *facts)
{
	const struct {
		const char *name;
		uint32_t *value;
		int base;
	} files[] = {
		{ "group", &facts->group, 10 },
		{ "mode", &facts->mode, 8 },
		{ "capacity", &facts->capacity, 10 },
		{ "allocated", &facts->allocated, 10 },
		{ "held", &facts->held, 10 },
		{ "waiting", &facts->waiting, 10 },
		{ "clients", &facts->clients, 10 },
	};
	uint64_t value;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		ret = read_value(directory, name, files[i].name, files[i].base, UINT32_MAX,
				 &value);
		if (ret)
			return ret;
		*files[i].value = value;
	}

	return read_value(directory, name, "generation", 16, UINT64_MAX, &facts->generation);
}

/* Take a directory's name to pieces; returns whether it is that of a space. */
static bool parse_name(const char *text, uint32_t *uid, char name[LOCKMGR_SPACE_NAME_SIZE])
{
	char digits[VALUE_SIZE];
	const char *colon = strchr(text, ':');
	uint64_t number;

	if (!colon || colon - text >= VALUE_SIZE || !space_name_is_valid(colon + 1))
		return false;
	memcpy(digits, text, colon - text);
	digits[colon - text] = '\0';
	if (!number_parse(digits, 10, UINT32_MAX, &number))
		return false;

	*uid = number;
	strcpy(name, colon + 1);
	return true;
}

/*
 * How the caller's user namespace shows a user or group; returns whether it does.  The
 * map says it for a namespace whose parent is the initial one, as those of containers are.
 */
static bool map_id(const char *map, uint32_t id, uint32_t *mapped)
{
	unsigned int inside, outside, count;
	bool found = false;
	FILE *file = fopen(map, "re");

	/* No user namespaces in this kernel. */
	if (!file) {
		*mapped = id;
		return true;
	}
	while (!found && fscanf(file, "%u %u %u", &inside, &outside, &count) == 3) {
		found = id >= outside && id - outside < count;
		*mapped = inside + (id - outside);
	}
	fclose(file);

	return found;
}

static int compare(const void *left, const void *right)
{
	const struct space *a = &((const struct space_facts *)left)->space;
	const struct space *b = &((const struct space_facts *)right)->space;

	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Whether it is a space that the caller may read, and is still there. */
static bool read_space(int directory, const char *name, const struct id_maps *maps,
		       struct space_facts *facts)
{
	uint32_t uid;
	int ret;

	if (!parse_name(name, &uid, facts->space.name) ||
	    !map_id(maps->users, uid, &facts->space.owner))
		return false;

	ret = read_facts(directory, name, facts);
	if (!ret && !map_id(maps->groups, facts->group, &facts->group))
		facts->group = GROUP_NOT_SHOWN;
	if (ret && ret != -EACCES && ret != -ENOENT && ret != -ENODEV)
		report("cannot read what %s says of space %s: %s", SPACES_DIRECTORY, name,
		       strerror(-ret));
	return !ret;
}

/**
 * directory_read() - the spaces in a directory that the caller may read
 * @path: the directory
 * @maps: how the caller is shown its ids
 * @spaces: receives them, by owner and name; for the caller to free
 * @count: receives how many
 *
 * Return: 0 or a negative errno
 */
int directory_read(const char *path, const struct id_maps *maps,
		   struct space_facts **spaces, size_t *count)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	size_t room = 0;

	*spaces = NULL;
	*count = 0;
	if (!directory)
		return -errno;

	while ((entry = readdir(directory))) {
		*spaces = memory_grow(*spaces, &room, *count, sizeof(**spaces));
		if (read_space(dirfd(directory), entry->d_name, maps, &(*spaces)[*count]))
			(*count)++;
	}
	closedir(directory);
	if (*count)
		qsort(*spaces, *count, sizeof(**spaces), compare);
	return 0;
}

/**
 * directory_read_all() - the spaces of this system that the caller may read
 * @spaces: receives them; for the caller to free
 * @count: receives how many
 *
 * Return: 0, or the exit status after a message
 */
int directory_read_all(struct space_facts **spaces, size_t *count)
{
	static const struct id_maps maps = { "/proc/self/uid_map", "/proc/self/gid_map" };
	int ret = directory_read(SPACES_DIRECTORY, &maps, spaces, count);

	/* There has been no space yet. */
	if (ret == -ENOENT && !access(SPACES_COUNT, F_OK))
		ret = 0;
	if (!ret)
		return STATUS_OK;
	if (ret == -ENOENT && access("/dev/lockmgr", F_OK))
		return report_failure(-ENODEV, "cannot find the spaces");

	report("cannot find the spaces: %s: %s; name one, or see 'lockctl doctor'",
	       SPACES_DIRECTORY, strerror(-ret));
	return STATUS_UNAVAILABLE;
}
