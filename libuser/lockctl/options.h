/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_OPTIONS_H
#define LOCKCTL_OPTIONS_H

#include "command.h"

int options_run(const struct command *command, int argc, char **argv);

#endif /* LOCKCTL_OPTIONS_H */
