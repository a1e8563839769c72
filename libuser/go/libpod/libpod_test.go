// SPDX-License-Identifier: LGPL-2.1-or-later

package libpod

//lint:file-ignore SA2001 that a lock can be acquired is what is tested

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"example.org/lockmgr"
)

// A test for each sentence of the contract that Podman has for its locks, in the order of the
// contract.

// Types like Podman's own, which are not those of this package.
type (
	theirLocker interface {
		ID() uint32
		Lock()
		Unlock()
		Free() error
	}
	theirManager interface {
		AllocateLock() (theirLocker, error)
		RetrieveLock(id uint32) (theirLocker, error)
		AllocateAndRetrieveLock(id uint32) (theirLocker, error)
		FreeAllLocks() error
		AvailableLocks() (*uint32, error)
		LocksHeld() ([]uint32, error)
	}
)

var _ theirManager = (*ManagerOf[theirLocker])(nil)

const spaceVariable = "LOCKMGR_GO_SPACE"

// TestMain is a process that holds lock 3 until its input ends, if the environment names a
// space.
func TestMain(m *testing.M) {
	space := os.Getenv(spaceVariable)
	if _, err := lockmgr.Module(""); errors.Is(err, syscall.ENODEV) {
		fmt.Println("skipped: there is no /dev/lockmgr")
		os.Exit(0)
	}
	if space == "" {
		os.Exit(m.Run())
	}
	lock := must(manager(must(lockmgr.Open(space, nil)), nil).RetrieveLock(3))
	lock.Lock()
	fmt.Println("held")
	os.Stdin.Read(make([]byte, 1))
	lock.Unlock()
}

func manager(handle *lockmgr.Handle, options *Options) Manager {
	return New(handle, options)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

var count int

func newHandle(t *testing.T, capacity uint32) *lockmgr.Handle {
	t.Helper()
	count++
	space := fmt.Sprintf("libpod.%d.%d", os.Getpid(), count)
	h, err := lockmgr.Open(space, &lockmgr.Options{Create: true, Capacity: capacity})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.FreeAll()
		h.Close()
		lockmgr.Unlink(space, nil)
	})
	return h
}

func newManager(t *testing.T, capacity uint32) Manager {
	t.Helper()
	return manager(newHandle(t, capacity), nil)
}

// holder starts a process that holds lock 3, and returns a function that kills it.
func holder(t *testing.T, h *lockmgr.Handle) (kill func()) {
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), spaceVariable+"="+h.Space())
	in := must(command.StdinPipe())
	out := must(command.StdoutPipe())
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		command.Process.Kill()
		in.Close()
		command.Wait()
	}
	t.Cleanup(kill)
	if n, err := out.Read(make([]byte, 5)); err != nil || n == 0 {
		t.Fatal("the process holds no lock")
	}
	return kill
}

func panicOf(f func()) (message string) {
	defer func() {
		if r := recover(); r != nil {
			message = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}

func fails(t *testing.T, err error, errno syscall.Errno) {
	t.Helper()
	if !errors.Is(err, errno) {
		t.Fatalf("error is %v, not %s", err, errno)
	}
}

// isHeld reports whether a lock is held, as another handle of the space sees it.
func isHeld(t *testing.T, h *lockmgr.Handle, id uint32) bool {
	t.Helper()
	other := must(lockmgr.Open(h.Space(), nil))
	defer other.Close()
	_, err := other.TryLock(id)
	if err == nil {
		other.Unlock(id)
	}
	return errors.Is(err, syscall.EBUSY)
}

func TestALockOfOneProcessIsTheSameInAnother(t *testing.T) {
	h := newHandle(t, 10)
	holder(t, h)
	if _, err := h.TryLock(3); !errors.Is(err, syscall.EBUSY) {
		t.Fatalf("the lock that another process holds: %v", err)
	}
}

func TestLockingInOneProcessExcludesAnotherUntilItUnlocks(t *testing.T) {
	h := newHandle(t, 10)
	lock := must(manager(h, nil).RetrieveLock(3))
	lock.Lock()
	if !isHeld(t, h, 3) {
		t.Fatal("others can lock it")
	}
	lock.Unlock()
	if isHeld(t, h, 3) {
		t.Fatal("others cannot lock it")
	}
}

func TestLocksAreIdentifiedByTheirIDs(t *testing.T) {
	h := newHandle(t, 10)
	m := manager(h, nil)
	lock := must(m.AllocateLock())
	same := must(m.RetrieveLock(lock.ID()))
	if same.ID() != lock.ID() {
		t.Fatalf("lock %d is retrieved as %d", lock.ID(), same.ID())
	}
	lock.Lock()
	same.Unlock()
	if isHeld(t, h, lock.ID()) {
		t.Fatal("they are not the same")
	}
}

func TestEachIDIsALockOfItsOwn(t *testing.T) {
	h := newHandle(t, 300)
	m := manager(h, nil)
	must(m.RetrieveLock(3)).Lock()
	for id := uint32(0); id < 300; id++ {
		if isHeld(t, h, id) != (id == 3) {
			t.Fatalf("lock %d is not another than 3", id)
		}
	}
}

func TestAllocatedLocksAreUniqueUntilThereAreNone(t *testing.T) {
	m := newManager(t, 20)
	seen := map[uint32]bool{}
	for i := 0; i < 20; i++ {
		seen[must(m.AllocateLock()).ID()] = true
	}
	if len(seen) != 20 {
		t.Fatalf("20 allocations returned %d locks", len(seen))
	}
	lock, err := m.AllocateLock()
	fails(t, err, syscall.ENOSPC)
	if lock != nil {
		t.Fatal("a lock was returned as well")
	}
}

func TestFreedLocksCanBeAllocatedAgain(t *testing.T) {
	m := newManager(t, 2)
	first := must(m.AllocateLock())
	must(m.AllocateLock())
	if err := first.Free(); err != nil {
		t.Fatal(err)
	}
	if again := must(m.AllocateLock()); again.ID() != first.ID() {
		t.Fatalf("lock %d was allocated, not %d", again.ID(), first.ID())
	}
}

func TestRetrieveLockReturnsLocksThatAreNotAllocated(t *testing.T) {
	lock := must(newManager(t, 4).RetrieveLock(3))
	lock.Lock()
	lock.Unlock()
}

func TestRetrieveLockFailsBeyondTheCapacity(t *testing.T) {
	_, err := newManager(t, 4).RetrieveLock(4)
	fails(t, err, syscall.EINVAL)
}

func TestAllocateAndRetrieveLockMarksTheLockAsInUse(t *testing.T) {
	m := newManager(t, 2)
	if lock := must(m.AllocateAndRetrieveLock(0)); lock.ID() != 0 {
		t.Fatalf("lock %d was returned, not 0", lock.ID())
	}
	if lock := must(m.AllocateLock()); lock.ID() != 1 {
		t.Fatalf("lock %d was allocated, not 1", lock.ID())
	}
}

func TestAllocateAndRetrieveLockFailsIfItIsAllocated(t *testing.T) {
	m := newManager(t, 2)
	lock := must(m.AllocateLock())
	_, err := m.AllocateAndRetrieveLock(lock.ID())
	fails(t, err, syscall.EEXIST)
}

func TestAllocateAndRetrieveLockFailsBeyondTheCapacity(t *testing.T) {
	_, err := newManager(t, 2).AllocateAndRetrieveLock(2)
	fails(t, err, syscall.EINVAL)
}

func TestFreeAllLocksFreesAllAllocatedLocks(t *testing.T) {
	m := newManager(t, 3)
	for i := 0; i < 3; i++ {
		must(m.AllocateLock())
	}
	if err := m.FreeAllLocks(); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 3; i++ {
		must(m.AllocateLock())
	}
}

func TestAvailableLocksCountsWhatCanBeAllocated(t *testing.T) {
	m := newManager(t, 3)
	for wanted := uint32(3); ; wanted-- {
		available := must(m.AvailableLocks())
		if available == nil || *available != wanted {
			t.Fatalf("available are %v, not %d", available, wanted)
		}
		if wanted == 0 {
			break
		}
		must(m.AllocateLock())
	}
}

func TestLocksHeldListsWhatIsLocked(t *testing.T) {
	h := newHandle(t, 10)
	m := manager(h, nil)
	if held := must(m.LocksHeld()); len(held) != 0 {
		t.Fatalf("held are %v, not none", held)
	}
	holder(t, h)
	must(m.RetrieveLock(5)).Lock()
	if held := fmt.Sprint(must(m.LocksHeld())); held != "[3 5]" {
		t.Fatalf("held are %s, not [3 5]", held)
	}
}

func TestLocksHeldTakesNoLock(t *testing.T) {
	var died []uint32
	h := newHandle(t, 10)
	m := manager(h, &Options{HolderDied: func(id uint32) { died = append(died, id) }})
	kill := holder(t, h)
	kill()
	must(m.LocksHeld())
	must(m.RetrieveLock(3)).Lock()
	if fmt.Sprint(died) != "[3]" {
		t.Fatalf("reported deaths are %v, not [3]", died)
	}
}

func TestLockBlocksUntilItHasTheLock(t *testing.T) {
	h := newHandle(t, 10)
	lock := must(manager(h, nil).RetrieveLock(3))
	same := must(manager(must(lockmgr.Open(h.Space(), nil)), nil).RetrieveLock(3))
	order := make(chan string, 2)
	lock.Lock()
	go func() {
		same.Lock()
		order <- "acquired"
		same.Unlock()
	}()
	for len(must(h.Waiters(3))) == 0 {
	}
	order <- "unlocking"
	lock.Unlock()
	if first := <-order; first != "unlocking" {
		t.Fatal("it did not block")
	}
	<-order
}

func TestOneCallerAtATimeIsInside(t *testing.T) {
	lock := must(newManager(t, 10).AllocateLock())
	const callers, rounds = 50, 100
	inside, done := 0, make(chan bool)
	for i := 0; i < callers; i++ {
		go func() {
			for j := 0; j < rounds; j++ {
				lock.Lock()
				inside++
				lock.Unlock()
			}
			done <- true
		}()
	}
	for i := 0; i < callers; i++ {
		<-done
	}
	if inside != callers*rounds {
		t.Fatalf("%d of %d came out", inside, callers*rounds)
	}
}

func TestLockGoesOnAfterADeath(t *testing.T) {
	h := newHandle(t, 10)
	holder(t, h)()
	lock := must(manager(h, nil).RetrieveLock(3))
	lock.Lock()
	lock.Unlock()
}

// says checks that the message of a panic contains all of the words.
func says(t *testing.T, message string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(message, word) {
			t.Fatalf("the panic says %q, without %q", message, word)
		}
	}
}

func TestLockPanicsWithLockSpaceAndRemedy(t *testing.T) {
	h := newHandle(t, 4)
	lock := must(manager(h, nil).RetrieveLock(3))
	if err := h.SetCapacity(2); err != nil {
		t.Fatal(err)
	}
	says(t, panicOf(lock.Lock), "lock 3", h.Space(), "lockctl set-capacity "+h.Space())
	h.Close()
	says(t, panicOf(lock.Lock), "lock 3", h.Space(), "Restart the process")
}

func TestUnlockPanicsIfItIsUnlocked(t *testing.T) {
	h := newHandle(t, 4)
	lock := must(manager(h, nil).RetrieveLock(3))
	says(t, panicOf(lock.Unlock), "lock 3", h.Space(), "lockctl who "+h.Space()+" 3")
	lock.Lock()
	lock.Unlock()
	says(t, panicOf(lock.Unlock), "lock 3", h.Space(), "lockctl who "+h.Space()+" 3")
}

func TestEachErrorOfALockHasItsRemedy(t *testing.T) {
	h := newHandle(t, 4)
	l := &locker{handle: h, id: 3}
	for errno, words := range map[syscall.Errno]string{
		syscall.EPERM:  "lockctl who " + h.Space() + " 3",
		syscall.EINVAL: "lockctl set-capacity " + h.Space(),
		syscall.EDQUOT: "locks_per_user",
		syscall.EBADF:  "Restart the process",
		syscall.ENOMEM: "memory limit",
		syscall.EIO:    "lockctl list " + h.Space(),
	} {
		says(t, l.remedy(&lockmgr.Error{Errno: errno}), words)
	}
}

func TestCallsOnAClosedHandleFail(t *testing.T) {
	h := newHandle(t, 4)
	m := manager(h, nil)
	lock := must(m.AllocateLock())
	h.Close()
	_, err := m.AllocateLock()
	fails(t, err, syscall.EBADF)
	fails(t, m.FreeAllLocks(), syscall.EBADF)
	_, err = m.AvailableLocks()
	fails(t, err, syscall.EBADF)
	_, err = m.LocksHeld()
	fails(t, err, syscall.EBADF)
	fails(t, lock.Free(), syscall.EBADF)
	says(t, panicOf(lock.Unlock), "lock 0", h.Space(), "Restart the process")
}

func TestATypeThatLockersAreNotOfIsRefusedAtOnce(t *testing.T) {
	h := newHandle(t, 4)
	says(t, panicOf(func() { NewOf[error](h, nil) }), "locker", "error")
}

func TestFreedLocksAreUsable(t *testing.T) {
	h := newHandle(t, 4)
	lock := must(manager(h, nil).AllocateLock())
	lock.Lock()
	if err := lock.Free(); err != nil {
		t.Fatal(err)
	}
	if !isHeld(t, h, lock.ID()) {
		t.Fatal("it is not held any more")
	}
	lock.Unlock()
	lock.Lock()
	lock.Unlock()
}

func TestFreeFailsIfItIsNotAllocated(t *testing.T) {
	lock := must(newManager(t, 4).RetrieveLock(3))
	fails(t, lock.Free(), syscall.ENOENT)
}

func TestNotesComeWithAllocations(t *testing.T) {
	h := newHandle(t, 4)
	m := manager(h, &Options{Note: func() string { return "container web" }})
	must(m.AllocateLock())
	must(m.AllocateAndRetrieveLock(2))
	for _, lock := range must(h.List(lockmgr.Allocated)) {
		if lock.Note != "container web" {
			t.Fatalf("the note of lock %d is %q", lock.ID, lock.Note)
		}
	}
}

// noted returns the note of a lock that is allocated.
func noted(t *testing.T, h *lockmgr.Handle, id uint32) string {
	t.Helper()
	for _, lock := range must(h.List(lockmgr.Allocated)) {
		if lock.ID == id {
			return lock.Note
		}
	}
	t.Fatalf("lock %d is not allocated", id)
	return ""
}

func TestSetNoteReplacesTheNote(t *testing.T) {
	h := newHandle(t, 4)
	m := ManagerOf[theirLocker]{handle: h}
	lock := must(m.AllocateLock())
	for _, note := range []string{"container web", "container web, renamed", ""} {
		if err := lock.(Noter).SetNote(note); err != nil {
			t.Fatal(err)
		}
		if seen := noted(t, h, lock.ID()); seen != note {
			t.Fatalf("the note is %q, not %q", seen, note)
		}
	}
	fails(t, must(m.RetrieveLock(2)).(Noter).SetNote("nothing"), syscall.ENOENT)
}

func TestNotesThatAreTooLongAreCut(t *testing.T) {
	const long = "0123456789 0123456789 0123456789 0123456789 0123456789 012345"
	for text, wanted := range map[string]string{
		long + "67":       long + "67",
		long + "678":      long + "67",
		long + "6é":       long + "6",
		long + "\u20ac":   long,
		long + "éa":       long + "é",
		"before\x00after": "before",
		// Not text, and so without a character that would be cut in two.
		strings.Repeat("\x80", 70): strings.Repeat("\x80", 59),
	} {
		h := newHandle(t, 4)
		m := manager(h, &Options{Note: func() string { return text }})
		lock := must(m.AllocateLock())
		must(m.AllocateAndRetrieveLock(2))
		for _, id := range []uint32{0, 2} {
			if seen := noted(t, h, id); seen != wanted {
				t.Fatalf("of %q the note is %q, not %q", text, seen, wanted)
			}
		}
		if err := lock.(Noter).SetNote(text); err != nil {
			t.Fatal(err)
		}
		if seen := noted(t, h, 0); seen != wanted {
			t.Fatalf("of %q the note is %q, not %q", text, seen, wanted)
		}
	}
}
