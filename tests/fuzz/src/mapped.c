// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/lockmgr.h>

#include "mapped.h"
#include "system_call.h"

#define PAGE_BYTES	4096UL
#define PAGE_RECORDS	(PAGE_BYTES / sizeof(struct lockmgr_record))

/* The clock follows the records. */
#define CLOCK_OFFSET	(LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record))

/* System calls return either an address or an error. */
static bool is_error(long address)
{
	return address < 0 && address > -(long)PAGE_BYTES;
}

static void unmap(const void *at)
{
	system_call(SYS_munmap, (long)at & -PAGE_BYTES, PAGE_BYTES, 0, 0, 0);
}

/* Returns 0, and the address of the page in @page; or an error. */
static long map(int file, uint64_t offset, int protection, void **page)
{
	long address = system_call_6(SYS_mmap, 0, PAGE_BYTES, protection, MAP_SHARED, file,
				     offset);

	if (is_error(address))
		return address;
	*page = (void *)address;
	/* Where touching the page would kill us, a system call that looks there fails. */
	if (system_call(SYS_access, address, F_OK, 0, 0, 0) != -EFAULT)
		return 0;
	unmap(*page);

	return -EFAULT;
}

static long map_record(int file, uint32_t id, struct lockmgr_record **record)
{
	void *page;
	long ret;

	ret = map(file, id / PAGE_RECORDS * PAGE_BYTES, PROT_READ | PROT_WRITE, &page);
	if (!ret)
		*record = (struct lockmgr_record *)page + lockmgr_record_index(id) % PAGE_RECORDS;

	return ret;
}

/* The time that goes into records. */
static long read_clock(int file, uint64_t *now)
{
	void *page;
	long ret = map(file, CLOCK_OFFSET, PROT_READ, &page);

	if (ret)
		return ret;
	*now = __atomic_load_n(&((struct lockmgr_clock *)page)->monotonic, __ATOMIC_RELAXED);
	unmap(page);

	return 0;
}

static bool take(struct lockmgr_record *record, uint64_t word, uint64_t now)
{
	__u64 old = 0;

	if (!__atomic_compare_exchange_n(&record->word, &old, word, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&record->since, now, __ATOMIC_RELAXED);

	return true;
}

static bool release(struct lockmgr_record *record, uint32_t token)
{
	__u64 old = __atomic_load_n(&record->word, __ATOMIC_RELAXED);

	return (uint32_t)old == token &&
	       __atomic_compare_exchange_n(&record->word, &old, 0, false, __ATOMIC_RELEASE,
					   __ATOMIC_RELAXED);
}

long mapped_take(int file, uint32_t id, uint32_t token)
{
	uint64_t tid = system_call(SYS_gettid, 0, 0, 0, 0, 0);
	struct lockmgr_record *record;
	uint64_t now;
	long ret;

	ret = map_record(file, id, &record);
	if (ret)
		return ret;
	ret = read_clock(file, &now);
	if (!ret && !take(record, tid << LOCKMGR_WORD_TID_SHIFT | token, now))
		ret = -EAGAIN;
	unmap(record);

	return ret;
}

long mapped_release(int file, uint32_t id, uint32_t token)
{
	struct lockmgr_record *record;
	long ret;

	ret = map_record(file, id, &record);
	if (ret)
		return ret;
	if (!release(record, token))
		ret = -EAGAIN;
	unmap(record);

	return ret;
}

long mapped_scribble(int file, uint32_t id, uint64_t number)
{
	struct lockmgr_record *record;
	long ret;

	ret = map_record(file, id, &record);
	if (ret)
		return ret;
	__atomic_store_n(&record->word, number, __ATOMIC_RELAXED);
	__atomic_store_n(&record->since, number, __ATOMIC_RELAXED);
	unmap(record);

	return 0;
}
