/* SPDX-License-Identifier: GPL-2.0-only */
/* A call of every function that takes a handle, with good arguments. */
#ifndef CALLS_H
#define CALLS_H

#include "fake.h"

struct call {
	const char *name;
	int (*run)(struct lockmgr *mgr);
};

static int call_set_capacity(struct lockmgr *mgr)
{
	return lockmgr_set_capacity(mgr, 5);
}

static int call_allocate(struct lockmgr *mgr)
{
	uint32_t id;

	return lockmgr_allocate(mgr, &id);
}

static int call_allocate_id(struct lockmgr *mgr)
{
	return lockmgr_allocate_id(mgr, 5);
}

static int call_retrieve(struct lockmgr *mgr)
{
	return lockmgr_retrieve(mgr, 5);
}

static int call_is_allocated(struct lockmgr *mgr)
{
	return lockmgr_is_allocated(mgr, 5);
}

static int call_free(struct lockmgr *mgr)
{
	return lockmgr_free(mgr, 5);
}

static int call_free_all(struct lockmgr *mgr)
{
	return lockmgr_free_all(mgr);
}

static int call_available(struct lockmgr *mgr)
{
	uint32_t count;

	return lockmgr_available(mgr, &count);
}

static int call_held(struct lockmgr *mgr)
{
	size_t count;

	return lockmgr_held(mgr, NULL, 0, &count);
}

static int call_lock(struct lockmgr *mgr)
{
	return lockmgr_lock(mgr, 5);
}

static int call_trylock(struct lockmgr *mgr)
{
	return lockmgr_trylock(mgr, 5);
}

static int call_timedlock(struct lockmgr *mgr)
{
	const struct timespec deadline = { .tv_sec = 5 };

	return lockmgr_timedlock(mgr, 5, &deadline);
}

static int call_unlock(struct lockmgr *mgr)
{
	return lockmgr_unlock(mgr, 5);
}

static int call_info(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	return lockmgr_info(mgr, &info);
}

static int call_list(struct lockmgr *mgr)
{
	struct lockmgr_lock_info lock;
	uint64_t cursor = 0;
	size_t count;

	return lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD, &cursor, &lock, 1,
			    &count);
}

static int call_list_waiters(struct lockmgr *mgr)
{
	struct lockmgr_waiter_info waiter;
	uint64_t cursor = 0;
	size_t count;

	return lockmgr_list_waiters(mgr, 5, &cursor, &waiter, 1, &count);
}

static const struct call calls[] = {
	{ "set_capacity", call_set_capacity },
	{ "allocate", call_allocate },
	{ "allocate_id", call_allocate_id },
	{ "retrieve", call_retrieve },
	{ "is_allocated", call_is_allocated },
	{ "free", call_free },
	{ "free_all", call_free_all },
	{ "available", call_available },
	{ "held", call_held },
	{ "lock", call_lock },
	{ "trylock", call_trylock },
	{ "timedlock", call_timedlock },
	{ "unlock", call_unlock },
	{ "info", call_info },
	{ "list", call_list },
	{ "list_waiters", call_list_waiters },
};

#define CALL_COUNT	(sizeof(calls) / sizeof(*calls))

/* An empty list, so that the functions that loop come to an end. */
static inline void answer_end_of_list(unsigned long request, void *args)
{
	struct lockmgr_ioctl_list *list = args;

	if (request != LOCKMGR_IOC_LIST_LOCKS &&
	    request != LOCKMGR_IOC_LIST_WAITERS)
		return;

	list->count = 0;
	list->cursor = LOCKMGR_CURSOR_END;
}

#endif /* CALLS_H */
