// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine of a lock: take, wait, release, hand over, die.
 *
 * The word of a lock's record
 *
 *   R0  0				free
 *   R1  DIED				free; the last holder died
 *   R2  tid, token			held; nobody waits
 *   R3  tid, token, WAITERS		held; somebody waits, or did
 *   R4  WAITERS, or with DIED		free and closed: not to be taken by user space
 *
 *   R0 -> R2  take			anybody
 *   R2 -> R0  release			the holder
 *   R2 -> R3  queue up			the kernel, queue locked
 *   R0, R1, R4 -> R2, R3  take		the kernel, queue locked
 *   R2, R3 -> R0, R1, R4  release, die	the kernel for the holder, queue locked
 *   R3 -> R2, R3  hand over		the kernel for the holder, queue locked
 *   R0, R1 -> R4, R2 -> R3  close	the kernel, queue locked
 *   R4 -> R0  open			the kernel, queue locked
 *
 * A token that belongs to no client counts as a holder that died: R2 and R3 with
 * such a token are R1.
 *
 * "Anybody" and "the holder" is user space, too, where it has the record mapped (the
 * library's lock.c).  There, a lock beyond the capacity is closed when it is
 * free, so that whoever tries to take it asks the kernel, and hears so.
 *
 * Mapped records are hostile input: any word may turn into any other at any time.
 * Nothing here takes more from a word than a token and a thread's number, both to be
 * looked up; no loop goes on as long as a word moves, save with the caller's signals
 * looked at; and what waits for a lock whose word somebody has destroyed, looks again
 * when that one is gone (lockmgr_lock_mend()).  What nobody can tell from the truth: a
 * word with the token of a living client that uses that page.  The lock is that one's
 * until it unlocks it, whether or not it knows, or ends.
 *
 * A waiter
 *
 *   W1  queued		sleeps
 *   W2  woken		the lock was let go; it has been woken and will look
 *   W3  granted	out of the queue; holds the lock
 *   W4  napping	sleeps for a moment, and then will look
 *
 *   W1, W4 -> W2  release, die		for the first in the queue
 *   W1, W2, W4 -> W3  hand over	for the first in the queue
 *   W2, W4 -> W1, W4  looked in vain	the waiter itself
 *
 * Locks, outermost first
 *
 *   bucket->lock		"the queue is locked": the queue of this lock, and the
 *				state of each waiter in it.  Of the transitions above,
 *				all but the first two happen under it.
 *   sleepers.lock		in deadlock.c
 *
 * What holds whenever the queue is not locked, if somebody is in it
 *
 *   I1  The word is R3, or a waiter is W2 or W4.
 *
 *	 So nobody is forgotten, unless somebody writes to the word who must not:
 *	 from R3 the release finds the queue, and who is W2 or W4 looks at the word
 *	 before anything else, even if a signal or its deadline is there too:
 *	 either it takes the lock (and sets WAITERS if it leaves others behind),
 *	 or it finds it held.  Then it sleeps without an alarm only if WAITERS is set,
 *	 or else naps, and if it leaves instead, has the next one look.  So I1
 *	 holds again.  This is how a wake-up is passed on.
 *
 *   I2  W3 is final: its thread holds the lock, and its call returns that
 *	 whatever else happened.  If the thread dies then, the client does so too
 *	 or lives on as the holder.
 *
 * Who may overtake
 *
 *   A newcomer may take a free word while the first waiter is W2 or W4, because letting
 *   the lock lie idle until a sleeper runs costs most of the throughput.  Each time
 *   that somebody has done so through the kernel counts (@bypassed), whether the waiter
 *   finds out, woken in vain, or the next release does, before it has run.  Once it is
 *   MAX_BYPASSED times, the next release hands over; and after MAX_WAIT_NS since its
 *   first wake-up, if it was once: where sections are short, others get on with some of
 *   them meanwhile, and where they are long, nobody waits for more than one.  So the first
 *   in the queue waits for a bounded number of others' acquisitions through the
 *   kernel, and becoming the first takes finitely many of these: the queue is first
 *   come, first served, by tickets.  For a thread that leaves to handle a signal its
 *   place is kept (promise.c).  It returns there with a claim to the next release
 *   (@handoff), or else periodic signals could keep it from ever getting to the front,
 *   or from ever being handed the lock there.  So each place in the queue is worth one
 *   acquisition, whatever number user space hands back.
 *
 * Why it naps
 *
 *   Who takes the lock as soon as it is let go, is likely to do so again.  If the first
 *   waiter marked the word each time that it came too late, each of these releases
 *   would be a call and wake it in vain: slower than a short section by far.  So it
 *   leaves the word as it is, and comes back after NAP_NS; the others pass it over in
 *   memory meanwhile, and that does not count.  When it is due, by the rules above, it
 *   sets WAITERS, and the next release hands over.  If the lock comes free during a nap,
 *   it lies idle for the rest of it, or until somebody comes: no longer than it would
 *   until a sleeper that was woken then would run.  Somebody who comes while it is held
 *   sets WAITERS, and then the release ends the nap.
 *
 * Memory order
 *
 *   Each transition into R2 or R3 by a new holder is an acquire, each out of them
 *   by the holder a release; a hand-over is a release by the old holder, and the
 *   new one acquires through the queue's lock, which it takes after waking.
 *   R2 -> R3 keeps the holder and orders nothing, but as a read-modify-write it
 *   continues the release sequence that the next holder acquires from.
 *
 *   User space makes its two transitions with C11's compare-and-swap, acquire and
 *   release, on the same 64 bits.  Compilers make of it the instructions that
 *   atomic64_try_cmpxchg_acquire() and _release() are, so all transitions, whoever
 *   makes them, are in one order of the word, and a take that reads what a release
 *   wrote happens after it, whichever of the two is the kernel's.
 *
 *   Nobody is forgotten between the two sides, because one word decides: either the
 *   release in user space comes first, and the kernel, about to mark the word, finds
 *   it free and takes it; or the mark comes first, the release fails on it, and asks
 *   the kernel, which finds the waiter under the queue's lock.  There is no flag
 *   beside the word of which each side would have to see the other's first.
 *
 *   Besides the word, a few things have to be seen in order.  Each of these pairs is
 *   argued where it is, and tests/litmus has it for the kernel's memory model:
 *
 *   - A word has a client's token: the client is in the table of its space, and the page
 *     in the client's.  Whoever takes a lock for a client has found the page, perhaps just
 *     stored by another thread.  So each compare-and-swap here that takes a lock is a full
 *     barrier, and use_page() in client.c has one for those that user space makes.  On the
 *     other side, lockmgr_holder_lives() reads the word, and behind a full barrier the page.
 *   - A client dies: pass() in client.c with lockmgr_holder_lives().
 *   - A process is over: process_is_over() in process.c with the exit of its threads, and
 *     so with what lock_slowly() orders.
 *
 * The wait
 *
 *   Plain TASK_INTERRUPTIBLE, not TASK_FREEZABLE: a freezer then makes the thread
 *   leave the queue, and restart the call when it is thawed.  A frozen thread in
 *   the queue could be woken or granted the lock and stop all who are behind it.
 */
#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>

#include "client.h"
#include "deadlock.h"
#include "holder.h"
#include "lock.h"
#include "record.h"
#include "space.h"
#include "trace.h"
#include "wait.h"

/*
 * How often the first waiter may be passed over after its wake-up, and for how long
 * after it more than once.
 */
#define MAX_BYPASSED	32
#define MAX_WAIT_NS	(4 * NSEC_PER_MSEC)

/*
 * As long as it takes to wake a sleeper on another processor: see above.  In tests/bench,
 * two processes with sections of 1 us acquire a lock 1.4 times as often as robust mutexes
 * with naps of 50, 100 and 200 us, and as often without.
 */
#define NAP_NS		(50 * NSEC_PER_USEC)

/*
 * How often to try a compare-and-swap under a spinlock.  Each failure means that
 * another has moved the word; nobody honest does so without end.
 */
#define MAX_TRIES	16

/* Internal: the word did not keep still; try again after a breath. */
#define DISTURBED	(-EAGAIN)

/* Internal: go on sleeping, until woken or but for a moment. */
#define SLEEP_ON	(-EINPROGRESS)
#define NAP_ON		(-EALREADY)

static struct lockmgr_bucket *bucket_of(struct lockmgr_client *client, u32 id)
{
	return lockmgr_bucket(&client->space->queues, id);
}

static u64 word_of_current(const struct lockmgr_client *client)
{
	u64 tid = task_pid_nr_ns(current, ns_of_pid(client->opener));

	return tid << LOCKMGR_WORD_TID_SHIFT | client->token;
}

/* By the clock that user space looks at, too, when it takes locks: it only ticks. */
static void note_time(struct lockmgr_record *record)
{
	WRITE_ONCE(record->since, ktime_get_coarse_ns());
}

/*
 * R0 -> R2.  Not past waiters of this bucket: whoever takes a word with the queue
 * locked sets WAITERS, and then its release counts as one that passed them over.
 */
static bool take_free(struct lockmgr_bucket *bucket, struct lockmgr_record *record, u64 word)
{
	u64 free = 0;

	if (!RB_EMPTY_ROOT(&bucket->waiters) ||
	    !atomic64_try_cmpxchg(lockmgr_word(record), &free, word))
		return false;
	note_time(record);

	return true;
}

/* R2 -> R0 */
static bool release_unwaited(struct lockmgr_record *record, u64 word)
{
	return !(word & LOCKMGR_WORD_WAITERS) &&
	       atomic64_try_cmpxchg_release(lockmgr_word(record), &word, 0);
}

/* Whether user space shall not take the lock when it is free. */
static bool is_closed(const struct lockmgr_space *space, u32 id)
{
	return id >= READ_ONCE(space->records.end);
}

/* What a word says of the lock's holder. */
enum holder_state {
	HOLDER_NONE,
	HOLDER_LIVES,
	HOLDER_SUSPECT,
};

/*
 * A client's token is valid until its death has released all its locks.  A word
 * with another token is a dead holder's, but as long as it has no WAITERS it may
 * change unseen: between two looks the holder can unlock and close, and a new
 * client get the same token and take the lock.  With WAITERS it moves only under
 * the queue's lock.
 */
static enum holder_state holder_of(struct lockmgr_space *space, u32 id, u64 word)
{
	if (!lockmgr_word_token(word))
		return HOLDER_NONE;
	if (lockmgr_holder_lives(space, id, word))
		return HOLDER_LIVES;

	return word & LOCKMGR_WORD_WAITERS ? HOLDER_NONE : HOLDER_SUSPECT;
}

/*
 * R0, R1, R4 -> R2, R3 if nobody holds the lock, else R2 -> R3 if @mark.  The queue
 * is locked; @others wait behind us.  Returns 0, LOCKMGR_OWNER_DIED, -EBUSY or
 * DISTURBED.
 */
static int take_locked(struct lockmgr_space *space, struct lockmgr_record *record, u32 id,
		       u64 word, bool others, bool mark)
{
	u64 old = atomic64_read(lockmgr_word(record));
	int tries;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		enum holder_state holder = holder_of(space, id, old);
		u64 new = holder == HOLDER_NONE ? word : old;

		if (holder != HOLDER_NONE || others || is_closed(space, id))
			new |= LOCKMGR_WORD_WAITERS;
		if (holder == HOLDER_LIVES && (!mark || new == old))
			return -EBUSY;
		if (!atomic64_try_cmpxchg(lockmgr_word(record), &old, new))
			continue;
		if (holder == HOLDER_LIVES)
			return -EBUSY;
		if (holder == HOLDER_NONE) {
			note_time(record);
			return old & ~LOCKMGR_WORD_WAITERS ? LOCKMGR_OWNER_DIED : 0;
		}
		/* Now that it keeps still, look again. */
		old = new;
	}

	return DISTURBED;
}

/*
 * W1, W4 -> W2, and return the thread to wake.  If it is W2 already, or W4, somebody
 * took the lock after its wake-up, and now lets it go.
 */
static struct task_struct *tell_to_look(struct lockmgr_waiter *waiter)
{
	if (!waiter)
		return NULL;
	if (waiter->state != LOCKMGR_WAIT_QUEUED)
		waiter->bypassed++;
	if (waiter->state == LOCKMGR_WAIT_WOKEN)
		return NULL;
	waiter->state = LOCKMGR_WAIT_WOKEN;
	if (!waiter->woken)
		waiter->woken = ktime_get_ns();

	return get_task_struct(waiter->task);
}

/*
 * W1, W2, W4 -> W3, and return the thread to wake.  Once the queue is unlocked the
 * waiter, on that thread's stack, may be gone.
 */
static struct task_struct *grant(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter,
				 bool died)
{
	lockmgr_queue_del(bucket, waiter);
	waiter->died = died;
	waiter->state = LOCKMGR_WAIT_GRANTED;

	return get_task_struct(waiter->task);
}

static void wake(struct task_struct *task)
{
	if (!task)
		return;
	wake_up_process(task);
	put_task_struct(task);
}

static void note_handoff(const struct lockmgr_client *client, const struct lockmgr_waiter *first)
{
	atomic64_inc(&client->space->stats.handoffs);
	trace_lockmgr_handoff(client, first);
}

static void note_death(const struct lockmgr_client *client, u32 id)
{
	atomic64_inc(&client->space->stats.owner_deaths);
	trace_lockmgr_owner_died(client, id);
}

/* Whether a waiter that was passed over so often shall be handed the lock. */
static bool is_due(const struct lockmgr_waiter *waiter, u32 bypassed)
{
	if (waiter->handoff || bypassed >= MAX_BYPASSED)
		return true;

	return bypassed && ktime_get_ns() >= waiter->woken + MAX_WAIT_NS;
}

/*
 * R2, R3 -> R0, R1, R2, R3, R4: let go of a lock that the client holds.  The queue is
 * locked.  Returns 0, -EPERM or DISTURBED, and in @sleeper the thread to wake
 * when it is unlocked again.
 */
static int release(struct lockmgr_client *client, struct lockmgr_bucket *bucket,
		   struct lockmgr_record *record, u32 id, bool died,
		   struct task_struct **sleeper)
{
	struct lockmgr_waiter *first = lockmgr_queue_first(bucket, id);
	bool hand_over = first && is_due(first, first->bypassed);
	u64 new = died ? LOCKMGR_WORD_DIED : 0;
	u64 old = atomic64_read(lockmgr_word(record));
	int tries;

	lockdep_assert_held(&bucket->lock);

	if (hand_over)
		new = first->word | (first->count > 1 ? LOCKMGR_WORD_WAITERS : 0);
	if (is_closed(client->space, id))
		new |= LOCKMGR_WORD_WAITERS;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		if (lockmgr_word_token(old) != client->token)
			return -EPERM;
		/* It is still ours to write; the new holder finds it done. */
		if (hand_over)
			note_time(record);
		if (!atomic64_try_cmpxchg_release(lockmgr_word(record), &old, new))
			continue;
		if (hand_over)
			note_handoff(client, first);
		*sleeper = hand_over ? grant(bucket, first, died) : tell_to_look(first);
		return 0;
	}

	return DISTURBED;
}

/* W2, W4 -> W1, W4: the lock is held.  The queue is locked. */
static int pass_over(struct lockmgr_waiter *waiter)
{
	/* With it, the word keeps still until the queue is unlocked. */
	bool marked = atomic64_read(lockmgr_word(waiter->record)) & LOCKMGR_WORD_WAITERS;

	if (waiter->state == LOCKMGR_WAIT_WOKEN || marked)
		waiter->bypassed++;
	waiter->state = marked ? LOCKMGR_WAIT_QUEUED : LOCKMGR_WAIT_NAPPING;

	return marked ? SLEEP_ON : NAP_ON;
}

/*
 * Whether a waiter that looks in vain shall mark the word.  Where timers only tick, a
 * nap would last until the next tick.
 */
static bool must_mark(const struct lockmgr_waiter *waiter)
{
	return is_due(waiter, waiter->bypassed + 1) || hrtimer_resolution > NAP_NS;
}

/* Look at the word after a wake-up or a nap.  The queue is locked. */
STATIC_BUT_FOR_KUNIT
int look(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int ret;

	ret = take_locked(waiter->client->space, waiter->record, waiter->id, waiter->word,
			  lockmgr_queue_length(bucket, waiter->id) > 1, must_mark(waiter));
	if (ret == -EBUSY)
		return pass_over(waiter);
	if (ret != DISTURBED)
		lockmgr_queue_del(bucket, waiter);

	return ret;
}

/* Leave the queue without the lock; whoever is behind a W2 or W4 must look in its place. */
STATIC_BUT_FOR_KUNIT
struct task_struct *give_up(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	lockmgr_queue_del(bucket, waiter);
	if (waiter->state == LOCKMGR_WAIT_QUEUED)
		return NULL;

	return tell_to_look(lockmgr_queue_first(bucket, waiter->id));
}

/*
 * What a waiter does when it runs: a lock beats a signal, and a signal beats the
 * deadline.
 */
static int decide(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter, int excuse)
{
	struct task_struct *next = NULL;
	int ret = SLEEP_ON;

	spin_lock(&bucket->lock);

	if (waiter->state == LOCKMGR_WAIT_GRANTED)
		ret = waiter->died ? LOCKMGR_OWNER_DIED : 0;
	else if (waiter->state != LOCKMGR_WAIT_QUEUED)
		ret = look(bucket, waiter);

	if (ret < 0 && excuse) {
		next = give_up(bucket, waiter);
		ret = excuse;
	}

	spin_unlock(&bucket->lock);
	wake(next);

	return ret;
}

static bool is_late(const struct lockmgr_waiter *waiter)
{
	return waiter->deadline <= ktime_get();
}

/* Until somebody wakes the waiter, its nap is over, or its deadline has passed: false. */
static bool schedule_out(const struct lockmgr_waiter *waiter, bool nap)
{
	u64 slack = current->timer_slack_ns;
	ktime_t end = waiter->deadline;

	/* Others may depend on the end of a nap, so it is not for its thread to put it off. */
	if (nap) {
		end = min_t(ktime_t, end, ktime_get() + NAP_NS);
		slack = 0;
	}
	if (schedule_hrtimeout_range(end == KTIME_MAX ? NULL : &end, slack, HRTIMER_MODE_ABS))
		return true;

	return end != waiter->deadline;
}

/* Sleep until the waiter has the lock, or an excuse for leaving without it. */
static int sleep(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int excuse = 0;
	int ret;

	for (;;) {
		/* Before looking: a wake-up after that is not lost. */
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current))
			excuse = -ERESTARTSYS;

		ret = decide(bucket, waiter, excuse);
		if (ret == SLEEP_ON || ret == NAP_ON) {
			if (!schedule_out(waiter, ret == NAP_ON))
				excuse = -ETIMEDOUT;
			continue;
		}

		__set_current_state(TASK_RUNNING);
		if (ret != DISTURBED)
			return ret;
		if (is_late(waiter))
			excuse = -ETIMEDOUT;
		cond_resched();
	}
}

/* The queue is locked: whoever sees the waiter there finds it counted. */
static void note_wait_start(const struct lockmgr_waiter *waiter)
{
	atomic64_inc(&waiter->client->space->stats.contentions);
	trace_lockmgr_wait_start(waiter);
}

/* Take the lock, or queue up for it (-EBUSY). */
static int take_or_queue(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int ret;

	for (;;) {
		spin_lock(&bucket->lock);
		ret = take_locked(waiter->client->space, waiter->record, waiter->id,
				  waiter->word, lockmgr_queue_first(bucket, waiter->id), true);
		if (ret == -EBUSY) {
			lockmgr_queue_add(bucket, waiter);
			note_wait_start(waiter);
		}
		spin_unlock(&bucket->lock);

		if (ret != DISTURBED)
			return ret;
		if (signal_pending(current))
			return -ERESTARTSYS;
		if (is_late(waiter))
			return -ETIMEDOUT;
		cond_resched();
	}
}

static void note_wait_end(const struct lockmgr_waiter *waiter, int ret)
{
	struct lockmgr_stats *stats = &waiter->client->space->stats;
	s64 duration = ktime_get_ns() - waiter->since;

	lockmgr_stats_waited(stats, duration);
	if (ret == -EDEADLK) {
		atomic64_inc(&stats->deadlocks);
		trace_lockmgr_deadlock(waiter->client, waiter->id);
	}
	trace_lockmgr_wait_end(waiter, ret, duration);
}

/*
 * In the queue: sleep, or leave it again if that has closed a cycle, and the client is
 * to know.
 */
static int wait_in_queue(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int ret;

	if (waiter->client->detect && lockmgr_thread_closes_cycle(waiter->thread))
		ret = decide(bucket, waiter, -EDEADLK);
	else
		ret = sleep(bucket, waiter);
	note_wait_end(waiter, ret);

	return ret;
}

/* Wait for the lock, if it has to be. */
static int lock_slowly(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	atomic_t *waiting = &waiter->client->space->queues.waiting;
	int ret;

	atomic_inc(waiting);
	/* Before marking the word.  Pairs with the exit of a client's threads: see pass(). */
	smp_mb__after_atomic();

	ret = take_or_queue(bucket, waiter);
	if (ret == -EBUSY)
		ret = wait_in_queue(bucket, waiter);

	atomic_dec(waiting);

	return ret;
}

/**
 * lockmgr_lock() - acquire a lock
 * @client: for whom
 * @record: the lock's record
 * @id: the lock
 * @deadline: when to give up, CLOCK_MONOTONIC; KTIME_MAX: never
 * @ticket: 0, or the place that an earlier call left because of a signal, and that was
 *	kept for this thread; receives this call's place in the same case
 *
 * Return: 0, LOCKMGR_OWNER_DIED, -ERESTARTSYS, -ETIMEDOUT or -EDEADLK
 */
int lockmgr_lock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id,
		 ktime_t deadline, u64 *ticket)
{
	struct lockmgr_bucket *bucket = bucket_of(client, id);
	u64 word = word_of_current(client);
	struct lockmgr_waiter waiter;
	int ret;

	if (take_free(bucket, record, word))
		return 0;

	waiter = (struct lockmgr_waiter) {
		.client		= client,
		.record		= record,
		.id		= id,
		.ticket		= *ticket,
		.task		= current,
		.thread		= task_pid(current),
		.since		= ktime_get_ns(),
		.word		= word,
		.state		= LOCKMGR_WAIT_QUEUED,
		.deadline	= deadline,
	};
	ret = lock_slowly(bucket, &waiter);
	if (ret == -ERESTARTSYS)
		*ticket = waiter.ticket;

	return ret;
}

/**
 * lockmgr_trylock() - acquire a lock if nobody holds it
 * @client: for whom
 * @record: the lock's record
 * @id: the lock
 *
 * Return: 0, LOCKMGR_OWNER_DIED or -EBUSY
 */
int lockmgr_trylock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = bucket_of(client, id);
	u64 word = word_of_current(client);
	int ret;

	if (take_free(bucket, record, word))
		return 0;

	spin_lock(&bucket->lock);
	ret = take_locked(client->space, record, id, word, lockmgr_queue_first(bucket, id), false);
	spin_unlock(&bucket->lock);

	/* Others take it and let it go all the time: busy indeed. */
	return ret == DISTURBED ? -EBUSY : ret;
}

/**
 * lockmgr_unlock() - release a lock
 * @client: for whom
 * @record: the lock's record
 * @id: the lock
 *
 * Return: 0; -EPERM if the client does not hold it; -ERESTARTSYS only while
 * somebody rewrites the record
 */
int lockmgr_unlock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = bucket_of(client, id);
	u64 word = atomic64_read(lockmgr_word(record));
	struct task_struct *sleeper = NULL;
	int ret;

	if (lockmgr_word_token(word) != client->token)
		return -EPERM;
	if (release_unwaited(record, word))
		return 0;

	for (;;) {
		spin_lock(&bucket->lock);
		ret = release(client, bucket, record, id, false, &sleeper);
		spin_unlock(&bucket->lock);

		if (ret != DISTURBED)
			break;
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	wake(sleeper);

	return ret;
}

/**
 * lockmgr_lock_abandon() - release a lock whose holder has died
 * @client: the holder, with no thread left
 * @record: the lock's record
 * @id: the lock
 *
 * Where words are not to be trusted, it may not be the holder any more.
 */
void lockmgr_lock_abandon(struct lockmgr_client *client, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = bucket_of(client, id);
	struct task_struct *sleeper = NULL;
	int ret;

	spin_lock(&bucket->lock);
	/*
	 * Nobody else moves a word that is held while its queue is locked, unless
	 * somebody rewrites it all the time.  Then whoever waits looks, and sooner or
	 * later finds that the holder's death has passed.
	 */
	ret = release(client, bucket, record, id, true, &sleeper);
	if (ret == DISTURBED)
		sleeper = tell_to_look(lockmgr_queue_first(bucket, id));
	else if (!ret)
		note_death(client, id);
	spin_unlock(&bucket->lock);
	wake(sleeper);
}

/* Whether I1 holds of a lock as far as its word goes. */
static bool is_marked(struct lockmgr_space *space, u32 id, u64 word)
{
	return word & LOCKMGR_WORD_WAITERS && lockmgr_holder_lives(space, id, word);
}

/*
 * R0, R1 -> R4, R2 -> R3; or R4 -> R0.  A closed lock that is held is R3, so that its
 * release finds the kernel, and there becomes R4.  The queue is locked.
 */
static void settle(struct lockmgr_space *space, struct lockmgr_record *record, u32 id)
{
	if (is_closed(space, id))
		atomic64_or(LOCKMGR_WORD_WAITERS, lockmgr_word(record));
	else
		/* If it fails, the lock was not both free and closed. */
		atomic64_cmpxchg(lockmgr_word(record), LOCKMGR_WORD_WAITERS, 0);
}

/**
 * lockmgr_lock_settle() - close a lock, or open it, after the capacity has changed
 * @space: the lock's space
 * @record: the lock's record
 * @id: the lock
 */
void lockmgr_lock_settle(struct lockmgr_space *space, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&space->queues, id);

	spin_lock(&bucket->lock);
	settle(space, record, id);
	spin_unlock(&bucket->lock);
}

/**
 * lockmgr_lock_mend() - restore what a word must say where it may have been overwritten
 * @space: the lock's space
 * @record: the lock's record
 * @id: the lock
 *
 * That a closed lock is closed, and I1.
 */
void lockmgr_lock_mend(struct lockmgr_space *space, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&space->queues, id);
	struct task_struct *sleeper = NULL;
	struct lockmgr_waiter *first;

	spin_lock(&bucket->lock);
	settle(space, record, id);
	first = lockmgr_queue_first(bucket, id);
	if (first && !is_marked(space, id, atomic64_read(lockmgr_word(record))))
		sleeper = tell_to_look(first);
	spin_unlock(&bucket->lock);
	wake(sleeper);
}
