// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Records in our memory: what lock.go acquires and releases without a system call.
//
// Many processes acquire one lock and end.  So a handle maps the records only when that
// pays: after it has acquired locks through the kernel at about the cost of a mapping.
// The total is then never more than twice the best possible cost.
//
// A page of them may be touched once the kernel has it for us: when we have locked a lock
// in it; before that, an access is a SIGBUS, which ends a Go program.
//
// The kernel leaves the mappings out of children, so what os/exec starts has none between
// fork and exec, whatever it does there.

const (
	// The module says what it says of records for a page of them at once.
	pageRecords = 256
	mapPages    = capacityMax / pageRecords
)

// mapAfter is how many locks are acquired through the kernel before: the library's measure,
// libuser/map.c.  Tests that cannot wait change it.
var mapAfter uint32 = 100

// mapping is what a handle has in memory.
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

// paysNow says so to one goroutine.
func (h *Handle) paysNow() bool {
	if atomic.LoadUint32(&h.calls) >= mapAfter {
		return false
	}
	return atomic.AddUint32(&h.calls, 1) == mapAfter
}

// mapUse notes that the kernel has acquired a lock for us.  One goroutine maps, others go
// on without; if it cannot, it will not be otherwise the next time.
func (h *Handle) mapUse(id uint32) {
	if h.mapSize == 0 || id >= capacityMax {
		return
	}
	// Other files must not be written to.
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
