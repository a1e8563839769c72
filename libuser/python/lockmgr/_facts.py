# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts of a space, its locks, their waiters and the module, as Python objects."""

from __future__ import annotations

import enum
from typing import NamedTuple

from . import _native


class SpaceFlags(enum.IntFlag):
    """Facts of a space."""

    UNLINKED = 1 << 0
    """The space has been unlinked."""


class LockFlags(enum.IntFlag):
    """Facts of a lock; the first four are filters for Handle.list(), too."""

    ALLOCATED = 1 << 0
    """The id is allocated."""
    HELD = 1 << 1
    """Some handle holds the lock."""
    WAITED = 1 << 2
    """Some thread waits for the lock."""
    DIED = 1 << 3
    """The last holder died, and nobody has acquired the lock since."""
    DEADLOCKED = 1 << 4
    """The holder waits, directly or through others, for this very lock."""


class WaiterFlags(enum.IntFlag):
    """Facts of a waiter."""

    DEADLOCKED = 1 << 4
    """The waiter waits, directly or through others, for itself."""
    HAS_DEADLINE = 1 << 5
    """The waiter has a deadline."""


class Features(enum.IntFlag):
    """What the loaded module can do."""

    DEADLOCK = 1 << 0
    """It detects deadlocks."""
    MAP = 1 << 1
    """Locks of private spaces are acquired without a system call."""
    PROCESS_END = 1 << 2
    """Locks are released when their process ends, even if a child has the file."""
    INTERRUPTIBLE = 1 << 3
    """A signal handler can end a wait."""
    NOTES = 1 << 4
    """Allocated ids can have notes."""


class SpaceInfo(NamedTuple):
    """Facts of a space, from Handle.info()."""

    name: str
    """Its name."""
    flags: SpaceFlags
    """More facts."""
    generation: int
    """A random number, made with the space: if it is not the one that you knew, the
    allocations that you made are gone."""
    owner: int
    """User id of its owner."""
    group: int
    """Its group id."""
    mode: int
    """Its permission bits."""
    capacity: int
    """Number of ids."""
    allocated: int
    """How many of them are allocated."""
    clients: int
    """Handles that have it open, in all processes."""


class LockInfo(NamedTuple):
    """Facts of a lock, from Handle.list().

    Process and thread ids are those of the caller's PID namespace, 0 where it does not
    show the task or the task is gone.
    """

    id: int
    """Its number."""
    flags: LockFlags
    """More facts: `LockFlags.HELD in info.flags`."""
    since: int
    """When the holder acquired it, in nanoseconds as time.monotonic_ns(), by a clock that
    ticks every 1 to 10 ms; 0 if nobody holds it."""
    pid: int
    """The holder's process."""
    tid: int
    """The thread that acquired it, as threading.get_native_id(); 0 where it is not known."""
    waiters: int
    """Number of threads that wait."""
    client: int
    """Number of the handle that holds it, unique in the space; 0: nobody."""
    command: str
    """Command name of the holder."""
    note: str
    """What the id stands for; "" if it has no note.  Other users may have written it:
    escape it where you print it.  Bytes that are not UTF-8 appear as surrogates, as in file
    names (PEP 383)."""


class WaiterInfo(NamedTuple):
    """Facts of a thread that waits, from Handle.waiters()."""

    since: int
    """When it began to wait, in nanoseconds as time.monotonic_ns()."""
    pid: int
    """Its process."""
    tid: int
    """Its thread id."""
    client: int
    """Number of its handle, unique in the space."""
    flags: WaiterFlags
    """More facts."""
    command: str
    """Its command name."""


class ModuleInfo(NamedTuple):
    """Version and features of the loaded module, from module()."""

    major: int
    """Changes when something that programs rely on goes away."""
    minor: int
    """Changes when something is added."""
    patch: int
    """Changes otherwise."""
    features: Features
    """What it can do: `Features.NOTES in info.features`."""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def space_info(facts: _native.lockmgr_space_info) -> SpaceInfo:
    return SpaceInfo(
        name=_text(facts.name),
        flags=SpaceFlags(facts.flags),
        generation=facts.generation,
        owner=facts.owner,
        group=facts.group,
        mode=facts.mode,
        capacity=facts.capacity,
        allocated=facts.allocated,
        clients=facts.clients,
    )


def lock_info(facts: _native.lockmgr_lock_info) -> LockInfo:
    return LockInfo(
        id=facts.id,
        flags=LockFlags(facts.flags),
        since=facts.since,
        pid=facts.pid,
        tid=facts.tid,
        waiters=facts.waiters,
        client=facts.client,
        command=_text(facts.command),
        note=_text(facts.note),
    )


def waiter_info(facts: _native.lockmgr_waiter_info) -> WaiterInfo:
    return WaiterInfo(
        since=facts.since,
        pid=facts.pid,
        tid=facts.tid,
        client=facts.client,
        flags=WaiterFlags(facts.flags),
        command=_text(facts.command),
    )


def module_info(facts: _native.lockmgr_module_info) -> ModuleInfo:
    return ModuleInfo(
        major=facts.major,
        minor=facts.minor,
        patch=facts.patch,
        features=Features(facts.features),
    )
