// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coming and going: ids are allocated and freed, handles and spaces opened, closed
 * and unlinked by processes that die at random moments.  Nothing is handed out
 * twice, nothing is lost, nothing leaks.
 */
#include "stress.h"

/* ------------------------------------------------------------------------
 * Ids
 *
 * Each worker notes in shared memory which ids are its own, and whether it is about to
 * change that.  If it dies in QUIET, its notes are exact.  If it dies in BUSY, amid
 * allocating or freeing, it leaves at most one id that is allocated but belongs to nobody.
 */

#define WORKERS		16
#define OWN_MAX		4
#define CAPACITY	32
#define EPOCH_KILLS	50
#define KILLS		300

enum mood {
	QUIET,
	BUSY,
};

/**
 * struct plan - which ids belong to whom
 * @owners: for each id the worker that has allocated it, plus 1; 0: nobody
 * @moods: of each worker
 * @doubts: deaths in BUSY since the last count
 * @full: how often an allocation found no free id in this epoch
 */
struct plan {
	atomic_uint_least32_t owners[CAPACITY];
	atomic_uint_least32_t moods[WORKERS];
	uint32_t doubts;
	atomic_uint_least64_t full;
};

static struct plan *plan;

struct owner {
	struct worker *self;
	struct lockmgr *mgr;
	uint64_t random;
	uint32_t ids[OWN_MAX];
	unsigned int count;
};

static void set_mood(const struct owner *owner, enum mood mood)
{
	atomic_store(&plan->moods[owner->self->index], mood);
}

/* An id that was just allocated must belong to nobody. */
static void claim(struct owner *owner, uint32_t id)
{
	struct worker *self = owner->self;

	worker_check(id < CAPACITY);
	worker_check(!atomic_exchange(&plan->owners[id], self->index + 1));
	owner->ids[owner->count++] = id;
}

static void allocate(struct owner *owner)
{
	struct worker *self = owner->self;
	uint32_t id;
	int ret;

	if (owner->count == OWN_MAX)
		return;
	set_mood(owner, BUSY);
	ret = lockmgr_allocate(owner->mgr, &id);
	worker_check(!ret || ret == -ENOSPC);
	if (ret)
		atomic_fetch_add(&plan->full, 1);
	else
		claim(owner, id);
	set_mood(owner, QUIET);
}

static void allocate_id(struct owner *owner)
{
	struct worker *self = owner->self;
	uint32_t id = random_below(&owner->random, CAPACITY);
	int ret;

	if (owner->count == OWN_MAX)
		return;
	set_mood(owner, BUSY);
	ret = lockmgr_allocate_id(owner->mgr, id);
	worker_check(!ret || ret == -EEXIST);
	if (!ret)
		claim(owner, id);
	set_mood(owner, QUIET);
}

static void give_back(struct owner *owner)
{
	struct worker *self = owner->self;
	unsigned int which;
	uint32_t id;

	if (!owner->count)
		return;
	which = random_below(&owner->random, owner->count);
	id = owner->ids[which];
	owner->ids[which] = owner->ids[--owner->count];

	set_mood(owner, BUSY);
	worker_check(atomic_exchange(&plan->owners[id], 0) == self->index + 1);
	worker_check(!lockmgr_free(owner->mgr, id));
	set_mood(owner, QUIET);
}

/* Lock any id: one's own or another's, allocated or not. */
static void use(struct owner *owner)
{
	struct worker *self = owner->self;
	uint32_t id = random_below(&owner->random, CAPACITY);
	int ret = lockmgr_lock(owner->mgr, id);

	worker_check(!ret || ret == LOCKMGR_OWNER_DIED);
	if (random_below(&owner->random, 2))
		sched_yield();
	worker_check(!lockmgr_unlock(owner->mgr, id));
}

static void reopen(struct owner *owner)
{
	lockmgr_close(owner->mgr);
	owner->mgr = worker_open(owner->self);
}

typedef void (*deed_fn)(struct owner *owner);

static deed_fn any_deed(struct owner *owner)
{
	uint32_t chance = random_below(&owner->random, 10);

	if (chance < 3)
		return allocate;
	if (chance < 6)
		return give_back;
	if (chance < 8)
		return use;

	return chance == 8 ? allocate_id : reopen;
}

static void churn(struct crowd *crowd, struct worker *self)
{
	struct owner owner = {
		.self	= self,
		.mgr	= worker_open(self),
		.random	= random_begin(self->argument),
	};

	while (!atomic_load(&crowd->stop)) {
		deed_fn deed = any_deed(&owner);

		deed(&owner);
		worker_step(self, 0);
	}
}

/* Free for a worker what it owned when it died or ended. */
static void free_estate(struct lockmgr *mgr, unsigned int index)
{
	uint32_t id;

	for (id = 0; id < CAPACITY; id++) {
		if (atomic_load(&plan->owners[id]) != index + 1)
			continue;
		atomic_store(&plan->owners[id], 0);
		assert_int_equal(lockmgr_free(mgr, id), 0);
	}
}

static void kill_one(struct crowd *crowd, unsigned int index)
{
	crowd_kill(crowd, index);
	plan->doubts += atomic_exchange(&plan->moods[index], QUIET) == BUSY;
	free_estate(crowd->mgr, index);
}

/* Count the allocated ids while no worker runs; all ways to ask must agree. */
static uint32_t count_allocated(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	uint32_t id, available, count = 0;

	for (id = 0; id < CAPACITY; id++)
		count += lockmgr_retrieve(mgr, id);

	assert_int_equal(lockmgr_info(mgr, &info), 0);
	assert_int_equal(lockmgr_available(mgr, &available), 0);
	assert_int_equal(info.allocated, count);
	assert_int_equal(available, CAPACITY - count);
	assert_int_equal(info.clients, 1);

	return count;
}

/* Dead workers leave at most one id for each doubt; those that ended leave none. */
static void count_and_clean(struct lockmgr *mgr)
{
	unsigned int index;
	uint32_t id;

	for (index = 0; index < WORKERS; index++)
		free_estate(mgr, index);
	assert_in_range(count_allocated(mgr), 0, plan->doubts);
	plan->doubts = 0;

	for (id = 0; id < CAPACITY; id++)
		if (lockmgr_retrieve(mgr, id))
			assert_int_equal(lockmgr_free(mgr, id), 0);
}

static bool ids_have_run_out(void *crowd)
{
	crowd_check(crowd);
	return atomic_load(&plan->full);
}

/*
 * Workers that nobody kills allocate more than they free, and could own more ids than there
 * are.  So all ids must have been allocated at some time before the epoch ends, however few
 * steps the workers make between kills.
 */
static void run_epoch(struct crowd *crowd, uint64_t kills, uint64_t *random)
{
	unsigned int index;

	atomic_store(&plan->full, 0);
	atomic_store(&crowd->stop, false);
	for (index = 0; index < WORKERS; index++)
		crowd_start(crowd, index, churn, random_below(random, UINT32_MAX));

	for (; kills; kills--) {
		pause_us(random_below(random, 3000));
		crowd_check(crowd);
		index = random_below(random, WORKERS);
		kill_one(crowd, index);
		crowd_start(crowd, index, churn, random_below(random, UINT32_MAX));
	}

	wait_until(ids_have_run_out, crowd, "all ids are allocated");
	atomic_store(&crowd->stop, true);
	crowd_finish(crowd);
}

static void expect_all_ids_in_order(struct lockmgr *mgr)
{
	uint32_t i, id;

	for (i = 0; i < CAPACITY; i++) {
		assert_int_equal(lockmgr_allocate(mgr, &id), 0);
		assert_int_equal(id, i);
	}
	assert_int_equal(lockmgr_allocate(mgr, &id), -ENOSPC);
}

static void ids_are_unique_and_none_is_lost_when_owners_die(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE, CAPACITY);
	struct crowd *crowd = crowd_new(mgr);
	uint64_t random = random_begin(0);
	uint64_t kills = scaled(KILLS);

	(void)state;
	plan = shared_new(sizeof(*plan));
	while (kills) {
		const unsigned int now = kills < EPOCH_KILLS ? kills : EPOCH_KILLS;

		run_epoch(crowd, now, &random);
		count_and_clean(mgr);
		kills -= now;
	}

	expect_all_ids_in_order(mgr);
}

/* ------------------------------------------------------------------------
 * Spaces
 */

#define MAKERS	6
#define NAMES	4

/*
 * A space takes about 2 KiB of slab, its clients take hundreds of bytes, its records a page.
 * If 10^4 of either were left, these limits would show it.
 */
#define SLAB_NOISE_KIB	2048
#define PAGES_NOISE_KIB	16384
#define SPACES		10000

struct making {
	uint64_t wanted;
	atomic_uint_least64_t unlinked;
};

static struct making *making;

static void name_of(char *name, uint32_t number)
{
	snprintf(name, LOCKMGR_SPACE_NAME_SIZE, "%s.%u", other_space_name(), number);
}

/* Give a space what it may have when it goes: ids, held locks, a process that just exits. */
static void furnish(struct worker *self, struct lockmgr *mgr, uint64_t *random)
{
	const struct timespec deadline = deadline_in(1);
	uint32_t id;
	int ret;

	worker_check(!lockmgr_allocate(mgr, &id));
	ret = lockmgr_timedlock(mgr, 0, &deadline);
	worker_check(ret >= 0 || ret == -ETIMEDOUT);
	if (ret >= 0 && random_below(random, 2))
		worker_check(!lockmgr_unlock(mgr, 0));
	if (random_below(random, 2))
		worker_check(!lockmgr_free(mgr, id));
}

static void make_spaces(struct crowd *crowd, struct worker *self)
{
	uint64_t random = random_begin(self->argument);
	char name[LOCKMGR_SPACE_NAME_SIZE];

	(void)crowd;
	while (atomic_load(&making->unlinked) < making->wanted) {
		struct lockmgr *mgr;
		int ret;

		name_of(name, random_below(&random, NAMES));
		worker_check(!lockmgr_open(&mgr, name, NULL));
		furnish(self, mgr, &random);
		ret = lockmgr_unlink(name, NULL);
		worker_check(!ret || ret == -ENOENT);
		if (!ret)
			atomic_fetch_add(&making->unlinked, 1);
		lockmgr_close(mgr);
		worker_step(self, 0);
	}
}

static long number_in_file(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	char line[128];
	long number = -1;

	assert_non_null(file);
	while (number < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, format, &number) != 1)
			number = -1;
	fclose(file);
	assert_true(number >= 0);

	return number;
}

static long module_references(void)
{
	return number_in_file("/sys/module/lockmgr/refcnt", "%ld");
}

struct memory {
	long slab;
	long available;
};

static struct memory memory_kib(void)
{
	return (struct memory) {
		.slab		= number_in_file("/proc/meminfo", "SUnreclaim: %ld"),
		.available	= number_in_file("/proc/meminfo", "MemAvailable: %ld"),
	};
}

static bool memory_is_back(void *data)
{
	const struct memory *before = data;
	struct memory now = memory_kib();

	return now.slab < before->slab + SLAB_NOISE_KIB &&
	       now.available > before->available - PAGES_NOISE_KIB;
}

static void make_and_kill(struct crowd *crowd)
{
	uint64_t random = random_begin(1);
	unsigned int index;

	for (index = 0; index < MAKERS; index++)
		crowd_start(crowd, index, make_spaces, random_below(&random, UINT32_MAX));

	while (crowd_check(crowd)) {
		pause_us(1000 + random_below(&random, 40000));
		index = random_below(&random, MAKERS);
		crowd_check(crowd);
		if (!crowd->workers[index].pid)
			continue;
		crowd_kill(crowd, index);
		crowd_start(crowd, index, make_spaces, random_below(&random, UINT32_MAX));
	}
}

static void unlink_what_the_dead_have_left(void)
{
	char name[LOCKMGR_SPACE_NAME_SIZE];
	uint32_t number;

	for (number = 0; number < NAMES; number++) {
		name_of(name, number);
		lockmgr_unlink(name, NULL);
	}
}

/* These are more spaces than a user may have at once: so none stays charged, either. */
static void spaces_that_come_and_go_leave_nothing_behind(void **state)
{
	struct crowd *crowd = crowd_new(space_open());
	struct memory before;
	long references;

	(void)state;
	making = shared_new(sizeof(*making));
	making->wanted = 100;
	make_and_kill(crowd);
	unlink_what_the_dead_have_left();
	references = module_references();
	before = memory_kib();

	making->wanted += scaled(SPACES);
	make_and_kill(crowd);
	unlink_what_the_dead_have_left();

	assert_int_equal(module_references(), references);
	/* The kernel frees some of it only after a grace period. */
	wait_until(memory_is_back, &before, "the memory is free again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(ids_are_unique_and_none_is_lost_when_owners_die),
		harness_test(spaces_that_come_and_go_leave_nothing_behind),
	};

	stress_seed();
	return harness_run(tests);
}
