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
// A goroutine that waits in the kernel blocks a thread, of which a Go program may have
// 10000.  So of the goroutines of a handle, one at a time waits in the kernel for a lock;
// the others wait for their turn, in the order in which they came, at the cost of a
// goroutine each.  Threads then are bounded by the number of locks that are waited for.
// To other processes, one that sends a thousand goroutines for a lock is one in the queue,
// not a thousand.  Goroutines that are pinned have a thread each, and wait on that.
//
// A context ends a wait in the kernel by a signal to the waiting thread (tgkill), and the
// wait is one that a handler ends (LOCKMGR_LOCK_INTERRUPTIBLE).  The signal is the one by
// which the runtime preempts goroutines, SIGURG: it always has a handler for it, which
// takes signals that nobody needs for what they are, and so do programs, as the package
// os/signal says.  A handler that returns before the wait begins does not end it, so the
// signal is sent until the call has returned.
//
// Nothing is lost by that.  The kernel decides: a lock that came before the signal is
// acquired, and the call says so; or the place in the queue is given up, and whoever is
// next is woken.  Where the runtime's own preemption ends the wait, the call is made again
// by the same thread, which has its place kept.  Waiting in slices of time, the other way
// to notice a context, would give up the place after each.

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

// turn is had by whoever has put something into the channel; channels serve in order.
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

// wait waits for a lock that somebody holds.
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

// ended says that a context has ended the wait for a lock.
func (h *Handle) ended(id uint32, cause error) (Outcome, error) {
	errno := syscall.EINTR
	if cause == context.DeadlineExceeded {
		errno = syscall.ETIMEDOUT
	}
	return NotAcquired, &Error{Op: "acquire", Space: h.space, ID: id, HasID: true,
		Errno: errno, Cause: cause}
}

// deadlineOf tells the kernel of the context's deadline, so that others see it, and so
// that the wait ends in time even if the runtime's timers are late.
func deadlineOf(ctx context.Context) (flags uint32, deadline int64) {
	at, has := ctx.Deadline()
	if !has {
		return 0, 0
	}
	// In this order: what passes between the two makes it late, not early.
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
			// The context, or the runtime: the latter goes on in its place.
		case syscall.ETIMEDOUT:
			return h.ended(id, context.DeadlineExceeded)
		default:
			return NotAcquired, h.failLock("acquire", id, h.file.explain(errno, true))
		}
	}
	return h.ended(id, ctx.Err())
}

// How often to send the signal again, at first and at last.
const (
	resendMin = time.Millisecond
	resendMax = 100 * time.Millisecond
)

// interruptOn sends signals to the calling thread, on which the goroutine stays, when the
// context is done, until the function that it returns is called.  No signal comes after
// that.
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

// handleSignal has the runtime handle the signal again if the program has had it ignored:
// what is ignored ends no wait, and preempts no goroutine.  The runtime's handler does
// nothing else, so for the program it is as before.
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

// unblockSignal lets the signal reach the calling thread, until the function that it
// returns is called: a program can be started with signals blocked.
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
// A lock that is free is acquired even if the context is done, and one that comes while the
// wait is being ended is acquired, too: whether the lock is held, the result says, not the
// context.  The place in the queue is given up only if the context ends the wait.
//
// It fails as Lock does, and with an error in which errors.Is finds the context's, and
// EINTR, or ETIMEDOUT if the deadline has passed.  A context that can be done needs a
// module that knows how to end a wait (ModuleInfo.Interruptible), else EINVAL.
func (h *Handle) LockContext(ctx context.Context, id uint32) (Outcome, error) {
	if !h.detects && h.take(id, 0) {
		return Acquired, nil
	}
	return h.lockSlowly(id, 0, waiting{ctx})
}
