/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocol of one lock, for Spin: all interleavings of a few threads that
 * lock, unlock, wait, leave, die and come back. ./check.t runs it.
 *
 * A label or an inline has the name of the function that it mirrors, in
 * kmod/lock.c or kmod/acquire.c unless a comment names another file; the states R and W
 * and the invariant I1 are those of the comment in lock.c.
 *
 * There are two forms:
 *
 *	kernel-only	lockmgr_lock_acquire_free() and lock_release_unwaited() in the kernel
 *	MAPPED		user space acquires and releases the lock by a compare-and-swap,
 *			and calls the kernel where that fails
 *
 * With SCRIBBLES, one more client of the mapped form writes to the word what no client
 * may write, and then dies. After the first such write nobody knows who holds the lock, so
 * from then on the model does not check that. But when the client is gone, I1 holds again,
 * and each wait ends.
 *
 * With CLOSES, a lower capacity retires the lock, and a higher one reopens it, at any time.
 * While it is retired, nobody acquires it in user space.
 *
 * Each of these is a step of its own: each load of the word, each compare-and-swap of it,
 * each look at the table of clients (and at what is in it), each look at the queue
 * without its lock, each change of the queue, of a thread's sleeping state, of the
 * clients. What
 * happens between two of these is seen by nobody else, so it goes with one of
 * them; so does acquiring the queue's lock (with the step after it) and releasing
 * it (with the step before it).
 *
 * What is left out: thread ids in the word (they are advisory; without them, two
 * clients' words are equal more often, which is the worse case), times, other locks in
 * the same bucket (lockmgr_lock_acquire_free() then merely gives up more often), and the
 * walk for deadlocks (EDEADLK leaves the queue as a signal does). Memory is sequentially
 * consistent.
 *
 * Size:
 *
 *	N		threads; each has one client at a time
 *	ROUNDS		lock calls of each thread, with all its clients
 *	ROUNDS_OF_FIRST	lock calls of thread 0, if their number is another one
 *	LEAVES		signals and timeouts, in total
 *	DEATHS		clients that die early, in total
 *	SCRIBBLES	writes to the word that no client may make
 *	CLOSES		how often the lock is retired and reopened
 *	FORGES		calls that pass a ticket which is not theirs, in total
 *	TRIES		MAX_TRIES
 *	MAX_BYPASSED	as in lock.c; but MAX_WAIT_NS pass for all waiters at the same time,
 *			at the beginning or later
 *
 * A run may have fewer signals and deaths than that: Spin chooses their number at the
 * beginning, so that no signal or death that is left over can wake a thread that all have
 * forgotten.
 *
 * Each #ifdef below that tests none of these is a mutation: a deliberate error, which the
 * checker must find.
 */

#ifndef N
#define N 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef ROUNDS_OF_FIRST
#define ROUNDS_OF_FIRST ROUNDS
#endif
#define ROUNDS_OF(p)	(p == 0 -> ROUNDS_OF_FIRST : ROUNDS)
#ifndef LEAVES
#define LEAVES 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef FORGES
#define FORGES 0
#endif
#if !FORGES
#define forging		false
#endif
#ifndef TRIES
#define TRIES 2
#endif
#ifndef MAX_BYPASSED
#define MAX_BYPASSED 1
#endif

/*
 * How many may acquire the lock before the first waiter, in the kernel-only form:
 * those whose releases count, the last of which hands off, and once each thread
 * that had found the queue empty before. Neither the first waiter nor the holder
 * at that time had.
 */
#ifndef BOUND
#define BOUND (MAX_BYPASSED + 1 + (N - 2))
#endif

#ifdef SCRIBBLES
#define CLIENTS		(N + 1)
#else
#define CLIENTS		N
#define scribbled	false
#define mended		false
#endif

#ifndef CLOSES
#define closed		false
#define shut		false
#define SETTLED		true
#else
#define SETTLED		settled
#endif

#define NONE		CLIENTS

/* The word. Tokens are 1 ... CLIENTS. */
#define TOKEN(w)	((w) & 7)
#define NO_TOKEN	7
#define WAITERS		8
#define DIED		16

/* enum lockmgr_wait_state, kmod/wait.h */
#define QUEUED		0
#define WOKEN		1
#define GRANTED		2
#define NAPPING		3
#define WILL_LOOK(p)	(state[p] == WOKEN || state[p] == NAPPING)

/* What the functions return. */
#define OK		0
#define OWNER_DIED	1
#define EBUSY		2
#define DISTURBED	3
#define SLEEP_ON	4
#define LEFT		5	/* ERESTARTSYS, ETIMEDOUT or EDEADLK */
#define AGAIN		6	/* not yet */
#define EPERM		7
#define NAP_ON		8

byte word;			/* struct lockmgr_record */
bool locked;			/* struct lockmgr_bucket: lock */
bool client[NO_TOKEN + 1];	/* struct lockmgr_space: clients, by token */
bool passed[NO_TOKEN + 1];	/* client->passed, by token */
#ifdef SCRIBBLES
bool used[NO_TOKEN + 1];	/* client->pages has the page, by token */
#endif
#ifdef MAPPED
byte waiting;			/* struct lockmgr_queues */
#endif

/*
 * struct lockmgr_waiter, one for each thread. A thread that has left because of a signal
 * keeps its ticket. Only the order of tickets matters, so the threads that have one have
 * 1, 2, ..., and 0 is none.
 */
bool queued[N];
byte ticket[N];
byte state[N];
byte bypassed[N];
bool handoff[N];
bool died[N];
byte token[CLIENTS];		/* client->token */

bool asleep[N];			/* not TASK_RUNNING */

byte leaves;
byte deaths;
#if FORGES
byte forges;
#endif
bool late;			/* MAX_WAIT_NS have passed */

/* What the specification sees. */
byte holder = NONE;		/* the thread that holds the lock, and lives */
bool pending;			/* a holder died, and no call said so yet */
bool due[N];			/* its call must say so */
byte strict = NONE;		/* first, and bypassed often enough or returned: the next */
byte passes;			/* acquisitions past the first in the queue */
byte done;

#ifdef SCRIBBLES
byte scribbles = SCRIBBLES;
bool scribbled;			/* the scribbler has written what no client may write */
bool mended;			/* it writes nothing any more, and I1 holds again */
byte victim = NONE;		/* the thread that dies next */
#endif

#ifdef CLOSES
byte closes = CLOSES;
bool closed;			/* lock_is_retired() */
bool shut;			/* user space must not acquire the lock */
bool settled = true;		/* the last reopening is complete */
#endif

hidden byte i;
hidden byte first;
hidden byte count;
hidden byte returns;
hidden byte promised;

/* first: lockmgr_queue_first(), kmod/wait.c; count: lockmgr_queue_length(), kmod/wait.c */
inline lockmgr_queue_first()
{
	first = NONE;
	count = 0;
	for (i : 0 .. N - 1) {
		if
		:: queued[i] ->
			count++;
			if
			:: first == NONE -> first = i
			:: first != NONE && ticket[i] < ticket[first] -> first = i
			:: else
			fi
		:: else
		fi
	}
	i = 0
}

/* kmod/wait.c */
inline lockmgr_queue_add(p)
{
	/* lockmgr_promise_holds(), kmod/promise.c: only the place that p left is promised. */
	promised = ticket[p] != 0 && !forging;
	if
	:: forging && ticket[p] -> drop_ticket(p)
	:: else
	fi;
#ifdef TICKET_BELIEVED
	/* A thread that forges its ticket gains most by the smallest number. */
	if
	:: forging ->
		for (i : 0 .. N - 1) {
			if
			:: ticket[i] -> ticket[i]++
			:: else
			fi
		}
		ticket[p] = 1
	:: else
	fi;
#endif
	returns = ticket[p] != 0;
#ifndef RETURN_FORGOTTEN
	handoff[p] = returns;
#endif
	if
	:: ticket[p] == 0 ->
		ticket[p] = 1;
		for (i : 0 .. N - 1) {
			if
			:: i != p && ticket[i] >= ticket[p] -> ticket[p] = ticket[i] + 1
			:: else
			fi
		}
	:: else		/* keeps its place */
	fi;
	/* A thread that was promised no place is the last. */
	for (i : 0 .. N - 1) {
		assert(promised || i == p || !queued[i] || ticket[i] < ticket[p])
	}
	queued[p] = true;
	state[p] = QUEUED;
	lockmgr_queue_first();
	if
	:: first == p -> strict = (returns && !scribbled -> p : NONE); passes = 0
	:: else
	fi
}

/* kmod/wait.c */
inline lockmgr_queue_del(p)
{
	lockmgr_queue_first();
	if
	:: first == p -> strict = NONE; passes = 0
	:: else
	fi;
	queued[p] = false;
	handoff[p] = false;
	bypassed[p] = 0
}

inline drop_ticket(p)
{
	for (i : 0 .. N - 1) {
		if
		:: ticket[p] && ticket[i] > ticket[p] -> ticket[i]--
		:: else
		fi
	}
	i = 0;
	ticket[p] = 0
}

/* This holds whenever the queue is unlocked. */
inline invariant_1()
{
	count = 0;
	first = 0;
	for (i : 0 .. N - 1) {
		if
		:: queued[i] -> count++
		:: else
		fi;
		if
		:: queued[i] && WILL_LOOK(i) -> first++
		:: else
		fi
	}
	i = 0;
	assert(!count || first || (TOKEN(word) && (word & WAITERS)) || (scribbled && !mended))
}

inline spin_lock()
{
	!locked;
	locked = true
}

inline spin_unlock()
{
	invariant_1();
	locked = false
}

/* The specification: p holds the lock from now on. */
inline acquire(p)
{
	assert(holder == NONE);
	if
	:: scribbled
	:: else ->
		holder = p;
		due[p] = pending;
		pending = false
	fi;
	assert(strict == NONE || strict == p);
#ifndef MAPPED
	lockmgr_queue_first();
	if
	:: first != NONE && first != p ->
		passes++;
		assert(passes <= BOUND)
	:: else
	fi
#endif
}

inline let_go(p)
{
	assert(holder == p || scribbled);
	holder = NONE
}

/* lockmgr_holder_lives(), kmod/holder.c */
#ifdef SCRIBBLES
#define HOLDER_LIVES(w)	(client[TOKEN(w)] && !passed[TOKEN(w)] && used[TOKEN(w)])
#else
#define HOLDER_LIVES(w)	(client[TOKEN(w)] && !passed[TOKEN(w)])
#endif

/*
 * Ends the turn of a loop; the steps below are in atomic { } together with this so
 * that it does not count as a step.
 */
#define BREAK_UNLESS(condition)	if :: condition :: else -> break fi

/*
 * The caller has locked the queue and loaded the word into old. others and mark are
 * parameters in lock.c.
 */
inline lock_acquire_locked()
{
	ret = AGAIN;
	do
	:: atomic {
		d_step {
			if
			:: tries == TRIES -> ret = DISTURBED
			:: else ->
				tries++;
				/* lock_holder_state() */
				held = HOLDER_LIVES(old);
				if
				:: held && (!mark || (old & WAITERS)) -> ret = EBUSY
				:: else
				fi
			fi
		}
		BREAK_UNLESS(ret == AGAIN)
	   }
	   atomic {
		d_step {
			if
			:: word != old -> old = word
			:: word == old && held ->
				word = old | WAITERS;
				ret = EBUSY
#ifndef STALE_LIVENESS
			/* HOLDER_SUSPECT: the mark keeps the word still, so look again. */
			:: word == old && !held && TOKEN(old) && !(old & WAITERS) ->
				word = old | WAITERS;
				old = word
			:: word == old && !held && (!TOKEN(old) || (old & WAITERS)) ->
#else
			:: word == old && !held ->
#endif
#ifdef WAITERS_NOT_KEPT
				word = token[me];
#else
				word = token[me] | (others || closed -> WAITERS : 0);
#endif
				acquire(me);
				ret = (old & ~WAITERS -> OWNER_DIED : OK)
			fi;
			held = false
		}
		BREAK_UNLESS(ret == AGAIN)
	   }
	od
}

/* Forget what is only used while the queue is locked. */
inline clean_up()
{
	old = 0;
	tries = 0;
	held = false;
	others = false;
	mark = false
}

/* A higher count makes no difference. */
inline count_bypass(p)
{
	if
	:: bypassed[p] < MAX_BYPASSED -> bypassed[p]++
	:: else
	fi
}

/* W1, W4 -> W2 */
inline lock_wake_waiter(p)
{
	if
	:: p == NONE
	:: else ->
#ifndef BYPASSED_IGNORED
		if
		:: WILL_LOOK(p) -> count_bypass(p)
		:: else
		fi;
#endif
		if
		:: state[p] == WOKEN
		:: else ->
			state[p] = WOKEN;
			sleeper = p
		fi
	fi
}

/* W1, W2, W4 -> W3 */
inline lock_grant(p, dead)
{
	lockmgr_queue_del(p);
	drop_ticket(p);
#ifndef DIED_DROPPED
	died[p] = dead;
#endif
	state[p] = GRANTED;
	sleeper = p
}

inline lockmgr_lock_wake()
{
	if
	:: d_step {
		sleeper != NONE ->
		asleep[sleeper] = false;
		sleeper = NONE
	   }
	:: else
	fi
}

/* is_due(), of a waiter that was bypassed this often */
#define IS_DUE(p, often)	(handoff[p] || (often) >= MAX_BYPASSED || ((often) && late))

/* What a release makes of the word that it found. */
inline let_word_go(dead)
{
	if
	:: dead -> assert(holder == NONE)
	:: else -> let_go(me)
	fi;

	lockmgr_queue_first();
#ifdef HANDOFF_IGNORED
	hand_over = false;
#else
#ifdef TIME_IGNORED
	hand_over = (first == NONE -> false :
		     handoff[first] || bypassed[first] >= MAX_BYPASSED);
#else
	hand_over = (first == NONE -> false : IS_DUE(first, bypassed[first]));
#endif
#endif
	if
	:: hand_over ->
#ifdef WAITERS_NOT_KEPT
		word = token[first];
#else
		word = token[first] | (count > 1 || closed -> WAITERS : 0);
#endif
		sleeper = first;
		acquire(sleeper)
	:: else ->
#ifdef DIED_FORGOTTEN
		word = 0;
#else
		word = (dead -> DIED : 0);
#endif
#ifndef CLOSED_FORGOTTEN
		word = word | (closed -> WAITERS : 0)
#endif
	fi
}

/*
 * R2, R3 -> R0, R1, R2, R3, and the locking and waking around it; dead: for
 * lockmgr_lock_abandon(). Without scribbles, a word that is held changes only by its holder,
 * which is the caller, and by threads that have locked the queue; so one try is enough then.
 */
inline lock_release_slowly(dead)
{
#ifdef WAKE_EARLY
	d_step {
		lockmgr_queue_first();
		early = first;
		if
		:: early != NONE -> asleep[early] = false
		:: else
		fi
	}
#endif
	do
	:: d_step {
		spin_lock();
		old = word;
		ret = AGAIN
	   }
	   do
	   :: atomic {
		d_step {
			if
			:: TOKEN(old) != token[me] ->
				assert(scribbled);
				ret = EPERM
			:: word == old && TOKEN(old) == token[me] ->
				let_word_go(dead);
				ret = OK
			:: else ->
				assert(scribbled);
				tries++;
				old = word;
				if
				:: tries == TRIES -> ret = DISTURBED
				:: else
				fi
			fi
		}
		BREAK_UNLESS(ret == AGAIN)
	   }
	   od;
	   atomic {
		d_step {
			if
			:: ret == OK && hand_over ->
				lock_grant(sleeper, dead)
			:: (ret == OK && !hand_over) || (ret == DISTURBED && dead) ->
				lockmgr_queue_first();
				lock_wake_waiter(first);
				ret = OK
			:: ret == EPERM -> ret = OK
			:: else
			fi;
			hand_over = false;
			clean_up();
#ifdef WAKE_EARLY
			if
			:: sleeper == early -> sleeper = NONE
			:: else
			fi;
			early = NONE;
#endif
			spin_unlock()
		}
		BREAK_UNLESS(ret == DISTURBED)
	   }
	od;
	lockmgr_lock_wake()
}

/* kmod/client.c, for one lock */
inline client_abandon_page()
{
	if
	:: TOKEN(word) == token[me] -> lock_release_slowly(true)
	:: else
	fi
}

/* kmod/client.c, for one lock */
inline lockmgr_client_end()
{
	client_abandon_page();
#ifdef MAPPED
	/* client_note_progress() */
#ifndef PASS_LATE
	passed[token[me]] = true;
#endif
	mend = waiting != 0;
	client_abandon_page();
#ifdef PASS_LATE
	passed[token[me]] = true;
#endif
#ifndef MEND_FORGOTTEN
	if
	:: mend ->
		/* lockmgr_lock_mend() */
		d_step {
			spin_lock();
			old = word
		}
		d_step {
			lockmgr_queue_first();
			if
			:: !(old & WAITERS) || !HOLDER_LIVES(old) -> lock_wake_waiter(first)
			:: else
			fi;
			old = 0;
#ifdef SCRIBBLES
			mended = mended || me == N;
#endif
			spin_unlock()
		}
		lockmgr_lock_wake();
		mend = false
	:: else
	fi
#endif
#endif
}

/* kmod/client.c */
inline lockmgr_client_destroy()
{
#ifdef TOKEN_EARLY
	client[token[me]] = false;
#endif
	lockmgr_client_end();
	/* lockmgr_space_remove_client(), kmod/space.c */
#ifndef TOKEN_EARLY
	client[token[me]] = false;
#endif
	token[me] = 0
}

/* Whether p was due when it looked, and so has marked the word. */
#ifdef WAITERS_NOT_SET_AGAIN
#define WAS_DUE(p)	IS_DUE(p, bypassed[p])
#else
#define WAS_DUE(p)	(mark && IS_DUE(p, bypassed[p]))
#endif

/* What a waiter does with the result of its look at the word. */
inline look_end()
{
	if
	:: ret == EBUSY ->
		/* lock_look_in_vain() */
		lockmgr_queue_first();
		if
		:: state[me] == WOKEN || (word & WAITERS) -> count_bypass(me)
		:: else
		fi;
		if
		:: first == me && WAS_DUE(me) && !scribbled -> strict = me
		:: else
		fi;
		if
#ifdef NAP_FORGOTTEN
		:: true ->
#else
		:: !(word & WAITERS) ->
			state[me] = NAPPING;
			ret = NAP_ON
		:: else ->
#endif
			state[me] = QUEUED;
			ret = SLEEP_ON
		fi
	:: ret == OK || ret == OWNER_DIED ->
		lockmgr_queue_del(me);
		drop_ticket(me);
		state[me] = QUEUED
	:: else		/* DISTURBED */
	fi
}

inline lockmgr_waiter_give_up()
{
	lockmgr_queue_del(me);
#ifndef LEAVE_SILENTLY
	if
#ifdef LEAVE_NAPPING
	:: state[me] == WOKEN ->
#else
	:: WILL_LOOK(me) ->
#endif
		lockmgr_queue_first();
		lock_wake_waiter(first)
	:: else
	fi;
#endif
	state[me] = QUEUED;
	ret = LEFT
}

inline acquire_decide()
{
	d_step {
		spin_lock();
		ret = SLEEP_ON;
		if
#ifdef SIGNAL_BEATS_GRANT
		:: state[me] == GRANTED && excuse -> ret = LEFT
		:: state[me] == GRANTED && !excuse ->
#else
		:: state[me] == GRANTED ->
#endif
			ret = (died[me] -> OWNER_DIED : OK);
			died[me] = false;
			state[me] = QUEUED
#ifdef LEAVE_UNSEEN
		:: WILL_LOOK(me) && excuse -> state[me] = QUEUED
		:: WILL_LOOK(me) && !excuse ->
#else
		:: WILL_LOOK(me) ->
#endif
			/* lockmgr_waiter_look() */
			ret = AGAIN;
			old = word;
			lockmgr_queue_first();
			others = count > 1;
#ifndef WAITERS_NOT_SET_AGAIN
			mark = IS_DUE(me, bypassed[me] + 1)
#endif
		:: state[me] == QUEUED
		fi
	}
	if
	:: ret == AGAIN -> lock_acquire_locked()
	:: else
	fi;
	atomic {
		d_step {
			if
			:: tries -> look_end()
			:: else
			fi;
			if
			:: (ret == SLEEP_ON || ret == NAP_ON || ret == DISTURBED) && excuse ->
				lockmgr_waiter_give_up()
			:: else
			fi;
			clean_up();
			spin_unlock()
		}
	}
	lockmgr_lock_wake()
}

/* A signal or the deadline comes now, or it does not. */
inline may_be_disturbed()
{
	if
	:: true
	:: leaves && !excuse -> leaves--; excuse = true
	fi
}

inline acquire_sleep()
{
	do
	:: true ->
#ifndef STATE_LATE
		/* set_current_state() */
		atomic {
			asleep[me] = true;
			may_be_disturbed()
		}
#endif
		acquire_decide();
#ifdef STATE_LATE
		asleep[me] = true;
#endif
		if
		:: atomic {
			ret == SLEEP_ON || ret == NAP_ON ->
			/* acquire_schedule_out() */
			if
			:: !asleep[me]
#ifndef ALARM_FORGOTTEN
			:: ret == NAP_ON
#endif
#ifdef SCRIBBLES
			:: victim == me && !excuse -> excuse = true
#endif
			:: leaves && !excuse -> leaves--; excuse = true
			fi
		   }
		:: ret == DISTURBED
		:: else -> break
		fi
	od;
	/* __set_current_state() */
	atomic {
		asleep[me] = false;
		excuse = false
	}
}

inline acquire_or_queue()
{
	do
	:: d_step {
		spin_lock();
		lockmgr_queue_first();
		others = first != NONE;
		mark = true;
		old = word
	   }
	   lock_acquire_locked();
	   atomic {
		d_step {
			if
			:: ret == EBUSY -> lockmgr_queue_add(me)
			:: ret == OK || ret == OWNER_DIED -> drop_ticket(me)
			:: else
			fi;
			clean_up();
#if FORGES
			forging = false;
#endif
			spin_unlock()
		}
	   }
	   atomic {
		if
		:: ret == DISTURBED ->
			if
			:: true
			:: leaves -> leaves--; ret = LEFT; break
			fi
		:: else -> break
		fi
	   }
	od
}

/* Count in queues.waiting, which only lockmgr_client_end() reads. */
#ifdef MAPPED
#define COUNT_WAITING		waiting++;
#define UNCOUNT_WAITING		waiting--;
#else
#define COUNT_WAITING
#define UNCOUNT_WAITING
#endif

inline acquire_slowly()
{
#ifndef COUNTED_LATE
	COUNT_WAITING
#endif
	acquire_or_queue();
#ifdef COUNTED_LATE
	COUNT_WAITING
#endif
	if
	:: ret == EBUSY -> acquire_sleep()
	:: else
	fi;
	UNCOUNT_WAITING
}

/* lockmgr_lock_acquire_free(); or take(), libuser/lock.c */
inline lockmgr_lock_acquire_free()
{
#ifndef MAPPED
	d_step {
		lockmgr_queue_first();
#ifdef FAST_PAST_WAITERS
		ret = AGAIN
#else
		ret = (first == NONE -> AGAIN : EBUSY)
#endif
	}
	if
	:: ret == EBUSY
	:: else ->
#endif
	d_step {
		if
		:: word == 0 ->
			assert(!shut);
			word = token[me];
			acquire(me);
			drop_ticket(me);
			ret = OK
		:: else ->
			ret = EBUSY
		fi
	}
#ifndef MAPPED
	fi
#endif
}

/* lock_release_unwaited() after the load of the word; or release(), libuser/lock.c */
inline lock_release_unwaited()
{
#ifndef MAPPED
	d_step {
		assert(TOKEN(word) == token[me] || scribbled);
		ret = (word & WAITERS -> EBUSY : AGAIN)
	}
#else
	ret = AGAIN;
#endif
	if
	:: ret == EBUSY
	:: else ->
	   d_step {
		if
		:: word == token[me] ->
			let_go(me);
			word = 0;
			ret = OK
		:: else ->
			ret = EBUSY
		fi
	   }
	fi
}

/* kmod/space.c: the lowest free token */
inline lockmgr_space_add_client()
{
	d_step {
		token[me] = 1;
		do
		:: client[token[me]] -> token[me]++
		:: else -> break
		od;
		client[token[me]] = true;
#ifdef SCRIBBLES
		used[token[me]] = me == N;
#endif
		passed[token[me]] = false
	}
}

#ifdef SCRIBBLES
/* kmod/client.c */
inline client_use_page()
{
	if
	:: used[token[me]]
	:: else ->
		client_abandon_page();
		used[token[me]] = true
	fi
}
#endif

/* When all is over, user space can acquire the lock, unless a death is unreported. */
inline expect_free()
{
	if
	:: done == N && SETTLED ->
		assert((word & ~WAITERS) == (pending -> DIED : 0) || scribbled);
		assert(pending || !word || scribbled)
	:: else
	fi
}

/* What must hold when all is over. Whoever retires the lock last also reopens it. */
inline finish()
{
	done++;
	if
	:: done == N ->
		lockmgr_queue_first();
		/* The scribbler, or the one that reopens the lock, may still run. */
		assert(!count && (!locked || CLIENTS > N));
		assert(holder == NONE && strict == NONE)
	:: else
	fi;
	expect_free()
}

proctype Thread(byte me)
{
	byte round;
	byte ret;
	byte old;
	byte tries;
	byte sleeper = NONE;
	bool held;
	bool others;
	bool mark;
	bool excuse;
	bool hand_over;
#if FORGES
	bool forging;
#endif
#ifdef MAPPED
	bool mend;
#endif
#ifdef WAKE_EARLY
	byte early = NONE;
#endif

attach:
	lockmgr_space_add_client();

outside:
	if
	:: round < ROUNDS_OF(me) -> round++
	:: d_step { round < ROUNDS_OF(me) && deaths -> deaths-- } goto close
	:: round == ROUNDS_OF(me) -> goto close
	fi;

lockmgr_lock:
#ifdef SCRIBBLES
	client_use_page();
#endif
	lockmgr_lock_acquire_free();
	if
	:: ret == OK -> goto inside
	:: ret == EBUSY
	:: ret == EBUSY && !ticket[me] -> goto lockmgr_trylock
	fi;
#if FORGES
	if
	:: true
	:: d_step { forges -> forges--; forging = true }
	fi;
#endif
	acquire_slowly();
	if
	:: ret == LEFT ->
		if
#ifdef SCRIBBLES
		:: victim == me -> victim = NONE; drop_ticket(me); ret = OK; goto close
#endif
		/* A signal: again, with the ticket. */
		:: goto lockmgr_lock
		/* The deadline. */
		:: d_step { drop_ticket(me); ret = OK } goto outside
		/* Killed. */
		:: d_step { deaths -> deaths--; drop_ticket(me); ret = OK } goto close
		fi
	:: else
	fi;

inside:		/* the caller holds the lock */
	atomic {
		d_step {
			assert(holder == me || scribbled);
			assert((ret == OWNER_DIED) == due[me] || scribbled);
			due[me] = false;
			ret = OK
		}
		if
		:: true
		:: deaths ->
			deaths--;
			holder = NONE;
			pending = !scribbled;
			goto close
		fi
	}

lockmgr_unlock:
	lock_release_unwaited();
	if
	:: ret == OK -> goto outside
	:: else -> ret = OK
	fi;
	lock_release_slowly(false);
	goto outside;

lockmgr_trylock:	/* begins as lockmgr_lock() */
	atomic {
		d_step {
			spin_lock();
			lockmgr_queue_first();
			others = first != NONE;
			old = word
		}
	}
	lock_acquire_locked();
	atomic {
		d_step {
			clean_up();
			spin_unlock()
		}
	}
	if
	:: ret == OK || ret == OWNER_DIED -> goto inside
	:: else -> ret = OK; goto outside
	fi;

close:
	lockmgr_client_destroy();
	if
	:: round < ROUNDS_OF(me) -> goto attach
	:: else
	fi;

	d_step { finish() }
}

#ifdef SCRIBBLES
inline scribble(what)
{
	atomic {
		d_step {
			scribbles -> scribbles--;
			word = what;
			scribbled = true;
			holder = NONE;
			pending = false;
			strict = NONE;
			passes = 0;
			for (i : 0 .. N - 1) {
				due[i] = false
			}
			i = 0
		}
	}
}

/*
 * A forged word can name a client that lives, but does not hold the lock. It keeps all
 * others out until that client dies. If all threads wait for that, the client dies.
 */
inline kill_who_is_named()
{
	do
	:: done == N -> break
	:: atomic {
		timeout && HOLDER_LIVES(word) && victim == NONE ->
		victim = 0;
		do
		:: victim < N && token[victim] != TOKEN(word) -> victim++
		:: else -> break
		od;
		assert(victim < N && queued[victim])
	   }
	od
}

proctype Scribbler(byte me)
{
	byte ret;
	byte old;
	byte tries;
	byte sleeper = NONE;
	bool hand_over;
	bool mend;
	bool held;
	bool others;
	bool mark;
#ifdef WAKE_EARLY
	byte early = NONE;
#endif

attach:
	lockmgr_space_add_client();
	do
	:: scribble(0)
	:: scribble(WAITERS)
	:: scribble(NO_TOKEN)
	:: scribble(word & ~WAITERS)
	:: scribble(token[me])
	:: scribble(token[0])
	:: scribble(token[1])
	:: break
	od;
	lockmgr_client_destroy();
	mended = true;
	kill_who_is_named()
}
#endif

#ifdef CLOSES
/* The part of lock_retire_or_reopen() under the queue's lock; only that matters here. */
inline lockmgr_lock_retire_or_reopen()
{
	d_step {
		spin_lock();
		if
		:: closed -> word = word | WAITERS; shut = true
#ifndef OPEN_FORGOTTEN
		:: !closed && word == WAITERS -> word = 0
#endif
		:: else
		fi;
		spin_unlock()
	}
}

/* lockmgr_space_set_capacity(), kmod/space.c */
proctype Capacity()
{
	do
	:: d_step { closes -> closes--; settled = false; closed = true }
		lockmgr_lock_retire_or_reopen();
		d_step { closed = false; shut = false }
		lockmgr_lock_retire_or_reopen();
		d_step {
			settled = true;
			expect_free()
		}
	:: break
	od
}
#endif

#if MAX_BYPASSED > 1
proctype Clock()
{
	late = true
}
#endif

init
{
	atomic {
		select(leaves : 0 .. LEAVES);
		select(deaths : 0 .. DEATHS);
#if FORGES
		forges = FORGES;
#endif
#if MAX_BYPASSED > 1
		run Clock();
#else
		late = true;
#endif
		for (i : 0 .. N - 1) {
			run Thread(i)
		}
#ifdef SCRIBBLES
		run Scribbler(N)
#endif
#ifdef CLOSES
		run Capacity()
#endif
	}
}
