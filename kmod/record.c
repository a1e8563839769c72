// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of records: made on first use, found by lock id, walked, and removed when they say
 * nothing any more.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/sched.h>

#include "quota.h"
#include "record.h"

/* On pages that may say nothing any more: trimming looks only at these. */
#define MARK_IDLE	XA_MARK_0

void lockmgr_records_init(struct lockmgr_records *records, struct lockmgr_payers *payers,
			  u32 limit)
{
	xa_init_flags(&records->pages, XA_FLAGS_ACCOUNT);
	mutex_init(&records->lock);
	records->count = 0;
	records->limit = limit;
	records->payers = payers;
}

static int record_charge_page(struct lockmgr_records *records, bool favoured)
{
	return lockmgr_quota_charge(records->payers, LOCKMGR_CHARGE_RECORDS, LOCKMGR_PAGE_RECORDS,
				    favoured);
}

static void record_uncharge_page(struct lockmgr_records *records)
{
	lockmgr_quota_uncharge(records->payers, LOCKMGR_CHARGE_RECORDS, LOCKMGR_PAGE_RECORDS);
}

static void record_remove_page(struct lockmgr_records *records, unsigned long number,
			       struct lockmgr_record *page)
{
	xa_erase(&records->pages, number);
	free_page((unsigned long)page);
	WRITE_ONCE(records->count, records->count - 1);
	/* One page is not charged. */
	if (records->count)
		record_uncharge_page(records);
}

/**
 * lockmgr_records_clear() - remove all pages
 * @records: the records of a space in which nobody can lock any more
 */
void lockmgr_records_clear(struct lockmgr_records *records)
{
	struct lockmgr_record *page;
	unsigned long number;

	xa_for_each(&records->pages, number, page) {
		record_remove_page(records, number, page);
		cond_resched();
	}
}

/**
 * lockmgr_records_destroy() - remove all pages, and free what is left
 * @records: the records of a space that nobody uses any more
 */
void lockmgr_records_destroy(struct lockmgr_records *records)
{
	lockmgr_records_clear(records);
	/* Nodes that unused reservations have left. */
	xa_destroy(&records->pages);
	mutex_destroy(&records->lock);
}

/* Whether a word says nothing about its lock, except perhaps that it is retired. */
static bool record_is_blank(u64 word)
{
	return !(word & ~LOCKMGR_WORD_WAITERS);
}

static bool record_is_page_blank(const struct lockmgr_record *page)
{
	u32 i;

	for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
		if (!record_is_blank(page[i].word))
			return false;

	return true;
}

/**
 * lockmgr_records_trim() - remove the pages that say nothing
 * @records: the records of a space that has no client that can lock and whose pages nobody
 *	pins; both stay so during the call
 * @in_use: returns whether one of @count ids from @first on is allocated; their page then stays
 * @data: for @in_use
 *
 * A page also stays while a word in it says something: for example, that a holder died, which
 * no call has returned yet.
 */
void lockmgr_records_trim(struct lockmgr_records *records,
			  bool (*in_use)(u32 first, u32 count, void *data), void *data)
{
	struct lockmgr_record *page;
	unsigned long number;

	xa_for_each_marked(&records->pages, number, page, MARK_IDLE) {
		u32 first = number * LOCKMGR_PAGE_RECORDS;

		/* When one of those ids is freed, lockmgr_records_idle() marks the page again. */
		if (in_use(first, LOCKMGR_PAGE_RECORDS, data))
			xa_clear_mark(&records->pages, number, MARK_IDLE);
		else if (record_is_page_blank(page))
			record_remove_page(records, number, page);
		cond_resched();
	}
}

/**
 * lockmgr_records_idle() - an id is not allocated any more
 * @records: the space's records
 * @id: the id
 */
void lockmgr_records_idle(struct lockmgr_records *records, u32 id)
{
	/* Does nothing where there is no page. */
	xa_set_mark(&records->pages, lockmgr_id_to_page(id), MARK_IDLE);
}

/**
 * lockmgr_records_all_idle() - no id is allocated any more
 * @records: the space's records
 */
void lockmgr_records_all_idle(struct lockmgr_records *records)
{
	struct lockmgr_record *page;
	unsigned long number;

	xa_for_each(&records->pages, number, page)
		xa_set_mark(&records->pages, number, MARK_IDLE);
}

/* Retire the records of a new page that are beyond the limit. */
static void record_retire_page(struct lockmgr_records *records, unsigned long number,
			       struct lockmgr_record *page)
{
	u32 i;

	lockdep_assert_held(&records->lock);

	if (records->limit >= (number + 1) * LOCKMGR_PAGE_RECORDS)
		return;
	for (i = 0; i < LOCKMGR_PAGE_RECORDS; i++)
		if (lockmgr_index_to_id(number, i) >= records->limit)
			page[i].word = LOCKMGR_WORD_WAITERS;
}

/**
 * struct new_page - a page to add, allocated and charged before records->lock is taken
 * @page: the page
 * @charged: whether it has been charged to the payers
 *
 * A task that waits for that lock must not wait for this memory, too: the memory cgroup of the
 * task that allocates it may be full.
 */
struct new_page {
	struct lockmgr_record *page;
	bool charged;
};

static void record_discard_page(struct lockmgr_records *records, const struct new_page *new)
{
	free_page((unsigned long)new->page);
	if (new->charged)
		record_uncharge_page(records);
}

/*
 * Also reserves the page's place in the tree.  The reservation stays: places are cleared only
 * when a page is removed, and not while the space has a client that can lock, as it has now.
 */
static int record_prepare_page(struct lockmgr_records *records, unsigned long number, bool favoured,
			       struct new_page *new)
{
	int ret;

	/* One page is not charged. */
	if (READ_ONCE(records->count)) {
		ret = record_charge_page(records, favoured);
		if (ret)
			return ret;
		new->charged = true;
	}
	new->page = (struct lockmgr_record *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	ret = new->page ? xa_reserve(&records->pages, number, GFP_KERNEL_ACCOUNT) : -ENOMEM;
	if (ret)
		record_discard_page(records, new);

	return ret;
}

/* Returns the page that is there now; if that is the new page, takes it out of @new. */
static struct lockmgr_record *record_insert_page(struct lockmgr_records *records,
						 unsigned long number, bool favoured,
						 struct new_page *new)
{
	struct lockmgr_record *page;
	int ret;

	guard(mutex)(&records->lock);

	/* Another thread may have added the page first. */
	page = xa_load(&records->pages, number);
	if (page)
		return page;

	/* If another page was added meanwhile, that is the one that is not charged. */
	if (records->count && !new->charged) {
		ret = record_charge_page(records, favoured);
		if (ret)
			return ERR_PTR(ret);
		new->charged = true;
	}
	page = new->page;
	record_retire_page(records, number, page);

	ret = lockmgr_fill_reserved(&records->pages, number, page);
	if (WARN_ON_ONCE(ret))
		return ERR_PTR(ret);
	xa_set_mark(&records->pages, number, MARK_IDLE);
	WRITE_ONCE(records->count, records->count + 1);
	*new = (struct new_page) {};

	return page;
}

static struct lockmgr_record *record_add_page(struct lockmgr_records *records, unsigned long number,
					      bool favoured)
{
	struct new_page new = {};
	struct lockmgr_record *page;
	int ret;

	ret = record_prepare_page(records, number, favoured, &new);
	if (ret)
		return ERR_PTR(ret);

	page = record_insert_page(records, number, favoured, &new);
	record_discard_page(records, &new);

	return page;
}

/**
 * lockmgr_records_page() - the page with a lock's record, added if it is missing
 * @records: the space's records
 * @id: the lock
 * @favoured: as lockmgr_quota_charge()
 *
 * Return: the first record of the page, -EDQUOT or -ENOMEM
 */
struct lockmgr_record *lockmgr_records_page(struct lockmgr_records *records, u32 id,
					    bool favoured)
{
	unsigned long number = lockmgr_id_to_page(id);
	struct lockmgr_record *page = xa_load(&records->pages, number);

	return page ?: record_add_page(records, number, favoured);
}

/**
 * lockmgr_record_find() - a lock's record
 * @records: the space's records
 * @id: the lock
 *
 * Return: the record, or NULL if there is no page for it
 */
struct lockmgr_record *lockmgr_record_find(struct lockmgr_records *records, u32 id)
{
	struct lockmgr_record *page = xa_load(&records->pages, lockmgr_id_to_page(id));

	return page ? &page[lockmgr_id_to_index(id)] : NULL;
}

/**
 * lockmgr_record_next() - the next lock whose word says something about it
 * @records: the space's records
 * @id: where to begin
 *
 * Return: its id, or U32_MAX if there is none
 */
u32 lockmgr_record_next(struct lockmgr_records *records, u32 id)
{
	unsigned long number = lockmgr_id_to_page(id);
	struct lockmgr_record *page;

	xa_for_each_start(&records->pages, number, page, number) {
		u32 end = (number + 1) * LOCKMGR_PAGE_RECORDS;

		for (id = max_t(u32, id, end - LOCKMGR_PAGE_RECORDS); id < end; id++)
			if (!record_is_blank(READ_ONCE(page[lockmgr_id_to_index(id)].word)))
				return id;
		cond_resched();
	}

	return U32_MAX;
}
