// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every place at which the module allocates memory is made to fail, one after the
 * other, in every system call that reaches it: the call fails with ENOMEM, nothing
 * has changed, nothing has leaked, and then the same call succeeds.
 */
#include <sched.h>
#include <sys/wait.h>

#include "caller.h"
#include "fault.h"

/* How often a failure is repeated: if each leaks something, a limit is soon reached. */
#define CYCLES		40

/* Fewer for calls that need a new process each time; at its end, everything is freed. */
#define PROCESSES	4

/* A user who owns no spaces except those of these tests. */
#define NEW_OWNER	4711

/* ------------------------------------------------------------------------
 * Limits, so low that what failing calls lose would soon use them up
 */

#define PARAMETERS	"/sys/module/lockmgr/parameters"

/**
 * struct limit - a parameter of the module
 * @name: its file
 * @value: its value during a test: little more than a scenario needs
 * @saved: its value before
 */
struct limit {
	const char *name;
	unsigned int value;
	unsigned long saved;
};

static struct limit limits[] = {
	{ .name = "spaces_per_user", .value = CYCLES / 2 },
	{ .name = "clients_per_space", .value = CYCLES / 2 },
	/* A full leaf of 1024 ids, and some more; each page of records counts for 256. */
	{ .name = "locks_per_user", .value = 1024 + CYCLES / 2 },
};

static int setup(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		limits[i].saved = fault_get_number(PARAMETERS, limits[i].name, 10);
		fault_put_number(PARAMETERS, limits[i].name, limits[i].value);
	}
	fault_begin();

	return harness_setup(state);
}

static int teardown(void **state)
{
	size_t i;
	int ret;

	fault_end();
	ret = raw_teardown(state);
	for (i = 0; i < ARRAY_SIZE(limits); i++)
		fault_put_number(PARAMETERS, limits[i].name, limits[i].saved);

	return ret;
}

#define fault_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

/* ------------------------------------------------------------------------
 * Scenarios
 */

/* Ids in different leaves of allocated ids, pages of records and nodes of the trees. */
#define FAR_ID		(5 * 1024)
#define FARTHEST_ID	(LOCKMGR_CAPACITY_MAX - 1)

/**
 * struct scenario - a call that may need memory
 * @name: for messages
 * @prepare: makes the world in which it is called
 * @call: the call; returns a result or -errno
 * @result: what it returns if there is memory
 * @cycles: how often each failure is repeated
 * @undo: called after it has succeeded, if closing the world's files does not undo it; or NULL
 */
struct scenario {
	const char *name;
	struct raw_world (*prepare)(void);
	long (*call)(const struct raw_world *world);
	long result;
	unsigned int cycles;
	void (*undo)(void);
};

/* Two attached files in a space with the largest capacity. */
static struct raw_world prepare_space(void)
{
	struct raw_world world;

	lockmgr_unlink(space_name(), NULL);
	world.observer = raw_attached_with(LOCKMGR_CAPACITY_MAX);
	world.file = raw_open(O_RDWR);
	assert_int_equal(raw_attach(world.file, space_name(), 0), 0);

	return world;
}

static struct raw_world prepare_attach(void)
{
	struct raw_world world = prepare_space();

	raw_close(world.file);
	world.file = raw_open(O_RDWR);

	return world;
}

/* All ids of the first leaf are allocated. */
static struct raw_world prepare_full_leaf(void)
{
	struct raw_world world = prepare_space();
	uint32_t i;

	for (i = 0; i < 1024; i++)
		assert_int_equal(raw_id(world.observer, LOCKMGR_IOC_ALLOCATE, 0), 0);

	return world;
}

/* The observer's file has used the page of records that the call will use. */
static struct raw_world prepare_used_page(void)
{
	struct raw_world world = prepare_space();

	assert_int_equal(raw_trylock(world.observer, FAR_ID + 1), 0);

	return world;
}

/* A file that may map records, and has used a page of them. */
static struct raw_world prepare_private(void)
{
	struct raw_world world;

	lockmgr_unlink(space_name(), NULL);
	world.file = raw_private();
	world.observer = raw_attached();
	assert_int_equal(raw_trylock(world.file, 0), 0);

	return world;
}

static long call_open(const struct raw_world *world)
{
	int file = open(RAW_DEVICE, O_RDWR | O_CLOEXEC);

	(void)world;
	if (file < 0)
		return -errno;
	close(file);

	return 0;
}

static long call_attach(const struct raw_world *world)
{
	return raw_attach(world->file, space_name(), 0);
}

/* Create a space of an owner who has none yet. */
static long call_create(const struct raw_world *world)
{
	struct lockmgr_ioctl_attach args =
		raw_attach_args(other_space_name(), LOCKMGR_ATTACH_CREATE | LOCKMGR_ATTACH_EXCL);

	args.owner = NEW_OWNER;

	return raw_call(world->file, LOCKMGR_IOC_ATTACH, &args);
}

static void undo_create(void)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;

	opts.owner = NEW_OWNER;
	assert_int_equal(lockmgr_unlink(other_space_name(), &opts), 0);
	assert_int_equal(lockmgr_unlink(other_space_name(), &opts), -ENOENT);
}

static long call_allocate(const struct raw_world *world)
{
	return raw_id(world->file, LOCKMGR_IOC_ALLOCATE, 0);
}

static long call_allocate_far(const struct raw_world *world)
{
	return raw_id(world->file, LOCKMGR_IOC_ALLOCATE_ID, FAR_ID);
}

static long call_allocate_farthest(const struct raw_world *world)
{
	return raw_id(world->file, LOCKMGR_IOC_ALLOCATE_ID, FARTHEST_ID);
}

static long call_note(const struct raw_world *world, unsigned int number, uint32_t id)
{
	struct lockmgr_ioctl_note args = { .id = id, .note = "what it stands for" };

	return raw_call(world->file, number, &args);
}

static long call_set_note(const struct raw_world *world)
{
	return call_note(world, LOCKMGR_IOC_SET_NOTE, 0);
}

static long call_allocate_noted(const struct raw_world *world)
{
	return call_note(world, LOCKMGR_IOC_ALLOCATE_NOTED, 0);
}

static long call_allocate_far_note(const struct raw_world *world)
{
	return call_note(world, LOCKMGR_IOC_ALLOCATE_ID_NOTED, FAR_ID);
}

static long call_trylock(const struct raw_world *world)
{
	return raw_trylock(world->file, FAR_ID);
}

static long call_lock(const struct raw_world *world)
{
	return raw_lock(world->file, FARTHEST_ID);
}

static long call_timedlock(const struct raw_world *world)
{
	struct lockmgr_ioctl_lock args = {
		.id = 0, .flags = LOCKMGR_LOCK_DEADLINE, .deadline = INT64_MAX
	};

	return raw_call(world->file, LOCKMGR_IOC_LOCK, &args);
}

static long call_open_table(const struct raw_world *world)
{
	int file = open("/sys/kernel/debug/lockmgr/locks", O_RDONLY | O_CLOEXEC);

	(void)world;
	if (file < 0)
		return -errno;
	close(file);

	return 0;
}

static long call_list_locks(const struct raw_world *world)
{
	union raw_args args = { 0 };

	raw_fill_list_locks(&args);

	return raw_call(world->file, LOCKMGR_IOC_LIST_LOCKS, &args);
}

static long call_list_waiters(const struct raw_world *world)
{
	union raw_args args = { 0 };

	raw_fill_list_waiters(&args);

	return raw_call(world->file, LOCKMGR_IOC_LIST_WAITERS, &args);
}

/* The client ends with this process; the first such client of it. */
static long call_attach_for_process(const struct raw_world *world)
{
	return raw_attach(world->file, space_name(), LOCKMGR_ATTACH_ENDS_WITH_PROCESS);
}

/*
 * In a new process, because the module allocates only once what it keeps for a process or a
 * namespace.  Faults can happen in @call, but not in @prepare.
 */
static long call_in_process(int (*prepare)(void), long (*call)(int file))
{
	pid_t pid = fork();
	int status, file;
	bool exposed;

	if (!pid) {
		setenv("CMOCKA_TEST_ABORT", "1", true);
		exposed = fault_expose(gettid(), false);
		file = prepare();
		fault_expose(gettid(), exposed);
		_exit(-call(file));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));

	return -WEXITSTATUS(status);
}

static int prepare_process(void)
{
	int file = open(RAW_DEVICE, O_RDWR | O_CLOEXEC);
	struct lockmgr_ioctl_attach args =
		raw_attach_args(space_name(), LOCKMGR_ATTACH_ENDS_WITH_PROCESS);

	if (file < 0 || ioctl(file, LOCKMGR_IOC_ATTACH, &args) || !args.map_size)
		_exit(EBADF);

	return file;
}

static long map_record(int file)
{
	void *records = mmap(NULL, sizeof(struct lockmgr_record), PROT_READ | PROT_WRITE,
			     MAP_SHARED, file, 0);

	return records == MAP_FAILED ? -errno : 0;
}

static long call_map(const struct raw_world *world)
{
	(void)world;

	return call_in_process(prepare_process, map_record);
}

static int prepare_namespace(void)
{
	if (unshare(CLONE_NEWIPC))
		_exit(EBADF);

	return -1;
}

static long open_device(int unused)
{
	int file = open(RAW_DEVICE, O_RDWR | O_CLOEXEC);

	(void)unused;

	return file < 0 ? -errno : 0;
}

static long call_open_in_namespace(const struct raw_world *world)
{
	(void)world;

	return call_in_process(prepare_namespace, open_device);
}

static const struct scenario scenarios[] = {
	{ "open", prepare_attach, call_open, 0, CYCLES, NULL },
	{ "attach", prepare_attach, call_attach, 0, CYCLES, NULL },
	{ "attach, making a space", prepare_attach, call_create, 0, CYCLES, undo_create },
	{ "allocate, the first", prepare_space, call_allocate, 0, CYCLES, NULL },
	{ "allocate, another leaf", prepare_full_leaf, call_allocate, 0, CYCLES, NULL },
	{ "allocate a far id", prepare_space, call_allocate_far, 0, CYCLES, NULL },
	{ "allocate the farthest id", prepare_full_leaf, call_allocate_farthest, 0, CYCLES, NULL },
	{ "set a note", prepare_full_leaf, call_set_note, 0, CYCLES, NULL },
	{ "allocate with a note", prepare_space, call_allocate_noted, 0, CYCLES, NULL },
	{ "allocate a far id with a note", prepare_space, call_allocate_far_note, 0, CYCLES, NULL },
	{ "lock in another's page", prepare_used_page, call_trylock, 0, CYCLES, NULL },
	{ "lock in a page of its own", prepare_space, call_trylock, 0, CYCLES, NULL },
	{ "lock in the last page, the first", prepare_space, call_lock, 0, CYCLES, NULL },
	{ "lock in the last page", prepare_used_page, call_lock, 0, CYCLES, NULL },
	{ "lock in the first page", prepare_used_page, call_timedlock, 0, CYCLES, NULL },
	{ "list locks", prepare_used_page, call_list_locks, 0, CYCLES, NULL },
	{ "open the table", prepare_space, call_open_table, 0, CYCLES, NULL },
	{ "list waiters", prepare_used_page, call_list_waiters, 0, CYCLES, NULL },
	{ "map records", prepare_private, call_map, 0, PROCESSES, NULL },
	{ "attach for the process", prepare_attach, call_attach_for_process, 0, CYCLES, NULL },
	{ "open in an IPC namespace", prepare_attach, call_open_in_namespace, 0, PROCESSES, NULL },
};

/* ------------------------------------------------------------------------
 * Sites, one after the other
 */

/* Call once with the fault armed; returns the call's result. */
static long call_with_fault(const struct scenario *scenario, const struct raw_world *world,
			    const struct fault *fault, bool *failed)
{
	long result;

	fault_arm(fault);
	result = scenario->call(world);
	*failed = fault_disarm(fault);

	return result;
}

/* How much the scenario's call allocates at a site. */
static long allocated_at(const struct scenario *scenario, struct fault_site *site)
{
	const struct fault fault = { site, FAULT_SPACE };
	struct raw_world world = scenario->prepare();
	bool failed;
	long result;

	result = call_with_fault(scenario, &world, &fault, &failed);
	expect_result(result, scenario->result, "%s, with memory", scenario->name);
	expect_result(failed, false, "%s: failures", scenario->name);
	raw_world_close(&world);
	if (scenario->undo)
		scenario->undo();

	return fault_allocated(&fault);
}

/* For fault->passes: the first object fails already. */
#define FIRST		1

static void expect_failures(const struct scenario *scenario, const struct fault *fault)
{
	const struct fault_site *site = fault->site;
	struct raw_world world = scenario->prepare();
	struct raw_sight before = raw_look(&world);
	/*
	 * Objects that were allocated before the failure may be kept for the next call, which
	 * then does not fail in the same way: so if the first object is allocated, try only once.
	 */
	unsigned int cycle, cycles = fault->passes == FIRST ? scenario->cycles : 1;
	bool failed;
	long result;

	for (cycle = 0; cycle < cycles; cycle++) {
		result = call_with_fault(scenario, &world, fault, &failed);
		expect_result(result, -ENOMEM, "%s, %s in %s failing after %ld, for the %uth time",
			      scenario->name, site->symbol, site->caller, fault->passes, cycle + 1);
		expect_result(failed, true, "%s: failures", scenario->name);
	}
	expect_same_sight(&before, &world, "%s, %s in %s failing: changed", scenario->name,
			  site->symbol, site->caller);
	expect_result(scenario->call(&world), scenario->result, "%s afterwards", scenario->name);
	raw_world_close(&world);
	if (scenario->undo)
		scenario->undo();
}

/* Smaller than most of the objects that sysfs allocates for a file. */
#define SYSFS_STEP	32

static bool is_sysfs(const struct fault_site *site)
{
	return fault_matches(site->symbol, "^(" FAULT_SYSFS ")$");
}

static long tree_node_size(void)
{
	return fault_get_number("/sys/kernel/slab/radix_tree_node", "object_size", 10);
}

/* How much the site allocates at a time: one object, or each of several nodes of a tree. */
static long step_at(const struct fault_site *site, long all)
{
	if (is_sysfs(site))
		return SYSFS_STEP;

	return fault_matches(site->symbol, "xa_") ? tree_node_size() : all;
}

/*
 * How much of @all the site allocates in every call.  sysfs numbers its files, and allocates
 * nodes of a tree for some numbers only.
 */
static long always_at(const struct fault_site *site, long all)
{
	long nodes = 4 * tree_node_size();

	if (!is_sysfs(site))
		return all;

	return all > nodes ? all - nodes : 1;
}

/*
 * Make all allocations of the call at the site fail from the first object on, then from
 * the second object on, and so on.
 */
static void try_site(const struct scenario *scenario, struct fault_site *site)
{
	long all, passes;

	fault_choose(site);
	all = allocated_at(scenario, site);
	if (!all)
		return;
	for (passes = 0; passes < always_at(site, all); passes += step_at(site, all)) {
		const struct fault fault = { site, FIRST + passes };

		expect_failures(scenario, &fault);
		site->failures++;
	}
}

static void every_failing_allocation_ends_in_enomem_and_changes_nothing(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		for (k = 0; k < fault_site_count; k++)
			try_site(&scenarios[i], &fault_sites[k]);
}

#define PLACE	"^lockmgr_promise_make$"

/*
 * Sites at which missing memory makes no call fail: a place in a queue, which
 * place_without_memory_is_lost() tests, and entries of trees that were reserved before.
 */
static bool is_forgiven(const struct fault_site *site)
{
	if (!strcmp(site->caller, "lockmgr_name_give"))
		return fault_matches(site->symbol, "xa_");

	return fault_matches(site->caller, PLACE);
}

/* Must run after the test above, which counts the failures. */
static void every_allocation_site_has_failed(void **state)
{
	bool missing = false;
	size_t i;

	(void)state;
	for (i = 0; i < fault_site_count; i++) {
		const struct fault_site *site = &fault_sites[i];

		printf("# %s in %s: %lu\n", site->symbol, site->caller, site->failures);
		missing |= !site->failures && !is_forgiven(site);
	}
	fflush(stdout);
	assert_false(missing);
}

/* ------------------------------------------------------------------------
 * Allocations that must not wait
 */

static struct fault_site *find_site(const char *pattern)
{
	size_t i;

	for (i = 0; i < fault_site_count; i++)
		if (fault_matches(fault_sites[i].caller, pattern))
			return &fault_sites[i];
	fail_msg("nothing is allocated in %s", pattern);

	return NULL;
}

/*
 * Files are opened under a mutex of all misc devices.  With ignore-gfp-wait, only allocations
 * that do not wait fail, as they do in a full memory cgroup: client_alloc() then allocates
 * without charging the memory.
 */
static void open_does_not_wait_for_a_full_memory_cgroup(void **state)
{
	struct fault_site *site = find_site("^(client_alloc|lockmgr_client_create)");
	const struct fault fault = { site, FIRST };
	struct raw_world world = prepare_space();
	bool failed;
	long result;

	(void)state;
	fault_choose(site);
	fault_put(FAULT_DEBUGFS "/" FAULT_SLAB, "ignore-gfp-wait", "Y");
	fault_arm(&fault);
	result = call_open(&world);
	failed = fault_disarm(&fault);
	fault_put(FAULT_DEBUGFS "/" FAULT_SLAB, "ignore-gfp-wait", "N");

	expect_result(failed, true, "failures of allocations that do not wait");
	expect_result(result, 0, "open");
	raw_world_close(&world);
}

/* A thread for whose place there is no memory queues up again at the end, but gets the lock. */
static void place_without_memory_is_lost(void **state)
{
	struct fault_site *site = find_site(PLACE);
	const struct fault fault = { site, FIRST };
	int holder = raw_attached();
	struct caller *first, *second;
	uint64_t ticket;

	(void)state;
	assert_int_equal(callers_begin(), 0);
	assert_int_equal(raw_lock(holder, 0), 0);
	first = new_waiter(raw_attached(), 0, 0);
	second = new_waiter(raw_attached(), 0, 0);

	fault_choose(site);
	fault_arm(&fault);
	fault_expose(first->tid, true);
	ticket = interrupt(first);
	assert_true(fault_disarm(&fault));

	wait_with(first, 0, ticket);
	assert_int_equal(place_of(first), 1);
	expect_next(holder, second);
	expect_next(second->file, first);
	callers_end(0);
}

/* ------------------------------------------------------------------------
 * Commands that need no memory
 */

static void nothing_else_needs_memory(void **state)
{
	static const unsigned int frugal[] = {
		LOCKMGR_IOC_VERSION,
		LOCKMGR_IOC_UNLINK,
		LOCKMGR_IOC_CAPACITY,
		LOCKMGR_IOC_INFO,
		LOCKMGR_IOC_FREE,
		LOCKMGR_IOC_FREE_ALL,
		LOCKMGR_IOC_RETRIEVE,
		LOCKMGR_IOC_UNLOCK,
	};
	const struct fault_range module = fault_module();
	struct fault_site anywhere = { .kind = FAULT_SLAB };
	const struct fault fault = { &anywhere, 1 };
	const struct raw_command *command;
	size_t i;

	(void)state;
	fault_restrict(FAULT_SLAB, &module);
	fault_restrict(FAULT_PAGE, &module);
	fault_put_number(FAULT_DEBUGFS "/" FAULT_SLAB, "probability", 100);
	fault_put_number(FAULT_DEBUGFS "/" FAULT_PAGE, "probability", 100);
	fault_put_number(FAULT_DEBUGFS "/" FAULT_PAGE, "times", FAULT_TIMES);

	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		struct raw_world world = raw_world(command);
		union raw_args args = raw_args_of(command);
		long result;

		fault_arm(&fault);
		result = raw_call(world.file, command->number, &args);
		fault_disarm(&fault);
		for (i = 0; i < ARRAY_SIZE(frugal); i++)
			if (frugal[i] == command->number)
				expect_result(result, command->result, "%s", command->name);
		raw_world_close(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fault_test(every_failing_allocation_ends_in_enomem_and_changes_nothing),
		fault_test(every_allocation_site_has_failed),
		fault_test(open_does_not_wait_for_a_full_memory_cgroup),
		fault_test(place_without_memory_is_lost),
		fault_test(nothing_else_needs_memory),
	};

	if (!fault_is_possible()) {
		printf("1..0 # SKIP this kernel cannot make allocations fail\n");
		return 0;
	}
	fault_find_sites();

	return harness_run(tests);
}
