// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"syscall"
	"time"
	"unsafe"
)

// Process and thread ids are those of the caller's PID namespace, 0 where it does not
// show the task or the task is gone.  Each fact was true at some moment during the call.  A
// list as a whole may never have been true at one moment, since other processes go on
// meanwhile.

// SpaceInfo has the facts of a space.
type SpaceInfo struct {
	Name       string
	Generation uint64 // a random number, made with the space: see Handle.Generation
	Owner      uint32
	Group      uint32
	Mode       uint32 // permission bits
	Capacity   uint32 // number of ids
	Allocated  uint32 // how many of them are allocated
	Clients    uint32 // handles that have it open, in all processes
	Unlinked   bool   // it has no name any more
}

// Info returns the facts of the space.
func (h *Handle) Info() (*SpaceInfo, error) {
	var args ioctlInfo

	if _, errno := h.call(iocInfo, unsafe.Pointer(&args)); errno != 0 {
		return nil, h.fail("read the facts", errno)
	}
	return &SpaceInfo{
		Name:       textOf(args.name[:]),
		Generation: args.generation,
		Owner:      args.owner,
		Group:      args.group,
		Mode:       args.mode,
		Capacity:   args.capacity,
		Allocated:  args.allocated,
		Clients:    args.clients,
		Unlinked:   args.flags&spaceUnlinked != 0,
	}, nil
}

// State has facts of a lock, as bits.  List takes the same bits as its filter.
type State uint32

const (
	// Allocated: the id is allocated.
	Allocated State = entryAllocated
	// Held: some client holds the lock.
	Held State = entryHeld
	// Waited: some thread waits for the lock.
	Waited State = entryWaited
	// Died: the last holder died, and nobody has acquired the lock since.
	Died State = entryDied
	// Deadlocked: the thread that acquired the lock waits, directly or through others,
	// for this very lock.  Not for the filter of List.  "Goroutines and threads" in the
	// package's documentation says what that means for goroutines.
	Deadlocked State = entryDeadlock
)

// LockInfo has the facts of one lock.  Since is by a clock that ticks every 1 to 10 ms.
type LockInfo struct {
	ID      uint32
	State   State
	Since   time.Duration // when the holder acquired it, by Monotonic; 0: nobody holds it
	PID     int           // the holder's process
	TID     int           // the thread that acquired it; 0: not known
	Waiters uint32        // number of threads that wait
	Client  uint32        // number of the handle that holds it, unique in the space; 0: nobody
	Command string        // command name of the holder
	Note    string        // what the id stands for; any bytes: escape it on output
}

// WaiterInfo has the facts of a thread that waits.  Of the goroutines of one handle that are
// not pinned, only one at a time waits for a lock in the kernel; Waiters shows only that one.
type WaiterInfo struct {
	Since       time.Duration // when it began to wait, by Monotonic
	PID         int
	TID         int
	Client      uint32
	Command     string
	HasDeadline bool
	Deadlocked  bool // it waits, directly or through others, for itself
}

const clockMonotonic = 1

// Monotonic returns the time of CLOCK_MONOTONIC: subtract Since from it to get how long ago
// that was.
func Monotonic() time.Duration {
	var now syscall.Timespec

	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic,
		uintptr(unsafe.Pointer(&now)), 0)
	return time.Duration(now.Nano())
}

const batchSize = 32

// listing has the arguments of one call and the entries that the kernel fills.  The arguments
// contain the address of the entries, so a listing must not move: see keep.
type listing[E any] struct {
	args    ioctlList
	entries [batchSize]E
}

// readList reads a list from the kernel in batches and calls take for each entry.
func readList[E any](h *Handle, command uintptr, filter, id uint32, take func(*E)) syscall.Errno {
	l := keep(new(listing[E]))
	for l.args.cursor != cursorEnd {
		l.args = ioctlList{
			entries:   uint64(uintptr(unsafe.Pointer(&l.entries))),
			entrySize: uint32(unsafe.Sizeof(l.entries[0])),
			count:     batchSize,
			cursor:    l.args.cursor,
			filter:    filter,
			id:        id,
		}
		if _, errno := h.call(command, unsafe.Pointer(&l.args)); errno != 0 {
			return errno
		}
		for i := range l.entries[:l.args.count] {
			take(&l.entries[i])
		}
	}
	return 0
}

// keep returns p, and makes the compiler allocate *p on the heap, since it seems to be stored
// in a global variable.  What is on a stack would move with the stack.
//
//go:noinline
func keep[T any](p *T) *T {
	if never {
		kept = p
	}
	return p
}

var (
	never bool
	//lint:ignore U1000 it matters only that it could be written to
	kept any
)

func (h *Handle) listLocks(filter State, take func(*lockEntry)) error {
	if errno := readList(h, iocListLocks, uint32(filter), 0, take); errno != 0 {
		return h.fail("list the locks", errno)
	}
	return nil
}

// List returns the locks to which at least one of the filter's bits applies, in the order of
// their ids.
func (h *Handle) List(filter State) ([]LockInfo, error) {
	var locks []LockInfo

	err := h.listLocks(filter, func(e *lockEntry) {
		locks = append(locks, LockInfo{
			ID:      e.id,
			State:   State(e.flags),
			Since:   time.Duration(e.since),
			PID:     int(e.pid),
			TID:     int(e.tid),
			Waiters: e.waiters,
			Client:  e.token,
			Command: textOf(e.comm[:]),
			Note:    textOf(e.note[:]),
		})
	})
	if err != nil {
		return nil, err
	}
	return locks, nil
}

// Held returns, in ascending order, the ids of the locks that any client holds now.  It
// acquires none of them.
func (h *Handle) Held() ([]uint32, error) {
	var ids []uint32

	err := h.listLocks(Held, func(e *lockEntry) { ids = append(ids, e.id) })
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// Waiters returns the threads that wait for a lock, in the order of the queue.  The id may be
// beyond a capacity that was lowered while the lock was in use.
func (h *Handle) Waiters(id uint32) ([]WaiterInfo, error) {
	var waiters []WaiterInfo

	errno := readList(h, iocListWaiters, 0, id, func(e *waiterEntry) {
		waiters = append(waiters, WaiterInfo{
			Since:       time.Duration(e.since),
			PID:         int(e.pid),
			TID:         int(e.tid),
			Client:      e.token,
			Command:     textOf(e.comm[:]),
			HasDeadline: e.flags&entryDeadline != 0,
			Deadlocked:  e.flags&entryDeadlock != 0,
		})
	})
	if errno != 0 {
		return nil, h.failLock("list who waits for", id, errno)
	}
	return waiters, nil
}
