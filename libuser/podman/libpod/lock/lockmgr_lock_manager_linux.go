// SPDX-License-Identifier: LGPL-2.1-or-later

package lock

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"example.org/lockmgr"
	manager "example.org/lockmgr/libpod"
	"github.com/sirupsen/logrus"
)

// LockmgrSpace is the name of the space that has libpod's locks.  Each user has a space of that
// name, in each IPC namespace.
const LockmgrSpace = "libpod"

// LockmgrLockManager keeps libpod's locks in a space of the lockmgr kernel module.
//
// When a process that holds a lock ends, however that happens, the kernel releases the lock.
// `lockctl list` shows who holds a lock, since when, who waits, and what the lock is for
// (SetNote).  The number of locks can be changed at any time without renumbering, unless a
// number that is in use would be beyond the end.
type LockmgrLockManager struct {
	*manager.ManagerOf[Locker]
}

// OpenLockmgrLockManager returns the manager of the locks in the space.  It creates the space if
// it is missing.
//
// A space lives until a reboot or the end of its IPC namespace, unless somebody removes it.  If
// it is removed and created anew, the new space does not know which numbers are in use, and its
// locks do not exclude a process that still has the old space open.  So the file generationPath
// notes which space the numbers are of.  That file must be gone after a reboot.  The caller
// ensures that no other process is in this function at the same time.
//
// The error is ESTALE if the space is not the one that the file notes, and ERANGE if a number
// in use is not below numLocks.  After ESTALE, libpod must renumber its locks; after ERANGE,
// that or a higher numLocks helps.
func OpenLockmgrLockManager(space string, numLocks uint32, generationPath string) (Manager, error) {
	opened, err := openLockmgr(space, numLocks, func(handle *lockmgr.Handle) error {
		if err := checkGeneration(handle, generationPath); err != nil {
			return err
		}
		err := resize(handle, numLocks)
		if errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("a lock number that is not below num_locks (%d) is in use: "+
				"raise num_locks, or run 'podman system renumber': %w", numLocks,
				syscall.ERANGE)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// NewLockmgrLockManager is OpenLockmgrLockManager for renumbering: whichever space it is now
// counts from now on, and no number is in use.  Objects may still have numbers of numLocks and
// more: RetrieveLock returns a Locker for these, too, which is good for nothing but its number.
func NewLockmgrLockManager(space string, numLocks uint32, generationPath string) (Manager, error) {
	opened, err := openLockmgr(space, numLocks, func(handle *lockmgr.Handle) error {
		if err := handle.FreeAll(); err != nil {
			return err
		}
		if err := resize(handle, numLocks); err != nil {
			return err
		}
		return writeGeneration(handle, generationPath)
	})
	if err != nil {
		return nil, err
	}
	return &renumberingLockManager{opened, numLocks}, nil
}

// openLockmgr opens the space and prepares it.  All locks go through the kernel: libpod
// acquires some tens of them in a process, and memory that is shared with nobody cannot be
// overwritten by anybody.
func openLockmgr(space string, numLocks uint32, prepare func(*lockmgr.Handle) error) (*LockmgrLockManager, error) {
	handle, err := lockmgr.Open(space, &lockmgr.Options{
		Create:   true,
		Capacity: numLocks,
		NoMap:    true,
	})
	if err == nil {
		if err = prepare(handle); err == nil {
			return &LockmgrLockManager{manager.NewOf[Locker](handle, &manager.Options{
				HolderDied: holderDied,
			})}, nil
		}
		handle.Close()
	}
	if errors.Is(err, syscall.ENODEV) {
		err = fmt.Errorf("%w; run 'modprobe lockmgr', give the container the device, or "+
			"choose another lock_type in containers.conf", err)
	}
	return nil, fmt.Errorf("opening the locks of lock_type \"lockmgr\": %w", err)
}

// renumberingLockManager is a LockmgrLockManager for the time in which objects get new numbers.
// Before libpod gives an object a new number, it retrieves the lock of the old one.
type renumberingLockManager struct {
	*LockmgrLockManager
	numLocks uint32
}

// RetrieveLock returns the lock with that number, or what stands for it if there is no such
// lock any more.
func (m *renumberingLockManager) RetrieveLock(id uint32) (Locker, error) {
	if id >= m.numLocks {
		return formerLock(id), nil
	}
	return m.LockmgrLockManager.RetrieveLock(id)
}

// formerLock is the number of a lock that does not exist any more.
type formerLock uint32

func (l formerLock) err() error {
	return fmt.Errorf("lock %d does not exist any more: run 'podman system renumber': %w", l,
		syscall.EINVAL)
}

// ID returns the number.
func (l formerLock) ID() uint32 {
	return uint32(l)
}

// Lock panics.
func (l formerLock) Lock() {
	panic(l.err())
}

// Unlock panics.
func (l formerLock) Unlock() {
	panic(l.err())
}

// Free fails.
func (l formerLock) Free() error {
	return l.err()
}

// What a lock protects is in the database, which a process leaves in the old state or in the
// new one, whenever it ends.
func holderDied(id uint32) {
	logrus.Infof("The process that held lock %d ended without releasing it", id)
}

func resize(handle *lockmgr.Handle, numLocks uint32) error {
	info, err := handle.Info()
	if err != nil || info.Capacity == numLocks {
		return err
	}
	return handle.SetCapacity(numLocks)
}

func generationOf(handle *lockmgr.Handle) string {
	return fmt.Sprintf("%016x", handle.Generation())
}

func checkGeneration(handle *lockmgr.Handle, path string) error {
	known, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return writeGeneration(handle, path)
	}
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(known)) != generationOf(handle) {
		return fmt.Errorf("the space %q was removed and created anew: stop all podman "+
			"processes, and run 'podman system renumber': %w", handle.Space(), syscall.ESTALE)
	}
	return nil
}

// writeGeneration notes the space in the file.  It replaces the file as a whole, so none is ever
// half written.
func writeGeneration(handle *lockmgr.Handle, path string) error {
	if err := os.WriteFile(path+".new", []byte(generationOf(handle)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
