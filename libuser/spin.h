/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_SPIN_H
#define LOCKMGR_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "record.h"

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

void lockmgr_spin_init(struct spin *spin);
bool lockmgr_spin(struct spin *spin, const struct clock *clock, const struct record *record,
		  uint64_t self);

#endif /* LOCKMGR_SPIN_H */
