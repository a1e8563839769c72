/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_NUMBER_H
#define LOCKCTL_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

bool number_parse(const char *text, int base, uint64_t max, uint64_t *number);
bool number_parse_id(const char *command, const char *text, uint32_t *id);

#endif /* LOCKCTL_NUMBER_H */
