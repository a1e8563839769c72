// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Notes: where Podman allocates a lock it does not say for what, so the note says which
 * command allocated it: "podman run --name web-1", "podman volume create data".
 *
 * A note contains the first word of the command, up to two words that follow it before the
 * first option, and the name (--name).  It contains nothing else of the command line: options
 * may carry passwords, and notes last.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "note.h"

/* At most that many words are taken, from the first word of the command on. */
#define WORDS_MAX	3

/* First words of commands that allocate locks: "run"; "volume", as in "volume create". */
static bool is_command(const char *word)
{
	static const char commands[] = " run create container pod volume kube play system ";
	const char *found = strstr(commands, word);

	return *word && found > commands && found[-1] == ' ' && found[strlen(word)] == ' ';
}

/* Append a word, if the whole of it fits. */
static void add(char *note, const char *word)
{
	const size_t length = strlen(note);

	if (length + 1 + strlen(word) < LOCKMGR_LOCK_NOTE_SIZE)
		snprintf(note + length, LOCKMGR_LOCK_NOTE_SIZE - length, " %s", word);
}

static const char *next_word(const char *word, const char *end)
{
	word += strlen(word) + 1;
	return word < end ? word : NULL;
}

static void add_name(char *note, const char *word, const char *end)
{
	for (; word; word = next_word(word, end)) {
		if (!strncmp(word, "--name=", 7)) {
			add(note, word);
			return;
		}
		if (!strcmp(word, "--name")) {
			char both[LOCKMGR_LOCK_NOTE_SIZE];

			word = next_word(word, end);
			if (!word)
				return;
			snprintf(both, sizeof(both), "--name %s", word);
			add(note, both);
			return;
		}
	}
}

void note_from_words(char note[LOCKMGR_LOCK_NOTE_SIZE], const char *words, size_t size)
{
	const char *const end = words + size;
	const char *word = size ? words : NULL;
	int taken = 0;

	strcpy(note, "podman");
	while (word && !is_command(word))
		word = next_word(word, end);
	while (word && *word != '-' && taken++ < WORDS_MAX) {
		add(note, word);
		word = next_word(word, end);
	}
	add_name(note, word, end);
}

void note_from_process(char note[LOCKMGR_LOCK_NOTE_SIZE])
{
	char words[4096];
	ssize_t size = 0;
	int file;

	file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	if (file >= 0) {
		size = read(file, words, sizeof(words) - 1);
		close(file);
	}
	if (size < 0)
		size = 0;
	words[size] = '\0';
	note_from_words(note, words, (size_t)size);
}
