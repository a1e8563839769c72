// SPDX-License-Identifier: LGPL-2.1-or-later

/*
Package lockmgr has inter-process mutexes, managed by the lockmgr kernel module.

A space is a named set of numbered locks that outlives processes.  Any process that may
use the space opens it by name and names a lock by its number.  When a holder dies, the
kernel releases its locks and tells the next holder.  See lockmgr(7); this package does in
Go what liblockmgr(3) does in C, without cgo, by the interface of lockmgr(4), and both work
with the same locks.

	h, err := lockmgr.Open("example", nil)
	...
	outcome, err := h.Lock(7)
	if err != nil {
		return err // the lock is not held
	}
	defer h.Unlock(7)
	if outcome == lockmgr.HolderDied {
		// what the lock protects may be half done
	}

# How to get it

The path of the module is below a domain that is reserved for examples: there is no host
to fetch it from, and nobody else can publish another module under that name.  On Debian,
the package golang-example-lockmgr-dev has it where packages of the distribution are built
from.  Elsewhere, go.mod says where the source is:

	require example.org/lockmgr v0.1.0
	replace example.org/lockmgr => /usr/src/lockmgr/libuser/go

# Locks belong to handles

A lock belongs to the Handle that acquired it, not to a goroutine or thread: any goroutine
may unlock it.  It is not recursive.  When the handle is closed or its process ends,
however that happens, its locks are released, and each next holder gets HolderDied.  A
handle that is no longer reachable keeps its locks until the process ends: the garbage
collector releases none.  Programs that this one executes have neither the file nor the
locks, unless it was opened with Options.Inherit.

# Errors

Errors are of type *Error, in which errors.Is finds a syscall.Errno.  An error means that
the lock is not held.  That the former holder of a lock died is not an error but an
Outcome.

# Goroutines and threads

Goroutines move between threads.  So, unless a goroutine is pinned:

  - Who holds a lock: lists name the process.  The thread is 0 for a lock that was acquired
    in memory, and the thread that made the call, which may run other goroutines by now, for
    one that was acquired through the kernel.
  - Who waits: a goroutine that waits in the kernel blocks a thread.  Of the goroutines of
    one handle, one at a time waits there for each lock; the others wait for their turn
    without a thread.  Lists show the one.
  - What signals do: those by which the runtime preempts goroutines, and those of os/signal,
    do not end a wait, and a waiter keeps its place in the queue.  A context ends a wait by
    sending the waiting thread SIGURG.

Pin keeps a goroutine on its thread.  Its locks then have that thread's number, and it
waits for itself.  Do so where it matters which thread of a program holds a lock, and for
deadlock detection: the kernel sees which thread waits for which, and a cycle of threads is
one of goroutines only if each of them is pinned while it holds a lock.  So handles that
were opened with Options.DetectDeadlock lock through Pin only.  Lists mark a deadlock for
all handles: where holders are not pinned, it may be missed, and one that is shown may be
none, since the thread that acquired a lock may be waiting for another goroutine.  Other
clients of the space which detect deadlocks see cycles by the same facts.

# Race detector

In programs that are built with -race, the race detector knows that locks order what they
protect, between goroutines of one process.

# Systems

Linux on 386, amd64, arm, arm64, loong64, riscv64 and s390x.  On arm every lock goes through
the kernel, and so it does elsewhere if the module cannot map records there.
*/
package lockmgr
