// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapped records: who may map them, what is in the mapping, and what it does not allow.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "raw.h"

#define ID	5
#define OTHER	1001
#define PAGE	4096

static int attach_with_mode(int flags, uint32_t mode, struct lockmgr_ioctl_attach *args)
{
	int file = raw_open(flags);

	*args = raw_attach_args(space_name(), flags == O_RDWR ? LOCKMGR_ATTACH_CREATE : 0);
	args->mode = mode;
	assert_int_equal(raw_call(file, LOCKMGR_IOC_ATTACH, args), 0);

	return file;
}

static long try_map(int file, size_t size, int protection, int flags, off_t offset)
{
	void *records = mmap(NULL, size, protection, flags, file, offset);

	if (records == MAP_FAILED)
		return -errno;
	munmap(records, size);

	return 0;
}

static long try_usual_map(int file)
{
	return try_map(file, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
}

static struct lockmgr_record *map_records(int file)
{
	void *records = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	assert_ptr_not_equal(records, MAP_FAILED);

	return records;
}

/* ------------------------------------------------------------------------
 * Who may
 */

static void file_that_is_not_attached_returns_enotconn(void **state)
{
	(void)state;
	assert_int_equal(try_usual_map(raw_open(O_RDWR)), -ENOTCONN);
}

static void private_space_can_be_mapped(void **state)
{
	struct lockmgr_ioctl_attach args;
	int file = attach_with_mode(O_RDWR, 0600, &args);

	(void)state;
	assert_int_equal(args.map_size, LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record));
	assert_int_equal(try_map(file, args.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, 0), 0);
}

static void shared_space_returns_eacces(void **state)
{
	static const uint32_t modes[] = { 0660, 0640, 0620, 0610, 0604, 0602, 0601 };
	struct lockmgr_ioctl_attach args;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		int file = attach_with_mode(O_RDWR, modes[i], &args);

		assert_int_equal(args.map_size, 0);
		expect_result(try_usual_map(file), -EACCES, "mode %o", modes[i]);
		assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
		raw_close(file);
	}
}

static void file_for_one_thing_only_returns_eacces(void **state)
{
	static const int flags[] = { O_RDONLY, O_WRONLY };
	struct lockmgr_ioctl_attach args;
	size_t i;

	(void)state;
	attach_with_mode(O_RDWR, 0600, &args);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		int file = attach_with_mode(flags[i], 0, &args);

		assert_int_equal(args.map_size, 0);
		assert_int_equal(try_usual_map(file), -EACCES);
		assert_int_equal(try_map(file, PAGE, PROT_READ, MAP_SHARED, 0), -EACCES);
	}
}

/* A process that is not the owner, but gets in by a capability, uses the kernel. */
static void who_is_let_in_by_a_capability_returns_eacces(void **state)
{
	struct lockmgr_ioctl_attach args;
	struct lockmgr_ioctl_unlink unlink = { .owner = OTHER };
	off_t clock;
	int owner, file;

	(void)state;
	setfsuid(OTHER);
	owner = attach_with_mode(O_RDWR, 0600, &args);
	setfsuid(0);
	clock = args.map_size;
	assert_int_equal(try_usual_map(owner), 0);

	file = raw_open(O_RDWR);
	args = raw_attach_args(space_name(), 0);
	args.owner = OTHER;
	assert_int_equal(raw_call(file, LOCKMGR_IOC_ATTACH, &args), 0);
	assert_int_equal(args.map_size, 0);
	assert_int_equal(try_usual_map(file), -EACCES);
	assert_int_equal(try_map(file, PAGE, PROT_READ, MAP_SHARED, 0), -EACCES);
	assert_int_equal(try_map(file, PAGE, PROT_READ, MAP_SHARED, clock), -EACCES);
	assert_int_equal(raw_trylock(file, ID), 0);
	assert_int_equal(raw_trylock(owner, ID), -EBUSY);
	assert_int_equal(raw_id(file, LOCKMGR_IOC_UNLOCK, ID), 0);
	assert_int_equal(raw_trylock(owner, ID), 0);

	strcpy(unlink.name, space_name());
	assert_int_equal(raw_call(file, LOCKMGR_IOC_UNLINK, &unlink), 0);
}

static void unfit_map_returns_its_error(void **state)
{
	const size_t size = LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record);
	const int both = PROT_READ | PROT_WRITE;
	int file = raw_private();

	(void)state;
	assert_int_equal(try_map(file, PAGE, both, MAP_PRIVATE, 0), -EINVAL);
	assert_int_equal(try_map(file, PAGE, both | PROT_EXEC, MAP_SHARED, 0), -EACCES);
	assert_int_equal(try_map(file, size + PAGE, both, MAP_SHARED, 0), -EINVAL);
	assert_int_equal(try_map(file, PAGE, both, MAP_SHARED, size + PAGE), -EINVAL);
	assert_int_equal(try_map(file, 2 * PAGE, both, MAP_SHARED, size - PAGE), -EINVAL);
	assert_int_equal(try_map(file, PAGE, both, MAP_SHARED, size - PAGE), 0);
}

static void unfit_map_of_the_clock_returns_its_error(void **state)
{
	const off_t place = LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record);
	int file = raw_private();

	(void)state;
	assert_int_equal(try_map(file, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, place), -EACCES);
	assert_int_equal(try_map(file, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, place), -EACCES);
	assert_int_equal(try_map(file, PAGE, PROT_READ, MAP_PRIVATE, place), -EINVAL);
	assert_int_equal(try_map(file, 2 * PAGE, PROT_READ, MAP_SHARED, place), -EINVAL);
	assert_int_equal(try_map(file, PAGE, PROT_READ, MAP_SHARED, place + PAGE), -EINVAL);
	assert_int_equal(try_map(file, PAGE, PROT_READ, MAP_SHARED, place), 0);
}

/* ------------------------------------------------------------------------
 * What is there
 */

static void record_says_who_holds_the_lock(void **state)
{
	struct lockmgr_ioctl_attach args;
	int file = attach_with_mode(O_RDWR, 0600, &args);
	struct lockmgr_record *record;
	uint64_t before = now_coarse_ns();

	(void)state;
	assert_int_equal(raw_trylock(file, ID), 0);
	record = &map_records(file)[lockmgr_record_index(ID)];
	assert_true(record->word ==
		    ((uint64_t)gettid() << LOCKMGR_WORD_TID_SHIFT | args.token));
	assert_in_range(record->since, before, now_ns());

	assert_int_equal(raw_id(file, LOCKMGR_IOC_UNLOCK, ID), 0);
	assert_true(record->word == 0);
}

static void each_lock_has_its_own_record(void **state)
{
	const uint32_t ids[] = { 0, 1, 63, 64, 65, 127, 128, 255 };
	int file = raw_private();
	struct lockmgr_record *records;
	size_t i, k;

	(void)state;
	assert_int_equal(raw_trylock(file, 0), 0);
	records = map_records(file);
	for (i = 1; i < ARRAY_SIZE(ids); i++) {
		assert_int_equal(raw_trylock(file, ids[i]), 0);
		for (k = 0; k < ARRAY_SIZE(ids); k++)
			assert_int_equal(!!records[lockmgr_record_index(ids[k])].word, k <= i);
	}
}

static void lock_taken_in_memory_is_held(void **state)
{
	struct lockmgr_ioctl_attach args;
	int file = attach_with_mode(O_RDWR, 0600, &args);
	int other = raw_private();
	struct lockmgr_record *record;

	(void)state;
	assert_int_equal(raw_trylock(file, ID + 1), 0);
	record = &map_records(file)[lockmgr_record_index(ID)];
	record->word = (uint64_t)gettid() << LOCKMGR_WORD_TID_SHIFT | args.token;
	assert_int_equal(raw_trylock(other, ID), -EBUSY);
	assert_int_equal(raw_id(other, LOCKMGR_IOC_UNLOCK, ID), -EPERM);
	assert_int_equal(raw_id(file, LOCKMGR_IOC_UNLOCK, ID), 0);
	assert_int_equal(raw_trylock(other, ID), 0);
}

static const volatile struct lockmgr_clock *map_clock(int file)
{
	void *clock = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file,
			   LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record));

	assert_ptr_not_equal(clock, MAP_FAILED);

	return clock;
}

static bool has_ticked(void *data)
{
	static uint64_t last;
	const volatile struct lockmgr_clock *clock = data;
	bool has = last && clock->monotonic > last;

	if (!last)
		last = clock->monotonic;

	return has;
}

static void clock_shows_monotonic_time_and_goes_on(void **state)
{
	const volatile struct lockmgr_clock *clock = map_clock(raw_private());
	uint64_t before, seen;

	(void)state;
	/* The kernel's own coarse clock is updated before this one, at the same tick. */
	before = now_coarse_ns();
	/* Read it before now_ns(): the clock may tick between the two. */
	seen = clock->monotonic;
	assert_in_range(seen, before - 1000000000, now_ns());
	wait_until(has_ticked, (void *)clock, "the clock goes on");
	seen = clock->monotonic;
	assert_true(seen <= now_ns());
}

static void clock_can_never_be_written_to(void **state)
{
	void *clock = (void *)map_clock(raw_private());

	(void)state;
	assert_int_equal(mprotect(clock, PAGE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
}

static long user_of(struct lockmgr **mgr, long unused)
{
	(void)mgr;
	(void)unused;

	return geteuid();
}

/* User space can write any thread id to a record that it has mapped. */
static void thread_of_another_user_is_not_named(void **state)
{
	struct lockmgr_ioctl_attach args;
	struct lockmgr_lock_info info;
	struct lockmgr_record *record;
	struct lockmgr *mgr;
	struct agent *other;
	pid_t own = getpid();
	int file;

	(void)state;
	if (geteuid())
		skip();
	other = agent_new_as(1001, 1001, 0, NULL);
	assert_int_equal(agent_call(other, user_of, 0), 1001);
	file = attach_with_mode(O_RDWR, 0600, &args);
	mgr = space_open_with(LOCKMGR_OPEN_READONLY, 0);
	assert_int_equal(raw_trylock(file, ID), 0);
	record = &map_records(file)[lockmgr_record_index(ID)];

	record->word = (uint64_t)agent_pid(other) << LOCKMGR_WORD_TID_SHIFT | args.token;
	record->since = now_ns();
	info = lock_info(mgr, ID);
	assert_int_equal(info.client, args.token);
	assert_int_equal(info.tid, 0);
	assert_int_equal(info.pid, own);
}

static sigjmp_buf bus_error;

static void leave(int number)
{
	siglongjmp(bus_error, number);
}

static int signal_of_touching(const volatile struct lockmgr_record *record)
{
	const struct sigaction action = { .sa_handler = leave };
	struct sigaction old;
	int number = 0;

	sigaction(SIGBUS, &action, &old);
	number = sigsetjmp(bus_error, 1);
	if (!number)
		(void)record->word;
	sigaction(SIGBUS, &old, NULL);

	return number;
}

static void page_is_there_once_a_lock_of_it_was_locked(void **state)
{
	int file = raw_private();
	struct lockmgr_record *records = map_records(file);

	(void)state;
	assert_int_equal(signal_of_touching(records), SIGBUS);
	assert_int_equal(raw_trylock(raw_private(), ID), 0);
	assert_int_equal(signal_of_touching(records), SIGBUS);
	assert_int_equal(raw_trylock(file, ID + 1), 0);
	assert_int_equal(signal_of_touching(records), 0);
}

/* ------------------------------------------------------------------------
 * What the mapping does not allow
 */

static bool is_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, RAW_DEVICE);
	if (maps)
		fclose(maps);

	return found;
}

static bool child_has_it(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(is_mapped());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));

	return WEXITSTATUS(status);
}

static void map_is_not_inherited(void **state)
{
	struct lockmgr_record *records = map_records(raw_private());

	(void)state;
	assert_true(is_mapped());
	assert_false(child_has_it());
	assert_int_equal(madvise(records, PAGE, MADV_DOFORK), -1);
	assert_int_equal(errno, EINVAL);
	assert_false(child_has_it());
}

static void map_is_never_executable_nor_dumped_nor_grown(void **state)
{
	struct lockmgr_record *records = map_records(raw_private());

	(void)state;
	assert_int_equal(mprotect(records, PAGE, PROT_READ | PROT_EXEC), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(madvise(records, PAGE, MADV_DODUMP), -1);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(mremap(records, PAGE, 2 * PAGE, MREMAP_MAYMOVE), MAP_FAILED);
	assert_int_equal(errno, EFAULT);
}

/* Otherwise a program could write to them when nobody knows of it any more. */
static void pages_cannot_be_kept_beyond_the_map(void **state)
{
	int file = raw_private();
	struct lockmgr_record *records;
	struct iovec vector;
	int ends[2];

	(void)state;
	assert_int_equal(raw_trylock(file, ID), 0);
	records = map_records(file);
	records[0].since = 1;
	vector = (struct iovec) { records, PAGE };
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(vmsplice(ends[1], &vector, 1, 0), -1);
	assert_int_equal(errno, EFAULT);
	close(ends[0]);
	close(ends[1]);
}

/* A mapping keeps the client as an open file does. */
static void map_keeps_the_client_alive(void **state)
{
	int file = raw_private();
	int other = raw_private();
	struct lockmgr_record *records = map_records(file);

	(void)state;
	assert_int_equal(raw_trylock(file, ID), 0);
	raw_close(file);
	assert_int_equal(raw_trylock(other, ID), -EBUSY);
	munmap(records, PAGE);
	assert_int_equal(raw_trylock(other, ID), LOCKMGR_OWNER_DIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(file_that_is_not_attached_returns_enotconn),
		raw_test(private_space_can_be_mapped),
		raw_test(shared_space_returns_eacces),
		raw_test(file_for_one_thing_only_returns_eacces),
		raw_test(who_is_let_in_by_a_capability_returns_eacces),
		raw_test(unfit_map_returns_its_error),
		raw_test(unfit_map_of_the_clock_returns_its_error),
		raw_test(record_says_who_holds_the_lock),
		raw_test(each_lock_has_its_own_record),
		raw_test(lock_taken_in_memory_is_held),
		raw_test(clock_shows_monotonic_time_and_goes_on),
		raw_test(clock_can_never_be_written_to),
		raw_test(thread_of_another_user_is_not_named),
		raw_test(page_is_there_once_a_lock_of_it_was_locked),
		raw_test(map_is_not_inherited),
		raw_test(map_is_never_executable_nor_dumped_nor_grown),
		raw_test(pages_cannot_be_kept_beyond_the_map),
		raw_test(map_keeps_the_client_alive),
	};

	return harness_run(tests);
}
