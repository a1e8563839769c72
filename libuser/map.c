// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mapping the records, so that lock.c acquires and releases locks without a system call.
 *
 * Many processes acquire one lock and end.  So a handle maps the records only when that
 * pays: after it has acquired locks through the kernel at about the cost of a mapping.
 * The total is then never more than twice the best possible cost.
 *
 * A page of records may be touched once the kernel lets this client do so: after it has
 * acquired a lock in that page for this client.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#include <linux/lockmgr.h>

#include "handle.h"
#include "map.h"
#include "process.h"
#include "record.h"
#include "spin.h"

static_assert(sizeof(struct record) == sizeof(struct lockmgr_record), "record");
static_assert(sizeof(struct clock) == sizeof(struct lockmgr_clock), "clock");

#define THERE_SIZE	(MAP_PAGES * sizeof(uint32_t))

/*
 * Mapping, with what it adds to the exit of the process, costs as much as 106 to 124
 * acquisitions and releases by ioctl, in processes with 30 to 10 000 mappings of their own
 * (emulated, 6.1).
 */
#define MAP_AFTER	100

/* How many locks to acquire through the kernel before mapping; tests set it lower. */
unsigned int lockmgr_map_after = MAP_AFTER;

/* @there of handles that have mapped nothing. */
static _Atomic uint32_t nothing[MAP_PAGES];

void lockmgr_map_init(struct lockmgr *mgr)
{
	atomic_init(&mgr->there, nothing);
}

static bool is_mapped(const struct lockmgr *mgr)
{
	return atomic_load_explicit(&mgr->there, memory_order_acquire) !=
	       nothing;
}

static int map_file(struct lockmgr *mgr)
{
	mgr->records = mmap(NULL, mgr->map_size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, mgr->fd, 0);
	if (mgr->records == MAP_FAILED)
		return -errno;

	mgr->clock = mmap(NULL, sizeof(*mgr->clock), PROT_READ, MAP_SHARED,
			  mgr->fd, mgr->map_size);
	if (mgr->clock == MAP_FAILED) {
		munmap(mgr->records, mgr->map_size);
		return -errno;
	}
	return 0;
}

static void map(struct lockmgr *mgr)
{
	_Atomic uint32_t *there;

	/* If the descriptor is another file's by now, do not map, and so write to, that file. */
	if (!lockmgr_handle_has_file(mgr))
		return;
	there = lockmgr_process_wiped_memory(THERE_SIZE);
	if (!there)
		return;
	if (map_file(mgr)) {
		munmap(there, THERE_SIZE);
		return;
	}
	lockmgr_spin_init(&mgr->spin);
	atomic_store_explicit(&mgr->there, there, memory_order_release);
}

/* Returns true once in a handle's life, to one thread. */
static bool pays_now(struct lockmgr *mgr)
{
	if (atomic_load_explicit(&mgr->calls, memory_order_relaxed) >= lockmgr_map_after)
		return false;

	return atomic_fetch_add_explicit(&mgr->calls, 1, memory_order_relaxed) + 1 ==
	       lockmgr_map_after;
}

/*
 * Called after the kernel has acquired a lock for us.  One thread maps the records; the
 * others do not wait for it.  If mapping fails it is not tried again: it would fail again.
 */
void lockmgr_map_use(struct lockmgr *mgr, uint32_t id)
{
	const int error = errno;

	if (!mgr->map_size || id >= LOCKMGR_CAPACITY_MAX)
		return;

	if (pays_now(mgr))
		map(mgr);
	if (is_mapped(mgr))
		atomic_store_explicit(&mgr->there[id / MAP_PAGE_RECORDS], mgr->process.epoch,
				      memory_order_release);
	errno = error;
}

void lockmgr_map_destroy(struct lockmgr *mgr)
{
	const int error = errno;

	if (!is_mapped(mgr))
		return;

	munmap(mgr->there, THERE_SIZE);
	/* A child has no records; it may have something else at their address. */
	if (lockmgr_handle_is_ours(mgr)) {
		munmap(mgr->records, mgr->map_size);
		munmap((void *)mgr->clock, sizeof(*mgr->clock));
	}
	errno = error;
}
