/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_ATTRIBUTES_H
#define LOCKCTL_ATTRIBUTES_H

#include <stdbool.h>

bool attributes_copy(int to, int from);

#endif /* LOCKCTL_ATTRIBUTES_H */
