// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Functions for programs that were linked with an older version.  In the shared library
 * only: a program that links the static library was compiled with that library's header.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "api.h"
#include "old.h"

/* Until 0.1, struct lockmgr_lock_info ended here. */
#define OLD_SIZE	offsetof(struct lockmgr_lock_info, note)

#define BATCH_SIZE	16

/*
 * Exported, although the public header does not declare it: see api.h.  Compilers without the
 * attribute, such as clang, pass the assembler's directive on; with -flto, gcc would lose that.
 */
#if defined(__has_attribute) && __has_attribute(symver)
#define OLD __attribute__((symver("lockmgr_list@LOCKMGR_0.1"), visibility("default")))
#else
__asm__(".symver lockmgr_list_0_1,lockmgr_list@LOCKMGR_0.1");
#define OLD __attribute__((visibility("default")))
#endif

OLD int lockmgr_list_0_1(struct lockmgr *mgr, uint32_t filter, uint64_t *cursor, void *locks,
			 size_t max, size_t *count)
{
	struct lockmgr_lock_info batch[BATCH_SIZE];
	unsigned char *to = locks;
	size_t total = 0, got, i;
	uint64_t next;

	if (!cursor || !locks || !max || !count)
		return -EINVAL;

	next = *cursor;
	do {
		size_t room = max - total < BATCH_SIZE ? max - total : BATCH_SIZE;
		int ret = lockmgr_list(mgr, filter, &next, batch, room, &got);

		if (ret)
			return ret;
		for (i = 0; i < got; i++)
			memcpy(to + total++ * OLD_SIZE, &batch[i], OLD_SIZE);
	} while (total < max && next != LOCKMGR_LIST_END);

	*cursor = next;
	*count = total;
	return 0;
}
