// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The file in which save writes what is allocated, and from which restore reads it:
 *
 *	lockctl-allocations 1
 *	space 1000:web
 *	group 1000
 *	mode 0600
 *	capacity 2048
 *	generation 8f14e45fceea167a
 *	ids 5
 *	0-3
 *	17
 *	end
 *
 * One fact per line, in this order; then the ids, ascending, as ranges.  The number after
 * "ids" and the last line show whether anything is missing.  The number in the first
 * line changes when older versions of lockctl could not read the file: it is 2 where ids
 * have notes, which stand before the last line, by id, as note.c writes them:
 *
 *	notes 1
 *	17 container web-1
 *
 * A file without notes has version 1, so that older versions of lockctl can read it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "memory.h"
#include "note.h"
#include "number.h"

#define FORMAT		"lockctl-allocations"
#define VERSION		1
#define VERSION_NOTES	2

/** ranges_add() - add an id that is larger than all that the ranges have */
void ranges_add(struct ranges *ranges, uint32_t id)
{
	struct range *last = ranges->count ? &ranges->ranges[ranges->count - 1] : NULL;

	if (last && last->last + 1 == id) {
		last->last = id;
		return;
	}
	ranges->ranges = memory_grow(ranges->ranges, &ranges->room, ranges->count,
				     sizeof(*ranges->ranges));
	ranges->ranges[ranges->count++] = (struct range) { id, id };
}

/** ranges_ids() - how many ids there are */
uint64_t ranges_ids(const struct ranges *ranges)
{
	uint64_t ids = 0;
	size_t i;

	for (i = 0; i < ranges->count; i++)
		ids += ranges->ranges[i].last - ranges->ranges[i].first + 1;
	return ids;
}

static void print_range(const struct range *range, FILE *file)
{
	if (range->first == range->last)
		fprintf(file, "%u", range->first);
	else
		fprintf(file, "%u-%u", range->first, range->last);
}

/** ranges_print() - print the ids on one line: 0-3, 17 */
void ranges_print(const struct ranges *ranges, FILE *file)
{
	size_t i;

	for (i = 0; i < ranges->count; i++) {
		fputs(i ? ", " : "", file);
		print_range(&ranges->ranges[i], file);
	}
}

/** ranges_free() - forget all ids */
void ranges_free(struct ranges *ranges)
{
	free(ranges->ranges);
	memset(ranges, 0, sizeof(*ranges));
}

/** notes_add() - add the note of an id that is larger than all that have one */
void notes_add(struct notes *notes, uint32_t id, const char *note)
{
	struct noted *last;

	notes->notes = memory_grow(notes->notes, &notes->room, notes->count,
				   sizeof(*notes->notes));
	last = &notes->notes[notes->count++];
	last->id = id;
	memcpy(last->note, note, sizeof(last->note));
}

static int compare(const void *id, const void *noted)
{
	const uint32_t a = *(const uint32_t *)id;
	const uint32_t b = ((const struct noted *)noted)->id;

	return (a > b) - (a < b);
}

/** notes_find() - the note of an id; NULL: it has none */
const char *notes_find(const struct notes *notes, uint32_t id)
{
	const struct noted *found = NULL;

	if (notes->count)
		found = bsearch(&id, notes->notes, notes->count, sizeof(*found), compare);
	return found ? found->note : NULL;
}

static void write_notes(const struct notes *notes, FILE *file)
{
	size_t i;

	if (!notes->count)
		return;
	fprintf(file, "notes %zu\n", notes->count);
	for (i = 0; i < notes->count; i++) {
		fprintf(file, "%u ", notes->notes[i].id);
		note_write(notes->notes[i].note, file);
		fputc('\n', file);
	}
}

/**
 * allocations_write() - write the file
 * @allocations: its contents
 * @file: where; the caller must find out whether it could be written
 */
void allocations_write(const struct allocations *allocations, FILE *file)
{
	char name[SPACE_LABEL_SIZE];
	size_t i;

	fprintf(file, "%s %d\n", FORMAT, allocations->notes.count ? VERSION_NOTES : VERSION);
	fprintf(file, "space %s\n", space_full_name(&allocations->space, name));
	fprintf(file, "group %u\n", allocations->group);
	fprintf(file, "mode %04o\n", allocations->mode);
	fprintf(file, "capacity %u\n", allocations->capacity);
	fprintf(file, "generation %016" PRIx64 "\n", allocations->generation);
	fprintf(file, "ids %" PRIu64 "\n", ranges_ids(&allocations->ids));
	for (i = 0; i < allocations->ids.count; i++) {
		print_range(&allocations->ids.ranges[i], file);
		fputc('\n', file);
	}
	write_notes(&allocations->notes, file);
	fprintf(file, "end\n");
}

/* struct reader - a file that is read line by line */
struct reader {
	FILE *file;
	char *line;
	size_t size;
	unsigned int number;
	uint64_t version;
};

/* Read a line; returns whether there is one, with a newline and without a NUL. */
static bool next_line(struct reader *reader)
{
	ssize_t length = getline(&reader->line, &reader->size, reader->file);

	reader->number++;
	if (length <= 0 || reader->line[length - 1] != '\n' ||
	    strlen(reader->line) != (size_t)length)
		return false;
	reader->line[length - 1] = '\0';
	return true;
}

/* Read a line; returns its value if it begins with that key, else NULL. */
static const char *next_value(struct reader *reader, const char *key)
{
	const size_t length = strlen(key);

	if (!next_line(reader) || strncmp(reader->line, key, length) || reader->line[length] != ' ')
		return NULL;
	return reader->line + length + 1;
}

static bool read_number(struct reader *reader, const char *key, int base, uint64_t min,
			uint64_t max, uint64_t *number)
{
	const char *value = next_value(reader, key);

	return value && number_parse(value, base, max, number) && *number >= min;
}

static bool read_space(struct reader *reader, struct space *space)
{
	char *value = (char *)next_value(reader, "space");
	char *colon = value ? strchr(value, ':') : NULL;
	uint64_t uid;

	if (!colon || !space_name_is_valid(colon + 1))
		return false;
	*colon = '\0';
	if (!number_parse(value, 10, UINT32_MAX - 1, &uid))
		return false;

	space->owner = uid;
	strcpy(space->name, colon + 1);
	return true;
}

static bool read_header(struct reader *reader, struct allocations *allocations,
			uint64_t *ids)
{
	uint64_t group, mode, capacity;

	if (!read_number(reader, FORMAT, 10, VERSION, VERSION_NOTES, &reader->version) ||
	    !read_space(reader, &allocations->space) ||
	    !read_number(reader, "group", 10, 0, UINT32_MAX - 1, &group) ||
	    !read_number(reader, "mode", 8, 1, 0777, &mode) ||
	    !read_number(reader, "capacity", 10, 1, UINT32_MAX, &capacity) ||
	    !read_number(reader, "generation", 16, 0, UINT64_MAX, &allocations->generation) ||
	    !read_number(reader, "ids", 10, 0, capacity, ids))
		return false;

	allocations->group = group;
	allocations->mode = mode;
	allocations->capacity = capacity;
	return true;
}

/* Ids must be ascending, each once; so no file makes us store more ids than can exist. */
static bool read_range(struct reader *reader, struct allocations *allocations, uint64_t min,
		       struct range *range)
{
	char *first = reader->line, *last = strchr(first, '-');
	uint64_t from, to;

	if (last)
		*last++ = '\0';
	if (!number_parse(first, 10, allocations->capacity - 1, &from) || from < min)
		return false;
	to = from;
	if (last && (!number_parse(last, 10, allocations->capacity - 1, &to) || to < from))
		return false;

	*range = (struct range) { from, to };
	return true;
}

static int compare_range(const void *id, const void *range)
{
	const uint32_t wanted = *(const uint32_t *)id;
	const struct range *ids = range;

	return (wanted > ids->last) - (wanted < ids->first);
}

static bool has_id(const struct ranges *ranges, uint32_t id)
{
	return ranges->count && bsearch(&id, ranges->ranges, ranges->count,
					sizeof(*ranges->ranges), compare_range);
}

static bool read_note(struct reader *reader, struct allocations *allocations, uint64_t min)
{
	char note[LOCKMGR_LOCK_NOTE_SIZE], *text = strchr(reader->line, ' ');
	uint64_t id;

	if (!text)
		return false;
	*text++ = '\0';
	if (!number_parse(reader->line, 10, UINT32_MAX, &id) || id < min ||
	    !has_id(&allocations->ids, id) || !note_read(text, note))
		return false;
	notes_add(&allocations->notes, id, note);
	return true;
}

/* Notes must be of ids that the file lists, in ascending order, each once. */
static bool read_notes(struct reader *reader, struct allocations *allocations,
		       const char *announced)
{
	struct notes *notes = &allocations->notes;
	uint64_t count, min = 0;

	if (!number_parse(announced, 10, UINT32_MAX, &count))
		return false;
	while (next_line(reader)) {
		if (!strcmp(reader->line, "end"))
			return notes->count == count;
		if (!read_note(reader, allocations, min))
			return false;
		min = (uint64_t)notes->notes[notes->count - 1].id + 1;
	}
	return false;
}

static bool read_ids(struct reader *reader, struct allocations *allocations, uint64_t ids)
{
	struct ranges *all = &allocations->ids;
	uint64_t min = 0;

	while (next_line(reader)) {
		if (!strcmp(reader->line, "end"))
			return ranges_ids(all) == ids;
		if (!strncmp(reader->line, "notes ", strlen("notes ")))
			return reader->version == VERSION_NOTES && ranges_ids(all) == ids &&
			       read_notes(reader, allocations, reader->line + strlen("notes "));
		all->ranges = memory_grow(all->ranges, &all->room, all->count,
					  sizeof(*all->ranges));
		if (!read_range(reader, allocations, min, &all->ranges[all->count]))
			return false;
		min = (uint64_t)all->ranges[all->count++].last + 1;
	}
	return false;
}

/**
 * allocations_read() - read the file
 * @allocations: receives what the file says; the caller frees it even after an error
 * @file: the file
 *
 * Return: 0, or the number of the line that is wrong or missing
 */
unsigned int allocations_read(struct allocations *allocations, FILE *file)
{
	struct reader reader = { .file = file };
	uint64_t ids;
	bool good;

	memset(allocations, 0, sizeof(*allocations));
	good = read_header(&reader, allocations, &ids) && read_ids(&reader, allocations, ids);
	free(reader.line);
	return good ? 0 : reader.number;
}

/** allocations_free() - free what was read or collected */
void allocations_free(struct allocations *allocations)
{
	ranges_free(&allocations->ids);
	free(allocations->notes.notes);
	memset(&allocations->notes, 0, sizeof(allocations->notes));
}
