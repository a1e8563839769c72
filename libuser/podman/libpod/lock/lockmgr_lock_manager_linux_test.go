// SPDX-License-Identifier: LGPL-2.1-or-later

package lock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"example.org/lockmgr"
)

// scene is a space for one test, and the path of the file that notes which space it is.
type scene struct {
	t           *testing.T
	space, path string
}

func newScene(t *testing.T) *scene {
	if _, err := lockmgr.Module(""); err != nil {
		t.Skip(err)
	}
	s := &scene{t, fmt.Sprintf("libpod-test.%d.%s", os.Getpid(), t.Name()),
		filepath.Join(t.TempDir(), "generation")}
	t.Cleanup(func() { lockmgr.Unlink(s.space, nil) })
	return s
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func (s *scene) open(numLocks uint32) Manager {
	s.t.Helper()
	m, err := OpenLockmgrLockManager(s.space, numLocks, s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (s *scene) wantAvailable(m Manager, wanted uint32) {
	s.t.Helper()
	counter := m.(interface{ AvailableLocks() (*uint32, error) })
	if available := *must(counter.AvailableLocks()); available != wanted {
		s.t.Fatalf("%d locks are available, not %d", available, wanted)
	}
}

func (s *scene) wantError(err error, wanted error) {
	s.t.Helper()
	if !errors.Is(err, wanted) {
		s.t.Fatalf("the error is %v, not %v", err, wanted)
	}
}

func (s *scene) wantPanic(name string, call func()) {
	s.t.Helper()
	defer func() {
		if recover() == nil {
			s.t.Errorf("%s does not panic", name)
		}
	}()
	call()
}

func TestLockmgrOpensTheLocksOfOthers(t *testing.T) {
	s := newScene(t)
	first := s.open(8)
	lock := must(first.AllocateLock())

	second := s.open(8)
	s.wantAvailable(second, 7)
	_, err := second.AllocateAndRetrieveLock(lock.ID())
	s.wantError(err, syscall.EEXIST)
	must(second.RetrieveLock(7))
	_, err = second.RetrieveLock(8)
	s.wantError(err, syscall.EINVAL)
}

func TestLockmgrExcludesOthers(t *testing.T) {
	s := newScene(t)
	lock := must(s.open(8).AllocateLock())
	same := must(s.open(8).RetrieveLock(lock.ID()))
	handle := must(lockmgr.Open(s.space, &lockmgr.Options{}))
	order := make(chan string, 2)

	lock.Lock()
	go func() {
		same.Lock()
		order <- "acquired"
		same.Unlock()
	}()
	for len(must(handle.Waiters(lock.ID()))) == 0 {
	}
	order <- "unlocking"
	lock.Unlock()
	if first := <-order; first != "unlocking" {
		t.Fatal("it was acquired while it was held")
	}
	<-order
}

func TestLockmgrHasAsManyLocksAsIsSaid(t *testing.T) {
	s := newScene(t)
	m := s.open(8)
	must(m.AllocateAndRetrieveLock(5))

	s.wantAvailable(s.open(20), 19)
	s.wantAvailable(s.open(6), 5)
	_, err := OpenLockmgrLockManager(s.space, 5, s.path)
	s.wantError(err, syscall.ERANGE)
	s.wantAvailable(m, 5)

	renumbered := must(NewLockmgrLockManager(s.space, 5, s.path))
	s.wantAvailable(renumbered, 5)
}

func TestLockmgrRetrievesFormerNumbersOnlyToRenumber(t *testing.T) {
	s := newScene(t)
	renumbering := must(NewLockmgrLockManager(s.space, 5, s.path))

	must(renumbering.RetrieveLock(4)).Lock()
	former := must(renumbering.RetrieveLock(5))
	if former.ID() != 5 {
		t.Errorf("lock 5 has the number %d", former.ID())
	}
	s.wantError(former.Free(), syscall.EINVAL)
	s.wantPanic("Lock", former.Lock)
	s.wantPanic("Unlock", former.Unlock)

	_, err := renumbering.AllocateAndRetrieveLock(5)
	s.wantError(err, syscall.EINVAL)
	_, err = s.open(5).RetrieveLock(5)
	s.wantError(err, syscall.EINVAL)
}

func TestLockmgrRefusesAnotherSpaceOfTheName(t *testing.T) {
	s := newScene(t)
	old := must(s.open(8).AllocateLock())

	if err := lockmgr.Unlink(s.space, nil); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 2; i++ {
		_, err := OpenLockmgrLockManager(s.space, 8, s.path)
		s.wantError(err, syscall.ESTALE)
	}
	// What the error prevents: two processes hold the lock of one number, in two spaces.
	old.Lock()
	renumbered := must(NewLockmgrLockManager(s.space, 8, s.path))
	must(renumbered.RetrieveLock(old.ID())).Lock()

	must(renumbered.AllocateLock())
	s.wantAvailable(s.open(8), 7)
}

func TestLockmgrTakesAnySpaceAfterARestart(t *testing.T) {
	s := newScene(t)
	s.open(8)

	if err := lockmgr.Unlink(s.space, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.path); err != nil {
		t.Fatal(err)
	}
	s.wantAvailable(s.open(8), 8)
	s.wantAvailable(s.open(8), 8)
}

func TestLockmgrNeedsTheFile(t *testing.T) {
	s := newScene(t)

	if err := os.Mkdir(s.path, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := OpenLockmgrLockManager(s.space, 8, s.path)
	s.wantError(err, syscall.EISDIR)
	_, err = NewLockmgrLockManager(s.space, 8, s.path)
	s.wantError(err, syscall.EEXIST)
}

func TestLockmgrKeepsWhatLocksAreFor(t *testing.T) {
	s := newScene(t)
	lock := must(s.open(8).AllocateLock())
	handle := must(lockmgr.Open(s.space, &lockmgr.Options{}))

	noter := lock.(interface{ SetNote(note string) error })
	if err := noter.SetNote("container web-1"); err != nil {
		t.Fatal(err)
	}
	locks := must(handle.List(lockmgr.Allocated))
	if len(locks) != 1 || locks[0].Note != "container web-1" {
		t.Fatalf("allocated are %v", locks)
	}
}
