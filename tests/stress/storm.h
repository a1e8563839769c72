/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process in the storm does, and what it notes in shared memory, so that after its
 * death the notes say how far it had come.
 *
 * A life is a process from its start to its end; lives are numbered from 1.
 *
 * Locks
 *
 *   For each lock that it deals with, a thread has a note: where it is (ASKING,
 *   INSIDE, LEAVING).  A thread whose call reports that a holder died counts that while
 *   still ASKING.  As kill.c shows, for each lock
 *
 *	deaths INSIDE <= counted reports <= deaths INSIDE, ASKING and LEAVING
 *
 *   holds without any tolerance.  Beyond the sums, for a thread that finds the traces
 *   of another inside, the call must have reported a death, and the other must have been doomed.
 *
 * Ids
 *
 *   For each id there is a claim: by which life, whether that life is about to free
 *   it, and how many claims there have been.  A thread that allocates an id must
 *   find it unclaimed, or about to be freed.  A life that dies amid allocating or
 *   freeing (BUSY) leaves at most one id that is allocated and nobody's: an
 *   orphan.  No other may be there.
 */
#ifndef STORM_H
#define STORM_H

#include <pthread.h>

#define WORKERS_MAX		4096
#define STRESS_PATIENCE_S	600

#include "stress.h"

#define HOT_LOCKS	4
#define LOCKS		4096
/* The distance between the ids of two locks: so the cold ones are in many pages. */
#define LOCK_DISTANCE	61

#define IDS		32768
#define OWN_MAX		4
#define THREADS		2
#define DEPTH		2
#define LIVES_MAX	(1 << 24)

enum whereabouts {
	AWAY,
	ASKING,
	INSIDE,
	LEAVING,
};

#define WHEREABOUTS		4

#define NOTE_LOCK(note)		((note) / WHEREABOUTS)
#define NOTE_WHERE(note)	((note) % WHEREABOUTS)

#define CLAIM_LIFE(claim)	((uint32_t)(claim))
#define CLAIM_LEAVING		(1ULL << 32)
#define CLAIM_ONE		(1ULL << 33)
#define CLAIM_COUNT(claim)	((claim) & ~(CLAIM_ONE - 1))

enum mood {
	QUIET,
	BUSY,
};

enum way {
	LOCK,
	TRYLOCK,
	TIMEDLOCK,
	WAYS,
};

/**
 * struct spot - what a lock protects, and what is known of it
 * @inside: the life that is where only one may be
 * @told: how many calls reported here that a holder died
 * @certain: the supervisor's: deaths INSIDE
 * @doubtful: the supervisor's: deaths ASKING or LEAVING
 */
struct spot {
	volatile uint32_t inside;
	atomic_uint_least32_t told;
	uint32_t certain;
	uint32_t doubtful;
};

/**
 * struct place - a place in the crowd, where one life follows another
 * @notes: for each thread, those of the locks that it holds one inside the other
 * @mood: whether the life is amid allocating or freeing
 * @deeds: how many times a life was BUSY here
 */
struct place {
	atomic_uint_least32_t notes[THREADS][DEPTH];
	atomic_uint_least32_t mood;
	atomic_uint_least32_t deeds;
};

/* What all lives together have done. */
struct totals {
	atomic_uint_least64_t acquired[WAYS];
	atomic_uint_least64_t refused[WAYS];
	atomic_uint_least64_t told;
	atomic_uint_least64_t allocated;
	atomic_uint_least64_t freed;
	atomic_uint_least64_t exited;
	atomic_uint_least64_t executed;
	atomic_uint_least64_t forked;
};

/**
 * struct storm - what all processes share
 * @doomed: for each life, by its number: it may be dead
 * @ids_end: no id from here on was ever allocated
 */
struct storm {
	struct totals totals;
	struct spot spots[LOCKS];
	struct place places[WORKERS_MAX];
	atomic_uint_least64_t claims[IDS];
	atomic_uint_least32_t ids_end;
	atomic_bool doomed[LIVES_MAX];
};

static struct storm *storm;

/**
 * struct lodger - a thread of a life
 * @number: the number of the life
 * @ids: the ids that it has allocated
 */
struct lodger {
	struct crowd *crowd;
	struct worker *self;
	struct place *place;
	struct lockmgr *mgr;
	unsigned int thread;
	uint32_t number;
	uint64_t random;
	uint32_t ids[OWN_MAX];
	unsigned int id_count;
};

static inline uint32_t id_of(uint32_t lock)
{
	return lock * LOCK_DISTANCE;
}

static inline void note(atomic_uint_least32_t *note, uint32_t lock, enum whereabouts where)
{
	atomic_store(note, lock * WHEREABOUTS + where);
}

static inline void count(atomic_uint_least64_t *total)
{
	atomic_fetch_add_explicit(total, 1, memory_order_relaxed);
}

/* ------------------------------------------------------------------------
 * Ends that a life chooses itself
 */

static inline void doom(struct lodger *lodger)
{
	atomic_store(&storm->doomed[lodger->number], true);
}

/* The kernel closes the file while the process goes on. */
static inline void execute(struct lodger *lodger)
{
	struct worker *self = lodger->self;

	doom(lodger);
	count(&storm->totals.executed);
	execl("/bin/true", "true", NULL);
	worker_check(!"executed");
}

static inline void leave(struct lodger *lodger)
{
	doom(lodger);
	count(&storm->totals.exited);
	_exit(0);
}

/* Fork a child that inherits the handle, but cannot use it. */
static inline void have_heir(struct lodger *lodger)
{
	struct worker *self = lodger->self;
	pid_t pid = fork();
	int status;

	worker_check(pid >= 0);
	if (!pid) {
		worker_check(lockmgr_unlock(lodger->mgr, 0) == -ECHILD);
		worker_check(lockmgr_trylock(lodger->mgr, 0) == -ECHILD);
		_exit(0);
	}
	count(&storm->totals.forked);
	while (waitpid(pid, &status, 0) != pid)
		worker_check(errno == EINTR);
	worker_check(!status);
}

/* What else may happen while a life is inside. */
static inline void linger(struct lodger *lodger)
{
	const uint32_t chance = random_below(&lodger->random, 1024);

	if (chance < 2)
		leave(lodger);
	else if (chance < 4)
		execute(lodger);
	else if (chance < 6 && !lodger->thread)
		have_heir(lodger);
	else if (chance < 32)
		pause_us(50 + random_below(&lodger->random, 300));
	else if (chance < 48)
		sched_yield();
}

/* ------------------------------------------------------------------------
 * Locks
 */

static inline int acquire(struct lodger *lodger, uint32_t lock)
{
	const int refusals[WAYS] = { 0, -EBUSY, -ETIMEDOUT };
	const uint32_t chance = random_below(&lodger->random, 8);
	const enum way way = chance < WAYS ? (enum way)chance : LOCK;
	struct worker *self = lodger->self;
	const uint32_t id = id_of(lock);
	struct timespec deadline;
	int ret;

	if (way == TRYLOCK) {
		ret = lockmgr_trylock(lodger->mgr, id);
	} else if (way == TIMEDLOCK) {
		deadline = deadline_in_us(random_below(&lodger->random, 3000));
		ret = lockmgr_timedlock(lodger->mgr, id, &deadline);
	} else {
		ret = lockmgr_lock(lodger->mgr, id);
	}
	worker_check(!ret || ret == LOCKMGR_OWNER_DIED || ret == refusals[way]);
	count(ret < 0 ? &storm->totals.refused[way] : &storm->totals.acquired[way]);

	return ret;
}

/* Traces of another life are those of a doomed holder, and we got the report of its death. */
static inline void enter(struct lodger *lodger, struct spot *spot, bool told)
{
	struct worker *self = lodger->self;
	const uint32_t former = spot->inside;

	worker_check(!former || told);
	worker_check(!former || atomic_load(&storm->doomed[former]));
	spot->inside = lodger->number;
}

static inline void visit(struct lodger *lodger, uint32_t lock, unsigned int depth);

/* In addition, acquire another lock, always a higher one. */
static inline void visit_another(struct lodger *lodger, uint32_t lock, unsigned int depth)
{
	const uint32_t higher = LOCKS - lock - 1;

	if (depth < DEPTH && higher && !random_below(&lodger->random, 4))
		visit(lodger, lock + 1 + random_below(&lodger->random, higher), depth);
}

static inline void visit(struct lodger *lodger, uint32_t lock, unsigned int depth)
{
	atomic_uint_least32_t *own = &lodger->place->notes[lodger->thread][depth];
	struct spot *spot = &storm->spots[lock];
	struct worker *self = lodger->self;
	int ret;

	note(own, lock, ASKING);
	ret = acquire(lodger, lock);
	if (ret < 0) {
		note(own, lock, AWAY);
		return;
	}
	if (ret == LOCKMGR_OWNER_DIED) {
		atomic_fetch_add(&spot->told, 1);
		count(&storm->totals.told);
	}
	note(own, lock, INSIDE);
	enter(lodger, spot, ret == LOCKMGR_OWNER_DIED);

	visit_another(lodger, lock, depth + 1);
	linger(lodger);

	worker_check(spot->inside == lodger->number);
	spot->inside = 0;
	note(own, lock, LEAVING);
	worker_check(!lockmgr_unlock(lodger->mgr, id_of(lock)));
	note(own, lock, AWAY);
}

static inline void visit_some_lock(struct lodger *lodger)
{
	const bool hot = random_below(&lodger->random, 2);

	visit(lodger, random_below(&lodger->random, hot ? HOT_LOCKS : LOCKS), 0);
}

/* ------------------------------------------------------------------------
 * Ids
 */

static inline void set_mood(struct lodger *lodger, enum mood mood)
{
	atomic_store(&lodger->place->mood, mood);
	if (mood == QUIET)
		atomic_fetch_add(&lodger->place->deeds, 1);
}

static inline void note_end_of_ids(uint32_t id)
{
	uint_least32_t end = atomic_load(&storm->ids_end);

	while (end <= id && !atomic_compare_exchange_weak(&storm->ids_end, &end, id + 1))
		continue;
}

/* The former owner of the id may have freed it, but not noted that yet. */
static inline void claim(struct lodger *lodger, uint32_t id)
{
	struct worker *self = lodger->self;
	uint_least64_t old;

	worker_check(id < IDS);
	note_end_of_ids(id);
	old = atomic_load(&storm->claims[id]);
	do
		worker_check(!CLAIM_LIFE(old) || old & CLAIM_LEAVING);
	while (!atomic_compare_exchange_weak(&storm->claims[id], &old,
					     CLAIM_COUNT(old) + CLAIM_ONE + lodger->number));
	lodger->ids[lodger->id_count++] = id;
}

static inline void allocate(struct lodger *lodger)
{
	struct worker *self = lodger->self;
	uint32_t id;

	if (lodger->id_count == OWN_MAX)
		return;
	set_mood(lodger, BUSY);
	worker_check(!lockmgr_allocate(lodger->mgr, &id));
	claim(lodger, id);
	set_mood(lodger, QUIET);
	count(&storm->totals.allocated);
}

/*
 * Free an id that a life has claimed; false if it was not allocated.  The next
 * thread that gets it may claim it before we disclaim it.
 */
static inline bool disclaim(struct lockmgr *mgr, uint32_t id)
{
	uint_least64_t old = atomic_fetch_or(&storm->claims[id], CLAIM_LEAVING) | CLAIM_LEAVING;
	const int ret = lockmgr_free(mgr, id);

	atomic_compare_exchange_strong(&storm->claims[id], &old, CLAIM_COUNT(old));
	count(&storm->totals.freed);

	return !ret;
}

static inline void give_back(struct lodger *lodger)
{
	struct worker *self = lodger->self;
	unsigned int which;
	uint32_t id;

	if (!lodger->id_count)
		return;
	which = random_below(&lodger->random, lodger->id_count);
	id = lodger->ids[which];
	lodger->ids[which] = lodger->ids[--lodger->id_count];

	worker_check(CLAIM_LIFE(atomic_load(&storm->claims[id])) == lodger->number);
	set_mood(lodger, BUSY);
	worker_check(disclaim(lodger->mgr, id));
	set_mood(lodger, QUIET);
}

/* ------------------------------------------------------------------------
 * A life
 */

static inline void *live(void *data)
{
	struct lodger *lodger = data;

	while (!atomic_load(&lodger->crowd->stop)) {
		const uint32_t chance = random_below(&lodger->random, 8);

		if (chance >= 2 || lodger->thread)
			visit_some_lock(lodger);
		else if (chance)
			allocate(lodger);
		else
			give_back(lodger);
		worker_step(lodger->self, lodger->thread);
	}
	while (lodger->id_count)
		give_back(lodger);
	worker_done(lodger->self, lodger->thread);

	return NULL;
}

/* The argument is the number of the life. */
static inline void work(struct crowd *crowd, struct worker *self)
{
	const unsigned int threads = self->argument % 4 ? 1 : THREADS;
	struct lockmgr *mgr = worker_open(self);
	struct lodger lodgers[THREADS];
	pthread_t second;
	unsigned int i;

	for (i = 0; i < threads; i++)
		lodgers[i] = (struct lodger) {
			.crowd	= crowd,
			.self	= self,
			.place	= &storm->places[self->index],
			.mgr	= mgr,
			.thread	= i,
			.number	= self->argument,
			.random	= random_begin(self->argument * THREADS + i),
		};
	if (threads > 1)
		worker_check(!pthread_create(&second, NULL, live, &lodgers[1]));
	live(&lodgers[0]);
	if (threads > 1)
		worker_check(!pthread_join(second, NULL));
}

#endif /* STORM_H */
