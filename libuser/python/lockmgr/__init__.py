# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inter-process mutexes, managed by the lockmgr kernel module.

A space is a named set of numbered locks that outlives processes.  Any process that may
use the space opens it by name and identifies a lock by its number.  When a holder dies,
the kernel releases its locks and tells the next holder.

    import lockmgr

    def repair(lock):
        ...                             # the former holder died: what it did may be half done

    with lockmgr.open("example") as space:
        id = space.allocate("container web-1")
        with space.lock(id, timeout=2.5, recover=repair):
            ...                         # nobody else holds the lock
        space.free(id)

Objects

    open() returns a Handle, which has all operations on a space; Handle.lock() returns a
    Lock, which is acquired for a `with` block.  Handle.acquire() and release() are the same
    without the block, and acquire() returns an Outcome instead of raising OwnerDied.

Errors

    Every exception is an Error, which is an OSError, of a class of its own for each errno
    that matters, and of Python's class for it: NotFound is a FileNotFoundError, TimedOut a
    TimeoutError.  A call that raises has changed nothing; if it was to acquire a lock, the
    lock is not held.

Time

    Time-outs are seconds, fractions included.  Moments are nanoseconds of CLOCK_MONOTONIC,
    as time.monotonic_ns() has them.

Threads

    Any number of threads may use a handle at once, and any thread may release what another
    acquired.  A handle is not closed while another thread is in a call: Handle.close()
    raises Busy.  A waiting thread lets other threads run.  An asyncio program waits in a
    thread: `await asyncio.to_thread(space.acquire, id)`.

Signals

    In the main thread, Python's signal handlers run while it waits, so Ctrl-C ends the
    wait.  A signal that arrives just before the wait begins may be handled only after it.
    An exception that a signal handler raises just after the lock was acquired leaves it
    held until the handle is closed, as it would any lock of Python code.

Processes

    A handle does not survive a fork: in the child (os.fork, multiprocessing with the start
    method "fork") it raises Forked; the child opens a handle of its own.  Executed programs
    do not have it either.  open(inherit=True) changes for whom the locks stay held, not who
    can use the handle.

    A handle that is no longer referenced is closed, with a ResourceWarning.  That
    releases the locks that it holds, and the next holders learn that the holder died.

The package needs the C library, liblockmgr.so.1.  See lockmgr(7) and liblockmgr(3).
"""

from ._errors import (
    AccessDenied,
    AlreadyExists,
    BadHandle,
    Busy,
    Deadlock,
    Error,
    Forked,
    InvalidArgument,
    NoDevice,
    NoFreeId,
    NotFound,
    NotPermitted,
    NotSupported,
    OwnerDied,
    QuotaExceeded,
    TimedOut,
    TooManyClients,
    WrongModule,
)
from ._facts import (
    Features,
    LockFlags,
    LockInfo,
    ModuleInfo,
    SpaceFlags,
    SpaceInfo,
    WaiterFlags,
    WaiterInfo,
)
from ._handle import Handle, Lock, Outcome, library_version, module, open, unlink

__version__ = "0.1.0"

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "BadHandle",
    "Busy",
    "Deadlock",
    "Error",
    "Features",
    "Forked",
    "Handle",
    "InvalidArgument",
    "Lock",
    "LockFlags",
    "LockInfo",
    "ModuleInfo",
    "NoDevice",
    "NoFreeId",
    "NotFound",
    "NotPermitted",
    "NotSupported",
    "Outcome",
    "OwnerDied",
    "QuotaExceeded",
    "SpaceFlags",
    "SpaceInfo",
    "TimedOut",
    "TooManyClients",
    "WaiterFlags",
    "WaiterInfo",
    "WrongModule",
    "library_version",
    "module",
    "open",
    "unlink",
]
