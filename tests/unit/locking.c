// SPDX-License-Identifier: GPL-2.0-only
/* Locking and allocating: the commands that reach the module, and what the caller gets. */
#include "fake.h"

static void expect_lock(uint32_t id, uint32_t flags, int64_t deadline)
{
	assert_int_equal(fake.request, LOCKMGR_IOC_LOCK);
	assert_int_equal(fake.args.lock.id, id);
	assert_int_equal(fake.args.lock.flags, flags);
	assert_int_equal(fake.args.lock.ticket, 0);
	assert_true(fake.args.lock.deadline == deadline);
}

static void expect_id(unsigned long request, uint32_t id)
{
	assert_int_equal(fake.request, request);
	assert_int_equal(fake.args.id.id, id);
	assert_int_equal(fake.args.id.flags, 0);
}

static void lock_waits_without_deadline(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 7), 0);
	expect_lock(7, 0, 0);
	lockmgr_close(mgr);
}

static void trylock_does_not_wait(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_equal(lockmgr_trylock(mgr, 7), 0);
	expect_lock(7, LOCKMGR_LOCK_TRY, 0);
	lockmgr_close(mgr);
}

static void owner_died_is_returned_by_each_lock_call(void **state)
{
	const struct timespec deadline = { .tv_sec = 1 };
	struct lockmgr *mgr = fake_open();

	(void)state;
	fake.result = LOCKMGR_OWNER_DIED;
	assert_int_equal(lockmgr_lock(mgr, 7), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_trylock(mgr, 7), LOCKMGR_OWNER_DIED);
	assert_int_equal(lockmgr_timedlock(mgr, 7, &deadline),
			 LOCKMGR_OWNER_DIED);
	fake.result = 0;
	lockmgr_close(mgr);
}

static int64_t passed_deadline(struct lockmgr *mgr, time_t sec, long nsec)
{
	const struct timespec deadline = { .tv_sec = sec, .tv_nsec = nsec };

	assert_int_equal(lockmgr_timedlock(mgr, 7, &deadline), 0);
	assert_int_equal(fake.args.lock.id, 7);
	assert_int_equal(fake.args.lock.flags, LOCKMGR_LOCK_DEADLINE);
	return fake.args.lock.deadline;
}

static void deadline_is_passed_in_nanoseconds(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_true(passed_deadline(mgr, 0, 0) == 0);
	assert_true(passed_deadline(mgr, 0, 999999999) == 999999999);
	assert_true(passed_deadline(mgr, 1, 0) == 1000000000);
	assert_true(passed_deadline(mgr, 123456, 789) == 123456000000789);
	assert_true(passed_deadline(mgr, 2147483647, 999999999) ==
		    2147483647999999999);
	lockmgr_close(mgr);
}

static void deadline_before_the_clock_began_is_passed_as_0(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_true(passed_deadline(mgr, -1, 999999999) == 0);
	assert_true(passed_deadline(mgr, -2147483647, 0) == 0);
	lockmgr_close(mgr);
}

static void deadline_too_large_for_64_bits_is_passed_as_the_maximum(void **state)
{
	struct lockmgr *mgr;

	(void)state;
	if (sizeof(time_t) < sizeof(int64_t))
		skip();

	mgr = fake_open();
	assert_true(passed_deadline(mgr, 9223372035, 999999999) ==
		    9223372035999999999);
	assert_true(passed_deadline(mgr, 9223372036, 854775808) == INT64_MAX);
	assert_true(passed_deadline(mgr, 9223372037, 0) == INT64_MAX);
	assert_true(passed_deadline(mgr, (time_t)INT64_MAX, 999999999) ==
		    INT64_MAX);
	lockmgr_close(mgr);
}

static void deadline_with_invalid_nanoseconds_is_einval(void **state)
{
	static const struct timespec deadlines[] = {
		{ .tv_sec = 1, .tv_nsec = -1 },
		{ .tv_sec = 1, .tv_nsec = 1000000000 },
		{ .tv_sec = -1, .tv_nsec = -1 },
		{ .tv_sec = -1, .tv_nsec = 1000000000 },
	};
	struct lockmgr *mgr = fake_open();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(deadlines) / sizeof(*deadlines); i++)
		assert_int_equal(lockmgr_timedlock(mgr, 7, &deadlines[i]),
				 -EINVAL);
	assert_int_equal(fake.calls, 0);
	lockmgr_close(mgr);
}

static void interrupted_wait_keeps_its_deadline(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	fake.interruptions = 3;
	assert_true(passed_deadline(mgr, 5, 6) == 5000000006);
	assert_int_equal(fake.calls, 4);
	lockmgr_close(mgr);
}

static void interrupted_wait_shows_its_ticket(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	fake.interruptions = 3;
	assert_int_equal(lockmgr_lock(mgr, 7), 0);
	assert_int_equal(fake.args.lock.ticket, 30);
	assert_int_equal(lockmgr_lock(mgr, 7), 0);
	expect_lock(7, 0, 0);
	lockmgr_close(mgr);
}

static void interruptible_lock_passes_its_flags_and_deadline(void **state)
{
	const struct timespec deadline = { .tv_sec = 5, .tv_nsec = 6 };
	const struct timespec bad = { .tv_nsec = -1 };
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_equal(lockmgr_lock_interruptible(mgr, 7, NULL), 0);
	expect_lock(7, LOCKMGR_LOCK_INTERRUPTIBLE, 0);
	assert_int_equal(lockmgr_lock_interruptible(mgr, 7, &deadline), 0);
	expect_lock(7, LOCKMGR_LOCK_INTERRUPTIBLE | LOCKMGR_LOCK_DEADLINE, 5000000006);
	assert_int_equal(lockmgr_lock_interruptible(mgr, 7, &bad), -EINVAL);
	lockmgr_close(mgr);
}

static void interruptible_lock_gives_up_at_the_first_signal(void **state)
{
	struct lockmgr *mgr = fake_open();
	unsigned int calls = fake.calls;

	(void)state;
	fake.interruptions = 3;
	assert_int_equal(lockmgr_lock_interruptible(mgr, 7, NULL), -EINTR);
	assert_int_equal(fake.calls, calls + 1);
	lockmgr_close(mgr);
}

static void unlock_passes_the_id(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_equal(lockmgr_unlock(mgr, 7), 0);
	expect_id(LOCKMGR_IOC_UNLOCK, 7);
	lockmgr_close(mgr);
}

static void allocation_calls_pass_the_id(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	assert_int_equal(lockmgr_allocate_id(mgr, 7), 0);
	expect_id(LOCKMGR_IOC_ALLOCATE_ID, 7);
	assert_int_equal(lockmgr_free(mgr, 8), 0);
	expect_id(LOCKMGR_IOC_FREE, 8);
	assert_int_equal(lockmgr_retrieve(mgr, 9), 0);
	expect_id(LOCKMGR_IOC_RETRIEVE, 9);
	fake.result = 1;
	assert_int_equal(lockmgr_retrieve(mgr, 9), 1);
	fake.result = 0;
	assert_int_equal(lockmgr_free_all(mgr), 0);
	assert_int_equal(fake.request, LOCKMGR_IOC_FREE_ALL);
	assert_int_equal(fake.args.flags.flags, 0);
	lockmgr_close(mgr);
}

/* The last command was this one, with this note for this lock. */
static void expect_note(unsigned long request, uint32_t id, const char *note)
{
	char expected[LOCKMGR_NOTE_SIZE] = "";

	strcpy(expected, note);
	assert_int_equal(fake.request, request);
	assert_int_equal(fake.args.note.id, id);
	assert_int_equal(fake.args.note.flags, 0);
	assert_memory_equal(fake.args.note.note, expected, sizeof(expected));
}

#define LONGEST_NOTE	"a note of sixty-three bytes which is all that the module takes!"

static void note_is_passed_with_the_id(void **state)
{
	struct lockmgr *mgr = fake_open();
	uint32_t id = 1;

	(void)state;
	assert_int_equal(strlen(LONGEST_NOTE), LOCKMGR_LOCK_NOTE_SIZE - 1);
	assert_int_equal(lockmgr_set_note(mgr, 7, LONGEST_NOTE), 0);
	expect_note(LOCKMGR_IOC_SET_NOTE, 7, LONGEST_NOTE);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 8, "web-1"), 0);
	expect_note(LOCKMGR_IOC_ALLOCATE_ID_NOTED, 8, "web-1");
	assert_int_equal(lockmgr_allocate_noted(mgr, &id, "web-2"), 0);
	expect_note(LOCKMGR_IOC_ALLOCATE_NOTED, 0, "web-2");
	assert_int_equal(lockmgr_set_note(mgr, 7, ""), 0);
	expect_note(LOCKMGR_IOC_SET_NOTE, 7, "");
	assert_int_equal(lockmgr_set_note(mgr, 9, NULL), 0);
	expect_note(LOCKMGR_IOC_SET_NOTE, 9, "");
	lockmgr_close(mgr);
}

static void note_that_is_too_long_is_einval(void **state)
{
	struct lockmgr *mgr = fake_open();
	uint32_t id = 1;

	(void)state;
	assert_int_equal(lockmgr_set_note(mgr, 7, LONGEST_NOTE "!"), -EINVAL);
	assert_int_equal(lockmgr_allocate_noted(mgr, &id, LONGEST_NOTE "!"), -EINVAL);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 7, LONGEST_NOTE "!"), -EINVAL);
	assert_int_equal(lockmgr_allocate_noted(mgr, NULL, "web-1"), -EINVAL);
	assert_int_equal(lockmgr_allocate_noted(mgr, NULL, NULL), -EINVAL);
	assert_int_equal(id, 1);
	assert_int_equal(fake.calls, 0);
	lockmgr_close(mgr);
}

static void allocation_without_a_note_is_known_to_every_module(void **state)
{
	struct lockmgr *mgr = fake_open();
	uint32_t id;

	(void)state;
	assert_int_equal(lockmgr_allocate_noted(mgr, &id, NULL), 0);
	expect_id(LOCKMGR_IOC_ALLOCATE, 0);
	assert_int_equal(lockmgr_allocate_noted(mgr, &id, ""), 0);
	expect_id(LOCKMGR_IOC_ALLOCATE, 0);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 7, NULL), 0);
	expect_id(LOCKMGR_IOC_ALLOCATE_ID, 7);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 8, ""), 0);
	expect_id(LOCKMGR_IOC_ALLOCATE_ID, 8);
	lockmgr_close(mgr);
}

/* As a module of version 0.1, which does not know the commands for notes. */
static void know_no_notes(unsigned long request, void *args)
{
	(void)args;
	fake.result = request == LOCKMGR_IOC_RETRIEVE;
	if (_IOC_NR(request) >= _IOC_NR(LOCKMGR_IOC_SET_NOTE)) {
		errno = ENOTTY;
		fake.result = -1;
	}
}

static void module_without_notes_is_eopnotsupp(void **state)
{
	struct lockmgr *mgr = fake_open();
	uint32_t id = 1;

	(void)state;
	fake.answer = know_no_notes;
	assert_int_equal(lockmgr_set_note(mgr, 7, "web-1"), -EOPNOTSUPP);
	assert_int_equal(lockmgr_allocate_noted(mgr, &id, "web-1"), -EOPNOTSUPP);
	assert_int_equal(lockmgr_allocate_id_noted(mgr, 7, "web-1"), -EOPNOTSUPP);
	assert_int_equal(id, 1);
	/* In such a module, no id has a note to remove; the id is checked nevertheless. */
	assert_int_equal(lockmgr_set_note(mgr, 7, ""), 0);
	expect_id(LOCKMGR_IOC_RETRIEVE, 7);
	lockmgr_close(mgr);
}

static void answer_id(unsigned long request, void *args)
{
	if (request == LOCKMGR_IOC_ALLOCATE)
		((struct lockmgr_ioctl_id *)args)->id = 42;
	if (request == LOCKMGR_IOC_ALLOCATE_NOTED)
		((struct lockmgr_ioctl_note *)args)->id = 43;
}

static void allocate_returns_the_id(void **state)
{
	struct lockmgr *mgr = fake_open();
	uint32_t id = 1;

	(void)state;
	fake.answer = answer_id;
	assert_int_equal(lockmgr_allocate(mgr, &id), 0);
	assert_int_equal(id, 42);
	expect_id(LOCKMGR_IOC_ALLOCATE, 0);
	assert_int_equal(lockmgr_allocate_noted(mgr, &id, "web-1"), 0);
	assert_int_equal(id, 43);
	lockmgr_close(mgr);
}

static void answer_info(unsigned long request, void *args)
{
	struct lockmgr_ioctl_info *info = args;

	if (request != LOCKMGR_IOC_INFO)
		return;
	info->capacity = 100;
	info->allocated = 30;
}

static void available_is_capacity_minus_allocated(void **state)
{
	struct lockmgr *mgr = fake_open();
	uint32_t count = 1;

	(void)state;
	fake.answer = answer_info;
	assert_int_equal(lockmgr_available(mgr, &count), 0);
	assert_int_equal(count, 70);
	lockmgr_close(mgr);
}

static void failure_leaves_results_alone(void **state)
{
	struct lockmgr *mgr = fake_open();
	uint32_t result = 1;

	(void)state;
	fake.error = EDQUOT;
	assert_int_equal(lockmgr_allocate(mgr, &result), -EDQUOT);
	assert_int_equal(result, 1);
	assert_int_equal(lockmgr_available(mgr, &result), -EDQUOT);
	assert_int_equal(result, 1);
	lockmgr_close(mgr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(lock_waits_without_deadline),
		fake_test(trylock_does_not_wait),
		fake_test(owner_died_is_returned_by_each_lock_call),
		fake_test(deadline_is_passed_in_nanoseconds),
		fake_test(deadline_before_the_clock_began_is_passed_as_0),
		fake_test(deadline_too_large_for_64_bits_is_passed_as_the_maximum),
		fake_test(deadline_with_invalid_nanoseconds_is_einval),
		fake_test(interrupted_wait_keeps_its_deadline),
		fake_test(interrupted_wait_shows_its_ticket),
		fake_test(interruptible_lock_passes_its_flags_and_deadline),
		fake_test(interruptible_lock_gives_up_at_the_first_signal),
		fake_test(unlock_passes_the_id),
		fake_test(allocation_calls_pass_the_id),
		fake_test(note_is_passed_with_the_id),
		fake_test(note_that_is_too_long_is_einval),
		fake_test(allocation_without_a_note_is_known_to_every_module),
		fake_test(module_without_notes_is_eopnotsupp),
		fake_test(allocate_returns_the_id),
		fake_test(available_is_capacity_minus_allocated),
		fake_test(failure_leaves_results_alone),
	};

	return harness_run(tests);
}
