/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_INTERNAL_H
#define LOCKMGR_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

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

/** struct lockmgr_clock, which moves. */
struct clock {
	_Alignas(8) _Atomic uint64_t	monotonic;
};

/**
 * struct spin - whether to wait for a moment before asking the kernel to wait
 * @may: whether there is a processor for that
 * @skip: how many times not to
 * @next_skip: how many times not to after the next time that was in vain
 */
struct spin {
	bool		may;
	atomic_uint	skip;
	atomic_uint	next_skip;
};

/* What the module says of records, it says of so many at once: a page. */
#define MAP_PAGE_RECORDS	256U
#define MAP_PAGES		(LOCKMGR_CAPACITY_MAX / MAP_PAGE_RECORDS)

/**
 * struct lockmgr - one open file of the device
 * @there: for each page of records, @epoch if it is mapped and may be touched, or else
 *	0.  In memory that the kernel wipes in children, which have no records
 * @records: of all locks that the space can have; if any page is there
 * @clock: the records' time; likewise
 * @spin: likewise
 * @token: the client's number in its space
 * @watched: whether a race detector is told of locks; then no records are mapped
 * @generation: the space's
 * @map_size: how much of the records can be mapped, in bytes; 0: nothing
 * @calls: how many locks were acquired through the kernel, until they were mapped
 * @mark: says @epoch in the process that opened the file; wiped, too
 * @epoch: see @mark
 * @fd: the file; -1 once a forked child has closed it, or it is known that something else
 *	has
 * @device: which device it is of
 * @inherited: children keep the file
 * @next: next handle of this process
 * @link: what points here
 */
struct lockmgr {
	_Atomic(_Atomic uint32_t *)	there;
	struct record			*records;
	const struct clock		*clock;
	uint32_t			token;
	uint32_t			epoch;
	bool				watched;
	uint64_t			generation;
	size_t				map_size;
	atomic_uint			calls;
	struct spin			spin;
	const _Atomic uint32_t		*mark;
	atomic_int			fd;
	dev_t				device;
	bool				inherited;
	struct lockmgr			*next;
	struct lockmgr			**link;
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
int lockmgr_handle_use(struct lockmgr *mgr);
int lockmgr_handle_bequeath(struct lockmgr *mgr);

int lockmgr_call(struct lockmgr *mgr, unsigned long request, void *args);
int lockmgr_call_once(struct lockmgr *mgr, unsigned long request, void *args);

int lockmgr_file_open(const char *path, int flags, dev_t *device);
bool lockmgr_file_is_ours(const struct lockmgr *mgr, int fd);
int lockmgr_file_error(const struct lockmgr *mgr, int error);
void lockmgr_file_close(const struct lockmgr *mgr, int fd);

void *lockmgr_wiped_memory(size_t size);

extern unsigned int lockmgr_map_after;

void lockmgr_map_init(struct lockmgr *mgr);
void lockmgr_map_use(struct lockmgr *mgr, uint32_t id);
void lockmgr_map_destroy(struct lockmgr *mgr);

/* Of ThreadSanitizer, in programs that are built with it. */
#pragma weak __tsan_acquire
#pragma weak __tsan_release
void __tsan_acquire(void *address);
void __tsan_release(void *address);

bool lockmgr_race_is_watched(void);
void lockmgr_race_acquired(const struct lockmgr *mgr, uint32_t id, bool died);
void lockmgr_race_releases(const struct lockmgr *mgr, uint32_t id);
void lockmgr_race_closes(const struct lockmgr *mgr);

void lockmgr_spin_init(struct spin *spin);
bool lockmgr_spin(struct lockmgr *mgr, const struct record *record, uint64_t self);

bool lockmgr_size_is_valid(uint32_t size, size_t first);
void lockmgr_copy_out(void *to, uint32_t size, const void *from, size_t known);

/* Called lockmgr_list by programs that were linked with version 0.1. */
int lockmgr_list_0_1(struct lockmgr *mgr, uint32_t filter, uint64_t *cursor, void *locks,
		     size_t max, size_t *count);

#endif /* LOCKMGR_INTERNAL_H */
