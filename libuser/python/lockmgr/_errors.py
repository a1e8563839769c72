# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exceptions: one class for each errno that a program may want to distinguish."""

from __future__ import annotations

import errno as _errno
import os
from typing import TYPE_CHECKING, Dict, Optional, Type

if TYPE_CHECKING:
    from ._handle import Lock


class Error(OSError):
    """A call failed, and has changed nothing.  OwnerDied is the exception: see there.

    Attributes:
        errno: the error's number, as in the module errno.
        strerror: what it means.
        operation: what failed, such as "acquire".
        space: name of the space; "" if the error is not about one.
        id: the lock; None if the error is not about one.
    """

    operation: str
    space: str
    id: Optional[int]

    # The text for the errno, where the system's text would mislead.
    _meaning: Optional[str] = None

    def __init__(
        self,
        errno: int,
        strerror: Optional[str] = None,
        operation: str = "",
        space: str = "",
        id: Optional[int] = None,
    ) -> None:
        super().__init__(errno, strerror or self._meaning or os.strerror(errno))
        self.operation = operation
        self.space = space
        self.id = id

    def __str__(self) -> str:
        what = self.operation or "lockmgr"
        if self.id is not None:
            what += f" lock {self.id}"
        if self.space:
            what += f" of space {self.space!r}" if self.id is not None else f" space {self.space!r}"
        return f"[Errno {self.errno}] {what}: {self.strerror}"


class AccessDenied(Error, PermissionError):
    """EACCES: the permissions of the device or of the space do not allow it."""


class AlreadyExists(Error, FileExistsError):
    """EEXIST: the space exists, or the id is allocated already."""

    _meaning = "already exists, or is allocated already"


class BadHandle(Error):
    """EBADF: the handle is closed, or was opened only for inspection or only for use
    (readonly, writeonly).

    Or something else in the program has closed the handle's descriptor: close the handle
    and open another one; other clients may have acquired its locks meanwhile.
    """

    _meaning = "the handle is closed, or was not opened for this kind of call"


class Busy(Error):
    """EBUSY: the lock is held; an id beyond the new capacity is allocated; or, from
    Handle.close(), another thread is in a call on the handle."""

    _meaning = "in use"


class Deadlock(Error):
    """EDEADLK: waiting would close a cycle of waiting threads (detect_deadlock=True)."""

    _meaning = "waiting would close a cycle of waiting threads"


class Forked(Error, ChildProcessError):
    """ECHILD: the handle was opened by the parent process.  Open another one."""

    _meaning = "the handle was opened by the parent process"


class InvalidArgument(Error, ValueError):
    """EINVAL: an argument is not acceptable: an id that is not below the capacity, a bad
    name, a note that is too long, options that exclude each other."""


class NoDevice(Error):
    """ENODEV: there is no such device: the module is not loaded."""

    _meaning = "no such device: the module is not loaded"


class NoFreeId(Error):
    """ENOSPC: all ids of the space are allocated."""

    _meaning = "all ids are allocated"


class NotFound(Error, FileNotFoundError):
    """ENOENT: there is no such space, or the id is not allocated."""

    _meaning = "no such space, or not allocated"


class NotPermitted(Error, PermissionError):
    """EPERM: this handle does not hold the lock that it should release; or only the owner
    of the space and CAP_SYS_ADMIN may do this."""

    _meaning = "the handle does not hold the lock, or only the space's owner may do this"


class NotSupported(Error):
    """EOPNOTSUPP: the loaded module is of a version that cannot do this."""

    _meaning = "the loaded module cannot do this"


class QuotaExceeded(Error):
    """EDQUOT: a limit of the space's owner is reached: of spaces, or of locks in use."""

    _meaning = "a limit of the space's owner is reached"


class TimedOut(Error, TimeoutError):
    """ETIMEDOUT: the lock was not acquired in time."""


class TooManyClients(Error):
    """EUSERS: as many handles as are allowed have the space open."""

    _meaning = "as many handles as are allowed have the space open"


class WrongModule(Error):
    """EPROTONOSUPPORT: the module's major version is not the library's, or the device is
    not lockmgr's."""

    _meaning = "the module's major version is not the library's, or the device is not lockmgr's"


class OwnerDied(Error):
    """EOWNERDEAD: the former holder of the lock ended without releasing it.

    Only a Lock without `recover` raises this.  It has acquired the lock and released it
    again.  No later holder gets this news: check what the lock protects.

    Attributes:
        lock: the Lock.  None in a copy that another process has unpickled.
    """

    lock: Optional["Lock"] = None
    _meaning = "the former holder died: check what the lock protects"

    def __reduce__(self) -> "tuple[object, ...]":
        state = {name: value for name, value in self.__dict__.items() if name != "lock"}
        return (type(self), self.args, state)


_classes: Dict[int, Type[Error]] = {
    _errno.EACCES: AccessDenied,
    _errno.EBADF: BadHandle,
    _errno.EBUSY: Busy,
    _errno.ECHILD: Forked,
    _errno.EDEADLK: Deadlock,
    _errno.EDQUOT: QuotaExceeded,
    _errno.EEXIST: AlreadyExists,
    _errno.EINVAL: InvalidArgument,
    _errno.ENODEV: NoDevice,
    _errno.ENOENT: NotFound,
    _errno.ENOSPC: NoFreeId,
    _errno.EOPNOTSUPP: NotSupported,
    _errno.EOWNERDEAD: OwnerDied,
    _errno.EPERM: NotPermitted,
    _errno.EPROTONOSUPPORT: WrongModule,
    _errno.ETIMEDOUT: TimedOut,
    _errno.EUSERS: TooManyClients,
}


def error_of(code: int, operation: str, space: str = "", id: Optional[int] = None) -> Error:
    """The exception for an errno; Error itself for ENOMEM, EMFILE and other rare ones."""
    return _classes.get(code, Error)(code, None, operation, space, id)
