// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Spinning briefly, in the hope that the holder releases the lock.
 *
 * Waiting in the kernel costs the waiter a sleep and the holder a system call, too: more
 * than most critical sections last.  So before entering the kernel, look at the word a
 * number of times, if
 *
 *   - there is another processor for the holder to run on,
 *   - the holder has acquired the lock in the current tick of the records' clock: then it
 *     is likely to be running, and not in a long critical section,
 *   - no waiter in the queue has asked to be woken at the release: waiters come first.
 *
 * Correctness does not depend on spinning: after it the thread acquires the lock by an
 * ordinary compare-and-swap, or calls the kernel.
 */
#include <sched.h>

#include <linux/lockmgr.h>

#include "record.h"
#include "spin.h"

/*
 * About the time in which a thread goes to sleep: it should sleep through longer waits.  In
 * tests/bench, two processes that only count acquire a lock 4.4 million times a second
 * with 1 look, 3.3 with 25, 5.9 with 100 and 6.2 with 400.  With 4 and 16 processes, or
 * with sections of 1 and 100 us, the four differ by no more than their spread.
 */
#define LOOKS		100

/*
 * Where sections are long, looking is in vain.  After the first time that it was, one
 * lock call does without, then two, four and so on, up to this number: few enough to
 * notice soon that sections are short now.  There, 1, 64 and 1024 are as fast.
 */
#define SKIP_MAX	64

/* Tell the processor that this is a loop that waits. */
static inline void relax(void)
{
#if __has_builtin(__builtin_ia32_pause)
	__builtin_ia32_pause();
#elif __has_builtin(__builtin_arm_yield)
	__builtin_arm_yield();
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

void lockmgr_spin_init(struct spin *spin)
{
	cpu_set_t cpus;

	/* The call fails only if the set is too small for the processors: then there are many. */
	spin->may = sched_getaffinity(0, sizeof(cpus), &cpus) || CPU_COUNT(&cpus) > 1;
	atomic_init(&spin->skip, 0);
	atomic_init(&spin->next_skip, 1);
}

/* Two threads may count down at the same time, and subtract only 1 between them: harmless. */
static bool is_skipped(struct spin *spin)
{
	const unsigned int skip = atomic_load_explicit(&spin->skip, memory_order_relaxed);

	if (skip)
		atomic_store_explicit(&spin->skip, skip - 1, memory_order_relaxed);
	return skip;
}

static void note_vain(struct spin *spin)
{
	const unsigned int skip = atomic_load_explicit(&spin->next_skip, memory_order_relaxed);

	atomic_store_explicit(&spin->skip, skip, memory_order_relaxed);
	if (skip < SKIP_MAX)
		atomic_store_explicit(&spin->next_skip, 2 * skip, memory_order_relaxed);
}

static void note_success(struct spin *spin)
{
	if (atomic_load_explicit(&spin->next_skip, memory_order_relaxed) > 1)
		atomic_store_explicit(&spin->next_skip, 1, memory_order_relaxed);
}

/*
 * Whether the lock is likely to be free soon.  Not if the word is @self: this thread holds
 * the lock, and would wait for itself.
 */
static bool is_promising(const struct clock *clock, const struct record *record, uint64_t word,
			 uint64_t self)
{
	if (word & (LOCKMGR_WORD_WAITERS | LOCKMGR_WORD_DIED) || word == self)
		return false;

	return atomic_load_explicit(&record->since, memory_order_relaxed) >= clock_read(clock);
}

/*
 * Spin briefly for a lock that somebody holds.  @self: the word that this thread would write
 * to acquire it.  Returns whether the lock was seen free.
 */
bool lockmgr_spin(struct spin *spin, const struct clock *clock, const struct record *record,
		  uint64_t self)
{
	unsigned int looks;

	if (!spin->may || is_skipped(spin))
		return false;

	for (looks = 0; looks < LOOKS; looks++) {
		const uint64_t word = atomic_load_explicit(&record->word, memory_order_relaxed);

		if (!word) {
			note_success(spin);
			return true;
		}
		if (!is_promising(clock, record, word, self))
			return false;
		relax();
	}

	note_vain(spin);
	return false;
}
