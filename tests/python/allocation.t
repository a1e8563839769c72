#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The Python package: ids are allocated and freed, have notes, and are listed."""

import os
import threading
import time

from tap import Other, hold, lockmgr, raises, run, same, space_name, test, wait_until

ALLOCATED = lockmgr.LockFlags.ALLOCATED
HELD = lockmgr.LockFlags.HELD
WAITED = lockmgr.LockFlags.WAITED
DIED = lockmgr.LockFlags.DIED


@test
def the_lowest_free_id_is_allocated():
    with lockmgr.open(space_name(), capacity=3) as space:
        same([space.allocate() for _ in range(3)], [0, 1, 2])
        same(space.available(), 0)
        with raises(lockmgr.NoFreeId):
            space.allocate()
        space.free(1)
        same(space.available(), 1)
        same(space.allocate(), 1)


@test
def a_given_id_is_allocated_once():
    with lockmgr.open(space_name(), capacity=10) as space:
        same(space.retrieve(7), False)
        space.allocate_id(7)
        same(space.retrieve(7), True)
        same(space.is_allocated(7), True)
        with raises(lockmgr.AlreadyExists):
            space.allocate_id(7)
        space.free(7)
        same(space.is_allocated(7), False)
        with raises(lockmgr.NotFound):
            space.free(7)
        with raises(lockmgr.InvalidArgument):
            space.retrieve(10)


@test
def all_can_be_freed():
    with lockmgr.open(space_name(), capacity=10) as space:
        for _ in range(5):
            space.allocate()
        with space.lock(2):
            space.free_all()
            same(space.available(), 10)
            same(space.held(), [2])


@test
def ids_have_notes():
    longest = "n" * 63
    with lockmgr.open(space_name(), capacity=10) as space:
        same(space.allocate("container web-1"), 0)
        space.allocate_id(5, "pod \u00e4")
        space.allocate_id(6)
        space.allocate_id(7, longest)

        def notes():
            return {lock.id: lock.note for lock in space.list()}

        same(notes(), {0: "container web-1", 5: "pod \u00e4", 6: "", 7: longest})
        space.set_note(6, "volume")
        space.set_note(0, "")
        same(notes(), {0: "", 5: "pod \u00e4", 6: "volume", 7: longest})
        with raises(lockmgr.NotFound):
            space.set_note(1, "none")
        for note in ("n" * 64, "a\0b"):
            with raises(lockmgr.InvalidArgument):
                space.set_note(6, note)
            with raises(lockmgr.InvalidArgument):
                space.allocate(note)
            with raises(lockmgr.InvalidArgument):
                space.allocate_id(1, note)
        same(notes(), {0: "", 5: "pod \u00e4", 6: "volume", 7: longest})


@test
def notes_of_any_bytes_can_be_read_and_written():
    note = os.fsdecode(b"\xff\x1b")
    with lockmgr.open(space_name()) as space:
        space.allocate(note)
        same(space.list()[0].note, note)
        same(space.list()[0].note.encode("utf-8", "surrogateescape"), b"\xff\x1b")


@test
def list_has_the_facts_of_locks():
    name = space_name()
    with lockmgr.open(name, capacity=10) as space:
        space.allocate_id(1)
        before = time.monotonic_ns()
        other = Other(hold, name, 3, 4).wait_ready()
        waiter = threading.Thread(target=lambda: space.acquire(3))
        waiter.start()
        wait_until(lambda: space.waiters(3))

        allocated, waited, held = space.list()
        same((allocated.id, allocated.flags, allocated.pid), (1, ALLOCATED, 0))
        same((allocated.since, allocated.client, allocated.command), (0, 0, ""))
        same((waited.id, waited.flags, waited.waiters), (3, HELD | WAITED, 1))
        same((waited.pid, waited.tid), (other.pid, other.pid))
        same(waited.command, open("/proc/self/comm").read().strip())
        same(0 < waited.client != 0, True)
        same((held.id, held.flags, held.waiters), (4, HELD, 0))
        # `since` is by a clock that ticks every 1 to 10 ms.
        same(before - 10**7 <= held.since <= time.monotonic_ns(), True)

        same([lock.id for lock in space.list(ALLOCATED)], [1])
        same([lock.id for lock in space.list(HELD)], [3, 4])
        same([lock.id for lock in space.list(WAITED)], [3])
        same(space.held(), [3, 4])

        other.finish()
        waiter.join()
        space.release(3)
        same(space.held(), [])


@test
def waiters_are_listed_in_the_order_of_the_queue():
    name = space_name()
    tids = []

    def wait(timeout):
        tids.append(threading.get_native_id())
        space.acquire(3, timeout)
        space.release(3)

    other = Other(hold, name, 3).wait_ready()
    with lockmgr.open(name) as space:
        threads = []
        before = time.monotonic_ns()
        for timeout in (None, 1000):
            threads.append(threading.Thread(target=wait, args=(timeout,)))
            threads[-1].start()
            wait_until(lambda: len(space.waiters(3)) == len(threads))
        first, second = space.waiters(3)
        same([first.tid, second.tid], tids)
        same([first.pid, second.pid], [os.getpid()] * 2)
        same(first.flags, lockmgr.WaiterFlags(0))
        same(second.flags, lockmgr.WaiterFlags.HAS_DEADLINE)
        same(before <= first.since <= second.since <= time.monotonic_ns(), True)
        same(first.command, open("/proc/self/comm").read().strip())
        same(first.client, second.client)
        other.finish()
        for thread in threads:
            thread.join()
        same(space.waiters(3), [])


@test
def long_lists_are_whole():
    ids = list(range(0, 1000, 5))
    with lockmgr.open(space_name(), capacity=1000) as space:
        for id in ids:
            space.allocate_id(id)
            space.acquire(id)
        same([lock.id for lock in space.list()], ids)
        same(space.held(), ids)
        for id in ids:
            space.release(id)


@test
def a_lock_whose_holder_died_can_be_found():
    name = space_name()
    with lockmgr.open(name) as space:
        Other(hold, name, 6).wait_ready().kill()
        wait_until(lambda: not space.held())
        same([(lock.id, lock.flags) for lock in space.list(DIED)], [(6, DIED)])


run()
