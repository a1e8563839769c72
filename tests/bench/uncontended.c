// SPDX-License-Identifier: GPL-2.0-only
/* Lock and unlock, with nobody else about. */
#include "bench.h"

#define ROUNDS		15
#define SAMPLE_NS	30000000

struct loop {
	const struct peer *peer;
	void *handle;
	uint64_t pairs;
};

static double sample(void *arg)
{
	struct loop *loop = arg;
	const struct peer *peer = loop->peer;
	uint64_t begin, end, i;

	begin = now_ns();
	for (i = 0; i < loop->pairs; i++) {
		peer->lock(loop->handle, 0);
		peer->unlock(loop->handle, 0);
	}
	end = now_ns();

	return (double)(end - begin) / loop->pairs;
}

/* As many pairs as fill a sample. */
static void calibrate(struct loop *loop)
{
	loop->pairs = 1000;
	loop->pairs = SAMPLE_NS / sample(loop) + 1;
}

void bench_uncontended(void)
{
	struct subject subjects[PEERS] = { 0 };
	struct loop loops[PEERS];
	size_t i;

	for (i = 0; i < PEERS; i++) {
		peers[i]->create(1);
		loops[i] = (struct loop) { .peer = peers[i], .handle = peers[i]->open() };
		calibrate(&loops[i]);
		subjects[i].sample = sample;
		subjects[i].arg = &loops[i];
	}

	measure(subjects, PEERS, ROUNDS);
	report_row("uncontended", "lock+unlock, alone", "ns", subjects);

	for (i = 0; i < PEERS; i++) {
		peers[i]->close(loops[i].handle);
		peers[i]->destroy();
	}
}
