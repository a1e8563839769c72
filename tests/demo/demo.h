/* SPDX-License-Identifier: GPL-2.0-only */
/* The chapters of the demo; each gets its own space. */
#ifndef DEMO_H
#define DEMO_H

#include <lockmgr.h>

/* In numbers.c */
void play_numbers(struct lockmgr *mgr);
void play_freed(struct lockmgr *mgr);
void play_full(struct lockmgr *mgr);

/* In locking.c */
void play_counter(struct lockmgr *mgr);
void play_killed(struct lockmgr *mgr);
void play_deadlock(struct lockmgr *mgr);
void play_stuck(struct lockmgr *mgr);

/* In table.c */
void play_table(struct lockmgr *mgr);

/* In podman.c */
void play_podman(struct lockmgr *mgr);

#endif /* DEMO_H */
