/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * liblockmgr for C++, from C++11 on: nothing but this header and the C library.
 *
 *	liblockmgr::handle handle("my-program");
 *	liblockmgr::mutex mutex(handle, 17);
 *
 *	std::lock_guard<liblockmgr::mutex> guard(mutex);
 *
 * A mutex is one lock of a space, and has the requirements TimedLockable: std::unique_lock,
 * std::scoped_lock, std::lock() and std::condition_variable_any work with it.
 *
 * Errors are exceptions of std::system_error.  Their number can be compared with std::errc,
 * their text is lockmgr_strerror()'s.
 *
 * If the last holder died, what the lock protects may be half written.  C++ has no return
 * value for that which std::lock_guard would look at.  So a lock call throws holder_died,
 * and the calling process has the lock: catch it where you can repair, and take the lock from
 * it.  Or give the mutex a function that repairs; then the lock call returns after it.  Without
 * either, the lock stays held until the handle is closed, and the next lock call throws as
 * well: no holder sees half-written data without knowing.
 *
 * In a wait of std::condition_variable_any an exception ends the process, so there a mutex
 * needs a function that repairs.
 */
#ifndef LOCKMGR_HPP
#define LOCKMGR_HPP

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <lockmgr.h>

/* "lockmgr" itself is the handle's struct. */
namespace liblockmgr
{

/** The category of this library's errors: numbers of errno, with lockmgr_strerror()'s text. */
inline const std::error_category &category() noexcept
{
	class category : public std::error_category
	{
	public:
		const char *name() const noexcept override
		{
			return "lockmgr";
		}

		std::string message(int error) const override
		{
			return lockmgr_strerror(-error);
		}

		std::error_condition default_error_condition(int error) const noexcept override
		{
			return std::error_condition(error, std::generic_category());
		}
	};
	static const category instance;

	return instance;
}

/** check() - what a C function has returned, or an exception if that is an error */
inline int check(int ret, const std::string &what)
{
	if (ret < 0)
		throw std::system_error(-ret, category(), what);
	return ret;
}

/** struct lockmgr_options that begin as the default: the caller's own space, if it exists. */
struct options : lockmgr_options {
	options()
	{
		check(lockmgr_options_init(this, sizeof(lockmgr_options)),
		      "cannot initialise options");
	}
};

/**
 * An open space, as lockmgr_open(); closed at its end.  It can be moved, not copied.  It must
 * live longer than the mutexes that are made with it.
 */
class handle
{
public:
	/** The caller's own space of that name, made if it is missing. */
	explicit handle(const std::string &space)
	{
		open(space, nullptr);
	}

	handle(const std::string &space, const lockmgr_options &options)
	{
		open(space, &options);
	}

	handle(handle &&other) noexcept : mgr(other.mgr)
	{
		other.mgr = nullptr;
	}

	handle &operator=(handle &&other) noexcept
	{
		std::swap(mgr, other.mgr);
		return *this;
	}

	handle(const handle &) = delete;
	handle &operator=(const handle &) = delete;

	~handle()
	{
		lockmgr_close(mgr);
	}

	/** For the functions of lockmgr.h. */
	struct ::lockmgr *get() const noexcept
	{
		return mgr;
	}

	/** lockmgr_allocate_noted(): the lowest free id */
	std::uint32_t allocate(const std::string &note = "")
	{
		std::uint32_t id = 0;

		check(lockmgr_allocate_noted(mgr, &id, note.c_str()), "cannot allocate a lock");
		return id;
	}

	/** lockmgr_allocate_id_noted(): a given id */
	void allocate_id(std::uint32_t id, const std::string &note = "")
	{
		check(lockmgr_allocate_id_noted(mgr, id, note.c_str()),
		      "cannot allocate lock " + std::to_string(id));
	}

	void free(std::uint32_t id)
	{
		check(lockmgr_free(mgr, id), "cannot free lock " + std::to_string(id));
	}

	bool is_allocated(std::uint32_t id) const
	{
		return check(lockmgr_is_allocated(mgr, id),
			     "cannot look up lock " + std::to_string(id));
	}

private:
	void open(const std::string &space, const lockmgr_options *options)
	{
		/* With a NUL in it, it would be another name. */
		const bool is_name = space.find('\0') == std::string::npos;

		check(is_name ? lockmgr_open(&mgr, space.c_str(), options) : -EINVAL,
		      "cannot open space " + space);
	}

	struct ::lockmgr *mgr = nullptr;
};

class mutex;

/**
 * A lock call has acquired the lock after its last holder died, and nobody repairs what it
 * protects.  Whoever catches this takes the lock, and repairs:
 *
 *	catch (const liblockmgr::holder_died &death) {
 *		std::unique_lock<liblockmgr::mutex> lock = death.lock();
 *
 * If the mutex has a function that repairs, and that threw, it is nested in this; see
 * std::rethrow_if_nested().
 */
class holder_died : public std::system_error
{
public:
	explicit holder_died(class mutex &mutex)
		: std::system_error(EOWNERDEAD, category()), of(&mutex)
	{
	}

	/** The mutex, which is locked. */
	class mutex &mutex() const noexcept
	{
		return *of;
	}

	/** To be called once: who gets this owns the lock. */
	std::unique_lock<class mutex> lock() const;

private:
	class mutex *of;
};

/** A lock of a space. */
class mutex
{
public:
	/** Lock calls throw holder_died if the last holder died. */
	mutex(const handle &handle, std::uint32_t id) : mgr(handle.get()), number(id)
	{
	}

	/**
	 * If the last holder died, a lock call calls @repair before it returns, while it has
	 * the lock.  If @repair throws, the lock call throws holder_died.
	 */
	mutex(const handle &handle, std::uint32_t id, std::function<void()> repair)
		: mgr(handle.get()), number(id), on_death(std::move(repair))
	{
	}

	mutex(const mutex &) = delete;
	mutex &operator=(const mutex &) = delete;

	std::uint32_t id() const noexcept
	{
		return number;
	}

	void lock()
	{
		acquired(lockmgr_lock(mgr, number));
	}

	bool try_lock()
	{
		const int ret = lockmgr_trylock(mgr, number);

		return ret != -EBUSY && acquired(ret);
	}

	template <class Rep, class Period>
	bool try_lock_for(const std::chrono::duration<Rep, Period> &time)
	{
		return lock_until(after(time));
	}

	/** Of the system's monotonic clock. */
	template <class Duration>
	bool try_lock_until(const std::chrono::time_point<std::chrono::steady_clock, Duration> &time)
	{
		return lock_until(after(left(time, std::chrono::steady_clock::now())));
	}

	/** Other clocks can be set: what one says is looked at when the time should be over. */
	template <class Clock, class Duration>
	bool try_lock_until(const std::chrono::time_point<Clock, Duration> &time)
	{
		do {
			if (try_lock_for(left(time, Clock::now())))
				return true;
		} while (Clock::now() < time);
		return false;
	}

	/** In a forked child, which holds no lock of its parent, it does nothing. */
	void unlock()
	{
		const int ret = lockmgr_unlock(mgr, number);

		if (ret != -ECHILD)
			check(ret, "cannot release lock " + std::to_string(number));
	}

private:
	/* In seconds: 34 years, for which even a time_t of 32 bits has room. */
	static constexpr std::int64_t forever()
	{
		return std::int64_t(1) << 30;
	}

	/* The difference to a point in time that is long past may not fit. */
	template <class Time, class Now>
	static auto left(const Time &time, const Now &now) -> decltype(time - now)
	{
		return time > now ? time - now : decltype(time - now)::zero();
	}

	/* The point in time that a lock call wants: rounded up, so that it is not too early. */
	template <class Rep, class Period>
	static struct timespec after(const std::chrono::duration<Rep, Period> &time)
	{
		using seconds = std::chrono::duration<double>;
		using nanoseconds = std::chrono::nanoseconds;
		std::int64_t whole = 0, rest = 0;
		struct timespec deadline;

		clock_gettime(CLOCK_MONOTONIC, &deadline);
		/* A double, since what is compared must not overflow. */
		if (seconds(time).count() >= double(forever())) {
			whole = forever();
		} else if (time > time.zero()) {
			nanoseconds ns = std::chrono::duration_cast<nanoseconds>(time);

			if (ns < time)
				ns += nanoseconds(1);
			whole = ns.count() / 1000000000;
			rest = ns.count() % 1000000000;
		}

		rest += deadline.tv_nsec;
		whole += rest / 1000000000;
		deadline.tv_nsec = rest % 1000000000;
		deadline.tv_sec += static_cast<time_t>(whole);
		return deadline;
	}

	bool lock_until(const struct timespec &deadline)
	{
		const int ret = lockmgr_timedlock(mgr, number, &deadline);

		return ret != -ETIMEDOUT && acquired(ret);
	}

	bool acquired(int ret)
	{
		/* The text takes memory: not each time. */
		if (ret < 0)
			check(ret, "cannot acquire lock " + std::to_string(number));
		if (ret == LOCKMGR_OWNER_DIED)
			recover();
		return true;
	}

	void recover()
	{
		if (!on_death)
			throw holder_died(*this);
		try {
			on_death();
		} catch (...) {
			std::throw_with_nested(holder_died(*this));
		}
	}

	struct ::lockmgr *mgr;
	std::uint32_t number;
	std::function<void()> on_death;
};

inline std::unique_lock<class mutex> holder_died::lock() const
{
	return std::unique_lock<class mutex>(*of, std::adopt_lock);
}

} /* namespace liblockmgr */

#endif /* LOCKMGR_HPP */
