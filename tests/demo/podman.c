// SPDX-License-Identifier: GPL-2.0-only
/* The chapter on two real Podman processes, if the cache has a Debian with Podman. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "demo.h"
#include "stage.h"

#define SESSION	"tests/podman/machine/session"
#define SCRIPT	"tests/demo/podman-session"

/* What the session has said on its lines for this program (tests/demo/podman-session). */
struct seen {
	int start;
	int stop;
	bool is_listing;
	char listing[8192];
	char status[64];
};

static void mark(struct seen *seen, const char *words)
{
	sscanf(words, "start %d", &seen->start);
	sscanf(words, "stop %d", &seen->stop);
	sscanf(words, "status %63[^\n]", seen->status);
	seen->is_listing = !strcmp(words, "listing\n");
	if (seen->is_listing || !strcmp(words, "end of listing\n"))
		printf("\n");
}

static void line(struct seen *seen, const char *text)
{
	const size_t length = strlen(seen->listing);

	if (!strncmp(text, "= ", 2)) {
		mark(seen, text + 2);
		return;
	}
	printf("      %s", text);
	if (seen->is_listing)
		snprintf(seen->listing + length, sizeof(seen->listing) - length, "%s", text);
}

/* Whether a row of the listing has a process and words of its command line. */
static bool has_row(const struct seen *seen, int pid, const char *words)
{
	const char *row, *next;
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	for (row = seen->listing; *row; row = next) {
		const size_t length = strcspn(row, "\n");
		char text[1024];

		snprintf(text, sizeof(text), "%.*s", (int)length, row);
		if (pid && strstr(text, number) && strstr(text, words))
			return true;
		next = row + length + (row[length] == '\n');
	}

	return false;
}

void play_podman(struct lockmgr *mgr)
{
	const char *tree = getenv("DEMO_PODMAN_TREE");
	static struct seen seen;
	char command[1024], text[1024];
	FILE *pipe;
	int status;

	(void)mgr;
	if (!tree || !*tree) {
		printf("  Left out: no Debian with Podman in the cache; see make check-podman.\n");
		return;
	}

	snprintf(command, sizeof(command), SESSION " '%s' " SCRIPT " 2>&1", tree);
	fflush(stdout);
	pipe = popen(command, "re");
	if (!pipe)
		give_up("cannot run %s: %m", SESSION);
	while (fgets(text, sizeof(text), pipe))
		line(&seen, text);
	status = pclose(pipe);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		give_up("%s ended with %d", SESSION, status);

	fact(has_row(&seen, seen.start, "podman start web-1"),
	     "a runtime hangs; lockctl list shows its podman",
	     "the podman that starts web-1", "podman start web-1 (%d)", seen.start);
	fact(has_row(&seen, seen.stop, ""), "and the podman that waits for the lock",
	     "the podman that stops web-1", "podman stop web-1 (%d)", seen.stop);
	fact(!strcmp(seen.status, "web-1 exited"), "the runtime goes on, and both podmans finish",
	     "web-1 exited", "%s", seen.status);
}
