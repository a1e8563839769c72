// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr_test

import (
	"runtime"
	"testing"

	"example.org/lockmgr"
	"example.org/lockmgr/libpod"
)

func init() {
	// libpod-without-notes allocates locks 0 and 2 with a module that does not know notes.
	lockmgr.Roles["libpod-without-notes"] = func(space string, args []string) {
		runtime.LockOSThread()
		lockmgr.Check(lockmgr.ForgetNotes())
		h, err := lockmgr.Open(space, nil)
		lockmgr.Check(err)
		m := libpod.New(h, &libpod.Options{Note: func() string { return "web" }})
		lock, err := m.AllocateLock()
		lockmgr.Check(err)
		_, err = m.AllocateAndRetrieveLock(2)
		lockmgr.Check(err)
		lockmgr.Check(lock.(libpod.Noter).SetNote("web-1"))
	}
}

func TestLibpodDoesWithoutNotes(t *testing.T) {
	h := lockmgr.OpenNew(t, &lockmgr.Options{Create: true, Capacity: 3})

	if err := lockmgr.RunRole(t, "libpod-without-notes", h.Space()); err != nil {
		t.Fatal(err)
	}
	for id := uint32(0); id < 3; id++ {
		if allocated, err := h.Retrieve(id); err != nil || allocated != (id != 1) {
			t.Fatalf("lock %d is allocated: %v (%v)", id, allocated, err)
		}
	}
}
