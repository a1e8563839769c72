// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Acquiring locks and releasing them: by one compare-and-swap each where the records are
// mapped, or else through the kernel, which does the same and more.  lockmgr(4) has the
// protocol; kmod/lock.c has the states of a record, and proves them.
//
// Memory order: the protocol needs acquire semantics where a lock is acquired, and release
// semantics where it is released.  Operations of sync/atomic are sequentially consistent,
// which is stronger.  A goroutine uses a page of records once the page's entry in
// mapping.there is 1.  mapUse stores the entry after the kernel has acquired a lock in the
// page.  So a goroutine that sees the entry also sees the mapping, and the kernel lets this
// client touch the page.
//
// The thread id in a word is 0, for "not known", unless the goroutine is pinned (pin.go).  A
// goroutine does not know which thread it runs on; gettid() is a system call, which costs
// more than the rest of a lock and unlock; and its result would not stay true.  Where the id
// is 0, the kernel names the process that opened the handle.

// Outcome says whether a lock call acquired the lock, and whether the former holder died.
//
// It is a result beside the error, so that no program overlooks it: the compiler makes the
// caller name the value or discard it, and "err != nil" never stands for a lock that was
// acquired.
type Outcome int

const (
	// NotAcquired comes with an error.
	NotAcquired Outcome = iota
	// Acquired: the lock is acquired, and its former holder had released it.
	Acquired
	// HolderDied: the lock is acquired, and its former holder ended without unlocking
	// it: check what the lock protects.  Only one holder gets this.
	HolderDied
)

func (o Outcome) String() string {
	switch o {
	case Acquired:
		return "acquired"
	case HolderDied:
		return "acquired after its holder died"
	}
	return "not acquired"
}

// record returns the lock's record, or nil if it may not be touched.
func (m *mapping) record(id uint32) *record {
	if m == nil || id >= capacityMax || atomic.LoadUint32(&m.there[id/pageRecords]) == 0 {
		return nil
	}
	return &m.records[recordIndex(id)]
}

func (h *Handle) wordOf(tid uint32) uint64 {
	return uint64(tid)<<wordTidShift | uint64(h.token)
}

// take acquires the lock in memory if it is free.
func (h *Handle) take(id, tid uint32) bool {
	m := h.mapping.Load()
	r := m.record(id)
	if r == nil || !atomic.CompareAndSwapUint64(&r.word, 0, h.wordOf(tid)) {
		return false
	}
	// For lists and for spinning (spin.go); correctness does not depend on it.
	r.since = atomic.LoadUint64(&m.clock.monotonic)
	if raceEnabled {
		raceAcquired(h, id, false)
	}
	return true
}

// release releases the lock in memory if this handle holds it and nobody waits.  Any goroutine
// may have acquired it, with or without a thread id.
func (h *Handle) release(id, tid uint32) bool {
	r := h.mapping.Load().record(id)
	if r == nil {
		return false
	}
	if raceEnabled {
		raceReleases(h, id)
	}
	for word := h.wordOf(tid); uint32(word) == h.token; word = atomic.LoadUint64(&r.word) {
		if atomic.CompareAndSwapUint64(&r.word, word, 0) {
			return true
		}
	}
	return false
}

func outcomeOf(result int) Outcome {
	if result == ownerDied {
		return HolderDied
	}
	return Acquired
}

// acquired is called after the kernel has acquired a lock for this handle.  It informs the race
// detector and the mapping, and returns the outcome.
func (h *Handle) acquired(id uint32, result int) Outcome {
	outcome := outcomeOf(result)
	if raceEnabled {
		raceAcquired(h, id, outcome == HolderDied)
	}
	h.mapUse(id)
	return outcome
}

// tryInKernel acquires a lock through the kernel if nobody holds it.
func (h *Handle) tryInKernel(id uint32) (Outcome, syscall.Errno) {
	args := ioctlLock{id: id, flags: lockTry}

	result, errno := h.call(iocLock, unsafe.Pointer(&args))
	if errno != 0 {
		return NotAcquired, errno
	}
	return h.acquired(id, result), 0
}

// takeSoon spins briefly for a lock that somebody else holds.
func (h *Handle) takeSoon(id, tid uint32) bool {
	m := h.mapping.Load()
	r := m.record(id)
	return r != nil && h.look(m, r, h.wordOf(tid)) && h.take(id, tid)
}

// acquire acquires a lock without waiting in the kernel; EBUSY: somebody holds it.
func (h *Handle) acquire(id, tid uint32) (Outcome, syscall.Errno) {
	if h.detects && tid == 0 {
		return NotAcquired, syscall.EINVAL
	}
	if h.mapping.Load().record(id) == nil {
		return h.tryInKernel(id)
	}
	if h.takeSoon(id, tid) {
		return Acquired, 0
	}
	return NotAcquired, syscall.EBUSY
}

// lockSlowly is the rest of a lock call whose compare-and-swap in memory failed.
//
//go:noinline
func (h *Handle) lockSlowly(id, tid uint32, w waiting) (Outcome, error) {
	outcome, errno := h.acquire(id, tid)
	if errno == syscall.EBUSY && w.err() != nil {
		// A lock that is free, but whose holder died, is acquired by the kernel only.
		if outcome, errno = h.tryInKernel(id); errno == syscall.EBUSY {
			return h.ended(id, w.err())
		}
	}
	if errno == syscall.EBUSY {
		return h.wait(id, tid, w)
	}
	if errno != 0 {
		return NotAcquired, h.failLock("acquire", id, errno)
	}
	return outcome, nil
}

// waitInKernel waits in the lock's queue, indefinitely.  The place in the queue belongs to the
// thread, and the kernel keeps it for that thread while a signal handler runs.  So the
// goroutine must stay on its thread.
func (h *Handle) waitInKernel(id uint32) (Outcome, error) {
	args := ioctlLock{id: id}

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	// Not h.call: file.explain can make a system call, so call it only after an error.
	result, errno := h.file.call(iocLock, unsafe.Pointer(&args))
	if errno != 0 {
		return NotAcquired, h.failLock("acquire", id, h.file.explain(errno, true))
	}
	return h.acquired(id, result), nil
}

//go:noinline
func (h *Handle) trySlowly(id, tid uint32) (Outcome, error) {
	if h.detects && tid == 0 {
		return NotAcquired, h.failLock("acquire", id, syscall.EINVAL)
	}
	outcome, errno := h.tryInKernel(id)
	if errno != 0 {
		return NotAcquired, h.failLock("acquire", id, errno)
	}
	return outcome, nil
}

//go:noinline
func (h *Handle) unlockSlowly(id uint32) error {
	args := ioctlId{id: id}

	if raceEnabled {
		raceReleases(h, id)
	}
	if _, errno := h.call(iocUnlock, unsafe.Pointer(&args)); errno != 0 {
		return h.failLock("release", id, errno)
	}
	return nil
}

// Lock acquires a lock, however long that takes.  Waiting is starvation-free.
//
// A lock is not recursive: a goroutine that locks it twice waits for itself.
//
// It fails with
//
//	EBADF    the handle is closed, or open for inspection only
//	EDQUOT   the space's owner has as many locks in use as are allowed
//	EINVAL   the id is not below the space's capacity, or the handle was opened with
//	         DetectDeadlock: lock through Pin
//	ENOMEM   no memory
func (h *Handle) Lock(id uint32) (Outcome, error) {
	if !h.detects && h.take(id, 0) {
		return Acquired, nil
	}
	return h.lockSlowly(id, 0, waiting{})
}

// TryLock acquires a lock if nobody holds it.  It fails with EBUSY if the lock is held, or
// as Lock does.
func (h *Handle) TryLock(id uint32) (Outcome, error) {
	if !h.detects && h.take(id, 0) {
		return Acquired, nil
	}
	return h.trySlowly(id, 0)
}

// Unlock releases a lock that any goroutine acquired with this handle.  It fails with
// EPERM if this handle does not hold it.
func (h *Handle) Unlock(id uint32) error {
	if h.release(id, 0) {
		return nil
	}
	return h.unlockSlowly(id)
}
