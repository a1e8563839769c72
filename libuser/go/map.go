// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Mapping the records, so that lock.go acquires and releases locks without a system call.
//
// Many processes acquire one lock and end.  So a handle maps the records only when that
// pays: after it has acquired locks through the kernel at about the cost of a mapping.
// The total is then never more than twice the best possible cost.
//
// A page of records may be touched once the kernel lets this client do so: after it has
// acquired a lock in that page for this client.  Before that, an access raises SIGBUS, which
// ends a Go program.
//
// A child does not inherit the mappings, so a process that os/exec starts cannot touch
// records between fork and exec.

const (
	// The module lets a client touch records by the page.  This is the smallest page, of
	// 4 KiB; where pages are larger, each has several entries in there.
	pageRecords = 256
	mapPages    = capacityMax / pageRecords
)

// mapAfter is how many locks a handle acquires through the kernel before it maps the records.
// libuser/map.c says how the number was measured.  Tests set it lower.
var mapAfter uint32 = 100

// mapping is the memory that a handle has mapped.
type mapping struct {
	there   [mapPages]uint32 // 1: this page of records may be touched; atomic
	records *[capacityMax]record
	clock   *clock

	recordBytes, clockBytes []byte
}

func mapFile(fd int, size int) (*mapping, error) {
	records, err := syscall.Mmap(fd, 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	time, err := syscall.Mmap(fd, int64(size), int(unsafe.Sizeof(clock{})), syscall.PROT_READ,
		syscall.MAP_SHARED)
	if err != nil {
		syscall.Munmap(records)
		return nil, err
	}
	return &mapping{
		records:     (*[capacityMax]record)(unsafe.Pointer(&records[0])),
		clock:       (*clock)(unsafe.Pointer(&time[0])),
		recordBytes: records,
		clockBytes:  time,
	}, nil
}

// paysNow counts a lock that was acquired through the kernel.  It returns true once: to the
// goroutine whose lock makes the count reach mapAfter.
func (h *Handle) paysNow() bool {
	if atomic.LoadUint32(&h.calls) >= mapAfter {
		return false
	}
	return atomic.AddUint32(&h.calls, 1) == mapAfter
}

// mapUse is called after the kernel has acquired a lock for this handle.  It maps the records
// when that pays, and notes that the lock's page may be touched.  One goroutine maps; the
// others go on through the kernel.  If mapping fails, nobody tries again.
func (h *Handle) mapUse(id uint32) {
	if h.mapSize == 0 || id >= capacityMax {
		return
	}
	// If the descriptor is another file's by now, do not map, and so write to, that file.
	if h.paysNow() && h.file.isOurs(h.file.descriptor()) {
		if m, err := mapFile(int(h.file.descriptor()), int(h.mapSize)); err == nil {
			h.mapping.Store(m)
		}
	}
	if m := h.mapping.Load(); m != nil {
		atomic.StoreUint32(&m.there[id/pageRecords], 1)
	}
}

func (h *Handle) unmap() {
	m := h.mapping.Swap(nil)
	if m == nil {
		return
	}
	syscall.Munmap(m.recordBytes)
	syscall.Munmap(m.clockBytes)
}
