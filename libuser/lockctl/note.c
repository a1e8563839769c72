// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Notes, as users type them and as files have them.
 *
 * In a file a note is a line of ASCII.  A byte that is not ASCII, a control character, a
 * backslash, and a blank at the beginning or the end are written as \xNN.  So restore reads
 * back every note unchanged, whatever the locale is, and a file does no harm to a terminal
 * that shows it.
 */
#include <string.h>

#include "note.h"
#include "report.h"

/**
 * note_check() - check a note's length; prints a message if it is too long
 * @command: the sub-command
 * @note: what was typed; NULL: nothing
 */
bool note_check(const char *command, const char *note)
{
	if (!note || strlen(note) < LOCKMGR_LOCK_NOTE_SIZE)
		return true;
	report_usage(command, "note of %zu bytes: at most %d are allowed", strlen(note),
		     LOCKMGR_LOCK_NOTE_SIZE - 1);
	return false;
}

static bool is_plain(const char *note, size_t place)
{
	if (note[place] == ' ')
		return place && note[place + 1];
	return note[place] > ' ' && note[place] < 0x7f && note[place] != '\\';
}

/** note_write() - write a note to a file */
void note_write(const char *note, FILE *file)
{
	size_t i;

	for (i = 0; note[i]; i++) {
		if (is_plain(note, i))
			fputc(note[i], file);
		else
			fprintf(file, "\\x%02x", (unsigned char)note[i]);
	}
}

static int digit(char hexadecimal)
{
	static const char digits[] = "0123456789abcdef";
	const char *place = hexadecimal ? strchr(digits, hexadecimal) : NULL;

	return place ? place - digits : -1;
}

/* Read the note's next byte; returns how many characters it takes in the file; 0: invalid. */
static size_t read_byte(const char *text, char *byte)
{
	int high, low;

	*byte = *text;
	if (*text != '\\')
		return *text >= ' ' && *text < 0x7f;
	if (text[1] != 'x')
		return 0;
	high = digit(text[2]);
	low = high < 0 ? -1 : digit(text[3]);
	*byte = high * 16 + low;
	return low >= 0 && *byte ? strlen("\\xNN") : 0;
}

/**
 * note_read() - read a note that note_write() has written
 * @text: the line
 * @note: receives it
 *
 * Return: whether it is a note, and not empty
 */
bool note_read(const char *text, char note[LOCKMGR_LOCK_NOTE_SIZE])
{
	size_t length = 0, used;

	while (*text) {
		if (length == LOCKMGR_LOCK_NOTE_SIZE - 1)
			return false;
		used = read_byte(text, &note[length++]);
		if (!used)
			return false;
		text += used;
	}
	note[length] = '\0';
	return length;
}
