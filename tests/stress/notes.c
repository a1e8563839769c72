// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes at random: processes set, change and remove the notes of a few ids, allocate and
 * free the same ids, and list them; some are killed meanwhile.  A list shows only notes that
 * were given to the id's current allocation, and each note is whole.  No memory for notes is
 * left over.
 *
 * What the processes note in shared memory, and what that proves
 *
 *   Each deed has a number.  A note that a deed gives begins with the deed's number, which
 *   also decides every other byte of the note.  So a list shows which deed gave a note, and
 *   whether the note is complete.
 *
 *   A clock ticks before and after each call.  A deed that succeeds replaces what its id
 *   had, whether it sets or removes a note, allocates or frees.  So if deed d has ended
 *   before another one begins on the same id, and this one has ended before a list begins,
 *   then the list cannot show what d gave.  It is enough to know, for each id:
 *
 *     settled   the latest beginning of all deeds that have succeeded on it
 *     emptied   the latest end of all deeds that gave it no note
 *
 *   With S being the value of "settled" before a list begins,
 *
 *   - the list may show the note of deed d only if d has not ended, or ended at S or later;
 *   - the list may show an allocated id without a note only if "emptied" is S or later, or
 *     somebody is amid a deed that gives no note.
 *
 *   Both hold without any tolerance.  They cover earlier allocations, too: to free an id
 *   is a deed.  A killed process may have done its last deed at any moment until it was
 *   gone, or not at all: so this deed ends when the process is buried, and proves nothing.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "stress.h"

#define GROUP		"/sys/fs/cgroup/lockmgr-notes"

#define WORKERS		12
#define IDS		16
#define ANY_ID		UINT32_MAX
#define DEEDS		200000

/* On average. */
#define DEEDS_PER_KILL	500

/* What the kernel may keep of these processes; a lost note takes 96 bytes. */
#define NOISE		(128 * 1024L)

enum kind {
	NOTHING,
	GIVES,
	CLEARS,
	FREES,
};

/* Values of a deed's end that are not times: the clock begins after them. */
#define UNDER_WAY	0
#define IN_VAIN		1

/**
 * struct deed - one call that changes one id, or all
 * @end: the time after the call returned
 * @id: the id; ANY_ID: the kernel chooses it, or the call changes all ids
 * @kind: what the call does to the note
 */
struct deed {
	atomic_uint_least64_t end;
	atomic_uint_least32_t id;
	atomic_uint_least32_t kind;
};

/**
 * struct plan - what the crowd does, in shared memory
 * @clock: ticks when it is read
 * @settled, @emptied: see the beginning of this file
 * @doing: for each worker, the number of its deed plus 1; 0: it is not amid a deed
 * @seen: how many notes lists have shown
 * @seen_empty: how many allocated ids without a note lists have shown
 * @amid: how many workers were killed amid a deed
 * @kills: how many workers were killed
 * @deed_count: how many deeds there are
 * @taken: how many deed numbers workers have taken
 * @deeds: all of them
 */
struct plan {
	atomic_uint_least64_t clock;
	atomic_uint_least64_t settled[IDS];
	atomic_uint_least64_t emptied[IDS];
	atomic_uint_least64_t doing[WORKERS];
	atomic_uint_least64_t seen;
	atomic_uint_least64_t seen_empty;
	uint64_t amid;
	uint64_t kills;
	uint64_t deed_count;
	atomic_uint_least64_t taken;
	struct deed *deeds;
};

static struct plan *plan;

/**
 * struct actor - a worker
 * @number: the number of its deed
 * @begun: when that deed began
 */
struct actor {
	struct worker *self;
	struct lockmgr *mgr;
	uint64_t random;
	uint64_t number;
	uint64_t begun;
};

static uint64_t tick(void)
{
	return atomic_fetch_add(&plan->clock, 1);
}

static void raise_to(atomic_uint_least64_t *time, uint64_t to)
{
	uint_least64_t old = atomic_load(time);

	while (old < to && !atomic_compare_exchange_weak(time, &old, to))
		continue;
}

/* ------------------------------------------------------------------------
 * Notes
 */

/* Make a note of any length that has room for the number, with any bytes after it. */
static void make_note(uint64_t number, char *note)
{
	uint64_t random = random_begin(number);
	size_t length = sprintf(note, "%" PRIx64 ".", number);
	const size_t end = length + random_below(&random, LOCKMGR_LOCK_NOTE_SIZE - length);

	while (length < end)
		note[length++] = 1 + random_below(&random, 255);
	note[length] = '\0';
}

static const char *wrong_with_given(const struct lockmgr_lock_info *info, uint64_t settled)
{
	const uint64_t number = strtoull(info->note, NULL, 16);
	char note[LOCKMGR_LOCK_NOTE_SIZE];
	struct deed *deed;
	uint64_t end;
	uint32_t id;

	if (number >= plan->deed_count)
		return "nobody gave that note";
	make_note(number, note);
	if (strcmp(note, info->note) != 0)
		return "that is not a whole note";

	deed = &plan->deeds[number];
	end = atomic_load(&deed->end);
	id = atomic_load(&deed->id);
	if (atomic_load(&deed->kind) != GIVES || end == IN_VAIN)
		return "the call with that note failed, or was never made";
	if (id != info->id && id != ANY_ID)
		return "another id was given that note";
	if (end != UNDER_WAY && end < settled)
		return "that note was replaced, or its id freed";

	return NULL;
}

/* First whether a worker is in the middle of it: one that has ended has noted that before. */
static bool may_be_empty(uint32_t id, uint64_t settled)
{
	unsigned int index;

	for (index = 0; index < WORKERS; index++) {
		const uint64_t doing = atomic_load(&plan->doing[index]);
		struct deed *deed = doing ? &plan->deeds[doing - 1] : NULL;

		if (deed && atomic_load(&deed->kind) == CLEARS &&
		    (atomic_load(&deed->id) == id || atomic_load(&deed->id) == ANY_ID))
			return true;
	}

	return atomic_load(&plan->emptied[id]) >= settled;
}

/* Returns NULL if that is right in a list before which "settled" had that value. */
static const char *wrong_with(const struct lockmgr_lock_info *info, uint64_t settled)
{
	if (!(info->flags & LOCKMGR_LOCK_IS_ALLOCATED))
		return *info->note ? "an id that is not allocated has a note" : NULL;
	if (*info->note) {
		atomic_fetch_add(&plan->seen, 1);
		return wrong_with_given(info, settled);
	}
	atomic_fetch_add(&plan->seen_empty, 1);

	return may_be_empty(info->id, settled) ? NULL : "the note of that id is lost";
}

/*
 * List @count locks from @id on.  Returns NULL, or says what is wrong with the one that it
 * leaves in @bad.
 */
static const char *look_at(struct lockmgr *mgr, uint32_t id, uint32_t count,
			   struct lockmgr_lock_info *bad)
{
	const uint32_t filter = LOCKMGR_LOCK_IS_ALLOCATED | LOCKMGR_LOCK_IS_HELD;
	struct lockmgr_lock_info infos[IDS];
	uint64_t cursor = id, settled[IDS];
	const char *wrong = NULL;
	size_t i, more, listed;

	for (i = 0; i < count; i++)
		settled[i] = atomic_load(&plan->settled[id + i]);

	for (listed = 0; listed < count && cursor != LOCKMGR_LIST_END; listed += more)
		if (lockmgr_list(mgr, filter, &cursor, infos + listed, count - listed, &more))
			return "lockmgr_list() failed";

	for (i = 0; i < count && !wrong; i++) {
		*bad = infos[i];
		/* All locks are held, so the list has all of them. */
		if (i >= listed || bad->id != id + i)
			return "a lock that is held is not listed";
		wrong = wrong_with(bad, settled[i]);
	}

	return wrong;
}

/* ------------------------------------------------------------------------
 * Deeds
 */

static void begin(struct actor *actor, uint32_t id, enum kind kind)
{
	struct deed *deed = &plan->deeds[actor->number];

	atomic_store(&deed->id, id);
	atomic_store(&deed->kind, kind);
	atomic_store(&plan->doing[actor->self->index], actor->number + 1);
	actor->begun = tick();
}

static void note_end(struct deed *deed, uint32_t id, uint64_t end)
{
	if (atomic_load(&deed->kind) == GIVES) {
		atomic_store(&deed->id, id);
		atomic_store(&deed->end, end);
	} else if (atomic_load(&deed->kind) == CLEARS && id != ANY_ID) {
		raise_to(&plan->emptied[id], end);
	} else if (atomic_load(&deed->kind) == CLEARS) {
		for (id = 0; id < IDS; id++)
			raise_to(&plan->emptied[id], end);
	}
}

static void settle(struct actor *actor, uint32_t id)
{
	if (id != ANY_ID)
		raise_to(&plan->settled[id], actor->begun);
	else
		for (id = 0; id < IDS; id++)
			raise_to(&plan->settled[id], actor->begun);
}

/* A call that failed has changed nothing; it may fail only with @failure. */
static void end(struct actor *actor, uint32_t id, int ret, int failure)
{
	struct deed *deed = &plan->deeds[actor->number];
	struct worker *self = actor->self;

	worker_check(!ret || ret == failure);
	if (!ret) {
		note_end(deed, id, tick());
		settle(actor, id);
	} else {
		atomic_store(&deed->end, IN_VAIN);
	}
	atomic_store(&plan->doing[self->index], 0);
}

/* Most deeds give a note; the others remove it. */
static enum kind any_note(struct actor *actor, char *note)
{
	*note = '\0';
	if (!random_below(&actor->random, 4))
		return CLEARS;
	make_note(actor->number, note);

	return GIVES;
}

static void set_note(struct actor *actor)
{
	const uint32_t id = random_below(&actor->random, IDS);
	char note[LOCKMGR_LOCK_NOTE_SIZE];

	begin(actor, id, any_note(actor, note));
	end(actor, id, lockmgr_set_note(actor->mgr, id, note), -ENOENT);
}

static void allocate(struct actor *actor)
{
	char note[LOCKMGR_LOCK_NOTE_SIZE];
	uint32_t id = ANY_ID;
	int ret;

	begin(actor, ANY_ID, any_note(actor, note));
	ret = lockmgr_allocate_noted(actor->mgr, &id, note);
	end(actor, id, ret, -ENOSPC);
}

static void allocate_id(struct actor *actor)
{
	const uint32_t id = random_below(&actor->random, IDS);
	char note[LOCKMGR_LOCK_NOTE_SIZE];

	begin(actor, id, any_note(actor, note));
	end(actor, id, lockmgr_allocate_id_noted(actor->mgr, id, note), -EEXIST);
}

static void give_back(struct actor *actor)
{
	const uint32_t id = random_below(&actor->random, IDS);

	begin(actor, id, FREES);
	end(actor, id, lockmgr_free(actor->mgr, id), -ENOENT);
}

static void give_all_back(struct actor *actor)
{
	begin(actor, ANY_ID, FREES);
	end(actor, ANY_ID, lockmgr_free_all(actor->mgr), 0);
}

/* List one lock, which gives the strictest bounds, or all of them. */
static void look(struct actor *actor)
{
	const bool all = !random_below(&actor->random, 8);
	const uint32_t id = all ? 0 : random_below(&actor->random, IDS);
	struct lockmgr_lock_info info = { 0 };
	const char *wrong = look_at(actor->mgr, id, all ? IDS : 1, &info);

	if (!wrong)
		return;
	dprintf(STDOUT_FILENO, "# lock %u: %s: note of deed %#llx\n", info.id, wrong,
		strtoull(info.note, NULL, 16));
	worker_fail(actor->self, __FILE__, __LINE__, "the note is right");
}

static void reopen(struct actor *actor)
{
	lockmgr_close(actor->mgr);
	actor->mgr = worker_open(actor->self);
}

typedef void (*deed_fn)(struct actor *actor);

static deed_fn any_deed(struct actor *actor)
{
	const uint32_t chance = random_below(&actor->random, 512);

	if (!chance)
		return give_all_back;
	if (chance < 4)
		return reopen;
	if (chance < 160)
		return set_note;
	if (chance < 220)
		return allocate;
	if (chance < 280)
		return allocate_id;

	return chance < 360 ? give_back : look;
}

static void enter_group(struct worker *self)
{
	int file = open(GROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);

	worker_check(file >= 0);
	worker_check(write(file, "0", 1) == 1);
	close(file);
}

static void act(struct crowd *crowd, struct worker *self)
{
	struct actor actor = { .self = self, .random = random_begin(self->argument) };

	(void)crowd;
	enter_group(self);
	actor.mgr = worker_open(self);
	while ((actor.number = atomic_fetch_add(&plan->taken, 1)) < plan->deed_count) {
		deed_fn deed = any_deed(&actor);

		deed(&actor);
		worker_step(self, 0);
	}
}

/* ------------------------------------------------------------------------
 * The supervisor
 */

static void bury(unsigned int index)
{
	const uint64_t doing = atomic_load(&plan->doing[index]);
	struct deed *deed;

	plan->kills++;
	if (!doing)
		return;
	plan->amid++;
	deed = &plan->deeds[doing - 1];
	note_end(deed, atomic_load(&deed->id), tick());
	atomic_store(&plan->doing[index], 0);
}

/* Any worker, or just as often one that seems to be amid a deed. */
static unsigned int pick_victim(uint64_t *random)
{
	const unsigned int first = random_below(random, WORKERS);
	unsigned int index = first;

	if (random_below(random, 2))
		return first;

	do {
		if (atomic_load(&plan->doing[index]))
			return index;
		index = (index + 1) % WORKERS;
	} while (index != first);

	return first;
}

static void wait_for_deeds(struct crowd *crowd, uint64_t count)
{
	while (atomic_load(&plan->taken) < count && crowd_check(crowd))
		pause_us(100);
}

/* Kill and replace workers at random moments, until all deeds are done. */
static void supervise(struct crowd *crowd)
{
	uint64_t random = random_begin(plan->deed_count), next = 0;
	unsigned int index;

	for (index = 0; index < WORKERS; index++)
		crowd_start(crowd, index, act, random_below(&random, UINT32_MAX));

	for (;;) {
		next += random_below(&random, 2 * DEEDS_PER_KILL);
		wait_for_deeds(crowd, next);
		if (next >= plan->deed_count || atomic_load(&plan->taken) >= plan->deed_count)
			break;
		index = pick_victim(&random);
		crowd_kill(crowd, index);
		bury(index);
		crowd_start(crowd, index, act, random_below(&random, UINT32_MAX));
	}
	crowd_finish(crowd);
}

static void make_plan(void)
{
	plan = shared_new(sizeof(*plan));
	plan->deed_count = scaled(DEEDS);
	plan->deeds = shared_new(plan->deed_count * sizeof(*plan->deeds));
	atomic_store(&plan->clock, IN_VAIN + 1);
}

/* Hold all locks, so that lists show them, allocated or not. */
static void hold_all(struct lockmgr *mgr)
{
	uint32_t id;

	for (id = 0; id < IDS; id++)
		assert_int_equal(lockmgr_lock(mgr, id), 0);
}

static void expect_right_notes(struct lockmgr *mgr)
{
	struct lockmgr_lock_info info = { 0 };
	const char *wrong = look_at(mgr, 0, IDS, &info);

	if (wrong)
		fail_msg("lock %u: %s", info.id, wrong);
}

static void expect_no_note_after_freeing(struct lockmgr *mgr)
{
	uint32_t id;

	assert_int_equal(lockmgr_free_all(mgr), 0);
	for (id = 0; id < IDS; id++) {
		assert_string_equal(lock_info(mgr, id).note, "");
		assert_int_equal(lockmgr_allocate_id(mgr, id), 0);
		assert_string_equal(lock_info(mgr, id).note, "");
	}
}

/* ------------------------------------------------------------------------
 * Memory
 */

static long number_in_group(const char *file, const char *key)
{
	char path[128], name[64];
	long number, found = -1;
	FILE *stream;

	snprintf(path, sizeof(path), GROUP "/%s", file);
	stream = fopen(path, "re");
	assert_non_null(stream);
	while (found < 0 && fscanf(stream, "%63s %ld", name, &number) == 2)
		if (!strcmp(name, key))
			found = number;
	fclose(stream);
	assert_true(found >= 0);

	return found;
}

/*
 * Kernel memory that is charged to the workers, without caches.  Reading cpu.stat makes the
 * kernel add up what each processor has counted.
 */
static long charged(void)
{
	number_in_group("cpu.stat", "usage_usec");

	return number_in_group("memory.stat", "kernel") -
	       number_in_group("memory.stat", "slab_reclaimable");
}

static bool memory_is_back(void *unused)
{
	(void)unused;

	return charged() < NOISE;
}

static bool is_group_gone(void *unused)
{
	(void)unused;

	return !rmdir(GROUP) || errno == ENOENT;
}

static int setup(void **state)
{
	return mkdir(GROUP, 0755) ? -1 : harness_setup(state);
}

static int teardown(void **state)
{
	int ret = harness_teardown(state);

	/* The kernel may still be tearing down its processes. */
	wait_until(is_group_gone, NULL, "the control group can be removed");

	return ret;
}

static void notes_are_those_of_the_allocation_and_leave_nothing(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, IDS);
	struct lockmgr_space_info info = { .size = sizeof(info) };
	struct crowd *crowd = crowd_new(mgr);

	(void)state;
	make_plan();
	hold_all(mgr);

	supervise(crowd);

	expect_right_notes(mgr);
	printf("# %" PRIu64 " deeds; lists showed %" PRIu64 " notes, and %" PRIu64
	       " ids without; %" PRIu64 " killed, %" PRIu64 " amid a deed\n",
	       plan->deed_count, plan->seen, plan->seen_empty, plan->kills, plan->amid);
	assert_true(plan->seen && plan->seen_empty && plan->amid);
	expect_no_note_after_freeing(mgr);
	assert_int_equal(lockmgr_info(mgr, &info), 0);
	assert_int_equal(info.clients, 1);
	/* The kernel frees some of it only after a grace period. */
	wait_until(memory_is_back, NULL, "the memory for notes is free again");
}

#define notes_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		notes_test(notes_are_those_of_the_allocation_and_leave_nothing),
	};

	stress_seed();
	return harness_run(tests);
}
