// SPDX-License-Identifier: GPL-2.0-only
/* Lock and unlock, with nobody else about: in mapped records, and by ioctl. */
#include "bench.h"

#define ROUNDS		120
#define SAMPLE_NS	5000000

/* Peers of the one, and of the other: all are measured in turns. */
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

#define LOOPS	(ARRAY_SIZE(mapped) + ARRAY_SIZE(by_ioctl))

struct loop {
	const struct peer *peer;
	void *handle;
	uint64_t pairs;
};

static double sample(void *arg)
{
	struct loop *loop = arg;
	uint64_t begin, end;

	begin = now_ns();
	loop->peer->pairs(loop->handle, 0, loop->pairs);
	end = now_ns();

	return (double)(end - begin) / loop->pairs;
}

/* As many pairs as fill a sample. */
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
