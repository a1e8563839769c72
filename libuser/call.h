/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKMGR_CALL_H
#define LOCKMGR_CALL_H

struct lockmgr;

int lockmgr_call(struct lockmgr *mgr, unsigned long request, void *args);
int lockmgr_call_once(struct lockmgr *mgr, unsigned long request, void *args);

#endif /* LOCKMGR_CALL_H */
