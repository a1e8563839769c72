// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
	"math"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// Waiting.
//
// A goroutine that waits in the kernel blocks a thread, and by default a Go program may have
// at most 10000 threads.  So of the goroutines of a handle, only one at a time waits in the
// kernel for each lock.  The others wait for their turn in the order in which they came, and
// each costs only a goroutine.  So the number of threads is bounded by the number of locks
// that are waited for.  In the kernel's queue, a process in which a thousand goroutines wait
// for a lock has one place, not a thousand.  A pinned goroutine has a thread to itself, and
// waits in the kernel with it.
//
// A wait for which a context is given uses LOCKMGR_LOCK_INTERRUPTIBLE: a signal handler that
// runs in the waiting thread ends it.  When the context is done, the package sends SIGURG to
// that thread (tgkill).  The runtime uses SIGURG to preempt goroutines, so it always has a
// handler for it.  That handler, and programs that handle SIGURG, must expect signals that
// mean nothing: see the package os/signal.  A handler that returns before the wait begins does
// not end it, so the package sends the signal again until the call has returned.
//
// The kernel decides how such a wait ends, and nothing is lost.  If the lock came before the
// signal, the lock is acquired, and the call says so.  Otherwise the thread leaves the queue,
// and if it had been woken, the next waiter is woken instead.  If the runtime's own preemption
// ended the wait, the same thread calls again, and the kernel has kept its place.  Polling the
// context between short timed waits would give up the place after each of them.

// waiting says what may end a wait: nothing, or a context.
type waiting struct {
	ctx context.Context
}

func (w waiting) done() <-chan struct{} {
	if w.ctx == nil {
		return nil
	}
	return w.ctx.Done()
}

func (w waiting) err() error {
	if w.ctx == nil {
		return nil
	}
	return w.ctx.Err()
}

// turns has a turn for each lock that goroutines of a handle wait for.
type turns struct {
	sync.Mutex
	of map[uint32]*turn
}

// A turn belongs to the goroutine that has put a value into the channel, which has room for
// one.  Goroutines that wait to put one in are served in the order in which they came.
type turn struct {
	taken chan struct{}
	users int
}

func (t *turns) join(id uint32) *turn {
	t.Lock()
	defer t.Unlock()
	if t.of == nil {
		t.of = make(map[uint32]*turn)
	}
	mine := t.of[id]
	if mine == nil {
		mine = &turn{taken: make(chan struct{}, 1)}
		t.of[id] = mine
	}
	mine.users++
	return mine
}

func (t *turns) leave(id uint32, mine *turn) {
	t.Lock()
	defer t.Unlock()
	mine.users--
	if mine.users == 0 {
		delete(t.of, id)
	}
}

// wait waits for a lock that somebody holds: in turn, unless tid says that the goroutine is
// pinned.
func (h *Handle) wait(id, tid uint32, w waiting) (Outcome, error) {
	if tid == 0 {
		mine := h.turns.join(id)
		defer h.turns.leave(id, mine)

		select {
		case mine.taken <- struct{}{}:
			defer func() { <-mine.taken }()
		case <-w.done():
			return h.ended(id, w.err())
		}
		if h.take(id, 0) {
			return Acquired, nil
		}
	}
	if w.done() == nil {
		return h.waitInKernel(id)
	}
	return h.waitForContext(id, w.ctx)
}

// ended returns the error of a wait that a context has ended.
func (h *Handle) ended(id uint32, cause error) (Outcome, error) {
	errno := syscall.EINTR
	if cause == context.DeadlineExceeded {
		errno = syscall.ETIMEDOUT
	}
	return NotAcquired, &Error{Op: "acquire", Space: h.space, ID: id, HasID: true,
		Errno: errno, Cause: cause}
}

// deadlineOf returns the context's deadline as arguments for the kernel, so that lists show
// that the waiter has one, and so that the wait ends in time even if the runtime's timers are
// late.
func deadlineOf(ctx context.Context) (flags uint32, deadline int64) {
	at, has := ctx.Deadline()
	if !has {
		return 0, 0
	}
	// In this order: time that passes between the two calls makes the deadline late, not early.
	left := time.Until(at)
	now := Monotonic()
	switch {
	case left > math.MaxInt64-now:
		return lockDeadline, math.MaxInt64
	case left < -now:
		return lockDeadline, 0
	}
	return lockDeadline, int64(now + left)
}

func (h *Handle) waitForContext(id uint32, ctx context.Context) (Outcome, error) {
	if h.features&featureInterruptible == 0 {
		return NotAcquired, h.failLock("acquire", id, syscall.EINVAL)
	}
	flags, deadline := deadlineOf(ctx)
	args := ioctlLock{id: id, flags: lockInterruptible | flags, deadline: deadline}

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer unblockSignal()()
	defer interruptOn(ctx)()

	for ctx.Err() == nil {
		result, errno := h.file.callOnce(iocLock, unsafe.Pointer(&args))
		switch errno {
		case 0:
			return h.acquired(id, result), nil
		case syscall.EINTR:
			// If it was not the context that sent the signal, call again with the same
			// args, which say where in the queue the thread was.
		case syscall.ETIMEDOUT:
			return h.ended(id, context.DeadlineExceeded)
		default:
			return NotAcquired, h.failLock("acquire", id, h.file.explain(errno, true))
		}
	}
	return h.ended(id, ctx.Err())
}

// The pause before the signal is sent again: the first, and the longest.
const (
	resendMin = time.Millisecond
	resendMax = 100 * time.Millisecond
)

// interruptOn sends signals to the calling thread from when the context is done until the
// returned function is called.  After that function has returned, no more signals are sent.
// The calling goroutine must stay on its thread meanwhile.
func interruptOn(ctx context.Context) (stop func()) {
	tid := gettid()
	stopping := make(chan struct{})
	stopped := make(chan struct{})

	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
			sendUntil(stopping, tid)
		case <-stopping:
		}
	}()
	return func() {
		close(stopping)
		<-stopped
	}
}

func sendUntil(stopping <-chan struct{}, tid int) {
	pid := syscall.Getpid()
	for pause := resendMin; ; pause *= 2 {
		if pause > resendMax {
			pause = resendMax
		}
		handleSignal()
		syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(tid),
			uintptr(syscall.SIGURG))
		timer := time.NewTimer(pause)
		select {
		case <-stopping:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// handleSignal makes the runtime handle SIGURG again if the program ignores it: a signal that
// is ignored neither ends a wait nor preempts a goroutine.  The program notices no difference:
// the runtime's handler does nothing else with the signal.
func handleSignal() {
	if !signal.Ignored(syscall.SIGURG) {
		return
	}
	unused := make(chan os.Signal, 1)
	signal.Notify(unused, syscall.SIGURG)
	signal.Stop(unused)
}

func gettid() int {
	tid, _, _ := syscall.RawSyscall(syscall.SYS_GETTID, 0, 0, 0)
	return int(tid)
}

const (
	sigUnblock = 1
	sigSetmask = 2
)

// signalMask is the kernel's: an array of longs.
type signalMask [8 / unsafe.Sizeof(uintptr(0))]uintptr

// unblockSignal unblocks SIGURG in the calling thread until the returned function is called,
// since a program can be started with signals blocked.
func unblockSignal() (restore func()) {
	var mask, before signalMask

	mask[0] = 1 << (uint(syscall.SIGURG) - 1)
	setMask(sigUnblock, &mask, &before)
	return func() { setMask(sigSetmask, &before, nil) }
}

func setMask(how uintptr, mask, before *signalMask) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(mask)),
		uintptr(unsafe.Pointer(before)), unsafe.Sizeof(*mask), 0, 0)
}

// LockContext acquires a lock, or gives up when the context is done.
//
// A lock that is free is acquired even if the context is done already, and so is one that
// comes free while the context is ending the wait.  So look at the Outcome, not at the context,
// to know whether the lock is held.  The place in the queue is given up only if the context
// ends the wait.
//
// It fails as Lock does.  If the context ends the wait, errors.Is finds in the error the
// context's error, and EINTR, or ETIMEDOUT if the deadline has passed.  Waiting with a context
// that can be done fails with EINVAL if the module cannot end a wait
// (ModuleInfo.Interruptible).
func (h *Handle) LockContext(ctx context.Context, id uint32) (Outcome, error) {
	if !h.detects && h.take(id, 0) {
		return Acquired, nil
	}
	return h.lockSlowly(id, 0, waiting{ctx})
}
