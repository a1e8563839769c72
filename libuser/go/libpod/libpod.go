// SPDX-License-Identifier: LGPL-2.1-or-later

/*
Package libpod has the interface that Podman's libpod has for its locks, kept by lockmgr.

A Manager stands for a space, and a Locker for one of its locks.  Beyond what the interface
promises, a lock is released when the process that holds it ends, and `lockctl list` says
who holds it, since when, and who waits.

Podman's own interfaces are of Podman's own types.  ManagerOf takes such a type as that of
its Lockers, so within Podman

	var manager lock.Manager = libpod.NewOf[lock.Locker](handle, nil)
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
	// ID returns the lock's number, which is that of no other lock of the Manager:
	// RetrieveLock with it returns the same lock, in every process.
	ID() uint32
	// Lock acquires the lock, and waits until it has done so.  It panics if it cannot.
	// Any goroutine may unlock it.
	Lock()
	// Unlock releases the lock.  It panics if this Manager does not hold it.
	Unlock()
	// Free lets the lock be allocated again.  It can be used all the same.
	Free() error
}

// Manager is ManagerOf with this package's Locker.
type Manager interface {
	// AllocateLock returns a lock that was not allocated.  It is not returned again until
	// it has been freed.  If all locks are allocated, it returns an error.
	AllocateLock() (Locker, error)
	// RetrieveLock returns the lock with that number.
	RetrieveLock(id uint32) (Locker, error)
	// AllocateAndRetrieveLock allocates the lock with that number and returns it.  If it
	// is allocated already, it returns an error.
	AllocateAndRetrieveLock(id uint32) (Locker, error)
	// FreeAllLocks lets all locks be allocated again.  It is for the time in which
	// nobody else allocates and frees: what others have allocated is forgotten.
	FreeAllLocks() error
	// AvailableLocks returns how many locks are not allocated.
	AvailableLocks() (*uint32, error)
	// LocksHeld returns the numbers of the locks that are held, by whichever process.  It
	// acquires none: the news that a holder has died is for the next to lock it.
	LocksHeld() ([]uint32, error)
}

// Options of a Manager.
type Options struct {
	// HolderDied is called by Lock when it has acquired a lock whose holder ended without
	// unlocking it, before Lock returns: what the lock protects may be half done, and Lock
	// has no result to say so.
	HolderDied func(id uint32)
	// Note returns the note of a lock that is allocated, which lockctl shows; "": none.
	// AllocateLock calls it before the lock has a number.  See Noter.
	Note func() string
}

// Noter is what each Locker of a Manager is besides: in Podman, a type assertion leads to it.
type Noter interface {
	// SetNote notes what an allocated lock stands for ("container web-1"), in place of
	// what was noted before; "": nothing.
	//
	// Notes are for people.  So one that is longer than the 63 bytes that there is room
	// for is cut, and a module that does not know notes does without.
	SetNote(note string) error
}

// ManagerOf has the methods of Manager for another type of Locker, an interface with the
// methods of this package's.
type ManagerOf[L any] struct {
	handle  *lockmgr.Handle
	options Options
}

// New returns a Manager of the space that the handle has open.  The handle stays the
// caller's to close.
func New(handle *lockmgr.Handle, options *Options) Manager {
	return NewOf[Locker](handle, options)
}

// NewOf returns a manager whose Lockers are of type L.
func NewOf[L any](handle *lockmgr.Handle, options *Options) *ManagerOf[L] {
	m := &ManagerOf[L]{handle: handle}
	if options != nil {
		m.options = *options
	}
	// A type that the Lockers are not of is a mistake in the program, not in its use.
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

// cut makes a note of a text: its beginning, in whole characters.
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

// AllocateLock is Manager's.
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

// RetrieveLock is Manager's.
func (m *ManagerOf[L]) RetrieveLock(id uint32) (none L, err error) {
	if _, err := m.handle.Retrieve(id); err != nil {
		return none, err
	}
	return m.locker(id), nil
}

// AllocateAndRetrieveLock is Manager's.
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

// FreeAllLocks is Manager's.
func (m *ManagerOf[L]) FreeAllLocks() error {
	return m.handle.FreeAll()
}

// AvailableLocks is Manager's.
func (m *ManagerOf[L]) AvailableLocks() (*uint32, error) {
	available, err := m.handle.Available()
	if err != nil {
		return nil, err
	}
	return &available, nil
}

// LocksHeld is Manager's.
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

// SetNote is Noter's.
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
		return "Restart the process, and see what in it closes descriptors that it " +
			"does not own: locks that it held may be another's by now."
	case errors.Is(err, syscall.ENOMEM):
		return "Free memory, or raise the memory limit of the cgroup."
	}
	return fmt.Sprintf("`lockctl doctor` checks the installation, and `lockctl list %s` "+
		"shows the locks.", space)
}
