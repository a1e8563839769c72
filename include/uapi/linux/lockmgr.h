/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ioctl interface of /dev/lockmgr.
 *
 * A file description of the device is attached to one space and is then a
 * client of it.  Clients own locks: a lock that a client holds is released when
 * the last reference to its file goes, however that happens, or, if the client was
 * attached with LOCKMGR_ATTACH_ENDS_WITH_PROCESS, when that process ends.
 *
 * Each IPC namespace has spaces of its own.  A file belongs to the IPC namespace of the
 * process that opened it, whoever uses the file later: it finds, makes, removes and lists
 * spaces there only.  When no process is in the namespace any more and nothing else keeps
 * it, its spaces lose their names and their allocations; files that are attached go on with
 * them.  That takes effect within a few seconds.
 *
 * Rules that hold for every command
 *
 * - Each command takes a pointer to the struct in its definition.  All structs
 *   have the same layout on every architecture and contain no implicit padding.
 * - Structs may grow at their end.  The size is part of the command number.  Missing
 *   trailing fields read as zero; unknown trailing bytes must be zero (E2BIG).  A
 *   struct shorter than its first version is EINVAL.  Where a command only
 *   returns a struct (_IOR), what it contained before does not matter.
 * - Unknown flags and reserved fields that are not zero are EINVAL, and so are
 *   fields that a command only returns.
 * - A call that fails has changed nothing.
 * - O_NONBLOCK has no effect.
 * - Times are nanoseconds of CLOCK_MONOTONIC.
 * - Process and thread ids are given as the caller's PID namespace shows them;
 *   0 where it does not show that task, or where the task is gone.
 *
 * Errors that any command may return
 *
 *   ENOTTY    no such command
 *   EFAULT    a pointer is bad
 *   E2BIG     see above
 *   EINVAL    a size, flag, reserved field or lock id is not acceptable
 *   ENOTCONN  the file is not attached to a space, and the command needs one; or its
 *             client belongs to another process
 *   EBADF     the file is not open for what the command does: attaching with
 *             LOCKMGR_ATTACH_CREATE, allocating, freeing, setting notes, locking,
 *             unlocking and changing a space need a file opened for writing; listing
 *             needs one opened for reading; attaching needs either
 *   ENOMEM    no memory
 *
 * The others stand with the command.
 */
#ifndef _UAPI_LINUX_LOCKMGR_H
#define _UAPI_LINUX_LOCKMGR_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Size of a space's name with its terminating NUL. */
#define LOCKMGR_NAME_SIZE	64

/* Size of a command name, as the kernel keeps it for every thread. */
#define LOCKMGR_COMM_SIZE	16

/* Size of a note with its terminating NUL. */
#define LOCKMGR_NOTE_SIZE	64

/* No space can have more ids than this. */
#define LOCKMGR_CAPACITY_MAX	1048576

/* As owner: the caller; as group: the caller's. */
#define LOCKMGR_ID_CALLER	((__u32)-1)

/**
 * struct lockmgr_record - the state of one lock
 * @word: who holds it, see LOCKMGR_WORD_*; 0 is free
 * @since: when the holder acquired it, by a clock that ticks; advisory
 *
 * @word moves by 64-bit compare-and-swap only, with acquire semantics when a
 * lock is acquired and release semantics when it is released.
 */
struct lockmgr_record {
	__u64 word;
	__u64 since;
};

/* Number of the client that holds the lock; 0: nobody. */
#define LOCKMGR_WORD_TOKEN	0x000000003fffffffULL
/* The last holder died without unlocking. */
#define LOCKMGR_WORD_DIED	0x0000000040000000ULL
/* Somebody waits: only the kernel may release the lock. */
#define LOCKMGR_WORD_WAITERS	0x0000000080000000ULL
/*
 * Thread id of the holder, in the PID namespace of the process that opened its file, or 0;
 * advisory.
 */
#define LOCKMGR_WORD_TID_SHIFT	32

/**
 * struct lockmgr_ioctl_version - version of the module
 * @major: changes when something that programs rely on goes away
 * @minor: changes when something is added
 * @patch: changes otherwise
 * @reserved: 0
 * @features: LOCKMGR_FEATURE_* bits
 */
struct lockmgr_ioctl_version {
	__u32 major;
	__u32 minor;
	__u32 patch;
	__u32 reserved;
	__u64 features;
};

/* Lock calls can be made to fail instead of closing a cycle of waits. */
#define LOCKMGR_FEATURE_DEADLOCK	(1ULL << 0)
/* Records can be mapped. */
#define LOCKMGR_FEATURE_MAP		(1ULL << 1)
/* Attaching knows LOCKMGR_ATTACH_ENDS_WITH_PROCESS. */
#define LOCKMGR_FEATURE_PROCESS_END	(1ULL << 2)
/* Lock calls know LOCKMGR_LOCK_INTERRUPTIBLE. */
#define LOCKMGR_FEATURE_INTERRUPTIBLE	(1ULL << 3)
/* Allocated ids can have notes, and lists of locks show them. */
#define LOCKMGR_FEATURE_NOTES		(1ULL << 4)

/**
 * struct lockmgr_ioctl_attach - attach the file to a space
 * @name: 1 to 63 characters of A-Za-z0-9._- and a NUL; no dot in front; zeros
 *	after the NUL
 * @flags: LOCKMGR_ATTACH_* bits
 * @owner: user id of the space's owner, in the user namespace of the opener of
 *	the file, or LOCKMGR_ID_CALLER
 * @group: when creating: group id likewise
 * @mode: when creating: permission bits (0777 at most); 0 means 0600
 * @capacity: when creating: number of ids; 0 means as many as are allowed.
 *	Returns the capacity of the space.
 * @token: returns the number of this client in the space; 0 if the file is open for
 *	reading only, which takes no number
 * @generation: returns a random number, made when the space was created
 * @map_size: returns how many bytes of records the file lets itself be mapped; 0 if
 *	it does not.  See below
 * @reserved: 0
 *
 * The file's open mode and the space's permission bits must both allow what
 * the file was opened for: reading lets the client inspect, writing lets it use
 * the space.
 *
 *   EACCES	the permission bits do not allow it
 *   EDQUOT	too many spaces of that user, or in the user namespaces of a user
 *   EEXIST	LOCKMGR_ATTACH_EXCL, and the space exists
 *   EISCONN	the file is attached already
 *   ENOENT	no such space, and no LOCKMGR_ATTACH_CREATE; or the IPC namespace of the
 *		file has ended
 *   EPERM	creating a space that another user would own, or of a group
 *		that the caller is not in, takes CAP_SYS_ADMIN
 *   EUSERS	too many clients of that space that can lock, of the opener's class:
 *		owner, capable, group or others
 */
struct lockmgr_ioctl_attach {
	char  name[LOCKMGR_NAME_SIZE];
	__u32 flags;
	__u32 owner;
	__u32 group;
	__u32 mode;
	__u32 capacity;
	__u32 token;
	__u64 generation;
	__u64 map_size;
	__u64 reserved;
};

/* Make the space if it is missing. */
#define LOCKMGR_ATTACH_CREATE		(1U << 0)
/* With CREATE: fail if it is there. */
#define LOCKMGR_ATTACH_EXCL		(1U << 1)
/* Lock calls of this client that would close a cycle fail with EDEADLK. */
#define LOCKMGR_ATTACH_DETECT_DEADLOCK	(1U << 2)
/*
 * The client belongs to the process that attaches it, and ends with it: its locks are
 * released then, even if another process has the file, too.  In all other processes every
 * command that needs an attached file, and mmap(), fails with ENOTCONN.  Without this flag,
 * any process can use the file, and the client lives until the last reference to it goes.
 */
#define LOCKMGR_ATTACH_ENDS_WITH_PROCESS	(1U << 3)

/**
 * struct lockmgr_ioctl_unlink - remove the name of a space
 * @name: as for attaching
 * @owner: as for attaching
 * @flags: 0
 *
 * Clients that are attached go on with the space; its memory goes with the last
 * of them.  For the owner and CAP_SYS_ADMIN.  The file need not be attached.
 *
 *   ENOENT	no such space
 *   EPERM	the space is another user's
 */
struct lockmgr_ioctl_unlink {
	char  name[LOCKMGR_NAME_SIZE];
	__u32 owner;
	__u32 flags;
};

/**
 * struct lockmgr_ioctl_capacity - change the number of ids
 * @capacity: the new number; 0 means as many as are allowed
 * @flags: 0
 *
 * For the owner and CAP_SYS_ADMIN.  A lock beyond the new capacity that is held
 * or waited for goes on until it is unlocked; no new lock call reaches it.
 *
 *   EBUSY	an id beyond the new capacity is allocated
 *   EPERM	the space is another user's
 */
struct lockmgr_ioctl_capacity {
	__u32 capacity;
	__u32 flags;
};

/**
 * struct lockmgr_ioctl_id - name one lock
 * @id: 0 … capacity - 1; LOCKMGR_IOC_ALLOCATE returns it
 * @flags: 0
 *
 * LOCKMGR_IOC_ALLOCATE: the lowest id that is not allocated.
 *   EDQUOT	too many locks of the space's owner are in use
 *   ENOSPC	all ids are allocated
 *
 * LOCKMGR_IOC_ALLOCATE_ID: this id.
 *   EDQUOT	as above
 *   EEXIST	it is allocated
 *
 * LOCKMGR_IOC_RETRIEVE: returns 1 if the id is allocated, else 0.
 *
 * LOCKMGR_IOC_FREE: the id may be allocated again; the lock stays as it is.
 *   ENOENT	it is not allocated
 *
 * LOCKMGR_IOC_UNLOCK:
 *   EPERM	this client does not hold the lock
 */
struct lockmgr_ioctl_id {
	__u32 id;
	__u32 flags;
};

/**
 * struct lockmgr_ioctl_note - an id, and what it stands for
 * @id: 0 … capacity - 1; LOCKMGR_IOC_ALLOCATE_NOTED returns it and wants 0 before
 * @flags: 0
 * @note: up to 63 bytes and a NUL, zeros after it; "": no note
 *
 * A note says what an allocated id stands for ("container web-1"), to people: the module
 * does nothing with it but show it to those who may list locks.  It belongs to the
 * allocation: an id that is freed and allocated again has none of before.  Any bytes are
 * accepted, UTF-8 is what programs expect; whoever prints a note must escape it.  Known
 * where LOCKMGR_FEATURE_NOTES is set, ENOTTY elsewhere.
 *
 * LOCKMGR_IOC_SET_NOTE: the note of this id, instead of the one that it has.
 *   ENOENT	it is not allocated
 *
 * LOCKMGR_IOC_ALLOCATE_NOTED: as LOCKMGR_IOC_ALLOCATE; the id has the note from the
 * first moment on.
 *   EDQUOT	too many locks of the space's owner are in use
 *   ENOSPC	all ids are allocated
 *
 * LOCKMGR_IOC_ALLOCATE_ID_NOTED: as LOCKMGR_IOC_ALLOCATE_ID, likewise.
 *   EDQUOT	as above
 *   EEXIST	it is allocated; its note stays
 */
struct lockmgr_ioctl_note {
	__u32 id;
	__u32 flags;
	char  note[LOCKMGR_NOTE_SIZE];
};

/**
 * struct lockmgr_ioctl_flags - a command without arguments
 * @flags: 0
 * @reserved: 0
 *
 * LOCKMGR_IOC_FREE_ALL: no id of the space is allocated any more; locks that
 * are held stay held.  For the owner and CAP_SYS_ADMIN.
 *   EPERM	the space is another user's
 */
struct lockmgr_ioctl_flags {
	__u32 flags;
	__u32 reserved;
};

/**
 * struct lockmgr_ioctl_lock - acquire a lock
 * @id: 0 … capacity - 1; need not be allocated
 * @flags: LOCKMGR_LOCK_* bits; LOCKMGR_LOCK_TRY only by itself
 * @deadline: with LOCKMGR_LOCK_DEADLINE: when to give up, not negative;
 *	otherwise 0
 * @ticket: 0; if a signal ends the wait, the module notes here which place in
 *	the queue the call had, and called again with that it has it again
 *
 * Returns LOCKMGR_OWNER_DIED if the former holder died without unlocking, else
 * 0.  Without a flag it waits indefinitely.  A lock is not recursive.
 * A signal ends the wait.  The kernel restarts the call if the handler was
 * installed with SA_RESTART; after EINTR, the caller calls again with the same
 * struct.  The kernel writes to the struct in no other case.
 *
 * The module keeps the place for that thread, file and lock, until the thread's next wait
 * for the lock with that file has ended, or it has acquired the lock otherwise.  It keeps
 * 64 places for each file and forgets the oldest first.  @ticket only says that a call
 * continues the former one: any other number counts as 0.
 *
 *   EBUSY	LOCKMGR_LOCK_TRY, and the lock is held
 *   EDEADLK	waiting would close a cycle, and the client detects deadlocks
 *   EDQUOT	too many locks of the space's owner are in use
 *   EINTR	a signal was handled
 *   ETIMEDOUT	the deadline has passed
 */
struct lockmgr_ioctl_lock {
	__u32 id;
	__u32 flags;
	__s64 deadline;
	__u64 ticket;
};

/* Do not wait. */
#define LOCKMGR_LOCK_TRY	(1U << 0)
/* Wait until the deadline. */
#define LOCKMGR_LOCK_DEADLINE	(1U << 1)
/* EINTR if a signal handler has run during the wait, even one with SA_RESTART. */
#define LOCKMGR_LOCK_INTERRUPTIBLE	(1U << 2)

/**
 * struct lockmgr_ioctl_info - facts of the space that the file is attached to
 * @name: its name
 * @generation: a random number, made when the space was created
 * @owner: user id, in the caller's user namespace
 * @group: group id likewise
 * @mode: permission bits
 * @flags: LOCKMGR_SPACE_* bits
 * @capacity: number of ids
 * @allocated: how many of them are allocated
 * @clients: files that are attached, those open for reading only included
 * @token: number of this client; 0 if its file is open for reading only
 * @reserved: 0
 */
struct lockmgr_ioctl_info {
	char  name[LOCKMGR_NAME_SIZE];
	__u64 generation;
	__u32 owner;
	__u32 group;
	__u32 mode;
	__u32 flags;
	__u32 capacity;
	__u32 allocated;
	__u32 clients;
	__u32 token;
	__u64 reserved[2];
};

/* The space has no name any more. */
#define LOCKMGR_SPACE_UNLINKED	(1U << 0)

/**
 * struct lockmgr_lock_entry - facts of one lock
 * @id: its number
 * @flags: LOCKMGR_ENTRY_* bits
 * @since: when the holder acquired it, by a clock that ticks; 0 where nobody holds it
 * @pid: process of the holder
 * @tid: thread that acquired it
 * @comm: command name of that thread, or of the process that opened the client's file
 *	where the thread is gone or not shown to the caller; empty where the caller's PID
 *	namespace shows neither
 * @token: number of the client that holds it; 0: nobody
 * @waiters: how many threads wait for it
 * @reserved: 0
 * @note: what the id stands for, and zeros after it; empty if it has no note or is not
 *	allocated.  Not in the first version of this struct, of 64 bytes
 */
struct lockmgr_lock_entry {
	__u32 id;
	__u32 flags;
	__u64 since;
	__u32 pid;
	__u32 tid;
	char  comm[LOCKMGR_COMM_SIZE];
	__u32 token;
	__u32 waiters;
	__u64 reserved[2];
	char  note[LOCKMGR_NOTE_SIZE];
};

/**
 * struct lockmgr_waiter_entry - facts of one thread that waits for a lock
 * @cookie: its place in the queue: larger than that of all before it; places are counted
 *	in each space by itself
 * @since: when it began to wait
 * @pid: its process
 * @tid: its thread id
 * @comm: its command name; empty where the caller's PID namespace does not show it
 * @token: number of its client
 * @flags: LOCKMGR_ENTRY_* bits
 * @reserved: 0
 */
struct lockmgr_waiter_entry {
	__u64 cookie;
	__u64 since;
	__u32 pid;
	__u32 tid;
	char  comm[LOCKMGR_COMM_SIZE];
	__u32 token;
	__u32 flags;
	__u64 reserved[2];
};

/**
 * struct lockmgr_space_entry - facts of one space
 * @name: its name
 * @generation: a random number, made when the space was created
 * @owner: user id, in the user namespace of the opener of the file, as for attaching
 * @group: group id likewise
 * @mode: permission bits
 * @capacity: number of ids
 * @allocated: how many of them are allocated
 * @held: how many locks are held
 * @waiting: how many threads wait for one
 * @clients: files that are attached
 * @reserved: 0
 */
struct lockmgr_space_entry {
	char  name[LOCKMGR_NAME_SIZE];
	__u64 generation;
	__u32 owner;
	__u32 group;
	__u32 mode;
	__u32 capacity;
	__u32 allocated;
	__u32 held;
	__u32 waiting;
	__u32 clients;
	__u64 reserved[3];
};

/* The id is allocated.  Filter bit too. */
#define LOCKMGR_ENTRY_ALLOCATED	(1U << 0)
/* Some client holds the lock.  Filter bit too. */
#define LOCKMGR_ENTRY_HELD	(1U << 1)
/* Some thread waits for the lock.  Filter bit too. */
#define LOCKMGR_ENTRY_WAITED	(1U << 2)
/* The last holder died, and nobody has acquired the lock since.  Filter bit too. */
#define LOCKMGR_ENTRY_DIED	(1U << 3)
/* Lock: its holder waits, directly or not, for itself.  Waiter: likewise. */
#define LOCKMGR_ENTRY_DEADLOCK	(1U << 4)
/* Waiter: it has a deadline. */
#define LOCKMGR_ENTRY_DEADLINE	(1U << 5)

/* As a cursor: nothing follows. */
#define LOCKMGR_CURSOR_END	(~0ULL)

/**
 * struct lockmgr_ioctl_list - list locks, the waiters of one lock, or spaces
 * @entries: address of the array to fill
 * @entry_size: size of one element of it, as the caller knows the struct: a
 *	multiple of 8, at least the size of its first version; the module fills
 *	with zeros what it does not know
 * @count: room in the array, not 0; returns how many were filled
 * @cursor: 0 to begin; returns where to go on, or LOCKMGR_CURSOR_END
 * @filter: LOCKMGR_IOC_LIST_LOCKS: list locks to which any of these
 *	LOCKMGR_ENTRY_ALLOCATED, _HELD, _WAITED and _DIED bits applies, not 0;
 *	otherwise 0
 * @id: LOCKMGR_IOC_LIST_WAITERS: the lock; otherwise 0
 *
 * Locks come in the order of their ids, waiters in the order of the queue, spaces in
 * none that means anything.  LOCKMGR_IOC_LIST_SPACES lists the spaces that have a name
 * in the IPC namespace of the opener of the file and that the opener may read, except
 * those whose owner has no number in its user namespace; the file need not be attached.
 * A cursor of these two says after which id or place a list begins, and nothing else.
 * Each entry was true at some moment during the call, the list as a whole need
 * not have been.  Needs a file opened for reading.
 */
struct lockmgr_ioctl_list {
	__u64 entries;
	__u32 entry_size;
	__u32 count;
	__u64 cursor;
	__u32 filter;
	__u32 id;
};

/*
 * Mapped records
 *
 * Where the mode of a space gives nothing to group and others, a client of its owner whose
 * file is open for reading and writing can mmap() the records: MAP_SHARED, PROT_READ |
 * PROT_WRITE, offset 0 and at most @map_size of the attach call.  It can then take
 * and release locks without a system call, by compare-and-swap of a record's word:
 *
 *   take	0 -> thread id << LOCKMGR_WORD_TID_SHIFT | token, then write @since, from
 *		struct lockmgr_clock
 *   release	{any thread id, own token} -> 0
 *
 * A thread that does not know its id writes 0.  From any other word it is the kernel's
 * business: LOCKMGR_IOC_LOCK or _UNLOCK.  lockmgr(4) has the rules in full.
 *
 * A page of the mapping is there once this client has locked a lock in it by
 * LOCKMGR_IOC_LOCK; before, an access is a SIGBUS.  The lock with the number id has
 * the record at lockmgr_record_index(id).
 *
 * The mapping is not inherited by fork(), not dumped, and never executable; it keeps
 * the file open.  What else is written there harms the users of this space only, and
 * no longer than the writer has it mapped; except that a lock left with the token of
 * another client, which uses that page, is held by that one until it unlocks it or
 * closes its file.
 *
 * At the offset @map_size, the file has a page that begins with struct lockmgr_clock:
 * MAP_SHARED, PROT_READ, to be mapped by itself.
 *
 *   EACCES	the space, or the file, is not of that kind; the opener is not the
 *		owner, and was let in by a capability; or a protection that is not allowed
 *   EINVAL	not shared, or not where something is
 *   ENOMEM	no memory
 *   ENOTCONN	the file is not attached to a space
 */

/**
 * struct lockmgr_clock - the time of records
 * @monotonic: CLOCK_MONOTONIC at the last tick, in ns; in time namespaces, that of
 *	the initial one
 */
struct lockmgr_clock {
	__u64 monotonic;
};

/**
 * lockmgr_record_index() - where a lock's record is among all
 * @id: the lock
 *
 * Records come in groups of 256.  In a group the low six bits of the id choose the
 * cache line, the next two the record in the line: neighbours never share one.
 */
static __inline__ __u32 lockmgr_record_index(__u32 id)
{
	return (id & ~255U) | id % 64 * 4 | id / 64 % 4;
}

/* What a lock call returns when it acquired the lock of a holder that died. */
#define LOCKMGR_OWNER_DIED	1

#define LOCKMGR_IOC_MAGIC	0xBC

#define LOCKMGR_IOC_VERSION	_IOR(LOCKMGR_IOC_MAGIC, 0x00, struct lockmgr_ioctl_version)
#define LOCKMGR_IOC_ATTACH	_IOWR(LOCKMGR_IOC_MAGIC, 0x01, struct lockmgr_ioctl_attach)
#define LOCKMGR_IOC_UNLINK	_IOW(LOCKMGR_IOC_MAGIC, 0x02, struct lockmgr_ioctl_unlink)
#define LOCKMGR_IOC_CAPACITY	_IOW(LOCKMGR_IOC_MAGIC, 0x03, struct lockmgr_ioctl_capacity)
#define LOCKMGR_IOC_INFO	_IOR(LOCKMGR_IOC_MAGIC, 0x04, struct lockmgr_ioctl_info)
#define LOCKMGR_IOC_ALLOCATE	_IOWR(LOCKMGR_IOC_MAGIC, 0x05, struct lockmgr_ioctl_id)
#define LOCKMGR_IOC_ALLOCATE_ID	_IOW(LOCKMGR_IOC_MAGIC, 0x06, struct lockmgr_ioctl_id)
#define LOCKMGR_IOC_RETRIEVE	_IOW(LOCKMGR_IOC_MAGIC, 0x07, struct lockmgr_ioctl_id)
#define LOCKMGR_IOC_FREE	_IOW(LOCKMGR_IOC_MAGIC, 0x08, struct lockmgr_ioctl_id)
#define LOCKMGR_IOC_FREE_ALL	_IOW(LOCKMGR_IOC_MAGIC, 0x09, struct lockmgr_ioctl_flags)
#define LOCKMGR_IOC_LOCK	_IOWR(LOCKMGR_IOC_MAGIC, 0x0a, struct lockmgr_ioctl_lock)
#define LOCKMGR_IOC_UNLOCK	_IOW(LOCKMGR_IOC_MAGIC, 0x0b, struct lockmgr_ioctl_id)
#define LOCKMGR_IOC_LIST_LOCKS	_IOWR(LOCKMGR_IOC_MAGIC, 0x0c, struct lockmgr_ioctl_list)
#define LOCKMGR_IOC_LIST_WAITERS _IOWR(LOCKMGR_IOC_MAGIC, 0x0d, struct lockmgr_ioctl_list)
#define LOCKMGR_IOC_LIST_SPACES	_IOWR(LOCKMGR_IOC_MAGIC, 0x0e, struct lockmgr_ioctl_list)
#define LOCKMGR_IOC_SET_NOTE	_IOW(LOCKMGR_IOC_MAGIC, 0x0f, struct lockmgr_ioctl_note)
#define LOCKMGR_IOC_ALLOCATE_NOTED _IOWR(LOCKMGR_IOC_MAGIC, 0x10, struct lockmgr_ioctl_note)
#define LOCKMGR_IOC_ALLOCATE_ID_NOTED _IOW(LOCKMGR_IOC_MAGIC, 0x11, struct lockmgr_ioctl_note)

#endif /* _UAPI_LINUX_LOCKMGR_H */
