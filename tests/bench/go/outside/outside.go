// SPDX-License-Identifier: GPL-2.0-only

package lockmgr

import (
	"syscall"
	"unsafe"
)

// Outside returns a handle that has records in shared memory, and no module. This file is part of
// the package only when the bench is built.
func Outside() *Handle {
	memory, err := syscall.Mmap(-1, 0, capacityMax*int(unsafe.Sizeof(record{})),
		syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON)
	if err != nil {
		panic(err)
	}
	m := &mapping{records: (*[capacityMax]record)(unsafe.Pointer(&memory[0])), clock: new(clock)}
	m.there[0] = 1
	h := &Handle{space: "bench", token: 1, file: &file{fd: -1}}
	h.mapping.Store(m)
	return h
}
