# SPDX-License-Identifier: LGPL-2.1-or-later
"""Handles and locks.

A handle must not be used while or after it is closed: the library would use memory that
it has freed.  So each call enters itself in _calls before it reads the pointer from _open,
and close() removes the pointer from _open before it looks into _calls.  Adding to a set and
popping from a list are atomic, so at least one of the two sees the other.  There is no
mutex, since a fork could leave a mutex locked for ever in the child.
"""

from __future__ import annotations

import ctypes
import enum
import errno
import math
import operator
import os
import threading
import time
import warnings
import weakref
from types import TracebackType
from typing import Any, Callable, List, Optional, Set, Type, Union

from . import _native
from ._errors import OwnerDied, error_of
from ._facts import (
    Features,
    LockFlags,
    LockInfo,
    ModuleInfo,
    SpaceInfo,
    WaiterInfo,
    lock_info,
    module_info,
    space_info,
    waiter_info,
)

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

_library = _native.library

# How many entries the library is asked for at once.
_BATCH_SIZE = 64

# A longer time-out counts as none: the deadline might not fit into a time_t of 32 bits.
_TIMEOUT_MAX = 10**9


class Outcome(enum.Enum):
    """How a lock was acquired, from Handle.acquire()."""

    ACQUIRED = 0
    """The lock is held."""
    OWNER_DIED = _native.OWNER_DIED
    """The lock is held, and its former holder ended without releasing it: check what the
    lock protects.  Only one acquire() returns this."""


def _fits(number: int) -> bool:
    """Whether a number fits into 32 bits without a sign; ctypes would truncate others."""
    return 0 <= number < 2**32


def _number(value: int, operation: str, space: str) -> int:
    number = operator.index(value)
    if not _fits(number):
        raise error_of(errno.EINVAL, operation, space)
    return number


def _lock_number(id: int, operation: str, space: str) -> int:
    number = operator.index(id)
    if not _fits(number):
        raise error_of(errno.EINVAL, operation, space, number)
    return number


def _c_string(text: Union[str, bytes], operation: str, space: str = "") -> bytes:
    string = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    if b"\0" in string:
        raise error_of(errno.EINVAL, operation, space)
    return string


def _device(device: Optional[Path], operation: str, space: str = "") -> Optional[bytes]:
    return None if device is None else _c_string(os.fsencode(device), operation, space)


def _user_or_group(value: Optional[int], operation: str, space: str) -> int:
    if value is None:
        return _native.ID_CALLER
    number = _number(value, operation, space)
    if number == _native.ID_CALLER:
        raise error_of(errno.EINVAL, operation, space)
    return number


def _deadline(timeout: float, operation: str, space: str) -> Optional[_native.timespec]:
    """The absolute deadline, or None if it is too far away to matter."""
    if math.isnan(timeout):
        raise error_of(errno.EINVAL, operation, space)
    if timeout > _TIMEOUT_MAX:
        return None
    at = time.monotonic_ns() + int(max(timeout, 0) * 10**9)
    return _native.timespec(at // 10**9, at % 10**9)


def _is_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


class Handle:
    """An open space, from open().

    As a context manager, it closes itself at the end of the block.

    The handle owns the locks, not the thread: any thread may release what another one
    acquired.  Locks are not recursive: a thread that acquires a lock twice waits for
    itself, unless the handle was opened with detect_deadlock=True.

    Any number of threads may use a handle at once.  A handle does not survive a fork: in
    the child every method but close() raises Forked.  Any method may raise, besides the
    errors that it names: BadHandle, Forked, InvalidArgument, and Error with ENOMEM.
    """

    # All handles of this process; after a fork, the child's copies.
    _all: "weakref.WeakSet[Handle]" = weakref.WeakSet()

    def __init__(self, space: str, options: _native.lockmgr_options) -> None:
        pointer = ctypes.c_void_p()
        name = _c_string(space, "open", space)
        result = _library.lockmgr_open(ctypes.byref(pointer), name, ctypes.byref(options))
        if result:
            raise error_of(-result, "open", space)
        self._space = space
        self._device: Optional[bytes] = options.device
        self._pid = os.getpid()
        # The pointer; empty if the handle is closed.
        self._open: List[Optional[int]] = [pointer.value]
        # One object for each call that is under way.
        self._calls: Set[object] = set()
        # Held by a thread that begins a call, or closes the handle: so a close that fails
        # because of a call is never seen by another. Recursive, since a signal's handler may
        # do the same in between; what it does is complete when the thread goes on.
        self._guard = threading.RLock()
        Handle._all.add(self)

    def __repr__(self) -> str:
        closed = "" if self._open else " (closed)"
        return f"<lockmgr.Handle of space {self._space!r}{closed}>"

    def __enter__(self) -> "Handle":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_open", None):
            return
        # In a child the handle is a copy of the parent's: the child need not close it.
        if self._pid == os.getpid():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
        self.close()

    def _ask(self, function: Any, operation: str, *arguments: Any) -> int:
        """Call a function of the library with this handle, and return its result."""
        call = object()
        try:
            with self._guard:
                self._calls.add(call)
                pointer = self._open[:1]
            if not pointer:
                raise error_of(errno.EBADF, operation, self._space)
            result: int = function(pointer[0], *arguments)
            return result
        finally:
            self._calls.discard(call)

    def _call(
        self, function: Any, operation: str, *arguments: Any, id: Optional[int] = None
    ) -> int:
        """As _ask(), but raise the exception for the errno if the function fails."""
        if id is not None:
            arguments = (_lock_number(id, operation, self._space), *arguments)
        result = self._ask(function, operation, *arguments)
        if result < 0:
            raise error_of(-result, operation, self._space, id)
        return result

    def close(self) -> None:
        """Close the handle.  It does nothing if the handle is closed already.

        Closing releases the locks that the handle holds, and their next holders learn that
        the holder died: release them first, unless the next holders should learn that.  In
        a child of the process that opened the handle, it only frees the child's copy, and
        the parent keeps its locks.

        Raises:
            Busy: another thread is in a call on the handle; the handle stays open.
        """
        with self._guard:
            if self._open and self._calls:
                raise error_of(errno.EBUSY, "close", self._space)
            try:
                pointer = self._open.pop()
            except IndexError:
                return
        _library.lockmgr_close(pointer)

    @property
    def closed(self) -> bool:
        """Whether the handle is closed."""
        return not self._open

    @property
    def space(self) -> str:
        """The name under which the space was opened."""
        return self._space

    def fileno(self) -> int:
        """The handle's file descriptor, 3 or higher.

        Pass it on to executed programs (inherit=True), or spare it in a program that closes
        all descriptors.  It belongs to the handle: do not close it.  It cannot be polled.
        """
        return self._call(_library.lockmgr_fd, "find the descriptor of")

    # ------------------------------------------------------------------------
    # Allocation

    def allocate(self, note: Optional[str] = None) -> int:
        """Allocate the lowest free id, and return it.

        Args:
            note: what the id stands for, as in set_note().

        Raises:
            NoFreeId: all ids are allocated.
            QuotaExceeded: the owner of the space has as many locks in use as are allowed.
            InvalidArgument: the note is longer than 63 bytes.
            NotSupported: the module has no notes.
        """
        id = ctypes.c_uint32()
        if note is None:
            self._call(_library.lockmgr_allocate, "allocate in", ctypes.byref(id))
        else:
            text = _c_string(note, "allocate in", self._space)
            self._call(_library.lockmgr_allocate_noted, "allocate in", ctypes.byref(id), text)
        return id.value

    def allocate_id(self, id: int, note: Optional[str] = None) -> None:
        """Allocate a given id: for programs that make their allocations again after a reboot.

        Raises:
            AlreadyExists: the id is allocated already, and keeps its note.
            Others as allocate().
        """
        if note is None:
            self._call(_library.lockmgr_allocate_id, "allocate", id=id)
        else:
            text = _c_string(note, "allocate", self._space)
            self._call(_library.lockmgr_allocate_id_noted, "allocate", text, id=id)

    def set_note(self, id: int, note: str) -> None:
        """Note what an allocated id stands for: "container web-1".

        The note replaces the one that the id has, and goes when the id is freed.  Whoever
        may use the space can set it; whoever may inspect the space can read it (list()).

        Args:
            note: up to 63 bytes in UTF-8; "" removes the note.

        Raises:
            NotFound: the id is not allocated.
            InvalidArgument: the note is longer than 63 bytes.
            NotSupported: the module has no notes.
        """
        text = _c_string(note, "set the note of", self._space)
        self._call(_library.lockmgr_set_note, "set the note of", text, id=id)

    def retrieve(self, id: int) -> bool:
        """Whether an id is allocated.  If it is not, its lock can be used all the same.

        Raises:
            InvalidArgument: the id is not below the capacity.
        """
        return self._call(_library.lockmgr_retrieve, "retrieve", id=id) == 1

    def is_allocated(self, id: int) -> bool:
        """Another name for retrieve()."""
        return self.retrieve(id)

    def free(self, id: int) -> None:
        """Free an id, so that it may be allocated again.  Its note goes.

        The lock stays as it is: processes that know the id can still use it.

        Raises:
            NotFound: the id is not allocated.
        """
        self._call(_library.lockmgr_free, "free", id=id)

    def free_all(self) -> None:
        """Free every id of the space.  Locks that are held stay held.  All notes go.

        Raises:
            NotPermitted: only the owner of the space and CAP_SYS_ADMIN may do this.
        """
        self._call(_library.lockmgr_free_all, "free all of")

    def available(self) -> int:
        """The number of ids that are not allocated."""
        count = ctypes.c_uint32()
        self._call(_library.lockmgr_available, "count", ctypes.byref(count))
        return count.value

    def set_capacity(self, capacity: int) -> None:
        """Change the number of ids of the space; 0: the most that is allowed.

        A lock beyond the new capacity that is held or waited for goes on until it is
        released.

        Raises:
            Busy: an id beyond the new capacity is allocated.
            InvalidArgument: capacity is more than the module allows.
            NotPermitted: only the owner of the space and CAP_SYS_ADMIN may do this.
        """
        operation = "set the capacity of"
        number = _number(capacity, operation, self._space)
        self._call(_library.lockmgr_set_capacity, operation, number)

    # ------------------------------------------------------------------------
    # Locking

    def lock(
        self,
        id: int,
        timeout: Optional[float] = None,
        recover: Optional[Callable[["Lock"], object]] = None,
    ) -> "Lock":
        """The lock with a given id, as a context manager.  Nothing is acquired yet.

        Args:
            id: the lock, whether it is allocated or not.
            timeout: how many seconds each acquire() waits; None: indefinitely.
            recover: what to call if the former holder died; see Lock.
        """
        return Lock(self, id, timeout, recover)

    def acquire(self, id: int, timeout: Optional[float] = None) -> Outcome:
        """Acquire a lock.  Waiting is starvation-free, and other threads run meanwhile.

        In the main thread, Python's signal handlers run during the wait, if the module has
        Features.INTERRUPTIBLE.  If a handler raises an exception (KeyboardInterrupt), the
        lock is not acquired.  Otherwise the wait continues to the same deadline, from the
        end of the queue.  In other threads, signals neither end nor delay a wait.

        Args:
            id: the lock, whether it is allocated or not.
            timeout: how many seconds to wait; None: indefinitely; 0 or less: do not wait,
                and acquire the lock only if it is free.

        Returns:
            How the lock was acquired.  Either way it is held.

        Raises:
            TimedOut: the lock was not acquired in time.
            Deadlock: waiting would close a cycle (detect_deadlock=True).
            QuotaExceeded: the owner of the space has as many locks in use as are allowed.
            InvalidArgument: the id is not below the capacity, or the time-out is NaN.
        """
        deadline = None if timeout is None else _deadline(timeout, "acquire", self._space)
        number = _lock_number(id, "acquire", self._space)
        result = self._wait(number, deadline and ctypes.byref(deadline))
        if result < 0:
            raise error_of(-result, "acquire", self._space, id)
        return Outcome(result)

    def _wait(self, id: int, deadline: Any) -> int:
        # Python's handlers run only in the main thread.  If signals interrupted the wait of
        # another thread, it would lose its place in the queue for nothing.
        if _is_main_thread():
            result = -errno.EINTR
            # Between two calls Python runs its handlers, which may raise.
            while result == -errno.EINTR:
                result = self._ask(_library.lockmgr_lock_interruptible, "acquire", id, deadline)
            if result != -errno.EINVAL or self._is_interruptible():
                return result
        if deadline is None:
            return self._ask(_library.lockmgr_lock, "acquire", id)
        return self._ask(_library.lockmgr_timedlock, "acquire", id, deadline)

    def _is_interruptible(self) -> bool:
        return Features.INTERRUPTIBLE in module(self._device).features

    def try_acquire(self, id: int) -> Outcome:
        """Acquire a lock if nobody holds it.  Does not wait.

        Raises:
            Busy: the lock is held.
            QuotaExceeded, InvalidArgument: as acquire().
        """
        return Outcome(self._call(_library.lockmgr_trylock, "acquire", id=id))

    def release(self, id: int) -> None:
        """Release a lock.  The next holder sees everything that was written before.

        Raises:
            NotPermitted: this handle does not hold the lock.
        """
        self._call(_library.lockmgr_unlock, "release", id=id)

    # ------------------------------------------------------------------------
    # Inspection.  Each fact was true at some moment during the call.  A list as a whole may
    # never have been true at one moment, since other processes go on meanwhile.

    def info(self) -> SpaceInfo:
        """Facts of the space."""
        facts = _native.lockmgr_space_info(size=ctypes.sizeof(_native.lockmgr_space_info))
        self._call(_library.lockmgr_info, "inspect", ctypes.byref(facts))
        return space_info(facts)

    def held(self) -> List[int]:
        """Ids of the locks that any handle of any process holds now, in ascending order."""
        room = _BATCH_SIZE
        while True:
            ids = (ctypes.c_uint32 * room)()
            count = ctypes.c_size_t()
            self._call(_library.lockmgr_held, "inspect", ids, room, ctypes.byref(count))
            if count.value <= room:
                return ids[: count.value]
            room = 2 * count.value

    def waiters(self, id: int) -> List[WaiterInfo]:
        """The threads that wait for a lock, in the order of the queue."""
        number = _lock_number(id, "inspect", self._space)
        entries = self._entries(
            _library.lockmgr_list_waiters, number, _native.lockmgr_waiter_info
        )
        return [waiter_info(entry) for entry in entries]

    def list(
        self, filter: LockFlags = LockFlags.ALLOCATED | LockFlags.HELD | LockFlags.WAITED
    ) -> List[LockInfo]:
        """Locks and their holders, in the order of the ids.

        Args:
            filter: any of ALLOCATED, HELD, WAITED and, from module version 0.2 on, DIED; a
                lock is listed if one of them applies.
        """
        number = _number(filter, "inspect", self._space)
        entries = self._entries(_library.lockmgr_list, number, _native.lockmgr_lock_info)
        return [lock_info(entry) for entry in entries]

    def _entries(self, function: Any, number: int, kind: Any) -> List[Any]:
        cursor = ctypes.c_uint64()
        count = ctypes.c_size_t()
        found: List[Any] = []
        while cursor.value != _native.LIST_END:
            batch = (kind * _BATCH_SIZE)()
            self._call(
                function,
                "inspect",
                number,
                ctypes.byref(cursor),
                batch,
                _BATCH_SIZE,
                ctypes.byref(count),
            )
            found += batch[: count.value]
        return found


class Lock:
    """One lock of a space, from Handle.lock().

    As a context manager, it is held during the block.  The object has no state: it may be
    used again, and by any number of threads at once.

    When the former holder ended without releasing the lock, what the lock protects may be
    half done, and only the next holder learns of it.  acquire() then calls `recover(lock)`
    with the lock held; if that raises, acquire() releases the lock.  Without `recover`,
    acquire() releases the lock and raises OwnerDied.  If the death does not matter to a
    program, it passes `recover=lambda lock: None`.
    """

    __slots__ = ("_handle", "_id", "_recover", "_timeout")

    def __init__(
        self,
        handle: Handle,
        id: int,
        timeout: Optional[float],
        recover: Optional[Callable[["Lock"], object]],
    ) -> None:
        self._handle = handle
        self._id = _lock_number(id, "acquire", handle.space)
        self._timeout = timeout
        self._recover = recover

    def __repr__(self) -> str:
        return f"<lockmgr.Lock {self._id} of space {self._handle.space!r}>"

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.release()

    @property
    def handle(self) -> Handle:
        """The handle that acquires and releases it."""
        return self._handle

    @property
    def id(self) -> int:
        """Its number."""
        return self._id

    def acquire(self) -> None:
        """Acquire the lock, as Handle.acquire() does, with this object's time-out.

        If it raises, the lock is not held.

        Raises:
            OwnerDied: the former holder died, and there is no `recover`.
            Others as Handle.acquire(), and what `recover` raises.
        """
        self._check(self._handle.acquire(self._id, self._timeout))

    def try_acquire(self) -> None:
        """Acquire the lock if nobody holds it.

        Raises:
            OwnerDied: as acquire().
            Busy: the lock is held.
        """
        self._check(self._handle.try_acquire(self._id))

    def _check(self, outcome: Outcome) -> None:
        if outcome is not Outcome.OWNER_DIED:
            return
        try:
            if self._recover is None:
                died = OwnerDied(
                    errno.EOWNERDEAD, None, "acquire", self._handle.space, self._id
                )
                died.lock = self
                raise died
            self._recover(self)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Release the lock, as Handle.release() does."""
        self._handle.release(self._id)


def _forget_calls() -> None:
    # The child does not have the threads that made these calls, or began one.
    for handle in Handle._all:
        handle._calls.clear()
        handle._guard = threading.RLock()


os.register_at_fork(after_in_child=_forget_calls)


def open(
    space: str,
    *,
    create: Optional[bool] = None,
    exclusive: bool = False,
    readonly: bool = False,
    writeonly: bool = False,
    detect_deadlock: bool = False,
    no_map: bool = False,
    inherit: bool = False,
    capacity: int = 0,
    mode: int = 0,
    owner: Optional[int] = None,
    group: Optional[int] = None,
    device: Optional[Path] = None,
) -> Handle:
    """Open a space.  Does not wait.  Any thread may call it.

    Args:
        space: its name: 1 to 63 characters of A-Za-z0-9._-, not starting with a dot.
        create: make the space if it is missing; None: True, unless readonly is set.
        exclusive: with create: fail if the space exists.
        readonly: inspect only; needs read permission.
        writeonly: use without inspecting; needs write permission, not read permission.
        detect_deadlock: calls that would close a cycle of waiting threads raise Deadlock.
        no_map: acquire and release every lock through the kernel.  By default, if only the
            owner may use the space, uncontended locks are acquired and released in memory
            that the owner's processes share, without a system call; there, a buggy program
            could harm the others of the same user.
        inherit: forked children and executed programs keep the file, and the locks stay
            held until the last of them closes it or ends.  By default the locks are
            released when this process ends.  subprocess closes all descriptors that
            pass_fds does not name: name the handle's there.
        capacity: when creating: number of ids; 0: the most that is allowed.
        mode: when creating: permission bits, as on a file; 0: 0o600.
        owner: user id of the space's owner; None: the caller.
        group: when creating: group id of the space; None: the caller's.
        device: path of the device; None: /dev/lockmgr.

    Raises:
        AccessDenied: the permissions of the device or of the space do not allow it.
        AlreadyExists: exclusive, and the space exists.
        InvalidArgument: a name, mode, capacity or combination that is not acceptable.
        NoDevice: the module is not loaded.
        NotFound: there is no such space, and create is not set.
        NotPermitted: creating a space for another user, or for a group that the caller is
            not in, takes CAP_SYS_ADMIN.
        QuotaExceeded: when creating: that user has as many spaces as are allowed.
        TooManyClients: as many handles as are allowed have the space open.
        WrongModule: the module's major version is not the library's, or the device is not
            lockmgr's.
        Error: with EMFILE, ENFILE or ENOMEM.
    """
    flags = 0
    for bit, wanted in (
        (_native.OPEN_CREATE, not readonly if create is None else create),
        (_native.OPEN_EXCL, exclusive),
        (_native.OPEN_READONLY, readonly),
        (_native.OPEN_WRITEONLY, writeonly),
        (_native.OPEN_DETECT_DEADLOCK, detect_deadlock),
        (_native.OPEN_NO_MAP, no_map),
        (_native.OPEN_INHERIT, inherit),
    ):
        flags |= bit if wanted else 0
    options = _native.lockmgr_options(
        size=ctypes.sizeof(_native.lockmgr_options),
        flags=flags,
        capacity=_number(capacity, "open", space),
        mode=_number(mode, "open", space),
        owner=_user_or_group(owner, "open", space),
        group=_user_or_group(group, "open", space),
        device=_device(device, "open", space),
    )
    return Handle(space, options)


def unlink(space: str, *, owner: Optional[int] = None, device: Optional[Path] = None) -> None:
    """Remove the name of a space.  Any thread may call it.

    Handles that are open still work; a new space may be created under the name at once.  The
    space is freed when its last handle is closed.

    Args:
        space: its name.
        owner: user id of the space's owner; None: the caller.
        device: path of the device; None: /dev/lockmgr.

    Raises:
        NotFound: there is no such space.
        NotPermitted: the space is another user's, and the caller lacks CAP_SYS_ADMIN.
        AccessDenied, InvalidArgument, NoDevice, WrongModule, Error: as open().
    """
    options = _native.lockmgr_options(
        size=ctypes.sizeof(_native.lockmgr_options),
        owner=_user_or_group(owner, "unlink", space),
        group=_native.ID_CALLER,
        device=_device(device, "unlink", space),
    )
    name = _c_string(space, "unlink", space)
    result = _library.lockmgr_unlink(name, ctypes.byref(options))
    if result:
        raise error_of(-result, "unlink", space)


def module(device: Optional[Path] = None) -> ModuleInfo:
    """Version and features of the loaded module.  Works whatever its version is.

    Args:
        device: path of the device; None: /dev/lockmgr.

    Raises:
        NoDevice: the module is not loaded.
        AccessDenied, WrongModule, Error: as open().
    """
    operation = "read the version of the module"
    facts = _native.lockmgr_module_info(size=ctypes.sizeof(_native.lockmgr_module_info))
    result = _library.lockmgr_module(_device(device, operation), ctypes.byref(facts))
    if result:
        raise error_of(-result, operation)
    return module_info(facts)


def library_version() -> str:
    """Version of the C library: "major.minor.patch"."""
    version: bytes = _library.lockmgr_version()
    return version.decode()
