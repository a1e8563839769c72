// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"runtime"
	"sync/atomic"
)

// Waiting for a moment, in the hope that a lock comes free, before the kernel is asked to
// wait: as libuser/spin.c, which says why and has the measures.  The word is looked at a
// number of times, if
//
//   - there is another processor for the holder to go on with,
//   - it has acquired the lock in the present tick of the records' clock: then it is likely
//     to run, and not in the middle of something long,
//   - nobody in the queue has asked to be woken at the release: they come first.
//
// Nothing depends on that: what comes of it is a take, as any other, or a call.

const (
	looks   = 100
	skipMax = 64
)

// spin says how many times not to look, after looking was in vain.  Goroutines may count
// at the same time; then one of them counts for both.
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

// isPromising reports whether a word promises to be free soon; not, if a thread waits for
// itself.  Without a thread, nobody knows whether it does.
func (m *mapping) isPromising(r *record, word, self uint64) bool {
	if word&(wordWaiters|wordDied) != 0 || word == self && self>>wordTidShift != 0 {
		return false
	}
	return atomic.LoadUint64(&r.since) >= atomic.LoadUint64(&m.clock.monotonic)
}

// look waits for a moment for a lock that somebody has, and reports whether it was seen
// free.  self is what would be written into the word.
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
