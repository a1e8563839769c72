// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much one user's attack slows another user down, beyond the processor time that the
 * attack takes.
 */
#include <errno.h>
#include <sys/stat.h>

#include "arena.h"

/* Windows with the attack, each between two without. */
#define WINDOWS		8
#define WINDOW_MS	250

/* A window does not end before each victim has done this many operations. */
#define WINDOW_OPERATIONS	200

/*
 * How much a victim must do beside an attack, relative to what it does beside processes that
 * spin.  This is not 1, because the scheduler charges interrupts for signals and timers to
 * nobody.  If the host is busy, single windows are far off; so the upper quartile of the windows
 * must reach this: an attack that does harm does it in all of them.
 */
#define LEAST_RATIO	0.6

/*
 * How often a victim may sleep in all windows of an attack, if none of its calls waits for
 * another user.  Something else may make a process sleep once in a while; but a victim that
 * shared a mutex with the attackers would find it held several times a second.
 */
#define MOST_SLEEPS	2

/* ------------------------------------------------------------------------
 * Victims
 */

static int prepare_lock(void)
{
	return arena_open_space("victim-lock", 0);
}

static void step_lock(int file)
{
	arena_check(arena_lock(file, 1, 0) >= 0);
	arena_check(!arena_id(file, LOCKMGR_IOC_UNLOCK, 1));
}

/* Try to wait for oneself, and get EDEADLK. */
static int prepare_wait(void)
{
	int file = arena_open_space("victim-wait", LOCKMGR_ATTACH_DETECT_DEADLOCK);

	arena_check(arena_lock(file, 1, 0) >= 0);

	return file;
}

static void step_wait(int file)
{
	arena_check(arena_lock(file, 1, 0) == -1 && errno == EDEADLK);
}

static int prepare_open(void)
{
	return arena_open_space("victim-open", 0);
}

static void step_open(int file)
{
	(void)file;
	close(arena_open_space("victim-open", 0));
}

/* Compute, which is the measure for the others: see score(). */
static int prepare_compute(void)
{
	return -1;
}

static void step_compute(int file)
{
	(void)file;
	arena_spin();
}

/* The index of that victim. */
#define COMPUTE		0

static const struct victim victims[VICTIMS] = {
	{ "compute", prepare_compute, step_compute, .sleeps = false },
	{ "lock and unlock", prepare_lock, step_lock, .sleeps = false },
	{ "deadlock", prepare_wait, step_wait, .sleeps = false },
	/* All users share the table of names. */
	{ "open and close", prepare_open, step_open, .sleeps = true },
};

/* ------------------------------------------------------------------------
 * Attacks
 */

/* How many names an attacker uses in turn. */
#define NAMES		100

/*
 * Make a file, a space, ids that need a bitmap each, and locks that need a page of records each;
 * then give all of it back.
 */
static void step_spaces(struct attacker *self)
{
	char name[LOCKMGR_NAME_SIZE];
	uint32_t id;
	int file;

	snprintf(name, sizeof(name), "space-%u-%u", self->index, self->counter++ % NAMES);
	file = arena_open_space(name, 0);
	for (id = 0; id < 16 * 1024; id += 1024) {
		arena_check(!arena_id(file, LOCKMGR_IOC_ALLOCATE_ID, id));
		arena_check(arena_lock(file, id, 0) >= 0);
	}
	arena_check(!arena_unlink(file, name));
	close(file);
}

/* Waiters ------------------------------------------------------------------ */

#define WAITERS		200

static void start_thread(void *(*body)(void *self), void *self)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	arena_check(!pthread_create(&thread, &attr, body, self));
	pthread_attr_destroy(&attr);
}

/* The entry of a lock if it is held; otherwise zeros. */
static struct lockmgr_lock_entry held_lock(int file, uint32_t id)
{
	struct lockmgr_lock_entry entry = { .id = UINT32_MAX };
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
		.cursor = id,
		.filter = LOCKMGR_ENTRY_HELD,
	};

	arena_check(!ioctl(file, LOCKMGR_IOC_LIST_LOCKS, &args));

	return entry.id == id ? entry : (struct lockmgr_lock_entry) { 0 };
}

static void rest(void)
{
	const struct timespec pause = { .tv_nsec = 500000 };

	nanosleep(&pause, NULL);
}

static void await_held(int file, uint32_t id)
{
	while (!held_lock(file, id).flags)
		rest();
}

static void await_waiters(int file, uint32_t id, uint32_t count)
{
	while (held_lock(file, id).waiters != count)
		rest();
}

static void take_own(struct attacker *self)
{
	arena_check(arena_lock(self->file, self->index, 0) >= 0);
}

static void let_go_own(struct attacker *self)
{
	arena_check(!arena_id(self->file, LOCKMGR_IOC_UNLOCK, self->index));
}

static void *take_turns(void *data)
{
	struct attacker *self = data;

	for (;;) {
		take_own(self);
		let_go_own(self);
	}

	return NULL;
}

/* Start threads that want one lock, which the attacker holds until the attack begins. */
static void prepare_waiters(struct attacker *self)
{
	unsigned int i;

	take_own(self);
	for (i = 0; i < WAITERS; i++)
		start_thread(take_turns, self);
	await_waiters(self->file, self->index, WAITERS);
}

static void step_waiters(struct attacker *self)
{
	take_own(self);
	let_go_own(self);
}

/* Signals ------------------------------------------------------------------ */

static void ignore_signal(int number)
{
	(void)number;
}

static void *wait_for_signals(void *data)
{
	struct attacker *self = data;

	for (;;)
		arena_check(arena_lock(self->file, self->index, 0) == -1 && errno == EINTR);

	return NULL;
}

/* Start a thread that waits, and that step_signals() interrupts again and again. */
static void prepare_signals(struct attacker *self)
{
	const struct sigaction action = { .sa_handler = ignore_signal };
	sigset_t set;

	take_own(self);
	arena_check(!sigaction(SIGUSR1, &action, NULL));
	start_thread(wait_for_signals, self);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	await_waiters(self->file, self->index, 1);
}

/* The attacker also waits itself, until a deadline that has passed or is 20 us away. */
static void step_signals(struct attacker *self)
{
	uint64_t deadline = self->counter++ % 2 ? 1 : now_ns() + 20000;

	kill(getpid(), SIGUSR1);
	arena_check(arena_lock(self->file, self->index, deadline) == -1 && errno == ETIMEDOUT);
}

/* Chains ------------------------------------------------------------------- */

#define CHAIN		300
#define CHAIN_BEGIN	1000
#define CHAIN_END	(CHAIN_BEGIN + CHAIN)

/**
 * struct link - a thread that holds one lock, and waits for the next
 * @self: the attacker to which it belongs
 * @id: what it holds
 */
struct link {
	struct attacker *self;
	uint32_t id;
};

static struct link links[CHAIN + 1];

static void *hold_and_wait(void *data)
{
	struct link *link = data;

	arena_check(arena_lock(link->self->file, link->id, 0) >= 0);
	if (link->id < CHAIN_END)
		arena_lock(link->self->file, link->id + 1, 0);
	else
		pause();
	arena_fail(__FILE__, __LINE__, "the chain holds");

	return NULL;
}

/*
 * The first attacker makes a chain of threads, from its end to its beginning; a walk from the
 * lock at the beginning goes through all of it.
 */
static void prepare_chain(struct attacker *self)
{
	uint32_t id;

	close(self->file);
	self->file = arena_open_space("attackers", LOCKMGR_ATTACH_DETECT_DEADLOCK);
	if (self->index)
		return;

	for (id = CHAIN_END; id >= CHAIN_BEGIN; id--) {
		struct link *link = &links[id - CHAIN_BEGIN];

		*link = (struct link) { self, id };
		start_thread(hold_and_wait, link);
		if (id < CHAIN_END)
			await_waiters(self->file, id + 1, 1);
		else
			await_held(self->file, id);
	}
}

/* Make the module look whether waiting for the chain would close a cycle. */
static void step_walk(struct attacker *self)
{
	arena_check(arena_lock(self->file, CHAIN_BEGIN, 1) == -1 && errno == ETIMEDOUT);
}

/* Make it look whether the holders of some locks of the chain wait for themselves. */
static void step_list(struct attacker *self)
{
	struct lockmgr_lock_entry entries[16];
	struct lockmgr_ioctl_list args = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
		.count = ARRAY_SIZE(entries),
		.cursor = CHAIN_BEGIN,
		.filter = LOCKMGR_ENTRY_WAITED,
	};

	arena_check(!ioctl(self->file, LOCKMGR_IOC_LIST_LOCKS, &args));
}

/* ------------------------------------------------------------------------
 * Counting
 */

static struct arena *arena;
static pid_t pids[ATTACKERS + VICTIMS];
static size_t pid_count;

/**
 * struct window - what the victims have done in a window of time
 * @rates: operations per second, of each victim
 * @sleeps: voluntary context switches of each victim
 */
struct window {
	double rates[VICTIMS];
	double sleeps[VICTIMS];
};

static void check_processes(void)
{
	size_t i;
	int status;

	for (i = 0; i < pid_count; i++)
		if (pids[i] && waitpid(pids[i], &status, WNOHANG) == pids[i]) {
			pids[i] = 0;
			fail_msg("a process has ended with wait status %#x", status);
		}
}

static bool are_ready(void *unused)
{
	unsigned int i;

	(void)unused;
	check_processes();
	for (i = 0; i < VICTIMS; i++)
		if (!atomic_load(&arena->operations[i]))
			return false;

	return atomic_load(&arena->ready) == ATTACKERS;
}

static bool have_obeyed(void *mode)
{
	unsigned int i;

	check_processes();
	for (i = 0; i < ATTACKERS; i++)
		if (atomic_load(&arena->obeyed[i]) != *(int *)mode)
			return false;

	return true;
}

static double sleeps_of(pid_t pid)
{
	char path[64], line[256];
	unsigned long count;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	do {
		assert_non_null(fgets(line, sizeof(line), file));
	} while (sscanf(line, "voluntary_ctxt_switches: %lu", &count) != 1);
	fclose(file);

	return count;
}

/* Add to a window @factor times what was done until now; victims are the first of pids[]. */
static void count(struct window *window, double factor)
{
	unsigned int i;

	for (i = 0; i < VICTIMS; i++) {
		window->rates[i] += factor * (double)atomic_load(&arena->operations[i]);
		window->sleeps[i] += factor * sleeps_of(pids[i]);
	}
}

static unsigned int cpu_count(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/* Set the processor time of the attackers, in percent of that of the victims. */
static void set_weight(const char *weight)
{
	char path[64];
	unsigned int cpu;

	for (cpu = 0; cpu < cpu_count(); cpu++) {
		snprintf(path, sizeof(path), ARENA_GROUP "/cpu.weight", ATTACKER_UID, cpu);
		assert_int_equal(arena_write(path, weight), 0);
	}
}

/**
 * struct goal - when a window may end
 * @time: not before this time
 * @operations: not before each victim's count has reached this
 */
struct goal {
	uint64_t time;
	unsigned long operations[VICTIMS];
};

static bool is_goal_reached(void *data)
{
	const struct goal *goal = data;
	unsigned int i;

	check_processes();
	for (i = 0; i < VICTIMS; i++)
		if (atomic_load(&arena->operations[i]) < goal->operations[i])
			return false;

	return now_ns() >= goal->time;
}

/* Count what the victims do while the attackers are in a mode. */
static struct window measure(int mode)
{
	struct window window = { 0 };
	struct goal goal;
	double seconds;
	uint64_t start;
	unsigned int i;

	set_weight("100");
	atomic_store(&arena->mode, mode);
	wait_until(have_obeyed, &mode, "the attackers have obeyed");
	set_weight("1");

	count(&window, -1);
	start = now_ns();
	goal.time = start + WINDOW_MS * 1000000;
	for (i = 0; i < VICTIMS; i++)
		goal.operations[i] = atomic_load(&arena->operations[i]) + WINDOW_OPERATIONS;
	wait_until(is_goal_reached, &goal, "each victim has done its operations");
	count(&window, 1);
	seconds = (now_ns() - start) / 1e9;
	for (i = 0; i < VICTIMS; i++)
		window.rates[i] /= seconds;

	return window;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * struct harm - what an attack has done to a victim
 * @median: median of the windows' ratios
 * @quartile: their upper quartile
 * @rate: operations per second
 * @sleeps: how often the victim has slept
 */
struct harm {
	double median;
	double quartile;
	double rate;
	double sleeps;
};

/*
 * How much a victim does in a window.  What the victim does that only computes shows how much
 * of the processor a busy host has left to this machine; so the others are measured relative to
 * that.
 */
static double score(unsigned int victim, const struct window *window)
{
	return victim == COMPUTE ? window->rates[COMPUTE] :
				   window->rates[victim] / window->rates[COMPUTE];
}

/* Compare each window of the attack with its neighbours. */
static struct harm harm_to(unsigned int victim, const struct window *floods,
			   const struct window *spins)
{
	struct harm harm = { 0 };
	double ratios[WINDOWS];
	unsigned int i;

	for (i = 0; i < WINDOWS; i++) {
		ratios[i] = 2 * score(victim, &floods[i]) /
			    (score(victim, &spins[i]) + score(victim, &spins[i + 1]));
		harm.rate += floods[i].rates[victim] / WINDOWS;
		harm.sleeps += floods[i].sleeps[victim];
	}
	qsort(ratios, WINDOWS, sizeof(ratios[0]), compare);
	harm.median = ratios[WINDOWS / 2];
	harm.quartile = ratios[WINDOWS * 3 / 4];

	return harm;
}

static void start_all(const struct attack *attack)
{
	unsigned int i;

	for (i = 0; i < VICTIMS; i++) {
		pids[pid_count] = arena_fork(VICTIM_UID, 0);
		if (!pids[pid_count++])
			arena_suffer(arena, i, &victims[i]);
	}
	for (i = 0; i < ATTACKERS; i++) {
		struct attacker self = { .arena = arena, .index = i };

		pids[pid_count] = arena_fork(ATTACKER_UID, i % cpu_count());
		if (!pids[pid_count++])
			arena_attack(&self, attack);
	}
	wait_until(are_ready, NULL, "all are ready");
}

/* On a PREEMPT_RT kernel, a task may sleep while it waits for a spinlock. */
static bool is_realtime(void)
{
	return !access("/sys/kernel/realtime", F_OK);
}

static void expect_little_harm(const struct attack *attack)
{
	struct window spins[WINDOWS + 1], floods[WINDOWS];
	struct harm harms[VICTIMS];
	unsigned int i;

	start_all(attack);
	spins[0] = measure(ARENA_SPIN);
	for (i = 0; i < WINDOWS; i++) {
		floods[i] = measure(ARENA_FLOOD);
		spins[i + 1] = measure(ARENA_SPIN);
	}

	for (i = 0; i < VICTIMS; i++) {
		harms[i] = harm_to(i, floods, spins);
		printf("# %s: %s: %.2f (upper quartile %.2f), %.0f/s, %.0f sleeps\n",
		       attack->name, victims[i].name, harms[i].median, harms[i].quartile,
		       harms[i].rate, harms[i].sleeps);
	}
	fflush(stdout);
	for (i = 0; i < VICTIMS; i++)
		if (harms[i].quartile < LEAST_RATIO)
			fail_msg("%s: only %.2f of what it does beside processes that spin",
				 victims[i].name, harms[i].quartile);
	for (i = 0; i < VICTIMS; i++)
		if (!victims[i].sleeps && !is_realtime() && harms[i].sleeps > MOST_SLEEPS)
			fail_msg("%s: slept %.0f times", victims[i].name, harms[i].sleeps);
}

static void make_groups(uid_t uid)
{
	char path[64];
	unsigned int cpu;

	for (cpu = 0; cpu < cpu_count(); cpu++) {
		snprintf(path, sizeof(path), ARENA_GROUP, uid, cpu);
		assert_int_equal(mkdir(path, 0755), 0);
	}
}

static bool is_group_gone(void *path)
{
	return !rmdir(path) || errno == ENOENT;
}

static void remove_groups(uid_t uid)
{
	char path[64];
	unsigned int cpu;

	for (cpu = 0; cpu < cpu_count(); cpu++) {
		snprintf(path, sizeof(path), ARENA_GROUP, uid, cpu);
		/* Processes that have ended may still be in it for a moment. */
		wait_until(is_group_gone, path, "the control group can be removed");
	}
}

static int setup(void **state)
{
	(void)state;
	make_groups(VICTIM_UID);
	make_groups(ATTACKER_UID);
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);

	return arena == MAP_FAILED ? -1 : 0;
}

static void unlink_as(uid_t uid, const char *format, unsigned int a, unsigned int b)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	char name[LOCKMGR_NAME_SIZE];

	opts.owner = uid;
	snprintf(name, sizeof(name), format, a, b);
	lockmgr_unlink(name, &opts);
}

static int teardown(void **state)
{
	unsigned int i, k;

	(void)state;
	/* So that attackers that are killed get the time to end. */
	set_weight("100");
	while (pid_count) {
		if (!pids[--pid_count])
			continue;
		kill(pids[pid_count], SIGKILL);
		waitpid(pids[pid_count], NULL, 0);
	}
	munmap(arena, sizeof(*arena));
	remove_groups(VICTIM_UID);
	remove_groups(ATTACKER_UID);

	for (i = 0; i < ATTACKERS; i++)
		for (k = 0; k < NAMES; k++)
			unlink_as(ATTACKER_UID, "space-%u-%u", i, k);
	unlink_as(ATTACKER_UID, "attackers", 0, 0);
	unlink_as(VICTIM_UID, "victim-lock", 0, 0);
	unlink_as(VICTIM_UID, "victim-wait", 0, 0);
	unlink_as(VICTIM_UID, "victim-open", 0, 0);

	return 0;
}

#define ATTACK_TEST(test_name, ...) \
	static void test_name(void **state) \
	{ \
		(void)state; \
		expect_little_harm(&(const struct attack) { __VA_ARGS__ }); \
	}

ATTACK_TEST(making_and_filling_spaces_slows_nobody_down, "spaces", .step = step_spaces)
ATTACK_TEST(traffic_past_many_waiters_slows_nobody_down, "waiters", .prepare = prepare_waiters,
	    .begin = let_go_own, .step = step_waiters, .end = take_own)
ATTACK_TEST(signals_and_timeouts_of_waiters_slow_nobody_down, "signals",
	    .prepare = prepare_signals, .step = step_signals)
ATTACK_TEST(looking_for_deadlocks_slows_nobody_down, "deadlocks", .prepare = prepare_chain,
	    .step = step_walk)
ATTACK_TEST(listing_long_chains_slows_nobody_down, "lists", .prepare = prepare_chain,
	    .step = step_list)

#define arena_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		arena_test(making_and_filling_spaces_slows_nobody_down),
		arena_test(traffic_past_many_waiters_slows_nobody_down),
		arena_test(signals_and_timeouts_of_waiters_slow_nobody_down),
		arena_test(looking_for_deadlocks_slows_nobody_down),
		arena_test(listing_long_chains_slows_nobody_down),
	};
	int ret;

	/* This would measure the kernel's checks rather than the module. */
	if (kernel_watches_itself()) {
		printf("1..0 # SKIP this kernel spends its time on checks\n");
		return 0;
	}
	if (arena_write(ARENA_CGROUP "/cgroup.subtree_control", "+cpu")) {
		printf("1..0 # SKIP no control groups with processor time\n");
		return 0;
	}
	ret = harness_run(tests);
	arena_write(ARENA_CGROUP "/cgroup.subtree_control", "-cpu");

	return ret;
}
