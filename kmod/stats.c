// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is counted of a space.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>

#include "stats.h"

/**
 * lockmgr_stats_init() - begin to count
 * @stats: the counters, zeroed
 *
 * Return: 0 or -ENOMEM
 */
int lockmgr_stats_init(struct lockmgr_stats *stats)
{
	stats->acquisitions = alloc_percpu_gfp(u64, GFP_KERNEL_ACCOUNT);

	return stats->acquisitions ? 0 : -ENOMEM;
}

void lockmgr_stats_destroy(struct lockmgr_stats *stats)
{
	free_percpu(stats->acquisitions);
}

/**
 * lockmgr_stats_acquisitions() - how many locks were acquired by calls
 * @stats: the counters
 */
u64 lockmgr_stats_acquisitions(const struct lockmgr_stats *stats)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(stats->acquisitions, cpu));

	return sum;
}

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
