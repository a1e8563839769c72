// SPDX-License-Identifier: GPL-2.0-only
// include/lockmgr.hpp, with a fake library that returns what a test has set. Prints "# NAME:
// CONDITION" for each condition that is not met, and then exits with status 1.

#include <lockmgr.hpp>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>
#include <type_traits>
#include <vector>

using liblockmgr::handle;
using liblockmgr::holder_died;
using liblockmgr::mutex;

// ------------------------------------------------------------------------
// The library

static struct {
	int open, lock, allocate, unlock;	// what these functions return
	int held;				// acquisitions minus releases
	int calls;				// of functions that acquire
	int opened, closed;
	std::string space, note;
	struct timespec deadline;
} fake;

static char handles[8];

static int acquire()
{
	fake.calls++;
	if (fake.lock >= 0)
		fake.held++;
	return fake.lock;
}

int lockmgr_options_init(struct lockmgr_options *opts, size_t size)
{
	*opts = LOCKMGR_OPTIONS_INIT;
	return size == sizeof(*opts) ? 0 : -EINVAL;
}

int lockmgr_open(struct lockmgr **mgr, const char *space, const struct lockmgr_options *)
{
	fake.space = space;
	if (fake.open)
		return fake.open;
	*mgr = reinterpret_cast<struct lockmgr *>(&handles[fake.opened++]);
	return 0;
}

void lockmgr_close(struct lockmgr *mgr)
{
	if (mgr)
		fake.closed++;
}

int lockmgr_allocate_noted(struct lockmgr *, uint32_t *id, const char *note)
{
	fake.note = note;
	*id = 42;
	return fake.allocate;
}

int lockmgr_allocate_id_noted(struct lockmgr *, uint32_t, const char *note)
{
	fake.note = note;
	return fake.allocate;
}

int lockmgr_free(struct lockmgr *, uint32_t)
{
	return fake.allocate;
}

int lockmgr_is_allocated(struct lockmgr *, uint32_t id)
{
	return fake.allocate ? fake.allocate : id == 42;
}

int lockmgr_lock(struct lockmgr *, uint32_t)
{
	return acquire();
}

int lockmgr_trylock(struct lockmgr *, uint32_t)
{
	return acquire();
}

int lockmgr_timedlock(struct lockmgr *, uint32_t, const struct timespec *deadline)
{
	fake.deadline = *deadline;
	return acquire();
}

int lockmgr_unlock(struct lockmgr *, uint32_t)
{
	if (!fake.unlock)
		fake.held--;
	return fake.unlock;
}

const char *lockmgr_strerror(int error)
{
	return error == -ENOENT ? "no such space" : "something else";
}

// ------------------------------------------------------------------------
// Tests

static bool failed;

#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			std::cout << "# " << __func__ << ": " #condition "\n"; \
			failed = true; \
		} \
	} while (0)

// The errno of the exception that a function throws, or 0 if it throws none.
template <class Function>
static int thrown_by(Function function)
{
	try {
		function();
	} catch (const std::system_error &error) {
		EXPECT(error.code().category() == liblockmgr::category());
		return error.code().value();
	}
	return 0;
}

// Seconds from now until the deadline that was passed to the library.
static double deadline_from_now()
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	EXPECT(fake.deadline.tv_nsec >= 0 && fake.deadline.tv_nsec < 1000000000);
	return double(fake.deadline.tv_sec - now.tv_sec) +
	       double(fake.deadline.tv_nsec - now.tv_nsec) / 1e9;
}

static bool is_about(double expected)
{
	const double seen = deadline_from_now();

	return seen <= expected && seen > expected - 60;
}

static void handle_is_closed_once()
{
	static_assert(!std::is_copy_constructible<handle>::value, "");
	static_assert(std::is_nothrow_move_constructible<handle>::value, "");
	{
		handle first("one"), second(std::move(first));

		EXPECT(fake.space == "one");
		EXPECT(!first.get() && second.get());
		EXPECT(!fake.closed);
		first = std::move(second);
		EXPECT(first.get() && !second.get());
	}
	EXPECT(fake.closed == 1);
}

static void errors_are_exceptions_with_our_text()
{
	fake.open = -ENOENT;
	try {
		handle space("web", liblockmgr::options());
		EXPECT(false);
	} catch (const std::system_error &error) {
		EXPECT(error.code() == std::errc::no_such_file_or_directory);
		EXPECT(!std::strcmp(error.what(), "cannot open space web: no such space"));
	}
	fake.open = 0;
	EXPECT(thrown_by([] { handle space(std::string("a\0b", 3)); }) == EINVAL);
	EXPECT(!fake.opened && !fake.closed);
}

static void options_begin_as_the_default()
{
	const liblockmgr::options options;

	EXPECT(options.size == sizeof(struct lockmgr_options));
	EXPECT(options.owner == uid_t(-1));
}

static void ids_are_allocated()
{
	handle space("space");

	EXPECT(space.allocate("a note") == 42 && fake.note == "a note");
	EXPECT(space.is_allocated(42) && !space.is_allocated(41));
	fake.allocate = -EEXIST;
	EXPECT(thrown_by([&] { space.allocate(); }) == EEXIST);
	EXPECT(thrown_by([&] { space.allocate_id(1); }) == EEXIST);
	EXPECT(thrown_by([&] { space.free(1); }) == EEXIST);
	EXPECT(thrown_by([&] { space.is_allocated(1); }) == EEXIST);
}

static void standard_locks_acquire_and_release()
{
	handle space("space");
	mutex one(space, 1), other(space, 2);

	EXPECT(one.id() == 1);
	{
		std::lock_guard<mutex> guard(one);
		EXPECT(fake.held == 1);
	}
	EXPECT(fake.held == 0);
	{
		std::unique_lock<mutex> first(one, std::defer_lock), second(other, std::defer_lock);

		std::lock(first, second);
		EXPECT(fake.held == 2);
	}
	{
		std::unique_lock<mutex> timed(one, std::chrono::seconds(1));
		EXPECT(timed.owns_lock());
	}
#if __cplusplus >= 201703L
	{
		std::scoped_lock both(one, other);
		EXPECT(fake.held == 2);
	}
#endif
	EXPECT(fake.held == 0);
}

static void held_lock_is_false_and_an_error_an_exception()
{
	handle space("space");
	mutex lock(space, 1);

	fake.lock = -EBUSY;
	EXPECT(!lock.try_lock());
	fake.lock = -ETIMEDOUT;
	EXPECT(!lock.try_lock_for(std::chrono::seconds(1)));
	EXPECT(!lock.try_lock_until(std::chrono::steady_clock::now()));
	EXPECT(thrown_by([&] { lock.try_lock(); }) == ETIMEDOUT);
	fake.lock = -EDEADLK;
	EXPECT(thrown_by([&] { lock.lock(); }) == EDEADLK);
	EXPECT(thrown_by([&] { lock.try_lock(); }) == EDEADLK);
	EXPECT(thrown_by([&] { lock.try_lock_for(std::chrono::seconds(1)); }) == EDEADLK);
}

static void release_of_what_is_not_held_is_an_exception_but_in_children()
{
	handle space("space");
	mutex lock(space, 1);

	fake.unlock = -EPERM;
	EXPECT(thrown_by([&] { lock.unlock(); }) == EPERM);
	fake.unlock = -ECHILD;
	EXPECT(!thrown_by([&] { lock.unlock(); }));
}

// For each call that acquires the lock.
static void dead_holder_is_an_exception_with_the_lock()
{
	handle space("space");
	mutex lock(space, 1);
	const std::vector<std::function<void()>> calls = {
		[&] { std::lock_guard<mutex> guard(lock); },
		[&] { lock.try_lock(); },
		[&] { lock.try_lock_for(std::chrono::seconds(1)); },
		[&] { lock.try_lock_until(std::chrono::system_clock::now()); },
	};

	fake.lock = LOCKMGR_OWNER_DIED;
	for (const auto &call : calls) {
		try {
			call();
			EXPECT(false);
		} catch (const holder_died &death) {
			EXPECT(death.code() == std::errc::owner_dead);
			EXPECT(&death.mutex() == &lock);
			EXPECT(fake.held == 1);
			{
				std::unique_lock<mutex> taken = death.lock();
				EXPECT(taken.owns_lock());
			}
			EXPECT(fake.held == 0);
		}
	}
}

// So that nobody else can use data that the dead holder may have left half written.
static void lock_that_nobody_takes_from_the_exception_stays_held()
{
	handle space("space");
	mutex lock(space, 1);

	fake.lock = LOCKMGR_OWNER_DIED;
	EXPECT(thrown_by([&] { lock.lock(); }) == EOWNERDEAD);
	EXPECT(fake.held == 1);
}

static void repair_is_called_with_the_lock_after_a_death_only()
{
	int repairs = 0;
	handle space("space");
	mutex lock(space, 1, [&] { repairs += fake.held; });

	lock.lock();
	lock.unlock();
	EXPECT(repairs == 0);
	fake.lock = LOCKMGR_OWNER_DIED;
	{
		std::lock_guard<mutex> guard(lock);
		EXPECT(repairs == 1 && fake.held == 1);
	}
	EXPECT(fake.held == 0);
}

static void repair_that_fails_is_nested()
{
	handle space("space");
	mutex lock(space, 1, [] { throw std::runtime_error("cannot repair"); });

	fake.lock = LOCKMGR_OWNER_DIED;
	try {
		lock.lock();
		EXPECT(false);
	} catch (const holder_died &death) {
		EXPECT(fake.held == 1);
		try {
			std::rethrow_if_nested(death);
			EXPECT(false);
		} catch (const std::runtime_error &error) {
			EXPECT(!std::strcmp(error.what(), "cannot repair"));
		}
	}
}

static void deadlines_are_where_they_should_be()
{
	using namespace std::chrono;
	handle space("space");
	mutex lock(space, 1);
	const double forever = double(1 << 30);

	lock.try_lock_for(seconds(1000));
	EXPECT(is_about(1000));
	lock.try_lock_for(duration<double>(1000.5));
	EXPECT(is_about(1000.5));
	lock.try_lock_for(hours::max());
	EXPECT(is_about(forever));
	lock.try_lock_for(nanoseconds::max());
	EXPECT(is_about(forever));
	lock.try_lock_for(nanoseconds::min());
	EXPECT(is_about(0));
	lock.try_lock_for(duration<double>(-1e300));
	EXPECT(is_about(0));
	lock.try_lock_until(steady_clock::now() + seconds(1000));
	EXPECT(is_about(1000));
	lock.try_lock_until(steady_clock::time_point::max());
	EXPECT(is_about(forever));
	lock.try_lock_until(steady_clock::time_point::min());
	EXPECT(is_about(0));
	lock.try_lock_until(system_clock::now() + seconds(1000));
	EXPECT(is_about(1000));
	lock.try_lock_until(system_clock::time_point::min());
	EXPECT(is_about(0));
}

// By this clock, the deadline of the test below comes only with the third call of the library.
struct slow_clock {
	using duration = std::chrono::seconds;
	using rep = duration::rep;
	using period = duration::period;
	using time_point = std::chrono::time_point<slow_clock>;
	static constexpr bool is_steady = false;

	static time_point now()
	{
		return time_point(duration(fake.calls < 3 ? 0 : 10));
	}
};

static void other_clocks_are_asked_again()
{
	handle space("space");
	mutex lock(space, 1);

	fake.lock = -ETIMEDOUT;
	EXPECT(!lock.try_lock_until(slow_clock::time_point(std::chrono::seconds(5))));
	EXPECT(fake.calls == 3);
}

int main()
{
	for (auto test : {
		     handle_is_closed_once,
		     errors_are_exceptions_with_our_text,
		     options_begin_as_the_default,
		     ids_are_allocated,
		     standard_locks_acquire_and_release,
		     held_lock_is_false_and_an_error_an_exception,
		     release_of_what_is_not_held_is_an_exception_but_in_children,
		     dead_holder_is_an_exception_with_the_lock,
		     lock_that_nobody_takes_from_the_exception_stays_held,
		     repair_is_called_with_the_lock_after_a_death_only,
		     repair_that_fails_is_nested,
		     deadlines_are_where_they_should_be,
		     other_clocks_are_asked_again,
	     }) {
		fake = {};
		test();
	}
	return failed;
}
