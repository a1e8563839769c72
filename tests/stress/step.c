// SPDX-License-Identifier: GPL-2.0-only
/*
 * Death after each instruction: a process is single-stepped into a call, and ends
 * there after 0, 1, 2, … instructions until the call is over.  So it dies at each
 * place where user space can be left, whatever the library does there, by itself
 * or by the kernel.  What the others get must agree with what could be seen of it
 * while it stood still.
 *
 * An instruction that enters the kernel is one step.  If it sleeps there, the process can
 * die there, too.
 */
#include <sys/ptrace.h>

#include "stress.h"

/* The lock, another one whose record is in the same page, and an id to allocate. */
#define LOCK		0
#define OTHER_LOCK	1
#define ID		5

/* A call that took fewer steps than that was not single-stepped all the way. */
#define STEPS_MIN	20

/**
 * struct deed - what a victim does
 * @before: what it does first, at full speed; may be NULL
 * @call: what it does step by step; must return @expected
 */
struct deed {
	const char *name;
	int (*before)(struct lockmgr *mgr);
	int (*call)(struct lockmgr *mgr);
	int expected;
};

/**
 * struct scene - what a victim and its tormentor share
 * @entered: the victim is about to make the call
 * @left: the call is over; it returned @ret
 */
struct scene {
	const struct deed *deed;
	atomic_bool entered;
	atomic_bool left;
	int ret;
};

static struct scene *scene;
static struct crowd *crowd;
static struct lockmgr *mgr;

/* ------------------------------------------------------------------------
 * The victim
 */

static int lock(struct lockmgr *own)
{
	return lockmgr_lock(own, LOCK);
}

static int trylock(struct lockmgr *own)
{
	return lockmgr_trylock(own, LOCK);
}

static int timedlock(struct lockmgr *own)
{
	const struct timespec past = { .tv_sec = 0 };

	return lockmgr_timedlock(own, LOCK, &past);
}

static int unlock(struct lockmgr *own)
{
	return lockmgr_unlock(own, LOCK);
}

/* From then on, the victim can acquire the lock in memory, if the space is mapped. */
static int warm_up(struct lockmgr *own)
{
	int ret = lockmgr_lock(own, OTHER_LOCK);

	return ret ? ret : lockmgr_unlock(own, OTHER_LOCK);
}

static int allocate(struct lockmgr *own)
{
	uint32_t id;

	return lockmgr_allocate(own, &id);
}

static int allocate_id(struct lockmgr *own)
{
	return lockmgr_allocate_id(own, ID);
}

static int free_id(struct lockmgr *own)
{
	return lockmgr_free(own, ID);
}

static int close_handle(struct lockmgr *own)
{
	lockmgr_close(own);

	return 0;
}

static void be_stepped(struct crowd *unused, struct worker *self)
{
	const struct deed *deed = scene->deed;
	struct lockmgr *own = worker_open(self);

	(void)unused;
	if (deed->before)
		worker_check(deed->before(own) >= 0);
	worker_check(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);

	atomic_store(&scene->entered, true);
	scene->ret = deed->call(own);
	atomic_store(&scene->left, true);
	for (;;)
		pause();
}

/* ------------------------------------------------------------------------
 * The tormentor
 */

static pid_t victim(void)
{
	return crowd->workers[0].pid;
}

static void expect_stop(int status, int signal)
{
	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), signal);
}

static void wait_for_stop(int signal)
{
	int status;

	assert_int_equal(waitpid(victim(), &status, 0), victim());
	expect_stop(status, signal);
}

static bool victim_waits(void)
{
	uint32_t waiters = lock_info(mgr, LOCK).waiters;

	assert_in_range(waiters, 0, 1);

	return waiters;
}

struct step {
	bool stopped;
};

static bool stops_or_waits(void *data)
{
	struct step *step = data;
	int status;

	step->stopped = waitpid(victim(), &status, WNOHANG) == victim();
	if (step->stopped)
		expect_stop(status, SIGTRAP);

	return step->stopped || victim_waits();
}

static void single_step(void)
{
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, victim(), NULL, NULL), 0);
	wait_for_stop(SIGTRAP);
}

/* Returns false if the victim sleeps in that step, waiting for the lock. */
static bool single_step_or_wait(void)
{
	struct step step;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, victim(), NULL, NULL), 0);
	while (!stops_or_waits(&step))
		pause_us(20);

	return step.stopped;
}

/* Start a victim, and stop it where the call begins. */
static void bring_victim(const struct deed *deed)
{
	scene->deed = deed;
	atomic_store(&scene->entered, false);
	atomic_store(&scene->left, false);
	crowd_start(crowd, 0, be_stepped, 0);
	wait_for_stop(SIGSTOP);
	while (!atomic_load(&scene->entered))
		single_step();
}

/* With a stride above 1, runs begin at different steps. */
static unsigned int first_step(void)
{
	static uint64_t random;

	if (!random)
		random = random_begin(0);

	return random_below(&random, stride());
}

/* Returns false if the call was over before it had taken that many steps. */
static bool take_steps(unsigned int count)
{
	for (; count; count--) {
		if (atomic_load(&scene->left))
			return false;
		single_step();
	}

	return true;
}

static void kill_victim(void)
{
	crowd_kill(crowd, 0);
}

static bool has_left(void *unused)
{
	(void)unused;
	return atomic_load(&scene->left);
}

/* Let the victim do the rest at full speed. */
static void let_victim_go(void)
{
	assert_int_equal(ptrace(PTRACE_DETACH, victim(), NULL, NULL), 0);
}

static void expect_victim_to_finish(void)
{
	wait_until(has_left, NULL, "the call is over");
	assert_int_equal(scene->ret, scene->deed->expected);
}

/* After the last victim of a deed: @count is how many steps its call had. */
static void expect_steps(const struct deed *deed, unsigned int count)
{
	assert_int_equal(scene->ret, deed->expected);
	assert_true(count >= STEPS_MIN);
	printf("# %s: %u steps\n", deed->name, count);
}

static struct lockmgr_space_info space_info(void)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	assert_int_equal(lockmgr_info(mgr, &info), 0);

	return info;
}

static bool victim_holds(void)
{
	const struct lockmgr_lock_info info = lock_info(mgr, LOCK);

	return info.flags & LOCKMGR_LOCK_IS_HELD && info.pid == victim();
}

/* The next lock call reports a death, or does not; the one after that never does. */
static void expect_lock_of(bool dead_holder)
{
	assert_int_equal(lockmgr_trylock(mgr, LOCK), dead_holder ? LOCKMGR_OWNER_DIED : 0);
	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	assert_int_equal(lockmgr_trylock(mgr, LOCK), 0);
	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	assert_int_equal(lock_info(mgr, LOCK).waiters, 0);
	assert_int_equal(space_info().clients, 1);
}

/*
 * Victim and tormentor share one processor, so that each step is one switch there and one
 * back.  They do not preempt each other: if the victim has stopped, but not left its
 * processor yet, its tracer must wait for the next clock tick.
 */
static void share_processor(void)
{
	const struct sched_param param = { 0 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	assert_int_equal(sched_setscheduler(0, SCHED_BATCH, &param), 0);
}

static void set_the_scene(void)
{
	mgr = space_open();
	crowd = crowd_new(mgr);
	scene = shared_new(sizeof(*scene));
	share_processor();
}

/* ------------------------------------------------------------------------
 * Locks that nobody else wants
 */

/* Whether the victim holds the lock must change once, and agree with what its death leaves. */
static void die_at_each_step(const struct deed *deed, bool held_at_first)
{
	bool held = held_at_first;
	unsigned int count;
	bool more;

	for (count = first_step(), more = true; more; count += stride()) {
		bring_victim(deed);
		more = take_steps(count);
		/* Once this has changed, it does not change back. */
		if (held == held_at_first)
			held = victim_holds();
		assert_int_equal(victim_holds(), held);
		kill_victim();
		expect_lock_of(held);
	}

	assert_int_not_equal(held, held_at_first);
	expect_steps(deed, count);
}

static void dying_in_lock_is_told_if_the_lock_was_taken(void **state)
{
	static const struct deed deed = { "lock", warm_up, lock, 0 };

	(void)state;
	set_the_scene();
	die_at_each_step(&deed, false);
}

/* During the first lock, the library maps records. */
static void dying_in_the_first_lock_of_all_is_told_if_it_was_taken(void **state)
{
	static const struct deed deed = { "first lock", NULL, lock, 0 };

	(void)state;
	set_the_scene();
	die_at_each_step(&deed, false);
}

static void dying_in_trylock_is_told_if_the_lock_was_taken(void **state)
{
	static const struct deed deed = { "trylock", warm_up, trylock, 0 };

	(void)state;
	set_the_scene();
	die_at_each_step(&deed, false);
}

static void dying_in_unlock_is_told_if_the_lock_was_still_held(void **state)
{
	static const struct deed deed = { "unlock", lock, unlock, 0 };

	(void)state;
	set_the_scene();
	die_at_each_step(&deed, true);
}

/* It holds the lock until the file is gone.  The call is long: every third step will do. */
static void dying_in_close_of_a_holder_is_told(void **state)
{
	static const struct deed deed = { "close", lock, close_handle, 0 };
	unsigned int count;
	bool more;

	(void)state;
	set_the_scene();
	for (count = first_step(), more = true; more; count += 3 * stride()) {
		bring_victim(&deed);
		more = take_steps(count);
		kill_victim();
		expect_lock_of(true);
	}
	expect_steps(&deed, count);
}

static void leave_lock_of_dead_holder(void)
{
	struct agent *agent = agent_new();

	assert_int_equal(agent_call(agent, agent_lock, LOCK), 0);
	agent_kill(agent);
}

/* The next holder learns of a death whether or not the victim acquired the lock before it died. */
static void dying_in_lock_of_a_dead_holder_is_told_again(void **state)
{
	static const struct deed deed = {
		"lock of a dead holder", warm_up, lock, LOCKMGR_OWNER_DIED
	};
	unsigned int count;
	bool more;

	(void)state;
	set_the_scene();
	for (count = first_step(), more = true; more; count += stride()) {
		leave_lock_of_dead_holder();
		bring_victim(&deed);
		more = take_steps(count);
		kill_victim();
		expect_lock_of(true);
	}
	expect_steps(&deed, count);
}

/* ------------------------------------------------------------------------
 * Locks that another holds
 */

static void die_in_vain_at_each_step(const struct deed *deed)
{
	unsigned int count;
	bool more;

	set_the_scene();
	for (count = first_step(), more = true; more; count += stride()) {
		assert_int_equal(lockmgr_lock(mgr, LOCK), 0);
		bring_victim(deed);
		more = take_steps(count);
		kill_victim();
		assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
		expect_lock_of(false);
	}
	expect_steps(deed, count);
}

static void dying_in_vain_trylock_leaves_the_holder_alone(void **state)
{
	static const struct deed deed = { "trylock in vain", warm_up, trylock, -EBUSY };

	(void)state;
	die_in_vain_at_each_step(&deed);
}

static void dying_in_late_timedlock_leaves_the_holder_alone(void **state)
{
	static const struct deed deed = { "timedlock in vain", warm_up, timedlock, -ETIMEDOUT };

	(void)state;
	die_in_vain_at_each_step(&deed);
}

/* A waiter after the victim. */
static void queue_up(struct agent *agent, uint32_t waiters)
{
	agent_start(agent, agent_lock, LOCK);
	wait_for_waiters(mgr, LOCK, waiters);
}

/*
 * Take steps, one of which sleeps.  Then the agent queues up, and if that was not the last
 * step, the victim gets the lock.  Returns false if the call was over before it had taken
 * that many steps.
 */
static bool take_steps_and_wait(unsigned int count, struct agent *agent, bool *waited)
{
	*waited = false;
	for (; count; count--) {
		if (atomic_load(&scene->left))
			return false;
		if (!*waited) {
			*waited = !single_step_or_wait();
			if (*waited)
				queue_up(agent, 2);
			continue;
		}
		/* If we release, the sleeping step ends, or one after it. */
		if (lock_info(mgr, LOCK).waiters == 2) {
			assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
			wait_for_stop(SIGTRAP);
			continue;
		}
		single_step();
	}

	return true;
}

static bool i_hold(void)
{
	const struct lockmgr_lock_info info = lock_info(mgr, LOCK);

	return info.flags & LOCKMGR_LOCK_IS_HELD && info.pid == getpid();
}

/* The next one gets the lock, with or without the report of a death. */
static void expect_next(struct agent *agent, bool dead_holder)
{
	assert_int_equal(agent_finish(agent), dead_holder ? LOCKMGR_OWNER_DIED : 0);
	assert_int_equal(lock_info(mgr, LOCK).pid, agent_pid(agent));
	assert_int_equal(agent_call(agent, agent_unlock, LOCK), 0);
	assert_int_equal(lockmgr_trylock(mgr, LOCK), 0);
	assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	assert_int_equal(lock_info(mgr, LOCK).waiters, 0);
}

static void dying_in_lock_that_waits_lets_the_next_one_in(void **state)
{
	static const struct deed deed = { "lock that waits", warm_up, lock, 0 };
	struct agent *agent;
	unsigned int count;
	bool more, waited, held = false;

	(void)state;
	set_the_scene();
	agent = agent_new();
	for (count = first_step(), more = true; more; count += stride()) {
		assert_int_equal(lockmgr_lock(mgr, LOCK), 0);
		bring_victim(&deed);
		more = take_steps_and_wait(count, agent, &waited);
		if (!waited)
			queue_up(agent, 1);
		held = victim_holds();
		kill_victim();
		if (i_hold())
			assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
		expect_next(agent, held);
	}
	assert_true(waited && held);
	expect_steps(&deed, count);
}

static void dying_in_unlock_lets_the_waiter_in(void **state)
{
	static const struct deed deed = { "unlock with a waiter", lock, unlock, 0 };
	bool more, held = true;
	struct agent *agent;
	unsigned int count;

	(void)state;
	set_the_scene();
	agent = agent_new();
	for (count = first_step(), more = true; more; count += stride()) {
		bring_victim(&deed);
		queue_up(agent, 1);
		more = take_steps(count);
		held = victim_holds();
		kill_victim();
		expect_next(agent, held);
	}
	assert_false(held);
	expect_steps(&deed, count);
}

/* ------------------------------------------------------------------------
 * Not dying, but being interrupted by others
 */

static bool waits_or_has_it(void *data)
{
	return lock_info(mgr, LOCK).waiters || agent_is_done(data);
}

static void nobody_is_forgotten_who_comes_during_unlock(void **state)
{
	static const struct deed deed = { "unlock, interrupted", lock, unlock, 0 };
	struct agent *agent;
	unsigned int count;
	bool more;

	(void)state;
	set_the_scene();
	agent = agent_new();
	for (count = first_step(), more = true; more; count += stride()) {
		bring_victim(&deed);
		more = take_steps(count);
		agent_start(agent, agent_lock, LOCK);
		wait_until(waits_or_has_it, agent, "the newcomer waits");
		let_victim_go();
		expect_victim_to_finish();
		expect_next(agent, false);
		kill_victim();
	}
	expect_steps(&deed, count);
}

/* Whether the victim or we are faster, only one holds the lock. */
static void take_turns_with_victim(void)
{
	const int ret = lockmgr_trylock(mgr, LOCK);

	let_victim_go();
	if (!ret) {
		wait_for_waiters(mgr, LOCK, 1);
		assert_false(atomic_load(&scene->left));
		assert_int_equal(lockmgr_unlock(mgr, LOCK), 0);
	} else {
		assert_int_equal(ret, -EBUSY);
	}
	expect_victim_to_finish();
	assert_true(victim_holds());
}

static void only_one_gets_the_lock_when_another_comes_during_lock(void **state)
{
	static const struct deed deed = { "lock, interrupted", warm_up, lock, 0 };
	unsigned int count;
	bool more;

	(void)state;
	set_the_scene();
	for (count = first_step(), more = true; more; count += stride()) {
		bring_victim(&deed);
		more = take_steps(count);
		take_turns_with_victim();
		kill_victim();
		expect_lock_of(true);
	}
	expect_steps(&deed, count);
}

/* ------------------------------------------------------------------------
 * Ids
 */

/* Whether @id is allocated; all ways to ask must agree, and no other id may be. */
static bool is_only_allocated(uint32_t id)
{
	const uint32_t allocated = space_info().allocated;

	assert_in_range(allocated, 0, 1);
	assert_int_equal(lockmgr_retrieve(mgr, id), allocated);

	return allocated;
}

/* Whether allocated or not, the id works as any other. */
static void expect_id(uint32_t id, bool allocated)
{
	assert_int_equal(is_only_allocated(id), allocated);
	assert_int_equal(lockmgr_allocate_id(mgr, id), allocated ? -EEXIST : 0);
	assert_int_equal(lockmgr_free(mgr, id), 0);
	assert_int_equal(lockmgr_free(mgr, id), -ENOENT);
	assert_int_equal(space_info().clients, 1);
}

/* An id stays allocated, or free, as the victim has left it. */
static void die_with_id_at_each_step(const struct deed *deed, uint32_t id, bool at_first)
{
	bool more, allocated = at_first;
	unsigned int count;

	set_the_scene();
	for (count = first_step(), more = true; more; count += stride()) {
		bring_victim(deed);
		more = take_steps(count);
		if (allocated == at_first)
			allocated = is_only_allocated(id);
		kill_victim();
		expect_id(id, allocated);
	}
	assert_int_not_equal(allocated, at_first);
	expect_steps(deed, count);
}

static void dying_in_allocate_leaves_the_id_allocated_or_not(void **state)
{
	static const struct deed deed = { "allocate", NULL, allocate, 0 };

	(void)state;
	die_with_id_at_each_step(&deed, 0, false);
}

static void dying_in_allocate_id_leaves_the_id_allocated_or_not(void **state)
{
	static const struct deed deed = { "allocate a given id", NULL, allocate_id, 0 };

	(void)state;
	die_with_id_at_each_step(&deed, ID, false);
}

static void dying_in_free_leaves_the_id_allocated_or_not(void **state)
{
	static const struct deed deed = { "free", allocate_id, free_id, 0 };

	(void)state;
	die_with_id_at_each_step(&deed, ID, true);
}

/* Whether a process can be single-stepped: 32-bit ARM cannot, nor an emulated s390x. */
static bool can_step(void)
{
	pid_t pid = fork();
	int status;
	bool can;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	can = !ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) &&
	      waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}

	return can;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(dying_in_lock_is_told_if_the_lock_was_taken),
		harness_test(dying_in_the_first_lock_of_all_is_told_if_it_was_taken),
		harness_test(dying_in_trylock_is_told_if_the_lock_was_taken),
		harness_test(dying_in_unlock_is_told_if_the_lock_was_still_held),
		harness_test(dying_in_close_of_a_holder_is_told),
		harness_test(dying_in_lock_of_a_dead_holder_is_told_again),
		harness_test(dying_in_vain_trylock_leaves_the_holder_alone),
		harness_test(dying_in_late_timedlock_leaves_the_holder_alone),
		harness_test(dying_in_lock_that_waits_lets_the_next_one_in),
		harness_test(dying_in_unlock_lets_the_waiter_in),
		harness_test(nobody_is_forgotten_who_comes_during_unlock),
		harness_test(only_one_gets_the_lock_when_another_comes_during_lock),
		harness_test(dying_in_allocate_leaves_the_id_allocated_or_not),
		harness_test(dying_in_allocate_id_leaves_the_id_allocated_or_not),
		harness_test(dying_in_free_leaves_the_id_allocated_or_not),
	};

	if (!can_step()) {
		printf("1..0 # SKIP a process cannot be single-stepped here\n");
		return 0;
	}

	stress_seed();
	return harness_run(tests);
}
