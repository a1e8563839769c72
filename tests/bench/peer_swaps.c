// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two compare-and-swaps on a word in shared memory: the floor for locks that are acquired and
 * released without a system call.
 */
#include <stdatomic.h>

#include "bench.h"

static _Atomic uint64_t *word;

static void create(uint32_t count)
{
	(void)count;
	if (!word)
		word = work_shared(sizeof(*word));
}

static void destroy(void)
{
}

static void *open_word(void)
{
	return word;
}

static void close_word(void *handle)
{
	(void)handle;
}

static void swap(_Atomic uint64_t *place, uint64_t from, uint64_t to)
{
	if (!atomic_compare_exchange_strong(place, &from, to))
		fail("somebody else has the word");
}

static void lock(void *handle, uint32_t id)
{
	(void)id;
	swap(handle, 0, 1);
}

static void unlock(void *handle, uint32_t id)
{
	(void)id;
	swap(handle, 1, 0);
}

DEFINE_PAIRS;

const struct peer peer_swaps = {
	.name		= "2 swaps",
	.create		= create,
	.destroy	= destroy,
	.open		= open_word,
	.lock		= lock,
	.unlock		= unlock,
	.pairs		= pairs,
	.close		= close_word,
};
