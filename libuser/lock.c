// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Acquires and releases locks: by one compare-and-swap each where the records are
 * mapped, or else through the kernel, which does the same and more: kmod/lock.c has
 * the states of a record, and proves them.
 *
 * Memory order
 *
 *   Lock has acquire and unlock has release semantics, here as in the kernel: both
 *   act on the same word with atomic read-modify-write operations, so a release by
 *   either synchronises with the take by the other that reads it, and what a holder
 *   wrote is seen by the next.  Between them only the kernel moves the word, from
 *   free to free or from held to held, and with such operations, too: so it continues
 *   the release sequence.  Where a take or a release fails it orders nothing, and the
 *   kernel decides.
 *
 *   The time is written after the word.  Any process may read it; nothing depends on it.
 *
 *   A thread uses a page of records once the page's entry in @there allows it.
 *   lockmgr_map_use() stores the entry with release after the kernel has acquired a lock
 *   in the page; map() stores @there itself with release after it has mapped the
 *   records.  Both are loaded with acquire.  So a thread that sees the entry also sees
 *   the mapping, and the kernel lets this client touch the page.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "api.h"
#include "call.h"
#include "handle.h"
#include "map.h"
#include "race.h"
#include "record.h"
#include "spin.h"

#define NSEC_PER_SEC	1000000000

/* A function call is paid for only where the kernel must be asked. */
#define fast_path	static inline __attribute__((always_inline))
#define slow_path	static __attribute__((noinline, cold))

/*
 * glibc reserves room for these few bytes in the static TLS block even when it loads the
 * library late (dlopen()); other C libraries do not.
 */
#ifdef __GLIBC__
#define FAST_TLS	__attribute__((tls_model("initial-exec")))
#else
#define FAST_TLS
#endif

/*
 * This thread's id, and the epoch of the process in which gettid() returned it: a child
 * begins with a copy of the memory of the thread that forked.  The initial epoch is that of
 * no process.  It is not 0 either, since 0 in @there marks a page that must not be touched.
 */
static _Thread_local FAST_TLS struct {
	uint32_t epoch;
	uint32_t tid;
} self = { .epoch = UINT32_MAX };

/*
 * Returns whether the id was not known before.  Only slow paths call this: fast ones make no
 * calls, and so need no stack frame.
 */
slow_path bool learn_tid(const struct lockmgr *mgr)
{
	if (!mgr || self.epoch == mgr->process.epoch)
		return false;

	self.tid = gettid();
	self.epoch = mgr->process.epoch;
	return true;
}

fast_path uint64_t word_of_self(const struct lockmgr *mgr)
{
	return (uint64_t)self.tid << LOCKMGR_WORD_TID_SHIFT | mgr->token;
}

/*
 * The lock's record; false if it may not be touched, or if this thread does not know its id
 * yet.  One comparison answers both, since the whole fast path is only a few instructions.
 */
fast_path bool find_record(const struct lockmgr *mgr, uint32_t id, struct record **record)
{
	const uint32_t page = id / MAP_PAGE_RECORDS;
	_Atomic uint32_t *there;

	if (!mgr || page >= MAP_PAGES)
		return false;

	there = atomic_load_explicit(&mgr->there, memory_order_acquire);
	if (atomic_load_explicit(&there[page], memory_order_acquire) != self.epoch)
		return false;

	*record = &mgr->records[lockmgr_record_index(id)];
	return true;
}

fast_path void note_time(const struct lockmgr *mgr, struct record *record)
{
	atomic_store_explicit(&record->since, clock_read(mgr->clock), memory_order_relaxed);
}

fast_path bool take(struct lockmgr *mgr, uint32_t id)
{
	struct record *record;
	uint64_t free = 0;

	if (!find_record(mgr, id, &record) ||
	    !atomic_compare_exchange_strong_explicit(&record->word, &free,
						     word_of_self(mgr),
						     memory_order_acquire,
						     memory_order_relaxed))
		return false;

	note_time(mgr, record);
	return true;
}

/*
 * The release pairs with the acquire in take(): see tests/litmus/library/lock-released.litmus.
 *
 * Any thread of the client may have acquired it, but most likely this one did: try its word
 * first.  Fails if somebody waits; then the kernel must release the lock.
 */
fast_path bool release(struct lockmgr *mgr, uint32_t id)
{
	struct record *record;
	uint64_t word;

	if (!find_record(mgr, id, &record))
		return false;

	word = word_of_self(mgr);
	do {
		if (atomic_compare_exchange_strong_explicit(&record->word, &word, 0,
							    memory_order_release,
							    memory_order_relaxed))
			return true;
	} while ((uint32_t)word == mgr->token);

	return false;
}

static int read_deadline(int64_t *ns, const struct timespec *deadline)
{
	int64_t seconds;

	if (!deadline || deadline->tv_nsec < 0 ||
	    deadline->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;

	seconds = deadline->tv_sec;
	if (seconds < 0)
		*ns = 0;
	else if (seconds >= INT64_MAX / NSEC_PER_SEC)
		*ns = INT64_MAX;
	else
		*ns = seconds * NSEC_PER_SEC + deadline->tv_nsec;
	return 0;
}

static int call_lock(struct lockmgr *mgr, uint32_t id, uint32_t flags,
		     int64_t deadline)
{
	struct lockmgr_ioctl_lock args = {
		.id = id,
		.flags = flags,
		.deadline = deadline,
	};

	int ret;

	ret = flags & LOCKMGR_LOCK_INTERRUPTIBLE ?
		      lockmgr_call_once(mgr, LOCKMGR_IOC_LOCK, &args) :
		      lockmgr_call(mgr, LOCKMGR_IOC_LOCK, &args);
	if (ret >= 0) {
		lockmgr_race_acquired(mgr, id, ret == LOCKMGR_OWNER_DIED);
		lockmgr_map_use(mgr, id);
	}
	return ret;
}

/* Spin briefly for a lock that somebody else holds. */
static bool take_soon(struct lockmgr *mgr, uint32_t id)
{
	struct record *record;

	return find_record(mgr, id, &record) &&
	       lockmgr_spin(&mgr->spin, mgr->clock, record, word_of_self(mgr)) &&
	       take(mgr, id);
}

slow_path int lock_slowly(struct lockmgr *mgr, uint32_t id, uint32_t flags,
			  int64_t deadline)
{
	if (learn_tid(mgr) && take(mgr, id))
		return 0;
	if (!(flags & LOCKMGR_LOCK_TRY) && take_soon(mgr, id))
		return 0;

	return call_lock(mgr, id, flags, deadline);
}

int lockmgr_lock(struct lockmgr *mgr, uint32_t id)
{
	return take(mgr, id) ? 0 : lock_slowly(mgr, id, 0, 0);
}

int lockmgr_trylock(struct lockmgr *mgr, uint32_t id)
{
	return take(mgr, id) ? 0 : lock_slowly(mgr, id, LOCKMGR_LOCK_TRY, 0);
}

int lockmgr_timedlock(struct lockmgr *mgr, uint32_t id,
		      const struct timespec *deadline)
{
	int64_t ns;
	int ret;

	ret = read_deadline(&ns, deadline);
	if (ret)
		return ret;

	return take(mgr, id) ? 0 :
			       lock_slowly(mgr, id, LOCKMGR_LOCK_DEADLINE, ns);
}

int lockmgr_lock_interruptible(struct lockmgr *mgr, uint32_t id,
			       const struct timespec *deadline)
{
	uint32_t flags = LOCKMGR_LOCK_INTERRUPTIBLE;
	int64_t ns = 0;
	int ret;

	if (deadline) {
		flags |= LOCKMGR_LOCK_DEADLINE;
		ret = read_deadline(&ns, deadline);
		if (ret)
			return ret;
	}

	return take(mgr, id) ? 0 : lock_slowly(mgr, id, flags, ns);
}

slow_path int unlock_slowly(struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_ioctl_id args = { .id = id };

	if (learn_tid(mgr) && release(mgr, id))
		return 0;

	if (mgr)
		lockmgr_race_releases(mgr, id);
	return lockmgr_call(mgr, LOCKMGR_IOC_UNLOCK, &args);
}

int lockmgr_unlock(struct lockmgr *mgr, uint32_t id)
{
	return release(mgr, id) ? 0 : unlock_slowly(mgr, id);
}
