// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of a look-up by name does not depend on how many spaces there are: with 100 000, it
 * is at most twice what it is with one.
 *
 * The spaces are in a new IPC namespace, of a user who has no others; they go with the namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "harness.h"

#define LIMIT		"/sys/module/lockmgr/parameters/spaces_per_user"

#define SPACES		100000

/* No other test makes spaces as this user. */
#define OWNER		61001

/*
 * The fastest of many batches counts: a disturbance only makes a batch slower.  The table of
 * names may still be growing during the first batches, because spaces have just been made.
 */
#define BATCHES		2000
#define CALLS		250

#define NO_SPACE	SPACES

static void write_limit(const char *value)
{
	assert_int_equal(write_value(LIMIT, value), 0);
}

static int attach(int file, unsigned int number, uint32_t flags)
{
	struct lockmgr_ioctl_attach args = {
		.flags = LOCKMGR_ATTACH_CREATE | flags,
		.owner = LOCKMGR_ID_CALLER,
		.group = LOCKMGR_ID_CALLER,
		.capacity = 1,
	};

	snprintf(args.name, sizeof(args.name), "names-%u", number);
	if (number == NO_SPACE)
		args.flags = 0;

	return ioctl(file, LOCKMGR_IOC_ATTACH, &args) ? -errno : 0;
}

static int make_spaces(unsigned int first, unsigned int end)
{
	int ret = 0;

	for (; first < end && !ret; first++) {
		int file = open("/dev/lockmgr", O_RDWR | O_CLOEXEC);

		ret = file < 0 ? -errno : attach(file, first, LOCKMGR_ATTACH_EXCL);
		close(file);
	}

	return ret;
}

/*
 * Measure the time of CALLS look-ups, in ns: of names that exist, all over the table, or of one
 * that does not.  The call fails either way, and does nothing else.  The names are the same in
 * each batch, since this test does not measure the processor's caches.
 */
static int measure(int file, unsigned int count, bool there, uint64_t *best)
{
	const int expected = there ? -EEXIST : -ENOENT;
	unsigned int batch, i;

	*best = UINT64_MAX;
	for (batch = 0; batch < BATCHES; batch++) {
		uint64_t begin = now_ns(), time;

		for (i = 0; i < CALLS; i++) {
			unsigned int number = (uint64_t)i * count / CALLS;

			if (attach(file, there ? number : NO_SPACE, LOCKMGR_ATTACH_EXCL) !=
			    expected)
				return -EIO;
		}
		time = now_ns() - begin;
		if (time < *best)
			*best = time;
	}

	return 0;
}

/**
 * struct costs - times of look-ups, of names that exist, and of one that does not
 */
struct costs {
	uint64_t found;
	uint64_t missed;
};

static int measure_both(int file, unsigned int count, struct costs *costs)
{
	int ret = measure(file, count, true, &costs->found);

	return ret ? ret : measure(file, count, false, &costs->missed);
}

static long percent(uint64_t many, uint64_t one)
{
	return many * 100 / one;
}

/* In an agent: returns the larger of the two ratios, in percent, or -errno. */
static long compare(struct lockmgr **mgr, long count)
{
	struct costs one, many;
	long found, missed;
	int file, ret;

	(void)mgr;
	if (unshare(CLONE_NEWIPC))
		return -errno;
	setfsuid(OWNER);
	file = open("/dev/lockmgr", O_RDWR | O_CLOEXEC);
	ret = make_spaces(0, 1);
	if (!ret)
		ret = measure_both(file, 1, &one);
	if (!ret)
		ret = make_spaces(1, count);
	if (!ret)
		ret = measure_both(file, count, &many);
	if (ret)
		return ret;

	found = percent(many.found, one.found);
	missed = percent(many.missed, one.missed);
	print_message("# with %ld spaces: %ld %% of the time if the name exists, %ld %% if not\n",
		      count, found, missed);

	return found > missed ? found : missed;
}

static void lookup_among_many_costs_at_most_twice_that_with_one(void **state)
{
	struct agent *agent = agent_new_as(0, 0, 0, NULL);
	char before[32], limit[32];
	long ratio;

	(void)state;
	read_value(LIMIT, before, sizeof(before));
	snprintf(limit, sizeof(limit), "%u", 2 * SPACES);
	write_limit(limit);
	agent_start(agent, compare, SPACES);
	while (!agent_is_done(agent))
		usleep(10000);
	ratio = agent_finish(agent);
	write_limit(before);
	if (ratio < 0)
		fail_msg("%s", strerror(-ratio));
	if (ratio > 200)
		fail_msg("with %u spaces, a look-up takes %ld %% of the time it takes with one",
			 SPACES, ratio);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_test(lookup_among_many_costs_at_most_twice_that_with_one),
	};

	/* Most of the cost of a look-up would be that of the kernel's checks. */
	if (kernel_watches_itself()) {
		printf("1..0 # SKIP this kernel spends its time on checks\n");
		return 0;
	}

	return harness_run(tests);
}
