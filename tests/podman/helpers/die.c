// SPDX-License-Identifier: GPL-2.0-only
/*
 * A library for LD_PRELOAD that kills a podman right after it has allocated a number, and
 * before it can write down for what.  It works with locks of Podman's own and, put before
 * liblockmgr-podman.so, with those in a space.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "segment.h"

#define PAGE	4096UL

static __thread unsigned int before;

/* The mutex that guards the bitmaps has its place in the first page of the segment. */
static const struct segment *segment_of(const pthread_mutex_t *mutex)
{
	const struct segment *segment = (const void *)((uintptr_t)mutex & ~(PAGE - 1));

	return mutex == &segment->own_mutex && segment->magic == SEGMENT_MAGIC ? segment : NULL;
}

static unsigned int count_allocated(const struct segment *segment)
{
	unsigned int count = 0;
	uint32_t i;

	for (i = 0; i < segment->groups; i++)
		count += (unsigned int)__builtin_popcount(segment->group[i].allocated);
	return count;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	__typeof__(pthread_mutex_lock) *next = dlsym(RTLD_NEXT, "pthread_mutex_lock");
	const int ret = next(mutex);
	const struct segment *segment = segment_of(mutex);

	if (segment)
		before = count_allocated(segment);
	return ret;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	__typeof__(pthread_mutex_unlock) *next = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
	const struct segment *segment = segment_of(mutex);
	const unsigned int after = segment ? count_allocated(segment) : 0;
	const int ret = next(mutex);

	if (segment && after > before)
		kill(getpid(), SIGKILL);
	return ret;
}
