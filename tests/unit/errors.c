// SPDX-License-Identifier: GPL-2.0-only
/* Errors: the library returns those of the module, leaves errno alone, and has their texts. */
#include <limits.h>

#include "calls.h"

#define ERRNO_LAST	133

static void every_error_of_the_module_is_returned(void **state)
{
	struct lockmgr *mgr = fake_open();
	size_t i;
	int error;

	(void)state;
	for (i = 0; i < CALL_COUNT; i++) {
		for (error = 1; error <= ERRNO_LAST; error++) {
			if (error == EINTR)
				continue;
			fake.error = error;
			if (calls[i].run(mgr) != -error)
				fail_msg("%s: %d", calls[i].name, error);
		}
	}
	lockmgr_close(mgr);
}

static void every_error_of_attaching_is_returned(void **state)
{
	const struct lockmgr_options options = fake_options();
	struct lockmgr *mgr;
	int error;

	(void)state;
	for (error = 1; error <= ERRNO_LAST; error++) {
		if (error == EINTR)
			continue;
		fake.error = error;
		assert_int_equal(lockmgr_open(&mgr, "space", &options), -error);
	}
}

static void every_error_of_unlinking_is_returned(void **state)
{
	const struct lockmgr_options options = fake_options();
	int error;

	(void)state;
	for (error = 1; error <= ERRNO_LAST; error++) {
		if (error == EINTR)
			continue;
		fake.error = error;
		assert_int_equal(lockmgr_unlink("space", &options), -error);
	}
}

static void interrupted_calls_are_repeated(void **state)
{
	struct lockmgr *mgr = fake_open();
	size_t i;

	(void)state;
	fake.answer = answer_end_of_list;
	for (i = 0; i < CALL_COUNT; i++) {
		fake.calls = 0;
		fake.interruptions = 3;
		if (calls[i].run(mgr) || fake.calls != 4)
			fail_msg("%s: %d calls", calls[i].name, fake.calls);
	}
	lockmgr_close(mgr);
}

static void expect_errno_untouched(struct lockmgr *mgr)
{
	size_t i;

	for (i = 0; i < CALL_COUNT; i++) {
		errno = ERRNO_BEFORE;
		calls[i].run(mgr);
		if (errno != ERRNO_BEFORE)
			fail_msg("%s: errno is %d", calls[i].name, errno);
	}
}

static void errno_is_untouched_by_success(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	fake.answer = answer_end_of_list;
	expect_errno_untouched(mgr);
	lockmgr_close(mgr);
}

static void errno_is_untouched_by_failure(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	fake.error = EPERM;
	expect_errno_untouched(mgr);
	lockmgr_close(mgr);
}

static void errno_is_untouched_by_interruption(void **state)
{
	struct lockmgr *mgr = fake_open();

	(void)state;
	fake.answer = answer_end_of_list;
	fake.interruptions = 2;
	expect_errno_untouched(mgr);
	lockmgr_close(mgr);
}

static void errno_is_untouched_by_bad_handle(void **state)
{
	(void)state;
	expect_errno_untouched(NULL);
}

/* Open, unlink, get the module's and the library's version, and close; each may fail. */
static void expect_errno_untouched_with(const char *device)
{
	struct lockmgr_module_info info = { .size = sizeof(info) };
	struct lockmgr_options options = fake_options();
	struct lockmgr *mgr = NULL;

	options.device = device;
	errno = ERRNO_BEFORE;
	lockmgr_open(&mgr, "space", &options);
	assert_int_equal(errno, ERRNO_BEFORE);
	lockmgr_unlink("space", &options);
	assert_int_equal(errno, ERRNO_BEFORE);
	lockmgr_module(device, &info);
	assert_int_equal(errno, ERRNO_BEFORE);
	lockmgr_version();
	assert_int_equal(errno, ERRNO_BEFORE);
	lockmgr_close(mgr);
	assert_int_equal(errno, ERRNO_BEFORE);
}

static void errno_is_untouched_by_opening_and_closing(void **state)
{
	(void)state;
	expect_errno_untouched_with(FAKE_DEVICE);
	expect_errno_untouched_with("/nowhere");
	expect_errno_untouched_with("/");
	fake.error = EACCES;
	expect_errno_untouched_with(FAKE_DEVICE);
	fake.version_error = ENOTTY;
	expect_errno_untouched_with(FAKE_DEVICE);
}

static void null_handle_is_einval(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < CALL_COUNT; i++)
		if (calls[i].run(NULL) != -EINVAL)
			fail_msg("%s", calls[i].name);
	assert_int_equal(fake.calls, 0);
}

static void null_pointers_are_einval(void **state)
{
	struct lockmgr *mgr = fake_open();
	struct lockmgr_waiter_info waiter;
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	size_t count;

	(void)state;
	assert_int_equal(lockmgr_allocate(mgr, NULL), -EINVAL);
	assert_int_equal(lockmgr_available(mgr, NULL), -EINVAL);
	assert_int_equal(lockmgr_timedlock(mgr, 0, NULL), -EINVAL);
	assert_int_equal(lockmgr_info(mgr, NULL), -EINVAL);
	assert_int_equal(lockmgr_module(FAKE_DEVICE, NULL), -EINVAL);
	assert_int_equal(lockmgr_held(mgr, NULL, 1, &count), -EINVAL);
	assert_int_equal(lockmgr_held(mgr, NULL, 0, NULL), -EINVAL);
	assert_int_equal(lockmgr_list(mgr, 1, NULL, &lock, 1, &count), -EINVAL);
	assert_int_equal(lockmgr_list(mgr, 1, &cursor, NULL, 1, &count),
			 -EINVAL);
	assert_int_equal(lockmgr_list(mgr, 1, &cursor, &lock, 1, NULL),
			 -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, 0, NULL, &waiter, 1, &count),
			 -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, 0, &cursor, NULL, 1, &count),
			 -EINVAL);
	assert_int_equal(lockmgr_list_waiters(mgr, 0, &cursor, &waiter, 1,
					      NULL),
			 -EINVAL);
	assert_int_equal(fake.calls, 0);
	lockmgr_close(mgr);
}

static void every_error_has_a_text(void **state)
{
	int error;

	(void)state;
	errno = ERRNO_BEFORE;
	for (error = 1; error <= ERRNO_LAST; error++) {
		const char *text = lockmgr_strerror(-error);

		/* These numbers were never given to an error. */
		if (error != 41 && error != 58 && !strcmp(text, "unknown error"))
			fail_msg("%d", error);
	}
	assert_int_equal(errno, ERRNO_BEFORE);
	assert_string_equal(lockmgr_strerror(-ENOSPC), "all ids are allocated");
	assert_string_equal(lockmgr_strerror(-EXDEV), strerror(EXDEV));
}

static void other_numbers_have_a_text_too(void **state)
{
	(void)state;
	assert_string_equal(lockmgr_strerror(0), "success");
	assert_string_equal(lockmgr_strerror(LOCKMGR_OWNER_DIED), "success");
	assert_string_equal(lockmgr_strerror(-4711), "unknown error");
	assert_string_equal(lockmgr_strerror(INT_MIN), "unknown error");
	assert_string_equal(lockmgr_strerror(INT_MAX), "success");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(every_error_of_the_module_is_returned),
		fake_test(every_error_of_attaching_is_returned),
		fake_test(every_error_of_unlinking_is_returned),
		fake_test(interrupted_calls_are_repeated),
		fake_test(errno_is_untouched_by_success),
		fake_test(errno_is_untouched_by_failure),
		fake_test(errno_is_untouched_by_interruption),
		fake_test(errno_is_untouched_by_bad_handle),
		fake_test(errno_is_untouched_by_opening_and_closing),
		fake_test(null_handle_is_einval),
		fake_test(null_pointers_are_einval),
		fake_test(every_error_has_a_text),
		fake_test(other_numbers_have_a_text_too),
	};

	return harness_run(tests);
}
