// SPDX-License-Identifier: GPL-2.0-only
/* Tracepoints: each event and its fields. */
#include <sys/stat.h>

#include "claim.h"
#include "files.h"

#define TRACING	"/sys/kernel/tracing"

#define DETECT	(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_DETECT_DEADLOCK)

/* The directory of a trace instance of our own, which has only the module's events. */
static char instance[128];

static void put(const char *name, const char *text)
{
	char path[256];
	int file;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text))
		fail_msg("%s: %s", path, strerror(errno));
	close(file);
}

static int setup(void **state)
{
	int ret = harness_setup(state);

	snprintf(instance, sizeof(instance), TRACING "/instances/%s", space_name());
	if (mkdir(instance, 0700))
		return -1;
	put("events/lockmgr/enable", "1");

	return ret;
}

static int teardown(void **state)
{
	put("events/lockmgr/enable", "0");

	return harness_teardown(state) ?: rmdir(instance);
}

#define trace_test(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

/* ------------------------------------------------------------------------
 * Events
 */

/* The text of the n-th event of that name, 0 being the first; NULL if there is none. */
static const char *event(const char *name, unsigned int n)
{
	static char text[1024 * 1024];
	char path[256], wanted[64];
	char *found = text;

	snprintf(path, sizeof(path), "%s/trace", instance);
	assert_true(file_text(path, text, sizeof(text)) > 0);
	snprintf(wanted, sizeof(wanted), ": %s: ", name);
	do {
		found = strstr(found, wanted);
		if (!found)
			return NULL;
		found += strlen(wanted);
	} while (n--);
	*strchrnul(found, '\n') = '\0';

	return found;
}

/* The n-th event of that name is about our space, and goes on as the format says. */
static void expect_event(const char *name, unsigned int n, const char *format, ...)
{
	char expected[256], rest[128];
	const char *seen = event(name, n);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(rest, sizeof(rest), format, arguments);
	va_end(arguments);
	snprintf(expected, sizeof(expected), "space=%u:%s %s", geteuid(), space_name(), rest);
	if (!seen || strncmp(seen, expected, strlen(expected)) != 0)
		fail_msg("%s %u: '%s', expected '%s'", name, n, seen ? seen : "none", expected);
}

/* A client's token, as listings name the holder of a lock that only this client uses. */
static uint32_t token_of(struct lockmgr *mgr)
{
	uint32_t token;

	assert_int_equal(lockmgr_lock(mgr, 1000), 0);
	token = lock_info(mgr, 1000).client;
	assert_int_equal(lockmgr_unlock(mgr, 1000), 0);

	return token;
}

static long do_token(struct lockmgr **mgr, long unused)
{
	(void)unused;

	return token_of(*mgr);
}

static uint32_t token_of_agent(struct agent *agent)
{
	return agent_call(agent, do_token, 0);
}

static void attaching_is_traced(void **state)
{
	struct lockmgr *first = space_open(), *second = space_open();

	(void)state;
	expect_event("lockmgr_attach", 0, "token=%u created=1", token_of(first));
	expect_event("lockmgr_attach", 1, "token=%u created=0", token_of(second));
	assert_null(event("lockmgr_attach", 2));
}

static void failing_to_attach_is_not_traced(void **state)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	(void)state;
	assert_int_equal(lockmgr_open(&mgr, space_name(), &opts), -ENOENT);
	assert_null(event("lockmgr_attach", 0));
}

/* The duration of the n-th wait that has ended, in ns. */
static unsigned long long duration_of(unsigned int n)
{
	const char *seen = event("lockmgr_wait_end", n);

	assert_non_null(seen);
	seen = strstr(seen, " duration=");
	assert_non_null(seen);

	return strtoull(seen + strlen(" duration="), NULL, 10);
}

static void wait_is_traced_from_its_beginning_to_its_end(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();
	uint32_t token = token_of_agent(agent);
	uint64_t begin, seen, at_least;

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 5), 0);
	begin = now_ns();
	agent_start(agent, agent_lock, 5);
	wait_for_waiters(mgr, 5, 1);
	seen = now_ns();
	expect_event("lockmgr_wait_start", 0, "token=%u lock=5 holder=%u", token, token_of(mgr));
	assert_null(event("lockmgr_wait_end", 0));
	at_least = now_ns() - seen;
	assert_int_equal(lockmgr_unlock(mgr, 5), 0);
	assert_int_equal(agent_finish(agent), 0);
	expect_event("lockmgr_wait_end", 0, "token=%u lock=5 result=0 ", token);
	assert_in_range(duration_of(0), at_least, now_ns() - begin);
}

static void wait_that_fails_tells_the_error(void **state)
{
	struct lockmgr *mgr = space_open();
	const struct timespec deadline = deadline_in(20);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 5), 0);
	assert_int_equal(lockmgr_timedlock(mgr, 5, &deadline), -ETIMEDOUT);
	expect_event("lockmgr_wait_end", 0, "token=%u lock=5 result=%d ", token_of(mgr),
		     -ETIMEDOUT);
}

static void uncontended_lock_is_not_traced(void **state)
{
	struct lockmgr *mgr = space_open_with(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_NO_MAP, 0);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 5), 0);
	assert_int_equal(lockmgr_unlock(mgr, 5), 0);
	assert_null(event("lockmgr_wait_start", 0));
	assert_null(event("lockmgr_wait_end", 0));
}

static void lock_given_to_a_waiter_is_traced(void **state)
{
	struct lockmgr *mgr = space_open();
	struct agent *agent = agent_new();
	uint32_t next = token_of_agent(agent);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 5), 0);
	wait_with_a_claim(agent, mgr, 5);
	assert_null(event("lockmgr_handoff", 0));
	assert_int_equal(lockmgr_unlock(mgr, 5), 0);
	assert_int_equal(agent_finish(agent), 0);
	expect_event("lockmgr_handoff", 0, "token=%u lock=5 next_token=%u next_tid=%d",
		     token_of(mgr), next, agent_pid(agent));
}

static void death_of_a_holder_is_traced_for_every_lock(void **state)
{
	struct agent *agent = agent_new();
	uint32_t token = token_of_agent(agent);

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 1), 0);
	assert_int_equal(agent_call(agent, agent_lock, 70000), 0);
	agent_kill(agent);
	expect_event("lockmgr_owner_died", 0, "token=%u lock=1", token);
	expect_event("lockmgr_owner_died", 1, "token=%u lock=70000", token);
	assert_null(event("lockmgr_owner_died", 2));
}

static void result_of_the_next_holder_says_that_the_holder_died(void **state)
{
	struct agent *agent = agent_new(), *next = agent_new();
	struct lockmgr *mgr = space_open();

	(void)state;
	assert_int_equal(agent_call(agent, agent_lock, 1), 0);
	agent_start(next, agent_lock, 1);
	wait_for_waiters(mgr, 1, 1);
	agent_kill(agent);
	assert_int_equal(agent_finish(next), LOCKMGR_OWNER_DIED);
	expect_event("lockmgr_wait_end", 0, "token=%u lock=1 result=1 ", token_of_agent(next));
}

static void deadlock_is_traced_where_a_call_fails_for_it(void **state)
{
	struct agent *agent = agent_new_with(DETECT);
	struct lockmgr *mgr = space_open_with(DETECT, 0);

	(void)state;
	assert_int_equal(lockmgr_lock(mgr, 1), 0);
	assert_int_equal(agent_call(agent, agent_lock, 2), 0);
	agent_start(agent, agent_lock, 1);
	wait_for_waiters(mgr, 1, 1);
	assert_int_equal(lockmgr_lock(mgr, 2), -EDEADLK);
	expect_event("lockmgr_deadlock", 0, "token=%u lock=2", token_of(mgr));
	expect_event("lockmgr_wait_end", 0, "token=%u lock=2 result=%d ", token_of(mgr), -EDEADLK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		trace_test(attaching_is_traced),
		trace_test(failing_to_attach_is_not_traced),
		trace_test(wait_is_traced_from_its_beginning_to_its_end),
		trace_test(wait_that_fails_tells_the_error),
		trace_test(uncontended_lock_is_not_traced),
		trace_test(lock_given_to_a_waiter_is_traced),
		trace_test(death_of_a_holder_is_traced_for_every_lock),
		trace_test(result_of_the_next_holder_says_that_the_holder_died),
		trace_test(deadlock_is_traced_where_a_call_fails_for_it),
	};

	return harness_run(tests);
}
