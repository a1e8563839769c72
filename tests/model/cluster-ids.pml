/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which ids of a space that spans a cluster are allocated, for Spin: the design, above a model
 * of Linux's Distributed Lock Manager (DLM), while nodes die and join. ./check.t runs it.
 *
 * What is promised: an id is never handed out twice, and an allocation lasts while one node
 * keeps the space open, whichever nodes die.
 *
 * The design
 *
 *	A page of 256 ids is a DLM resource, whose value block of 32 bytes is the bitmap of
 *	those that are allocated. Each node that has the space open has a lock on each page that
 *	was ever used, so that DLM does not forget it, and DLM keeps a copy of the value block
 *	with that lock. Three more resources of the space order the changes:
 *
 *	token		in EX: the node that changes something, or joins
 *	message		what was changed: the number of the page
 *	ack		in CR: each node that has the space open, while it has missed nothing
 *
 *	Allocating or freeing an id:
 *
 *	A1	token: NL to EX, and it stays so until the end
 *	A2	message: NL to EX; so all others are through with the change before
 *	A3	page: NL to EX, which reads it; changes it
 *	A4	page: EX to NL, which writes it
 *	A5	message: EX to CR, which writes it
 *	A6	ack: CR to EX; so all others have read the page
 *	A7	if a recovery began after A2: ack to CR, message to NL, and again from A2 on
 *	A8	ack: EX to CR; message: CR to NL; only now does the call return
 *
 *	Another node's bast for ack says that something was changed:
 *
 *	B1	message: NL to CR, which reads it
 *	B2	page: NL to CR, which reads it, and back
 *	B3	ack: CR to NL
 *	B4	ack: NL to CR, which waits for A8
 *	B5	message: CR to NL
 *
 *	A node that joins takes the token in EX, reads all pages, and takes ack in CR before it
 *	gives the token back. If the last of the others dies before, the space was made anew.
 *
 *	drivers/md/md-cluster.c sends messages between nodes in this way, too.
 *
 * Why the others must have read the page
 *
 *	DLM keeps a value block on the master of the resource, and a copy on each node, as of
 *	its last conversion upwards. When the master dies, it takes the newest copy of a
 *	survivor (recover_lvb in fs/dlm/recover.c). If the master itself had written last,
 *	nobody has that: the page is as it was before, ids that were handed out look free. Once
 *	all have read it, each survivor has a copy that is as new. So VALNOTVALID says nothing
 *	that matters here: what DLM finds has all changes whose calls have returned.
 *
 *	Copies have numbers, and the newest wins. The writer's own copy keeps the number that it
 *	had when the node got EX, and DLM takes any of those that are equal. So a recovery may
 *	undo a write whose writer lives, but whose message was lost with the master: hence A7.
 *	The writer has the token, so nobody else changed the page meanwhile, and doing
 *	the same again does no harm.
 *
 *	A writer that dies may leave its change in some copies and not in others. DLM takes one
 *	of them. No call has returned that id; it stays allocated or does not.
 *
 * What else was considered
 *
 *	Bitmaps without ack: cheaper by one round of messages, but see above. That is the
 *	mutation UNACKNOWLEDGED. Keeping out of use whatever looks free after a recovery
 *	would not make it right: an id that was handed out would count as not allocated.
 *
 *	"Allocated" means that somebody holds CR on the id's own resource; allocating tries
 *	EX with NOQUEUE. DLM rebuilds locks from all survivors, so no state can be older than
 *	another. But an allocation survives its node only if another node holds CR, too, so it
 *	takes the same round of messages before the call returns. Then each allocated id costs
 *	560 bytes on each node, used or not, and a second resource beside the lock's own: CR
 *	excludes EX, so they cannot be the same. A node that joins must find and take CR
 *	on each of them: 312 us each in an emulated machine, five minutes for a million; and each
 *	recovery sends them all. A page costs 600 bytes on a node for 256 ids.
 *
 *	A value block with the changes since, and all bitmaps in the nodes' memory: no pages in
 *	DLM, but a node that joins needs all of them from another, and after a death the nodes
 *	may differ in the last change of each writer that has died.
 *
 * What is left out: all pages but one; what a recovery closes to user space, which has no part
 * in this; conversions on their way, except those that write the page: the others can only be
 * late. A node that is cut off is fenced before the others recover; so it is dead here.
 *
 * Size:
 *
 *	N		nodes
 *	IDS		ids
 *	OPS		allocations and frees of each node
 *	FREES		frees among them, in total
 *	CUTS		nodes that die, in total; one always stays
 *	JOINS		nodes that come back after that, in total
 *
 * As in lock.pml, a run may have fewer of these, and each #ifdef below that tests none of them
 * is a mutation.
 */

#ifndef N
#define N 2
#endif
#ifndef IDS
#define IDS 2
#endif
#ifndef OPS
#define OPS 2
#endif
#ifndef FREES
#define FREES 1
#endif
#ifndef CUTS
#define CUTS 1
#endif
#ifndef JOINS
#define JOINS 0
#endif

#define NOWHERE		N

/* Modes */
#define NL		0
#define CR		1
#define EX		2

/* Nodes */
bool alive[N];
bool member[N];			/* has the space open */
byte ended[N];			/* of its two processes, after its death */
bool listening[N];		/* between B1 and B5 */
byte message[N];		/* modes */
byte ack[N];
byte token = NOWHERE;		/* who has it in EX */
byte calling = NOWHERE;		/* who waits for ack in EX: the others get a bast */
bool disturbed[N];		/* a recovery has begun */
byte ops[N];
bool idle[N];
byte id[N];			/* what it allocates or frees; IDS: not known yet */
bool freeing[N];

/* The page: a node's lock on it, with a copy of the value block */
bool has[N];
byte copy[N];
byte number[N];

/* The page: DLM on its master */
byte master;
byte writer = NOWHERE;		/* who has EX */
bool written;			/* that node has written; the message is on its way */
byte value;
byte newest;

bool died;			/* a node died, and DLM has not recovered yet */
byte frees;
byte cuts;
byte joins;

/* What the specification sees. */
bool given[IDS];		/* allocated by a call that has returned, and not freed */
bool leaked;			/* a node died while it changed something */

hidden byte i;
hidden byte best;
hidden byte who;

#define BIT(id)		(1 << (id))

#if N == 2
#define ALL(f)		(f(0) && f(1))
#define COUNT(f)	(f(0) + f(1))
#else
#define ALL(f)		(f(0) && f(1) && f(2))
#define COUNT(f)	(f(0) + f(1) + f(2))
#endif

/* ------------------------------------------------------------------------
 * DLM
 */

#define IS_MEMBER(n)		(alive[n] && member[n])
#define MESSAGE_IS_NL(n)	(message[n] == NL || (n) == me)
#define MESSAGE_IS_NOT_EX(n)	(message[n] != EX || (n) == me)
#define ACK_IS_NL(n)		(ack[n] == NL || (n) == me)
#define ACK_IS_NOT_EX(n)	(ack[n] != EX || (n) == me)

/* An upwards conversion reads the value block. */
inline read_page(n)
{
	has[n] = true;
	copy[n] = value;
	number[n] = newest
}

inline write_page()
{
	value = copy[writer];
	newest++;
	writer = NOWHERE;
	written = false
}

/* The newest copy of a survivor; which of them, if there are several, depends on first. */
inline recover_value(first)
{
	best = NOWHERE;
	for (i : 0 .. N - 1) {
		who = (first + i) % N;
		if
		:: !alive[who] || !has[who]
		:: else ->
			if
			:: best == NOWHERE -> best = who
			:: best != NOWHERE && number[who] > number[best] -> best = who
			:: else
			fi
		fi
	}
	/* A survivor that has EX has the newest copy. */
	if
	:: writer != NOWHERE -> best = writer
	:: else
	fi;
	master = best;
	value = (best == NOWHERE -> 0 : copy[best]);
	newest = (best == NOWHERE -> 0 : number[best]);
	best = 0;
	who = 0
}

inline recover(first)
{
	died = false;
	if
	:: writer != NOWHERE && !alive[writer] -> writer = NOWHERE; written = false
	:: else
	fi;
	if
	:: !alive[master] && written -> writer = NOWHERE; written = false
	:: else
	fi;
	if
	:: !alive[master] -> recover_value(first)
	:: else
	fi;
	if
	:: token != NOWHERE && !alive[token] -> token = NOWHERE
	:: else
	fi;
	if
	:: calling != NOWHERE && !alive[calling] -> calling = NOWHERE
	:: else
	fi;
	for (i : 0 .. N - 1) {
		disturbed[i] = alive[i];
		if
		:: !alive[i] -> message[i] = NL; ack[i] = NL; has[i] = false; member[i] = false
		:: else
		fi
	}
	i = 0
}

/* A member besides n, so that the space stays. */
#define IS_OTHER_MEMBER(m)	(IS_MEMBER(m) && (m) != n)

proctype Dlm()
{
	byte n;

end:	do
	:: d_step { written -> write_page() }
	:: d_step { died -> recover(0) }
	:: d_step { died && !alive[master] -> recover(1) }
#if N > 2
	:: d_step { died && !alive[master] -> recover(2) }
#endif
	:: atomic {
		cuts ->
		select(n : 0 .. N - 1);
		if
		:: alive[n] && COUNT(IS_OTHER_MEMBER) ->
			d_step {
				cuts--;
				alive[n] = false;
				leaked = leaked || !idle[n];
				died = true
			}
		:: else
		fi;
		n = 0
	   }
	:: atomic {
		joins && !died ->
		select(n : 0 .. N - 1);
		if
		:: ended[n] == 2 -> d_step { joins--; ended[n] = 0; alive[n] = true }
		:: else
		fi;
		n = 0
	   }
	od
}

/* ------------------------------------------------------------------------
 * A node
 */

/* Set the lowest free bit, or the one that was chosen before. */
inline set_bit()
{
	for (i : 0 .. IDS - 1) {
		assert(!given[i] || (BIT(i) & copy[me]));
		if
		:: id[me] == IDS && !(copy[me] & BIT(i)) -> id[me] = i
		:: else
		fi
	}
	i = 0;
	if
	:: id[me] < IDS -> copy[me] = copy[me] | BIT(id[me])
	:: else		/* ENOSPC */
	fi
}

inline clear_bit()
{
	for (i : 0 .. IDS - 1) {
		assert(!given[i] || (BIT(i) & copy[me]));
	}
	i = 0;
	copy[me] = copy[me] & ~BIT(id[me])
}

/* The call returns. */
inline give()
{
	if
	:: id[me] < IDS && !freeing[me] ->
		assert(!given[id[me]]);
		given[id[me]] = true;
#ifndef UNACKNOWLEDGED
		/* So a node can say what is allocated without asking the others. */
		for (i : 0 .. N - 1) {
			assert(!IS_MEMBER(i) || (copy[i] & BIT(id[me])))
		}
		i = 0
#endif
	:: else
	fi;
	id[me] = IDS;
	freeing[me] = false;
	idle[me] = true
}

/* B1 to B5 */
proctype Receiver(byte me)
{
end_again:
	{
end:		do
		:: d_step {
			calling != NOWHERE && calling != me && ack[me] == CR ->
			listening[me] = true
		   }
			d_step { ALL(MESSAGE_IS_NOT_EX) -> message[me] = CR }
#ifndef UNREAD
			d_step { writer == NOWHERE -> read_page(me) }
#endif
			ack[me] = NL;
#ifdef MESSAGE_GIVEN_EARLY
			message[me] = NL;
#endif
			d_step { ALL(ACK_IS_NOT_EX) -> ack[me] = CR }
			d_step { message[me] = NL; listening[me] = false }
		od
	} unless { !alive[me] };
	d_step { listening[me] = false; ended[me]++ }
end_dead:
	alive[me] -> goto end_again
}

inline join()
{
	/* NL on the page */
	d_step { has[me] = true; copy[me] = 0; number[me] = 0 }
#ifdef JOINED_WITHOUT_TOKEN
	d_step { writer == NOWHERE -> read_page(me) }
#endif
	d_step { token == NOWHERE -> token = me }
#if !defined(JOINED_WITHOUT_TOKEN) && !defined(JOINED_UNREAD)
	d_step { writer == NOWHERE -> read_page(me) }
#endif
	d_step { ALL(ACK_IS_NOT_EX) -> ack[me] = CR }
	d_step {
		member[me] = true;
		token = NOWHERE;
		for (i : 0 .. IDS - 1) {
			assert(!given[i] || (copy[me] & BIT(i)))
		}
		i = 0
	}
}

/* A1 */
#define MAY_BEGIN		(ops[me] < OPS && token == NOWHERE)
#define MAY_BEGIN_TO_FREE(what)	(MAY_BEGIN && frees && given[what])

inline begin()
{
	ops[me]++;
	idle[me] = false;
	token = me
}

inline begin_to_free(what)
{
	begin();
	frees--;
	given[what] = false;
	id[me] = what;
	freeing[me] = true
}

/* A2 to A8. A death between A4 and A6 is one before or after them, so they are one step. */
inline change()
{
	do
	:: atomic {
		!listening[me] && ALL(MESSAGE_IS_NL) ->
		message[me] = EX;
		disturbed[me] = false
	   }
	   d_step {
		writer == NOWHERE ->
		writer = me;
		read_page(me);
		if
		:: freeing[me] -> clear_bit()
		:: else -> set_bit()
		fi
	   }
	   d_step {
		if
		:: master == me -> write_page()
		:: else -> written = true
		fi;
#ifdef TOKEN_GIVEN_EARLY
		token = NOWHERE;
#endif
#ifdef UNACKNOWLEDGED
		message[me] = NL
#else
		message[me] = CR;
		calling = me
#endif
	   }
#ifdef UNACKNOWLEDGED
	   break
#else
	   d_step { ALL(ACK_IS_NL) -> ack[me] = EX; calling = NOWHERE }
	   if
#ifdef RECOVERY_IGNORED
	   :: true -> break
#else
	   :: !disturbed[me] -> break
	   :: d_step { disturbed[me] -> ack[me] = CR; message[me] = NL }
#endif
	   fi
#endif
	od;
	atomic {
		ack[me] = CR;
		d_step {
			message[me] = NL;
			give();
			if
			:: token == me -> token = NOWHERE
			:: else
			fi
		}
	}
}

proctype Node(byte me)
{
start:
	{
		if
		:: member[me]
		:: !member[me] -> join()
		fi;
end:		do
		:: if
		   :: d_step { MAY_BEGIN -> begin() }
		   :: d_step { MAY_BEGIN_TO_FREE(0) -> begin_to_free(0) }
#if IDS > 1
		   :: d_step { MAY_BEGIN_TO_FREE(1) -> begin_to_free(1) }
#endif
		   fi;
		   change()
		od
	} unless { !alive[me] };
	d_step { id[me] = IDS; freeing[me] = false; idle[me] = true; ended[me]++ }
end_dead:
	alive[me] -> goto start
}

/* ------------------------------------------------------------------------
 * When nothing can happen any more
 */

proctype Watch()
{
end:	atomic {
		timeout ->
		d_step {
			for (i : 0 .. N - 1) {
				assert(!alive[i] || (member[i] && idle[i] && ops[i] == OPS))
			}
			assert(token == NOWHERE && writer == NOWHERE);
			for (i : 0 .. IDS - 1) {
				assert(!given[i] || (value & BIT(i)));
				assert(given[i] || !(value & BIT(i)) || leaked)
			}
		}
	}
}

init
{
	atomic {
		select(frees : 0 .. FREES);
		select(cuts : 0 .. CUTS);
		select(joins : 0 .. JOINS);
		for (i : 0 .. N - 1) {
			alive[i] = true;
			member[i] = true;
			has[i] = true;
			ack[i] = CR;
			id[i] = IDS;
			idle[i] = true;
			run Node(i);
			run Receiver(i)
		}
		run Dlm();
		run Watch()
	}
}
