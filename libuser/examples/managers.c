// SPDX-License-Identifier: LGPL-2.1-or-later
/* Open a space with options, resize it, inspect it, remove its name. */
#include <errno.h>

#include "example.h"

static void show_versions(void)
{
	struct lockmgr_module_info module = { .size = sizeof(module) };

	step("ask the module for its version",
	     lockmgr_module(NULL, &module), 0);
	printf("library %s, module %u.%u.%u\n", lockmgr_version(),
	       module.major, module.minor, module.patch);
}

static struct lockmgr *create(void)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;

	/* The owner may use the space, the group may look. */
	options.flags = LOCKMGR_OPEN_CREATE | LOCKMGR_OPEN_EXCL;
	options.capacity = 100;
	options.mode = 0640;
	step("create a space of 100 locks",
	     lockmgr_open(&mgr, space, &options), 0);
	return mgr;
}

static void resize(struct lockmgr *mgr)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };

	step("grow it to 200", lockmgr_set_capacity(mgr, 200), 0);
	step("ask for its facts", lockmgr_info(mgr, &info), 0);
	printf("%s: capacity %u, mode %o, generation %016llx\n", info.name,
	       info.capacity, info.mode, (unsigned long long)info.generation);
	step("find the capacity changed", info.capacity, 200);
}

static void look(void)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	uint32_t id;

	options.flags = LOCKMGR_OPEN_READONLY;
	step("open it for inspection", lockmgr_open(&mgr, space, &options), 0);
	step("fail to allocate through that", lockmgr_allocate(mgr, &id),
	     -EBADF);
	lockmgr_close(mgr);
}

static void remove_name(struct lockmgr *mgr)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *again;

	step("unlink it", lockmgr_unlink(space, NULL), 0);
	step("go on with it", lockmgr_lock(mgr, 0), 0);
	step("unlock", lockmgr_unlock(mgr, 0), 0);
	step("find no such name", lockmgr_open(&again, space, &options),
	     -ENOENT);
}

int main(void)
{
	struct lockmgr *mgr;

	name_space("managers");
	show_versions();
	mgr = create();
	resize(mgr);
	look();
	remove_name(mgr);
	lockmgr_close(mgr);
	return EXIT_SUCCESS;
}
