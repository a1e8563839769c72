/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_SYSTEM_H
#define LOCKCTL_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#define SYSTEM_RELEASE	"/etc/os-release"

bool system_headers_command(const char *path, const char *release, char *command, size_t size);

#endif /* LOCKCTL_SYSTEM_H */
