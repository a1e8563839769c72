/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * liblockmgr - inter-process mutexes, managed by the lockmgr kernel module.
 *
 * A handle is for one space: a named set of numbered locks that outlives
 * processes.  Any process that may use the space opens it by name and
 * names a lock by its number.
 *
 * Conventions
 *
 * - Functions return 0 or a positive value on success, a negative errno value on
 *   failure.  errno is left alone.  A call that fails has changed nothing.
 * - A handle may be used by any number of threads at once, except that nobody
 *   may use it while or after it is closed.
 * - The handle owns the locks, not the thread: any thread of the process may
 *   unlock what another acquired.  A lock is not recursive: a thread that locks it
 *   twice waits for itself, unless LOCKMGR_OPEN_DETECT_DEADLOCK is set.
 * - When the handle is closed or its process ends, however that happens, its
 *   locks are released, and the lock call of each next holder says so
 *   (LOCKMGR_OWNER_DIED).
 * - A handle does not survive fork(): in the child its file is closed and every
 *   function but lockmgr_close() returns -ECHILD.  The file is close-on-exec.
 *   A child made by clone() or _Fork() closes the file when it first uses the
 *   handle.  With LOCKMGR_OPEN_INHERIT the file stays open, for its locks' sake.
 * - The handle's descriptor is never 0, 1 or 2.  A program that closes all descriptors
 *   must spare it: see lockmgr_fd().
 * - No function is a cancellation point: a thread that is cancelled while it waits for
 *   a lock acquires the lock first.  None may be called from a signal handler.  If a
 *   signal handler leaves a function by longjmp(), or a thread of the asynchronous
 *   cancellation type is cancelled in it, nobody knows whether the lock is held.
 *
 * Errors that any function with a handle may return, besides those listed there
 *
 *   -ECHILD	the handle was opened by the parent process
 *   -EINVAL	an argument is not acceptable: a null pointer, an id that is not
 *		below the space's capacity, an unknown flag
 *   -EBADF	the space is open for inspection only (LOCKMGR_OPEN_READONLY), or
 *		for use only (LOCKMGR_OPEN_WRITEONLY), and the function needs more;
 *		or something else in the program has closed the handle's descriptor, or
 *		has opened another file with that number: close the handle, and open
 *		another one; locks that it held may be another's by now
 *   -ENOMEM	no memory
 */
#ifndef LOCKMGR_H
#define LOCKMGR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Strict ISO C99 does not know it. */
struct timespec;

/** A handle: one open space. */
struct lockmgr;

/** Room for the name of a space, with its terminating NUL. */
#define LOCKMGR_SPACE_NAME_SIZE	64

/** Room for the command name of a thread, with its terminating NUL. */
#define LOCKMGR_COMMAND_SIZE	16

/** Room for a note with its terminating NUL. */
#define LOCKMGR_LOCK_NOTE_SIZE	64

/* ------------------------------------------------------------------------
 * Handles
 */

/** Make the space if it is missing. */
#define LOCKMGR_OPEN_CREATE		(1U << 0)
/** With CREATE: fail with -EEXIST if the space exists. */
#define LOCKMGR_OPEN_EXCL		(1U << 1)
/** Inspect only: needs read permission; excludes CREATE and WRITEONLY. */
#define LOCKMGR_OPEN_READONLY		(1U << 2)
/** Lock calls that would close a cycle of waiting threads fail with -EDEADLK. */
#define LOCKMGR_OPEN_DETECT_DEADLOCK	(1U << 3)
/** Use without inspecting: needs write permission, not read permission. */
#define LOCKMGR_OPEN_WRITEONLY		(1U << 4)
/**
 * Acquire and release every lock through the kernel.  By default, if only the owner may use the
 * space, uncontended locks are acquired and released in memory that its
 * processes share, without a system call; there, a buggy program could harm the
 * others of the same user.
 */
#define LOCKMGR_OPEN_NO_MAP		(1U << 5)
/**
 * The file is not closed by fork() and exec: the locks stay held until the last process
 * that has inherited it closes it or ends.  The handle itself is still of use only to
 * the process that opened it.  By default the locks are released when that process
 * ends.
 */
#define LOCKMGR_OPEN_INHERIT		(1U << 6)

/**
 * struct lockmgr_options - how to open a space
 * @size: sizeof(struct lockmgr_options), so that the struct can grow
 * @flags: LOCKMGR_OPEN_* bits
 * @capacity: when creating: number of ids; 0: the most that is allowed
 * @mode: when creating: permission bits, as on a file; 0: 0600
 * @owner: whose space; (uid_t)-1: the caller's
 * @group: when creating: the space's group; (gid_t)-1: the caller's
 * @device: path of the device; NULL: "/dev/lockmgr"
 *
 * A struct of zeros is not the default: @owner and @group would be root's.
 * Begin with LOCKMGR_OPTIONS_INIT.
 */
struct lockmgr_options {
	uint32_t    size;
	uint32_t    flags;
	uint32_t    capacity;
	uint32_t    mode;
	uid_t       owner;
	gid_t       group;
	const char *device;
};

/** Initialiser: the caller's own space, which must exist, on the usual device. */
#define LOCKMGR_OPTIONS_INIT \
	{ \
		sizeof(struct lockmgr_options), 0, 0, 0, (uid_t)-1, (gid_t)-1, NULL \
	}

/**
 * lockmgr_options_init() - LOCKMGR_OPTIONS_INIT, for languages without macros
 * @opts: receives the caller's own space, which must exist, on the usual device
 * @size: sizeof(struct lockmgr_options), as the caller knows it
 *
 * Thread-safe.
 *
 * Return: 0, or
 *   -EINVAL	@opts is NULL, or @size is not acceptable
 */
int lockmgr_options_init(struct lockmgr_options *opts, size_t size);

/**
 * lockmgr_open() - open a space
 * @mgr: receives the handle; the caller closes it with lockmgr_close()
 * @space: name of the space: 1 to 63 characters of A-Za-z0-9._-, no dot in front
 * @opts: how; NULL: the caller's own space of that name, created if it is
 *	missing, with the defaults
 *
 * Does not wait.  Thread-safe.
 *
 * Return: 0, or
 *   -EACCES	the device's permissions or the space's do not allow it
 *   -EDQUOT	creating: that user has as many spaces as are allowed
 *   -EEXIST	LOCKMGR_OPEN_EXCL, and the space exists
 *   -EINVAL	a name, flag, mode, capacity or @size that is not acceptable
 *   -EMFILE, -ENFILE  too many open files
 *   -ENODEV	no such device: the module is not loaded
 *   -ENOENT	no such space, and no LOCKMGR_OPEN_CREATE
 *   -ENOMEM	no memory
 *   -EPERM	creating a space for another user, or for a group that the
 *		caller is not in, takes CAP_SYS_ADMIN
 *   -EPROTONOSUPPORT  the module's major version is not the library's, or the
 *		device is not lockmgr's
 *   -EUSERS	the space has as many clients as are allowed; those with
 *		LOCKMGR_OPEN_READONLY do not count
 */
int lockmgr_open(struct lockmgr **mgr, const char *space,
		 const struct lockmgr_options *opts);

/**
 * lockmgr_close() - close and free a handle
 * @mgr: the handle, or NULL
 *
 * Releases the locks that the handle holds; the lock calls of their next holders
 * return LOCKMGR_OWNER_DIED.  Unlock first, unless the next holder should be told
 * that this one died.  In a child of the process that opened the handle it only
 * frees the memory, and closes the child's descriptor if it has one
 * (LOCKMGR_OPEN_INHERIT).
 *
 * No other thread may be using the handle.
 */
void lockmgr_close(struct lockmgr *mgr);

/**
 * lockmgr_fd() - the file descriptor of a handle
 * @mgr: the handle
 *
 * Keep it open across exec (LOCKMGR_OPEN_INHERIT), or spare it in a program that closes
 * all descriptors.  It belongs to the handle: do not close it.
 *
 * Return: the descriptor, 3 or higher
 */
int lockmgr_fd(struct lockmgr *mgr);

/**
 * lockmgr_unlink() - remove the name of a space
 * @space: its name
 * @opts: @owner and @device are used; NULL: the caller's own space
 *
 * Handles that are open still work; a new space may be created under the name at
 * once.  The space is freed when its last handle is closed.
 * Thread-safe.
 *
 * Return: 0, or
 *   -EACCES	the device's permissions do not allow it
 *   -EINVAL	a name or @size that is not acceptable
 *   -EMFILE, -ENFILE  too many open files
 *   -ENODEV	no such device
 *   -ENOENT	no such space
 *   -ENOMEM	no memory
 *   -EPERM	the space is another user's, and the caller lacks CAP_SYS_ADMIN
 *   -EPROTONOSUPPORT  as lockmgr_open()
 */
int lockmgr_unlink(const char *space, const struct lockmgr_options *opts);

/**
 * lockmgr_set_capacity() - change the number of ids of the space
 * @mgr: the handle
 * @capacity: the new number of ids; 0: the most that is allowed
 *
 * For the space's owner and CAP_SYS_ADMIN.  A lock beyond the new capacity that
 * is held or waited for goes on until it is unlocked.
 *
 * Return: 0, or
 *   -EBUSY	an id beyond the new capacity is allocated
 *   -EINVAL	more than the module allows
 *   -EPERM	the space is another user's
 */
int lockmgr_set_capacity(struct lockmgr *mgr, uint32_t capacity);

/* ------------------------------------------------------------------------
 * Allocation
 *
 * An allocated id is not allocated again until it is freed.  That is all: locking
 * works on every id below the capacity, allocated or not.
 */

/**
 * lockmgr_allocate() - allocate the lowest free id
 * @mgr: the handle
 * @id: receives the id
 *
 * Return: 0, or
 *   -EDQUOT	the space's owner has as many locks in use as are allowed
 *   -ENOSPC	all ids of the space are allocated
 */
int lockmgr_allocate(struct lockmgr *mgr, uint32_t *id);

/**
 * lockmgr_allocate_id() - allocate a given id
 * @mgr: the handle
 * @id: the id
 *
 * For runtimes that set their allocations up again after a reboot.
 *
 * Return: 0, or
 *   -EDQUOT	as lockmgr_allocate()
 *   -EEXIST	the id is allocated already
 */
int lockmgr_allocate_id(struct lockmgr *mgr, uint32_t id);

/**
 * lockmgr_allocate_noted() - allocate the lowest free id, and note what it stands for
 * @mgr: the handle
 * @id: receives the id
 * @note: as lockmgr_set_note()
 *
 * The id has the note from the first moment on: no list shows it without.
 *
 * Return: 0, or
 *   -EDQUOT	as lockmgr_allocate()
 *   -EINVAL	@id is NULL, or @note is longer than 63 bytes
 *   -ENOSPC	as lockmgr_allocate()
 *   -EOPNOTSUPP  as lockmgr_set_note()
 */
int lockmgr_allocate_noted(struct lockmgr *mgr, uint32_t *id, const char *note);

/**
 * lockmgr_allocate_id_noted() - allocate a given id, and note what it stands for
 * @mgr: the handle
 * @id: the id
 * @note: as lockmgr_set_note()
 *
 * Return: 0, or
 *   -EDQUOT	as lockmgr_allocate()
 *   -EEXIST	the id is allocated already, and keeps the note that it has
 *   -EINVAL	@id is not below the capacity, or @note is longer than 63 bytes
 *   -EOPNOTSUPP  as lockmgr_set_note()
 */
int lockmgr_allocate_id_noted(struct lockmgr *mgr, uint32_t id, const char *note);

/**
 * lockmgr_set_note() - note what an allocated id stands for
 * @mgr: the handle
 * @id: the id
 * @note: up to 63 bytes of text, UTF-8 by custom, for people who look at the locks:
 *	"container web-1"; NULL or "": none
 *
 * The note replaces the one that the id has.  It goes when the id is freed.  Everybody who
 * may inspect the space can read it (lockmgr_list()), everybody who may use it can set it:
 * escape it where you print it.
 *
 * Return: 0, or
 *   -EINVAL	@id is not below the capacity, or @note is longer than 63 bytes
 *   -ENOENT	the id is not allocated
 *   -EOPNOTSUPP  @note is not empty, and the module does not have LOCKMGR_HAS_NOTES
 */
int lockmgr_set_note(struct lockmgr *mgr, uint32_t id, const char *note);

/**
 * lockmgr_is_allocated() - whether an id is allocated
 * @mgr: the handle
 * @id: the id
 *
 * Return: 1 if the id is allocated, 0 if it is not (its lock can be used all
 * the same), or a negative errno
 */
int lockmgr_is_allocated(struct lockmgr *mgr, uint32_t id);

/**
 * lockmgr_retrieve() - the same by its older name
 * @mgr: the handle
 * @id: the id
 *
 * Return: as lockmgr_is_allocated()
 */
int lockmgr_retrieve(struct lockmgr *mgr, uint32_t id);

/**
 * lockmgr_free() - free an id
 * @mgr: the handle
 * @id: the id
 *
 * The lock itself stays as it is: processes that know the id can go on locking
 * and unlocking it.  The note of the id goes.
 *
 * Return: 0, or
 *   -ENOENT	the id is not allocated
 */
int lockmgr_free(struct lockmgr *mgr, uint32_t id);

/**
 * lockmgr_free_all() - free every id of the space
 * @mgr: the handle
 *
 * For the space's owner and CAP_SYS_ADMIN.  Locks that are held stay held.  All notes go.
 *
 * Return: 0, or
 *   -EPERM	the space is another user's
 */
int lockmgr_free_all(struct lockmgr *mgr);

/**
 * lockmgr_available() - number of ids that are not allocated
 * @mgr: the handle
 * @count: receives the number
 *
 * Return: 0 or a negative errno
 */
int lockmgr_available(struct lockmgr *mgr, uint32_t *count);

/* ------------------------------------------------------------------------
 * Locking
 */

/** What a lock call returns when it acquired the lock after a holder died. */
#define LOCKMGR_OWNER_DIED	1

/**
 * lockmgr_lock() - acquire a lock, however long that takes
 * @mgr: the handle
 * @id: the lock
 *
 * Waiting is starvation-free.  Signal handlers may run meanwhile; the wait then
 * continues.
 *
 * Return: 0; LOCKMGR_OWNER_DIED (1) if the lock is acquired and its former
 * holder ended without unlocking it: check what the lock protects; only one
 * holder gets this; or
 *   -EDEADLK	waiting would close a cycle (LOCKMGR_OPEN_DETECT_DEADLOCK)
 *   -EDQUOT	the space's owner has as many locks in use as are allowed
 */
int lockmgr_lock(struct lockmgr *mgr, uint32_t id);

/**
 * lockmgr_trylock() - acquire a lock if nobody holds it
 * @mgr: the handle
 * @id: the lock
 *
 * Return: 0 or LOCKMGR_OWNER_DIED as lockmgr_lock(), or
 *   -EBUSY	the lock is held
 *   -EDQUOT	as lockmgr_lock()
 */
int lockmgr_trylock(struct lockmgr *mgr, uint32_t id);

/**
 * lockmgr_timedlock() - acquire a lock, or give up at a point in time
 * @mgr: the handle
 * @id: the lock
 * @deadline: absolute time of CLOCK_MONOTONIC; a lock that is free is acquired
 *	even if the deadline has passed
 *
 * 32-bit programs: time_t must be as large as it was where the library was built.
 *
 * Return: 0 or LOCKMGR_OWNER_DIED as lockmgr_lock(), or
 *   -EDEADLK, -EDQUOT  as lockmgr_lock()
 *   -EINVAL	@deadline is not a valid time
 *   -ETIMEDOUT	the deadline has passed
 */
int lockmgr_timedlock(struct lockmgr *mgr, uint32_t id,
		      const struct timespec *deadline);

/**
 * lockmgr_lock_interruptible() - acquire a lock, or give up because of a signal
 * @mgr: the handle
 * @id: the lock
 * @deadline: as lockmgr_timedlock(); NULL: none
 *
 * A handler that returns before the wait begins does not end it: whoever sends the
 * signal must send it again until the call has returned.
 *
 * Return: 0 or LOCKMGR_OWNER_DIED as lockmgr_lock(), whatever signals there were, or
 *   -EDEADLK, -EDQUOT  as lockmgr_lock()
 *   -EINTR	a signal handler ran while the call waited, with SA_RESTART or not; the
 *		lock is not acquired, and the place in the queue is given up
 *   -EINVAL	@deadline is not a valid time, or the module does not
 *		have LOCKMGR_HAS_INTERRUPTIBLE
 *   -ETIMEDOUT	the deadline has passed
 */
int lockmgr_lock_interruptible(struct lockmgr *mgr, uint32_t id,
			       const struct timespec *deadline);

/**
 * lockmgr_unlock() - release a lock
 * @mgr: the handle
 * @id: the lock
 *
 * Return: 0, or
 *   -EPERM	this handle does not hold the lock
 */
int lockmgr_unlock(struct lockmgr *mgr, uint32_t id);

/* ------------------------------------------------------------------------
 * Inspection
 *
 * Process and thread ids are those of the caller's PID namespace, 0 where it
 * does not show the task or the task is gone.  Each fact was true at some moment
 * during the call; while other processes acquire and release locks, the facts of a
 * list may be of different moments.
 */

/** The space has been unlinked. */
#define LOCKMGR_SPACE_IS_UNLINKED	(1U << 0)

/**
 * struct lockmgr_space_info - facts of a space
 * @size: sizeof(struct lockmgr_space_info), set by the caller
 * @flags: LOCKMGR_SPACE_IS_* bits
 * @name: its name
 * @generation: a random number, made with the space: if it is not the one that
 *	you knew, the allocations that you made are gone
 * @owner: its owner
 * @group: its group
 * @mode: its permission bits
 * @capacity: number of ids
 * @allocated: how many of them are allocated
 * @clients: handles that have it open, in all processes
 */
struct lockmgr_space_info {
	uint32_t size;
	uint32_t flags;
	char     name[LOCKMGR_SPACE_NAME_SIZE];
	uint64_t generation;
	uid_t    owner;
	gid_t    group;
	uint32_t mode;
	uint32_t capacity;
	uint32_t allocated;
	uint32_t clients;
};

/**
 * lockmgr_info() - facts of the space
 * @mgr: the handle
 * @info: receives them; @info->size must be set
 *
 * Return: 0 or a negative errno
 */
int lockmgr_info(struct lockmgr *mgr, struct lockmgr_space_info *info);

/** The id is allocated.  Filter bit too. */
#define LOCKMGR_LOCK_IS_ALLOCATED	(1U << 0)
/** Some client holds the lock.  Filter bit too. */
#define LOCKMGR_LOCK_IS_HELD		(1U << 1)
/** Some thread waits for the lock.  Filter bit too. */
#define LOCKMGR_LOCK_IS_WAITED		(1U << 2)
/** The last holder died, and nobody has acquired the lock since.  Filter bit too. */
#define LOCKMGR_LOCK_IS_DIED		(1U << 3)
/** The holder waits, directly or through others, for this very lock. */
#define LOCKMGR_LOCK_IS_DEADLOCKED	(1U << 4)

/**
 * struct lockmgr_lock_info - facts of one lock
 * @id: its number
 * @flags: LOCKMGR_LOCK_IS_* bits
 * @since: nanoseconds of CLOCK_MONOTONIC when the holder acquired it, by a clock that
 *	ticks every 1 to 10 ms; 0 if nobody holds it
 * @pid: the holder's process
 * @tid: the thread that acquired it
 * @waiters: number of threads that wait
 * @client: number of the handle that holds it, unique in the space; 0: nobody
 * @command: command name of the holder
 * @note: what the id stands for, see lockmgr_set_note(); empty if it has no note.  Can
 *	contain any bytes, and another user may have written it.  Programs compiled for
 *	version 0.1 use a struct without it, which their lockmgr_list() fills
 */
struct lockmgr_lock_info {
	uint32_t id;
	uint32_t flags;
	uint64_t since;
	pid_t    pid;
	pid_t    tid;
	uint32_t waiters;
	uint32_t client;
	char     command[LOCKMGR_COMMAND_SIZE];
	char     note[LOCKMGR_LOCK_NOTE_SIZE];
};

/** As a cursor: nothing follows. */
#define LOCKMGR_LIST_END	UINT64_MAX

/**
 * lockmgr_list() - list locks and their holders
 * @mgr: the handle
 * @filter: which: any of LOCKMGR_LOCK_IS_ALLOCATED, _HELD, _WAITED and, from module
 *	version 0.2 on, _DIED; a lock is listed if one of them applies
 * @cursor: where to begin: point it to 0 at first; receives where to go on, or
 *	LOCKMGR_LIST_END
 * @locks: receives the entries, in the order of their ids
 * @max: room in @locks, not 0
 * @count: receives the number of entries; may be less than @max, even 0, before
 *	the end is reached
 *
 * Return: 0 or a negative errno
 */
int lockmgr_list(struct lockmgr *mgr, uint32_t filter, uint64_t *cursor,
		 struct lockmgr_lock_info *locks, size_t max, size_t *count);

/**
 * lockmgr_held() - ids of the locks that are held now, by whomever
 * @mgr: the handle
 * @ids: receives the ids in ascending order; may be NULL if @max is 0
 * @max: room in @ids
 * @count: receives the number of locks that are held, even if that is more
 *	than @max
 *
 * Return: 0 or a negative errno
 */
int lockmgr_held(struct lockmgr *mgr, uint32_t *ids, size_t max, size_t *count);

/** The waiter waits, directly or through others, for itself. */
#define LOCKMGR_WAITER_IS_DEADLOCKED	(1U << 4)
/** The waiter has a deadline. */
#define LOCKMGR_WAITER_HAS_DEADLINE	(1U << 5)

/**
 * struct lockmgr_waiter_info - facts of a thread that waits
 * @since: nanoseconds of CLOCK_MONOTONIC when it began to wait
 * @pid: its process
 * @tid: its thread id
 * @client: number of its handle, unique in the space
 * @flags: LOCKMGR_WAITER_* bits
 * @command: its command name
 */
struct lockmgr_waiter_info {
	uint64_t since;
	pid_t    pid;
	pid_t    tid;
	uint32_t client;
	uint32_t flags;
	char     command[LOCKMGR_COMMAND_SIZE];
};

/**
 * lockmgr_list_waiters() - list who waits for a lock
 * @mgr: the handle
 * @id: the lock; may be beyond a capacity that was lowered while it was in use
 * @cursor: as lockmgr_list()
 * @waiters: receives the entries, in the order of the queue
 * @max: room in @waiters, not 0
 * @count: receives the number of entries; may be less than @max, even 0, before
 *	the end is reached
 *
 * Return: 0 or a negative errno
 */
int lockmgr_list_waiters(struct lockmgr *mgr, uint32_t id, uint64_t *cursor,
			 struct lockmgr_waiter_info *waiters, size_t max,
			 size_t *count);

/* ------------------------------------------------------------------------
 * Errors
 */

/**
 * lockmgr_strerror() - what an error means, and what can have caused it
 * @error: what a function of this library returned
 *
 * Text in English without a full stop, such as "all ids are allocated".  Each error
 * has one text; where functions mean different things by an error, the text names them.  Other
 * negative values give the C library's text, values that are not negative "success".
 * Thread-safe, and may be called from signal handlers.
 *
 * Return: the text, never NULL; static memory
 */
const char *lockmgr_strerror(int error);

/* ------------------------------------------------------------------------
 * Versions
 */

/**
 * struct lockmgr_module_info - facts of the module
 * @size: sizeof(struct lockmgr_module_info), set by the caller
 * @major: changes when something that programs rely on goes away
 * @minor: changes when something is added
 * @patch: changes otherwise
 * @features: LOCKMGR_HAS_* bits
 */
struct lockmgr_module_info {
	uint32_t size;
	uint32_t major;
	uint32_t minor;
	uint32_t patch;
	uint64_t features;
};

/** The module detects deadlocks. */
#define LOCKMGR_HAS_DEADLOCK	(1ULL << 0)
/** Locks of private spaces are taken without a system call. */
#define LOCKMGR_HAS_MAP		(1ULL << 1)
/** Locks are released when their process ends, even if a child has the file. */
#define LOCKMGR_HAS_PROCESS_END	(1ULL << 2)
/** lockmgr_lock_interruptible() works. */
#define LOCKMGR_HAS_INTERRUPTIBLE	(1ULL << 3)
/** Allocated ids can have notes. */
#define LOCKMGR_HAS_NOTES		(1ULL << 4)

/**
 * lockmgr_module() - version and features of the module
 * @device: path of the device; NULL: "/dev/lockmgr"
 * @info: receives them; @info->size must be set
 *
 * Works whatever the module's version is.  Thread-safe.
 *
 * Return: 0, or
 *   -EACCES	the device's permissions do not allow it
 *   -EINVAL	@info is NULL or its size is not acceptable
 *   -EMFILE, -ENFILE  too many open files
 *   -ENODEV	no such device
 *   -ENOMEM	no memory
 *   -EPROTONOSUPPORT  the device is not lockmgr's
 */
int lockmgr_module(const char *device, struct lockmgr_module_info *info);

/**
 * lockmgr_version() - version of the library
 *
 * Return: "major.minor.patch"; static memory
 */
const char *lockmgr_version(void);

#ifdef __cplusplus
}
#endif

#endif /* LOCKMGR_H */
