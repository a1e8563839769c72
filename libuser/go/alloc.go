// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"strings"
	"syscall"
	"unsafe"
)

// An allocated id is not allocated again until it is freed.  That is all: locking works
// on every id below the capacity, allocated or not.

// Allocate allocates the lowest free id.
//
// It fails with EDQUOT if the space's owner has as many locks in use as are allowed, and
// ENOSPC if all ids of the space are allocated.
func (h *Handle) Allocate() (uint32, error) {
	var args ioctlId

	if _, errno := h.call(iocAllocate, unsafe.Pointer(&args)); errno != 0 {
		return 0, h.fail("allocate a lock", errno)
	}
	return args.id, nil
}

// AllocateID allocates a given id, for runtimes that set their allocations up again
// after a reboot.
//
// It fails with EDQUOT as Allocate does, and EEXIST if the id is allocated already.
func (h *Handle) AllocateID(id uint32) error {
	args := ioctlId{id: id}

	if _, errno := h.call(iocAllocateId, unsafe.Pointer(&args)); errno != 0 {
		return h.failLock("allocate", id, errno)
	}
	return nil
}

// Retrieve reports whether an id is allocated.  If it is not, its lock can be used all the
// same.  Retrieve fails with EINVAL if the id is not below the capacity.
func (h *Handle) Retrieve(id uint32) (bool, error) {
	args := ioctlId{id: id}

	allocated, errno := h.call(iocRetrieve, unsafe.Pointer(&args))
	if errno != 0 {
		return false, h.failLock("retrieve", id, errno)
	}
	return allocated == 1, nil
}

// Free frees an id, and removes its note.  The lock itself stays as it is: processes that know
// the id can go on locking and unlocking it.  Free fails with ENOENT if the id is not
// allocated.
func (h *Handle) Free(id uint32) error {
	args := ioctlId{id: id}

	if _, errno := h.call(iocFree, unsafe.Pointer(&args)); errno != 0 {
		return h.failLock("free", id, errno)
	}
	return nil
}

// FreeAll frees every id of the space, and removes all notes.  Locks that are held stay held.
// For the space's owner and CAP_SYS_ADMIN; others get EPERM.
func (h *Handle) FreeAll() error {
	var args ioctlFlags

	if _, errno := h.call(iocFreeAll, unsafe.Pointer(&args)); errno != 0 {
		return h.fail("free all locks", errno)
	}
	return nil
}

// Available returns the number of ids that are not allocated.
func (h *Handle) Available() (uint32, error) {
	info, err := h.Info()
	if err != nil {
		return 0, err
	}
	return info.Capacity - info.Allocated, nil
}

// A note tells people what an allocated id stands for ("container web-1").  Everybody who may
// list locks can read it.  It goes when the id is freed.

// callWithNote makes an ioctl with an id and a note, and returns the id that the kernel wrote.  A
// module that does not know notes does not know these commands: EOPNOTSUPP.
func (h *Handle) callWithNote(command uintptr, id uint32, note string) (uint32, syscall.Errno) {
	args := ioctlNote{id: id}

	if len(note) >= noteSize || strings.IndexByte(note, 0) >= 0 {
		return 0, syscall.EINVAL
	}
	copy(args.note[:], note)
	_, errno := h.call(command, unsafe.Pointer(&args))
	if errno == syscall.ENOTTY {
		errno = syscall.EOPNOTSUPP
	}
	return args.id, errno
}

// AllocateNoted allocates the lowest free id, and notes what it stands for
// ("container web-1"), for people who look at the locks.  The id has the note from the first
// moment on: no list shows it without.  "": no note.
//
// It fails as Allocate does, with EINVAL if the note is longer than 63 bytes or contains a
// NUL, and with EOPNOTSUPP if the note is not empty and the module does not know notes
// (ModuleInfo.Notes).
func (h *Handle) AllocateNoted(note string) (uint32, error) {
	if note == "" {
		return h.Allocate()
	}
	id, errno := h.callWithNote(iocAllocateNoted, 0, note)
	if errno != 0 {
		return 0, h.fail("allocate a lock", errno)
	}
	return id, nil
}

// AllocateIDNoted allocates a given id as AllocateID does, with a note from the first moment
// on, as AllocateNoted.  It fails as AllocateID and AllocateNoted do.  If the id is allocated
// already, it keeps the note that it has.
func (h *Handle) AllocateIDNoted(id uint32, note string) error {
	if note == "" {
		return h.AllocateID(id)
	}
	if _, errno := h.callWithNote(iocAllocateIdNoted, id, note); errno != 0 {
		return h.failLock("allocate", id, errno)
	}
	return nil
}

// SetNote replaces the note of an allocated id; "": no note.
//
// It fails with ENOENT if the id is not allocated, and with EINVAL and EOPNOTSUPP as
// AllocateNoted does.
func (h *Handle) SetNote(id uint32, note string) error {
	_, errno := h.callWithNote(iocSetNote, id, note)
	if errno == syscall.EOPNOTSUPP && note == "" {
		return h.checkAllocated("set the note of", id)
	}
	if errno != 0 {
		return h.failLock("set the note of", id, errno)
	}
	return nil
}

// checkAllocated is SetNote with "" where the module does not know notes: there is no note to
// remove, and only the id must be checked.
func (h *Handle) checkAllocated(op string, id uint32) error {
	args := ioctlId{id: id}

	allocated, errno := h.call(iocRetrieve, unsafe.Pointer(&args))
	if errno == 0 && allocated == 0 {
		errno = syscall.ENOENT
	}
	if errno != 0 {
		return h.failLock(op, id, errno)
	}
	return nil
}
