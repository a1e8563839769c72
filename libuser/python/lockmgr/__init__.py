# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inter-process mutexes, managed by the lockmgr kernel module.

A space is a named set of numbered locks that outlives processes.  Any process that may
use the space opens it by name and identifies a lock by its number.  When a holder dies,
the kernel releases its locks and tells the next holder.

    import lockmgr

    def repair(lock):
        ...                             # the former holder died: check what the lock protects

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

    A call that fails raises an Error, which is an OSError.  Each errno that matters has a
    subclass, which is also of the class that Python has for the errno, if there is one:
    NotFound is a FileNotFoundError, TimedOut a TimeoutError.  A call that raises has changed
    nothing, except that OwnerDied is raised only once; a call that should acquire a lock and
    raises leaves the lock not held.

Time

    Time-outs are in seconds, fractions included.  Points in time are in nanoseconds of
    CLOCK_MONOTONIC, as time.monotonic_ns() returns them.

Threads

    Any number of threads may use a handle at once, and any thread may release what another
    acquired.  Handle.close() raises Busy while another thread is in a call on the handle.
    While a thread waits, other threads run.  In an asyncio program, wait in a thread:
    `await asyncio.to_thread(space.acquire, id)`.

Signals

    While the main thread waits, Python's signal handlers run, so Ctrl-C ends the wait.  (With
    a module that lacks Features.INTERRUPTIBLE, they run only after the wait.)  If a signal
    arrives just before the wait begins, its handler may run only after the wait.  If a signal
    handler raises an exception just after the lock was acquired, the lock stays held until
    the handle is closed, as with any lock of Python code.

Processes

    A handle does not survive a fork: in the child (os.fork, multiprocessing with the start
    method "fork") its methods raise Forked, and the child must open the space for itself.
    Executed programs do not inherit the handle either.  With open(inherit=True), the locks
    stay held while a child or an executed program has the file; still, only the process
    that opened the handle can use it.

    Python closes a handle that is no longer referenced, with a ResourceWarning.  That
    releases the locks that it holds, and their next holders learn that the holder died.

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
