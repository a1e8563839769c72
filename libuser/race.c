// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Annotations for race detectors.
 *
 * A race detector follows the memory order of the program that it watches, but sees neither
 * what the kernel does nor that this library's calls are locks.  So it would report each
 * access to what a lock protects as a race.  ThreadSanitizer has two functions that annotate
 * an acquire and a release; a program has them if it is built with ThreadSanitizer.  Helgrind
 * and DRD recognise a sequence of instructions that does nothing elsewhere.
 *
 * Only what goes through the kernel is annotated, and with a detector all locks do: so
 * the usual way has nothing to ask.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handle.h"
#include "race.h"

/* Valgrind's request numbers; Helgrind and DRD share the latter two. */
#define RUNNING_ON_VALGRIND	0x1001
#define HAPPENS_BEFORE		0x48470121
#define HAPPENS_AFTER		0x48470122

/*
 * Detectors identify a lock by an address, so each lock gets one here, the same for all
 * handles of its space.  Nothing is ever written there.  If two locks share an address,
 * the detector may miss a race between what they protect.
 */
#define PLACES			8192

static uint64_t places[PLACES];
static uint64_t closed;

static unsigned long ask_valgrind(unsigned long request, const void *address)
{
	const volatile unsigned long args[6] = { request, (unsigned long)address };
	unsigned long result = 0;

#if defined(__x86_64__) && defined(__LP64__)
	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi\n\t"
			 "rolq $61, %%rdi; rolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(result)
			 : "a"(args)
			 : "cc", "memory");
#elif defined(__aarch64__)
	register unsigned long x3 __asm__("x3") = result;
	register const volatile unsigned long *x4 __asm__("x4") = args;

	__asm__ volatile("ror x12, x12, #3; ror x12, x12, #13\n\t"
			 "ror x12, x12, #51; ror x12, x12, #61\n\t"
			 "orr x10, x10, x10"
			 : "+r"(x3)
			 : "r"(x4)
			 : "cc", "memory");
	result = x3;
#else
	(void)args;
#endif
	return result;
}

/* Whether this process runs under a race detector. */
bool lockmgr_race_is_watched(void)
{
	return __tsan_acquire || ask_valgrind(RUNNING_ON_VALGRIND, NULL);
}

static void acquire(void *place)
{
	if (__tsan_acquire)
		__tsan_acquire(place);
	ask_valgrind(HAPPENS_AFTER, place);
}

static void release(void *place)
{
	if (__tsan_release)
		__tsan_release(place);
	ask_valgrind(HAPPENS_BEFORE, place);
}

static void *place_of(const struct lockmgr *mgr, uint32_t id)
{
	return &places[(mgr->generation + id) % PLACES];
}

/* A lock has been acquired; @died: its last holder had not released it. */
void lockmgr_race_acquired(const struct lockmgr *mgr, uint32_t id, bool died)
{
	if (!mgr->watched)
		return;

	acquire(place_of(mgr, id));
	if (died)
		acquire(&closed);
}

/* A lock is about to be released. */
void lockmgr_race_releases(const struct lockmgr *mgr, uint32_t id)
{
	if (mgr->watched)
		release(place_of(mgr, id));
}

/* All locks of a handle are about to be released. */
void lockmgr_race_closes(const struct lockmgr *mgr)
{
	if (mgr->watched)
		release(&closed);
}
