// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
	"runtime"
)

// Pinned is a handle for one goroutine that stays on its thread.  What it acquires has the
// thread's number, so lists name the thread and its command, and deadlock detection
// follows it.
//
// It is for the goroutine that called Pin, and for that one alone.
type Pinned struct {
	h   *Handle
	tid uint32
}

// Pin keeps the calling goroutine on its thread, as runtime.LockOSThread does, until
// Unpin.  Locks that it holds then should be unlocked before that: a thread that has gone
// on to other goroutines says nothing about who holds them.
func (h *Handle) Pin() *Pinned {
	runtime.LockOSThread()
	return &Pinned{h: h, tid: uint32(gettid())}
}

// Unpin lets the goroutine move again.
func (p *Pinned) Unpin() {
	runtime.UnlockOSThread()
}

// Lock is as Handle.Lock.  If the handle was opened with DetectDeadlock it fails with
// EDEADLK if waiting would close a cycle; the lock is not acquired then.
func (p *Pinned) Lock(id uint32) (Outcome, error) {
	if p.h.take(id, p.tid) {
		return Acquired, nil
	}
	return p.h.lockSlowly(id, p.tid, waiting{})
}

// TryLock is as Handle.TryLock.
func (p *Pinned) TryLock(id uint32) (Outcome, error) {
	if p.h.take(id, p.tid) {
		return Acquired, nil
	}
	return p.h.trySlowly(id, p.tid)
}

// LockContext is as Handle.LockContext; EDEADLK as Lock.
func (p *Pinned) LockContext(ctx context.Context, id uint32) (Outcome, error) {
	if p.h.take(id, p.tid) {
		return Acquired, nil
	}
	return p.h.lockSlowly(id, p.tid, waiting{ctx})
}

// Unlock is as Handle.Unlock.
func (p *Pinned) Unlock(id uint32) error {
	if p.h.release(id, p.tid) {
		return nil
	}
	return p.h.unlockSlowly(id)
}
