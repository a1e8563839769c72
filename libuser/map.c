// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Records in our memory: what lock.c takes and releases without a system call.
 *
 * They are mapped when the first lock has been acquired through the kernel, since
 * many a handle is closed without that.  The same is so of each page of them: the
 * kernel has it for us once we have locked a lock in it.
 */
#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include "internal.h"

static_assert(sizeof(struct record) == sizeof(struct lockmgr_record), "record");
static_assert(sizeof(struct clock) == sizeof(struct lockmgr_clock), "clock");

#define THERE_SIZE	(MAP_PAGES * sizeof(uint32_t))

/* Of handles that have mapped nothing. */
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
	_Atomic uint32_t *there = lockmgr_wiped_memory(THERE_SIZE);

	if (!there)
		return;
	if (map_file(mgr)) {
		munmap(there, THERE_SIZE);
		return;
	}
	lockmgr_spin_init(&mgr->spin);
	atomic_store_explicit(&mgr->there, there, memory_order_release);
}

/*
 * The kernel has acquired a lock for us.  The first thread maps, others go on without;
 * if it cannot, it will not be otherwise the next time.
 */
void lockmgr_map_use(struct lockmgr *mgr, uint32_t id)
{
	const int error = errno;

	if (!mgr->map_size || id >= LOCKMGR_CAPACITY_MAX)
		return;

	if (!atomic_flag_test_and_set(&mgr->tried))
		map(mgr);
	if (is_mapped(mgr))
		atomic_store_explicit(&mgr->there[id / MAP_PAGE_RECORDS], mgr->epoch,
				      memory_order_release);
	errno = error;
}

void lockmgr_map_destroy(struct lockmgr *mgr)
{
	if (!is_mapped(mgr))
		return;

	munmap(mgr->there, THERE_SIZE);
	/* A child may have something else in the records' place. */
	if (!lockmgr_handle_is_ours(mgr))
		return;
	munmap(mgr->records, mgr->map_size);
	munmap((void *)mgr->clock, sizeof(*mgr->clock));
}
