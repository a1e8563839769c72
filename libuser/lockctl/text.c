// SPDX-License-Identifier: LGPL-2.1-or-later
/* Cleaning text that comes from others, and colours on the terminal. */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "text.h"

/* No language writes more marks than this on one character. */
#define MARKS_MAX	3

/*
 * Characters that iswprint() calls printable, but that show nothing, change the direction of
 * the text after them, or look different on every system: Unicode's categories Cf, Zs, Zl,
 * Zp, Co, noncharacters, characters with the property Default_Ignorable_Code_Point, and
 * letters and symbols that are blank.
 */
static const struct {
	unsigned int first;
	unsigned int last;
} hidden[] = {
	{ 0x00a0, 0x00a0 },	/* no-break space */
	{ 0x00ad, 0x00ad },	/* soft hyphen */
	{ 0x034f, 0x034f },	/* combining grapheme joiner */
	{ 0x0600, 0x0605 },	/* Arabic number signs */
	{ 0x061c, 0x061c },	/* Arabic letter mark */
	{ 0x06dd, 0x06dd },
	{ 0x070f, 0x070f },
	{ 0x0890, 0x0891 },
	{ 0x08e2, 0x08e2 },
	{ 0x115f, 0x1160 },	/* Hangul fillers */
	{ 0x1680, 0x1680 },	/* Ogham space */
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },	/* Mongolian selectors */
	{ 0x2000, 0x200f },	/* spaces, joiners, directional marks */
	{ 0x2028, 0x202f },	/* separators, embeddings, overrides */
	{ 0x205f, 0x206f },	/* invisible operators, isolates */
	{ 0x2800, 0x2800 },	/* blank Braille pattern */
	{ 0x3000, 0x3000 },	/* ideographic space */
	{ 0x3164, 0x3164 },	/* Hangul filler */
	{ 0xe000, 0xf8ff },	/* private use */
	{ 0xfdd0, 0xfdef },	/* noncharacters */
	{ 0xfe00, 0xfe0f },	/* variation selectors */
	{ 0xfeff, 0xfeff },	/* byte order mark */
	{ 0xffa0, 0xffa0 },	/* half-width Hangul filler */
	{ 0xfff0, 0xffff },	/* annotation, replacement */
	{ 0x110bd, 0x110bd },
	{ 0x110cd, 0x110cd },
	{ 0x13430, 0x1343f },	/* Egyptian hieroglyph controls */
	{ 0x16fe4, 0x16fe4 },
	{ 0x1bca0, 0x1bca3 },	/* shorthand controls */
	{ 0x1d159, 0x1d159 },	/* null notehead */
	{ 0x1d173, 0x1d17a },	/* musical controls */
	{ 0xe0000, 0xe0fff },	/* tags, variation selectors */
	{ 0xf0000, 0x10ffff },	/* private use */
};

static bool is_hidden(wchar_t wide)
{
	size_t i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if ((unsigned int)wide <= hidden[i].last)
			return (unsigned int)wide >= hidden[i].first;
	return false;
}

/*
 * How many bytes at the beginning form a character that can be printed; 0: they do not.
 * @marks: how many more combining marks the previous character may have.
 */
static size_t printable(const char *from, size_t length, bool utf8, int *marks)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t bytes;

	if ((unsigned char)*from < 0x80) {
		*marks = *from > ' ' ? MARKS_MAX : 0;
		return *from >= ' ' && *from < 0x7f;
	}
	if (!utf8)
		return 0;

	bytes = mbrtowc(&wide, from, length, &state);
	if (bytes == (size_t)-1 || bytes == (size_t)-2)
		return 0;
	if (!iswprint(wide) || is_hidden(wide))
		return 0;
	if (wcwidth(wide) > 0)
		*marks = MARKS_MAX;
	else if ((*marks)-- <= 0)
		return 0;
	return bytes;
}

/**
 * text_clean() - make text safe for terminals and for JSON
 * @to: receives it, with a NUL
 * @size: room there, NUL included
 * @from: the text, which may be anything
 * @length: its length in bytes, at most; a NUL ends it, too
 *
 * A process may give itself any name, and must not be able to send control sequences to the
 * terminal of a user who looks at it.  Each byte of a character that cannot be printed, or
 * cannot be seen, becomes \xNN.
 */
void text_clean(char *to, size_t size, const char *from, size_t length)
{
	const bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	const char *end = from + strnlen(from, length);
	int marks = 0;

	while (from < end) {
		size_t bytes = printable(from, end - from, utf8, &marks);

		if (!bytes)
			marks = 0;
		if (size <= (bytes ? bytes : strlen("\\xNN")))
			break;
		if (bytes)
			memcpy(to, from, bytes);
		else
			sprintf(to, "\\x%02x", (unsigned char)*from);
		size -= bytes ? bytes : strlen("\\xNN");
		to += bytes ? bytes : strlen("\\xNN");
		from += bytes ? bytes : 1;
	}
	*to = '\0';
}

/** text_has_colours() - whether to use colours on standard output */
bool text_has_colours(void)
{
	const char *none = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(none && *none) && terminal && strcmp(terminal, "dumb");
}
