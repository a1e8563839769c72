/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_KEEPER_H
#define LOCKCTL_KEEPER_H

#include <sys/types.h>

int keeper_start(pid_t command, int file, pid_t *keeper);
void keeper_end(pid_t keeper);

#endif /* LOCKCTL_KEEPER_H */
