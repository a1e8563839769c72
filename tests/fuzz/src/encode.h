/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From operations to system calls.
 */
#ifndef ENCODE_H
#define ENCODE_H

#include <linux/lockmgr.h>

#include "agent.h"
#include "program.h"

#define DEVICE	"/dev/lockmgr"

/* The largest struct of a command. */
union arguments {
	unsigned char bytes[128];
	struct lockmgr_ioctl_version version;
	struct lockmgr_ioctl_attach attach;
	struct lockmgr_ioctl_unlink unlink;
	struct lockmgr_ioctl_capacity capacity;
	struct lockmgr_ioctl_info info;
	struct lockmgr_ioctl_id id;
	struct lockmgr_ioctl_flags flags;
	struct lockmgr_ioctl_lock lock;
	struct lockmgr_ioctl_list list;
	struct lockmgr_ioctl_note note;
};

/**
 * struct memo - numbers from the kernel that later calls of a thread may pass on
 * @ticket: the ticket of the last call that a signal ended
 * @other: the same of the other thread
 * @locks: where the last list of locks ended
 * @waiters: where the last list of waiters ended
 * @token: the token of the file that the call uses
 */
struct memo {
	uint64_t ticket;
	uint64_t other;
	uint64_t locks;
	uint64_t waiters;
	uint32_t token;
};

/**
 * struct letter - what was written for an operation
 * @args: the struct of the command
 * @size: the size that the call passes
 * @deadline: the deadline of a lock call that has one
 */
struct letter {
	union arguments args;
	uint32_t size;
	uint64_t deadline;
};

/** The name of a space: LOCKMGR_NAME_SIZE bytes. */
void encode_name(enum space_name name, char *bytes);

/** A note: LOCKMGR_NOTE_SIZE bytes. */
void encode_note(enum note note, char *bytes);

/** Write an operation's calls, and what they point to, into the agent of its thread. */
void encode(const struct op *op, const struct memo *memo, struct letter *letter);

/** Write the calls of the receiving side of VERB_SEND. */
void encode_receive(const struct op *op);

/** CLOCK_MONOTONIC, in nanoseconds. */
uint64_t now_ns(void);

/** The same at the last tick, which comes late where much else runs. */
uint64_t tick_ns(void);

#endif /* ENCODE_H */
