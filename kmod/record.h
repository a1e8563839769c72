/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_RECORD_H
#define LOCKMGR_RECORD_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include <linux/lockmgr.h>

struct lockmgr_payers;

/*
 * lockmgr_record_index() in the uapi header defines where each record is, independent of the
 * size of a page, so that user space can find it.
 */
#define LOCKMGR_GROUP_RECORDS	256U
#define LOCKMGR_LINE_RECORDS	4U
#define LOCKMGR_GROUP_LINES	(LOCKMGR_GROUP_RECORDS / LOCKMGR_LINE_RECORDS)

#define LOCKMGR_PAGE_RECORDS	((u32)(PAGE_SIZE / sizeof(struct lockmgr_record)))

static_assert(sizeof(struct lockmgr_record) == 16);
static_assert(LOCKMGR_PAGE_RECORDS % LOCKMGR_GROUP_RECORDS == 0);
static_assert(LOCKMGR_CAPACITY_MAX % LOCKMGR_PAGE_RECORDS == 0);

/* The number of the page that contains a lock's record. */
static inline unsigned long lockmgr_id_to_page(u32 id)
{
	return id / LOCKMGR_PAGE_RECORDS;
}

/* The index of a lock's record in that page. */
static inline u32 lockmgr_id_to_index(u32 id)
{
	return lockmgr_record_index(id) % LOCKMGR_PAGE_RECORDS;
}

/* The inverse of both: the lock whose record is at that index of that page. */
static inline u32 lockmgr_index_to_id(unsigned long page, u32 index)
{
	u32 group = index & ~(LOCKMGR_GROUP_RECORDS - 1);
	u32 line = index % LOCKMGR_GROUP_RECORDS / LOCKMGR_LINE_RECORDS;
	u32 place = index % LOCKMGR_LINE_RECORDS;

	return page * LOCKMGR_PAGE_RECORDS + group + place * LOCKMGR_GROUP_LINES + line;
}

/* A record's word, for the kernel's atomic operations. */
static inline atomic64_t *lockmgr_word(struct lockmgr_record *record)
{
	static_assert(sizeof(atomic64_t) == sizeof(record->word));

	return (atomic64_t *)&record->word;
}

static inline u32 lockmgr_word_token(u64 word)
{
	return word & LOCKMGR_WORD_TOKEN;
}

static inline u32 lockmgr_word_tid(u64 word)
{
	return word >> LOCKMGR_WORD_TID_SHIFT;
}

/*
 * Fill a place that xa_reserve() has reserved.  This allocates no memory, so the caller may hold
 * a lock for which others must not wait long.
 */
static inline int lockmgr_fill_reserved(struct xarray *array, unsigned long index, void *entry)
{
	XA_STATE(xas, array, index);

	xas_lock(&xas);
	xas_store(&xas, entry);
	xas_unlock(&xas);

	return xas_error(&xas);
}

/**
 * struct lockmgr_records - the records of a space
 * @pages: struct lockmgr_record [LOCKMGR_PAGE_RECORDS], by page number.  Pages are added at any
 *	time, and removed only while the space has no client that can lock and nobody pins
 *	them (lockmgr_space_pin()).  So a call for such a client may keep pointers into them.
 *	XA_MARK_0: the page may say nothing any more.
 * @count: how many pages; may be read without @lock.  Unused reservations can leave nodes in
 *	@pages, so xa_empty() does not tell whether there are pages
 * @limit: the locks from this id on are retired, see lock.c
 * @payers: the users to whom the pages are charged, all but one; the limit on spaces bounds
 *	those uncharged pages
 */
struct lockmgr_records {
	struct xarray pages;
	/** @lock: guards adding pages, and writing @limit */
	struct mutex lock;
	u32 count;
	u32 limit;
	struct lockmgr_payers *payers;
};

void lockmgr_records_init(struct lockmgr_records *records, struct lockmgr_payers *payers,
			  u32 limit);
void lockmgr_records_clear(struct lockmgr_records *records);
void lockmgr_records_destroy(struct lockmgr_records *records);
void lockmgr_records_trim(struct lockmgr_records *records,
			  bool (*in_use)(u32 first, u32 count, void *data), void *data);

struct lockmgr_record *lockmgr_records_page(struct lockmgr_records *records, u32 id,
					    bool favoured);
void lockmgr_records_idle(struct lockmgr_records *records, u32 id);
void lockmgr_records_all_idle(struct lockmgr_records *records);

struct lockmgr_record *lockmgr_record_find(struct lockmgr_records *records, u32 id);
u32 lockmgr_record_next(struct lockmgr_records *records, u32 id);

#endif /* LOCKMGR_RECORD_H */
