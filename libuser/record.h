/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapped records and their clock, as this library reads and writes them. */
#ifndef LOCKMGR_RECORD_H
#define LOCKMGR_RECORD_H

#include <stdatomic.h>
#include <stdint.h>

/** struct lockmgr_record, with atomic fields; the word changes by compare-and-swap. */
struct record {
	_Alignas(8) _Atomic uint64_t	word;
	_Alignas(8) _Atomic uint64_t	since;
};

/*
 * struct lockmgr_clock, with atomic fields, since the kernel updates it.  The page is read-only,
 * and a processor without a 64-bit load may load 64 bits atomically by a compare-and-swap, which
 * writes.  So 32-bit programs read halves.
 */
struct clock {
#if UINTPTR_MAX >= UINT64_MAX
	_Alignas(8) _Atomic uint64_t	monotonic;
#else
	_Alignas(8) _Atomic uint32_t	monotonic[2];
#endif
};

#if UINTPTR_MAX >= UINT64_MAX
static inline uint64_t clock_read(const struct clock *clock)
{
	return atomic_load_explicit(&clock->monotonic, memory_order_relaxed);
}
#else
/*
 * The high half changes every 4.3 s, so it is read again once at most.  If it has not changed
 * around the reading of the low half, both are of one time.
 */
static inline uint64_t clock_read(const struct clock *clock)
{
	const int high = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
	uint32_t before, low;

	do {
		before = atomic_load_explicit(&clock->monotonic[high], memory_order_acquire);
		low = atomic_load_explicit(&clock->monotonic[!high], memory_order_acquire);
	} while (before != atomic_load_explicit(&clock->monotonic[high], memory_order_relaxed));

	return (uint64_t)before << 32 | low;
}
#endif

#endif /* LOCKMGR_RECORD_H */
