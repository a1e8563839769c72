/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One lock of a space that spans a cluster, for Spin: the design of that lock on each node,
 * above a model of one resource of Linux's Distributed Lock Manager (DLM), while processes and
 * nodes die. ./check.t runs it. lock.pml has what the processes of one node do to the word of
 * their lock, step by step; here, each section under the queue's lock is one step.
 *
 * The record on a node
 *
 *	Each lock in use is a DLM resource, which each node that has used it holds in NL or EX.
 *	On a node that has EX the record is open, and the lock is one as in a local space:
 *	processes acquire and release it in memory. Otherwise the record is closed. That is
 *	the state R4 of kmod/lock.c, which retired locks have already: free, and user space
 *	must ask the kernel.
 *
 *	mode	op		what the node does
 *	NL	IDLE		nothing: none of its processes wants the lock
 *	NL	ASKING		has asked for EX; processes wait in the queue
 *	NL	CANCELLING	the last of them has left, so it takes that back
 *	EX	IDLE		open; draining if another node wants EX; closed in a recovery
 *	NL	GIVING		has decided to give EX away, and tells DLM
 *	NL	DROPPING	has decided to forget the lock, and tells DLM
 *
 *	Only a worker calls DLM, because these calls may sleep. It decides under the queue's
 *	lock (worker_decide), and then calls (worker_call). Whatever may give it something to do
 *	kicks it.
 *
 *	A node asks for NL first, and converts that to EX: DLM serves a new request only when
 *	there are no conversions.
 *
 * Giving EX away
 *
 *	DLM's blocking AST (bast) says that another node waits. Under the queue's lock, its
 *	handler sets WAITERS in the word. From then on, each release and each acquisition comes
 *	into the kernel. As in a local space, the word arbitrates: either a release in memory
 *	comes first, and the handler finds the lock free; or that release fails.
 *
 *	When the lock is free, the record is closed: but first, TURNS waiters of the node get
 *	the lock, each by handoff (in the module: those that fit into a time, and at least one).
 *	Then the worker gives EX away. If waiters are left, it asks for EX again at once.
 *	DLM's queue is first come, first served. So a waiter waits for a bounded number of
 *	acquisitions of its own node, then for at most one tenure of each other node, and so on;
 *	and no node gives EX away before a waiter that was there when EX arrived had the lock.
 *
 * Death
 *
 *	A process dies: as in a local space, the word gets DIED. When the node gives EX away,
 *	DIED moves into the resource's value block, and from there into the next node's word.
 *
 *	A node dies: whoever acquires the lock next must be told, because a process of that
 *	node may have held it. DLM itself says so, with VALNOTVALID in grants until somebody
 *	writes the value block, in two cases only (recover_lvb in fs/dlm/recover.c):
 *
 *	- the master of the resource lives, and the dead node had EX;
 *	- the master has died, and no survivor has EX.
 *
 *	Even then it does not say so if nobody ever wrote the value block (set_lvb_lock in
 *	fs/dlm/lock.c). And if no survivor has the resource in any mode, DLM has forgotten it.
 *	In both of these cases the next node finds the value block blank. So a node that finds it
 *	blank takes the last holder for dead if a node has died since the space was made:
 *	if it mourns. Survivors learn that from recover_slot, which comes before any grant.
 *	A node that joins later learns it from a roster of those that have the space open, in
 *	the value block of a resource of the space. Each enters itself, under EX, before it asks
 *	for any lock, and strikes itself out when it leaves. A node that is entered and not a
 *	member has died, and if the roster comes with VALNOTVALID, some node has. Whoever finds
 *	that marks the roster for good. Thus nobody needs to write the value block when a
 *	resource is made.
 *
 *	All this can be a false alarm. There is at most one for each lock and each death of a
 *	node, and one each time that all nodes have forgotten the lock.
 *
 *	DLM sends the conversion that writes the value block without waiting for an answer. If
 *	the master dies before it gets that, no survivor has EX, so VALNOTVALID comes.
 *
 *	A node forgets a lock, to save memory, only while it has EX and the word is 0. In NL it
 *	cannot know whether the value block has DIED. A node that leaves the space while a word
 *	there says more than that leaves its entry in the roster.
 *
 * Recovery
 *
 *	When the members change, DLM stops on each node, and calls recover_prep. From then
 *	until recover_done nothing is open: all records are closed, and the kernel does not give
 *	a lock to anyone either. A process that comes waits in the queue; signals and deadlines
 *	end its wait as always. A release only leaves the lock free. Calls of DLM wait until
 *	it runs again. That, and new grants, can come before recover_done.
 *
 *	prep and done alternate on a node: DLM does not stop for the next change before
 *	recover_done has returned. A node that joins gets recover_done only.
 *
 *	A node that is cut off goes on with what it has, and does not notice at once. The
 *	others declare it dead, and DLM's daemon recovers only when it is fenced. So, in this
 *	model, a node is first cut off, and then stops at any time before the others recover; one
 *	that loses power does both at once. Without fencing, and with all else in place, the
 *	lock has two holders.
 *
 * Ending a wait
 *
 *	A waiter that leaves does not wait for DLM. If it was the last, the worker cancels the
 *	conversion. Either DLM says that it has done so, or EX comes, and the node keeps it
 *	as long as nobody wants it. DLM refuses other calls until a cancellation is answered, and
 *	calls nobody back when there was nothing to cancel: the worker tries again, later.
 *
 *	trylock is a wait with a short deadline: only the node that has EX knows whether
 *	the lock is held.
 *
 * What fails, and what comes of it
 *
 *	a process			its locks are released; the next holder learns of it, on
 *					whatever node it is
 *	a node				the others wait until it is fenced and DLM has recovered;
 *					the next holder of each lock that it had learns of it,
 *					and perhaps those of others
 *	the master of a resource	the same
 *	the network, for one node	that node closes its records when it notices, and is
 *					fenced
 *	dlm_controld or corosync	for the others, that node has died. It gets no
 *	on one node			recover_done any more: what waits there ends only by
 *					signals and deadlines, until the node is restarted
 *	a recovery that does not end	(no quorum, no fencing device that works) the same, on
 *					all nodes
 *	the module is unloaded		refused while a space is joined
 *	a node is suspended		the others fence it
 *
 * What is left out: other locks, times, and DLM's directory of masters. What DLM receives on a
 * node, and what it calls lockmgr back with, is one queue; when the master dies, any number of
 * the last messages in it may not have arrived. DLM's recovery is one step for all survivors,
 * because it has barriers in it. Afterwards they wait in any order.
 *
 * Size:
 *
 *	N		nodes
 *	P		processes: one on each node but node 0, which has the others
 *	ROUNDS		lock calls of each process
 *	LEAVES		waiters that leave, in total
 *	DEATHS		processes that die while they hold the lock, in total
 *	CUTS		nodes that are cut off or die, in total
 *	JOINS		nodes that come back after that, in total
 *	DROPS		times that a node forgets the lock, in total
 *	CHANGES		recoveries without a death, as after a node has joined
 *	TURNS		waiters of a node that get the lock after the bast
 *
 * As in lock.pml, a run may have fewer of these, and each #ifdef below that tests none of them
 * is a mutation.
 */

#ifndef N
#define N 2
#endif
#ifndef P
#define P 3
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef LEAVES
#define LEAVES 0
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef CUTS
#define CUTS 0
#endif
#ifndef JOINS
#define JOINS 0
#endif
#ifndef CHANGES
#define CHANGES 0
#endif
#ifndef DROPS
#define DROPS 0
#endif
#ifndef TURNS
#define TURNS 1
#endif
/* The nodes that may get EX before one that waits for it: each of the others, but the holder. */
#ifndef BOUND
#define BOUND (N - 2)
#endif

#if N == 2
#define ANY(f)		(f(0) || f(1))
#define ALL(f)		(f(0) && f(1))
#else
#define ANY(f)		(f(0) || f(1) || f(2))
#define ALL(f)		(f(0) && f(1) && f(2))
#endif

#define NODE(p)		((p) <= P - N -> 0 : (p) - (P - N))
#define NOBODY		P
#define NOWHERE		N

/* Modes of a lock in DLM */
#define NONE		0
#define NL		1
#define EX		2

/* What a node's worker has begun, or calls DLM for */
#define IDLE		0
#define ASKING		1
#define CANCELLING	2
#define GIVING		3
#define DROPPING	4

/* Messages, and what DLM calls back with */
#define GRANT		0
#define BAST		1
#define CANCELLED	2
#define NOTHING		3	/* there was nothing to cancel; calls nobody back */
#define ASK		4
#define CANCEL		5
#define GIVE		6
#define DROP		7
#define DROPPED		8

/* What a value block says of the lock's last holder */
#define LEFT		0
#define DIED		1
#define BLANK		2

/* Where a process is */
#define OUTSIDE		0
#define WAITING		1
#define INSIDE		2
#define GONE		3

/* enum lockmgr_wait_state, kmod/wait.h */
#define QUEUED		0
#define WOKEN		1
#define GRANTED		2

/* Whether a node is there */
#define UP		0
#define CUT		1	/* runs, but the others do not hear it */
#define LONE		2	/* the others have recovered without it, but it runs */
#define STOPPED		3	/* fenced, or dead for another reason */
#define AWAY		4	/* not a member */
#define COMING		5	/* joins at the next recovery */

/* Where it is in a recovery */
#define RUNNING		0
#define PREPARED	1	/* after recover_prep: DLM does not run */
#define RECOVERED	2	/* DLM runs again; before recover_done */

/* Processes */
byte at[P];
byte rounds[P];
byte place[P];			/* in the queue of the node, from 1 on; 0: not in it */
byte state[P];
bool died[P];			/* of a waiter that was granted the lock: the holder died */

/* Nodes: the word */
byte owner[N];			/* the process, or NOBODY */
bool waiters[N];		/* WAITERS */
bool dead[N];			/* DIED */

/* Nodes: what the module knows of the lock in DLM */
byte mode[N];			/* NL or EX */
byte op[N];
byte call[N];			/* what the worker is about to call DLM for */
bool gift[N];			/* what it gives away: the holder died */
bool kicked[N];
#ifdef BAST_WITHOUT_LOCK
bool marks[N];			/* has seen that the lock is held, and will mark it */
#endif
bool wanted[N];			/* another node waits for EX */
byte turns[N];			/* handoffs since then */
byte phase[N];
bool mourned[N];		/* a node has died since the space was made */

/* DLM's part on each node */
byte status[N];
bool has[N];			/* has a lock on the resource, in one mode or another */
byte view[N];			/* NL or EX, as far as the node knows */
bool asks[N];			/* waits for EX */
bool cancels[N];		/* waits for the answer to a cancellation */
bool forgets[N];		/* waits for the answer when it drops the lock */
chan cast[N] = [4] of { byte, byte };	/* from the master, or called back */
byte here[N];			/* those that have arrived, and wait to be called back with */
chan to_master[N] = [4] of { byte, byte };

/* DLM's part on the master of the resource */
byte master = NOWHERE;
byte granted[N];		/* NONE, NL or EX */
byte turn[N];			/* in the queue of conversions, from 1 on */
bool basted;			/* the holder of EX has been sent a bast */
byte value = BLANK;
bool invalid;			/* VALNOTVALID */
bool changed;			/* the members change without a death */

byte leaves;
byte deaths;
byte cuts;
byte joins;
byte changes;
byte drops;

/* What the specification sees. */
byte holder = NOBODY;
bool pending;			/* a holder died, and no call said so yet */
byte alarms;			/* nodes that died, and no call said so yet */
byte after[N];			/* acquisitions on a node since it knows that another waits */
byte served[N];			/* first in the queue when EX arrived, and not served yet */
byte passed[N];			/* other nodes that got EX since this one waits for it */

hidden byte i;
hidden byte j;
hidden byte first;
hidden byte count;
hidden byte kind;
hidden byte news;
hidden byte keep;

/* ------------------------------------------------------------------------
 * The specification
 */

/* p holds the lock from now on, and its call returns that the last holder died, or does not. */
inline acquire(p, said)
{
	assert(holder == NOBODY);
	assert(phase[NODE(p)] == RUNNING);
	assert(said == pending || (said && alarms));
	holder = p;
	if
	:: said && !pending -> alarms--
	:: else -> pending = false
	fi;
	if
	:: wanted[NODE(p)] -> after[NODE(p)]++; assert(after[NODE(p)] <= TURNS)
	:: else
	fi;
	if
	:: served[NODE(p)] == p -> served[NODE(p)] = NOBODY
	:: else
	fi
}

inline give_up(p)
{
	if
	:: served[NODE(p)] == p -> served[NODE(p)] = NOBODY
	:: else
	fi
}

/* ------------------------------------------------------------------------
 * The queue of a node
 */

inline queue_first(n)
{
	first = NOBODY;
	count = 0;
	for (i : 0 .. P - 1) {
		if
		:: place[i] && NODE(i) == n ->
			count++;
			if
			:: place[i] == 1 -> first = i
			:: else
			fi
		:: else
		fi
	}
	i = 0
}

inline queue_add(p)
{
	queue_first(NODE(p));
	place[p] = count + 1;
	state[p] = QUEUED
}

inline queue_del(p)
{
	for (i : 0 .. P - 1) {
		if
		:: place[i] > place[p] && NODE(i) == NODE(p) -> place[i]--
		:: else
		fi
	}
	i = 0;
	place[p] = 0
}

/* ------------------------------------------------------------------------
 * The lock on a node. All of this is under the queue's lock, except what user space does.
 */

/* Whether the record of a free lock is open. */
#define IS_OPEN(n)	(mode[n] == EX && phase[n] == RUNNING && !wanted[n])

inline kick(n)
{
	kicked[n] = true
}

/* "hand off": the first waiter gets the lock. */
inline hand_off(n)
{
	place[first] = 0;
	for (i : 0 .. P - 1) {
		if
		:: place[i] && NODE(i) == n -> place[i]--
		:: else
		fi
	}
	i = 0;
	state[first] = GRANTED;
	died[first] = dead[n];
	dead[n] = false;
	owner[n] = first;
	waiters[n] = count > 1 || wanted[n];
	acquire(first, died[first])
}

/* The lock is free, and another node wants it. */
inline yield(n)
{
	queue_first(n);
	if
#ifdef TURNS_IGNORED
	:: first != NOBODY ->
#else
	:: first != NOBODY && turns[n] < TURNS ->
#endif
		turns[n]++;
		hand_off(n)
	:: else ->
		waiters[n] = true;
		kick(n)
	fi
}

/* The lock is free, and no other node wants it: as after a release in a local space. */
inline open(n)
{
	waiters[n] = false;
	queue_first(n);
	if
	:: first != NOBODY -> state[first] = WOKEN
	:: else
	fi
}

/* "release slowly"; wakes the first waiter, or hands off to it, as its turn is due or not */
inline release_slowly(n, with_death, due)
{
	owner[n] = NOBODY;
	dead[n] = with_death;
	if
	:: phase[n] != RUNNING -> waiters[n] = true
#ifndef WANTED_IGNORED
	:: phase[n] == RUNNING && wanted[n] -> yield(n)
	:: phase[n] == RUNNING && !wanted[n] ->
#else
	:: phase[n] == RUNNING ->
#endif
		queue_first(n);
		if
		:: first != NOBODY && due -> hand_off(n)
		:: else -> open(n)
		fi
	fi
}

/* ------------------------------------------------------------------------
 * DLM on the master
 */

/* The master sends, or calls back on its own node. */
inline send(n, what, with)
{
	if
	:: n == master || (status[n] == UP && status[master] == UP) -> cast[n] ! what, with
	:: else
	fi
}

inline dlm_grant(n)
{
	granted[n] = EX;
	basted = false;
#ifdef FLAG_IGNORED
	send(n, GRANT, value);
#else
	send(n, GRANT, (value != BLANK && invalid -> DIED : value));
#endif
	for (j : 0 .. N - 1) {
		if
		:: turn[j] ->
			passed[j]++;
			assert(passed[j] <= BOUND);
			if
			:: !basted -> basted = true; send(n, BAST, 0)
			:: else
			fi
		:: else
		fi
	}
	j = 0
}

inline dlm_unqueue(n)
{
	for (j : 0 .. N - 1) {
		if
		:: turn[j] > turn[n] -> turn[j]--
		:: else
		fi
	}
	j = 0;
	turn[n] = 0;
	passed[n] = 0
}

/* i: who holds EX; count: how many wait for it; first: the first of them */
inline dlm_look()
{
	i = NOWHERE;
	first = NOWHERE;
	count = 0;
	for (j : 0 .. N - 1) {
		if
		:: granted[j] == EX -> i = j
		:: else
		fi;
		if
		:: turn[j] -> count++
		:: else
		fi;
		if
		:: turn[j] == 1 -> first = j
		:: else
		fi
	}
	j = 0
}

#define IS_MOURNING(n)	(mourned[n])
#define HAS_LOCK(n)	(granted[n] != NONE)

inline dlm_grant_pending()
{
	dlm_look();
	if
	:: i == NOWHERE && first != NOWHERE ->
		dlm_unqueue(first);
		dlm_grant(first)
	:: i != NOWHERE && first != NOWHERE && !basted ->
		basted = true;
		send(i, BAST, 0)
	:: else
	fi;
	i = 0
}

inline dlm_ask(n)
{
	has[n] = true;
	if
	:: granted[n] == NONE -> granted[n] = NL
	:: else
	fi;
	dlm_look();
	turn[n] = count + 1
}

inline dlm_give(n, with)
{
	assert(granted[n] == EX);
	granted[n] = NL;
	value = with;
	invalid = false
}

inline dlm_cancel(n)
{
	if
	:: turn[n] -> dlm_unqueue(n); send(n, CANCELLED, 0)
	:: else -> send(n, NOTHING, 0)
	fi
}

/* When no node has a lock on the resource any more, DLM forgets what its value block says. */
inline dlm_drop(n)
{
	assert(granted[n] == EX);
	granted[n] = NONE;
	has[n] = false;
	invalid = false;
	if
	:: ANY(HAS_LOCK) -> value = LEFT
	:: else -> value = BLANK; alarms = alarms + ANY(IS_MOURNING)
	fi;
	send(n, DROPPED, 0)
}

/* The master receives what is in kind and news. */
inline dlm_receive(n)
{
	if
	:: kind == ASK -> dlm_ask(n)
	:: kind == GIVE -> dlm_give(n, news)
	:: kind == CANCEL -> dlm_cancel(n)
	:: kind == DROP -> dlm_drop(n)
	fi;
	dlm_grant_pending()
}

/* On the node: DLM is called, for kind, with news. The first node that asks is the master. */
inline dlm_call(n)
{
	if
	:: master == NOWHERE && kind != NOTHING -> master = n
	:: else
	fi;
	if
	:: kind == NOTHING
	:: kind != NOTHING && master == n -> dlm_receive(n)
	:: kind != NOTHING && master != n && status[n] == UP && status[master] == UP ->
		to_master[n] ! kind, news
	:: else
	fi
}

/* ------------------------------------------------------------------------
 * The worker of a node
 */

inline worker_decide(n)
{
	kicked[n] = false;
	queue_first(n);
	if
	:: phase[n] != RUNNING		/* recover_done kicks */
	:: phase[n] == RUNNING && op[n] == IDLE && mode[n] == NL && count ->
		op[n] = ASKING;
		call[n] = ASKING
	:: phase[n] == RUNNING && op[n] == IDLE && mode[n] == EX && wanted[n] &&
	   owner[n] == NOBODY && waiters[n] ->
		assert(served[n] == NOBODY);
		mode[n] = NL;
		wanted[n] = false;
		turns[n] = 0;
		after[n] = 0;
		op[n] = GIVING;
		call[n] = GIVING;
		gift[n] = dead[n];
#ifndef DIED_KEPT
		dead[n] = false
#endif
	:: phase[n] == RUNNING && op[n] == ASKING && !count ->
		op[n] = CANCELLING;
		call[n] = CANCELLING
	:: else
	fi
}

/* The node forgets a lock whose record says nothing; which only a node that has EX can know. */
#ifdef DROPPED_WITH_NEWS
#define IS_CLEAN(n)	(owner[n] == NOBODY)
#else
#define IS_CLEAN(n)	(owner[n] == NOBODY && !dead[n])
#endif
#define MAY_DROP(n)	(IS_OPEN(n) && IS_CLEAN(n) && op[n] == IDLE && !kicked[n])

inline drop(n)
{
	queue_first(n);
	if
	:: count
	:: else ->
		drops--;
		mode[n] = NL;
		waiters[n] = true;
		dead[n] = false;
		op[n] = DROPPING;
		call[n] = DROPPING
	fi
}

/* DLM runs; and it does not refuse because of a cancellation that is not answered yet. */
#ifdef REFUSAL_IGNORED
#define MAY_CALL(n)	(call[n] && phase[n] != PREPARED && RUNS(n))
#else
#define MAY_CALL(n)	(call[n] && phase[n] != PREPARED && RUNS(n) && !cancels[n])
#endif

inline worker_call(n)
{
	kind = NOTHING;
	news = 0;
	if
#ifdef REFUSAL_IGNORED
	:: cancels[n]
#endif
	:: call[n] == ASKING ->
		asks[n] = true;
		kind = ASK
	:: call[n] == GIVING ->
		view[n] = NL;
		kind = GIVE;
#ifndef DIED_NOT_WRITTEN
		news = (gift[n] -> DIED : LEFT);
#endif
		gift[n] = false;
		/* DLM on this node calls back at once. */
		op[n] = IDLE;
#ifndef ASK_AGAIN_FORGOTTEN
		kick(n)
#endif
	:: call[n] == DROPPING ->
		view[n] = NL;
		forgets[n] = true;
		kind = DROP
	:: call[n] == CANCELLING && asks[n] ->
		cancels[n] = true;
		kind = CANCEL
	:: else		/* EX has come meanwhile */
	fi;
	call[n] = IDLE;
	dlm_call(n)
}

/* ------------------------------------------------------------------------
 * DLM calls back
 */

inline granted_ast(n, what)
{
	view[n] = EX;
	asks[n] = false;
	assert(mode[n] == NL && owner[n] == NOBODY);
	mode[n] = EX;
#ifdef BLANK_IS_CLEAN
	dead[n] = dead[n] || what == DIED;
#else
	dead[n] = dead[n] || what == DIED || (what == BLANK && mourned[n]);
#endif
	queue_first(n);
	served[n] = first;
	if
#ifdef GRANT_IGNORED
	:: op[n] == CANCELLING -> mode[n] = NL
	:: op[n] != CANCELLING && phase[n] != RUNNING
#else
	:: phase[n] != RUNNING
#endif
#ifdef GRANT_BEATS_RECOVERY
		-> open(n)
#endif
	:: else -> open(n)
	fi;
	op[n] = IDLE
}

inline cancelled_ast(n)
{
	cancels[n] = false;
	asks[n] = false;
	op[n] = IDLE;
#ifndef CANCELLED_UNSEEN
	/* A process may have come meanwhile. */
	kick(n)
#endif
}

inline bast(n)
{
	if
	:: mode[n] == EX && !wanted[n] ->
		wanted[n] = true;
		if
		:: phase[n] != RUNNING
		:: phase[n] == RUNNING && owner[n] != NOBODY ->
#ifdef BAST_WITHOUT_LOCK
			marks[n] = true
#endif
#ifdef MARK_FORGOTTEN
			skip
#endif
#if !defined(BAST_WITHOUT_LOCK) && !defined(MARK_FORGOTTEN)
			waiters[n] = true
#endif
		:: phase[n] == RUNNING && owner[n] == NOBODY -> yield(n)
		fi
#ifdef TURNS_RESET
	:: mode[n] == EX && wanted[n] -> turns[n] = 0
#endif
	:: else		/* given away already, or known */
	fi
}

inline call_back(n, what, with)
{
	if
	:: what == GRANT -> granted_ast(n, with)
	:: what == BAST -> bast(n)
	:: what == CANCELLED -> cancelled_ast(n)
	:: what == NOTHING -> cancels[n] = false
	:: what == DROPPED -> forgets[n] = false; op[n] = IDLE; kick(n)
	fi
}

inline recover_prep(n)
{
	phase[n] = PREPARED;
#ifdef PREP_SKIPS_HELD
	waiters[n] = waiters[n] || owner[n] == NOBODY
#endif
#ifdef PREP_LEAVES_OPEN
	waiters[n] = waiters[n] || owner[n] != NOBODY
#endif
#if !defined(PREP_SKIPS_HELD) && !defined(PREP_LEAVES_OPEN)
	waiters[n] = true
#endif
}

inline recover_done(n)
{
	phase[n] = RUNNING;
	if
#ifndef DONE_LEAVES_CLOSED
	:: mode[n] == EX && owner[n] == NOBODY && !wanted[n] -> open(n)
#endif
#ifdef DONE_OPENS_ALL
	:: mode[n] == EX && owner[n] == NOBODY && wanted[n] -> open(n)
#else
	:: mode[n] == EX && owner[n] == NOBODY && wanted[n] -> yield(n)
#endif
	:: else
	fi;
#ifndef DONE_WITHOUT_KICK
	kick(n)
#endif
}

/* ------------------------------------------------------------------------
 * Recovery
 */

#define IS_MEMBER(n)	(status[n] <= LONE)
#define IS_LOST(n)	(status[n] == CUT || status[n] == STOPPED)
#ifdef FENCING_OFF
#define IS_READY(n)	(status[n] == UP -> phase[n] == PREPARED : true)
#else
#define IS_READY(n)	(status[n] == UP -> phase[n] == PREPARED : status[n] != CUT)
#endif

#define IS_CHANGING	(changed || ANY(IS_LOST))

inline flush(channel)
{
	do
	:: len(channel) -> channel ? kind, news
	:: else -> break
	od
}

/* The master has died; only the first messages to n have arrived before. */
inline dlm_lose_messages(n)
{
	count = 0;
	i = len(cast[n]);
	do
	:: count < i ->
		cast[n] ? kind, news;
		if
		:: count < here[n] ->
			cast[n] ! kind, news;
			if
			:: kind == GRANT -> view[n] = EX
			:: kind == CANCELLED -> asks[n] = false; cancels[n] = false
			:: kind == DROPPED -> forgets[n] = false
			:: else
			fi
		:: else
		fi;
		count++
	:: else -> break
	od
}

/* A survivor tells the new master what it has. */
inline dlm_rebuild(n)
{
	flush(to_master[n]);
	if
	:: forgets[n] -> forgets[n] = false; has[n] = false; cast[n] ! DROPPED, 0
	:: else
	fi;
	granted[n] = (has[n] -> view[n] : NONE);
	if
	:: master == NOWHERE && (has[n] || asks[n]) -> master = n
	:: else
	fi
}

/* A survivor waits for the dead master's answer. */
inline dlm_ask_again(n)
{
	if
	:: asks[n] && view[n] == NL && cancels[n] ->
		asks[n] = false;
		cast[n] ! CANCELLED, 0
	:: asks[n] && view[n] == NL && !cancels[n] ->
		has[n] = true;
		granted[n] = NL;
		dlm_look();
		turn[n] = count + 1
	:: else -> cancels[n] = false
	fi
}

/* If a survivor has EX, it writes the value block before another reads it. */
inline dlm_recover_value()
{
	dlm_look();
	value = (ANY(HAS_LOCK) -> LEFT : BLANK);
	invalid = value != BLANK && i == NOWHERE
}

/* What DLM does on the master about a node that has died. */
inline dlm_purge(n)
{
	if
	:: granted[n] == EX -> invalid = true
	:: else
	fi;
	granted[n] = NONE;
	if
	:: turn[n] -> dlm_unqueue(n)
	:: else
	fi;
	has[n] = false;
	flush(to_master[n]);
	flush(cast[n]);
	here[n] = 0
}

/* The module on a node that has lost its master, or not. */
inline node_recovered(n, death)
{
#ifdef ROSTER_UNREAD
	mourned[n] = mourned[n] || death;
#else
	mourned[n] = mourned[n] || death || status[n] == COMING;
#endif
	status[n] = UP;
	phase[n] = RECOVERED
}

/*
 * DLM's recovery, which its barriers make one step. With two survivors at most, they queue
 * in one of two orders.
 */
proctype Recovery()
{
	bool backwards;
	bool death;
	bool new;
	byte n;
	byte other;

end:	do
	:: atomic {
		IS_CHANGING && ALL(IS_READY) ->
		if
		:: master != NOWHERE && IS_LOST(master) ->
			new = true;
			for (n : 0 .. N - 1) {
				if
				:: status[n] == UP ->
					do
					:: here[n] < len(cast[n]) -> here[n]++
					:: break
					od
				:: else
				fi
			}
			if
			:: backwards = false
			:: backwards = true
			fi
		:: else
		fi;
		d_step {
			if
			:: new ->
				master = NOWHERE;
				basted = false;
				for (n : 0 .. N - 1) {
					turn[n] = 0;
					passed[n] = 0
				}
			:: else
			fi;
			for (n : 0 .. N - 1) {
				if
				:: IS_LOST(n) -> death = true; dlm_purge(n)
				:: else
				fi;
				if
				:: status[n] == UP && new ->
					dlm_lose_messages(n);
					dlm_rebuild(n)
				:: else
				fi
			}
			if
			:: new ->
				dlm_recover_value();
				for (n : 0 .. N - 1) {
					other = (backwards -> N - 1 - n : n);
					if
					:: status[other] == UP -> dlm_ask_again(other)
					:: else
					fi
				}
				other = 0
			:: !new && !ANY(HAS_LOCK) -> value = BLANK; invalid = false
			:: else
			fi;
			for (n : 0 .. N - 1) {
				if
				:: status[n] == UP || status[n] == COMING ->
					node_recovered(n, death)
				:: status[n] == CUT -> status[n] = LONE; alarms++
				:: status[n] == STOPPED -> status[n] = AWAY
				:: else
				fi
			}
			changed = false;
			if
			:: master != NOWHERE -> dlm_grant_pending()
			:: else
			fi;
			new = false;
			backwards = false;
			death = false;
			n = 0;
			i = 0;
			j = 0
		}
	   }
#if CHANGES
	:: d_step { changes && !changed -> changes--; changed = true }
#endif
	od
}

/* ------------------------------------------------------------------------
 * Nodes and processes
 */

#define RUNS(n)		(status[n] <= LONE)
#define MASTER_RUNS	(master != NOWHERE && RUNS(master) && phase[master] != PREPARED)

inline node_reset(n)
{
	owner[n] = NOBODY;
	waiters[n] = true;
	dead[n] = false;
	mode[n] = NL;
	op[n] = IDLE;
	call[n] = IDLE;
	gift[n] = false;
	kicked[n] = false;
	wanted[n] = false;
	turns[n] = 0;
	phase[n] = RUNNING;
	mourned[n] = false;
	view[n] = NL;
	asks[n] = false;
	cancels[n] = false;
	forgets[n] = false;
	after[n] = 0;
	served[n] = NOBODY
}

/* The node halts, with all its processes. */
inline node_stop(n)
{
	status[n] = STOPPED;
	if
	:: holder != NOBODY && NODE(holder) == n -> holder = NOBODY; pending = true
	:: else
	fi;
	for (i : 0 .. P - 1) {
		if
		:: NODE(i) == n ->
			at[i] = GONE;
			place[i] = 0;
			state[i] = QUEUED;
			died[i] = false
		:: else
		fi
	}
	i = 0;
	/* The space goes with its last node. */
	pending = pending && ANY(RUNS);
	alarms++;
	node_reset(n)
}

/* It is on again, and joins. */
inline node_come(n)
{
	status[n] = COMING;
	changed = true;
	for (i : 0 .. P - 1) {
		if
		:: NODE(i) == n -> at[i] = OUTSIDE
		:: else
		fi
	}
	i = 0
}

proctype Node(byte me)
{
end:	do
	:: d_step {
		RUNS(me) && len(cast[me]) ->
		cast[me] ? kind, news;
		here[me] = (here[me] -> here[me] - 1 : 0);
		call_back(me, kind, news)
	   }
#ifdef BAST_WITHOUT_LOCK
	:: d_step { marks[me] -> marks[me] = false; waiters[me] = true }
#endif
	:: d_step { RUNS(me) && kicked[me] && !call[me] -> worker_decide(me) }
	:: d_step { MAY_CALL(me) -> worker_call(me) }
	:: d_step {
		len(to_master[me]) && MASTER_RUNS ->
		to_master[me] ? kind, news;
		dlm_receive(me)
	   }
#if DROPS
	:: d_step { RUNS(me) && drops && MAY_DROP(me) -> drop(me) }
#endif
	:: d_step { RUNS(me) && phase[me] == RUNNING && IS_CHANGING -> recover_prep(me) }
	:: d_step { RUNS(me) && phase[me] == RECOVERED -> recover_done(me) }
#if CUTS
	:: d_step { status[me] == UP && cuts -> cuts--; status[me] = CUT }
	:: d_step { status[me] == CUT -> node_stop(me) }
#endif
#if JOINS
	:: d_step { status[me] == AWAY && joins -> joins--; node_come(me) }
#endif
	od
}

/* "acquire slowly" */
inline take(p, n)
{
	queue_first(n);
	owner[n] = p;
	waiters[n] = count > 0;
	acquire(p, dead[n]);
	dead[n] = false
}

/* Acquire the lock, or queue up. */
inline lock(p, n)
{
	if
	/* in memory */
	:: owner[n] == NOBODY && !dead[n] && !waiters[n] ->
		owner[n] = p;
		at[p] = INSIDE;
		acquire(p, false)
	/* in the kernel */
	:: owner[n] == NOBODY && (dead[n] || waiters[n]) && IS_OPEN(n) ->
		assert(!waiters[n]);
		take(p, n);
		at[p] = INSIDE
	:: else ->
		queue_add(p);
		at[p] = WAITING;
		waiters[n] = true;
#ifndef ASK_FORGOTTEN
		kick(n)
#endif
	fi
}

/* After a wake-up. If the lock is held, mark it; if the record is closed, opening it wakes. */
inline look(p, n)
{
	if
	:: owner[n] == NOBODY && IS_OPEN(n) ->
		queue_del(p);
		take(p, n);
		at[p] = INSIDE
	:: else ->
		waiters[n] = true
	fi;
	state[p] = QUEUED
}

/* Or the process dies. */
inline unlock(p, n)
{
	holder = NOBODY;
	at[p] = OUTSIDE;
	pending = dies;
	if
	:: !dies && !waiters[n] -> owner[n] = NOBODY
	:: else -> release_slowly(n, dies, due)
	fi
}

inline leave(p, n)
{
	queue_del(p);
	give_up(p);
	at[p] = OUTSIDE;
	kick(n)
}

#define MAY_WAKE(n)	(waiters[n] && !wanted[n] && phase[n] == RUNNING)

proctype Process(byte me)
{
	bool due;
	bool dies;

end:	do
	:: d_step {
		at[me] == OUTSIDE && rounds[me] && RUNS(NODE(me)) ->
		rounds[me]--;
		lock(me, NODE(me))
	   }
	:: d_step {
		at[me] == WAITING && state[me] == GRANTED ->
		state[me] = QUEUED;
		died[me] = false;
		at[me] = INSIDE
	   }
	:: d_step { at[me] == WAITING && state[me] == WOKEN -> look(me, NODE(me)) }
#if LEAVES
	:: d_step {
		at[me] == WAITING && state[me] == QUEUED && leaves ->
		leaves--;
		leave(me, NODE(me))
	   }
#endif
	:: atomic {
		at[me] == INSIDE ->
		if
		:: due = true
		:: MAY_WAKE(NODE(me))
		fi;
#if DEATHS
		if
		:: true
		:: deaths -> deaths--; dies = true
		fi;
#endif
		d_step {
			unlock(me, NODE(me));
			due = false;
			dies = false
		}
	   }
	od
}

/* ------------------------------------------------------------------------
 * When nothing can happen any more
 */

#define IS_OVER(p)	(at[p] == GONE || (at[p] == OUTSIDE && !rounds[p]) || \
			 status[NODE(p)] == LONE)

/* A death that no call has reported yet is written down where the next one will find it. */
inline expect_news()
{
	keep = value == DIED || (value != BLANK && invalid);
	for (i : 0 .. N - 1) {
		if
		:: RUNS(i) && (dead[i] || (value == BLANK && mourned[i])) -> keep = true
		:: else
		fi
	}
	i = 0;
	assert(keep || !pending)
}

proctype Watch()
{
end:	atomic {
		timeout ->
		d_step {
			for (i : 0 .. P - 1) {
				assert(IS_OVER(i))
			}
			assert(holder == NOBODY);
			expect_news()
		}
	}
}

init
{
	atomic {
		select(leaves : 0 .. LEAVES);
		select(deaths : 0 .. DEATHS);
		select(cuts : 0 .. CUTS);
		select(joins : 0 .. JOINS);
		select(changes : 0 .. CHANGES);
		select(drops : 0 .. DROPS);
		for (i : 0 .. N - 1) {
			node_reset(i);
			run Node(i)
		}
		for (i : 0 .. P - 1) {
			rounds[i] = ROUNDS;
			run Process(i)
		}
		run Recovery();
		run Watch()
	}
}
