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
#include <pthread.h>
#include <sys/mman.h>

#include "internal.h"

static_assert(sizeof(struct record) == sizeof(struct lockmgr_record), "record");

/* One thread maps, others go on without. */
static pthread_mutex_t map_mutex = PTHREAD_MUTEX_INITIALIZER;

static void map_records(struct lockmgr *mgr)
{
	const size_t size = mgr->map.size;
	void *records;

	if (!size)
		return;

	records = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mgr->fd,
		       0);
	if (records == MAP_FAILED)
		mgr->map.size = 0;
	else
		atomic_store_explicit(&mgr->map.records, records,
				      memory_order_release);
}

static void note_page(struct lockmgr_map *map, uint32_t id)
{
	const uint32_t page = id / MAP_PAGE_RECORDS;
	const uint32_t bit = UINT32_C(1) << page % 32;

	/* Another thread that sees it may touch the page. */
	if (!(atomic_load_explicit(&map->pages[page / 32],
				   memory_order_relaxed) & bit))
		atomic_fetch_or_explicit(&map->pages[page / 32], bit,
					 memory_order_release);
}

/* The kernel has acquired a lock for us. */
void lockmgr_map_use(struct lockmgr *mgr, uint32_t id)
{
	const int error = errno;

	if (!mgr->map.size)
		return;

	note_page(&mgr->map, id);
	if (!mgr->map.records && !pthread_mutex_trylock(&map_mutex)) {
		if (!mgr->map.records)
			map_records(mgr);
		pthread_mutex_unlock(&map_mutex);
	}
	errno = error;
}

/* A child does not have the mapping, but may have another in its place. */
void lockmgr_map_destroy(struct lockmgr *mgr)
{
	if (mgr->map.records && lockmgr_handle_is_ours(mgr))
		munmap(mgr->map.records, mgr->map.size);
}
