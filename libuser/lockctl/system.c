// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which distribution this is, and its command to install the headers for building the module. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"

/**
 * struct family - distributions with the same packages
 * @ids: values of ID or ID_LIKE in os-release
 * @by_release: the command contains the whole kernel release, not only the flavour
 * @command: a format for printf()
 * @plain: the flavour that package names do not contain; it has a command of its own
 * @plain_command: that command
 */
struct family {
	const char *ids[4];
	bool by_release;
	const char *command;
	const char *plain;
	const char *plain_command;
};

static const struct family families[] = {
	{ { "debian", "ubuntu" }, true, "apt install linux-headers-%s", NULL, NULL },
	{ { "fedora", "rhel", "centos" }, true, "dnf install kernel-devel-%s", NULL, NULL },
	{ { "suse", "opensuse", "sles" }, false, "zypper install kernel-%s-devel", NULL, NULL },
	{ { "alpine" }, false, "apk add linux-%s-dev", NULL, NULL },
	{ { "arch" }, false, "pacman -S linux-%s-headers", "1", "pacman -S linux-headers" },
};

#define FAMILY_COUNT	(sizeof(families) / sizeof(families[0]))

static const struct family *find_family(const char *id)
{
	size_t i, j;

	for (i = 0; i < FAMILY_COUNT; i++)
		for (j = 0; j < 4 && families[i].ids[j]; j++)
			if (!strcmp(families[i].ids[j], id))
				return &families[i];
	return NULL;
}

/* The family of the first known word in a value, which may be in quotation marks. */
static const struct family *find_in_value(char *value)
{
	const struct family *family = NULL;
	char *word;

	while (!family && (word = strsep(&value, " \"'\n")))
		family = find_family(word);
	return family;
}

/* ID takes precedence over ID_LIKE, whichever comes first in the file. */
static const struct family *read_family(FILE *file)
{
	const struct family *is = NULL, *like = NULL;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		if (!strncmp(line, "ID=", strlen("ID=")))
			is = find_in_value(line + strlen("ID="));
		else if (!strncmp(line, "ID_LIKE=", strlen("ID_LIKE=")))
			like = find_in_value(line + strlen("ID_LIKE="));
	}
	free(line);
	return is ? is : like;
}

/**
 * system_headers_command() - the command that installs the headers of a kernel
 * @path: the system's os-release file
 * @release: the kernel's release, as uname() returns it
 * @command: receives the command, for root
 * @size: room there
 *
 * Return: whether it is known
 */
bool system_headers_command(const char *path, const char *release, char *command, size_t size)
{
	FILE *file = fopen(path, "re");
	const struct family *family = file ? read_family(file) : NULL;
	const char *flavour = strrchr(release, '-');

	if (file)
		fclose(file);
	if (!family || (!family->by_release && !flavour))
		return false;

	if (family->by_release)
		snprintf(command, size, family->command, release);
	else if (family->plain && !strcmp(flavour + 1, family->plain))
		snprintf(command, size, "%s", family->plain_command);
	else
		snprintf(command, size, family->command, flavour + 1);
	return true;
}
