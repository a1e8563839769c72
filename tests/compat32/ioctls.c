// SPDX-License-Identifier: GPL-2.0-only
/* A 32-bit program that makes all ioctls but LOCKMGR_IOC_LIST_SPACES, without the library. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../uapi/layout.h"
#include "tap.h"

_Static_assert(sizeof(void *) == 4, "build this for 32 bits");

static long call(int file, unsigned int number, void *args)
{
	int ret = ioctl(file, number, args);

	return ret < 0 ? -errno : ret;
}

static int open_device(void)
{
	int file = open("/dev/lockmgr", O_RDWR | O_CLOEXEC);

	expect(file >= 0, true);

	return file;
}

static struct lockmgr_ioctl_attach attach_args(void)
{
	struct lockmgr_ioctl_attach args = {
		.flags = LOCKMGR_ATTACH_CREATE,
		.owner = LOCKMGR_ID_CALLER,
		.group = LOCKMGR_ID_CALLER,
	};

	memcpy(args.name, tap_space, sizeof(args.name));

	return args;
}

static int open_space(void)
{
	struct lockmgr_ioctl_attach args = attach_args();
	int file = open_device();

	expect(call(file, LOCKMGR_IOC_ATTACH, &args), 0);

	return file;
}

static long call_id(int file, unsigned int number, uint32_t id)
{
	struct lockmgr_ioctl_id args = { .id = id };

	return call(file, number, &args);
}

static long lock_with(int file, uint32_t id, uint32_t flags, int64_t deadline)
{
	struct lockmgr_ioctl_lock args = { .id = id, .flags = flags, .deadline = deadline };

	return call(file, LOCKMGR_IOC_LOCK, &args);
}

static void version_is_told(void)
{
	struct lockmgr_ioctl_version args;
	int file = open_device();

	memset(&args, 0xa5, sizeof(args));
	expect(call(file, LOCKMGR_IOC_VERSION, &args), 0);
	expect(args.reserved, 0);
	expect(args.features, LOCKMGR_FEATURE_DEADLOCK | LOCKMGR_FEATURE_MAP |
				      LOCKMGR_FEATURE_PROCESS_END |
				      LOCKMGR_FEATURE_INTERRUPTIBLE | LOCKMGR_FEATURE_NOTES);
	close(file);
}

static void attaching_and_info_agree(void)
{
	struct lockmgr_ioctl_attach attach = attach_args();
	struct lockmgr_ioctl_info info;
	int file = open_device();

	memset(&info, 0xa5, sizeof(info));
	expect(call(file, LOCKMGR_IOC_INFO, &info), -ENOTCONN);
	expect(call(file, LOCKMGR_IOC_ATTACH, &attach), 0);
	expect(call(file, LOCKMGR_IOC_INFO, &info), 0);
	expect(memcmp(info.name, attach.name, sizeof(info.name)), 0);
	expect(info.generation, attach.generation);
	expect(info.token, attach.token);
	expect(info.capacity, attach.capacity);
	expect(info.owner, getuid());
	expect(info.reserved[0] | info.reserved[1], 0);
	close(file);
}

static void ids_are_allocated_found_and_freed(void)
{
	struct lockmgr_ioctl_id id = { 0 };
	struct lockmgr_ioctl_flags all = { 0 };
	struct lockmgr_ioctl_capacity capacity = { .capacity = 8 };
	int file = open_space();

	expect(call(file, LOCKMGR_IOC_CAPACITY, &capacity), 0);
	expect(call_id(file, LOCKMGR_IOC_ALLOCATE_ID, 0), 0);
	expect(call(file, LOCKMGR_IOC_ALLOCATE, &id), 0);
	expect(id.id, 1);
	expect(call_id(file, LOCKMGR_IOC_RETRIEVE, 1), 1);
	expect(call_id(file, LOCKMGR_IOC_FREE, 1), 0);
	expect(call_id(file, LOCKMGR_IOC_RETRIEVE, 1), 0);
	expect(call(file, LOCKMGR_IOC_FREE_ALL, &all), 0);
	expect(call_id(file, LOCKMGR_IOC_RETRIEVE, 0), 0);
	expect(call_id(file, LOCKMGR_IOC_RETRIEVE, 8), -EINVAL);
	close(file);
}

/* The two halves of the 64 bits of a deadline must not be swapped. */
static void deadlines_of_64_bits_arrive(void)
{
	int file = open_space(), other = open_space();

	expect(lock_with(file, 0, 0, 0), 0);
	expect(lock_with(other, 0, LOCKMGR_LOCK_TRY, 0), -EBUSY);
	expect(lock_with(other, 0, LOCKMGR_LOCK_DEADLINE, 1), -ETIMEDOUT);
	expect(lock_with(other, 0, LOCKMGR_LOCK_DEADLINE, INT64_MIN), -EINVAL);
	expect(lock_with(other, 0, LOCKMGR_LOCK_TRY, 1LL << 32), -EINVAL);
	expect(call_id(file, LOCKMGR_IOC_UNLOCK, 0), 0);
	expect(call_id(file, LOCKMGR_IOC_UNLOCK, 0), -EPERM);
	close(file);
	close(other);
}

static void list_fills_entries_at_a_32_bit_address(void)
{
	struct lockmgr_lock_entry entries[2];
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
		.count = 2,
		.filter = LOCKMGR_ENTRY_HELD,
	};
	int file = open_space();

	memset(entries, 0xa5, sizeof(entries));
	expect(lock_with(file, 4, 0, 0), 0);
	expect(call(file, LOCKMGR_IOC_LIST_LOCKS, &args), 0);
	expect(args.count, 1);
	expect(args.cursor, LOCKMGR_CURSOR_END);
	expect(entries[0].id, 4);
	expect(entries[0].pid, getpid());
	expect(entries[0].reserved[0] | entries[0].reserved[1], 0);
	close(file);
}

static void notes_arrive_and_are_listed(void)
{
	struct lockmgr_ioctl_note note = { .id = 4, .note = "container web-1" };
	struct lockmgr_lock_entry entry;
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
		.filter = LOCKMGR_ENTRY_ALLOCATED,
	};
	int file = open_space();

	memset(&entry, 0xa5, sizeof(entry));
	expect(call(file, LOCKMGR_IOC_SET_NOTE, &note), -ENOENT);
	expect(call(file, LOCKMGR_IOC_ALLOCATE_ID_NOTED, &note), 0);
	expect(call(file, LOCKMGR_IOC_LIST_LOCKS, &args), 0);
	expect(args.count, 1);
	expect(memcmp(entry.note, note.note, sizeof(note.note)), 0);
	note = (struct lockmgr_ioctl_note) { .note = "pod p" };
	expect(call(file, LOCKMGR_IOC_ALLOCATE_NOTED, &note), 0);
	expect(note.id, 0);
	expect(strcmp(note.note, "pod p"), 0);
	close(file);
}

static void entries_beyond_32_bits_return_efault(void)
{
	struct lockmgr_lock_entry entry;
	struct lockmgr_ioctl_list args = {
		.entries = 1ULL << 47 | (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
		.filter = LOCKMGR_ENTRY_HELD,
	};
	int file = open_space();

	expect(lock_with(file, 0, 0, 0), 0);
	expect(call(file, LOCKMGR_IOC_LIST_LOCKS, &args), -EFAULT);
	close(file);
}

static void waiters_of_an_idle_lock_are_none(void)
{
	struct lockmgr_waiter_entry entry;
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
	};
	int file = open_space();

	expect(call(file, LOCKMGR_IOC_LIST_WAITERS, &args), 0);
	expect(args.count, 0);
	expect(args.cursor, LOCKMGR_CURSOR_END);
	close(file);
}

static void unlinking_removes_the_name(void)
{
	struct lockmgr_ioctl_unlink args = { .owner = LOCKMGR_ID_CALLER };
	int file = open_space();

	memcpy(args.name, tap_space, sizeof(args.name));
	expect(call(file, LOCKMGR_IOC_UNLINK, &args), 0);
	expect(call(file, LOCKMGR_IOC_UNLINK, &args), -ENOENT);
	close(file);
}

static void bad_addresses_return_efault(void)
{
	int file = open_space();

	expect(call(file, LOCKMGR_IOC_INFO, NULL), -EFAULT);
	expect(call(file, LOCKMGR_IOC_INFO, (void *)UINTPTR_MAX), -EFAULT);
	expect(call(file, LOCKMGR_IOC_ALLOCATE, (void *)0xfffffff8), -EFAULT);
	expect(call_id(file, LOCKMGR_IOC_RETRIEVE, 0), 0);
	close(file);
}

static void unknown_command_returns_enotty(void)
{
	unsigned char args[8] = { 0 };
	int file = open_space();

	expect(call(file, _IOW(LOCKMGR_IOC_MAGIC, 0x0e, args), args), -ENOTTY);
	expect(call(file, _IOR(LOCKMGR_IOC_MAGIC, 0x0b, args), args), -ENOTTY);
	close(file);
}

int main(void)
{
	static const struct tap_test tests[] = {
		tap_test(version_is_told),
		tap_test(attaching_and_info_agree),
		tap_test(ids_are_allocated_found_and_freed),
		tap_test(deadlines_of_64_bits_arrive),
		tap_test(list_fills_entries_at_a_32_bit_address),
		tap_test(notes_arrive_and_are_listed),
		tap_test(entries_beyond_32_bits_return_efault),
		tap_test(waiters_of_an_idle_lock_are_none),
		tap_test(unlinking_removes_the_name),
		tap_test(bad_addresses_return_efault),
		tap_test(unknown_command_returns_enotty),
	};

	tap_run(tests, sizeof(tests) / sizeof(tests[0]));

	return 0;
}
