/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_SPIN_H
#define LOCKMGR_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "record.h"

/**
 * struct spin - whether to spin briefly before waiting in the kernel
 * @may: whether there is another processor, so that spinning can help
 * @skip: how many lock calls will still skip spinning
 * @next_skip: how many lock calls skip it after the next vain spin
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
