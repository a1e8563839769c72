// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine of a lock, and the proof that it is correct.
 *
 * States of the word in a lock's record
 *
 *   R0  0				free
 *   R1  DIED				free; the last holder died
 *   R2  tid, token			held; nobody waits
 *   R3  tid, token, WAITERS		held; somebody waits, or did
 *   R4  WAITERS, with or without DIED	free and retired: user space must not acquire it
 *
 * The token is the number of the client that holds the lock, tid the number of the thread that
 * acquired it.  A token that belongs to no client counts as a holder that died: R2 and R3 with
 * such a token count as R1.  A lock beyond the capacity of its space is retired (below).
 *
 * Transitions of a word
 *
 *   acquire		R0 -> R2			anybody
 *   release		R2 -> R0			the holder
 *   mark		R2 -> R3			the kernel, queue locked
 *   acquire slowly	R0, R1, R4 -> R2, R3		the kernel, queue locked
 *   release slowly	R2, R3 -> R0, R1, R4		the kernel for the holder, queue locked
 *   hand off		R2, R3 -> R2, R3		the kernel for the holder, queue locked
 *   retire		R0, R1 -> R4, R2 -> R3		the kernel, queue locked
 *   reopen		R4 without DIED -> R0		the kernel, queue locked
 *
 * "Anybody" and "the holder" include user space where it has the record mapped (the
 * library's lock.c).  There, a free lock beyond the capacity is retired, so that a thread
 * that tries to acquire it must ask the kernel, which returns the error.
 *
 * Mapped records are hostile input: any word may turn into any other at any time.
 * The code here uses nothing from a word but its flags, a token and a thread's number, and it
 * looks both numbers up.  No loop runs for as long as a word keeps changing, unless the loop
 * checks for the caller's signals.  If a client overwrites the word of a lock for which others
 * wait, the waiters look again when that client is gone (lockmgr_lock_mend()).  One forgery
 * cannot be detected: a word with the token of a living client that uses that page.  That
 * client then holds the lock, whether or not it knows, until it unlocks it or ends.
 *
 * States of a waiter
 *
 *   W1  queued		sleeps
 *   W2  woken		the lock was released; the waiter has been woken and will look
 *   W3  granted	out of the queue; holds the lock
 *   W4  napping	sleeps for a moment (see "Naps"), and then will look
 *
 * Transitions of a waiter
 *
 *   wake		W1, W4 -> W2		for the first in the queue, by "release slowly",
 *						by a waiter that leaves, or by mending a word
 *   grant		W1, W2, W4 -> W3	for the first in the queue, by "hand off"
 *   look in vain	W2, W4 -> W1, W4	by the waiter itself
 *
 * Locks, outermost first
 *
 *   bucket->lock		"the queue is locked": the queue of this lock, and the
 *				state of each waiter in it.  All transitions but
 *				"acquire" and "release" happen under it.
 *   sleepers.lock		in deadlock.c
 *
 * Invariants: whenever the queue is not locked and somebody is in it,
 *
 *   I1  The word is R3, or a waiter is W2 or W4.
 *
 *	 So there is no lost wake-up, unless somebody breaks the protocol in mapped memory.
 *	 In R3, the release finds the queue.  A waiter that is W2 or W4 looks at the word
 *	 before anything else, even if a signal or its deadline has come meanwhile.  Either it
 *	 acquires the lock, and sets WAITERS if it leaves others in the queue; or it finds
 *	 the lock held.  Then, if it stays, it sleeps without a timer (W1) only if WAITERS is
 *	 set, and otherwise naps (W4); if it leaves, it wakes the next one.  So I1 holds again.
 *
 *   I2  W3 is final: the waiter's thread holds the lock, and its call returns that it does,
 *	 whatever else has happened.  If the thread dies before that, the client either dies,
 *	 too, or lives on as the holder.
 *
 * Barging
 *
 *   A newcomer may acquire a free lock while the first waiter is W2 or W4, because keeping
 *   the lock idle until a sleeper runs costs most of the throughput.  @bypassed in struct
 *   lockmgr_waiter counts how often others have done so through the kernel.  The waiter itself
 *   counts such an acquisition when it looks in vain; or the next release counts it, if that
 *   comes before the waiter has run.  A release hands the lock off once @bypassed is
 *   MAX_BYPASSED, or once MAX_WAIT_NS have passed since the first wake-up and the waiter was
 *   bypassed at least once.  So where critical sections are short, others get a number of them
 *   done meanwhile; where they are long, the waiter waits for at most one of them.
 *
 *   So the first in the queue waits for a bounded number of others' acquisitions through the
 *   kernel.  And each waiter becomes the first after finitely many, since the queue is first
 *   come, first served, in the order of the tickets.  A thread that leaves to handle a signal
 *   keeps its place (promise.c), and returns to it with a claim to the next release
 *   (@handoff).  Otherwise periodic signals could keep it from ever getting to the front, or
 *   from ever being granted the lock there.  Still, each place in the queue is worth one
 *   acquisition only, whatever number user space passes in.
 *
 * Naps
 *
 *   A nap is a short timed sleep before looking again.  A thread that acquires the lock as
 *   soon as it has released it is likely to do so again.  If the first waiter marked the
 *   word each time that it came too late, each of these releases would be a system call
 *   and wake the waiter in vain, which takes much longer than a short critical section.  So
 *   the waiter leaves the word as it is, and comes back after LOCKMGR_NAP_NS.  Others barge in
 *   memory meanwhile, which @bypassed does not count.  When a hand-off is due by the rules
 *   above, the waiter sets WAITERS, and the next release hands off.
 *
 *   A lock that is released during a nap lies idle for the rest of the nap, or until another
 *   thread comes.  That is about as long as it would lie idle if the release woke a sleeper.
 *   A thread that comes while the lock is held sets WAITERS, and then the release ends the nap.
 *
 * Memory order
 *
 *   Each transition of the word into R2 or R3 by a new holder has acquire semantics, each one
 *   out of them by the holder has release semantics.  "Hand off" is a release by the old
 *   holder; the new one acquires through the queue's lock, which it takes after waking.
 *   "Mark" keeps the holder and orders nothing, but as a read-modify-write it continues the
 *   release sequence that the next holder acquires from.
 *
 *   User space makes "acquire" and "release" with C11's compare-and-swap, with acquire and
 *   release semantics, on the same 64 bits.  Compilers turn it into the same instructions as
 *   atomic64_try_cmpxchg_acquire() and _release().  So there is one order of all transitions
 *   of a word, in the kernel and in user space; and an acquisition that reads what a release
 *   wrote happens after that release, whichever of the two the kernel makes.
 *
 *   There is no lost wake-up between the two sides, because user space and kernel
 *   arbitrate on one word.  If the release in user space comes first, the kernel, about to
 *   mark the word, finds the lock free and acquires it.  If the mark comes first, the
 *   release in memory fails, and the thread asks the kernel, which finds the waiter under
 *   the queue's lock.  There is no second flag beside the word that one side would need to
 *   see before the other side acts.
 *
 *   Besides the word, a few other accesses need an order.  For each of these pairs, a comment
 *   in the code gives the argument, and tests/litmus checks it against the kernel's memory
 *   model:
 *
 *   - Where a word has a client's token, the client must be found in the table of its space,
 *     and the page in the client's table.  A thread that acquires a lock for a client has
 *     found the page there, which another thread may have stored just before.  So each
 *     compare-and-swap here that acquires a lock is a full barrier, and client_use_page() in
 *     client.c has a full barrier for those that user space makes.  On the other side,
 *     lockmgr_holder_lives() reads the word and, after a full barrier, the page.
 *   - A client dies: client_note_progress() in client.c pairs with lockmgr_holder_lives().
 *   - A process is over: process_is_over() in process.c pairs with the exit of the process's
 *     threads, and by that with what acquire_slowly() in acquire.c orders.
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
#include "holder.h"
#include "lock.h"
#include "record.h"
#include "space.h"
#include "trace.h"
#include "wait.h"

/*
 * How often the first waiter may be bypassed after its first wake-up; and for how long after
 * that wake-up it may be bypassed more than once.
 */
#define MAX_BYPASSED	32
#define MAX_WAIT_NS	(4 * NSEC_PER_MSEC)

/*
 * How often to try a compare-and-swap under a spinlock.  Each failure means that another
 * thread has changed the word, which no correct program does without end.
 */
#define MAX_TRIES	16

/**
 * lockmgr_lock_word() - the word of a lock that the calling thread holds
 * @client: the client for which it holds the lock
 */
u64 lockmgr_lock_word(const struct lockmgr_client *client)
{
	u64 tid = task_pid_nr_ns(current, ns_of_pid(client->opener));

	return tid << LOCKMGR_WORD_TID_SHIFT | client->token;
}

/* A coarse clock: the same that user space reads when it acquires a lock in memory (clock.c). */
static void lock_note_time(struct lockmgr_record *record)
{
	WRITE_ONCE(record->since, ktime_get_coarse_ns());
}

/**
 * lockmgr_lock_acquire_free() - the transition "acquire"
 * @bucket: the lock's bucket
 * @record: the lock's record
 * @word: the new word
 *
 * Fails if there are waiters in this bucket.  The caller then uses "acquire slowly", which
 * sets WAITERS, so that the release that follows counts as one that bypassed them.
 *
 * Return: whether the lock was free, and the caller now holds it
 */
bool lockmgr_lock_acquire_free(struct lockmgr_bucket *bucket, struct lockmgr_record *record,
			       u64 word)
{
	u64 free = 0;

	if (!RB_EMPTY_ROOT(&bucket->waiters) ||
	    !atomic64_try_cmpxchg(lockmgr_word(record), &free, word))
		return false;
	lock_note_time(record);

	return true;
}

/* The transition "release". */
static bool lock_release_unwaited(struct lockmgr_record *record, u64 word)
{
	return !(word & LOCKMGR_WORD_WAITERS) &&
	       atomic64_try_cmpxchg_release(lockmgr_word(record), &word, 0);
}

/* Whether user space must not acquire the lock when it is free. */
static bool lock_is_retired(const struct lockmgr_space *space, u32 id)
{
	return id >= READ_ONCE(space->records.limit);
}

/* What a word says of the lock's holder. */
enum lock_holder {
	HOLDER_NONE,
	HOLDER_LIVES,
	HOLDER_SUSPECT,
};

/*
 * A client's token is valid until the client's death has released all its locks.  A word
 * with a token that is not valid is a dead holder's.  But while the word has no WAITERS, it
 * can change unseen: between reading it and looking the token up, the holder can unlock and
 * close, and a new client can get the same token and acquire the lock.  That is
 * HOLDER_SUSPECT.  With WAITERS, the word changes only under the queue's lock.
 */
static enum lock_holder lock_holder_state(struct lockmgr_space *space, u32 id, u64 word)
{
	if (!lockmgr_word_token(word))
		return HOLDER_NONE;
	if (lockmgr_holder_lives(space, id, word))
		return HOLDER_LIVES;

	return word & LOCKMGR_WORD_WAITERS ? HOLDER_NONE : HOLDER_SUSPECT;
}

/*
 * "Acquire slowly" if nobody holds the lock; otherwise "mark", if @mark.  The queue is
 * locked; @others says whether others will wait in it if we acquire the lock.  Returns 0,
 * LOCKMGR_OWNER_DIED, -EBUSY or LOCKMGR_DISTURBED.
 */
static int lock_acquire_locked(struct lockmgr_space *space, struct lockmgr_record *record, u32 id,
			       u64 word, bool others, bool mark)
{
	u64 old = atomic64_read(lockmgr_word(record));
	int tries;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		enum lock_holder holder = lock_holder_state(space, id, old);
		u64 new = holder == HOLDER_NONE ? word : old;

		if (holder != HOLDER_NONE || others || lock_is_retired(space, id))
			new |= LOCKMGR_WORD_WAITERS;
		if (holder == HOLDER_LIVES && (!mark || new == old))
			return -EBUSY;
		if (!atomic64_try_cmpxchg(lockmgr_word(record), &old, new))
			continue;
		if (holder == HOLDER_LIVES)
			return -EBUSY;
		if (holder == HOLDER_NONE) {
			lock_note_time(record);
			return old & ~LOCKMGR_WORD_WAITERS ? LOCKMGR_OWNER_DIED : 0;
		}
		/* A suspect holder: now that the word has WAITERS and keeps still, look again. */
		old = new;
	}

	return LOCKMGR_DISTURBED;
}

/*
 * The transition "wake"; returns the thread to wake.  If the waiter is already W2, or is W4,
 * another thread acquired the lock after the waiter's wake-up, and releases it now.
 */
static struct task_struct *lock_wake_waiter(struct lockmgr_waiter *waiter)
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
 * The transition "grant"; returns the thread to wake.  Once the queue is unlocked, @waiter,
 * which is on that thread's stack, may be gone.
 */
static struct task_struct *lock_grant(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter,
				      bool died)
{
	lockmgr_queue_del(bucket, waiter);
	waiter->died = died;
	waiter->state = LOCKMGR_WAIT_GRANTED;

	return get_task_struct(waiter->task);
}

/**
 * lockmgr_lock_wake() - wake a thread, after the queue was unlocked
 * @task: the thread, with a reference, which this puts; NULL: none
 */
void lockmgr_lock_wake(struct task_struct *task)
{
	if (!task)
		return;
	wake_up_process(task);
	put_task_struct(task);
}

static void lock_note_handoff(const struct lockmgr_client *client,
			      const struct lockmgr_waiter *first)
{
	atomic64_inc(&client->space->stats.handoffs);
	trace_lockmgr_handoff(client, first);
}

static void lock_note_death(const struct lockmgr_client *client, u32 id)
{
	atomic64_inc(&client->space->stats.holder_deaths);
	trace_lockmgr_owner_died(client, id);
}

/* Whether the next release must hand off to a waiter that was bypassed @bypassed times. */
static bool lock_is_due(const struct lockmgr_waiter *waiter, u32 bypassed)
{
	if (waiter->handoff || bypassed >= MAX_BYPASSED)
		return true;

	return bypassed && ktime_get_ns() >= waiter->woken + MAX_WAIT_NS;
}

/*
 * "Release slowly" or "hand off" a lock that the client holds.  The queue is locked.
 * Returns 0, -EPERM or LOCKMGR_DISTURBED, and in @sleeper the thread to wake when the queue
 * is unlocked again.
 */
static int lock_release_slowly(struct lockmgr_client *client, struct lockmgr_bucket *bucket,
			       struct lockmgr_record *record, u32 id, bool died,
			       struct task_struct **sleeper)
{
	struct lockmgr_waiter *first = lockmgr_queue_first(bucket, id);
	bool hand_off = first && lock_is_due(first, first->bypassed);
	u64 new = died ? LOCKMGR_WORD_DIED : 0;
	u64 old = atomic64_read(lockmgr_word(record));
	int tries;

	lockdep_assert_held(&bucket->lock);

	if (hand_off)
		new = first->word | (first->count > 1 ? LOCKMGR_WORD_WAITERS : 0);
	if (lock_is_retired(client->space, id))
		new |= LOCKMGR_WORD_WAITERS;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		if (lockmgr_word_token(old) != client->token)
			return -EPERM;
		/* While we hold the lock, the time is ours to write, here for the new holder. */
		if (hand_off)
			lock_note_time(record);
		if (!atomic64_try_cmpxchg_release(lockmgr_word(record), &old, new))
			continue;
		if (hand_off)
			lock_note_handoff(client, first);
		*sleeper = hand_off ? lock_grant(bucket, first, died) : lock_wake_waiter(first);
		return 0;
	}

	return LOCKMGR_DISTURBED;
}

/* The transition "look in vain": the lock is held.  The queue is locked. */
static int lock_look_in_vain(struct lockmgr_waiter *waiter)
{
	/* A word with WAITERS keeps still until the queue is unlocked. */
	bool marked = atomic64_read(lockmgr_word(waiter->record)) & LOCKMGR_WORD_WAITERS;

	if (waiter->state == LOCKMGR_WAIT_WOKEN || marked)
		waiter->bypassed++;
	waiter->state = marked ? LOCKMGR_WAIT_QUEUED : LOCKMGR_WAIT_NAPPING;

	return marked ? LOCKMGR_SLEEP_ON : LOCKMGR_NAP_ON;
}

/*
 * Whether a waiter that looks in vain must mark the word.  Without high-resolution timers, it
 * always does: a nap would last until the next tick.
 */
static bool lock_must_mark(const struct lockmgr_waiter *waiter)
{
	return lock_is_due(waiter, waiter->bypassed + 1) || hrtimer_resolution > LOCKMGR_NAP_NS;
}

/**
 * lockmgr_waiter_enter() - acquire the lock, or queue up for it
 * @bucket: the lock's bucket, locked
 * @waiter: not in the queue yet
 *
 * Return: 0, LOCKMGR_OWNER_DIED, -EBUSY if the waiter is in the queue now, or
 * LOCKMGR_DISTURBED
 */
int lockmgr_waiter_enter(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int ret;

	ret = lock_acquire_locked(waiter->client->space, waiter->record, waiter->id, waiter->word,
				  lockmgr_queue_first(bucket, waiter->id), true);
	if (ret == -EBUSY)
		lockmgr_queue_add(bucket, waiter);

	return ret;
}

/**
 * lockmgr_waiter_look() - look at the word after a wake-up or a nap
 * @bucket: the lock's bucket, locked
 * @waiter: in the queue, W2 or W4
 *
 * Return: 0 or LOCKMGR_OWNER_DIED if the waiter now holds the lock, and has left the queue;
 * otherwise LOCKMGR_SLEEP_ON, LOCKMGR_NAP_ON or LOCKMGR_DISTURBED
 */
int lockmgr_waiter_look(struct lockmgr_bucket *bucket, struct lockmgr_waiter *waiter)
{
	int ret;

	ret = lock_acquire_locked(waiter->client->space, waiter->record, waiter->id, waiter->word,
				  lockmgr_queue_length(bucket, waiter->id) > 1,
				  lock_must_mark(waiter));
	if (ret == -EBUSY)
		return lock_look_in_vain(waiter);
	if (ret != LOCKMGR_DISTURBED)
		lockmgr_queue_del(bucket, waiter);

	return ret;
}

/**
 * lockmgr_waiter_give_up() - leave the queue without the lock
 * @bucket: the lock's bucket, locked
 * @waiter: in the queue; if it is W2 or W4, the next waiter must look in its place
 *
 * Return: the thread to wake when the queue is unlocked again, or NULL
 */
struct task_struct *lockmgr_waiter_give_up(struct lockmgr_bucket *bucket,
					   struct lockmgr_waiter *waiter)
{
	lockmgr_queue_del(bucket, waiter);
	if (waiter->state == LOCKMGR_WAIT_QUEUED)
		return NULL;

	return lock_wake_waiter(lockmgr_queue_first(bucket, waiter->id));
}

/**
 * lockmgr_trylock() - acquire a lock if nobody holds it
 * @client: the client that acquires it
 * @record: the lock's record
 * @id: the lock
 *
 * Return: 0, LOCKMGR_OWNER_DIED or -EBUSY
 */
int lockmgr_trylock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&client->space->queues, id);
	u64 word = lockmgr_lock_word(client);
	int ret;

	if (lockmgr_lock_acquire_free(bucket, record, word))
		return 0;

	spin_lock(&bucket->lock);
	ret = lock_acquire_locked(client->space, record, id, word,
				  lockmgr_queue_first(bucket, id), false);
	spin_unlock(&bucket->lock);

	/* Others acquire and release it all the time, so it is busy. */
	return ret == LOCKMGR_DISTURBED ? -EBUSY : ret;
}

/**
 * lockmgr_unlock() - release a lock
 * @client: the client that holds it
 * @record: the lock's record
 * @id: the lock
 *
 * Return: 0; -EPERM if the client does not hold it; -ERESTARTSYS if a signal comes while
 * user space keeps rewriting the word
 */
int lockmgr_unlock(struct lockmgr_client *client, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&client->space->queues, id);
	u64 word = atomic64_read(lockmgr_word(record));
	struct task_struct *sleeper = NULL;
	int ret;

	if (lockmgr_word_token(word) != client->token)
		return -EPERM;
	if (lock_release_unwaited(record, word))
		return 0;

	for (;;) {
		spin_lock(&bucket->lock);
		ret = lock_release_slowly(client, bucket, record, id, false, &sleeper);
		spin_unlock(&bucket->lock);

		if (ret != LOCKMGR_DISTURBED)
			break;
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	lockmgr_lock_wake(sleeper);

	return ret;
}

/**
 * lockmgr_lock_abandon() - release a lock whose holder has died
 * @client: the holder, with no thread left
 * @record: the lock's record
 * @id: the lock
 *
 * Where user space can rewrite words, the client may no longer be the holder; then this does
 * nothing.
 */
void lockmgr_lock_abandon(struct lockmgr_client *client, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&client->space->queues, id);
	struct task_struct *sleeper = NULL;
	int ret;

	spin_lock(&bucket->lock);
	/*
	 * While the queue is locked, nobody else changes the word of a lock that is held,
	 * unless user space keeps rewriting it.  In that case the waiters look, and sooner or
	 * later find that the death of the holder has passed this page.
	 */
	ret = lock_release_slowly(client, bucket, record, id, true, &sleeper);
	if (ret == LOCKMGR_DISTURBED)
		sleeper = lock_wake_waiter(lockmgr_queue_first(bucket, id));
	else if (!ret)
		lock_note_death(client, id);
	spin_unlock(&bucket->lock);
	lockmgr_lock_wake(sleeper);
}

/* Whether the word alone makes I1 hold: it is R3. */
static bool lock_is_marked(struct lockmgr_space *space, u32 id, u64 word)
{
	return word & LOCKMGR_WORD_WAITERS && lockmgr_holder_lives(space, id, word);
}

/*
 * "Retire" or "reopen".  A retired lock that is held is R3, so that its release asks the
 * kernel, which makes it R4.  R4 with DIED is not reopened: like R1, it makes the next thread
 * that acquires the lock ask the kernel, which then clears WAITERS.  The queue is locked.
 */
static void lock_retire_or_reopen(struct lockmgr_space *space, struct lockmgr_record *record,
				  u32 id)
{
	if (lock_is_retired(space, id))
		atomic64_or(LOCKMGR_WORD_WAITERS, lockmgr_word(record));
	else
		/* Fails if the lock is held, or was not retired, or has DIED. */
		atomic64_cmpxchg(lockmgr_word(record), LOCKMGR_WORD_WAITERS, 0);
}

/**
 * lockmgr_lock_retire_or_reopen() - after the capacity has changed
 * @space: the lock's space
 * @record: the lock's record
 * @id: the lock
 */
void lockmgr_lock_retire_or_reopen(struct lockmgr_space *space, struct lockmgr_record *record,
				   u32 id)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&space->queues, id);

	spin_lock(&bucket->lock);
	lock_retire_or_reopen(space, record, id);
	spin_unlock(&bucket->lock);
}

/**
 * lockmgr_lock_mend() - restore what must hold of a word that may have been overwritten
 * @space: the lock's space
 * @record: the lock's record
 * @id: the lock
 *
 * A lock beyond the capacity is retired, and I1 holds.
 */
void lockmgr_lock_mend(struct lockmgr_space *space, struct lockmgr_record *record, u32 id)
{
	struct lockmgr_bucket *bucket = lockmgr_bucket(&space->queues, id);
	struct task_struct *sleeper = NULL;
	struct lockmgr_waiter *first;

	spin_lock(&bucket->lock);
	lock_retire_or_reopen(space, record, id);
	first = lockmgr_queue_first(bucket, id);
	if (first && !lock_is_marked(space, id, atomic64_read(lockmgr_word(record))))
		sleeper = lock_wake_waiter(first);
	spin_unlock(&bucket->lock);
	lockmgr_lock_wake(sleeper);
}
