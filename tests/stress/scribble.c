// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that run wild in mapped records: the damage that they do to the users of their
 * own space ends with them, and users of other spaces see none. This test does not check that
 * the kernel stays silent; whoever reads its log does.
 */
#include "wild.h"

#define IDS		WILD_IDS
#define SCRIBBLERS	2
#define VICTIMS		6
#define NEIGHBOURS	4

/* How many times each neighbour counts while scribblers are at work in the other space. */
#define ROUNDS		2000

/* How many times each victim counts when the scribbling is over. */
#define ROUNDS_AFTER	200

/* ------------------------------------------------------------------------
 * Counting
 */

/**
 * struct count - what locks protect
 * @counts: a count for each lock, not atomic
 */
struct count {
	volatile uint64_t counts[IDS];
};

static struct count *counts;

static void count_rounds(struct worker *self, struct lockmgr *mgr, uint64_t rounds)
{
	uint64_t random = random_begin(self->index);
	uint64_t i;

	for (i = 0; i < rounds; i++) {
		uint32_t id = random_below(&random, IDS);

		worker_check(lockmgr_lock(mgr, id) >= 0);
		counts->counts[id]++;
		worker_check(!lockmgr_unlock(mgr, id));
		worker_step(self, 0);
	}
}

/* Users of another space, who must not notice the scribbling. */
static void live_next_door(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr;

	worker_check(!lockmgr_open(&mgr, other_space_name(), NULL));
	worker_wait_for_go(crowd);
	count_rounds(self, mgr, scaled(ROUNDS));
}

static void count_again(struct crowd *crowd, struct worker *self)
{
	struct lockmgr *mgr = worker_open(self);

	worker_wait_for_go(crowd);
	count_rounds(self, mgr, scaled(ROUNDS_AFTER));
}

static uint64_t sum_of_counts(void)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < IDS; i++)
		sum += counts->counts[i];

	return sum;
}

/* ------------------------------------------------------------------------
 * Tests
 */

#define FIRST_VICTIM	SCRIBBLERS
#define FIRST_NEIGHBOUR	(SCRIBBLERS + VICTIMS)

static bool neighbours_live(struct crowd *crowd)
{
	unsigned int i;

	for (i = FIRST_NEIGHBOUR; i < FIRST_NEIGHBOUR + NEIGHBOURS; i++)
		if (crowd->workers[i].pid)
			return true;

	return false;
}

static void scribbling_harms_its_own_space_only_and_ends(void **state)
{
	struct crowd *crowd = crowd_new(space_open());
	unsigned int i, generation = 0;

	(void)state;
	counts = shared_new(sizeof(*counts));
	for (i = 0; i < SCRIBBLERS; i++)
		crowd_start(crowd, i, scribble, 0);
	for (i = FIRST_VICTIM; i < FIRST_NEIGHBOUR; i++)
		crowd_start(crowd, i, suffer, 0);
	for (i = FIRST_NEIGHBOUR; i < FIRST_NEIGHBOUR + NEIGHBOURS; i++)
		crowd_start(crowd, i, live_next_door, 0);
	crowd_go(crowd);
	while (neighbours_live(crowd)) {
		for (i = FIRST_VICTIM; i < FIRST_NEIGHBOUR; i++)
			if (!crowd->workers[i].pid)
				crowd_start(crowd, i, suffer, ++generation);
		crowd_check(crowd);
		pause_us(500);
	}
	assert_int_equal(sum_of_counts(), NEIGHBOURS * scaled(ROUNDS));
	atomic_store(&crowd->stop, true);
	crowd_finish(crowd);

	memset((void *)counts->counts, 0, sizeof(counts->counts));
	crowd_run(crowd_new(crowd->mgr), VICTIMS, count_again);
	assert_int_equal(sum_of_counts(), VICTIMS * scaled(ROUNDS_AFTER));
}

/* What a scribbler does to a word, once. */
enum deed {
	ERASE,		/* it erases all of it */
	UNMARK,		/* it erases the mark that somebody waits */
	OPEN,		/* it reopens a retired lock */
	FORGE,		/* it makes the holder of another lock the holder of this one */
};

#define LOCK		0
#define HELD_LOCK	1
#define CLOSED_LOCK	5

static void do_deed(struct lockmgr_record *records, enum deed deed)
{
	switch (deed) {
	case ERASE:
		atomic_store(word_of(records, LOCK), 0);
		break;
	case UNMARK:
		atomic_fetch_and(word_of(records, LOCK), ~LOCKMGR_WORD_WAITERS);
		break;
	case OPEN:
		atomic_store(word_of(records, CLOSED_LOCK), 0);
		break;
	case FORGE:
		atomic_store(word_of(records, LOCK), atomic_load(word_of(records, HELD_LOCK)));
		break;
	}
}

static void scribble_once(struct crowd *crowd, struct worker *self)
{
	struct lockmgr_record *records = open_records(self);

	worker_wait_for_go(crowd);
	do_deed(records, self->argument);
	worker_step(self, 0);
	pause();
}

static bool has_written(void *worker)
{
	return atomic_load(&((struct worker *)worker)->steps[0]) > 1;
}

/* Start a scribbler that has mapped the records, but does not write yet. */
static void bring_scribbler(struct crowd *crowd, enum deed deed)
{
	crowd_start(crowd, 0, scribble_once, deed);
	while (!atomic_load(&crowd->ready)) {
		crowd_check(crowd);
		pause_us(500);
	}
}

static void let_it_scribble(struct crowd *crowd)
{
	crowd_go(crowd);
	crowd_until(crowd, has_written, &crowd->workers[0], "the scribbler does not write");
}

/* A scribbler makes a word forget a waiter; when it ends, the kernel must find the waiter. */
static void expect_found_again(enum deed deed)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = crowd_new(mgr);
	struct agent *holder = agent_new(), *waiter = agent_new();

	bring_scribbler(crowd, deed);
	assert_int_equal(agent_call(holder, agent_lock, LOCK), 0);
	agent_start(waiter, agent_lock, LOCK);
	wait_for_waiters(mgr, LOCK, 1);
	let_it_scribble(crowd);
	if (deed == UNMARK)
		assert_int_equal(agent_call(holder, agent_unlock, LOCK), 0);
	crowd_kill(crowd, 0);
	assert_int_equal(agent_finish(waiter), 0);
}

static void waiter_whose_mark_was_erased_is_found_again(void **state)
{
	(void)state;
	expect_found_again(UNMARK);
}

static void waiter_whose_word_was_erased_is_found_again(void **state)
{
	(void)state;
	expect_found_again(ERASE);
}

/* A lock's word says, too, that the lock is retired. */
static void closed_lock_that_was_opened_is_closed_again(void **state)
{
	struct lockmgr *mgr = space_open();
	struct crowd *crowd = crowd_new(mgr);

	(void)state;
	bring_scribbler(crowd, OPEN);
	assert_int_equal(lockmgr_lock(mgr, LOCK), 0);
	assert_int_equal(lockmgr_set_capacity(mgr, CLOSED_LOCK), 0);
	let_it_scribble(crowd);
	crowd_kill(crowd, 0);
	assert_int_equal(lockmgr_trylock(mgr, CLOSED_LOCK), -EINVAL);
}

/* Only the client that such a word names can tell that it is forged. */
static void forged_lock_of_a_living_client_is_its_own(void **state)
{
	struct crowd *crowd = crowd_new(space_open());
	struct agent *innocent = agent_new(), *other = agent_new();

	(void)state;
	bring_scribbler(crowd, FORGE);
	assert_int_equal(agent_call(innocent, agent_lock, HELD_LOCK), 0);
	let_it_scribble(crowd);
	crowd_kill(crowd, 0);
	assert_int_equal(agent_call(other, agent_trylock, LOCK), -EBUSY);
	assert_int_equal(agent_call(innocent, agent_unlock, LOCK), 0);
	assert_int_equal(agent_call(other, agent_trylock, LOCK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(waiter_whose_mark_was_erased_is_found_again),
		harness_test(waiter_whose_word_was_erased_is_found_again),
		harness_test(closed_lock_that_was_opened_is_closed_again),
		harness_test(forged_lock_of_a_living_client_is_its_own),
		harness_test(scribbling_harms_its_own_space_only_and_ends),
	};

	stress_seed();
	wild_space = space_name();
	return harness_run(tests);
}
