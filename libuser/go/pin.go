// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
	"runtime"
)

// Pinned is a Handle as used by one goroutine that stays on its thread.  The locks that it
// acquires carry the thread's id, so lists name the thread and its command, and deadlock
// detection can follow the thread.
//
// Only the goroutine that called Pin may use it.
type Pinned struct {
	h   *Handle
	tid uint32
}

// Pin keeps the calling goroutine on its thread, as runtime.LockOSThread does, until
// Unpin.  Unlock the locks that were acquired through Pinned before that: afterwards the
// thread runs other goroutines, and its id does not say who holds the locks.
func (h *Handle) Pin() *Pinned {
	runtime.LockOSThread()
	return &Pinned{h: h, tid: uint32(gettid())}
}

// Unpin lets the goroutine move again.
func (p *Pinned) Unpin() {
	runtime.UnlockOSThread()
}

// Lock acquires a lock as Handle.Lock does.  If the handle was opened with DetectDeadlock, it
// fails with EDEADLK where waiting would close a cycle; then the lock is not acquired.
func (p *Pinned) Lock(id uint32) (Outcome, error) {
	if p.h.take(id, p.tid) {
		return Acquired, nil
	}
	return p.h.lockSlowly(id, p.tid, waiting{})
}

// TryLock acquires a lock if nobody holds it, as Handle.TryLock does.
func (p *Pinned) TryLock(id uint32) (Outcome, error) {
	if p.h.take(id, p.tid) {
		return Acquired, nil
	}
	return p.h.trySlowly(id, p.tid)
}

// LockContext acquires a lock as Handle.LockContext does.  It fails with EDEADLK as Lock does.
func (p *Pinned) LockContext(ctx context.Context, id uint32) (Outcome, error) {
	if p.h.take(id, p.tid) {
		return Acquired, nil
	}
	return p.h.lockSlowly(id, p.tid, waiting{ctx})
}

// Unlock releases a lock as Handle.Unlock does.
func (p *Pinned) Unlock(id uint32) error {
	if p.h.release(id, p.tid) {
		return nil
	}
	return p.h.unlockSlowly(id)
}
