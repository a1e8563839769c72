// SPDX-License-Identifier: LGPL-2.1-or-later
/* Durations: printed for people and for programs, and parsed as people type them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "duration.h"

#define NS_PER_MS	1000000ULL
#define NS_PER_S	1000000000ULL

/* Nobody waits longer: about 31 years. */
#define SECONDS_MAX	1000000000ULL

/** duration_now() - CLOCK_MONOTONIC, in nanoseconds */
uint64_t duration_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/**
 * duration_since() - how long ago something was
 * @now: the current time
 * @since: when it was; may be later than @now if it happened after @now was read
 */
uint64_t duration_since(uint64_t now, uint64_t since)
{
	return since < now ? now - since : 0;
}

/**
 * duration_text() - a duration for people: 0.4s, 13s, 2m 13s, 3h 4m, 5d 2h
 * @text: receives it
 * @ns: the duration
 *
 * Return: @text
 */
const char *duration_text(char text[DURATION_SIZE], uint64_t ns)
{
	const uint64_t seconds = ns / NS_PER_S, minutes = seconds / 60, hours = minutes / 60;

	if (seconds < 10)
		snprintf(text, DURATION_SIZE, "%" PRIu64 ".%us", seconds,
			 (unsigned int)(ns % NS_PER_S / (NS_PER_S / 10)));
	else if (!minutes)
		snprintf(text, DURATION_SIZE, "%" PRIu64 "s", seconds);
	else if (!hours)
		snprintf(text, DURATION_SIZE, "%" PRIu64 "m %us", minutes,
			 (unsigned int)(seconds % 60));
	else if (hours < 24)
		snprintf(text, DURATION_SIZE, "%" PRIu64 "h %um", hours,
			 (unsigned int)(minutes % 60));
	else
		snprintf(text, DURATION_SIZE, "%" PRIu64 "d %uh", hours / 24,
			 (unsigned int)(hours % 24));
	return text;
}

/**
 * duration_seconds() - a duration for programs: seconds, to the millisecond
 * @text: receives it
 * @ns: the duration
 *
 * Return: @text
 */
const char *duration_seconds(char text[DURATION_SIZE], uint64_t ns)
{
	snprintf(text, DURATION_SIZE, "%" PRIu64 ".%03u", (uint64_t)(ns / NS_PER_S),
		 (unsigned int)(ns % NS_PER_S / NS_PER_MS));
	return text;
}

static bool parse_fraction(const char *digits, uint64_t *ns)
{
	uint64_t place = NS_PER_S / 10;

	for (*ns = 0; *digits >= '0' && *digits <= '9'; digits++) {
		*ns += (*digits - '0') * place;
		place /= 10;
	}
	return !*digits;
}

/**
 * duration_parse() - seconds as people type them: 10, 0.5, .5
 * @text: what was typed
 * @ns: receives the duration
 *
 * Not with strtod(), whose decimal point depends on the locale.
 *
 * Return: whether it is a duration
 */
bool duration_parse(const char *text, uint64_t *ns)
{
	uint64_t seconds = 0, fraction = 0;
	const char *end = text;

	for (; *end >= '0' && *end <= '9'; end++) {
		seconds = seconds * 10 + *end - '0';
		if (seconds > SECONDS_MAX)
			return false;
	}
	if (end == text && (end[0] != '.' || !end[1]))
		return false;
	if (*end == '.' ? !parse_fraction(end + 1, &fraction) : *end)
		return false;

	*ns = seconds * NS_PER_S + fraction;
	return true;
}

/** duration_timespec() - nanoseconds as a struct timespec */
struct timespec duration_timespec(uint64_t ns)
{
	return (struct timespec) { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
}
