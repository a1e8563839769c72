// SPDX-License-Identifier: GPL-2.0-only
/*
 * The code of the tracepoints, generated from trace.h.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
