/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_CLOCK_H
#define LOCKMGR_CLOCK_H

struct page;

struct page *lockmgr_clock_page(void);

int lockmgr_clock_init(void);
void lockmgr_clock_exit(void);

#endif /* LOCKMGR_CLOCK_H */
