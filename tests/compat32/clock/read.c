// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a clock in a page that may not be written, at times whose halves differ in everything.
 * Ends with 0 if each was read as it is.
 */
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "record.h"

static const uint64_t times[] = { 0, 1, 0xffffffff, 0x100000000, 0x123456789abcdef0 };

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED)
			return 2;
		memcpy(page, &times[i], sizeof(times[i]));
		if (mprotect(page, 4096, PROT_READ) || clock_read(page) != times[i])
			return 1;
	}

	return 0;
}
