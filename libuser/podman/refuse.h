/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REFUSE_H
#define REFUSE_H

/**
 * Say why Podman cannot run with its locks in lockmgr, on stderr, and end the process.
 * All locks that it holds are released by the kernel.
 */
__attribute__((noreturn, format(printf, 1, 2))) void refuse(const char *format, ...);

#endif /* REFUSE_H */
