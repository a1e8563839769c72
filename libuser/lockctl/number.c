// SPDX-License-Identifier: LGPL-2.1-or-later
/* Parsing numbers that users type. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "number.h"
#include "report.h"

/**
 * number_parse() - parse a number without a sign
 * @text: what was typed
 * @base: 8, 10 or 16
 * @max: the largest valid number
 * @number: receives the number
 *
 * Return: whether the whole text is a valid number
 */
bool number_parse(const char *text, int base, uint64_t max, uint64_t *number)
{
	unsigned long long value;
	char *end;

	if (!isxdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &end, base);
	if (errno || end == text || *end || value > max)
		return false;

	*number = value;
	return true;
}

/**
 * number_parse_id() - parse the number of a lock; prints a message if it is invalid
 * @command: the sub-command
 * @text: what was typed
 * @id: receives the number
 */
bool number_parse_id(const char *command, const char *text, uint32_t *id)
{
	uint64_t number;

	if (!number_parse(text, 10, UINT32_MAX - 1, &number)) {
		report_usage(command, "invalid lock number '%s'", text);
		return false;
	}
	*id = number;
	return true;
}
