/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_DURATION_H
#define LOCKCTL_DURATION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Room for a duration as text. */
#define DURATION_SIZE	32

uint64_t duration_now(void);
uint64_t duration_since(uint64_t now, uint64_t since);
const char *duration_text(char text[DURATION_SIZE], uint64_t ns);
const char *duration_seconds(char text[DURATION_SIZE], uint64_t ns);
bool duration_parse(const char *text, uint64_t *ns);
struct timespec duration_timespec(uint64_t ns);

#endif /* LOCKCTL_DURATION_H */
