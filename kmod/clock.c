// SPDX-License-Identifier: GPL-2.0-only
/*
 * A clock in a page that user space may read.  A thread that acquires a lock in memory
 * records the time, and even asking the vDSO for a coarse time costs as much as acquiring the
 * lock.
 *
 * The clock shows what CLOCK_MONOTONIC was when the kernel last updated its time.  The kernel
 * does so at each tick while any processor is not idle, and calls this file: so the clock needs
 * no timer.
 */
#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/pvclock_gtod.h>
#include <linux/timekeeper_internal.h>

#include <linux/lockmgr.h>

#include "clock.h"

static struct lockmgr_clock *clock;

/* Called in the middle of the kernel's update, where ktime_get() would never return. */
static int clock_update(struct notifier_block *notifier, unsigned long stepped, void *data)
{
	const struct tk_read_base *base = &((const struct timekeeper *)data)->tkr_mono;

	WRITE_ONCE(clock->monotonic, ktime_to_ns(base->base) + (base->xtime_nsec >> base->shift));

	return NOTIFY_OK;
}

static struct notifier_block notifier = {
	.notifier_call = clock_update,
};

/**
 * lockmgr_clock_page() - the page that contains struct lockmgr_clock, and nothing else
 */
struct page *lockmgr_clock_page(void)
{
	return virt_to_page(clock);
}

/* Registering the notifier also calls it, so the clock is right at once. */
int __init lockmgr_clock_init(void)
{
	int ret;

	static_assert(sizeof(*clock) <= PAGE_SIZE);
	clock = (struct lockmgr_clock *)get_zeroed_page(GFP_KERNEL);
	if (!clock)
		return -ENOMEM;

	ret = pvclock_gtod_register_notifier(&notifier);
	if (ret)
		free_page((unsigned long)clock);

	return ret;
}

void lockmgr_clock_exit(void)
{
	pvclock_gtod_unregister_notifier(&notifier);
	free_page((unsigned long)clock);
}
