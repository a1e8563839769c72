// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of a lock that nobody else wants, and of a wake-up, while many others wait
 * for other locks in other spaces: clients in spaces of ten each, every one a thread
 * that sleeps in lockmgr_lock().
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lockmgr.h>

#include "bench.h"

/* How often the largest crowd is built up; how many rounds are sampled without it, and with it. */
#define CYCLES	4
#define ROUNDS	15

#define PAIRS	2000
#define WAKE_UPS	5
#define WAITERS	10
#define SPACES	100
#define CROWDS_MAX	10

#define STACK_SIZE	16384

/* ------------------------------------------------------------------------
 * The crowd: processes with some of the spaces each
 */

/**
 * struct crowd - processes that hold locks, and whose threads wait for them
 * @processes: how many; each has SPACES spaces with WAITERS waiters
 * @pids: the processes
 * @index: which process it is
 * @ready: pipe from them
 */
struct crowd {
	unsigned int processes;
	pid_t pids[CROWDS_MAX];
	unsigned int index;
	int ready[2];
};

struct spot {
	char name[LOCKMGR_SPACE_NAME_SIZE];
	struct lockmgr *holder;
};

static void name_space(char *name, unsigned int index, unsigned int i)
{
	snprintf(name, LOCKMGR_SPACE_NAME_SIZE, "crowd.%u.%u", index, i);
}

static void *wait_for_ever(void *arg)
{
	const struct spot *spot = arg;
	struct lockmgr *mgr;

	work_checked(lockmgr_open(&mgr, spot->name, NULL), "open");
	work_checked(lockmgr_lock(mgr, 0), "lock");
	return NULL;
}

static void fill(struct spot *spot, const pthread_attr_t *attributes)
{
	pthread_t thread;
	int i, error;

	work_checked(lockmgr_open(&spot->holder, spot->name, NULL), "open");
	work_checked(lockmgr_lock(spot->holder, 0), "lock");
	for (i = 0; i < WAITERS; i++) {
		error = pthread_create(&thread, attributes, wait_for_ever, spot);
		if (error)
			fail("pthread_create: %s", strerror(error));
	}
}

static uint32_t waiters_of(const struct spot *spot)
{
	struct lockmgr_lock_info info;
	uint64_t cursor = 0;
	size_t count = 0;
	int ret = 0;

	while (!count && cursor != LOCKMGR_LIST_END && !ret)
		ret = lockmgr_list(spot->holder, LOCKMGR_LOCK_IS_HELD, &cursor, &info, 1,
				   &count);
	work_checked(ret, "list");
	return count ? info.waiters : 0;
}

static void be_a_crowd(void *arg)
{
	const struct crowd *crowd = arg;
	struct spot *spots = calloc(SPACES, sizeof(*spots));
	pthread_attr_t attributes;
	unsigned int i;

	if (!spots)
		fail("no memory");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (i = 0; i < SPACES; i++) {
		name_space(spots[i].name, crowd->index, i);
		fill(&spots[i], &attributes);
	}
	for (i = 0; i < SPACES; i++)
		while (waiters_of(&spots[i]) != WAITERS)
			sched_yield();
	work_tell(crowd->ready[1]);
	while (true)
		pause();
}

static void crowd_begin(struct crowd *crowd)
{
	unsigned int i;

	must(pipe2(crowd->ready, O_CLOEXEC));
	for (i = 0; i < crowd->processes; i++) {
		crowd->index = i;
		crowd->pids[i] = work_fork(be_a_crowd, crowd);
	}
	must(close(crowd->ready[1]));
	for (i = 0; i < crowd->processes; i++)
		work_hear(crowd->ready[0]);
	must(close(crowd->ready[0]));
}

static void crowd_end(const struct crowd *crowd)
{
	char name[LOCKMGR_SPACE_NAME_SIZE];
	unsigned int i, j;
	int status;

	for (i = 0; i < crowd->processes; i++)
		must(kill(crowd->pids[i], SIGKILL));
	for (i = 0; i < crowd->processes; i++)
		must(waitpid(crowd->pids[i], &status, 0));
	for (i = 0; i < crowd->processes; i++) {
		for (j = 0; j < SPACES; j++) {
			name_space(name, i, j);
			work_checked(lockmgr_unlink(name, NULL), "unlink");
		}
	}
}

/* ------------------------------------------------------------------------
 * What is measured beside the crowd
 */

/* The figures. */
enum {
	MAPPED,
	BY_IOCTL,
	WAKE_UP,
	FIGURES,
};

static const struct {
	const char *name;
	const char *title;
	const char *unit;
	double target;
} figures[FIGURES] = {
	[MAPPED]	= { "crowd.mapped", "lock+unlock, mapped", "ns", 1.1 },
	[BY_IOCTL]	= { "crowd.ioctl", "lock+unlock, by ioctl", "ns", 1.1 },
	[WAKE_UP]	= { "crowd.wakeup", "unlock, until the waiter has it", "us", 1.5 },
};

/**
 * struct scene - the handles that are used in an empty and in a crowded system
 * @mapped: locks and unlocks in memory
 * @by_ioctl: locks and unlocks through the kernel
 * @sleeper: waits for the lock that @mapped holds
 */
struct scene {
	void *mapped;
	void *by_ioctl;
	struct sleeper sleeper;
};

static double sample_pairs(const struct peer *peer, void *handle)
{
	uint64_t begin = now_ns();

	peer->pairs(handle, 0, PAIRS);
	return (double)(now_ns() - begin) / PAIRS;
}

static double sample_mapped(void *arg)
{
	const struct scene *scene = arg;

	return sample_pairs(&peer_lockmgr, scene->mapped);
}

static double sample_ioctl(void *arg)
{
	const struct scene *scene = arg;

	return sample_pairs(&peer_lockmgr_ioctl, scene->by_ioctl);
}

static double time_wake_up(struct scene *scene)
{
	uint64_t begin;

	peer_lockmgr.lock(scene->mapped, 0);
	sleeper_enqueue(&scene->sleeper);
	begin = now_ns();
	peer_lockmgr.unlock(scene->mapped, 0);

	return (sleeper_woken(&scene->sleeper) - begin) / 1000.0;
}

static double sample_wake_up(void *arg)
{
	double times[WAKE_UPS];
	int i;

	for (i = 0; i < WAKE_UPS; i++)
		times[i] = time_wake_up(arg);
	return median_of(times, WAKE_UPS);
}

static void prepare(struct subject subjects[FIGURES], struct scene *scene)
{
	static double (*const samples[FIGURES])(void *arg) = {
		[MAPPED]	= sample_mapped,
		[BY_IOCTL]	= sample_ioctl,
		[WAKE_UP]	= sample_wake_up,
	};
	int i;

	for (i = 0; i < FIGURES; i++)
		subjects[i] = (struct subject) { .sample = samples[i], .arg = scene };
}

/* Only the largest crowd has targets; the smaller ones show how the figures grow. */
static void bench_size(struct scene *scene, unsigned int processes)
{
	const bool largest = processes == CROWDS_MAX;
	static struct subject empty[FIGURES], crowded[FIGURES];
	struct crowd crowd = { .processes = processes };
	const unsigned int clients = processes * SPACES * WAITERS;
	char name[64], title[64];
	int i;

	prepare(empty, scene);
	prepare(crowded, scene);
	for (i = 0; i < (largest ? CYCLES : 1); i++) {
		measure(empty, FIGURES, ROUNDS);
		crowd_begin(&crowd);
		measure(crowded, FIGURES, ROUNDS);
		crowd_end(&crowd);
	}

	printf("%u spaces, %u clients wait for %u locks:\n", processes * SPACES, clients,
	       processes * SPACES);
	for (i = 0; i < FIGURES; i++) {
		snprintf(name, sizeof(name), "%s.%u", figures[i].name, clients);
		snprintf(title, sizeof(title), "  %s", figures[i].title);
		report_own(name, title, "lockmgr", figures[i].unit, &crowded[i]);
		report_peer("empty system", &empty[i],
			    largest ? AT_MOST(figures[i].target) : NO_TARGET);
	}
}

void bench_crowd(void)
{
	static const unsigned int processes[] = { 1, 3, CROWDS_MAX };
	struct scene scene;
	size_t i;

	peer_lockmgr.create(1);
	peer_lockmgr_ioctl.create(1);
	sleeper_start(&scene.sleeper, &peer_lockmgr);
	scene.mapped = peer_lockmgr.open();
	scene.by_ioctl = peer_lockmgr_ioctl.open();

	for (i = 0; i < ARRAY_SIZE(processes); i++)
		bench_size(&scene, processes[i]);

	peer_lockmgr.close(scene.mapped);
	peer_lockmgr_ioctl.close(scene.by_ioctl);
	sleeper_stop(&scene.sleeper);
	peer_lockmgr.destroy();
	peer_lockmgr_ioctl.destroy();
}
