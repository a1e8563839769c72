// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stage.h"

/* How long anything may take before it counts as stuck. */
#define PATIENCE_S	600

#define ACTORS_MAX	16

struct actor {
	pid_t pid;
	int requests;
	int answers;
	char command[LOCKMGR_COMMAND_SIZE];
};

struct request {
	deed_fn deed;
	uint32_t id;
};

static char space[LOCKMGR_SPACE_NAME_SIZE];
static pid_t stage_pid;
static struct actor actors[ACTORS_MAX];
static size_t actor_count;

/* ------------------------------------------------------------------------
 * Facts
 */

/* Unlink the space: with allocated locks it would stay, and the module could not be unloaded. */
static noreturn void end_in_failure(void)
{
	if (getpid() == stage_pid)
		lockmgr_unlink(space, NULL);
	fflush(stdout);
	_exit(1);
}

void give_up(const char *reason, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, reason);
	fputs("demo: ", stderr);
	vfprintf(stderr, reason, args);
	fputc('\n', stderr);
	va_end(args);
	end_in_failure();
}

void fact(bool holds, const char *claim, const char *expected, const char *seen, ...)
{
	const char *mark = isatty(STDOUT_FILENO) ? "✓" : "ok";
	char text[128];
	va_list args;

	va_start(args, seen);
	vsnprintf(text, sizeof(text), seen, args);
	va_end(args);

	if (!holds) {
		printf("  FAILED: %s: expected %s, saw %s\n", claim, expected, text);
		end_in_failure();
	}
	printf("  %s  %-57s %s\n", mark, claim, text);
}

const char *number(long value)
{
	static char texts[8][24];
	static unsigned int next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof(texts[0]), "%ld", value);
	return text;
}

const char *result_name(int result)
{
	const char *name = result < 0 ? strerrorname_np(-result) : NULL;

	if (!result)
		return "success";
	if (result == LOCKMGR_OWNER_DIED)
		return "OWNER_DIED";
	return name ? name : number(result);
}

void fact_result(int expected, int seen, const char *claim)
{
	const char *meaning = seen < 0 ? strerrordesc_np(-seen) : NULL;

	fact(seen == expected, claim, result_name(expected), "%s%s%s", result_name(seen),
	     meaning ? ": " : "", meaning ? meaning : "");
}

/* ------------------------------------------------------------------------
 * The space of the chapter
 */

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static struct lockmgr *open_space(uint32_t flags, uint32_t capacity)
{
	struct lockmgr_options opts = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	int ret;

	opts.flags = flags;
	opts.capacity = capacity;
	ret = lockmgr_open(&mgr, space, &opts);
	if (ret == -ENODEV)
		give_up("there is no /dev/lockmgr: load the module");
	if (ret)
		give_up("cannot open the space %s: %s", space, strerror(-ret));

	return mgr;
}

struct lockmgr *stage_open(uint32_t capacity)
{
	struct lockmgr *mgr;

	snprintf(space, sizeof(space), "demo-%d", getpid());
	mgr = open_space(LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL, capacity);
	stage_pid = getpid();

	return mgr;
}

void stage_close(struct lockmgr *mgr)
{
	int ret;

	while (actor_count)
		actor_kill(&actors[--actor_count]);

	ret = lockmgr_unlink(space, NULL);
	if (ret)
		give_up("cannot remove the space %s: %s", space, strerror(-ret));
	lockmgr_close(mgr);
}

const char *show_lockctl(const char *command, int status)
{
	static char output[8192];
	char typed[128], *line, *rest;
	size_t size;
	FILE *pipe;
	int ended;

	snprintf(typed, sizeof(typed), LOCKCTL " %s %s 2>&1", command, space);
	fflush(stdout);
	pipe = popen(typed, "re");
	if (!pipe)
		give_up("cannot run lockctl: %m");
	size = fread(output, 1, sizeof(output) - 1, pipe);
	output[size] = '\0';
	ended = pclose(pipe);

	printf("\n      $ lockctl %s %s\n", command, space);
	for (line = output; *line; line = rest) {
		size_t length = strcspn(line, "\n");

		printf("      %.*s\n", (int)length, line);
		rest = line + length + (line[length] == '\n');
	}
	printf("\n");
	if (!WIFEXITED(ended) || WEXITSTATUS(ended) != status)
		give_up("lockctl %s ended with %d", command, ended);

	return output;
}

static uint32_t lock_waiters(struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_lock_info info;
	uint64_t cursor = 0;
	size_t count;

	while (cursor != LOCKMGR_LIST_END) {
		if (lockmgr_list(mgr, LOCKMGR_LOCK_IS_WAITED, &cursor, &info, 1, &count))
			give_up("cannot list the locks");
		if (count && info.id == id)
			return info.waiters;
	}

	return 0;
}

/* Wait until @count threads wait, or PATIENCE_S has passed; returns how many wait then. */
static uint32_t await_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ULL;
	uint32_t seen;

	while ((seen = lock_waiters(mgr, id)) != count && now_ns() < end)
		nanosleep(&pause, NULL);

	return seen;
}

void wait_for_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count)
{
	if (await_waiters(mgr, id, count) != count)
		give_up("after %d s there are not %u waiters for lock %u", PATIENCE_S, count, id);
}

void fact_waiters(struct lockmgr *mgr, uint32_t id, uint32_t count, const char *claim)
{
	uint32_t seen = await_waiters(mgr, id, count);

	fact(seen == count, claim, number(count), "%u waiting", seen);
}

/* ------------------------------------------------------------------------
 * Actors
 */

static bool transfer_fails(ssize_t done, size_t size)
{
	return done != (ssize_t)size;
}

static void act(struct actor *actor, pid_t parent, uint32_t flags, int requests, int answers)
{
	struct request request;
	struct answer answer;
	struct lockmgr *mgr;

	prctl(PR_SET_NAME, actor->command);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);

	mgr = open_space(flags, 0);
	while (!transfer_fails(read(requests, &request, sizeof(request)), sizeof(request))) {
		answer.result = request.deed(mgr, request.id);
		answer.when_ns = now_ns();
		if (transfer_fails(write(answers, &answer, sizeof(answer)), sizeof(answer)))
			break;
	}
	_exit(0);
}

static int do_nothing(struct lockmgr *mgr, uint32_t id)
{
	(void)mgr;
	(void)id;
	return 0;
}

struct actor *actor_new(const char *command, uint32_t flags)
{
	pid_t parent = getpid();
	struct actor *actor = &actors[actor_count];
	int requests[2], answers[2];

	if (actor_count++ == ACTORS_MAX)
		give_up("more than %d actors", ACTORS_MAX);
	if (pipe2(requests, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		give_up("cannot make a pipe: %m");

	snprintf(actor->command, sizeof(actor->command), "%s", command);
	fflush(stdout);
	actor->pid = fork();
	if (actor->pid < 0)
		give_up("cannot fork: %m");
	if (!actor->pid) {
		close(requests[1]);
		close(answers[0]);
		act(actor, parent, flags, requests[0], answers[1]);
	}

	close(requests[0]);
	close(answers[1]);
	actor->requests = requests[1];
	actor->answers = answers[0];
	/* The actor answers once it has its handle. */
	actor_do(actor, do_nothing, 0);

	return actor;
}

void actor_ask(struct actor *actor, deed_fn deed, uint32_t id)
{
	struct request request = { .deed = deed, .id = id };

	if (transfer_fails(write(actor->requests, &request, sizeof(request)), sizeof(request)))
		give_up("the process %s has ended", actor->command);
}

struct answer actor_answer(struct actor *actor)
{
	struct pollfd answers = { .fd = actor->answers, .events = POLLIN };
	struct answer answer;

	if (poll(&answers, 1, PATIENCE_S * 1000) != 1)
		give_up("after %d s there is no answer from the process %s", PATIENCE_S,
			actor->command);
	if (transfer_fails(read(actor->answers, &answer, sizeof(answer)), sizeof(answer)))
		give_up("the process %s has ended", actor->command);

	return answer;
}

int actor_do(struct actor *actor, deed_fn deed, uint32_t id)
{
	actor_ask(actor, deed, id);
	return actor_answer(actor).result;
}

pid_t actor_pid(const struct actor *actor)
{
	return actor->pid;
}

const char *actor_command(const struct actor *actor)
{
	return actor->command;
}

int actor_kill(struct actor *actor)
{
	int status = 0;

	if (!actor->pid)
		return 0;

	kill(actor->pid, SIGKILL);
	if (waitpid(actor->pid, &status, 0) != actor->pid)
		give_up("the process %s has ended", actor->command);
	actor->pid = 0;
	close(actor->requests);
	close(actor->answers);

	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int allocate(struct lockmgr *mgr, uint32_t unused)
{
	uint32_t id;
	int ret;

	(void)unused;
	ret = lockmgr_allocate(mgr, &id);
	return ret ? ret : (int)id;
}
