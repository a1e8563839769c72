// SPDX-License-Identifier: GPL-2.0-only
/*
 * The storm: as many processes as the machine can bear lock, allocate, free, fork, execute
 * other programs and die, all at once, on a few hot and many cold locks.  storm.h says what
 * they note in shared memory, and what must be true of it.
 *
 *	LOCKMGR_STRESS_SECONDS		how long (15)
 *	LOCKMGR_STRESS_PROCESSES	how many at once (as memory and time allow)
 *
 * Meanwhile, in another space ("next door"), programs scribble on their records and are killed.
 */
#include <sys/resource.h>

#include "storm.h"
#include "wild.h"

#define SECONDS			15
#define PATIENCE_S		1800ULL	/* how much longer, until everything has happened */
#define MEMORY_KIB		512	/* of one process, a generous estimate */
#define STARTED_PER_SECOND	20	/* processes; on a slow machine that does much else */

/* The longest pause of the supervisor between two ticks, and what it does in one at most. */
#define TICK_US			20000
#define BIRTHS_PER_TICK		16
#define KILLS_PER_TICK		8

#define CHECK_TICKS		32
#define SWEEP_TICKS		64

/* These follow the others in the crowd. */
#define SCRIBBLERS		3
#define VICTIMS			5
#define WILD			(SCRIBBLERS + VICTIMS)

#define PIDS			(1 << 22)

/**
 * struct suspect - an id that is allocated, and nobody has claimed it
 * @claim: what could be seen at that moment
 */
struct suspect {
	uint32_t id;
	uint64_t claim;
};

/**
 * struct sweep - the search for orphans
 * @suspects: each is an orphan, or just allocated by a life that was BUSY
 * @lives, @deeds: which lives were BUSY then, and with which deed
 */
struct sweep {
	struct suspect suspects[IDS];
	unsigned int count;
	uint32_t lives[WORKERS_MAX];
	uint32_t deeds[WORKERS_MAX];
};

/* What the supervisor knows. */
static struct {
	struct crowd *crowd;
	struct lockmgr *mgr;
	uint64_t random;
	unsigned int wanted;
	unsigned int alive;
	unsigned int most;
	unsigned int free_places;
	uint32_t lives;
	uint64_t kills;
	uint64_t signals;
	uint64_t doubts;
	uint64_t orphans;
	uint64_t wild_lives;
	uint16_t places[WORKERS_MAX];
	uint16_t place_of_pid[PIDS];
	struct sweep sweep;
} top;

/* ------------------------------------------------------------------------
 * Births
 */

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t available_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t number = 0;
	char line[128];

	assert_non_null(file);
	while (!number && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64, &number) != 1)
			number = 0;
	fclose(file);
	assert_true(number);

	return number;
}

static unsigned int processes_wanted(uint64_t seconds)
{
	uint64_t count = seconds * STARTED_PER_SECOND;

	if (count > available_kib() / MEMORY_KIB)
		count = available_kib() / MEMORY_KIB;
	count = number_from("LOCKMGR_STRESS_PROCESSES", count);

	return count < WORKERS_MAX - WILD ? count : WORKERS_MAX - WILD;
}

static void begin_life(void)
{
	unsigned int index = top.places[--top.free_places];
	struct worker *worker = &top.crowd->workers[index];

	assert_true(++top.lives < LIVES_MAX);
	crowd_start(top.crowd, index, work, top.lives);
	assert_true(worker->pid < PIDS);
	top.place_of_pid[worker->pid] = index;
	if (++top.alive > top.most)
		top.most = top.alive;
}

static void begin_lives(void)
{
	unsigned int count;

	for (count = 0; count < BIRTHS_PER_TICK && top.alive < top.wanted; count++)
		begin_life();
}

/* ------------------------------------------------------------------------
 * Deaths
 */

static struct worker *worker_at(unsigned int index)
{
	return &top.crowd->workers[index];
}

/* From here on, a process that ends has not failed. */
static void fail_storm(const char *what, const struct worker *worker)
{
	uint32_t life;

	for (life = 1; life <= top.lives; life++)
		atomic_store(&storm->doomed[life], true);
	crowd_fail(top.crowd, what, worker);
}

static void kill_one(void)
{
	struct worker *worker = worker_at(random_below(&top.random, top.wanted));

	if (!worker->pid)
		return;
	atomic_store(&storm->doomed[worker->argument], true);
	kill(worker->pid, SIGKILL);
	top.kills++;
}

/* Usually one after the other; seldom so many that only dead ones are left in the queues. */
static void kill_some(void)
{
	unsigned int count = random_below(&top.random, KILLS_PER_TICK);

	if (top.alive < top.wanted * 3 / 4)
		return;
	if (!random_below(&top.random, 256))
		count = top.wanted / 4;
	while (count--)
		kill_one();
}

/* Send a signal that the process handles: it leaves its call, and takes it up again. */
static void disturb_one(void)
{
	struct worker *worker = worker_at(random_below(&top.random, top.wanted));

	if (!worker->pid)
		return;
	kill(worker->pid, SIGUSR1);
	top.signals++;
}

/* Count for each lock that the life held it, or may have held it. */
static void count_death(struct place *place)
{
	unsigned int thread, depth;

	for (thread = 0; thread < THREADS; thread++) {
		for (depth = 0; depth < DEPTH; depth++) {
			uint32_t note = atomic_exchange(&place->notes[thread][depth], AWAY);
			struct spot *spot = &storm->spots[NOTE_LOCK(note)];

			if (NOTE_WHERE(note) == INSIDE)
				spot->certain++;
			else if (NOTE_WHERE(note) != AWAY)
				spot->doubtful++;
		}
	}
	top.doubts += atomic_exchange(&place->mood, QUIET) == BUSY;
}

static void free_estate(uint32_t life)
{
	uint32_t id, end = atomic_load(&storm->ids_end);

	for (id = 0; id < end; id++) {
		uint64_t claim = atomic_load(&storm->claims[id]);

		if (CLAIM_LIFE(claim) == life && !(claim & CLAIM_LEAVING) &&
		    !disclaim(top.mgr, id))
			fail_storm("an id has been lost", NULL);
	}
}

/* The life exited, the supervisor killed it, or the program that it executed ended. */
static bool is_end_of_doomed(int status)
{
	return !status || (WIFSIGNALED(status) &&
			   (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGUSR1));
}

static void bury(unsigned int index, int status)
{
	struct worker *worker = worker_at(index);
	const bool doomed = atomic_load(&storm->doomed[worker->argument]);

	worker->pid = 0;
	if (doomed ? !is_end_of_doomed(status) : status != 0)
		fail_storm("a process has failed", worker);
	if (doomed) {
		count_death(&storm->places[index]);
		free_estate(worker->argument);
	}
	top.places[top.free_places++] = index;
	top.alive--;
}

/* Nobody checks what a process next door had when it died. */
static void bury_wild(unsigned int index, int status)
{
	struct worker *worker = worker_at(index);

	worker->pid = 0;
	if (!is_end_of_doomed(status))
		fail_storm("a process next door has failed", worker);
}

/* Bury the processes that have died.  Returns false if no child is left. */
static bool bury_dead(void)
{
	unsigned int index;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		index = top.place_of_pid[pid];
		if (worker_at(index)->pid == pid && index >= top.wanted)
			bury_wild(index, status);
		else if (worker_at(index)->pid == pid)
			bury(index, status);
		/* A child of a dead process, which the kernel has reparented to us. */
		else if (!is_end_of_doomed(status))
			fail_storm("a child of a dead process has failed", NULL);
	}

	return !pid;
}

/* ------------------------------------------------------------------------
 * Next door
 */

/* Start or kill a random process next door, whatever it has just written. */
static void keep_wild(void)
{
	struct worker *worker = worker_at(top.wanted + random_below(&top.random, WILD));
	const unsigned int number = worker - worker_at(top.wanted);

	if (worker->pid) {
		kill(worker->pid, SIGKILL);
		return;
	}
	crowd_start(top.crowd, top.wanted + number, number < SCRIBBLERS ? scribble : suffer,
		    ++top.wild_lives);
	top.place_of_pid[worker->pid] = top.wanted + number;
}

/* When nobody scribbles any more, the locks of that space work as any others. */
static void expect_wild_space_recovers(void)
{
	const struct timespec deadline = deadline_in_us(STRESS_PATIENCE_S * 1000000L);
	struct lockmgr *mgr;
	uint32_t id;
	int ret;

	assert_int_equal(lockmgr_open(&mgr, wild_space, NULL), 0);
	for (id = 0; id < WILD_IDS; id++) {
		ret = lockmgr_timedlock(mgr, id, &deadline);
		assert_in_range(ret, 0, LOCKMGR_OWNER_DIED);
		assert_int_equal(lockmgr_trylock(mgr, id), -EBUSY);
		assert_int_equal(lockmgr_unlock(mgr, id), 0);
	}
	space_close(mgr);
}

/* ------------------------------------------------------------------------
 * Orphans
 */

static bool is_orphan(const struct suspect *suspect)
{
	return atomic_load(&storm->claims[suspect->id]) == suspect->claim &&
	       lockmgr_retrieve(top.mgr, suspect->id) == 1;
}

static void sweep_suspects(void)
{
	uint32_t id, end = atomic_load(&storm->ids_end);

	top.sweep.count = 0;
	for (id = 0; id < end; id++) {
		struct suspect suspect = { id, atomic_load(&storm->claims[id]) };

		if ((!CLAIM_LIFE(suspect.claim) || suspect.claim & CLAIM_LEAVING) &&
		    is_orphan(&suspect))
			top.sweep.suspects[top.sweep.count++] = suspect;
	}
}

/* Only a life that was BUSY before may have allocated a suspect. */
static void sweep_begin(void)
{
	unsigned int index;

	sweep_suspects();
	for (index = 0; index < top.wanted; index++) {
		struct place *place = &storm->places[index];

		top.sweep.deeds[index] = atomic_load(&place->deeds);
		top.sweep.lives[index] = 0;
		if (worker_at(index)->pid && atomic_load(&place->mood) == BUSY)
			top.sweep.lives[index] = worker_at(index)->argument;
	}
}

static bool sweep_is_over(void)
{
	unsigned int index;

	for (index = 0; index < top.wanted; index++) {
		const struct worker *worker = worker_at(index);

		if (worker->pid && worker->argument == top.sweep.lives[index] &&
		    atomic_load(&storm->places[index].deeds) == top.sweep.deeds[index])
			return false;
	}

	return true;
}

/* There must be no more orphans than deaths that can have left one. */
static void sweep_end(void)
{
	unsigned int i;

	for (i = 0; i < top.sweep.count; i++) {
		const struct suspect *suspect = &top.sweep.suspects[i];

		if (!is_orphan(suspect))
			continue;
		if (!top.doubts--)
			fail_storm("an id is allocated, and nobody has it", NULL);
		assert_int_equal(lockmgr_free(top.mgr, suspect->id), 0);
		top.orphans++;
	}
	top.sweep.count = 0;
}

static void sweep(void)
{
	if (!sweep_is_over())
		return;
	sweep_end();
	sweep_begin();
}

/* ------------------------------------------------------------------------
 * The storm
 */

static void check_progress(void)
{
	unsigned int index;

	for (index = 0; index < top.wanted + WILD; index++)
		if (worker_at(index)->pid)
			check_worker(top.crowd, worker_at(index));
}

static void count_deaths(uint64_t *certain, uint64_t *doubtful)
{
	uint32_t lock;

	*certain = 0;
	*doubtful = 0;
	for (lock = 0; lock < LOCKS; lock++) {
		*certain += storm->spots[lock].certain;
		*doubtful += storm->spots[lock].doubtful;
	}
}

/* Whether everything that a storm is for has happened at least once. */
static bool all_has_happened(void)
{
	const struct totals *totals = &storm->totals;
	uint64_t certain, doubtful;

	count_deaths(&certain, &doubtful);
	return certain && doubtful && totals->told && totals->allocated && totals->exited &&
	       totals->executed && totals->forked;
}

/* On a machine with much else to do, this takes longer. */
static void rage(uint64_t seconds)
{
	const uint64_t end = now_ns() + seconds * 1000000000;
	const uint64_t last = end + PATIENCE_S * 1000000000;
	uint64_t ticks;

	for (ticks = 0; now_ns() < end || (!all_has_happened() && now_ns() < last); ticks++) {
		bury_dead();
		begin_lives();
		kill_some();
		keep_wild();
		disturb_one();
		if (!(ticks % CHECK_TICKS))
			check_progress();
		if (!(ticks % SWEEP_TICKS))
			sweep();
		pause_us(random_below(&top.random, TICK_US));
	}
}

static void calm_down(void)
{
	atomic_store(&top.crowd->stop, true);
	while (bury_dead()) {
		check_progress();
		pause_us(TICK_US);
	}
	assert_int_equal(top.alive, 0);
	/* Nobody is BUSY any more: each suspect that is left is an orphan. */
	sweep_end();
	sweep_begin();
	sweep_end();
}

static void be_disturbed(int signal)
{
	(void)signal;
}

/*
 * The supervisor runs ahead of all others, but not with a real-time policy, because the
 * kernel rations that.  The kernel reparents the children of the dead to it.
 */
static void set_up(uint64_t seconds)
{
	const struct sched_param param = { 0 };
	const struct sigaction action = { .sa_handler = be_disturbed };
	unsigned int index;

	top.mgr = space_open();
	wild_space = other_space_name();
	top.crowd = crowd_new(top.mgr);
	atomic_store(&top.crowd->go, true);
	storm = shared_new(sizeof(*storm));
	top.random = random_begin(0);
	top.wanted = processes_wanted(seconds);
	for (index = top.wanted; index; index--)
		top.places[top.free_places++] = index - 1;

	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &param), 0);
	assert_int_equal(setpriority(PRIO_PROCESS, 0, -20), 0);
}

/* ------------------------------------------------------------------------
 * What is left
 */

static void expect_all_ids_free(void)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	uint32_t available, id;

	assert_int_equal(lockmgr_info(top.mgr, &info), 0);
	assert_int_equal(lockmgr_available(top.mgr, &available), 0);
	assert_int_equal(info.clients, 1);
	assert_int_equal(info.allocated, 0);
	assert_int_equal(available, info.capacity);
	assert_int_equal(lockmgr_allocate(top.mgr, &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(lockmgr_free(top.mgr, id), 0);
}

static void expect_all_locks_free(void)
{
	const uint32_t any = LOCKMGR_LOCK_IS_HELD | LOCKMGR_LOCK_IS_WAITED;
	struct lockmgr_lock_info info;
	uint64_t cursor = 0;
	size_t count;

	while (cursor != LOCKMGR_LIST_END) {
		assert_int_equal(lockmgr_list(top.mgr, any, &cursor, &info, 1, &count), 0);
		assert_int_equal(count, 0);
	}
}

/* See storm.h.  Our call gets the report that is still due. */
static void expect_tellings(uint32_t lock)
{
	const struct spot *spot = &storm->spots[lock];
	const int last = lockmgr_trylock(top.mgr, id_of(lock));
	const uint32_t told = atomic_load(&spot->told) + (last == LOCKMGR_OWNER_DIED);

	assert_in_range(last, 0, LOCKMGR_OWNER_DIED);
	assert_true(!spot->inside || last == LOCKMGR_OWNER_DIED);
	assert_in_range(told, spot->certain, spot->certain + spot->doubtful);
	assert_int_equal(lockmgr_unlock(top.mgr, id_of(lock)), 0);
}

static void print_totals(uint64_t seconds)
{
	const struct totals *totals = &storm->totals;
	uint64_t certain, doubtful;

	count_deaths(&certain, &doubtful);
	printf("# %" PRIu64 " s, %u processes, %u at once\n", seconds, top.lives, top.most);
	printf("# acquired: %" PRIu64 " by lock, %" PRIu64 " by trylock (%" PRIu64
	       " in vain), %" PRIu64 " by timedlock (%" PRIu64 " in vain)\n",
	       totals->acquired[LOCK], totals->acquired[TRYLOCK], totals->refused[TRYLOCK],
	       totals->acquired[TIMEDLOCK], totals->refused[TIMEDLOCK]);
	printf("# ends: %" PRIu64 " killed, %" PRIu64 " exited as holders, %" PRIu64
	       " executed another program as holders; %" PRIu64 " forked, %" PRIu64 " signals\n",
	       top.kills, totals->exited, totals->executed, totals->forked, top.signals);
	printf("# next door: %" PRIu64 " lives\n", top.wild_lives);
	printf("# deaths, lock by lock: %" PRIu64 " inside, %" PRIu64
	       " on their way in or out; reported: %" PRIu64 "\n",
	       certain, doubtful, totals->told);
	printf("# ids: %" PRIu64 " allocated, %" PRIu64 " freed, %" PRIu64 " orphans\n",
	       totals->allocated, totals->freed, top.orphans);

	assert_true(all_has_happened());
}

static void nothing_is_lost_in_a_storm(void **state)
{
	const uint64_t seconds = number_from("LOCKMGR_STRESS_SECONDS", SECONDS);
	uint32_t lock;

	(void)state;
	set_up(seconds);
	rage(seconds);
	calm_down();

	print_totals(seconds);
	expect_all_ids_free();
	expect_all_locks_free();
	for (lock = 0; lock < LOCKS; lock++)
		expect_tellings(lock);
	expect_wild_space_recovers();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(nothing_is_lost_in_a_storm),
	};

	stress_seed();
	return harness_run(tests);
}
