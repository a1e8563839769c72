// SPDX-License-Identifier: GPL-2.0-only
/*
 * count [with-lock]: two threads, each with its own handle of one space, add to a number.
 * With the lock that is correct; without it, it is a race.
 */
#include <lockmgr.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS	500
#define ID	7

static long number;
static int with_lock;

static void check(int ret)
{
	if (!ret)
		return;
	fprintf(stderr, "lockmgr: %s\n", strerror(-ret));
	exit(2);
}

static void *add(void *mgr)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (with_lock)
			check(lockmgr_lock(mgr, ID));
		number++;
		if (with_lock)
			check(lockmgr_unlock(mgr, ID));
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *handles[2];
	pthread_t threads[2];
	int i;

	with_lock = argc > 1 && !strcmp(argv[1], "with-lock");
	options.device = "/dev/null";
	options.flags = LOCKMGR_OPEN_CREATE;
	for (i = 0; i < 2; i++)
		check(lockmgr_open(&handles[i], "races", &options));
	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, add, handles[i]))
			return 2;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < 2; i++)
		lockmgr_close(handles[i]);

	return with_lock && number != 2 * ROUNDS;
}
