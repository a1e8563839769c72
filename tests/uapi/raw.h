/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls themselves, without the library: open files, commands, and what an observer
 * sees of a space before and after a command.
 *
 * A failure in one of these functions fails the running test.
 */
#ifndef RAW_H
#define RAW_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "harness.h"
#include "layout.h"

#define RAW_DEVICE	"/dev/lockmgr"
#define RAW_FILES_MAX	256

/*
 * Addresses where a program has no memory.  The last three are between user space and the
 * kernel, and in the kernel, as far as a processor's programs can name such.
 */
#if UINTPTR_MAX > UINT32_MAX
#define RAW_BAD_ADDRESSES 0, 1, UINTPTR_MAX, UINTPTR_MAX - 7, 0x0000800000000000, \
			  0xffff888000001000, 0xffffffff81000000
#else
#define RAW_BAD_ADDRESSES 0, 1, UINTPTR_MAX, UINTPTR_MAX - 7, 0xbffff000, 0xc0001000, \
			  0xffff1000
#endif

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/** The number that begins at this address, which need not be aligned. */
static inline uint32_t raw_u32(const void *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	return number;
}

/** Expect a result that need not be an errno value; the format names it if it differs. */
#define expect_result(result, expected, ...) \
	raw_expect(result, expected, __FILE__, __LINE__, __VA_ARGS__)

/** Like harness_test(); also closes the files of raw_open() afterwards. */
#define raw_test(function) \
	cmocka_unit_test_setup_teardown(function, harness_setup, raw_teardown)

static int raw_files[RAW_FILES_MAX];
static size_t raw_file_count;

static inline int raw_teardown(void **state)
{
	while (raw_file_count)
		close(raw_files[--raw_file_count]);

	return harness_teardown(state);
}

static inline void __attribute__((format(printf, 5, 6)))
raw_expect(long result, long expected, const char *file, int line, const char *format, ...)
{
	char what[256];
	va_list arguments;

	if (result == expected)
		return;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	print_error("%s: %ld, expected %ld\n", what, result, expected);
	_fail(file, line);
}

/* ------------------------------------------------------------------------
 * Files
 */

/** Issue a command; like the library's functions, returns a result or -errno. */
static inline long raw_call(int file, unsigned int number, const void *args)
{
	int ret = ioctl(file, number, args);

	return ret < 0 ? -errno : ret;
}

/** Open the device; the file is attached to no space. */
static inline int raw_open(int flags)
{
	int file = open(RAW_DEVICE, flags | O_CLOEXEC);

	assert_int_not_equal(file, -1);
	assert_true(raw_file_count < RAW_FILES_MAX);
	raw_files[raw_file_count++] = file;

	return file;
}

static inline void raw_close(int file)
{
	size_t i;

	for (i = 0; i < raw_file_count; i++)
		if (raw_files[i] == file)
			raw_files[i] = raw_files[--raw_file_count];
	close(file);
}

/** Arguments that attach to a space of the caller. */
static inline struct lockmgr_ioctl_attach raw_attach_args(const char *space, uint32_t flags)
{
	struct lockmgr_ioctl_attach args = {
		.flags = flags,
		.owner = LOCKMGR_ID_CALLER,
		.group = LOCKMGR_ID_CALLER,
	};

	assert_true(strlen(space) < sizeof(args.name));
	memcpy(args.name, space, strlen(space));

	return args;
}

static inline long raw_attach(int file, const char *space, uint32_t flags)
{
	struct lockmgr_ioctl_attach args = raw_attach_args(space, flags);

	return raw_call(file, LOCKMGR_IOC_ATTACH, &args);
}

/** A file that is attached to the space of space_name(), which is created. */
static inline int raw_attached_with(uint32_t capacity)
{
	struct lockmgr_ioctl_attach args = raw_attach_args(space_name(), LOCKMGR_ATTACH_CREATE);
	int file = raw_open(O_RDWR);

	args.capacity = capacity;
	args.mode = 0666;
	assert_int_equal(raw_call(file, LOCKMGR_IOC_ATTACH, &args), 0);

	return file;
}

static inline int raw_attached(void)
{
	return raw_attached_with(0);
}

/** The same, but only the owner may use the space, so that the file may map records. */
static inline int raw_private(void)
{
	int file = raw_open(O_RDWR);

	assert_int_equal(raw_attach(file, space_name(), LOCKMGR_ATTACH_CREATE), 0);

	return file;
}

static inline long raw_id(int file, unsigned int number, uint32_t id)
{
	struct lockmgr_ioctl_id args = { .id = id };

	return raw_call(file, number, &args);
}

static inline long raw_lock(int file, uint32_t id)
{
	struct lockmgr_ioctl_lock args = { .id = id };

	return raw_call(file, LOCKMGR_IOC_LOCK, &args);
}

static inline long raw_trylock(int file, uint32_t id)
{
	struct lockmgr_ioctl_lock args = { .id = id, .flags = LOCKMGR_LOCK_TRY };

	return raw_call(file, LOCKMGR_IOC_LOCK, &args);
}

static inline struct lockmgr_ioctl_info raw_info(int file)
{
	struct lockmgr_ioctl_info info;

	memset(&info, 0xa5, sizeof(info));
	assert_int_equal(raw_call(file, LOCKMGR_IOC_INFO, &info), 0);

	return info;
}

/* ------------------------------------------------------------------------
 * Every command, tried on a space in a known state
 */

#define WORLD_CAPACITY	300

/* In a world these ids are … */
#define WORLD_ALLOCATED	3
#define WORLD_HELD	5

/**
 * struct raw_world - a space, and the file on which a test tries a command
 * @file: open for reading and writing; attached, unless the command attaches it
 * @observer: another file, which is attached
 */
struct raw_world {
	int file;
	int observer;
};

/**
 * struct raw_sight - all that an observer sees of a space
 * @attached: whether the world's file is attached
 * @info: facts of the space
 * @count: number of locks
 * @locks: all locks that are allocated, held or waited for
 */
struct raw_sight {
	bool attached;
	struct lockmgr_ioctl_info info;
	uint32_t count;
	struct lockmgr_lock_entry locks[16];
};

union raw_args {
	unsigned char bytes[128];
	struct lockmgr_ioctl_version version;
	struct lockmgr_ioctl_attach attach;
	struct lockmgr_ioctl_unlink unlink;
	struct lockmgr_ioctl_capacity capacity;
	struct lockmgr_ioctl_info info;
	struct lockmgr_ioctl_id id;
	struct lockmgr_ioctl_flags flags;
	struct lockmgr_ioctl_lock lock;
	struct lockmgr_ioctl_list list;
	struct lockmgr_ioctl_note note;
};

/* The LIST commands write here. */
static struct lockmgr_lock_entry raw_entries[16];

static inline void raw_fill_attach(union raw_args *args)
{
	args->attach = raw_attach_args(space_name(), 0);
}

static inline void raw_fill_unlink(union raw_args *args)
{
	strcpy(args->unlink.name, space_name());
	args->unlink.owner = LOCKMGR_ID_CALLER;
}

static inline void raw_fill_capacity(union raw_args *args)
{
	args->capacity.capacity = WORLD_CAPACITY + 1;
}

static inline void raw_fill_new_id(union raw_args *args)
{
	args->id.id = WORLD_ALLOCATED + 1;
}

static inline void raw_fill_allocated(union raw_args *args)
{
	args->id.id = WORLD_ALLOCATED;
}

static inline void raw_fill_note(union raw_args *args)
{
	strcpy(args->note.note, "what it stands for");
}

static inline void raw_fill_allocated_note(union raw_args *args)
{
	raw_fill_note(args);
	args->note.id = WORLD_ALLOCATED;
}

static inline void raw_fill_new_note(union raw_args *args)
{
	raw_fill_note(args);
	args->note.id = WORLD_ALLOCATED + 1;
}

static inline void raw_fill_held(union raw_args *args)
{
	args->id.id = WORLD_HELD;
}

static inline void raw_fill_lock(union raw_args *args)
{
	args->lock.id = WORLD_HELD + 1;
	args->lock.flags = LOCKMGR_LOCK_TRY;
}

static inline void raw_fill_list(union raw_args *args)
{
	args->list.entries = (uintptr_t)raw_entries;
	args->list.entry_size = sizeof(raw_entries[0]);
	args->list.count = ARRAY_SIZE(raw_entries);
}

static inline void raw_fill_list_locks(union raw_args *args)
{
	raw_fill_list(args);
	args->list.filter = LOCKMGR_ENTRY_ALLOCATED | LOCKMGR_ENTRY_HELD | LOCKMGR_ENTRY_WAITED;
}

static inline void raw_fill_list_waiters(union raw_args *args)
{
	raw_fill_list(args);
	args->list.id = WORLD_HELD;
}

static inline void raw_fill_list_spaces(union raw_args *args)
{
	raw_fill_list(args);
	args->list.entry_size = sizeof(struct lockmgr_space_entry);
	args->list.count = sizeof(raw_entries) / args->list.entry_size;
}

/**
 * struct raw_command - a command, and how to make it succeed in a world
 * @name: its name, for messages
 * @number: LOCKMGR_IOC_*
 * @size: the size of the first version of its struct
 * @open: how a file must be open, as the ABI says: O_RDONLY, O_WRONLY or O_RDWR if
 *	any will do
 * @attached: whether the file must be attached
 * @fill: fills in what the command needs other than zeros; may be NULL
 * @result: what the command returns
 */
struct raw_command {
	const char *name;
	unsigned int number;
	size_t size;
	int open;
	bool attached;
	void (*fill)(union raw_args *args);
	long result;
};

#define RAW_COMMAND(command, ...) \
	{ \
		.name = #command, .number = LOCKMGR_IOC_##command, __VA_ARGS__ \
	}

static const struct raw_command raw_commands[] = {
	RAW_COMMAND(VERSION, 24, O_RDWR, false, NULL, 0),
	RAW_COMMAND(ATTACH, 112, O_RDWR, false, raw_fill_attach, 0),
	RAW_COMMAND(UNLINK, 72, O_WRONLY, false, raw_fill_unlink, 0),
	RAW_COMMAND(CAPACITY, 8, O_WRONLY, true, raw_fill_capacity, 0),
	RAW_COMMAND(INFO, 120, O_RDWR, true, NULL, 0),
	RAW_COMMAND(ALLOCATE, 8, O_WRONLY, true, NULL, 0),
	RAW_COMMAND(ALLOCATE_ID, 8, O_WRONLY, true, raw_fill_new_id, 0),
	RAW_COMMAND(RETRIEVE, 8, O_RDWR, true, raw_fill_allocated, 1),
	RAW_COMMAND(FREE, 8, O_WRONLY, true, raw_fill_allocated, 0),
	RAW_COMMAND(FREE_ALL, 8, O_WRONLY, true, NULL, 0),
	RAW_COMMAND(LOCK, 24, O_WRONLY, true, raw_fill_lock, 0),
	RAW_COMMAND(UNLOCK, 8, O_WRONLY, true, raw_fill_held, 0),
	RAW_COMMAND(LIST_LOCKS, 32, O_RDONLY, true, raw_fill_list_locks, 0),
	RAW_COMMAND(LIST_WAITERS, 32, O_RDONLY, true, raw_fill_list_waiters, 0),
	RAW_COMMAND(LIST_SPACES, 32, O_RDONLY, false, raw_fill_list_spaces, 0),
	RAW_COMMAND(SET_NOTE, 72, O_WRONLY, true, raw_fill_allocated_note, 0),
	RAW_COMMAND(ALLOCATE_NOTED, 72, O_WRONLY, true, raw_fill_note, 0),
	RAW_COMMAND(ALLOCATE_ID_NOTED, 72, O_WRONLY, true, raw_fill_new_note, 0),
};

#define RAW_COMMANDS_END	(raw_commands + ARRAY_SIZE(raw_commands))

/** Arguments with which a command succeeds in a world. */
static inline union raw_args raw_args_of(const struct raw_command *command)
{
	union raw_args args;

	memset(&args, 0, sizeof(args));
	if (command->fill)
		command->fill(&args);

	return args;
}

/** Whether a command that succeeds writes to its arguments. */
static inline bool raw_has_output(const struct raw_command *command)
{
	/* It writes only for the call that continues it after a signal. */
	if (command->number == LOCKMGR_IOC_LOCK)
		return false;

	return _IOC_DIR(command->number) & _IOC_READ;
}

/** The number of a command with another size of its struct. */
static inline unsigned int raw_number_of_size(const struct raw_command *command, size_t size)
{
	return _IOC(_IOC_DIR(command->number), _IOC_TYPE(command->number),
		    _IOC_NR(command->number), size);
}

/** Create a new space in a known state. */
static inline struct raw_world raw_world(const struct raw_command *command)
{
	struct raw_world world;

	lockmgr_unlink(space_name(), NULL);
	world.observer = raw_attached_with(WORLD_CAPACITY);
	world.file = raw_open(O_RDWR);
	assert_int_equal(raw_id(world.observer, LOCKMGR_IOC_ALLOCATE_ID, WORLD_ALLOCATED), 0);
	if (command->number == LOCKMGR_IOC_ATTACH)
		return world;
	assert_int_equal(raw_attach(world.file, space_name(), 0), 0);
	assert_int_equal(raw_trylock(world.file, WORLD_HELD), 0);

	return world;
}

static inline void raw_world_close(const struct raw_world *world)
{
	raw_close(world->file);
	raw_close(world->observer);
}

static inline struct raw_sight raw_look(const struct raw_world *world)
{
	union raw_args args;
	struct raw_sight sight;

	memset(&sight, 0, sizeof(sight));
	memset(&args, 0, sizeof(args));
	raw_fill_list_locks(&args);
	args.list.entries = (uintptr_t)sight.locks;
	assert_int_equal(raw_call(world->observer, LOCKMGR_IOC_LIST_LOCKS, &args), 0);
	sight.count = args.list.count;
	sight.attached = !raw_call(world->file, LOCKMGR_IOC_INFO, &args);
	sight.info = raw_info(world->observer);

	return sight;
}

static inline bool raw_has_changed(const struct raw_world *world, const struct raw_sight *before)
{
	struct raw_sight now = raw_look(world);

	return memcmp(before, &now, sizeof(now));
}

/** Expect that a command which failed has changed nothing. */
#define expect_same_sight(before, world, ...) \
	expect_result(raw_has_changed(world, before), false, __VA_ARGS__)

static inline void raw_expect_version(const union raw_args *args)
{
	struct lockmgr_ioctl_version version = { 0 };

	assert_int_equal(raw_call(raw_open(O_RDONLY), LOCKMGR_IOC_VERSION, &version), 0);
	assert_memory_equal(&args->version, &version, sizeof(version));
	assert_true(version.features & LOCKMGR_FEATURE_DEADLOCK);
}

static inline void raw_expect_attach(const union raw_args *args, const struct raw_world *world)
{
	struct lockmgr_ioctl_info info = raw_info(world->file);

	assert_int_equal(args->attach.capacity, WORLD_CAPACITY);
	assert_int_equal(args->attach.generation, info.generation);
	assert_int_equal(args->attach.token, info.token);
}

static inline void raw_expect_list(const union raw_args *args, uint32_t count)
{
	assert_int_equal(args->list.count, count);
	assert_int_equal(args->list.cursor, LOCKMGR_CURSOR_END);
}

/** That a command has left its results in its arguments. */
static inline void raw_expect_output(const struct raw_command *command,
				     const struct raw_world *world, const union raw_args *args)
{
	union raw_args input = raw_args_of(command);
	struct lockmgr_ioctl_info info;

	switch (command->number) {
	case LOCKMGR_IOC_VERSION:
		raw_expect_version(args);
		break;
	case LOCKMGR_IOC_ATTACH:
		raw_expect_attach(args, world);
		break;
	case LOCKMGR_IOC_INFO:
		info = raw_info(world->file);
		assert_memory_equal(&args->info, &info, sizeof(info));
		break;
	case LOCKMGR_IOC_ALLOCATE:
		assert_int_equal(args->id.id, 0);
		break;
	case LOCKMGR_IOC_ALLOCATE_NOTED:
		assert_int_equal(args->note.id, 0);
		assert_string_equal(args->note.note, input.note.note);
		break;
	case LOCKMGR_IOC_LIST_LOCKS:
		raw_expect_list(args, 2);
		break;
	case LOCKMGR_IOC_LIST_WAITERS:
		raw_expect_list(args, 0);
		break;
	case LOCKMGR_IOC_LIST_SPACES:
		assert_true(args->list.count);
		break;
	default:
		assert_memory_equal(args, &input, command->size);
	}
}

/* ------------------------------------------------------------------------
 * Memory
 */

/** A page that can be read and written, and after it one with that protection. */
static inline unsigned char *raw_pages(int protection)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, protection), 0);

	return pages;
}

/** The boundary between the two pages. */
static inline unsigned char *raw_edge(unsigned char *pages)
{
	return pages + sysconf(_SC_PAGESIZE);
}

static inline void raw_unmap(unsigned char *pages)
{
	munmap(pages, 2 * sysconf(_SC_PAGESIZE));
}

#endif /* RAW_H */
