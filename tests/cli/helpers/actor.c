// SPDX-License-Identifier: GPL-2.0-only
/*
 * actor NAME [UID:SPACE | ID | -]...
 *
 * A process for lockctl to look at.  It calls itself NAME, and goes through its other
 * arguments.  At UID:SPACE, it opens that space, to which the following ids belong.  At an ID,
 * it locks that lock and prints "locked ID", or "inherited ID" if the last holder died.  At a
 * dash, it reads one byte of standard input.  In the end it reads standard input to its end,
 * unlocks what it holds, and exits.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <lockmgr.h>

#define LOCKS_MAX	16

static struct held {
	struct lockmgr *mgr;
	uint32_t id;
} held[LOCKS_MAX];
static int held_count;

static struct lockmgr *open_space(char *space)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	char *name = strchr(space, ':') + 1;
	struct lockmgr *mgr;
	int ret;

	options.owner = strtoul(space, NULL, 10);
	ret = lockmgr_open(&mgr, name, &options);
	if (ret) {
		printf("cannot open %s: %s\n", name, strerror(-ret));
		exit(EXIT_FAILURE);
	}
	return mgr;
}

static void lock(struct lockmgr *mgr, uint32_t id)
{
	const int ret = mgr ? lockmgr_lock(mgr, id) : -EXIT_FAILURE;

	if (ret < 0 || held_count == LOCKS_MAX) {
		printf("cannot lock %u: %s\n", id, strerror(-ret));
		exit(EXIT_FAILURE);
	}
	held[held_count++] = (struct held) { mgr, id };
	printf("%s %u\n", ret == LOCKMGR_OWNER_DIED ? "inherited" : "locked", id);
}

int main(int argc, char **argv)
{
	struct lockmgr *mgr = NULL;
	char byte;
	int i;

	if (argc < 2)
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_NAME, argv[1]);
	/* If the test dies, this process must not go on holding locks. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);

	for (i = 2; i < argc; i++) {
		if (strchr(argv[i], ':'))
			mgr = open_space(argv[i]);
		else if (strcmp(argv[i], "-"))
			lock(mgr, strtoul(argv[i], NULL, 10));
		else if (read(STDIN_FILENO, &byte, 1) != 1)
			return EXIT_FAILURE;
	}
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	while (held_count--)
		lockmgr_unlock(held[held_count].mgr, held[held_count].id);
	return EXIT_SUCCESS;
}
