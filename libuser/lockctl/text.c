// SPDX-License-Identifier: LGPL-2.1-or-later
/* Text that others chose, and how the terminal shows text. */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "text.h"

/* How many bytes at the beginning are a character that can be printed; 0: none is. */
static size_t printable(const char *from, size_t length, bool utf8)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t bytes;

	if ((unsigned char)*from < 0x80)
		return *from >= ' ' && *from < 0x7f;
	if (!utf8)
		return 0;

	bytes = mbrtowc(&wide, from, length, &state);
	if (bytes == (size_t)-1 || bytes == (size_t)-2)
		return 0;
	return iswprint(wide) ? bytes : 0;
}

/**
 * text_clean() - make text fit for terminals and for JSON
 * @to: receives it, with a NUL
 * @size: room there, NUL included
 * @from: the text, which may be anything
 * @length: how many bytes of it, at most; a NUL ends it too
 *
 * A process may give itself any name, with which it must not reach the terminal of
 * who looks at it.  What is no character to print becomes \xNN.
 */
void text_clean(char *to, size_t size, const char *from, size_t length)
{
	const bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	const char *end = from + strnlen(from, length);

	while (from < end) {
		size_t bytes = printable(from, end - from, utf8);

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

/** text_has_colours() - whether standard output is to have colours */
bool text_has_colours(void)
{
	const char *none = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(none && *none) && terminal && strcmp(terminal, "dumb");
}
