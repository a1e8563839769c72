// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls: several processes at once make calls with random commands, sizes, directions,
 * addresses and contents in a space in which another process, the victim, holds locks.
 *
 * Arguments are mostly plausible; otherwise nearly all calls would fail at the first check.
 * LOCKMGR_TEST_SEED in the environment sets the seed; the message of a failure names it.
 */
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "raw.h"

#define PROCESSES		4
#define CALLS			12000
#define FILES			4

#define CAPACITY		1024
/* How many locks the victim holds: those from id 0 on. */
#define HELD			8

/* Memory that random calls may overwrite, between pages that they cannot reach. */
#define ARENA			65536

/* How often a signal interrupts a process that waits for a lock. */
#define TICK_US			2000

/* What the processes report. */
struct report {
	unsigned long done;
	unsigned long successes;
	unsigned int bad_number;
	long bad_result;
};

struct fuzzer {
	uint64_t random;
	unsigned char *arena;
	int files[FILES];
	struct report *report;
};

static uint64_t seed;
static uid_t other_user = 1001;

/* xorshift64* */
static uint64_t next_random(struct fuzzer *fuzzer)
{
	fuzzer->random ^= fuzzer->random >> 12;
	fuzzer->random ^= fuzzer->random << 25;
	fuzzer->random ^= fuzzer->random >> 27;

	return fuzzer->random * 0x2545f4914f6cdd1dULL;
}

static uint32_t below(struct fuzzer *fuzzer, uint32_t limit)
{
	return (next_random(fuzzer) >> 32) % limit;
}

static bool one_in(struct fuzzer *fuzzer, uint32_t count)
{
	return !below(fuzzer, count);
}

/* ------------------------------------------------------------------------
 * Arguments
 */

static uint32_t random_id(struct fuzzer *fuzzer)
{
	switch (below(fuzzer, 8)) {
	case 0:
		return next_random(fuzzer);
	case 1:
		return below(fuzzer, LOCKMGR_CAPACITY_MAX);
	case 2:
		return CAPACITY - 1 + below(fuzzer, 2);
	case 3:
		return below(fuzzer, CAPACITY);
	default:
		return below(fuzzer, 2 * HELD);
	}
}

static uint32_t random_flags(struct fuzzer *fuzzer, uint32_t known)
{
	return one_in(fuzzer, 10) ? next_random(fuzzer) : next_random(fuzzer) & known;
}

/* There are only a few owners: in the end, unlink_all() must know them. */
static uint32_t random_owner(struct fuzzer *fuzzer)
{
	const uint32_t owners[] = { LOCKMGR_ID_CALLER, LOCKMGR_ID_CALLER, 0, other_user };

	return owners[below(fuzzer, ARRAY_SIZE(owners))];
}

static void random_name(struct fuzzer *fuzzer, char *name)
{
	strcpy(name, one_in(fuzzer, 2) ? space_name() : other_space_name());
	/* This character is in no valid name, so the result is not another valid name. */
	if (one_in(fuzzer, 20))
		name[below(fuzzer, LOCKMGR_NAME_SIZE)] = 0x80 | next_random(fuzzer);
}

static int64_t random_deadline(struct fuzzer *fuzzer, uint32_t flags)
{
	if (one_in(fuzzer, 10))
		return next_random(fuzzer);
	if (!(flags & LOCKMGR_LOCK_DEADLINE))
		return 0;

	return now_ns() + below(fuzzer, 2000000);
}

/* An address in the arena, with any alignment, or one where there is no memory. */
static void *random_address(struct fuzzer *fuzzer, size_t size)
{
	static const uintptr_t bad[] = { RAW_BAD_ADDRESSES };

	if (one_in(fuzzer, 20))
		return (void *)bad[below(fuzzer, ARRAY_SIZE(bad))];
	/* The arguments reach beyond the end of the arena. */
	if (one_in(fuzzer, 20))
		return fuzzer->arena + ARENA - below(fuzzer, size + 1);

	return fuzzer->arena + below(fuzzer, ARENA - size);
}

static void random_attach(struct fuzzer *fuzzer, struct lockmgr_ioctl_attach *args)
{
	random_name(fuzzer, args->name);
	args->flags = random_flags(fuzzer, 7);
	args->owner = random_owner(fuzzer);
	args->group = LOCKMGR_ID_CALLER;
	args->mode = random_flags(fuzzer, 0777);
	args->capacity = one_in(fuzzer, 2) ? 0 : random_id(fuzzer);
}

static void random_list(struct fuzzer *fuzzer, struct lockmgr_ioctl_list *args)
{
	args->entry_size = one_in(fuzzer, 4) ? below(fuzzer, 4200) :
					       sizeof(struct lockmgr_lock_entry);
	args->count = one_in(fuzzer, 10) ? next_random(fuzzer) : below(fuzzer, 200);
	args->entries = (uintptr_t)random_address(fuzzer, 64);
	args->cursor = one_in(fuzzer, 3) ? random_id(fuzzer) : 0;
}

/* One in twenty is invalid: too long, or with something after its NUL. */
static void random_note(struct fuzzer *fuzzer, char *note)
{
	uint32_t length = below(fuzzer, LOCKMGR_NOTE_SIZE);

	memset(note, 1 + below(fuzzer, 255), length);
	if (one_in(fuzzer, 20))
		note[below(fuzzer, LOCKMGR_NOTE_SIZE)] ^= 1 + below(fuzzer, 255);
}

static union raw_args random_args(struct fuzzer *fuzzer, const struct raw_command *command)
{
	union raw_args args;
	size_t i;

	memset(&args, 0, sizeof(args));
	switch (command->number) {
	case LOCKMGR_IOC_ATTACH:
		random_attach(fuzzer, &args.attach);
		break;
	case LOCKMGR_IOC_UNLINK:
		random_name(fuzzer, args.unlink.name);
		/* For most of the time, the victim's space must keep its name. */
		if (fuzzer->report->done < CALLS / 4 * 3)
			strcpy(args.unlink.name, other_space_name());
		args.unlink.owner = random_owner(fuzzer);
		break;
	case LOCKMGR_IOC_LOCK:
		args.lock.id = random_id(fuzzer);
		args.lock.flags = random_flags(fuzzer, 3);
		args.lock.deadline = random_deadline(fuzzer, args.lock.flags);
		args.lock.ticket = one_in(fuzzer, 2) ? below(fuzzer, 1000) : next_random(fuzzer);
		break;
	case LOCKMGR_IOC_LIST_LOCKS:
		random_list(fuzzer, &args.list);
		args.list.filter = random_flags(fuzzer, 7);
		break;
	case LOCKMGR_IOC_LIST_WAITERS:
		random_list(fuzzer, &args.list);
		args.list.id = random_id(fuzzer);
		break;
	case LOCKMGR_IOC_LIST_SPACES:
		random_list(fuzzer, &args.list);
		break;
	case LOCKMGR_IOC_ALLOCATE_NOTED:
		random_note(fuzzer, args.note.note);
		break;
	case LOCKMGR_IOC_SET_NOTE:
	case LOCKMGR_IOC_ALLOCATE_ID_NOTED:
		args.note.id = random_id(fuzzer);
		random_note(fuzzer, args.note.note);
		break;
	case LOCKMGR_IOC_ALLOCATE:
	case LOCKMGR_IOC_FREE_ALL:
		break;
	default:
		args.id.id = random_id(fuzzer);
		args.id.flags = one_in(fuzzer, 20) ? next_random(fuzzer) : 0;
	}
	/* Random bytes must not become part of a name or an address, so those are left out. */
	i = command->size > LOCKMGR_NAME_SIZE ? LOCKMGR_NAME_SIZE + 8 : 8;
	if (one_in(fuzzer, 20) && i < command->size)
		args.bytes[i + below(fuzzer, command->size - i)] = next_random(fuzzer);

	return args;
}

/* ------------------------------------------------------------------------
 * Calls
 */

static bool is_documented(long result)
{
	static const int errors[] = {
		0, -1, ENOTTY, EFAULT, E2BIG, EINVAL, ENOTCONN, EBADF, ENOMEM, EACCES, EDQUOT,
		EEXIST, EISCONN, ENOENT, EPERM, EUSERS, EBUSY, ENOSPC, EDEADLK, EINTR, ETIMEDOUT
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (result == -errors[i])
			return true;

	return false;
}

static unsigned int random_number(struct fuzzer *fuzzer, const struct raw_command *command)
{
	unsigned int type = one_in(fuzzer, 2) ? LOCKMGR_IOC_MAGIC : below(fuzzer, 256);

	if (one_in(fuzzer, 20))
		return _IOC(below(fuzzer, 4), type, below(fuzzer, 32), below(fuzzer, 16384));
	if (one_in(fuzzer, 10))
		return raw_number_of_size(command, below(fuzzer, 16384));

	return command->number;
}

static void random_call(struct fuzzer *fuzzer)
{
	const struct raw_command *command = &raw_commands[below(fuzzer, ARRAY_SIZE(raw_commands))];
	unsigned int number = random_number(fuzzer, command);
	union raw_args args = random_args(fuzzer, command);
	size_t size = _IOC_SIZE(number) > sizeof(args) ? _IOC_SIZE(number) : sizeof(args);
	unsigned char *at = random_address(fuzzer, size);
	long ret;

	/* The end of the arguments may lie beyond the arena. */
	if (at >= fuzzer->arena && at < fuzzer->arena + ARENA) {
		size_t room = fuzzer->arena + ARENA - at;

		if (!one_in(fuzzer, 10))
			memset(at, 0, room < size ? room : size);
		memcpy(at, &args, room < sizeof(args) ? room : sizeof(args));
	}

	ret = raw_call(fuzzer->files[below(fuzzer, FILES)], number, at);
	fuzzer->report->done++;
	if (ret >= 0)
		fuzzer->report->successes++;
	/* The VFS has some commands of its own for files of any kind. */
	if (!is_documented(ret) && _IOC_TYPE(number) == LOCKMGR_IOC_MAGIC) {
		fuzzer->report->bad_number = number;
		fuzzer->report->bad_result = ret;
	}
}

/* Close what was open there before, if anything, so that its locks are released; open anew. */
static void reopen(struct fuzzer *fuzzer, uint32_t i)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };

	if (fuzzer->files[i] > 0)
		close(fuzzer->files[i]);
	fuzzer->files[i] = open(RAW_DEVICE, modes[below(fuzzer, ARRAY_SIZE(modes))] | O_CLOEXEC);
	if (fuzzer->files[i] < 0)
		_exit(1);
}

static unsigned char *new_arena(void)
{
	unsigned char *arena = mmap(NULL, ARENA + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

	if (arena == MAP_FAILED || mprotect(arena + 4096, ARENA, PROT_READ | PROT_WRITE))
		_exit(1);

	return arena + 4096;
}

static void ignore(int signal)
{
	(void)signal;
}

static void tick(void)
{
	const struct itimerval interval = { { 0, TICK_US }, { 0, TICK_US } };
	struct sigaction action = { .sa_handler = ignore };

	if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &interval, NULL))
		_exit(1);
}

static void run_fuzzer(struct report *report, uint64_t number, uid_t user)
{
	struct fuzzer fuzzer = { .random = seed + number, .report = report };
	uint32_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (user && (setgroups(0, NULL) || setresgid(user, user, user) ||
		     setresuid(user, user, user)))
		_exit(1);
	fuzzer.arena = new_arena();
	for (i = 0; i < FILES; i++)
		reopen(&fuzzer, i);
	tick();

	for (i = 0; i < CALLS; i++) {
		if (one_in(&fuzzer, 500))
			reopen(&fuzzer, below(&fuzzer, FILES));
		random_call(&fuzzer);
	}
	_exit(0);
}

static void expect_good_report(const struct report *report)
{
	expect_result(report->done, CALLS, "seed %" PRIu64 ": calls done", seed);
	expect_result(report->bad_number, 0, "seed %" PRIu64 ": result %ld of command", seed,
		      report->bad_result);
	/* Otherwise the calls were not plausible enough to prove anything. */
	assert_true(report->successes > CALLS / 20);
}

/* The children close the victim's file: they must not use it. */
static void run_fuzzers(uid_t user, int victim)
{
	struct report *reports = mmap(NULL, PROCESSES * sizeof(*reports), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[PROCESSES];
	int i, status;

	assert_ptr_not_equal(reports, MAP_FAILED);
	for (i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_int_not_equal(children[i], -1);
		if (!children[i]) {
			close(victim);
			run_fuzzer(&reports[i], i * 0x9e3779b97f4a7c15ULL, user);
		}
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		expect_result(status, 0, "seed %" PRIu64 ": status of process %d", seed, i);
		expect_good_report(&reports[i]);
	}
	munmap(reports, PROCESSES * sizeof(*reports));
}

/* ------------------------------------------------------------------------
 * What must hold
 */

static int new_victim(void)
{
	int file = raw_attached_with(CAPACITY);
	uint32_t id;

	for (id = 0; id < HELD; id++)
		assert_int_equal(raw_trylock(file, id), 0);

	return file;
}

static void expect_held_by(int file, const struct lockmgr_lock_entry *entry)
{
	expect_result(entry->token, raw_info(file).token, "seed %" PRIu64 ": holder of %u", seed,
		      entry->id);
	expect_result(entry->waiters, 0, "seed %" PRIu64 ": waiters for %u", seed, entry->id);
}

/* Check the list of a space that has only one client left. */
static void expect_sound_list(int file)
{
	static struct lockmgr_lock_entry entries[512];
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
		.filter = 7,
	};
	uint32_t allocated = 0, held = 0, next = 0, i;

	while (args.cursor != LOCKMGR_CURSOR_END) {
		args.count = ARRAY_SIZE(entries);
		assert_int_equal(raw_call(file, LOCKMGR_IOC_LIST_LOCKS, &args), 0);
		for (i = 0; i < args.count; i++) {
			assert_true(entries[i].id >= next);
			next = entries[i].id + 1;
			allocated += !!(entries[i].flags & LOCKMGR_ENTRY_ALLOCATED);
			if (!(entries[i].flags & LOCKMGR_ENTRY_HELD))
				continue;
			held++;
			expect_held_by(file, &entries[i]);
		}
	}
	expect_result(allocated, raw_info(file).allocated, "seed %" PRIu64 ": allocated", seed);
	expect_result(held, HELD, "seed %" PRIu64 ": held", seed);
}

static void expect_sound(int file)
{
	uint32_t capacity = raw_info(file).capacity, id;
	long ret;

	expect_result(raw_info(file).clients, 1, "seed %" PRIu64 ": clients", seed);
	expect_sound_list(file);
	for (id = 0; id < HELD; id++)
		expect_result(raw_id(file, LOCKMGR_IOC_UNLOCK, id), 0,
			      "seed %" PRIu64 ": unlock %u", seed, id);
	for (id = 0; id < 4 * HELD && id < capacity; id++) {
		ret = raw_trylock(file, id);
		assert_in_range(ret, 0, LOCKMGR_OWNER_DIED);
	}
}

/* Unlink the spaces that the random calls have made. */
static void unlink_all(uid_t user)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;

	opts.owner = user;
	lockmgr_unlink(space_name(), &opts);
	lockmgr_unlink(other_space_name(), &opts);
}

static void random_calls_of_another_user_harm_nobody(void **state)
{
	int victim = new_victim();

	(void)state;
	run_fuzzers(other_user, victim);
	unlink_all(other_user);

	assert_int_equal(raw_info(victim).capacity, CAPACITY);
	assert_int_equal(raw_info(victim).flags, 0);
	expect_sound(victim);
}

static void random_calls_of_root_leave_the_space_sound(void **state)
{
	int victim = new_victim();

	(void)state;
	run_fuzzers(0, victim);
	unlink_all(other_user);

	expect_sound(victim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(random_calls_of_another_user_harm_nobody),
		raw_test(random_calls_of_root_leave_the_space_sound),
	};
	const char *text = getenv("LOCKMGR_TEST_SEED");

	seed = text ? strtoull(text, NULL, 0) : 20240229;

	return harness_run(tests);
}
