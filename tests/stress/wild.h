/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A space in which programs run wild: some scribble on the records that they have
 * mapped, and others use its locks meanwhile.
 */
#ifndef WILD_H
#define WILD_H

#include <fcntl.h>
#include <sys/ioctl.h>

#include <linux/lockmgr.h>

#include "stress.h"

#define WILD_IDS	16

/* Forged client ids are below this number. */
#define WILD_TOKENS	12

/* The name of that space; the test must set it before it starts any worker. */
static const char *wild_space;

/* ------------------------------------------------------------------------
 * Scribbling
 */

static inline int attached_file(struct worker *self, struct lockmgr_ioctl_attach *attach)
{
	int file = open("/dev/lockmgr", O_RDWR | O_CLOEXEC);

	*attach = (struct lockmgr_ioctl_attach) {
		.flags = LOCKMGR_ATTACH_CREATE,
		.owner = LOCKMGR_ID_CALLER,
		.group = LOCKMGR_ID_CALLER,
	};
	snprintf(attach->name, sizeof(attach->name), "%s", wild_space);
	worker_check(file >= 0 && !ioctl(file, LOCKMGR_IOC_ATTACH, attach));

	return file;
}

/* Map records of the space for a scribbler. */
static inline struct lockmgr_record *open_records(struct worker *self)
{
	struct lockmgr_ioctl_lock lock = { .id = WILD_IDS, .flags = LOCKMGR_LOCK_TRY };
	struct lockmgr_ioctl_attach attach;
	int file = attached_file(self, &attach);
	void *records;

	/* The lock call makes the kernel allocate the page. */
	worker_check(ioctl(file, LOCKMGR_IOC_LOCK, &lock) >= 0 || errno == EBUSY);
	records = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	worker_check(records != MAP_FAILED);

	return records;
}

static inline atomic_uint_least64_t *word_of(struct lockmgr_record *records, uint32_t id)
{
	return (atomic_uint_least64_t *)&records[lockmgr_record_index(id)].word;
}

/* A word that a client might take for a valid one. */
static inline uint64_t forged_word(uint64_t *random, uint64_t word)
{
	const uint64_t flags[] = {
		0,
		LOCKMGR_WORD_WAITERS,
		LOCKMGR_WORD_DIED,
		LOCKMGR_WORD_WAITERS | LOCKMGR_WORD_DIED,
	};
	const uint64_t flag = flags[random_below(random, 4)];

	switch (random_below(random, 5)) {
	case 0:
		/* The holder is one of the first clients of the space, alive or not. */
		return (uint64_t)random_below(random, 1 << 15) << LOCKMGR_WORD_TID_SHIFT |
		       random_below(random, WILD_TOKENS) | flag;
	case 1:
		return word ^ 1ULL << random_below(random, 64);
	case 2:
		return flag;
	case 3:
		return word & ~LOCKMGR_WORD_WAITERS;
	default:
		return (uint64_t)random_below(random, UINT32_MAX) << 32 |
		       random_below(random, UINT32_MAX);
	}
}

static inline void scribble(struct crowd *crowd, struct worker *self)
{
	struct lockmgr_record *records = open_records(self);
	uint64_t random = random_begin(self->index);

	worker_wait_for_go(crowd);
	while (!atomic_load(&crowd->stop)) {
		atomic_uint_least64_t *word = word_of(records, random_below(&random, WILD_IDS));
		uint64_t forged = forged_word(&random, atomic_load(word));

		atomic_store(word, forged);
		worker_step(self, 0);
	}
}

/* ------------------------------------------------------------------------
 * Victims
 */

static inline bool is_one_of(int ret, const int *allowed)
{
	for (; *allowed != 1000; allowed++)
		if (ret == *allowed)
			return true;

	return false;
}

#define expect_one_of(call, ...) \
	worker_check(is_one_of(call, (const int[]) { __VA_ARGS__, 1000 }))

static inline void list_all(struct worker *self, struct lockmgr *mgr, uint32_t id)
{
	struct lockmgr_waiter_info waiters[8];
	struct lockmgr_lock_info locks[8];
	uint64_t cursor = 0;
	size_t count;

	while (cursor != LOCKMGR_LIST_END)
		worker_check(!lockmgr_list(mgr, LOCKMGR_LOCK_IS_HELD | LOCKMGR_LOCK_IS_WAITED,
					   &cursor, locks, 8, &count));
	cursor = 0;
	worker_check(!lockmgr_list_waiters(mgr, id, &cursor, waiters, 8, &count));
}

/* Whatever the locks are worth now: each call returns, and with a result that it may have. */
static inline void suffer(struct crowd *crowd, struct worker *self)
{
	uint64_t random = random_begin(self->index + 100 * self->argument);
	struct lockmgr *mgr;

	worker_check(!lockmgr_open(&mgr, wild_space, NULL));
	if (!atomic_load(&crowd->go))
		worker_wait_for_go(crowd);
	while (!atomic_load(&crowd->stop)) {
		const struct timespec deadline = deadline_in_us(random_below(&random, 2000));
		uint32_t id = random_below(&random, WILD_IDS);

		expect_one_of(random_below(&random, 2) ? lockmgr_trylock(mgr, id) :
							 lockmgr_timedlock(mgr, id, &deadline),
			      0, LOCKMGR_OWNER_DIED, -EBUSY, -ETIMEDOUT);
		if (!random_below(&random, 8))
			list_all(self, mgr, id);
		/* A victim that exits with what it holds, or seems to hold, is replaced. */
		if (!random_below(&random, 200))
			_exit(0);
		expect_one_of(lockmgr_unlock(mgr, id), 0, -EPERM);
		worker_step(self, 0);
	}
}

#endif /* WILD_H */
