// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

type result struct {
	outcome Outcome
	err     error
}

// lockInBackground acquires a lock in a goroutine of its own.
func lockInBackground(ctx context.Context, h *Handle, id uint32) <-chan result {
	results := make(chan result, 1)
	go func() {
		outcome, err := h.LockContext(ctx, id)
		results <- result{outcome, err}
	}()
	return results
}

// holding returns two handles of a space, the first of which holds the lock.
func holding(t *testing.T, options *Options) (holder, other *Handle) {
	space := newSpace(t)
	holder, other = open(t, space, options), open(t, space, options)
	must(holder.Lock(id))
	return holder, other
}

func wantCancelled(t *testing.T, r result, space string) {
	t.Helper()
	want(t, "outcome", r.outcome, NotAcquired)
	wantErrno(t, r.err, syscall.EINTR)
	if !errors.Is(r.err, context.Canceled) {
		t.Fatalf("%v is not context.Canceled", r.err)
	}
	want(t, "text", r.err.Error(), fmt.Sprintf("lockmgr: acquire lock %d of space %q: %v", id,
		space, context.Canceled))
}

func TestCancellingEndsAWaitAndNothingIsLost(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		holder, other := holding(t, &options)
		ctx, cancel := context.WithCancel(context.Background())

		results := lockInBackground(ctx, other, id)
		waitForWaiters(holder, id, 1)
		cancel()
		wantCancelled(t, <-results, holder.Space())
		want(t, "waiters", len(must(holder.Waiters(id))), 0)
		succeed(t, holder.Unlock(id))
		want(t, "outcome", must(other.TryLock(id)), Acquired)
	})
}

func TestCancellingEndsAWaitForTheTurn(t *testing.T) {
	holder, other := holding(t, nil)
	ctx, cancel := context.WithCancel(context.Background())

	first := lockInBackground(context.Background(), other, id)
	waitForWaiters(holder, id, 1)
	second := lockInBackground(ctx, other, id)
	waitForTurns(other, id, 2)
	cancel()
	wantCancelled(t, <-second, holder.Space())
	want(t, "turns that the first leaves", len(other.turns.of), 1)
	succeed(t, holder.Unlock(id))
	want(t, "outcome of the first", (<-first).outcome, Acquired)
	succeed(t, other.Unlock(id))
	want(t, "turns", len(other.turns.of), 0)
}

func TestADeadlineEndsAWait(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		_, other := holding(t, &options)
		begin := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()

		outcome, err := other.LockContext(ctx, id)
		want(t, "outcome", outcome, NotAcquired)
		wantErrno(t, err, syscall.ETIMEDOUT)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v is not context.DeadlineExceeded", err)
		}
		if passed := time.Since(begin); passed < 20*time.Millisecond {
			t.Fatalf("only %v have passed", passed)
		}
	})
}

// lateContext is one whose timer does not run.
type lateContext struct{ context.Context }

func (lateContext) Deadline() (time.Time, bool) { return time.Now(), true }

func TestTheKernelEndsAWaitInTimeIfTheRuntimeIsLate(t *testing.T) {
	_, other := holding(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	_, err := other.LockContext(lateContext{ctx}, id)
	wantErrno(t, err, syscall.ETIMEDOUT)
	want(t, "ended by the deadline", errors.Unwrap(err) == context.DeadlineExceeded, true)
}

func TestADeadlineIsShownToOthers(t *testing.T) {
	holder, other := holding(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)

	results := lockInBackground(ctx, other, id)
	waitForWaiters(holder, id, 1)
	want(t, "deadline", must(holder.Waiters(id))[0].HasDeadline, true)
	cancel()
	wantCancelled(t, <-results, holder.Space())
}

func TestDeadlinesBeyondTheClockAreWaitedFor(t *testing.T) {
	for _, at := range []time.Time{time.Unix(1<<40, 0), time.Now().Add(1<<63 - 1)} {
		holder, other := holding(t, nil)
		ctx, cancel := context.WithDeadline(context.Background(), at)

		results := lockInBackground(ctx, other, id)
		waitForWaiters(holder, id, 1)
		cancel()
		wantCancelled(t, <-results, holder.Space())
	}
}

func TestTheKernelIsToldOfADeadlineThatItCanHave(t *testing.T) {
	for at, wanted := range map[time.Time]int64{
		time.Unix(0, 0):               0,
		time.Now().Add(math.MinInt64): 0,
		time.Unix(1<<40, 0):           math.MaxInt64,
	} {
		ctx, cancel := context.WithDeadline(context.Background(), at)

		flags, deadline := deadlineOf(ctx)
		cancel()
		want(t, "flags", flags, lockDeadline)
		want(t, "deadline for "+at.String(), deadline, wanted)
	}
}

func TestAWaitWithAContextNeedsAModuleThatCanEndIt(t *testing.T) {
	_, other := holding(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	other.features &^= featureInterruptible
	outcome, err := other.LockContext(ctx, id)
	wantErrno(t, err, syscall.EINVAL)
	want(t, "outcome", outcome, NotAcquired)
	want(t, "outcome without a wait", must(other.LockContext(ctx, id+1)), Acquired)
}

func TestAFreeLockIsAcquiredWhateverTheContext(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		h := openNew(t, &options)
		done, cancel := context.WithCancel(context.Background())
		cancel()

		for i := 0; i < 3; i++ {
			want(t, "outcome", must(h.LockContext(done, id)), Acquired)
			succeed(t, h.Unlock(id))
		}
	})
}

func TestALockWhoseHolderDiedIsAcquiredWhateverTheContext(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		space := newSpace(t)
		h, holder := open(t, space, &options), open(t, space, &options)
		done, cancel := context.WithCancel(context.Background())
		cancel()

		must(h.Lock(id))
		succeed(t, h.Unlock(id))
		must(holder.Lock(id))
		succeed(t, holder.Close())
		want(t, "outcome", must(h.LockContext(done, id)), HolderDied)
	})
}

func TestAContextThatIsDoneEndsAWaitAtOnce(t *testing.T) {
	_, other := holding(t, nil)
	done, cancel := context.WithCancel(context.Background())

	cancel()
	wantCancelled(t, <-lockInBackground(done, other, id), other.Space())
}

func TestADeathIsToldToAWaitWithAContext(t *testing.T) {
	h := openNew(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	p := start(t, "hold", h.Space())
	p.expect("held")
	results := lockInBackground(ctx, h, id)
	waitForWaiters(h, id, 1)
	p.kill()
	want(t, "outcome", (<-results).outcome, HolderDied)
}

func TestAProgramThatIgnoresTheSignalCanCancel(t *testing.T) {
	holder, other := holding(t, nil)
	ctx, cancel := context.WithCancel(context.Background())

	signal.Ignore(syscall.SIGURG)
	defer signal.Reset(syscall.SIGURG)
	results := lockInBackground(ctx, other, id)
	waitForWaiters(holder, id, 1)
	cancel()
	wantCancelled(t, <-results, holder.Space())
}

func init() {
	// cancel cancels a wait, as TestCancellingEndsAWaitAndNothingIsLost does.
	roles["cancel"] = func(space string, args []string) {
		h, err := Open(space, nil)
		check(err)
		ctx, cancel := context.WithCancel(context.Background())
		results := lockInBackground(ctx, h, id)
		waitForWaiters(h, id, 1)
		cancel()
		r := <-results
		if !errors.Is(r.err, context.Canceled) {
			check(r.err)
			panic("acquired")
		}
	}
}

// A program begins with those signals blocked that the thread which starts it has blocked.  The
// runtime unblocks SIGURG only if it preempts goroutines by it.
func TestAProgramThatBeganWithTheSignalBlockedCanCancel(t *testing.T) {
	for _, debug := range []string{"", "asyncpreemptoff=1"} {
		var mask, before signalMask
		holder := openNew(t, nil)

		must(holder.Lock(id))
		t.Setenv("GODEBUG", debug)
		runtime.LockOSThread()
		mask[0] = 1 << (uint(syscall.SIGURG) - 1)
		setMask(0, &mask, &before)
		p := start(t, "cancel", holder.Space())
		setMask(sigSetmask, &before, nil)
		runtime.UnlockOSThread()
		succeed(t, p.command.Wait())
	}
}

func TestAWaitLeavesTheSignalMaskAsItWas(t *testing.T) {
	var block, before, blocked, after signalMask
	_, other := holding(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	block[0] = 1 << (uint(syscall.SIGURG) - 1)
	setMask(0, &block, &before)
	setMask(0, nil, &blocked)
	_, err := other.LockContext(ctx, id)
	setMask(sigSetmask, &before, &after)
	wantErrno(t, err, syscall.ETIMEDOUT)
	want(t, "mask", after, blocked)
}

// endCallsBySignal has handlers of the runtime's signal end calls, as those of C code do.
func endCallsBySignal(t *testing.T) {
	const restart = 0x10000000
	var before, action [8]uintptr

	sigaction := func(action, before *[8]uintptr) {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGURG),
			uintptr(unsafe.Pointer(action)), uintptr(unsafe.Pointer(before)), 8, 0, 0)
		want(t, "errno", errno, 0)
	}
	sigaction(nil, &before)
	action = before
	action[1] &^= restart // the flags
	sigaction(&action, nil)
	t.Cleanup(func() { sigaction(&before, nil) })
}

// Signals of the runtime end the call that waits: it goes on where it was.
func TestOtherSignalsLeaveAWaiterItsPlace(t *testing.T) {
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()

	endCallsBySignal(t)
	for _, ctx := range []context.Context{cancellable, context.Background()} {
		holder, first := holding(t, nil)
		second := open(t, holder.Space(), nil)

		one := lockInBackground(ctx, first, id)
		waitForWaiters(holder, id, 1)
		tid := must(holder.Waiters(id))[0].TID
		two := lockInBackground(ctx, second, id)
		waitForWaiters(holder, id, 2)
		for i := 0; i < 100; i++ {
			succeed(t, tgkill(syscall.Getpid(), tid, syscall.SIGURG))
			// It is back when it is the first again.
			waitFor(func() bool {
				waiters := must(holder.Waiters(id))
				return len(waiters) == 2 && waiters[0].TID == tid || len(one) > 0
			})
		}
		want(t, "outcomes of the first so far", len(one), 0)
		succeed(t, holder.Unlock(id))
		want(t, "outcome of the first", (<-one).outcome, Acquired)
		want(t, "outcomes of the second so far", len(two), 0)
		succeed(t, first.Unlock(id))
		want(t, "outcome of the second", (<-two).outcome, Acquired)
	}
}

func tgkill(pid, tid int, signal syscall.Signal) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(tid),
		uintptr(signal))
	if errno != 0 {
		return errno
	}
	return nil
}

// A lock is unlocked and a context cancelled at the same time: the lock is held if and only if
// the call says that it acquired it.
func TestCancellingAndUnlockingAtOnceLosesNoLock(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		holder, other := holding(t, &options)

		for i := 0; i < scaled(2000); i++ {
			var both sync.WaitGroup
			ctx, cancel := context.WithCancel(context.Background())

			results := lockInBackground(ctx, other, id)
			if i%2 == 0 {
				waitForWaiters(holder, id, 1)
			}
			both.Add(2)
			go func() {
				defer both.Done()
				cancel()
			}()
			go func() {
				defer both.Done()
				if err := holder.Unlock(id); err != nil {
					panic(err)
				}
			}()
			both.Wait()
			r := <-results
			if r.err == nil {
				want(t, "outcome", r.outcome, Acquired)
				succeed(t, other.Unlock(id))
			} else {
				wantCancelled(t, r, holder.Space())
				wantErrno(t, other.Unlock(id), syscall.EPERM)
			}
			want(t, "outcome", must(holder.TryLock(id)), Acquired)
		}
	})
}
