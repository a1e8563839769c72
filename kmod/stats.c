// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of what has happened in a space.
 */
#include "stats.h"

/**
 * lockmgr_stats_waited() - a wait has ended
 * @stats: the counters
 * @duration: how long it took, in ns
 */
void lockmgr_stats_waited(struct lockmgr_stats *stats, s64 duration)
{
	s64 longest = atomic64_read(&stats->longest_wait);

	while (duration > longest)
		if (atomic64_try_cmpxchg_relaxed(&stats->longest_wait, &longest, duration))
			break;
}
