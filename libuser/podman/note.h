/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef NOTE_H
#define NOTE_H

#include <stddef.h>

#include <lockmgr.h>

/**
 * Make the note for an id that a command of podman allocates: words of the command line,
 * without those that may be secret.
 * @note: receives the note
 * @words: the arguments, each with its NUL
 * @size: bytes of all arguments
 */
void note_from_words(char note[LOCKMGR_LOCK_NOTE_SIZE], const char *words, size_t size);

/** Make the note from the command line of this process. */
void note_from_process(char note[LOCKMGR_LOCK_NOTE_SIZE]);

#endif /* NOTE_H */
