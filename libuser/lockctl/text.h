/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_TEXT_H
#define LOCKCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

void text_clean(char *to, size_t size, const char *from, size_t length);
bool text_has_colours(void);

#endif /* LOCKCTL_TEXT_H */
