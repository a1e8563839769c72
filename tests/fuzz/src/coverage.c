// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two maps, as in AFL: each step between two places, or each kind of answer, hashes to a
 * byte that counts how often it has occurred in this program.  The count falls into one of
 * eight classes, and each class counts as reached by itself.
 */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kcov.h>

#include "coverage.h"
#include "program.h"

#define KCOV_PATH	"/sys/kernel/debug/kcov"

/* How many places one operation can pass; the first word is their number. */
#define TRACE_MAX	32768

#define MAP_SIZE	65536
/* At most this many bytes of the map count for one program; more are ignored. */
#define TOUCHED_MAX	16384

/**
 * struct map - what programs have reached
 * @hits: how often, in this program
 * @seen: the classes of @hits in all programs
 * @touched: where @hits is not 0
 */
struct map {
	uint8_t hits[MAP_SIZE];
	uint8_t seen[MAP_SIZE];
	uint32_t touched[TOUCHED_MAX];
	uint32_t touched_count;
	uint32_t reached;
};

static struct map edges, answers;

static struct trace {
	int file;
	unsigned long *places;
} traces[PROCESSES][THREADS];

static bool guided;

static void open_trace(struct trace *trace)
{
	size_t size = TRACE_MAX * sizeof(unsigned long);

	trace->file = open(KCOV_PATH, O_RDWR);
	if (trace->file < 0)
		return;
	if (ioctl(trace->file, KCOV_INIT_TRACE, TRACE_MAX))
		err(2, "KCOV_INIT_TRACE");
	trace->places = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, trace->file, 0);
	/* Agents do not use it, and fork faster without it. */
	if (trace->places == MAP_FAILED || madvise(trace->places, size, MADV_DONTFORK))
		err(2, "memory of KCOV");
	guided = true;
}

void coverage_init(void)
{
	int process, thread;

	for (process = 0; process < PROCESSES; process++)
		for (thread = 0; thread < THREADS; thread++)
			open_trace(&traces[process][thread]);
}

bool coverage_is_guided(void)
{
	return guided;
}

int coverage_file(unsigned int process, unsigned int thread)
{
	return traces[process][thread].file;
}

static void touch(struct map *map, uint32_t place)
{
	uint8_t *hits = &map->hits[place % MAP_SIZE];

	if (!*hits) {
		if (map->touched_count == TOUCHED_MAX)
			return;
		map->touched[map->touched_count++] = place % MAP_SIZE;
	}
	if (*hits < UINT8_MAX)
		(*hits)++;
}

static void clear(struct map *map)
{
	uint32_t i;

	for (i = 0; i < map->touched_count; i++)
		map->hits[map->touched[i]] = 0;
	map->touched_count = 0;
}

/* The classes are 1, 2, 3, 4…, 8…, 16…, 32…, 128… */
static uint8_t class_of(uint8_t hits)
{
	static const uint8_t limits[] = { 1, 2, 3, 7, 15, 31, 127 };
	uint32_t i = 0;

	while (i < sizeof(limits) && hits > limits[i])
		i++;

	return 1 << i;
}

/* Returns how many bytes got a new class. */
static uint32_t merge(struct map *map)
{
	uint32_t fresh = 0, i;

	for (i = 0; i < map->touched_count; i++) {
		uint8_t *seen = &map->seen[map->touched[i]];
		uint8_t class = class_of(map->hits[map->touched[i]]);

		if (*seen & class)
			continue;
		map->reached += !*seen;
		*seen |= class;
		fresh++;
	}

	return fresh;
}

static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 33) * 0xff51afd7ed558ccdULL;

	return value ^ value >> 29;
}

void coverage_begin(void)
{
	clear(&edges);
	clear(&answers);
}

void coverage_reset(unsigned int process, unsigned int thread)
{
	if (traces[process][thread].places)
		__atomic_store_n(&traces[process][thread].places[0], 0, __ATOMIC_RELAXED);
}

void coverage_collect(unsigned int process, unsigned int thread)
{
	unsigned long *places = traces[process][thread].places;
	unsigned long count, i, last = 0;

	if (!places)
		return;
	count = __atomic_load_n(&places[0], __ATOMIC_RELAXED);
	if (count >= TRACE_MAX)
		count = TRACE_MAX - 1;
	for (i = 1; i <= count; i++) {
		touch(&edges, mix(mix(last) + places[i]));
		last = places[i];
	}
	coverage_reset(process, thread);
}

void coverage_note(uint64_t kind)
{
	touch(&answers, mix(kind));
}

uint32_t coverage_end(void)
{
	return merge(&edges) + merge(&answers);
}

uint32_t coverage_edges(void)
{
	return edges.reached;
}

uint32_t coverage_answers(void)
{
	return answers.reached;
}

void coverage_forget(void)
{
	memset(&edges, 0, sizeof(edges));
	memset(&answers, 0, sizeof(answers));
}
