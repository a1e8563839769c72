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

/** struct lockmgr_clock, with an atomic field, since the kernel updates it. */
struct clock {
	_Alignas(8) _Atomic uint64_t	monotonic;
};

#endif /* LOCKMGR_RECORD_H */
