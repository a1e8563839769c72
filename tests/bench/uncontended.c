// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock and unlock, uncontended: in mapped records, and by ioctl.
 *
 * If two pages share one place in the TLB of an emulated processor, going from one to the other
 * costs as much as half a lock call, and which pages do so is chance.  All kinds of locks access
 * variables of the thread.  So each round has these elsewhere: it runs in a thread with another
 * stack.
 */
#include <pthread.h>

#include "bench.h"

#define ROUNDS		120
#define SAMPLE_NS	5000000

/* The peers of the two rows; all of them are measured in turns. */
static const struct rival mapped[] = {
	{ &peer_lockmgr, NO_TARGET },
	{ &peer_robust, AT_MOST(0.75) },
	{ &peer_plain, NO_TARGET },
	{ &peer_swaps, NO_TARGET },
};

static const struct rival by_ioctl[] = {
	{ &peer_lockmgr_ioctl, NO_TARGET },
	{ &peer_ofd, AT_MOST(0.5) },
	{ &peer_flock, AT_MOST(0.9) },
	{ &peer_ioctls, AT_MOST(2) },
	{ &peer_sysv, NO_TARGET },
};

#define PAGE_SIZE	4096
#define STACK_PAGES	64
#define PLACES		256

#define LOOPS	(ARRAY_SIZE(mapped) + ARRAY_SIZE(by_ioctl))

struct loop {
	const struct peer *peer;
	void *handle;
	uint64_t pairs;
	unsigned int turn;
	double result;
};

static void *run(void *arg)
{
	struct loop *loop = arg;
	uint64_t begin, end;

	begin = now_ns();
	loop->peer->pairs(loop->handle, 0, loop->pairs);
	end = now_ns();
	loop->result = (double)(end - begin) / loop->pairs;

	return NULL;
}

static double sample(void *arg)
{
	static char *stacks;
	struct loop *loop = arg;
	pthread_attr_t attributes;
	pthread_t thread;
	size_t place;

	if (!stacks)
		stacks = work_shared((STACK_PAGES + PLACES) * PAGE_SIZE);
	/* Go through all places, each far from the one before. */
	place = loop->turn++ * 99 % PLACES;
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stacks + place * PAGE_SIZE, STACK_PAGES * PAGE_SIZE);
	if (pthread_create(&thread, &attributes, run, loop))
		fail("pthread_create");
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);

	return loop->result;
}

/* Find out how many pairs take SAMPLE_NS. */
static void calibrate(struct loop *loop)
{
	loop->pairs = 1000;
	loop->pairs = SAMPLE_NS / sample(loop) + 1;
}

static void prepare(struct subject *subject, struct loop *loop, const struct peer *peer)
{
	peer->create(1);
	*loop = (struct loop) { .peer = peer, .handle = peer->open() };
	calibrate(loop);
	*subject = (struct subject) { .sample = sample, .arg = loop };
}

void bench_uncontended(void)
{
	static struct subject subjects[LOOPS];
	struct loop loops[LOOPS];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mapped); i++)
		prepare(&subjects[i], &loops[i], mapped[i].peer);
	for (; i < LOOPS; i++)
		prepare(&subjects[i], &loops[i], by_ioctl[i - ARRAY_SIZE(mapped)].peer);

	measure(subjects, LOOPS, ROUNDS);
	report_row("uncontended", "lock+unlock, mapped", "ns", mapped, subjects,
		   ARRAY_SIZE(mapped));
	report_row("uncontended_ioctl", "lock+unlock, by ioctl", "ns", by_ioctl,
		   &subjects[ARRAY_SIZE(mapped)], ARRAY_SIZE(by_ioctl));

	for (i = 0; i < LOOPS; i++) {
		loops[i].peer->close(loops[i].handle);
		loops[i].peer->destroy();
	}
}
