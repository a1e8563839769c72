/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_INTERNAL_H
#define LOCKMGR_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include <linux/lockmgr.h>

/* What the public header declares is all that the library exports. */
#pragma GCC visibility push(default)
#include <lockmgr.h>
#pragma GCC visibility pop

/** struct lockmgr_record, with a word that moves by compare-and-swap. */
struct record {
	_Alignas(8) _Atomic uint64_t	word;
	_Alignas(8) _Atomic uint64_t	since;
};

/* Of the records, the bits of a number of which the module says one page each. */
#define MAP_PAGE_RECORDS	256U
#define MAP_PAGES		(LOCKMGR_CAPACITY_MAX / MAP_PAGE_RECORDS)

/**
 * struct lockmgr_map - records in our memory
 * @records: of all locks that the space can have; NULL: not mapped
 * @size: in bytes; 0: they cannot be mapped
 * @clock_offset: how far CLOCK_MONOTONIC is ahead of the records' time, in ns
 * @pages: a bit for each page of records that is there, so that it may be touched
 */
struct lockmgr_map {
	_Atomic(struct record *)	records;
	_Atomic size_t			size;
	int64_t				clock_offset;
	_Atomic uint32_t		pages[MAP_PAGES / 32];
};

/**
 * struct lockmgr - one open file of the device
 * @mark: says @epoch in the process that opened the file; the kernel wipes it in
 *	children
 * @epoch: see @mark
 * @token: the client's number in its space
 * @map: its records
 * @fd: the file; -1 once a forked child has closed it
 * @next: next handle of this process
 * @link: what points here
 */
struct lockmgr {
	const _Atomic uint32_t	*mark;
	uint32_t		epoch;
	uint32_t		token;
	struct lockmgr_map	map;
	atomic_int		fd;
	struct lockmgr		*next;
	struct lockmgr		**link;
};

/* Whether this process opened the file, or else its parent. */
static inline bool lockmgr_handle_is_ours(const struct lockmgr *mgr)
{
	return atomic_load_explicit(mgr->mark, memory_order_relaxed) ==
	       mgr->epoch;
}

int lockmgr_handle_open(struct lockmgr **mgr, const char *device, int flags);
void lockmgr_handle_close(struct lockmgr *mgr);
int lockmgr_handle_check(const struct lockmgr *mgr);

int lockmgr_call(struct lockmgr *mgr, unsigned long request, void *args);

void lockmgr_map_use(struct lockmgr *mgr, uint32_t id);
void lockmgr_map_destroy(struct lockmgr *mgr);

bool lockmgr_size_is_valid(uint32_t size, size_t first);
void lockmgr_copy_out(void *to, uint32_t size, const void *from, size_t known);

#endif /* LOCKMGR_INTERNAL_H */
