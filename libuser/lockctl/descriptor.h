/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_DESCRIPTOR_H
#define LOCKCTL_DESCRIPTOR_H

int descriptor_named(const char *path);

#endif /* LOCKCTL_DESCRIPTOR_H */
