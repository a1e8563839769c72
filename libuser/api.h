/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public header.  The library exports only what this header declares. */
#ifndef LOCKMGR_API_H
#define LOCKMGR_API_H

#pragma GCC visibility push(default)
#include <lockmgr.h>
#pragma GCC visibility pop

#endif /* LOCKMGR_API_H */
