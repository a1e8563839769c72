/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_OUTPUT_FILE_H
#define LOCKCTL_OUTPUT_FILE_H

#include <stddef.h>

int output_file_write(const char *path, const char *text, size_t length);

#endif /* LOCKCTL_OUTPUT_FILE_H */
