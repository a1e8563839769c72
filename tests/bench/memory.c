// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, by the kernel's own accounting: how much a memory cgroup has grown when a process in
 * it has made locks, and locked and unlocked each once.  The handle is still open.  The kernel's
 * memory and shared memory count, the process's private memory does not.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lockmgr.h>

#include "bench.h"

#define LOCKS	100000

/* One is enough: the kernel's accounts do not vary. */
#define ROUNDS	1

/* Spaces with a lock each, to measure how much a space takes beside its locks. */
#define SPACES	500

/* A few pages: each of three locks that are far apart needs one, and nodes that lead to it. */
#define SPARSE_TARGET	32768

#define LOCK_TARGET	17
#define SPACE_TARGET	8192

static const struct rival rivals[] = {
	{ &peer_lockmgr, NO_TARGET },
	{ &peer_robust, NO_TARGET },
	{ &peer_plain, NO_TARGET },
	{ &peer_flock, NO_TARGET },
	{ &peer_ofd, NO_TARGET },
	{ &peer_sysv, NO_TARGET },
};

#define RIVALS	ARRAY_SIZE(rivals)

struct user {
	/* Makes and uses the locks. */
	void (*use)(const struct user *user);
	void (*destroy)(void);
	const struct peer *peer;
	uint32_t count;
	int told[2];
	int tells[2];
};

static char hierarchy[128];

static const char *cgroup_path(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/bench/%s", hierarchy, file);
	return path;
}

static void write_file(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CLOEXEC));

	if (write(fd, text, strlen(text)) < 0)
		fail("%s: %m", path);
	must(close(fd));
}

/* Mount the hierarchy again, so that it does not matter where the machine has it. */
static void cgroup_begin(void)
{
	char path[256];

	snprintf(hierarchy, sizeof(hierarchy), "%s", work_path("cgroup"));
	must(mkdir(hierarchy, 0700));
	must(mount("bench", hierarchy, "cgroup2", 0, NULL));
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", hierarchy);
	write_file(path, "+memory");
}

static void cgroup_end(void)
{
	must(umount(hierarchy));
	must(rmdir(hierarchy));
}

static double read_number(const char *file, const char *key)
{
	FILE *stream = fopen(cgroup_path(file), "re");
	char word[64];
	double number;

	if (!stream)
		fail("%s: %m", file);
	while (fscanf(stream, "%63s %lf", word, &number) == 2) {
		if (strcmp(word, key))
			continue;
		fclose(stream);
		return number;
	}

	fail("%s: no %s", file, key);
}

static double used_bytes(void)
{
	/* Makes the kernel add up what each processor has counted. */
	read_number("cpu.stat", "usage_usec");

	return read_number("memory.stat", "kernel") + read_number("memory.stat", "shmem");
}

static void use_peer(const struct user *user)
{
	const struct peer *peer = user->peer;
	void *handle;
	uint32_t id;

	peer->create(user->count);
	handle = peer->open();
	for (id = 0; id < user->count; id++) {
		peer->lock(handle, id);
		peer->unlock(handle, id);
	}
}

static void destroy_sparse(void)
{
	if (lockmgr_unlink("sparse", NULL))
		fail("lockmgr_unlink");
}

static void use_sparse(const struct user *user)
{
	static const uint32_t ids[] = { 0, 500000, 1048575 };
	struct lockmgr *mgr;
	size_t i;

	(void)user;
	if (lockmgr_open(&mgr, "sparse", NULL))
		fail("lockmgr_open");
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		if (lockmgr_allocate_id(mgr, ids[i]) || lockmgr_lock(mgr, ids[i]) ||
		    lockmgr_unlock(mgr, ids[i]))
			fail("cannot use lock %u", ids[i]);
}

static const char *space_name(uint32_t number)
{
	static char name[LOCKMGR_SPACE_NAME_SIZE];

	snprintf(name, sizeof(name), "bench.space.%u", number);
	return name;
}

static void destroy_spaces(void)
{
	uint32_t i;

	for (i = 0; i < SPACES; i++)
		work_checked(lockmgr_unlink(space_name(i), NULL), "unlink");
}

/* Each handle is closed again, so that only the space stays. */
static void use_spaces(const struct user *user)
{
	struct lockmgr *mgr;
	uint32_t i, id;

	for (i = 0; i < user->count; i++) {
		work_checked(lockmgr_open(&mgr, space_name(i), NULL), "open");
		work_checked(lockmgr_allocate(mgr, &id), "allocate");
		work_checked(lockmgr_lock(mgr, id), "lock");
		work_checked(lockmgr_unlock(mgr, id), "unlock");
		lockmgr_close(mgr);
	}
}

static void run_user(void *arg)
{
	const struct user *user = arg;

	must(close(user->tells[0]));
	work_hear(user->told[0]);
	user->use(user);
	work_tell(user->tells[1]);
	work_hear(user->told[0]);
	/* In this process, since only it knows what it has made. */
	user->destroy();
}

static double sample(void *arg)
{
	struct user *user = arg;
	double before, after;
	char pid_text[16];
	pid_t pid;

	must(mkdir(cgroup_path(""), 0700));
	must(pipe(user->told));
	must(pipe(user->tells));

	pid = work_fork(run_user, user);
	must(close(user->tells[1]));
	snprintf(pid_text, sizeof(pid_text), "%d", pid);
	write_file(cgroup_path("cgroup.procs"), pid_text);

	before = used_bytes();
	work_tell(user->told[1]);
	work_hear(user->tells[0]);
	after = used_bytes();
	work_tell(user->told[1]);
	work_join(pid);

	must(close(user->told[0]));
	must(close(user->told[1]));
	must(close(user->tells[0]));
	must(rmdir(cgroup_path("")));

	return (after - before) / user->count;
}

static void bench_each(void)
{
	struct subject subjects[RIVALS] = { 0 };
	struct user users[RIVALS];
	size_t i;

	for (i = 0; i < RIVALS; i++) {
		users[i] = (struct user) {
			.use = use_peer,
			.destroy = rivals[i].peer->destroy,
			.peer = rivals[i].peer,
			.count = LOCKS,
		};
		subjects[i].sample = sample;
		subjects[i].arg = &users[i];
	}
	measure(subjects, RIVALS, ROUNDS);
	report_row("memory.lock", "memory per lock, 100000 in use", "bytes", rivals, subjects,
		   RIVALS);
	/* The limit includes that of the space that they are in. */
	report_value("memory.locks", "all of them and their space", "bytes",
		     median(&subjects[0]) * LOCKS,
		     AT_MOST(LOCK_TARGET * LOCKS + SPACE_TARGET));
}

static double measure_alone(struct user user)
{
	struct subject subject = { .sample = sample, .arg = &user };

	measure(&subject, 1, ROUNDS);
	return median(&subject);
}

static void bench_spaces(void)
{
	const struct user user = {
		.use = use_spaces,
		.destroy = destroy_spaces,
		.count = SPACES,
	};

	report_value("memory.space", "memory per space with one lock", "bytes",
		     measure_alone(user), AT_MOST(LOCK_TARGET + SPACE_TARGET));
}

static void bench_sparse(void)
{
	const struct user user = { .use = use_sparse, .destroy = destroy_sparse, .count = 1 };

	report_value("memory.sparse", "memory, 3 of 1048576 locks in use", "bytes",
		     measure_alone(user), AT_MOST(SPARSE_TARGET));
}

void bench_memory(void)
{
	cgroup_begin();
	bench_each();
	bench_spaces();
	bench_sparse();
	cgroup_end();
}
