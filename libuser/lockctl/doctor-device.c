// SPDX-License-Identifier: LGPL-2.1-or-later
/* Checks of the device: its node, who may open it, and the module that answers there. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <lockmgr.h>

#include "directory.h"
#include "doctor.h"
#include "space.h"

#define NODE		"/dev/lockmgr"
#define NODE_NUMBER	"/sys/class/misc/lockmgr/dev"
#define UDEV		"/run/udev/control"

#define NO_MODULE	"the module is not loaded, or /sys is not mounted"

/* Read the number that the kernel gave the device; returns whether there is one. */
static bool read_number(dev_t *number)
{
	unsigned int high, low;
	FILE *file = fopen(NODE_NUMBER, "re");
	bool good;

	if (!file)
		return false;
	good = fscanf(file, "%u:%u", &high, &low) == 2;
	fclose(file);
	*number = makedev(high, low);
	return good;
}

static void suggest_node(struct finding *finding, dev_t number)
{
	if (!access(UDEV, F_OK))
		finding_remedy(finding, "udevadm trigger --action=add /sys/class/misc/lockmgr");
	else
		finding_remedy(finding, "sh -c 'rm -f %s; mknod -m 0666 %s c %u %u'", NODE, NODE,
			       major(number), minor(number));
}

/** check_node() - is the node there, and the right one? */
void check_node(struct finding *finding)
{
	struct stat node;
	dev_t number;

	if (!read_number(&number)) {
		finding_set(finding, VERDICT_UNKNOWN, "%s", NO_MODULE);
		return;
	}
	if (stat(NODE, &node)) {
		finding_set(finding, VERDICT_BAD, "%s: %s", NODE, strerror(errno));
		suggest_node(finding, number);
	} else if (!S_ISCHR(node.st_mode) || node.st_rdev != number) {
		finding_set(finding, VERDICT_BAD, "%s is not the device %u:%u", NODE, major(number),
			    minor(number));
		suggest_node(finding, number);
	} else {
		finding_set(finding, VERDICT_OK, "%s, %u:%u, mode %04o", NODE, major(number),
			    minor(number), node.st_mode & 07777);
	}
}

/* Whether the node's group may use it; then the user can join that group. */
static bool is_for_group(const struct stat *node)
{
	return node->st_gid && (node->st_mode & 0060) == 0060;
}

static void suggest_permission(struct finding *finding)
{
	char user[USER_LABEL_SIZE], group[USER_LABEL_SIZE];
	struct stat node;

	if (stat(NODE, &node))
		return;
	if (!access(NODE, R_OK | W_OK))
		snprintf(finding->detail, sizeof(finding->detail),
			 "a device cgroup forbids %s: give it to the container, as with --device %s",
			 NODE, NODE);
	else if (is_for_group(&node))
		finding_remedy(finding, "usermod -aG %s %s", group_label(node.st_gid, group),
			       user_label(geteuid(), user));
	else
		finding_remedy(finding, "chmod 0666 %s", NODE);
}

/** check_permission() - may the caller open it? */
void check_permission(struct finding *finding)
{
	const int fd = open(NODE, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0) {
		close(fd);
		finding_set(finding, VERDICT_OK, "you may use %s", NODE);
		return;
	}
	if (errno != EACCES && errno != EPERM) {
		finding_set(finding, VERDICT_UNKNOWN, "%s: %s", NODE, strerror(errno));
		return;
	}
	finding_set(finding, VERDICT_BAD, "you may not open %s", NODE);
	suggest_permission(finding);
}

/** check_version() - do module and library have the same version? */
void check_version(struct finding *finding)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };
	const char *library = lockmgr_version();
	int ret = lockmgr_module(NULL, &info);
	char module[FINDING_SIZE / 4];

	if (ret) {
		finding_set(finding, ret == -EPROTONOSUPPORT ? VERDICT_BAD : VERDICT_UNKNOWN,
			    "the module does not answer: %s", strerror(-ret));
		return;
	}
	snprintf(module, sizeof(module), "%u.%u.%u", info.major, info.minor, info.patch);
	if (!strcmp(module, library)) {
		finding_set(finding, VERDICT_OK, "module and library are %s", library);
		return;
	}

	/* The library refuses a module with another major version: manager.c. */
	finding_set(finding,
		    info.major == strtoul(library, NULL, 10) ? VERDICT_NOTE : VERDICT_BAD,
		    "the module is %s, the library %s: install both from one tree",
		    module, library);
	finding_add(finding, ", and load that module");
}

/** check_spaces() - can the module list the spaces? */
void check_spaces(struct finding *finding)
{
	struct space_facts *spaces;
	size_t count;
	int ret;

	ret = directory_read(&spaces, &count);
	if (ret == -ENODEV) {
		finding_set(finding, VERDICT_UNKNOWN, "%s", NO_MODULE);
		return;
	}
	if (ret) {
		finding_set(finding, VERDICT_NOTE, "cannot list them: %s", strerror(-ret));
		return;
	}
	finding_set(finding, VERDICT_OK, "you may read %zu", count);
	free(spaces);
}
