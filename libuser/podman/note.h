/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef NOTE_H
#define NOTE_H

#include <stddef.h>

#include <lockmgr.h>

/**
 * What can be noted of an id that a command allocates: words of the command line, without
 * what may be secret in it.
 * @words: the arguments, each with its NUL
 * @size: of all of them
 */
void note_from_words(char note[LOCKMGR_LOCK_NOTE_SIZE], const char *words, size_t size);

/** The same of this process. */
void note_from_process(char note[LOCKMGR_LOCK_NOTE_SIZE]);

#endif /* NOTE_H */
