/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_NOTE_H
#define LOCKCTL_NOTE_H

#include <stdbool.h>
#include <stdio.h>

#include <lockmgr.h>

bool note_check(const char *command, const char *note);
void note_write(const char *note, FILE *file);
bool note_read(const char *text, char note[LOCKMGR_LOCK_NOTE_SIZE]);

#endif /* LOCKCTL_NOTE_H */
