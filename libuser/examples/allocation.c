// SPDX-License-Identifier: LGPL-2.1-or-later
/* Allocate, look up and free ids, as a runtime does for its containers. */
#include <errno.h>

#include "example.h"

#define CAPACITY	3

static struct lockmgr *create(void)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	options.flags = LOCKMGR_OPEN_CREATE;
	options.capacity = CAPACITY;
	step("create a space of 3 locks",
	     lockmgr_open(&mgr, space, &options), 0);
	return mgr;
}

static void allocate_all(struct lockmgr *mgr)
{
	uint32_t expected, id;

	for (expected = 0; expected < CAPACITY; expected++) {
		step("allocate", lockmgr_allocate(mgr, &id), 0);
		step("get the lowest free id", id, expected);
	}
	step("find no fourth", lockmgr_allocate(mgr, &id), -ENOSPC);
}

static void free_one(struct lockmgr *mgr)
{
	uint32_t count, id;

	step("find id 1 allocated", lockmgr_retrieve(mgr, 1), 1);
	step("free it", lockmgr_free(mgr, 1), 0);
	step("find it not allocated", lockmgr_retrieve(mgr, 1), 0);
	step("count what is available", lockmgr_available(mgr, &count), 0);
	step("find one", count, 1);

	step("lock it all the same", lockmgr_lock(mgr, 1), 0);
	step("unlock it", lockmgr_unlock(mgr, 1), 0);
	step("allocate", lockmgr_allocate(mgr, &id), 0);
	step("get the one that was freed", id, 1);
}

/* After a reboot the runtime still has its list of ids, but the space is new. */
static void renumber(struct lockmgr *mgr)
{
	step("free all", lockmgr_free_all(mgr), 0);
	step("allocate id 2", lockmgr_allocate_id(mgr, 2), 0);
	step("fail to do so again", lockmgr_allocate_id(mgr, 2), -EEXIST);
	step("note what it stands for", lockmgr_set_note(mgr, 2, "container web-1"), 0);
	step("allocate another with its note",
	     lockmgr_allocate_id_noted(mgr, 0, "volume data"), 0);
	step("fail beyond the capacity", lockmgr_allocate_id(mgr, CAPACITY),
	     -EINVAL);
}

int main(void)
{
	struct lockmgr *mgr;

	name_space("allocation");
	mgr = create();
	allocate_all(mgr);
	free_one(mgr);
	renumber(mgr);
	step("free all", lockmgr_free_all(mgr), 0);
	lockmgr_close(mgr);
	return EXIT_SUCCESS;
}
