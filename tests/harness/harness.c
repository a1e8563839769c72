// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define AGENTS_MAX	512
#define HANDLES_MAX	64

struct agent {
	pid_t pid;
	int requests;
	int results;
};

struct request {
	agent_fn fn;
	long argument;
};

static char names[2][LOCKMGR_SPACE_NAME_SIZE];
static struct lockmgr *handles[HANDLES_MAX];
static size_t handle_count;
static struct agent *agents[AGENTS_MAX];
static size_t agent_count;

/* ------------------------------------------------------------------------
 * Mapped or not
 */

/*
 * Each test can run in two ways: with records in memory where it allows that, or, if
 * LOCKMGR_TEST_NO_MAP is in the environment, without.
 */
bool records_are_mapped(void)
{
	return !getenv("LOCKMGR_TEST_NO_MAP");
}

static unsigned int pays_after;

/* This runs before main(), because some tests act before the first one is set up. */
__attribute__((constructor)) static void read_when_it_pays(void)
{
	pays_after = lockmgr_map_after;
	map_at_once();
}

void map_at_once(void)
{
	lockmgr_map_after = 1;
}

unsigned int map_when_it_pays(void)
{
	lockmgr_map_after = pays_after;

	return pays_after;
}

int __wrap_lockmgr_open(struct lockmgr **mgr, const char *space,
			const struct lockmgr_options *opts)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;

	if (records_are_mapped() || (opts && opts->size != sizeof(options)))
		return __real_lockmgr_open(mgr, space, opts);
	if (opts)
		options = *opts;
	else
		options.flags = LOCKMGR_OPEN_CREATE;
	options.flags |= LOCKMGR_OPEN_NO_MAP;

	return __real_lockmgr_open(mgr, space, &options);
}

/* ------------------------------------------------------------------------
 * Time and states
 */

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);

	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

uint64_t now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t now_coarse_ns(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

struct timespec deadline_in(long milliseconds)
{
	uint64_t ns = now_ns() + milliseconds * 1000000LL;

	return (struct timespec) { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

uint64_t scaled(uint64_t count)
{
	const char *scale = getenv("LOCKMGR_SCALE");
	double product = scale ? count * strtod(scale, NULL) : count;

	return product < 1 ? 1 : product;
}

unsigned int stride(void)
{
	return 8 / scaled(8) ?: 1;
}

bool kernel_watches_itself(void)
{
	return !access("/proc/lockdep", F_OK) || !access("/sys/kernel/debug/kmemleak", F_OK);
}

void wait_until(bool (*condition)(void *data), void *data, const char *what)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t end = now_ns() + HARNESS_PATIENCE_S * 1000000000ULL;

	while (!condition(data)) {
		if (now_ns() > end)
			fail_msg("timed out after %d s waiting for: %s", HARNESS_PATIENCE_S, what);
		nanosleep(&pause, NULL);
	}
}

long file_text(const char *path, char *text, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t count;

	if (file < 0)
		return -errno;
	while ((count = read(file, text + length, size - 1 - length)) > 0)
		length += count;
	if (count < 0)
		count = -errno;
	close(file);
	text[length] = '\0';

	return count ? count : (long)length;
}

void read_value(const char *path, char *text, size_t size)
{
	const long length = file_text(path, text, size);

	if (length < 0)
		fail_msg("%s: %s", path, strerror(-length));
}

int write_value(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : write(file, text, strlen(text));
	int ret = length < 0 ? -errno : 0;

	if (file >= 0)
		close(file);

	return ret;
}

bool agent_runs_cat(void *agent)
{
	char path[64], name[16];

	snprintf(path, sizeof(path), "/proc/%d/comm", agent_pid(agent));

	return file_text(path, name, sizeof(name)) > 0 && !strcmp(name, "cat\n");
}

struct lockmgr_lock_info lock_info(struct lockmgr *mgr, uint32_t id)
{
	const uint32_t any = LOCKMGR_LOCK_IS_ALLOCATED | LOCKMGR_LOCK_IS_HELD |
			     LOCKMGR_LOCK_IS_WAITED;
	struct lockmgr_lock_info info = { .id = UINT32_MAX };
	uint64_t cursor = id;
	size_t count;

	assert_int_equal(lockmgr_list(mgr, any, &cursor, &info, 1, &count), 0);
	if (!count || info.id != id)
		info = (struct lockmgr_lock_info) { .id = id };

	return info;
}

struct expectation {
	struct lockmgr *mgr;
	uint32_t id;
	uint32_t value;
};

static bool has_waiters(void *data)
{
	const struct expectation *expected = data;

	return lock_info(expected->mgr, expected->id).waiters == expected->value;
}

void wait_for_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count)
{
	struct expectation expected = { mgr, id, count };
	char what[64];

	snprintf(what, sizeof(what), "lock %u has %u waiters", id, count);
	wait_until(has_waiters, &expected, what);
}

static bool is_held(void *data)
{
	const struct expectation *expected = data;
	uint32_t flags = lock_info(expected->mgr, expected->id).flags;

	return !(flags & LOCKMGR_LOCK_IS_HELD) == !expected->value;
}

void wait_for_held(struct lockmgr *mgr, uint32_t id, bool held)
{
	struct expectation expected = { mgr, id, held };
	char what[64];

	snprintf(what, sizeof(what), "lock %u is %s", id, held ? "held" : "free");
	wait_until(is_held, &expected, what);
}

/* ------------------------------------------------------------------------
 * Spaces
 */

const char *space_name(void)
{
	return names[0];
}

const char *other_space_name(void)
{
	return names[1];
}

static struct lockmgr *open_or_fail(uint32_t flags, uint32_t capacity)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	int ret;

	opts.flags = flags;
	opts.capacity = capacity;
	ret = lockmgr_open(&mgr, space_name(), &opts);
	if (ret)
		fail_msg("cannot open %s: %s", space_name(), strerror(-ret));

	return mgr;
}

struct lockmgr *space_open_with(uint32_t flags, uint32_t capacity)
{
	struct lockmgr *mgr = open_or_fail(flags, capacity);

	assert_true(handle_count < HANDLES_MAX);
	handles[handle_count++] = mgr;

	return mgr;
}

struct lockmgr *space_open(void)
{
	return space_open_with(LOCKMGR_OPEN_CREATE, 0);
}

void space_close(struct lockmgr *mgr)
{
	size_t i;

	for (i = 0; i < handle_count; i++)
		if (handles[i] == mgr)
			handles[i] = NULL;
	lockmgr_close(mgr);
}

/* ------------------------------------------------------------------------
 * Agents
 */

pid_t raw_fork(void)
{
	/* Not every processor has fork(), nor the arguments of clone() in this order. */
#ifdef SYS_fork
	return syscall(SYS_fork);
#else
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
#endif
}

static void serve(int requests, int results, struct lockmgr *mgr)
{
	struct request request;

	while (read(requests, &request, sizeof(request)) == sizeof(request)) {
		long result = request.fn(&mgr, request.argument);

		if (write(results, &result, sizeof(result)) != sizeof(result))
			_exit(1);
	}
	_exit(0);
}

/* cmocka catches these signals, and would continue its tests in the child. */
static void crash_when_told_to(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fatal); i++)
		signal(fatal[i], SIG_DFL);
}

/* In the child: it must not outlive a parent that has failed. */
static void become_agent(struct agent *agent, int requests, int results, pid_t parent)
{
	size_t i;

	crash_when_told_to();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);

	for (i = 0; i < agent_count; i++) {
		close(agents[i]->requests);
		close(agents[i]->results);
	}
	close(agent->requests);
	close(agent->results);
	agent_count = 0;
	handle_count = 0;
	agent->requests = requests;
	agent->results = results;
}

/* Returns the agent, or NULL in the child. */
static struct agent *fork_agent(int *requests, int *results)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int to[2], from[2];
	pid_t parent = getpid();

	assert_non_null(agent);
	assert_true(agent_count < AGENTS_MAX);
	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	agent->requests = to[1];
	agent->results = from[0];

	fflush(NULL);
	agent->pid = fork();
	assert_int_not_equal(agent->pid, -1);
	if (!agent->pid) {
		become_agent(agent, to[0], from[1], parent);
		*requests = to[0];
		*results = from[1];
		free(agent);
		return NULL;
	}

	close(to[0]);
	close(from[1]);
	agents[agent_count++] = agent;

	return agent;
}

static long open_with(struct lockmgr **mgr, long flags)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;

	opts.flags = flags;
	return lockmgr_open(mgr, space_name(), &opts);
}

struct agent *agent_new_with(uint32_t flags)
{
	int requests, results;
	struct agent *agent = fork_agent(&requests, &results);

	if (!agent)
		serve(requests, results, NULL);
	assert_int_equal(agent_call(agent, open_with, flags), 0);

	return agent;
}

struct agent *agent_new(void)
{
	return agent_new_with(LOCKMGR_OPEN_CREATE);
}

struct agent *agent_new_as(uid_t uid, gid_t gid, size_t group_count, const gid_t *groups)
{
	int requests, results;
	struct agent *agent = fork_agent(&requests, &results);

	if (agent)
		return agent;
	if (setgroups(group_count, groups) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		_exit(1);
	serve(requests, results, NULL);

	return NULL;
}

void agent_start(struct agent *agent, agent_fn fn, long argument)
{
	struct request request = { fn, argument };

	assert_int_equal(write(agent->requests, &request, sizeof(request)), sizeof(request));
}

static bool has_result(struct agent *agent, int milliseconds)
{
	struct pollfd poller = { .fd = agent->results, .events = POLLIN };

	return poll(&poller, 1, milliseconds) == 1;
}

bool agent_is_done(struct agent *agent)
{
	return has_result(agent, 0);
}

long agent_finish(struct agent *agent)
{
	long result;

	if (!has_result(agent, HARNESS_PATIENCE_S * 1000))
		fail_msg("agent %d is stuck", agent->pid);
	if (read(agent->results, &result, sizeof(result)) != sizeof(result))
		fail_msg("agent %d has died", agent->pid);

	return result;
}

long agent_call(struct agent *agent, agent_fn fn, long argument)
{
	agent_start(agent, fn, argument);

	return agent_finish(agent);
}

pid_t agent_pid(const struct agent *agent)
{
	return agent->pid;
}

static void end_agent(struct agent *agent)
{
	if (agent->pid) {
		kill(agent->pid, SIGKILL);
		waitpid(agent->pid, NULL, 0);
	}
	agent->pid = 0;
}

void agent_kill(struct agent *agent)
{
	end_agent(agent);
}

long agent_lock(struct lockmgr **mgr, long id)
{
	return lockmgr_lock(*mgr, id);
}

long agent_trylock(struct lockmgr **mgr, long id)
{
	return lockmgr_trylock(*mgr, id);
}

long agent_unlock(struct lockmgr **mgr, long id)
{
	return lockmgr_unlock(*mgr, id);
}

long agent_unshare(struct lockmgr **mgr, long namespaces)
{
	(void)mgr;

	return unshare(namespaces) ? -errno : 0;
}

long agent_close(struct lockmgr **mgr, long unused)
{
	(void)unused;
	lockmgr_close(*mgr);
	*mgr = NULL;

	return 0;
}

/* ------------------------------------------------------------------------
 * Before and after each test
 */

int harness_setup(void **state)
{
	static unsigned int tests;

	(void)state;
	map_at_once();
	tests++;
	snprintf(names[0], sizeof(names[0]), "test-%d-%u", getpid(), tests);
	snprintf(names[1], sizeof(names[1]), "other-%d-%u", getpid(), tests);

	return 0;
}

int harness_teardown(void **state)
{
	(void)state;

	while (agent_count) {
		struct agent *agent = agents[--agent_count];

		end_agent(agent);
		close(agent->requests);
		close(agent->results);
		free(agent);
	}
	while (handle_count)
		lockmgr_close(handles[--handle_count]);
	lockmgr_unlink(names[0], NULL);
	lockmgr_unlink(names[1], NULL);

	return 0;
}
