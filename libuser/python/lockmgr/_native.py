# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library as ctypes sees it: structs and functions of include/lockmgr.h.

Nothing here checks arguments: ctypes silently truncates integers to their width, and a C
string ends at its first NUL.  The callers check.
"""

from __future__ import annotations

import ctypes
from typing import Any, Dict, List, Tuple

SONAME = "liblockmgr.so.1"

SPACE_NAME_SIZE = 64
COMMAND_SIZE = 16
LOCK_NOTE_SIZE = 64

OPEN_CREATE = 1 << 0
OPEN_EXCL = 1 << 1
OPEN_READONLY = 1 << 2
OPEN_DETECT_DEADLOCK = 1 << 3
OPEN_WRITEONLY = 1 << 4
OPEN_NO_MAP = 1 << 5
OPEN_INHERIT = 1 << 6

OWNER_DIED = 1
LIST_END = 2**64 - 1

# (uid_t)-1 and (gid_t)-1.
ID_CALLER = 2**32 - 1

# uid_t, gid_t and pid_t are 32 bits wide on every architecture of Linux.
uid_t = gid_t = ctypes.c_uint32
pid_t = ctypes.c_int32
# ctypes knows how wide it is from Python 3.12 on.
time_t: Any = getattr(ctypes, "c_time_t", ctypes.c_long)


class timespec(ctypes.Structure):
    _fields_ = [
        ("tv_sec", time_t),
        ("tv_nsec", ctypes.c_long),
    ]


class lockmgr_options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("capacity", ctypes.c_uint32),
        ("mode", ctypes.c_uint32),
        ("owner", uid_t),
        ("group", gid_t),
        ("device", ctypes.c_char_p),
    ]


class lockmgr_space_info(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("name", ctypes.c_char * SPACE_NAME_SIZE),
        ("generation", ctypes.c_uint64),
        ("owner", uid_t),
        ("group", gid_t),
        ("mode", ctypes.c_uint32),
        ("capacity", ctypes.c_uint32),
        ("allocated", ctypes.c_uint32),
        ("clients", ctypes.c_uint32),
    ]


class lockmgr_lock_info(ctypes.Structure):
    _fields_ = [
        ("id", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("since", ctypes.c_uint64),
        ("pid", pid_t),
        ("tid", pid_t),
        ("waiters", ctypes.c_uint32),
        ("client", ctypes.c_uint32),
        ("command", ctypes.c_char * COMMAND_SIZE),
        ("note", ctypes.c_char * LOCK_NOTE_SIZE),
    ]


class lockmgr_waiter_info(ctypes.Structure):
    _fields_ = [
        ("since", ctypes.c_uint64),
        ("pid", pid_t),
        ("tid", pid_t),
        ("client", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("command", ctypes.c_char * COMMAND_SIZE),
    ]


class lockmgr_module_info(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("patch", ctypes.c_uint32),
        ("features", ctypes.c_uint64),
    ]


_handle = ctypes.c_void_p
_id = ctypes.c_uint32
_text = ctypes.c_char_p
_pointer = ctypes.POINTER

# For each function: the type that it returns, and the types of its arguments.
PROTOTYPES: Dict[str, Tuple[Any, List[Any]]] = {
    "lockmgr_open": (ctypes.c_int, [_pointer(_handle), _text, _pointer(lockmgr_options)]),
    "lockmgr_close": (None, [_handle]),
    "lockmgr_fd": (ctypes.c_int, [_handle]),
    "lockmgr_unlink": (ctypes.c_int, [_text, _pointer(lockmgr_options)]),
    "lockmgr_set_capacity": (ctypes.c_int, [_handle, ctypes.c_uint32]),
    "lockmgr_allocate": (ctypes.c_int, [_handle, _pointer(_id)]),
    "lockmgr_allocate_id": (ctypes.c_int, [_handle, _id]),
    "lockmgr_allocate_noted": (ctypes.c_int, [_handle, _pointer(_id), _text]),
    "lockmgr_allocate_id_noted": (ctypes.c_int, [_handle, _id, _text]),
    "lockmgr_set_note": (ctypes.c_int, [_handle, _id, _text]),
    "lockmgr_retrieve": (ctypes.c_int, [_handle, _id]),
    "lockmgr_is_allocated": (ctypes.c_int, [_handle, _id]),
    "lockmgr_free": (ctypes.c_int, [_handle, _id]),
    "lockmgr_free_all": (ctypes.c_int, [_handle]),
    "lockmgr_available": (ctypes.c_int, [_handle, _pointer(ctypes.c_uint32)]),
    "lockmgr_lock": (ctypes.c_int, [_handle, _id]),
    "lockmgr_trylock": (ctypes.c_int, [_handle, _id]),
    "lockmgr_timedlock": (ctypes.c_int, [_handle, _id, _pointer(timespec)]),
    "lockmgr_lock_interruptible": (ctypes.c_int, [_handle, _id, _pointer(timespec)]),
    "lockmgr_unlock": (ctypes.c_int, [_handle, _id]),
    "lockmgr_info": (ctypes.c_int, [_handle, _pointer(lockmgr_space_info)]),
    "lockmgr_list": (
        ctypes.c_int,
        [
            _handle,
            ctypes.c_uint32,
            _pointer(ctypes.c_uint64),
            _pointer(lockmgr_lock_info),
            ctypes.c_size_t,
            _pointer(ctypes.c_size_t),
        ],
    ),
    "lockmgr_held": (
        ctypes.c_int,
        [_handle, _pointer(_id), ctypes.c_size_t, _pointer(ctypes.c_size_t)],
    ),
    "lockmgr_list_waiters": (
        ctypes.c_int,
        [
            _handle,
            _id,
            _pointer(ctypes.c_uint64),
            _pointer(lockmgr_waiter_info),
            ctypes.c_size_t,
            _pointer(ctypes.c_size_t),
        ],
    ),
    "lockmgr_module": (ctypes.c_int, [_text, _pointer(lockmgr_module_info)]),
    "lockmgr_options_init": (ctypes.c_int, [_pointer(lockmgr_options), ctypes.c_size_t]),
    "lockmgr_strerror": (ctypes.c_char_p, [ctypes.c_int]),
    "lockmgr_version": (ctypes.c_char_p, []),
}


def _load() -> Any:
    try:
        # CDLL, not PyDLL: calls must release the global interpreter lock, since some wait.
        loaded = ctypes.CDLL(SONAME)
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(loaded, name)
            function.restype = result
            function.argtypes = arguments
    except OSError as error:
        raise ImportError(f"lockmgr needs the C library {SONAME}: {error}") from error
    except AttributeError as error:
        raise ImportError(f"lockmgr needs a newer {SONAME}: {error}") from error
    return loaded


library = _load()
