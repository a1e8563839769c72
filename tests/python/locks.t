#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The Python package: locks are acquired and released; time-outs, deaths, signals, threads."""

import errno
import signal
import threading
import time

from tap import Other, hold, lockmgr, raises, run, same, space_name, test, wait_until

ACQUIRED = lockmgr.Outcome.ACQUIRED
OWNER_DIED = lockmgr.Outcome.OWNER_DIED


def died(name, id):
    """Make another process die while it holds a lock."""
    Other(hold, name, id).wait_ready().kill()


@test
def a_lock_is_held_in_its_block():
    with lockmgr.open(space_name()) as space:
        with space.lock(4) as lock:
            same((lock.id, lock.handle), (4, space))
            same(space.held(), [4])
        same(space.held(), [])
        with raises(ZeroDivisionError):
            with lock:
                same(space.held(), [4])
                1 / 0
        same(space.held(), [])


@test
def a_lock_excludes_other_handles():
    name = space_name()
    with lockmgr.open(name) as space, lockmgr.open(name) as other:
        same(space.acquire(4), ACQUIRED)
        with raises(lockmgr.Busy) as caught:
            other.try_acquire(4)
        same((caught[0].operation, caught[0].id), ("acquire", 4))
        with raises(lockmgr.Busy):
            other.lock(4).try_acquire()
        with raises(lockmgr.NotPermitted):
            other.release(4)
        space.release(4)
        same(other.try_acquire(4), ACQUIRED)
        other.release(4)
        other.lock(4).try_acquire()
        same(space.held(), [4])
        other.release(4)


@test
def any_thread_may_release():
    with lockmgr.open(space_name()) as space:
        space.acquire(4)
        thread = threading.Thread(target=lambda: space.release(4))
        thread.start()
        thread.join()
        same(space.held(), [])


@test
def a_wait_ends_when_the_lock_is_released():
    name = space_name()
    outcomes = []
    other = Other(hold, name, 4).wait_ready()
    with lockmgr.open(name) as space:
        # In another thread, without and with a time-out; then in the main thread.
        for wait in (space.acquire, lambda id: space.acquire(id, 1000)):
            thread = threading.Thread(target=lambda: outcomes.append(wait(4)))
            thread.start()
            wait_until(lambda: space.waiters(4))
            other.finish()
            thread.join()
            space.release(4)
            other = Other(hold, name, 4).wait_ready()
        thread = threading.Thread(
            target=lambda: (wait_until(lambda: space.waiters(4)), other.finish())
        )
        thread.start()
        outcomes.append(space.acquire(4))
        thread.join()
        space.release(4)
    same(outcomes, [ACQUIRED] * 3)


@test
def a_wait_times_out():
    name = space_name()
    other = Other(hold, name, 4).wait_ready()
    with lockmgr.open(name) as space:

        def time_out():
            start = time.monotonic()
            with raises(lockmgr.TimedOut) as caught:
                space.acquire(4, timeout=0.25)
            same(0.25 <= time.monotonic() - start < 60, True)
            same(isinstance(caught[0], TimeoutError), True)
            results.append(True)

        results = []
        time_out()
        thread = threading.Thread(target=time_out)
        thread.start()
        thread.join()
        same(len(results), 2)
        for timeout in (0, -5, 1e-9):
            with raises(lockmgr.TimedOut):
                space.acquire(4, timeout)
        with raises(lockmgr.TimedOut):
            with space.lock(4, timeout=0.01):
                pass
        other.finish()
        for timeout in (0, -5, 1e300, float("inf")):
            with space.lock(4, timeout):
                same(space.held(), [4])
        with raises(lockmgr.InvalidArgument):
            space.acquire(4, float("nan"))


@test
def the_death_of_a_holder_is_told_once():
    name = space_name()
    with lockmgr.open(name) as space:
        for acquire in (space.acquire, space.try_acquire):
            died(name, 4)
            same(acquire(4), OWNER_DIED)
            same(space.held(), [4])
            space.release(4)
            same(acquire(4), ACQUIRED)
            space.release(4)


@test
def locks_raise_it_and_are_released():
    name = space_name()
    with lockmgr.open(name) as space:
        for acquire in (lambda lock: lock.acquire(), lambda lock: lock.try_acquire()):
            died(name, 4)
            lock = space.lock(4)
            with raises(lockmgr.OwnerDied) as caught:
                acquire(lock)
            same((caught[0].id, caught[0].lock, caught[0].errno), (4, lock, 130))
            same(space.held(), [])
            with lock:
                pass


@test
def recovery_is_called_with_the_lock_held():
    name = space_name()
    calls = []
    with lockmgr.open(name) as space:

        def recover(lock):
            calls.append((lock.id, lock.handle.held()))

        died(name, 4)
        for _ in range(2):
            with space.lock(4, recover=recover):
                same(space.held(), [4])
        same(calls, [(4, [4])])
        same(space.held(), [])


@test
def a_lock_whose_recovery_fails_is_released():
    name = space_name()
    with lockmgr.open(name) as space:
        died(name, 4)
        with raises(ZeroDivisionError):
            with space.lock(4, recover=lambda lock: 1 / 0):
                pass
        same(space.held(), [])


@test
def a_lock_whose_recovery_is_interrupted_is_released():
    name = space_name()

    def recover(lock):
        raise KeyboardInterrupt

    with lockmgr.open(name) as space:
        died(name, 4)
        interrupted = False
        try:
            with space.lock(4, recover=recover):
                pass
        except KeyboardInterrupt:
            interrupted = True
        same((interrupted, space.held()), (True, []))


@test
def closing_a_handle_that_holds_a_lock_is_a_death():
    name = space_name()
    lockmgr.open(name).close()
    with lockmgr.open(name) as space:
        with lockmgr.open(name) as other:
            other.acquire(4)
        same(space.acquire(4), OWNER_DIED)
        space.release(4)


@test
def deadlocks_are_detected():
    name = space_name()
    with lockmgr.open(name, detect_deadlock=True) as space:
        with space.lock(1):
            for timeout in (None, 1000):
                with raises(lockmgr.Deadlock):
                    space.acquire(1, timeout)


@test
def other_threads_run_while_one_waits():
    name = space_name()
    other = Other(hold, name, 4).wait_ready()
    with lockmgr.open(name) as space:
        thread = threading.Thread(target=lambda: (space.acquire(4), space.release(4)))
        thread.start()
        wait_until(lambda: space.waiters(4))
        with space.lock(5):
            same(space.held(), [4, 5])
        other.finish()
        thread.join()


@test
def what_a_lock_protects_is_not_lost():
    name = space_name()
    count = 0
    rounds = 50

    def work(space):
        nonlocal count
        for _ in range(rounds):
            with space.lock(4):
                seen = count
                time.sleep(0)
                count = seen + 1

    with lockmgr.open(name) as first, lockmgr.open(name) as second:
        threads = [threading.Thread(target=work, args=(space,)) for space in (first, second) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    same(count, 4 * rounds)


class Alarm(Exception):
    pass


def signal_while_waiting(space, id):
    """Send SIGALRM to the main thread, from when it waits for the lock until the function that
    this one returns is called."""
    over = threading.Event()
    main = threading.main_thread().ident

    def send():
        wait_until(lambda: space.waiters(id))
        while not over.wait(0.05):
            signal.pthread_kill(main, signal.SIGALRM)

    thread = threading.Thread(target=send)
    thread.start()

    def end():
        over.set()
        thread.join()

    return end


@test
def an_exception_from_a_signal_handler_ends_a_wait():
    name = space_name()

    def handler(number, frame):
        # Only once: the next signal would interrupt the code that handles this exception.
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        raise Alarm

    other = Other(hold, name, 4).wait_ready()
    before = signal.signal(signal.SIGALRM, handler)
    with lockmgr.open(name) as space:
        for timeout in (None, 1000):
            end = signal_while_waiting(space, 4)
            try:
                with raises(Alarm):
                    space.acquire(4, timeout)
            finally:
                end()
            signal.signal(signal.SIGALRM, handler)
            same(space.waiters(4), [])
        signal.signal(signal.SIGALRM, before)
        same([lock.pid for lock in space.list()], [other.pid])
        other.finish()


@test
def a_wait_goes_on_after_other_handlers_to_the_same_deadline():
    name = space_name()
    calls = []
    other = Other(hold, name, 4).wait_ready()
    before = signal.signal(signal.SIGALRM, lambda number, frame: calls.append(number))
    with lockmgr.open(name) as space:
        end = signal_while_waiting(space, 4)
        start = time.monotonic()
        with raises(lockmgr.TimedOut):
            space.acquire(4, timeout=1)
        took = time.monotonic() - start
        end()
        same(len(calls) > 1, True)
        same(1 <= took < 60, True)
        signal.signal(signal.SIGALRM, before)
        other.finish()


@test
def signals_do_not_disturb_other_threads():
    name = space_name()
    calls = []
    other = Other(hold, name, 4).wait_ready()
    before = signal.signal(signal.SIGALRM, lambda number, frame: calls.append(number))
    with lockmgr.open(name) as space:
        thread = threading.Thread(target=lambda: space.acquire(4))
        thread.start()
        wait_until(lambda: space.waiters(4))
        later = Other(hold, name, 4)
        wait_until(lambda: len(space.waiters(4)) == 2)
        queue = [waiter.tid for waiter in space.waiters(4)]
        for _ in range(3):
            sent = len(calls)
            signal.pthread_kill(thread.ident, signal.SIGALRM)
            wait_until(lambda: len(calls) > sent)
        # The thread has the same place in the queue as before.
        wait_until(lambda: len(space.waiters(4)) == 2)
        same([waiter.tid for waiter in space.waiters(4)], queue)
        other.finish()
        thread.join()
        space.release(4)
        later.wait_ready().finish()
    signal.signal(signal.SIGALRM, before)


@test
def modules_without_interruptible_waits_are_used_without():
    from lockmgr import _handle

    class OldModule:
        """The library, as it behaves with a module that cannot interrupt waits."""

        def __getattr__(self, name):
            return getattr(real, name)

        @staticmethod
        def lockmgr_lock_interruptible(handle, id, deadline):
            return -errno.EINVAL

    real, _handle._library = _handle._library, OldModule()
    real_module = _handle.module
    try:
        with lockmgr.open(space_name()) as space:
            with raises(lockmgr.InvalidArgument):
                space.acquire(4)
            features = lockmgr.module().features & ~lockmgr.Features.INTERRUPTIBLE
            _handle.module = lambda device: lockmgr.ModuleInfo(0, 1, 0, features)
            for timeout in (None, 1000):
                same(space.acquire(4, timeout), ACQUIRED)
                space.release(4)
    finally:
        _handle._library = real
        _handle.module = real_module


run()
