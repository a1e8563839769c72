// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what to whose spaces. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/lockmgr.h>

#include "harness.h"

#define OWNER		1001
#define FRIEND		1002
#define STRANGER	1003
#define GROUP		2000
#define NOBODYS_GROUP	2001

#define CALLER		((uid_t)-1)

#define BIT(number)	(1U << (number))

/* ------------------------------------------------------------------------
 * The users, and the spaces
 */

/* How agents open and unlink spaces; in memory that they share. */
static struct lockmgr_options *options;

static struct lockmgr_options *set_options(uid_t owner, uint32_t flags)
{
	const struct lockmgr_options initial = LOCKMGR_OPTIONS_INIT;

	*options = initial;
	options->owner = owner;
	options->flags = flags;

	return options;
}

static const gid_t group[] = { GROUP };

/* The owner is in the group, too; the bits of the owner's class must decide all the same. */
static struct agent *new_owner(void)
{
	return agent_new_as(OWNER, OWNER, 1, group);
}

static struct agent *new_friend(void)
{
	return agent_new_as(FRIEND, FRIEND, 1, group);
}

static struct agent *new_stranger(void)
{
	return agent_new_as(STRANGER, STRANGER, 0, NULL);
}

static struct agent *new_root(void)
{
	return agent_new_as(0, 0, 0, NULL);
}

static long do_open(struct lockmgr **mgr, long unused)
{
	(void)unused;
	lockmgr_close(*mgr);
	*mgr = NULL;

	return lockmgr_open(mgr, space_name(), options);
}

static long do_unlink(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return lockmgr_unlink(space_name(), options);
}

static long do_set_capacity(struct lockmgr **mgr, long capacity)
{
	return lockmgr_set_capacity(*mgr, capacity);
}

static long do_free_all(struct lockmgr **mgr, long unused)
{
	(void)unused;

	return lockmgr_free_all(*mgr);
}

static long do_generation(struct lockmgr **mgr, long unused)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	(void)unused;
	lockmgr_info(*mgr, &info);

	return (long)info.generation;
}

static long do_shown_owner(struct lockmgr **mgr, long unused)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	(void)unused;
	lockmgr_info(*mgr, &info);

	return info.owner;
}

static long do_shown_group(struct lockmgr **mgr, long unused)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	(void)unused;
	lockmgr_info(*mgr, &info);

	return info.group;
}

static long open_as(struct agent *agent, uid_t owner, uint32_t flags)
{
	set_options(owner, flags);

	return agent_call(agent, do_open, 0);
}

static long create_as(struct agent *agent, uid_t owner, gid_t of_group, uint32_t mode)
{
	set_options(owner, LOCKMGR_OPEN_CREATE);
	options->group = of_group;
	options->mode = mode;

	return agent_call(agent, do_open, 0);
}

static long unlink_as(struct agent *agent, uid_t owner)
{
	set_options(owner, 0);

	return agent_call(agent, do_unlink, 0);
}

/* Root makes a space for the owner and the group; the handle is root's. */
static struct lockmgr *new_space(uint32_t mode)
{
	struct lockmgr *mgr;

	set_options(OWNER, LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL);
	options->group = GROUP;
	options->mode = mode;
	assert_int_equal(lockmgr_open(&mgr, space_name(), options), 0);

	return mgr;
}

static int teardown(void **state)
{
	uid_t owner;
	int ret = harness_teardown(state);

	for (owner = OWNER; owner <= STRANGER; owner++)
		lockmgr_unlink(space_name(), set_options(owner, 0));

	return ret;
}

#define permission_test(function) \
	cmocka_unit_test_setup_teardown(function, harness_setup, teardown)

/* ------------------------------------------------------------------------
 * Permission bits
 */

#define READ	4
#define WRITE	2

/* Ways to open, and what each needs. */
static const struct way {
	uint32_t flags;
	uint32_t needs;
} ways[] = {
	{ LOCKMGR_OPEN_READONLY, READ },
	{ LOCKMGR_OPEN_WRITEONLY, WRITE },
	{ 0, READ | WRITE },
};

#define WAYS	(sizeof(ways) / sizeof(ways[0]))

/* Returns a bit for each way that works, or a negative errno that no way may give. */
static long do_open_every_way(struct lockmgr **mgr, long unused)
{
	struct lockmgr_options opts = *options;
	long ret, result = 0;
	size_t i;

	(void)unused;
	for (i = 0; i < WAYS; i++) {
		opts.flags = ways[i].flags;
		ret = lockmgr_open(mgr, space_name(), &opts);
		if (ret && ret != -EACCES)
			return ret;
		if (ret)
			continue;
		result |= BIT(i);
		lockmgr_close(*mgr);
		*mgr = NULL;
	}

	return result;
}

static long ways_that(uint32_t bits)
{
	long result = 0;
	size_t i;

	for (i = 0; i < WAYS; i++)
		if ((bits & ways[i].needs) == ways[i].needs)
			result |= BIT(i);

	return result;
}

static void expect_ways(struct agent *agent, uint32_t mode, uint32_t bits, const char *who)
{
	long result;

	set_options(OWNER, 0);
	result = agent_call(agent, do_open_every_way, 0);
	if (result != ways_that(bits))
		fail_msg("mode %04o: the ways open to the %s are %#lx, expected %#lx",
			 mode, who, result, ways_that(bits));
}

static void every_mode_lets_in_each_class_as_its_bits_say(void **state)
{
	struct agent *owner = new_owner(), *friend = new_friend(), *stranger = new_stranger();
	uint32_t mode;

	(void)state;
	for (mode = 1; mode <= 0777; mode++) {
		struct lockmgr *mgr;

		/* Bits for executing mean nothing here: try only all or none of them. */
		if (mode & 0111 && (mode & 0111) != 0111)
			continue;
		mgr = new_space(mode);

		expect_ways(owner, mode, mode >> 6, "owner");
		expect_ways(friend, mode, mode >> 3, "group");
		expect_ways(stranger, mode, mode, "others");
		lockmgr_close(mgr);
		lockmgr_unlink(space_name(), options);
	}
}

static void primary_group_counts_as_the_group(void **state)
{
	struct agent *agent = agent_new_as(FRIEND, GROUP, 0, NULL);

	(void)state;
	lockmgr_close(new_space(0060));
	assert_int_equal(open_as(agent, OWNER, 0), 0);
}

static void mode_of_zero_lets_in_the_owner_only(void **state)
{
	struct agent *owner = new_owner(), *friend = new_friend(), *stranger = new_stranger();

	(void)state;
	lockmgr_close(new_space(0));
	expect_ways(owner, 0, READ | WRITE, "owner");
	expect_ways(friend, 0, 0, "group");
	expect_ways(stranger, 0, 0, "others");
}

/* ------------------------------------------------------------------------
 * What only the owner may do
 */

static void unlink_by_others_returns_eperm_and_leaves_the_space(void **state)
{
	struct agent *friend = new_friend(), *stranger = new_stranger();

	(void)state;
	lockmgr_close(new_space(0777));
	assert_int_equal(unlink_as(friend, OWNER), -EPERM);
	assert_int_equal(unlink_as(stranger, OWNER), -EPERM);
	assert_int_equal(open_as(friend, OWNER, 0), 0);
}

static void unlink_by_the_owner_works_whatever_the_mode(void **state)
{
	struct agent *owner = new_owner();

	(void)state;
	lockmgr_close(new_space(0007));
	assert_int_equal(unlink_as(owner, OWNER), 0);
}

static void unlink_by_root_works(void **state)
{
	(void)state;
	lockmgr_close(new_space(0700));
	assert_int_equal(lockmgr_unlink(space_name(), set_options(OWNER, 0)), 0);
}

static void set_capacity_by_others_returns_eperm_and_changes_nothing(void **state)
{
	struct agent *friend = new_friend(), *stranger = new_stranger();
	struct lockmgr *mgr = new_space(0666);
	uint32_t count;

	(void)state;
	assert_int_equal(open_as(friend, OWNER, 0), 0);
	assert_int_equal(open_as(stranger, OWNER, 0), 0);
	assert_int_equal(agent_call(friend, do_set_capacity, 5), -EPERM);
	assert_int_equal(agent_call(stranger, do_set_capacity, 5), -EPERM);
	lockmgr_available(mgr, &count);
	lockmgr_close(mgr);
	assert_int_equal(count, LOCKMGR_CAPACITY_MAX);
}

static void set_capacity_by_owner_and_root_works(void **state)
{
	struct agent *owner = new_owner(), *root = new_root();

	(void)state;
	lockmgr_close(new_space(0600));
	assert_int_equal(open_as(owner, OWNER, 0), 0);
	assert_int_equal(open_as(root, OWNER, 0), 0);
	assert_int_equal(agent_call(owner, do_set_capacity, 5), 0);
	assert_int_equal(agent_call(root, do_set_capacity, 6), 0);
}

static void free_all_by_others_returns_eperm_and_changes_nothing(void **state)
{
	struct agent *friend = new_friend(), *stranger = new_stranger();
	struct lockmgr *mgr = new_space(0666);
	int allocated;

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 3), 0);
	assert_int_equal(open_as(friend, OWNER, 0), 0);
	assert_int_equal(open_as(stranger, OWNER, 0), 0);
	assert_int_equal(agent_call(friend, do_free_all, 0), -EPERM);
	assert_int_equal(agent_call(stranger, do_free_all, 0), -EPERM);
	allocated = lockmgr_retrieve(mgr, 3);
	lockmgr_close(mgr);
	assert_int_equal(allocated, 1);
}

static void free_all_by_owner_and_root_works(void **state)
{
	struct agent *owner = new_owner(), *root = new_root();

	(void)state;
	lockmgr_close(new_space(0600));
	assert_int_equal(open_as(owner, OWNER, 0), 0);
	assert_int_equal(open_as(root, OWNER, 0), 0);
	assert_int_equal(agent_call(owner, do_free_all, 0), 0);
	assert_int_equal(agent_call(root, do_free_all, 0), 0);
}

/* ------------------------------------------------------------------------
 * Names
 */

static void creation_in_anothers_name_returns_eperm_and_makes_nothing(void **state)
{
	struct agent *owner = new_owner(), *stranger = new_stranger();

	(void)state;
	assert_int_equal(create_as(stranger, OWNER, (gid_t)-1, 0666), -EPERM);
	assert_int_equal(open_as(owner, CALLER, 0), -ENOENT);
}

static void users_have_different_spaces_of_the_same_name(void **state)
{
	struct agent *owner = new_owner(), *friend = new_friend();

	(void)state;
	assert_int_equal(open_as(owner, CALLER, LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL), 0);
	assert_int_equal(open_as(friend, CALLER, LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL), 0);
	assert_int_equal(agent_call(owner, agent_trylock, 0), 0);
	assert_int_equal(agent_call(friend, agent_trylock, 0), 0);
	assert_int_not_equal(agent_call(owner, do_generation, 0),
			     agent_call(friend, do_generation, 0));
}

static void unlink_takes_the_callers_space_and_not_anothers_of_that_name(void **state)
{
	struct agent *owner = new_owner(), *friend = new_friend();

	(void)state;
	assert_int_equal(open_as(owner, CALLER, LOCKMGR_OPEN_CREATE), 0);
	assert_int_equal(open_as(friend, CALLER, LOCKMGR_OPEN_CREATE), 0);
	assert_int_equal(unlink_as(friend, CALLER), 0);
	assert_int_equal(open_as(owner, CALLER, 0), 0);
	assert_int_equal(open_as(friend, CALLER, 0), -ENOENT);
}

/* ------------------------------------------------------------------------
 * Creation
 */

static void group_of_a_new_space_is_the_callers(void **state)
{
	struct agent *owner = agent_new_as(OWNER, GROUP, 0, NULL);

	(void)state;
	assert_int_equal(open_as(owner, CALLER, LOCKMGR_OPEN_CREATE), 0);
	assert_int_equal(agent_call(owner, do_shown_group, 0), GROUP);
}

static void creation_for_a_supplementary_group_works(void **state)
{
	struct agent *owner = new_owner();

	(void)state;
	assert_int_equal(create_as(owner, CALLER, GROUP, 0660), 0);
	assert_int_equal(agent_call(owner, do_shown_group, 0), GROUP);
}

static void creation_for_a_group_of_others_returns_eperm_and_makes_nothing(void **state)
{
	struct agent *owner = new_owner();

	(void)state;
	assert_int_equal(create_as(owner, CALLER, NOBODYS_GROUP, 0660), -EPERM);
	assert_int_equal(open_as(owner, CALLER, 0), -ENOENT);
}

static void group_does_not_matter_where_the_space_exists(void **state)
{
	struct agent *owner = new_owner();

	(void)state;
	lockmgr_close(new_space(0600));
	assert_int_equal(create_as(owner, CALLER, NOBODYS_GROUP, 0), 0);
	assert_int_equal(agent_call(owner, do_shown_group, 0), GROUP);
}

/* ------------------------------------------------------------------------
 * Capabilities
 */

/* Drop all capabilities but these. */
static long do_keep_capabilities(struct lockmgr **mgr, long kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = kept, .permitted = kept },
	};

	(void)mgr;
	return syscall(SYS_capset, &header, data);
}

static struct agent *new_root_with(uint32_t capabilities)
{
	struct agent *agent = new_root();

	assert_int_equal(agent_call(agent, do_keep_capabilities, capabilities), 0);

	return agent;
}

static void root_with_dac_override_passes_but_is_not_the_owner(void **state)
{
	struct agent *root = new_root_with(BIT(CAP_DAC_OVERRIDE));

	(void)state;
	lockmgr_close(new_space(0100));
	assert_int_equal(open_as(root, OWNER, 0), 0);
	assert_int_equal(agent_call(root, do_set_capacity, 5), -EPERM);
	assert_int_equal(agent_call(root, do_free_all, 0), -EPERM);
	assert_int_equal(unlink_as(root, OWNER), -EPERM);
}

static void root_with_sys_admin_may_unlink_but_does_not_pass(void **state)
{
	struct agent *root = new_root_with(BIT(CAP_SYS_ADMIN));

	(void)state;
	lockmgr_close(new_space(0700));
	assert_int_equal(open_as(root, OWNER, 0), -EACCES);
	assert_int_equal(open_as(root, OWNER, LOCKMGR_OPEN_READONLY), -EACCES);
	assert_int_equal(unlink_as(root, OWNER), 0);
}

static void root_without_capabilities_is_like_anybody(void **state)
{
	struct agent *root = new_root_with(0);

	(void)state;
	lockmgr_close(new_space(0660));
	assert_int_equal(open_as(root, OWNER, 0), -EACCES);
	assert_int_equal(unlink_as(root, OWNER), -EPERM);
	assert_int_equal(create_as(root, FRIEND, (gid_t)-1, 0600), -EPERM);
}

static void creation_for_another_takes_sys_admin_and_nothing_else(void **state)
{
	struct agent *admin = new_root_with(BIT(CAP_SYS_ADMIN));
	struct agent *other = new_root_with(~BIT(CAP_SYS_ADMIN));

	(void)state;
	assert_int_equal(create_as(other, OWNER, (gid_t)-1, 0600), -EPERM);
	assert_int_equal(create_as(admin, OWNER, NOBODYS_GROUP, 0600), 0);
	assert_int_equal(agent_call(admin, do_shown_owner, 0), OWNER);
}

/* ------------------------------------------------------------------------
 * Credentials of the opener
 */

static long attach_file(int file, uid_t owner)
{
	struct lockmgr_ioctl_attach args = { .owner = owner, .group = LOCKMGR_ID_CALLER };

	strcpy(args.name, space_name());

	return ioctl(file, LOCKMGR_IOC_ATTACH, &args) ? -errno : 0;
}

static long set_capacity_of_file(int file)
{
	struct lockmgr_ioctl_capacity args = { .capacity = 5 };

	return ioctl(file, LOCKMGR_IOC_CAPACITY, &args) ? -errno : 0;
}

/* The process opens the file as root, and then becomes a stranger. */
static long do_attach_after_setuid(struct lockmgr **mgr, long owner)
{
	int file = open("/dev/lockmgr", O_RDWR | O_CLOEXEC);

	(void)mgr;
	if (file < 0 || setresgid(STRANGER, STRANGER, STRANGER) ||
	    setresuid(STRANGER, STRANGER, STRANGER))
		return -errno;

	return attach_file(file, owner) ?: set_capacity_of_file(file);
}

/* The process opens the file as a stranger, and then is root again. */
static long do_attach_as_root_again(struct lockmgr **mgr, long owner)
{
	int file;

	(void)mgr;
	if (seteuid(STRANGER))
		return -errno;
	file = open("/dev/lockmgr", O_RDWR | O_CLOEXEC);
	if (file < 0 || seteuid(0))
		return -errno;

	return attach_file(file, owner);
}

static void file_opened_as_root_keeps_roots_rights(void **state)
{
	struct agent *root = new_root();

	(void)state;
	lockmgr_close(new_space(0600));
	assert_int_equal(agent_call(root, do_attach_after_setuid, OWNER), 0);
}

static void file_opened_by_a_stranger_gains_no_rights_from_root(void **state)
{
	struct agent *root = new_root();

	(void)state;
	lockmgr_close(new_space(0600));
	assert_int_equal(agent_call(root, do_attach_as_root_again, OWNER), -EACCES);
}

static int channel[2];

static void send_file(int file)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &file, sizeof(file));
	assert_int_equal(sendmsg(channel[0], &message, 0), 1);
}

static long do_attach_received_file(struct lockmgr **mgr, long owner)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int file;

	(void)mgr;
	if (recvmsg(channel[1], &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		return -EPROTO;
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(file));

	return attach_file(file, owner) ?: set_capacity_of_file(file);
}

static void received_file_has_the_rights_of_who_opened_it(void **state)
{
	struct agent *stranger;
	int file = open("/dev/lockmgr", O_RDWR | O_CLOEXEC);

	(void)state;
	lockmgr_close(new_space(0600));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
	stranger = new_stranger();
	send_file(file);
	close(file);
	assert_int_equal(agent_call(stranger, do_attach_received_file, OWNER), 0);
	close(channel[0]);
	close(channel[1]);
}

/* ------------------------------------------------------------------------
 * User namespaces
 */

static long do_enter_namespace(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return unshare(CLONE_NEWUSER) ? -errno : 0;
}

static void write_map(struct agent *agent, const char *file, const char *map)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", agent_pid(agent), file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, map, strlen(map)), strlen(map));
	close(fd);
}

/* Make the agent root of a user namespace: there, user 0 is itself, and 1 the friend. */
static void enter_namespace(struct agent *agent)
{
	assert_int_equal(agent_call(agent, do_enter_namespace, 0), 0);
	write_map(agent, "uid_map", "0 1001 2");
	write_map(agent, "gid_map", "0 1001 2");
}

static void user_has_its_space_inside_a_user_namespace_too(void **state)
{
	struct agent *owner = new_owner();
	long generation;

	(void)state;
	assert_int_equal(open_as(owner, CALLER, LOCKMGR_OPEN_CREATE), 0);
	generation = agent_call(owner, do_generation, 0);
	enter_namespace(owner);

	assert_int_equal(open_as(owner, CALLER, 0), 0);
	assert_int_equal(agent_call(owner, do_generation, 0), generation);
	assert_int_equal(open_as(owner, 0, 0), 0);
	assert_int_equal(agent_call(owner, do_generation, 0), generation);
	assert_int_equal(agent_call(owner, do_set_capacity, 5), 0);
}

static void owner_is_shown_as_the_viewers_namespace_names_it(void **state)
{
	struct agent *owner = new_owner();

	(void)state;
	assert_int_equal(open_as(owner, CALLER, LOCKMGR_OPEN_CREATE), 0);
	assert_int_equal(agent_call(owner, do_shown_owner, 0), OWNER);
	enter_namespace(owner);
	assert_int_equal(agent_call(owner, do_shown_owner, 0), 0);
}

static void space_made_inside_a_user_namespace_is_there_outside(void **state)
{
	struct agent *owner = new_owner(), *outside = new_owner();

	(void)state;
	enter_namespace(owner);
	assert_int_equal(open_as(owner, CALLER, LOCKMGR_OPEN_CREATE), 0);
	assert_int_equal(open_as(outside, CALLER, 0), 0);
	assert_int_equal(agent_call(outside, do_generation, 0),
			 agent_call(owner, do_generation, 0));
}

static void root_of_a_user_namespace_has_no_power_over_others_spaces(void **state)
{
	struct agent *owner = new_owner(), *friend = new_friend();

	(void)state;
	enter_namespace(owner);
	assert_int_equal(open_as(friend, CALLER, LOCKMGR_OPEN_CREATE), 0);
	assert_int_equal(open_as(owner, 1, 0), -EACCES);
	assert_int_equal(open_as(owner, 1, LOCKMGR_OPEN_READONLY), -EACCES);
	assert_int_equal(unlink_as(owner, 1), -EPERM);
}

static void root_of_a_user_namespace_creates_for_nobody_else(void **state)
{
	struct agent *owner = new_owner();

	(void)state;
	enter_namespace(owner);
	assert_int_equal(create_as(owner, 1, (gid_t)-1, 0600), -EPERM);
	assert_int_equal(create_as(owner, CALLER, 1, 0660), -EPERM);
}

static void user_that_the_namespace_lacks_returns_einval(void **state)
{
	struct agent *owner = new_owner();

	(void)state;
	enter_namespace(owner);
	assert_int_equal(open_as(owner, 2, 0), -EINVAL);
	assert_int_equal(open_as(owner, OWNER, 0), -EINVAL);
	assert_int_equal(unlink_as(owner, 2), -EINVAL);
	assert_int_equal(create_as(owner, CALLER, 2, 0660), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		permission_test(every_mode_lets_in_each_class_as_its_bits_say),
		permission_test(primary_group_counts_as_the_group),
		permission_test(mode_of_zero_lets_in_the_owner_only),
		permission_test(unlink_by_others_returns_eperm_and_leaves_the_space),
		permission_test(unlink_by_the_owner_works_whatever_the_mode),
		permission_test(unlink_by_root_works),
		permission_test(set_capacity_by_others_returns_eperm_and_changes_nothing),
		permission_test(set_capacity_by_owner_and_root_works),
		permission_test(free_all_by_others_returns_eperm_and_changes_nothing),
		permission_test(free_all_by_owner_and_root_works),
		permission_test(creation_in_anothers_name_returns_eperm_and_makes_nothing),
		permission_test(users_have_different_spaces_of_the_same_name),
		permission_test(unlink_takes_the_callers_space_and_not_anothers_of_that_name),
		permission_test(group_of_a_new_space_is_the_callers),
		permission_test(creation_for_a_supplementary_group_works),
		permission_test(creation_for_a_group_of_others_returns_eperm_and_makes_nothing),
		permission_test(group_does_not_matter_where_the_space_exists),
		permission_test(root_with_dac_override_passes_but_is_not_the_owner),
		permission_test(root_with_sys_admin_may_unlink_but_does_not_pass),
		permission_test(root_without_capabilities_is_like_anybody),
		permission_test(creation_for_another_takes_sys_admin_and_nothing_else),
		permission_test(file_opened_as_root_keeps_roots_rights),
		permission_test(file_opened_by_a_stranger_gains_no_rights_from_root),
		permission_test(received_file_has_the_rights_of_who_opened_it),
		permission_test(user_has_its_space_inside_a_user_namespace_too),
		permission_test(owner_is_shown_as_the_viewers_namespace_names_it),
		permission_test(space_made_inside_a_user_namespace_is_there_outside),
		permission_test(root_of_a_user_namespace_has_no_power_over_others_spaces),
		permission_test(root_of_a_user_namespace_creates_for_nobody_else),
		permission_test(user_that_the_namespace_lacks_returns_einval),
	};

	options = mmap(NULL, sizeof(*options), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (options == MAP_FAILED)
		return 1;

	return harness_run(tests);
}
