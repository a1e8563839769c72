// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, by the kernel's own accounting: what a memory cgroup has more when a
 * process in it has made locks, and locked and unlocked each once.  The handle is
 * open then.  Counted is the kernel's memory and shared memory, not the process's
 * own.
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

/* The kernel's accounts do not vary. */
#define ROUNDS	1

/* A few pages: three locks that are far apart need one each, and ways to them. */
#define SPARSE_TARGET	32768

struct user {
	/* Makes and uses the locks; stays until it is killed. */
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

/* Mounted once more than need be, for this is not the machine's business. */
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

/* The parent has not seen what a child has made. */
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

static void tell(int fd)
{
	char byte = 0;

	must(write(fd, &byte, 1));
}

static void wait_for(int fd)
{
	char byte;

	if (must(read(fd, &byte, 1)) != 1)
		fail("a child has failed");
}

static void run_user(void *arg)
{
	const struct user *user = arg;

	must(close(user->tells[0]));
	wait_for(user->told[0]);
	user->use(user);
	tell(user->tells[1]);
	wait_for(user->told[0]);
	/* Here, since only this process knows what it has made. */
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
	tell(user->told[1]);
	wait_for(user->tells[0]);
	after = used_bytes();
	tell(user->told[1]);
	work_join(pid);

	must(close(user->told[0]));
	must(close(user->told[1]));
	must(close(user->tells[0]));
	must(rmdir(cgroup_path("")));

	return (after - before) / user->count;
}

static void bench_each(void)
{
	struct subject subjects[PEERS] = { 0 };
	struct user users[PEERS];
	size_t i;

	for (i = 0; i < PEERS; i++) {
		if (peers[i]->floor)
			continue;
		users[i] = (struct user) {
			.use = use_peer,
			.destroy = peers[i]->destroy,
			.peer = peers[i],
			.count = LOCKS,
		};
		subjects[i].sample = sample;
		subjects[i].arg = &users[i];
	}
	measure(subjects, PEERS, ROUNDS);
	report_row("memory.lock", "memory a lock, 100000 in use", "bytes", subjects);
}

static void bench_sparse(void)
{
	struct user user = { .use = use_sparse, .destroy = destroy_sparse, .count = 1 };
	struct subject subject = { .sample = sample, .arg = &user };

	measure(&subject, 1, ROUNDS);
	report_target("memory.sparse", "memory, 3 of 1048576 locks in use", "bytes",
		      median(&subject), SPARSE_TARGET);
}

void bench_memory(void)
{
	cgroup_begin();
	bench_each();
	bench_sparse();
	cgroup_end();
}
