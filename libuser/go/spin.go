// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"runtime"
	"sync/atomic"
)

// Spinning briefly, in the hope that the holder releases the lock, before waiting in the
// kernel.  libuser/spin.c does the same, says why, and has the measurements.  Look at the word
// a number of times, if
//
//   - there is another processor for the holder to run on,
//   - the holder has acquired the lock in the current tick of the records' clock: then it is
//     likely to be running, and not in a long critical section,
//   - no waiter in the queue has asked to be woken at the release: waiters come first.
//
// Correctness does not depend on spinning: after it the goroutine acquires the lock by an
// ordinary compare-and-swap, or calls the kernel.

const (
	looks   = 100
	skipMax = 64
)

// spin says how many lock calls are to skip looking, after looking was in vain.  Two goroutines
// may count down at the same time, and subtract only 1 between them: harmless.
type spin struct {
	skip     uint32
	nextSkip uint32
}

var mayLook = runtime.NumCPU() > 1

func (s *spin) isSkipped() bool {
	skip := atomic.LoadUint32(&s.skip)
	if skip != 0 {
		atomic.StoreUint32(&s.skip, skip-1)
	}
	return skip != 0
}

func (s *spin) noteVain() {
	skip := atomic.LoadUint32(&s.nextSkip)
	if skip == 0 {
		skip = 1
	}
	atomic.StoreUint32(&s.skip, skip)
	if skip < skipMax {
		atomic.StoreUint32(&s.nextSkip, 2*skip)
	}
}

func (s *spin) noteSuccess() {
	if atomic.LoadUint32(&s.nextSkip) > 1 {
		atomic.StoreUint32(&s.nextSkip, 1)
	}
}

// isPromising reports whether the lock is likely to be free soon.  Not if the word is self and
// has a thread id: this thread holds the lock, and would wait for itself.  Without a thread id,
// another goroutine of the handle may hold it.
func (m *mapping) isPromising(r *record, word, self uint64) bool {
	if word&(wordWaiters|wordDied) != 0 || word == self && self>>wordTidShift != 0 {
		return false
	}
	return atomic.LoadUint64(&r.since) >= atomic.LoadUint64(&m.clock.monotonic)
}

// look spins briefly for a lock that somebody holds, and reports whether it saw the lock
// free.  self is the word that this goroutine would write to acquire it.
func (h *Handle) look(m *mapping, r *record, self uint64) bool {
	if !mayLook || h.spin.isSkipped() {
		return false
	}
	for i := 0; i < looks; i++ {
		word := atomic.LoadUint64(&r.word)
		if word == 0 {
			h.spin.noteSuccess()
			return true
		}
		if !m.isPromising(r, word, self) {
			return false
		}
		relax()
	}
	h.spin.noteVain()
	return false
}
