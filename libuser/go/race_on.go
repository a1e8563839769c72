// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build race

package lockmgr

import (
	"runtime"
	"unsafe"
)

// Annotations for the race detector.
//
// The race detector sees neither what the kernel does nor what happens in memory that is not
// Go's own.  Without annotations it would report each access to what a lock protects as a race.
// It knows locks by their address, so each lock gets an address, the same for all handles of
// its space.  Nothing is ever written there.  If two locks get the same address, a race between
// what they protect may go unnoticed.

const raceEnabled = true

const racePlaces = 8192

var (
	places [racePlaces]uint64
	closed uint64
)

func racePlace(h *Handle, id uint32) unsafe.Pointer {
	return unsafe.Pointer(&places[(h.generation+uint64(id))%racePlaces])
}

// raceAcquired: a lock has been acquired.  died: its last holder died, perhaps by Close of
// another handle in this process, which raceCloses announced.
func raceAcquired(h *Handle, id uint32, died bool) {
	runtime.RaceAcquire(racePlace(h, id))
	if died {
		runtime.RaceAcquire(unsafe.Pointer(&closed))
	}
}

// raceReleases: a lock is about to be released.
func raceReleases(h *Handle, id uint32) {
	runtime.RaceReleaseMerge(racePlace(h, id))
}

// raceCloses: all locks of a handle are about to be released.
func raceCloses() {
	runtime.RaceReleaseMerge(unsafe.Pointer(&closed))
}
