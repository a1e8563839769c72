#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The Python package: spaces are opened, closed, resized and unlinked; errors; fork."""

import contextlib
import gc
import os
import pickle
import subprocess
import sys
import threading
import warnings

from tap import Other, TOP, hold, lockmgr, raises, run, same, space_name, test, wait_until


@test
def a_handle_is_closed_at_the_end_of_its_block():
    with lockmgr.open(space_name()) as space:
        same(space.closed, False)
    same(space.closed, True)
    with raises(lockmgr.BadHandle):
        space.allocate()
    space.close()


@test
def a_space_outlives_its_handles():
    name = space_name()
    with lockmgr.open(name) as space:
        generation = space.info().generation
    with lockmgr.open(name, create=False) as space:
        same(space.info().generation, generation)


@test
def info_has_the_facts_of_the_space():
    name = space_name()
    with lockmgr.open(name, capacity=20, mode=0o640, group=1) as space:
        space.allocate()
        with lockmgr.open(name, readonly=True) as other:
            info = other.info()
    same((info.name, info.capacity, info.mode), (name, 20, 0o640))
    same((info.owner, info.group), (os.getuid(), 1))
    same((info.allocated, info.clients), (1, 2))
    same(info.flags, lockmgr.SpaceFlags(0))


@test
def options_are_those_of_the_library():
    name = space_name()
    with raises(lockmgr.NotFound):
        lockmgr.open(name, create=False)
    with raises(lockmgr.NotFound):
        lockmgr.open(name, readonly=True)
    lockmgr.open(name, exclusive=True).close()
    with raises(lockmgr.AlreadyExists):
        lockmgr.open(name, exclusive=True)
    with lockmgr.open(name, readonly=True) as space:
        space.list()
        with raises(lockmgr.BadHandle):
            space.acquire(0)
    with lockmgr.open(name, writeonly=True) as space:
        space.acquire(0)
        with raises(lockmgr.BadHandle):
            space.list()
    with lockmgr.open(name, no_map=True) as space, space.lock(0, recover=lambda lock: None):
        pass
    with raises(lockmgr.InvalidArgument):
        lockmgr.open(name, create=True, readonly=True)


@test
def only_the_owner_finds_a_space_by_its_name_alone():
    name = space_name()
    lockmgr.open(name).close()
    with raises(lockmgr.NotFound):
        lockmgr.open(name, create=False, owner=5)
    lockmgr.open(name, create=False, owner=os.getuid()).close()


@test
def unlink_removes_the_name():
    name = space_name()
    with lockmgr.open(name) as space:
        lockmgr.unlink(name)
        same(space.info().flags, lockmgr.SpaceFlags.UNLINKED)
        with raises(lockmgr.NotFound):
            lockmgr.unlink(name)
        with raises(lockmgr.NotFound):
            lockmgr.unlink(name, owner=5)


@test
def capacity_can_be_changed():
    with lockmgr.open(space_name(), capacity=10) as space:
        same(space.available(), 10)
        space.set_capacity(20)
        same(space.available(), 20)
        space.allocate_id(15)
        with raises(lockmgr.Busy):
            space.set_capacity(10)
        with raises(lockmgr.InvalidArgument):
            space.set_capacity(2**31)


@test
def numbers_that_do_not_fit_are_refused():
    name = space_name()
    with lockmgr.open(name, capacity=10) as space:
        for id in (10, -1, -(2**32), 2**32, 2**32 + 1, 2**64):
            with raises(lockmgr.InvalidArgument) as caught:
                space.acquire(id, timeout=0)
            with raises(lockmgr.InvalidArgument):
                space.allocate_id(id)
        same(space.held(), [])
        same(space.available(), 10)
        with raises(lockmgr.InvalidArgument):
            space.lock(2**32)
        with raises(lockmgr.InvalidArgument):
            space.set_capacity(2**32 + 5)
        with raises(TypeError):
            space.acquire("1")
    same(caught[0].id, 2**64)
    for options in ({"capacity": 2**32 + 1}, {"mode": -1}, {"owner": -1}, {"owner": 2**32 - 1}):
        with raises(lockmgr.InvalidArgument):
            lockmgr.open(name, **options)


@test
def names_are_not_cut():
    for name in ("", "a" * 64, ".a", "a/b", "a\0b", "\u00e4"):
        with raises(lockmgr.InvalidArgument):
            lockmgr.open(name)
        with raises(lockmgr.InvalidArgument):
            lockmgr.unlink(name)
    with raises(lockmgr.InvalidArgument):
        lockmgr.open(space_name(), device="/dev/lockmgr\0")
    with raises(lockmgr.NoDevice):
        lockmgr.open(space_name(), device="/dev/no-such-device")
    lockmgr.open(space_name(), device=b"/dev/lockmgr").close()


@test
def other_users_are_refused():
    name = space_name()
    lockmgr.open(name).close()

    def act(ready):
        os.setgroups([])
        os.setgid(5)
        os.setuid(5)
        with raises(lockmgr.AccessDenied):
            lockmgr.open(name, create=False, owner=0)
        with raises(lockmgr.NotPermitted):
            lockmgr.unlink(name, owner=0)
        ready()

    Other(act).wait_ready().finish()


@test
def errors_are_those_of_python_too():
    with lockmgr.open(space_name(), capacity=1) as space:
        with raises(lockmgr.NotFound) as caught:
            space.free(0)
        same(isinstance(caught[0], FileNotFoundError), True)
        same(isinstance(caught[0], lockmgr.Error), True)
        same((caught[0].errno, caught[0].operation, caught[0].id), (2, "free", 0))
        same(caught[0].space, space.space)
        same(
            str(caught[0]),
            f"[Errno 2] free lock 0 of space '{space.space}': no such space, or not allocated",
        )
        with raises(lockmgr.NotPermitted) as caught:
            space.release(0)
        same(isinstance(caught[0], PermissionError), True)
        with raises(lockmgr.InvalidArgument) as caught:
            space.free(1)
        same(isinstance(caught[0], ValueError), True)


@test
def errors_are_of_one_class_each():
    kinds = [value for value in vars(lockmgr).values() if isinstance(value, type)]
    kinds = [kind for kind in kinds if issubclass(kind, lockmgr.Error)]
    from lockmgr._errors import _classes, error_of

    same(sorted(set(kinds) - set(_classes.values()), key=str), [lockmgr.Error])
    same(type(error_of(24, "open")), lockmgr.Error)
    same(str(error_of(24, "open", "a")), "[Errno 24] open space 'a': Too many open files")


@test
def errors_can_be_sent_to_other_processes():
    with lockmgr.open(space_name()) as space:
        with raises(lockmgr.NotFound) as caught:
            space.free(7)
        copy = pickle.loads(pickle.dumps(caught[0]))
        same((type(copy), str(copy), copy.id), (lockmgr.NotFound, str(caught[0]), 7))
        died = lockmgr.OwnerDied(130)
        died.lock = space.lock(3)
        same(pickle.loads(pickle.dumps(died)).lock, None)


@test
def a_handle_does_not_survive_a_fork():
    name = space_name()
    with lockmgr.open(name) as space:
        space.acquire(4)

        def act(ready):
            for call in (space.allocate, space.held, lambda: space.release(4)):
                with raises(lockmgr.Forked):
                    call()
            space.close()
            with lockmgr.open(name) as own:
                with raises(lockmgr.Busy):
                    own.try_acquire(4)
            ready()

        Other(act).wait_ready().finish()
        same(space.held(), [4])
        space.release(4)


@test
def a_child_can_close_what_a_thread_of_its_parent_waits_in():
    name = space_name()
    other = Other(hold, name, 1).wait_ready()
    with lockmgr.open(name) as space:
        waiter = threading.Thread(target=lambda: space.acquire(1))
        waiter.start()
        wait_until(lambda: space.waiters(1))

        def act(ready):
            space.close()
            same(space.closed, True)
            ready()

        Other(act).wait_ready().finish()
        other.finish()
        waiter.join()
        space.release(1)


@test
def a_handle_that_is_in_use_is_not_closed():
    name = space_name()
    other = Other(hold, name, 1).wait_ready()
    with lockmgr.open(name) as space:
        waiter = threading.Thread(target=lambda: space.acquire(1))
        waiter.start()
        wait_until(lambda: space.waiters(1))
        with raises(lockmgr.Busy):
            space.close()
        same(space.closed, False)
        other.finish()
        waiter.join()
        space.release(1)


@test
def closing_beside_calls_is_safe():
    name = space_name()
    failures = []

    def call(space):
        try:
            for _ in range(20):
                space.acquire(1, timeout=1000)
                space.release(1)
        except lockmgr.BadHandle:
            pass
        except lockmgr.Error as error:
            failures.append(error)

    # close() succeeds at the first moment at which no thread is in a call; later calls fail. Each
    # call may wait twice for the global interpreter lock, for 5 ms each time.
    for _ in range(5):
        space = lockmgr.open(name)
        threads = [threading.Thread(target=call, args=(space,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        while not space.closed:
            with contextlib.suppress(lockmgr.Busy):
                space.close()
        for thread in threads:
            thread.join()
    same(failures, [])


@test
def a_close_that_fails_disturbs_no_call():
    class Pointer(list):
        def pop(self):
            # Nobody begins a call until this is over.
            same((len(space._calls), space._guard._is_owned()), (0, True))
            return super().pop()

    name = space_name()
    other = Other(hold, name, 1).wait_ready()
    with lockmgr.open(name) as space:
        space._open = Pointer(space._open)
        waiter = threading.Thread(target=lambda: space.acquire(1))
        waiter.start()
        wait_until(lambda: space.waiters(1))
        with raises(lockmgr.Busy):
            space.close()
        other.finish()
        waiter.join()
        space.release(1)


@test
def a_forgotten_handle_is_closed_with_a_warning():
    name = space_name()
    with lockmgr.open(name) as space:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            lockmgr.open(name).acquire(3)
            gc.collect()
        same([warning.category for warning in caught], [ResourceWarning])
        same(space.info().clients, 1)
        same(space.acquire(3), lockmgr.Outcome.OWNER_DIED)
        space.release(3)


@test
def an_inherited_file_keeps_the_locks():
    name = space_name()
    program = f"""
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, {str(TOP / "tests/python")!r})
from tap import lockmgr
space = lockmgr.open({name!r}, inherit=True)
space.acquire(5)
import os
fd = space.fileno()
assert fd > 2
os.execvp("sh", ["sh", "-c", "echo ready; read line"])
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with lockmgr.open(name) as space:
        same(child.stdout.readline(), "ready\n")
        with raises(lockmgr.Busy):
            space.try_acquire(5)
        child.communicate("\n")
        same(space.acquire(5), lockmgr.Outcome.OWNER_DIED)
        space.release(5)


@test
def versions_can_be_read():
    version = (TOP / "dkms.conf").read_text().split('PACKAGE_VERSION="')[1].split('"')[0]
    same(lockmgr.__version__, version)
    same(lockmgr.library_version(), version)
    module = lockmgr.module()
    same(f"{module.major}.{module.minor}.{module.patch}", version)
    same(lockmgr.Features.NOTES in module.features, True)
    with raises(lockmgr.NoDevice):
        lockmgr.module("/dev/no-such-device")


run()
