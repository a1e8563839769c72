// SPDX-License-Identifier: LGPL-2.1-or-later

/*
Package lockmgr provides inter-process mutexes, managed by the lockmgr kernel module.

A space is a named set of numbered locks that outlives processes.  Any process that may
use the space opens it by name and names a lock by its number.  When a holder dies, the
kernel releases its locks and tells the next holder.  lockmgr(7) is the overview.  This
package does in Go what liblockmgr(3) does in C, and works with the same locks.  It needs no
cgo: it makes the system calls of lockmgr(4) itself.

	h, err := lockmgr.Open("example", nil)
	if err != nil {
		return err
	}
	defer h.Close()
	outcome, err := h.Lock(7)
	if err != nil {
		return err // the lock is not held
	}
	defer h.Unlock(7)
	if outcome == lockmgr.HolderDied {
		// what the lock protects may be half done
	}

# How to get it

The path of the Go module is below a domain that is reserved for examples, since the project
has no host: go get cannot fetch it, and nobody else can publish another module under that
name.  So the go.mod of your program must say where the source is, for example

	require example.org/lockmgr v0.1.0
	replace example.org/lockmgr => /home/me/lockmgr/libuser/go

The Debian package golang-example-lockmgr-dev installs the source as
/usr/share/gocode/src/example.org/lockmgr.  Name that directory in go.mod, or build without
modules, as Debian's own packages do: GO111MODULE=off GOPATH=/usr/share/gocode.

# Locks belong to handles

A lock belongs to the Handle that acquired it, not to a goroutine or thread: any goroutine
may unlock it.  It is not recursive.  When the handle is closed or its process ends,
however that happens, its locks are released, and each next holder gets HolderDied.  A
handle that is no longer reachable keeps its locks until the process ends: the garbage
collector releases none.  Programs that this one executes inherit neither the file nor the
locks, unless the handle was opened with Options.Inherit: then the locks stay held until
the last process that has the file closes it or ends.

# Errors

Errors are of type *Error, in which errors.Is finds a syscall.Errno.  If a lock call returns
an error, it has not acquired the lock.  The death of the former holder is not an error but
an Outcome: the lock is acquired.

# Goroutines and threads

Goroutines move between threads.  So, unless a goroutine is pinned to its thread (Pin):

  - Who holds a lock: lists name the process.  The thread id is 0 if the lock was acquired
    in memory, without a system call.  If it was acquired through the kernel, the thread id
    is that of the thread that made the call, which may run other goroutines by now.
  - Who waits: a goroutine that waits in the kernel blocks a thread.  For each lock, only one
    goroutine of a handle at a time waits in the kernel; the others wait for their turn
    without a thread.  Lists show only the one in the kernel.
  - What signals do: those by which the runtime preempts goroutines, and those of os/signal,
    do not end a wait, and a waiter keeps its place in the queue.  To end a wait when a
    context is done, the package sends SIGURG to the waiting thread.

Pin keeps a goroutine on its thread.  The locks that it acquires then carry that thread's
id, and it waits in the kernel itself, not for its turn.  Pin where it matters which thread
of a program holds a lock, and for deadlock detection: the kernel sees which thread waits
for which, and a cycle of threads is one of goroutines only if each of them is pinned while
it holds a lock.  So handles that were opened with Options.DetectDeadlock lock only through
Pin.

Lists mark deadlocks for all handles.  Where holders are not pinned, lists may miss a
deadlock, or show one that does not exist, since the thread that acquired a lock may by now
wait on behalf of another goroutine.  The same facts decide whether lock calls of other
clients that detect deadlocks fail with EDEADLK.

# Race detector

In programs that are built with -race, the race detector knows which accesses the locks
order, between goroutines of one process.

# Systems

Linux on 386, amd64, arm, arm64, loong64, riscv64 and s390x.  On arm, and wherever the module
cannot map lock records into processes, every lock and unlock is a system call.
*/
package lockmgr
