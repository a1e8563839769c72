// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows what lockmgr does, on real processes, one line per fact, and checks each fact.
 * Needs the module to be loaded.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "demo.h"
#include "stage.h"

static const struct chapter {
	const char *title;
	uint32_t capacity;
	void (*play)(struct lockmgr *mgr);
} chapters[] = {
	{ "Locks have numbers, the same in every process", 64, play_numbers },
	{ "Eight processes contend for one lock to count together", 64, play_counter },
	{ "A holder is killed", 64, play_killed },
	{ "Who holds what, and who waits", 64, play_table },
	{ "Two processes deadlock", 64, play_deadlock },
	{ "Two processes deadlock without asking for detection", 64, play_stuck },
	{ "A freed lock can still be used", 64, play_freed },
	{ "All numbers are allocated", 3, play_full },
	{ "Two real Podman processes, one of them stuck", 64, play_podman },
	{ 0 }
};

static void show_versions(void)
{
	struct lockmgr_module_info module = { .size = sizeof(module) };
	struct utsname system;
	int ret;

	ret = lockmgr_module(NULL, &module);
	if (ret)
		give_up("cannot use /dev/lockmgr: %s (is the module loaded?)", strerror(-ret));
	uname(&system);

	printf("lockmgr: module %u.%u.%u, library %s, Linux %s, %ld CPUs\n", module.major,
	       module.minor, module.patch, lockmgr_version(), system.release,
	       sysconf(_SC_NPROCESSORS_ONLN));
}

int main(void)
{
	const struct chapter *chapter;
	int i = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);

	show_versions();
	for (chapter = chapters; chapter->play; chapter++) {
		struct lockmgr *mgr;

		printf("\n%d. %s\n", ++i, chapter->title);
		mgr = stage_open(chapter->capacity);
		chapter->play(mgr);
		stage_close(mgr);
	}
	printf("\nEvery fact was checked, and holds.\n");

	return 0;
}
