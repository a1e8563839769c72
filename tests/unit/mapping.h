/* SPDX-License-Identifier: GPL-2.0-only */
/* A fake module that lets records be mapped. */
#ifndef MAPPING_H
#define MAPPING_H

#include "fake.h"

#define ID	7
#define TOKEN	3

static uint64_t map_size = LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record);

static inline void answer_attach(unsigned long request, void *args)
{
	struct lockmgr_ioctl_attach *attach = args;

	if (request != LOCKMGR_IOC_ATTACH)
		return;
	attach->token = TOKEN;
	attach->map_size = map_size;
}

static inline struct lockmgr *open_with(uint32_t flags, int maps)
{
	struct lockmgr_options options = fake_options();
	struct lockmgr *mgr = NULL;

	fake.answer = answer_attach;
	fake.maps = maps;
	options.flags |= flags;
	assert_int_equal(lockmgr_open(&mgr, "space", &options), 0);
	fake.calls = 0;
	return mgr;
}

static inline struct lockmgr_record *record_of(uint32_t id)
{
	return &fake.records[lockmgr_record_index(id)];
}

#endif /* MAPPING_H */
