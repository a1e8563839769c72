/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_STATS_H
#define LOCKMGR_STATS_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/percpu.h>
#include <linux/types.h>

/**
 * struct lockmgr_stats - what has happened in a space since it was made
 * @acquisitions: locks acquired by calls; a counter for each processor, because calls
 *	that nobody disputes count here, and shall not meet in a cache line.  What user
 *	space takes in memory does not count
 * @contentions: calls that had to queue up
 * @handoffs: releases that gave the lock to the first waiter
 * @owner_deaths: locks that a client held when it died
 * @deadlocks: calls that failed because their wait would have closed a cycle
 * @longest_wait: of all waits that have ended, in ns
 *
 * All but @acquisitions is written at most once a wait or a death, either of which
 * costs more than a cache line that is elsewhere.
 */
struct lockmgr_stats {
	u64 __percpu *acquisitions;

	atomic64_t contentions ____cacheline_aligned_in_smp;
	atomic64_t handoffs;
	atomic64_t owner_deaths;
	atomic64_t deadlocks;
	atomic64_t longest_wait;
};

int lockmgr_stats_init(struct lockmgr_stats *stats);
void lockmgr_stats_destroy(struct lockmgr_stats *stats);

u64 lockmgr_stats_acquisitions(const struct lockmgr_stats *stats);
void lockmgr_stats_waited(struct lockmgr_stats *stats, s64 duration);

static inline void lockmgr_stats_acquired(struct lockmgr_stats *stats)
{
	this_cpu_inc(*stats->acquisitions);
}

#endif /* LOCKMGR_STATS_H */
