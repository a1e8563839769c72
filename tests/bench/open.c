// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a handle for a space that exists and closing it, beside what a program with
 * locks in shared memory does instead.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lockmgr.h>

#include "bench.h"

#define ROUNDS	60
#define OPENS	50
#define SPACE	"bench.open"
#define SEGMENT	"/lockmgr-bench"
#define SIZE	4096

static void open_manager(void)
{
	struct lockmgr *mgr;

	work_checked(lockmgr_open(&mgr, SPACE, NULL), "open");
	lockmgr_close(mgr);
}

static void open_segment(void)
{
	int fd = must(shm_open(SEGMENT, O_RDWR, 0));
	void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		fail("mmap: %m");
	must(munmap(memory, SIZE));
	must(close(fd));
}

static double sample(void *arg)
{
	void (*const *open_one)(void) = arg;
	uint64_t begin;
	int i;

	begin = now_ns();
	for (i = 0; i < OPENS; i++)
		(*open_one)();

	return (now_ns() - begin) / (1000.0 * OPENS);
}

void bench_open(void)
{
	static void (*const opens[])(void) = { open_manager, open_segment };
	struct subject subjects[] = {
		{ .sample = sample, .arg = (void *)&opens[0] },
		{ .sample = sample, .arg = (void *)&opens[1] },
	};
	struct lockmgr *mgr;
	int fd;

	work_checked(lockmgr_open(&mgr, SPACE, NULL), "open");
	fd = must(shm_open(SEGMENT, O_RDWR | O_CREAT | O_EXCL, 0600));
	must(ftruncate(fd, SIZE));

	measure(subjects, ARRAY_SIZE(subjects), ROUNDS);
	report_own("open", "open+close of a handle", "lockmgr", "us", &subjects[0]);
	report_peer("shm_open", &subjects[1], AT_MOST(1.5));

	lockmgr_close(mgr);
	work_checked(lockmgr_unlink(SPACE, NULL), "unlink");
	must(close(fd));
	must(shm_unlink(SEGMENT));
}
