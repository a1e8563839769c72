/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_RACE_H
#define LOCKMGR_RACE_H

#include <stdbool.h>
#include <stdint.h>

struct lockmgr;

/* ThreadSanitizer provides these in programs that are built with it. */
#pragma weak __tsan_acquire
#pragma weak __tsan_release
void __tsan_acquire(void *address);
void __tsan_release(void *address);

bool lockmgr_race_is_watched(void);
void lockmgr_race_acquired(const struct lockmgr *mgr, uint32_t id, bool died);
void lockmgr_race_releases(const struct lockmgr *mgr, uint32_t id);
void lockmgr_race_closes(const struct lockmgr *mgr);

#endif /* LOCKMGR_RACE_H */
