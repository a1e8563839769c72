/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Agents in containers: they have new namespaces, and only the capabilities that container
 * engines leave to root.
 *
 * A function in here that fails makes the running test fail, or in an agent returns the error.
 */
#ifndef CONTAINER_H
#define CONTAINER_H

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include "raw.h"

#include "files.h"

/** The capabilities that Docker and Podman leave to root of a container, or did once. */
#define CONTAINER_CAPABILITIES							\
	(BIT(CAP_AUDIT_WRITE) | BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) |	\
	 BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_MKNOD) |	\
	 BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_NET_RAW) | BIT(CAP_SETFCAP) |	\
	 BIT(CAP_SETGID) | BIT(CAP_SETPCAP) | BIT(CAP_SETUID) | BIT(CAP_SYS_CHROOT))

#define BIT(number)	(1ULL << (number))

static inline int limit_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{
			.effective = (uint32_t)CONTAINER_CAPABILITIES,
			.permitted = (uint32_t)CONTAINER_CAPABILITIES,
		},
		{
			.effective = CONTAINER_CAPABILITIES >> 32,
			.permitted = CONTAINER_CAPABILITIES >> 32,
		},
	};

	return syscall(SYS_capset, &header, data);
}

static inline long enter_container(struct lockmgr **mgr, long namespaces)
{
	(void)mgr;
	if (unshare(namespaces) || limit_capabilities())
		return -errno;

	return 0;
}

/** A process of root in a container without a user namespace; it has opened nothing. */
static inline struct agent *container_new(void)
{
	const int namespaces = CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET;
	struct agent *agent = agent_new_as(0, 0, 0, NULL);

	assert_int_equal(agent_call(agent, enter_container, namespaces), 0);

	return agent;
}

static inline long enter_user_namespace(struct lockmgr **mgr, long namespaces)
{
	char map[32];
	int ret;

	(void)mgr;
	snprintf(map, sizeof(map), "0 %u 1", geteuid());
	/* Otherwise the files of this process in /proc would be root's. */
	if (prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER | namespaces))
		return -errno;
	ret = write_value("/proc/self/setgroups", "deny");
	if (!ret)
		ret = write_value("/proc/self/uid_map", map);

	return ret;
}

/* ------------------------------------------------------------------------
 * What agents do there
 */

/** Open the space of space_name() with these flags, as the agent's handle. */
static inline long agent_open(struct lockmgr **mgr, long flags)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;

	options.flags = flags;

	return lockmgr_open(mgr, space_name(), &options);
}

static inline long agent_unlink(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return lockmgr_unlink(space_name(), NULL);
}

/** Half of the generation of the agent's space: enough to tell it from others. */
static inline long agent_generation(struct lockmgr **mgr, long unused)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	int ret = lockmgr_info(*mgr, &info);

	(void)unused;

	return ret ? ret : (long)(info.generation >> 1);
}

static inline long generation_of(struct lockmgr *mgr)
{
	return agent_generation(&mgr, 0);
}

static inline long agent_allocate(struct lockmgr **mgr, long id)
{
	return lockmgr_allocate_id(*mgr, id);
}

static inline long agent_retrieve(struct lockmgr **mgr, long id)
{
	return lockmgr_retrieve(*mgr, id);
}

/** Open the device in the agent's namespace; returns the descriptor in the agent. */
static inline long agent_open_device(struct lockmgr **mgr, long unused)
{
	int file = open(RAW_DEVICE, O_RDWR | O_CLOEXEC);

	(void)mgr;
	(void)unused;

	return file < 0 ? -errno : file;
}

static inline long agent_attach(struct lockmgr **mgr, long file)
{
	struct lockmgr_ioctl_attach args = {
		.flags = LOCKMGR_ATTACH_CREATE,
		.owner = LOCKMGR_ID_CALLER,
		.group = LOCKMGR_ID_CALLER,
	};

	(void)mgr;
	strcpy(args.name, space_name());

	return raw_call(file, LOCKMGR_IOC_ATTACH, &args);
}

/** Get a copy of a descriptor of an agent; it is closed when the test ends. */
static inline int take_file(const struct agent *agent, int number)
{
	int process = syscall(SYS_pidfd_open, agent_pid(agent), 0);
	int file = syscall(SYS_pidfd_getfd, process, number, 0);

	assert_int_not_equal(file, -1);
	close(process);
	assert_true(raw_file_count < RAW_FILES_MAX);
	raw_files[raw_file_count++] = file;

	return file;
}

/** A file that an agent has opened, not attached, for use in the test. */
static inline int file_from(struct agent *agent)
{
	long number = agent_call(agent, agent_open_device, 0);

	assert_true(number >= 0);

	return take_file(agent, number);
}

/** The same, attached to the space of space_name() in the agent's namespace. */
static inline int attached_file_from(struct agent *agent)
{
	long number = agent_call(agent, agent_open_device, 0);

	assert_true(number >= 0);
	assert_int_equal(agent_call(agent, agent_attach, number), 0);

	return take_file(agent, number);
}

/* ------------------------------------------------------------------------
 * Lists
 */

/** How many spaces the module lists for a file; @of_that_name: only those of space_name(). */
static inline long count_listed(int file, bool of_that_name)
{
	struct lockmgr_space_entry entries[4];
	struct lockmgr_ioctl_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	long count = 0, ret;
	uint32_t i;

	while (list.cursor != LOCKMGR_CURSOR_END) {
		list.count = ARRAY_SIZE(entries);
		ret = raw_call(file, LOCKMGR_IOC_LIST_SPACES, &list);
		if (ret)
			return ret;
		for (i = 0; i < list.count; i++)
			count += !of_that_name || !strcmp(entries[i].name, space_name());
	}

	return count;
}

static inline long agent_count_listed(struct lockmgr **mgr, long of_that_name)
{
	int file = agent_open_device(mgr, 0);
	long count = file < 0 ? file : count_listed(file, of_that_name);

	close(file);

	return count;
}

#endif /* CONTAINER_H */
