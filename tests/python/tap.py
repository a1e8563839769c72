# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the Python package share: it finds the package and the library in the tree,
runs tests and reports them in TAP, unlinks their spaces after each test, and starts processes.

unittest would take seconds to load in a virtual machine.
"""

import contextlib
import ctypes
import os
import pathlib
import signal
import sys
import time
import traceback

TOP = pathlib.Path(__file__).resolve().parents[2]
# How many seconds anything may take before it counts as stuck.
PATIENCE = 600

sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "libuser/python"))
# Load the library by its path: the loader then uses it wherever its soname is asked for.
ctypes.CDLL(str(TOP / "build/lib/liblockmgr.so.1"))

import lockmgr  # noqa: E402  it can be found only from here on

_tests = []
_spaces = []
_others = []


def test(function):
    """Decorator: a test, which passes if it does not raise."""
    _tests.append(function)
    return function


def run():
    """Run the tests in their order, and exit."""
    if not os.path.exists("/dev/lockmgr"):
        print("Bail out! there is no /dev/lockmgr")
        sys.exit(1)
    failed = 0
    for number, function in enumerate(_tests, 1):
        try:
            function()
        except Exception:
            failed += 1
            print(f"not ok {number} - {function.__name__}")
            print(*(f"# {line}" for line in traceback.format_exc().splitlines()), sep="\n")
        else:
            print(f"ok {number} - {function.__name__}")
        _clean_up()
        sys.stdout.flush()
    print(f"1..{len(_tests)}")
    sys.exit(failed > 0)


def _clean_up():
    while _others:
        _others.pop().kill()
    while _spaces:
        with contextlib.suppress(lockmgr.NotFound):
            lockmgr.unlink(_spaces.pop())


def same(seen, expected):
    """Fail unless they are equal."""
    if seen != expected:
        raise AssertionError(f"expected {expected!r}, seen {seen!r}")


@contextlib.contextmanager
def raises(kind):
    """Fail unless the block raises an exception of exactly that class.  `with ... as caught`
    binds a list, which contains the exception afterwards."""
    caught = []
    try:
        yield caught
    except Exception as error:
        if type(error) is not kind:
            raise
        caught.append(error)
    else:
        raise AssertionError(f"{kind.__name__} is not raised")


def wait_until(condition):
    """Wait until the condition is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it does not become true")
        time.sleep(0.001)


def space_name():
    """A name that no other test uses; unlinked after the test."""
    _spaces.append(f"python-{os.getpid()}-{len(_spaces)}")
    return _spaces[-1]


class Other:
    """Another process, which calls a function, and exits with 0 unless the function raises.

    The first argument of the function is another function, ready(): it tells the test that
    the process is ready, and then waits for finish().
    """

    def __init__(self, function, *arguments):
        said_read, said_write = os.pipe()
        go_read, go_write = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(said_read)
            os.close(go_write)
            self._run(function, arguments, said_write, go_read)
        os.close(said_write)
        os.close(go_read)
        self._said = said_read
        self._go = go_write
        _others.append(self)

    @staticmethod
    def _run(function, arguments, said, go):
        def ready():
            os.write(said, b".")
            os.read(go, 1)

        status = 1
        try:
            function(ready, *arguments)
            status = 0
        except BaseException:
            print(*(f"# {line}" for line in traceback.format_exc().splitlines()), sep="\n")
            sys.stdout.flush()
        finally:
            os._exit(status)

    def wait_ready(self):
        """Wait until the process calls ready(); fail if it ends before."""
        same(os.read(self._said, 1), b".")
        return self

    def finish(self):
        """Continue the process, wait until it has ended, and fail unless it exited with 0."""
        os.write(self._go, b".")
        same(self._end(), 0)

    def kill(self):
        """Kill the process with SIGKILL, unless it has ended."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self._end()

    def _end(self):
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        os.close(self._said)
        os.close(self._go)
        return status


def hold(ready, name, *ids):
    """For Other: acquire locks, and release them when the test calls finish()."""
    with lockmgr.open(name) as space:
        for id in ids:
            space.acquire(id)
        ready()
        for id in ids:
            space.release(id)
