/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_STATS_H
#define LOCKMGR_STATS_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/types.h>

/**
 * struct lockmgr_stats - what has happened in a space since it was made
 * @contentions: calls that entered a queue
 * @handoffs: releases that gave the lock to the first waiter
 * @holder_deaths: locks that a client held when it died
 * @deadlocks: calls that failed because their wait would have closed a cycle
 * @longest_wait: of all waits that have ended, in ns
 *
 * Each is written at most once per wait or death, and both cost more than to fetch a cache line
 * from another processor.
 */
struct lockmgr_stats {
	atomic64_t contentions ____cacheline_aligned_in_smp;
	atomic64_t handoffs;
	atomic64_t holder_deaths;
	atomic64_t deadlocks;
	atomic64_t longest_wait;
};

void lockmgr_stats_waited(struct lockmgr_stats *stats, s64 duration);

#endif /* LOCKMGR_STATS_H */
