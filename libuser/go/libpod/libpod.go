// SPDX-License-Identifier: LGPL-2.1-or-later

/*
Package libpod implements the interface that Podman's libpod has for its locks, with locks of
the lockmgr kernel module.

A Manager stands for a space, and a Locker for one of its locks.  Beyond what the interface
promises, a lock is released when the process that holds it ends, and `lockctl list` shows
who holds it, since when, and who waits.

The methods of Podman's lock.Manager return Podman's type lock.Locker, not the Locker of this
package.  ManagerOf has the type of its Lockers as a parameter, so that within Podman

	var manager lock.Manager = libpod.NewOf[lock.Locker](handle, nil)

compiles.
*/
package libpod

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"unicode/utf8"

	"example.org/lockmgr"
)

// Locker is a lock.
type Locker interface {
	// ID returns the lock's number.  No other lock of the Manager has that number, and
	// RetrieveLock with it returns the same lock in every process.
	ID() uint32
	// Lock acquires the lock, however long that takes.  It panics if it cannot.  Any
	// goroutine may unlock the lock.
	Lock()
	// Unlock releases the lock.  It panics if the Manager's handle does not hold it.
	Unlock()
	// Free lets the lock be allocated again.  The lock can still be used.
	Free() error
}

// Manager is ManagerOf with this package's Locker.
type Manager interface {
	// AllocateLock allocates a lock and returns it.  No call allocates the same lock again
	// until it has been freed.  If all locks are allocated, AllocateLock returns an error.
	AllocateLock() (Locker, error)
	// RetrieveLock returns the lock with the number id, allocated or not.  If there is no
	// such number in the space, it returns an error.
	RetrieveLock(id uint32) (Locker, error)
	// AllocateAndRetrieveLock allocates the lock with the number id and returns it.  If
	// the lock is allocated already, it returns an error.
	AllocateAndRetrieveLock(id uint32) (Locker, error)
	// FreeAllLocks frees all locks, also those that others have allocated.  Call it only
	// while nobody else allocates or frees locks.
	FreeAllLocks() error
	// AvailableLocks returns how many locks are not allocated.
	AvailableLocks() (*uint32, error)
	// LocksHeld returns the numbers of the locks that any process holds.  It acquires none
	// of them, so a holder's death is still reported to whoever locks the lock next.
	LocksHeld() ([]uint32, error)
}

// Options of a Manager.
type Options struct {
	// HolderDied, if not nil: Lock calls it before it returns, when it has acquired a lock
	// whose former holder ended without unlocking it.  What the lock protects may then be
	// half done, and Lock has no result to say so.
	HolderDied func(id uint32)
	// Note, if not nil, returns the note of a lock that is being allocated, which lockctl
	// shows; "": no note.  It is called before the lock has a number.  See Noter.
	Note func() string
}

// Noter is implemented by each Locker of a Manager.  Podman reaches it by a type assertion,
// since its own Locker does not have this method.
type Noter interface {
	// SetNote replaces the note of an allocated lock, which says what the lock stands for
	// ("container web-1"); "": no note.
	//
	// Notes are for people.  So a note that is longer than the 63 bytes that there is room
	// for, or that contains a NUL, is cut, and it is not an error if the module does not
	// know notes.
	SetNote(note string) error
}

// ManagerOf has the methods of Manager for another type of Locker: an interface whose methods
// are among those of this package's Locker and Noter.
type ManagerOf[L any] struct {
	handle  *lockmgr.Handle
	options Options
}

// New returns a Manager of the space that the handle has open.  The caller closes the handle.
func New(handle *lockmgr.Handle, options *Options) Manager {
	return NewOf[Locker](handle, options)
}

// NewOf returns a manager whose Lockers are of type L.
func NewOf[L any](handle *lockmgr.Handle, options *Options) *ManagerOf[L] {
	m := &ManagerOf[L]{handle: handle}
	if options != nil {
		m.options = *options
	}
	// If L has methods that the Lockers lack, panic here already: it is a bug in the program.
	m.locker(0)
	return m
}

func (m *ManagerOf[L]) locker(id uint32) L {
	return any(&locker{handle: m.handle, holderDied: m.options.HolderDied, id: id}).(L)
}

func (m *ManagerOf[L]) note() string {
	if m.options.Note == nil {
		return ""
	}
	return cut(m.options.Note())
}

const noteMax = 63

// cut returns as much of the beginning of a text as fits into a note, in whole characters.  It
// ends before a NUL.
func cut(text string) string {
	if end := strings.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	if len(text) <= noteMax {
		return text
	}
	end := noteMax
	for end > noteMax-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// AllocateLock implements Manager.
func (m *ManagerOf[L]) AllocateLock() (none L, err error) {
	id, err := m.handle.AllocateNoted(m.note())
	if errors.Is(err, syscall.EOPNOTSUPP) {
		id, err = m.handle.Allocate()
	}
	if err != nil {
		return none, err
	}
	return m.locker(id), nil
}

// RetrieveLock implements Manager.
func (m *ManagerOf[L]) RetrieveLock(id uint32) (none L, err error) {
	if _, err := m.handle.Retrieve(id); err != nil {
		return none, err
	}
	return m.locker(id), nil
}

// AllocateAndRetrieveLock implements Manager.
func (m *ManagerOf[L]) AllocateAndRetrieveLock(id uint32) (none L, err error) {
	err = m.handle.AllocateIDNoted(id, m.note())
	if errors.Is(err, syscall.EOPNOTSUPP) {
		err = m.handle.AllocateID(id)
	}
	if err != nil {
		return none, err
	}
	return m.locker(id), nil
}

// FreeAllLocks implements Manager.
func (m *ManagerOf[L]) FreeAllLocks() error {
	return m.handle.FreeAll()
}

// AvailableLocks implements Manager.
func (m *ManagerOf[L]) AvailableLocks() (*uint32, error) {
	available, err := m.handle.Available()
	if err != nil {
		return nil, err
	}
	return &available, nil
}

// LocksHeld implements Manager.
func (m *ManagerOf[L]) LocksHeld() ([]uint32, error) {
	return m.handle.Held()
}

type locker struct {
	handle     *lockmgr.Handle
	holderDied func(uint32)
	id         uint32
}

func (l *locker) ID() uint32 {
	return l.id
}

func (l *locker) Lock() {
	outcome, err := l.handle.Lock(l.id)
	if err != nil {
		panic(fmt.Sprintf("%v.  %s", err, l.remedy(err)))
	}
	if outcome == lockmgr.HolderDied && l.holderDied != nil {
		l.holderDied(l.id)
	}
}

func (l *locker) Unlock() {
	if err := l.handle.Unlock(l.id); err != nil {
		panic(fmt.Sprintf("%v.  %s", err, l.remedy(err)))
	}
}

func (l *locker) Free() error {
	return l.handle.Free(l.id)
}

// SetNote implements Noter.
func (l *locker) SetNote(note string) error {
	err := l.handle.SetNote(l.id, cut(note))
	if errors.Is(err, syscall.EOPNOTSUPP) {
		err = nil
	}
	return err
}

// remedy says what to do about an error that Lock or Unlock cannot return.
func (l *locker) remedy(err error) string {
	space := l.handle.Space()

	switch {
	case errors.Is(err, syscall.EPERM):
		return fmt.Sprintf("This process does not hold the lock: it has unlocked it "+
			"already, or never locked it.  `lockctl who %s %d` says who does.", space, l.id)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Sprintf("If the space has been made smaller than what is in use, "+
			"`lockctl set-capacity %s NUMBER` makes it larger.", space)
	case errors.Is(err, syscall.EDQUOT):
		return "Free locks that are not needed, or let users have more: the parameter " +
			"locks_per_user in /sys/module/lockmgr/parameters."
	case errors.Is(err, syscall.EBADF):
		return "Restart the process, and find out what in it closes descriptors that it " +
			"does not own: another process may have the locks that it held."
	case errors.Is(err, syscall.ENOMEM):
		return "Free memory, or raise the memory limit of the cgroup."
	}
	return fmt.Sprintf("`lockctl doctor` checks the installation, and `lockctl list %s` "+
		"shows the locks.", space)
}
