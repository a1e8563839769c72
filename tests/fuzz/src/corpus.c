// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <err.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "corpus.h"
#include "random.h"

void corpus_add(struct corpus *corpus, const struct program *program)
{
	size_t size = offsetof(struct program, ops) + program->count * sizeof(program->ops[0]);
	struct program *copy = malloc(size);

	if (corpus->count == corpus->room) {
		corpus->room = corpus->room ? 2 * corpus->room : 64;
		corpus->programs = realloc(corpus->programs,
					   corpus->room * sizeof(corpus->programs[0]));
	}
	if (!copy || !corpus->programs)
		err(2, "the corpus");
	memcpy(copy, program, size);
	corpus->programs[corpus->count++] = copy;
}

static int is_case(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && !strcmp(dot, ".case");
}

static int by_length(const void *a, const void *b)
{
	const struct program *const *x = a, *const *y = b;

	return (int)(*x)->count - (int)(*y)->count;
}

bool corpus_load(struct corpus *corpus, const char *directory)
{
	uint32_t first = corpus->count;
	struct dirent **entries;
	struct program program;
	char path[4096];
	bool good = true;
	int count, i;

	count = scandir(directory, &entries, is_case, alphasort);
	if (count < 0) {
		warn("%s", directory);
		return false;
	}
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (program_load(&program, path))
			corpus_add(corpus, &program);
		else
			good = false;
		free(entries[i]);
	}
	free(entries);
	if (corpus->count > first)
		qsort(corpus->programs + first, corpus->count - first,
		      sizeof(corpus->programs[0]), by_length);

	return good;
}

const struct program *corpus_pick(const struct corpus *corpus, uint64_t *random)
{
	uint32_t range = corpus->count;

	if (!range)
		return NULL;
	if (range > 8 && one_in(random, 2))
		range /= 4;

	return corpus->programs[corpus->count - 1 - random_below(random, range)];
}

static uint64_t hash(const char *text, size_t size)
{
	uint64_t value = 0xcbf29ce484222325ULL;

	while (size--)
		value = (value ^ (unsigned char)*text++) * 0x100000001b3ULL;

	return value;
}

bool corpus_save(const struct program *program, const char *directory, const char *comment)
{
	char path[4096], *text;
	FILE *out;
	size_t size;

	out = open_memstream(&text, &size);
	if (!out)
		err(2, "memory");
	program_print(out, program);
	fclose(out);
	snprintf(path, sizeof(path), "%s/%016llx.case", directory,
		 (unsigned long long)hash(text, size));
	free(text);

	return program_save(program, path, comment);
}
