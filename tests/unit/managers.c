// SPDX-License-Identifier: GPL-2.0-only
/* Opening, unlinking, resizing: what is refused, and the commands that reach the module. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "fake.h"

#define UNTOUCHED	((struct lockmgr *)-1)

/* Open with these options, and close again; a failure leaves no file open. */
static int try_open(const char *space, const struct lockmgr_options *options)
{
	const int files = count_files();
	struct lockmgr *mgr = UNTOUCHED;
	int ret;

	ret = lockmgr_open(&mgr, space, options);
	if (ret)
		assert_ptr_equal(mgr, UNTOUCHED);
	else
		lockmgr_close(mgr);
	assert_int_equal(count_files(), files);
	return ret;
}

static int try_device(const char *device)
{
	struct lockmgr_options options = fake_options();

	options.device = device;
	return try_open("space", &options);
}

static int try_flags(uint32_t flags)
{
	struct lockmgr_options options = fake_options();

	options.flags = flags;
	return try_open("space", &options);
}

static int try_name(const char *name)
{
	const struct lockmgr_options options = fake_options();

	return try_open(name, &options);
}

static char scratch_directory[64];
static char scratch_path[80];

static void scratch_make(void)
{
	strcpy(scratch_directory, "/tmp/lockmgr-XXXXXX");
	assert_non_null(mkdtemp(scratch_directory));
	snprintf(scratch_path, sizeof(scratch_path), "%s/node",
		 scratch_directory);
}

static void scratch_remove(void)
{
	unlink(scratch_path);
	rmdir(scratch_directory);
}

static void options_are_initialised_as_by_the_macro(void **state)
{
	const struct lockmgr_options expected = LOCKMGR_OPTIONS_INIT;
	struct lockmgr_options options;

	(void)state;
	memset(&options, 0x55, sizeof(options));
	assert_int_equal(lockmgr_options_init(&options, sizeof(options)), 0);
	assert_memory_equal(&options, &expected, sizeof(options));
}

/* For a program with a longer struct, the rest is set to zero, and size to the program's. */
static void longer_options_are_initialised_too(void **state)
{
	struct {
		struct lockmgr_options options;
		uint64_t added;
		uint64_t beyond;
	} longer;
	const size_t size = offsetof(typeof(longer), beyond);

	(void)state;
	memset(&longer, 0x55, sizeof(longer));
	assert_int_equal(lockmgr_options_init(&longer.options, size), 0);
	assert_int_equal(longer.options.size, size);
	assert_int_equal(longer.options.owner, (uid_t)-1);
	assert_null(longer.options.device);
	assert_int_equal(longer.added, 0);
	assert_int_equal(longer.beyond, 0x5555555555555555);
	longer.options.device = FAKE_DEVICE;
	assert_int_equal(try_open("space", &longer.options), 0);
}

static void options_of_invalid_size_are_not_initialised(void **state)
{
	static const size_t sizes[] = { 0, sizeof(struct lockmgr_options) - 1, 0x1001, SIZE_MAX };
	struct lockmgr_options options = { .size = 4711 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		assert_int_equal(lockmgr_options_init(&options, sizes[i]), -EINVAL);
	assert_int_equal(options.size, 4711);
	assert_int_equal(lockmgr_options_init(NULL, sizeof(options)), -EINVAL);
}

static void other_major_version_is_eprotonosupport(void **state)
{
	struct lockmgr_options options = fake_options();

	(void)state;
	fake.major = 99;
	assert_int_equal(try_device(FAKE_DEVICE), -EPROTONOSUPPORT);
	assert_int_equal(lockmgr_unlink("space", &options), -EPROTONOSUPPORT);
	assert_int_equal(fake.calls, 0);
}

static void missing_device_is_enodev(void **state)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };
	struct lockmgr_options options = fake_options();

	(void)state;
	options.device = "/nowhere";
	assert_int_equal(try_device("/nowhere"), -ENODEV);
	assert_int_equal(try_device("/dev/null/lockmgr"), -ENODEV);
	assert_int_equal(lockmgr_unlink("space", &options), -ENODEV);
	assert_int_equal(lockmgr_module("/nowhere", &info), -ENODEV);
}

static void missing_default_device_is_enodev(void **state)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };

	(void)state;
	if (!access("/dev/lockmgr", F_OK))
		skip();
	assert_int_equal(try_open("space", NULL), -ENODEV);
	assert_int_equal(lockmgr_unlink("space", NULL), -ENODEV);
	assert_int_equal(lockmgr_module(NULL, &info), -ENODEV);
}

static void device_node_without_driver_is_enodev(void **state)
{
	int ret;

	(void)state;
	scratch_make();
	/* Device number 0 never belongs to a driver. */
	ret = -EACCES;
	if (!mknod(scratch_path, S_IFCHR | 0666, 0))
		ret = try_device(scratch_path);
	scratch_remove();
	if (ret == -EACCES)
		skip();
	assert_int_equal(ret, -ENODEV);
}

static void device_that_is_not_ours_is_eprotonosupport(void **state)
{
	static const int errors[] = { ENOTTY, EINVAL, EIO, EPERM, ENODEV };
	struct lockmgr_module_info info = { .size = sizeof(info) };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		fake.version_error = errors[i];
		assert_int_equal(try_device(FAKE_DEVICE), -EPROTONOSUPPORT);
		assert_int_equal(lockmgr_module(FAKE_DEVICE, &info),
				 -EPROTONOSUPPORT);
	}
}

static void path_of_another_kind_of_file_is_eprotonosupport(void **state)
{
	(void)state;
	assert_int_equal(try_device("/"), -EPROTONOSUPPORT);
	assert_int_equal(try_device("/proc/self/exe"), -EPROTONOSUPPORT);
}

static void fifo_does_not_block(void **state)
{
	struct lockmgr_options options = fake_options();
	int reading, using;

	(void)state;
	scratch_make();
	assert_int_equal(mkfifo(scratch_path, 0600), 0);
	alarm(600);
	options.device = scratch_path;
	using = try_open("space", &options);
	options.flags = LOCKMGR_OPEN_READONLY;
	reading = try_open("space", &options);
	alarm(0);
	scratch_remove();
	assert_int_equal(using, -EPROTONOSUPPORT);
	assert_int_equal(reading, -EPROTONOSUPPORT);
}

static void too_many_files_is_emfile(void **state)
{
	const struct lockmgr_options options = fake_options();
	struct lockmgr_module_info info = { .size = sizeof(info) };
	struct rlimit before, none;
	struct lockmgr *mgr;
	int opened, module;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	opened = lockmgr_open(&mgr, "space", &options);
	module = lockmgr_module(FAKE_DEVICE, &info);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(opened, -EMFILE);
	assert_int_equal(module, -EMFILE);
}

static void flags_that_contradict_are_einval(void **state)
{
	(void)state;
	assert_int_equal(try_flags(LOCKMGR_OPEN_EXCL), -EINVAL);
	assert_int_equal(try_flags(LOCKMGR_OPEN_READONLY | LOCKMGR_OPEN_CREATE),
			 -EINVAL);
	assert_int_equal(try_flags(LOCKMGR_OPEN_READONLY |
				   LOCKMGR_OPEN_WRITEONLY),
			 -EINVAL);
	assert_int_equal(fake.calls, 0);
}

static void unknown_flags_are_einval(void **state)
{
	int bit;

	(void)state;
	for (bit = 7; bit < 32; bit++)
		assert_int_equal(try_flags(1U << bit), -EINVAL);
	assert_int_equal(fake.calls, 0);
}

static void flags_that_agree_are_accepted(void **state)
{
	(void)state;
	assert_int_equal(try_flags(0), 0);
	assert_int_equal(try_flags(LOCKMGR_OPEN_CREATE), 0);
	assert_int_equal(try_flags(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL), 0);
	assert_int_equal(try_flags(LOCKMGR_OPEN_READONLY), 0);
	assert_int_equal(try_flags(LOCKMGR_OPEN_READONLY |
				   LOCKMGR_OPEN_DETECT_DEADLOCK),
			 0);
	assert_int_equal(try_flags(LOCKMGR_OPEN_WRITEONLY |
				   LOCKMGR_OPEN_CREATE),
			 0);
}

static void options_too_short_or_absurd_are_einval(void **state)
{
	static const uint32_t sizes[] = { 0, 4, 0x1001, UINT32_MAX };
	struct lockmgr_options options = fake_options();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		options.size = sizes[i];
		assert_int_equal(try_open("space", &options), -EINVAL);
		assert_int_equal(lockmgr_unlink("space", &options), -EINVAL);
	}
	options.size = sizeof(options) - 1;
	assert_int_equal(try_open("space", &options), -EINVAL);
}

static void longer_options_are_accepted_if_zero(void **state)
{
	struct {
		struct lockmgr_options options;
		char more[64];
	} longer = { .options = fake_options() };

	(void)state;
	longer.options.size = sizeof(longer);
	assert_int_equal(try_open("space", &longer.options), 0);
	assert_int_equal(lockmgr_unlink("space", &longer.options), 0);
	longer.more[63] = 1;
	assert_int_equal(try_open("space", &longer.options), -EINVAL);
	assert_int_equal(lockmgr_unlink("space", &longer.options), -EINVAL);
	longer.more[63] = 0;
	longer.more[0] = 1;
	assert_int_equal(try_open("space", &longer.options), -EINVAL);
}

static void names_that_do_not_fit_are_einval(void **state)
{
	const struct lockmgr_options options = fake_options();
	char name[LOCKMGR_SPACE_NAME_SIZE + 1] = "";

	(void)state;
	assert_int_equal(try_name(NULL), -EINVAL);
	assert_int_equal(try_name(""), -EINVAL);
	memset(name, 'a', LOCKMGR_SPACE_NAME_SIZE);
	assert_int_equal(try_name(name), -EINVAL);
	assert_int_equal(lockmgr_unlink(NULL, &options), -EINVAL);
	assert_int_equal(lockmgr_unlink("", &options), -EINVAL);
	assert_int_equal(lockmgr_unlink(name, &options), -EINVAL);
	assert_int_equal(fake.calls, 0);

	name[LOCKMGR_SPACE_NAME_SIZE - 1] = 0;
	assert_int_equal(try_name(name), 0);
	assert_string_equal(fake.args.attach.name, name);
	assert_int_equal(lockmgr_unlink(name, &options), 0);
	assert_string_equal(fake.args.unlink.name, name);
}

static void null_handle_pointer_is_einval(void **state)
{
	const struct lockmgr_options options = fake_options();

	(void)state;
	assert_int_equal(lockmgr_open(NULL, "space", &options), -EINVAL);
}

static void failed_attach_leaves_no_file(void **state)
{
	(void)state;
	fake.error = EUSERS;
	assert_int_equal(try_device(FAKE_DEVICE), -EUSERS);
}

static void attach_passes_the_options(void **state)
{
	const struct lockmgr_ioctl_attach expected = {
		.name = "space",
		.flags = LOCKMGR_ATTACH_CREATE | LOCKMGR_ATTACH_EXCL |
			 LOCKMGR_ATTACH_DETECT_DEADLOCK |
			 LOCKMGR_ATTACH_ENDS_WITH_PROCESS,
		.owner = 1234,
		.group = 5678,
		.mode = 0640,
		.capacity = 100,
	};
	struct lockmgr_options options = fake_options();

	(void)state;
	options.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL |
			LOCKMGR_OPEN_DETECT_DEADLOCK;
	options.owner = 1234;
	options.group = 5678;
	options.mode = 0640;
	options.capacity = 100;
	assert_int_equal(try_open("space", &options), 0);
	assert_int_equal(fake.request, LOCKMGR_IOC_ATTACH);
	assert_memory_equal(&fake.args.attach, &expected, sizeof(expected));
}

static void attach_passes_the_defaults(void **state)
{
	const struct lockmgr_ioctl_attach expected = {
		.name = "space",
		.flags = LOCKMGR_ATTACH_ENDS_WITH_PROCESS,
		.owner = LOCKMGR_ID_CALLER,
		.group = LOCKMGR_ID_CALLER,
	};

	(void)state;
	assert_int_equal(try_flags(0), 0);
	assert_memory_equal(&fake.args.attach, &expected, sizeof(expected));
}

static void client_of_a_file_to_inherit_does_not_end_with_the_process(void **state)
{
	(void)state;
	assert_int_equal(try_flags(LOCKMGR_OPEN_INHERIT), 0);
	assert_int_equal(fake.args.attach.flags, 0);
}

static void module_that_knows_no_end_of_processes_is_not_asked_for_it(void **state)
{
	(void)state;
	fake.features = LOCKMGR_FEATURE_DEADLOCK | LOCKMGR_FEATURE_MAP;
	assert_int_equal(try_flags(0), 0);
	assert_int_equal(fake.args.attach.flags, 0);
}

static void fd_is_the_descriptor_of_the_file(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_equal(lockmgr_set_capacity(mgr, 5), 0);
	assert_int_equal(lockmgr_fd(mgr), fake.fd);
	assert_int_equal(lockmgr_fd(NULL), -EINVAL);
	lockmgr_close(mgr);
}

static int file_flags(uint32_t flags)
{
	struct lockmgr_options options = fake_options();
	struct lockmgr *mgr;
	int ret;

	options.flags = flags;
	assert_int_equal(lockmgr_open(&mgr, "space", &options), 0);
	assert_int_equal(fcntl(fake.fd, F_GETFD), FD_CLOEXEC);
	ret = fcntl(fake.fd, F_GETFL);
	lockmgr_close(mgr);
	return ret & O_ACCMODE;
}

static void file_is_open_for_what_the_flags_say(void **state)
{
	(void)state;
	assert_int_equal(file_flags(0), O_RDWR);
	assert_int_equal(file_flags(LOCKMGR_OPEN_READONLY), O_RDONLY);
	assert_int_equal(file_flags(LOCKMGR_OPEN_WRITEONLY), O_WRONLY);
}

static void close_closes_the_file(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_not_equal(fcntl(fake.fd, F_GETFD), -1);
	lockmgr_close(mgr);
	assert_int_equal(fcntl(fake.fd, F_GETFD), -1);
}

static void close_accepts_null(void **state)
{
	(void)state;
	lockmgr_close(NULL);
}

static void handles_can_be_closed_in_any_order(void **state)
{
	const int files = count_files();
	struct lockmgr *mgr[4];
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		mgr[i] = fake_open();
	assert_int_equal(count_files(), files + 4);
	lockmgr_close(mgr[2]);
	lockmgr_close(mgr[0]);
	lockmgr_close(mgr[3]);
	lockmgr_close(mgr[1]);
	assert_int_equal(count_files(), files);
	lockmgr_close(fake_open());
}

static void unlink_passes_name_and_owner(void **state)
{
	const struct lockmgr_ioctl_unlink expected = {
		.name = "space",
		.owner = 1234,
	};
	struct lockmgr_options options = fake_options();
	const int files = count_files();

	(void)state;
	options.owner = 1234;
	assert_int_equal(lockmgr_unlink("space", &options), 0);
	assert_int_equal(fake.request, LOCKMGR_IOC_UNLINK);
	assert_memory_equal(&fake.args.unlink, &expected, sizeof(expected));
	assert_int_equal(count_files(), files);
}

static void set_capacity_passes_the_capacity(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_equal(lockmgr_set_capacity(mgr, 77), 0);
	assert_int_equal(fake.request, LOCKMGR_IOC_CAPACITY);
	assert_int_equal(fake.args.capacity.capacity, 77);
	assert_int_equal(fake.args.capacity.flags, 0);
	lockmgr_close(mgr);
}

static void version_of_any_module_is_returned(void **state)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };
	const int files = count_files();

	(void)state;
	fake.major = 99;
	assert_int_equal(lockmgr_module(FAKE_DEVICE, &info), 0);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.major, 99);
	assert_int_equal(info.minor, 2);
	assert_int_equal(info.patch, 3);
	assert_int_equal(info.features, FAKE_FEATURES);
	assert_int_equal(count_files(), files);
}

static void module_info_of_other_size(void **state)
{
	struct {
		struct lockmgr_module_info info;
		char more[8];
		char beyond;
	} longer;

	(void)state;
	memset(&longer, 0xff, sizeof(longer));
	longer.info.size = offsetof(typeof(longer), beyond);
	assert_int_equal(lockmgr_module(FAKE_DEVICE, &longer.info), 0);
	assert_int_equal(longer.info.size, offsetof(typeof(longer), beyond));
	assert_int_equal(longer.info.minor, 2);
	assert_memory_equal(longer.more, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(longer.beyond, (char)0xff);

	longer.info.size = sizeof(longer.info) - 1;
	assert_int_equal(lockmgr_module(FAKE_DEVICE, &longer.info), -EINVAL);
	longer.info.size = UINT32_MAX;
	assert_int_equal(lockmgr_module(FAKE_DEVICE, &longer.info), -EINVAL);
}

static void version_has_three_numbers(void **state)
{
	unsigned int major, minor, patch;
	char end;

	(void)state;
	assert_int_equal(sscanf(lockmgr_version(), "%u.%u.%u%c", &major,
				&minor, &patch, &end),
			 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(options_are_initialised_as_by_the_macro),
		fake_test(longer_options_are_initialised_too),
		fake_test(options_of_invalid_size_are_not_initialised),
		fake_test(other_major_version_is_eprotonosupport),
		fake_test(missing_device_is_enodev),
		fake_test(missing_default_device_is_enodev),
		fake_test(device_node_without_driver_is_enodev),
		fake_test(device_that_is_not_ours_is_eprotonosupport),
		fake_test(path_of_another_kind_of_file_is_eprotonosupport),
		fake_test(fifo_does_not_block),
		fake_test(too_many_files_is_emfile),
		fake_test(flags_that_contradict_are_einval),
		fake_test(unknown_flags_are_einval),
		fake_test(flags_that_agree_are_accepted),
		fake_test(options_too_short_or_absurd_are_einval),
		fake_test(longer_options_are_accepted_if_zero),
		fake_test(names_that_do_not_fit_are_einval),
		fake_test(null_handle_pointer_is_einval),
		fake_test(failed_attach_leaves_no_file),
		fake_test(attach_passes_the_options),
		fake_test(attach_passes_the_defaults),
		fake_test(client_of_a_file_to_inherit_does_not_end_with_the_process),
		fake_test(module_that_knows_no_end_of_processes_is_not_asked_for_it),
		fake_test(fd_is_the_descriptor_of_the_file),
		fake_test(file_is_open_for_what_the_flags_say),
		fake_test(close_closes_the_file),
		fake_test(close_accepts_null),
		fake_test(handles_can_be_closed_in_any_order),
		fake_test(unlink_passes_name_and_owner),
		fake_test(set_capacity_passes_the_capacity),
		fake_test(version_of_any_module_is_returned),
		fake_test(module_info_of_other_size),
		fake_test(version_has_three_numbers),
	};

	return harness_run(tests);
}
