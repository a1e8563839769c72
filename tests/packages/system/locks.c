// SPDX-License-Identifier: GPL-2.0-only
/*
 * locks allocate N | count | generation | hold ID: uses the space "packages".  The tests of
 * packages compile it in the machine as a user would.
 *
 * "hold" prints "held", and keeps the lock until the end of its input.
 */
#include <inttypes.h>
#include <lockmgr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check(const char *what, int ret)
{
	if (ret < 0) {
		fprintf(stderr, "cannot %s: %s\n", what, strerror(-ret));
		exit(EXIT_FAILURE);
	}
	return ret;
}

static void allocate(struct lockmgr *mgr, unsigned long count)
{
	uint32_t id;

	while (count--)
		check("allocate", lockmgr_allocate(mgr, &id));
}

static void hold(struct lockmgr *mgr, uint32_t id)
{
	check("lock", lockmgr_lock(mgr, id));
	puts("held");
	fflush(stdout);
	while (getchar() != EOF)
		;
	check("unlock", lockmgr_unlock(mgr, id));
	puts("unlocked");
}

int main(int argc, char **argv)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	const char *command = argc > 1 ? argv[1] : "";
	unsigned long number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	struct lockmgr *mgr;

	check("open", lockmgr_open(&mgr, "packages", NULL));
	check("inspect", lockmgr_info(mgr, &info));
	if (!strcmp(command, "allocate"))
		allocate(mgr, number);
	else if (!strcmp(command, "count"))
		printf("%" PRIu32 "\n", info.allocated);
	else if (!strcmp(command, "generation"))
		printf("%" PRIx64 "\n", info.generation);
	else if (!strcmp(command, "hold"))
		hold(mgr, number);
	else
		return EXIT_FAILURE;
	lockmgr_close(mgr);

	return EXIT_SUCCESS;
}
