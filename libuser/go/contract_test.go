// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

const id = 7

func init() {
	// hold acquires a lock, says so, and holds it until the test says a line.
	roles["hold"] = func(space string, args []string) {
		h, err := Open(space, &Options{NoMap: len(args) > 0})
		check(err)
		_, err = h.Lock(id)
		check(err)
		fmt.Println("held")
		listen()
		check(h.Unlock(id))
	}
	// without-notes is a program whose module does not know notes.
	roles["without-notes"] = func(space string, args []string) {
		runtime.LockOSThread()
		check(forgetNotes())
		h, err := Open(space, nil)
		check(err)
		say := func(err error) {
			var e *Error
			if errors.As(err, &e) {
				fmt.Println(e.Errno)
			} else {
				fmt.Println(err)
			}
		}
		_, err = h.AllocateNoted("web-1")
		say(err)
		say(h.AllocateIDNoted(2, "web-1"))
		_, err = h.AllocateNoted("")
		say(err)
		say(h.AllocateIDNoted(2, ""))
		say(h.SetNote(2, "web-1"))
		say(h.SetNote(2, ""))
		say(h.SetNote(1, ""))
		say(h.SetNote(3, ""))
	}
}

func forgetNotes() error {
	return forget(iocSetNote, iocAllocateNoted, iocAllocateIdNoted)
}

// forget makes the kernel return ENOTTY for these ioctls of the calling thread, as if the device
// did not have them.  The goroutine must stay on that thread.
func forget(commands ...uintptr) error {
	const (
		setNoNewPrivileges, setSeccomp  = 38, 22
		modeFilter, filterErrno, permit = 2, 0x00050000, 0x7fff0000
		// Offsets in struct seccomp_data; the low half of an argument comes first.
		call, command = 0, 24
	)
	load := func(offset uint32) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: offset}
	}
	unless := func(value uint32, skip int) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K,
			Jf: uint8(skip), K: value}
	}
	end := func(value uint32) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: value}
	}
	filter := []syscall.SockFilter{
		load(call), unless(syscall.SYS_IOCTL, 1+2*len(commands)), load(command),
	}
	for _, c := range commands {
		filter = append(filter, unless(uint32(c), 1), end(filterErrno|uint32(syscall.ENOTTY)))
	}
	filter = append(filter, end(permit))
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}

	for _, args := range [][3]uintptr{
		{setNoNewPrivileges, 1, 0},
		{setSeccomp, modeFilter, uintptr(unsafe.Pointer(&program))},
	} {
		if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, args[0], args[1], args[2],
			0, 0, 0); errno != 0 {
			return errno
		}
	}
	return nil
}

func TestAllocateTakesTheLowestFreeId(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 3})

	for wanted := uint32(0); wanted < 3; wanted++ {
		want(t, "id", must(h.Allocate()), wanted)
	}
	succeed(t, h.Free(1))
	want(t, "id after a free", must(h.Allocate()), 1)
}

func TestAllocateFailsWhenAllAreAllocated(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 1})

	must(h.Allocate())
	_, err := h.Allocate()
	wantErrno(t, err, syscall.ENOSPC)
}

func TestAllocateIDTakesThatOne(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 3})

	succeed(t, h.AllocateID(2))
	want(t, "allocated", must(h.Retrieve(2)), true)
	wantErrno(t, h.AllocateID(2), syscall.EEXIST)
	wantErrno(t, h.AllocateID(3), syscall.EINVAL)
}

func TestRetrieveTellsWhetherAnIdIsAllocated(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 3})

	want(t, "allocated", must(h.Retrieve(0)), false)
	must(h.Allocate())
	want(t, "allocated", must(h.Retrieve(0)), true)
	_, err := h.Retrieve(3)
	wantErrno(t, err, syscall.EINVAL)
}

func TestFreeGivesAnIdBackAndTheLockStays(t *testing.T) {
	h := openNew(t, nil)

	must(h.Allocate())
	want(t, "outcome", must(h.Lock(0)), Acquired)
	succeed(t, h.Free(0))
	wantErrno(t, h.Free(0), syscall.ENOENT)
	succeed(t, h.Unlock(0))
	want(t, "outcome of a free id", must(h.Lock(0)), Acquired)
}

func TestFreeAllGivesAllBackAndLocksStayHeld(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 5})

	must(h.Allocate())
	must(h.Allocate())
	want(t, "available", must(h.Available()), 3)
	must(h.Lock(1))
	succeed(t, h.FreeAll())
	want(t, "available", must(h.Available()), 5)
	want(t, "held", fmt.Sprint(must(h.Held())), "[1]")
}

func TestSetCapacity(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 5})

	succeed(t, h.AllocateID(4))
	wantErrno(t, h.SetCapacity(4), syscall.EBUSY)
	succeed(t, h.SetCapacity(9))
	want(t, "available", must(h.Available()), 8)
}

func TestHeldTellsOfAllHandlesAndAcquiresNothing(t *testing.T) {
	space := newSpace(t)
	h, other := open(t, space, nil), open(t, space, nil)
	var wanted []uint32

	// More than one batch.
	for i := uint32(0); i < 3*batchSize; i++ {
		if i%2 == 0 {
			must(h.Lock(5 * i))
		} else {
			must(other.Lock(5 * i))
		}
		wanted = append(wanted, 5*i)
	}
	if held := must(h.Held()); !reflect.DeepEqual(held, wanted) {
		t.Fatalf("held are %v, not %v", held, wanted)
	}
}

func TestHeldDoesNotEatTheNewsOfADeath(t *testing.T) {
	h := openNew(t, nil)

	p := start(t, "hold", h.Space())
	p.expect("held")
	p.kill()
	waitFor(func() bool { return len(must(h.Held())) == 0 })
	want(t, "outcome", must(h.Lock(id)), HolderDied)
}

func TestLockExcludesOtherHandles(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		space := newSpace(t)
		h, other := open(t, space, &options), open(t, space, &options)

		for i := 0; i < 3; i++ {
			want(t, "outcome", must(h.Lock(id)), Acquired)
			outcome, err := other.TryLock(id)
			wantErrno(t, err, syscall.EBUSY)
			want(t, "outcome", outcome, NotAcquired)
			wantErrno(t, other.Unlock(id), syscall.EPERM)
			succeed(t, h.Unlock(id))
			wantErrno(t, h.Unlock(id), syscall.EPERM)
			want(t, "outcome", must(other.TryLock(id)), Acquired)
			succeed(t, other.Unlock(id))
		}
	})
}

func TestLockWaitsUntilTheOtherUnlocks(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		space := newSpace(t)
		h, other := open(t, space, &options), open(t, space, &options)
		order := make(chan string, 2)

		must(h.Lock(id))
		go func() {
			must(other.Lock(id))
			order <- "acquired"
		}()
		waitForWaiters(h, id, 1)
		order <- "unlocking"
		succeed(t, h.Unlock(id))
		want(t, "first", <-order, "unlocking")
		want(t, "second", <-order, "acquired")
	})
}

func TestAnyGoroutineMayUnlock(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		h := openNew(t, &options)
		done := make(chan error)

		for i := 0; i < 3; i++ {
			must(h.Lock(id))
			go func() { done <- h.Unlock(id) }()
			succeed(t, <-done)
		}
	})
}

func TestADeathIsToldOnce(t *testing.T) {
	for _, call := range []string{"Lock", "TryLock"} {
		t.Run(call, func(t *testing.T) {
			bothWays(t, func(t *testing.T, options Options) {
				h := openNew(t, &options)
				must(h.Lock(id))
				succeed(t, h.Unlock(id))

				p := start(t, "hold", h.Space())
				p.expect("held")
				p.kill()
				acquire := h.Lock
				if call == "TryLock" {
					acquire = h.TryLock
				}
				want(t, "outcome", must(acquire(id)), HolderDied)
				succeed(t, h.Unlock(id))
				want(t, "outcome", must(acquire(id)), Acquired)
			})
		})
	}
}

func TestAWaiterIsToldOfADeath(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		h := openNew(t, &options)
		outcomes := make(chan Outcome)

		p := start(t, "hold", h.Space())
		p.expect("held")
		go func() { outcomes <- must(h.Lock(id)) }()
		waitForWaiters(h, id, 1)
		p.kill()
		want(t, "outcome", <-outcomes, HolderDied)
	})
}

func TestCloseReleasesLocksAndTellsOfTheDeath(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		space := newSpace(t)
		h, other := open(t, space, &options), open(t, space, &options)

		for i := 0; i < 2; i++ {
			must(h.Lock(id))
			succeed(t, h.Unlock(id))
		}
		must(h.Lock(id))
		succeed(t, h.Close())
		want(t, "outcome", must(other.Lock(id)), HolderDied)
	})
}

func TestCallsOnAClosedHandleFail(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		h := openNew(t, &options)

		must(h.Lock(id))
		succeed(t, h.Unlock(id))
		succeed(t, h.Close())
		_, err := h.Lock(id)
		wantErrno(t, err, syscall.EBADF)
		wantErrno(t, h.Unlock(id), syscall.EBADF)
		wantErrno(t, h.Close(), syscall.EBADF)
		_, err = h.Info()
		wantErrno(t, err, syscall.EBADF)
	})
}

// errorOf is for calls whose result does not matter.
func errorOf[T any](_ T, err error) error {
	return err
}

func TestEveryCallReportsThatItFailed(t *testing.T) {
	h := openNew(t, nil)

	succeed(t, h.Close())
	for call, err := range map[string]error{
		"FreeAll":     h.FreeAll(),
		"Available":   errorOf(h.Available()),
		"List":        errorOf(h.List(Held)),
		"Held":        errorOf(h.Held()),
		"Waiters":     errorOf(h.Waiters(id)),
		"SetCapacity": h.SetCapacity(1),
		"SetNote":     h.SetNote(id, ""),
		"Fd":          errorOf(h.Fd()),
		"LockContext": errorOf(h.LockContext(context.Background(), id)),
	} {
		if !errors.Is(err, syscall.EBADF) {
			t.Fatalf("error of %s is %v", call, err)
		}
	}
}

func TestIdsBeyondEveryCapacityAreRefused(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		h := openNew(t, &options)

		must(h.Lock(id))
		for _, beyond := range []uint32{capacityMax, 1<<32 - 1} {
			wantErrno(t, errorOf(h.Lock(beyond)), syscall.EINVAL)
			wantErrno(t, errorOf(h.TryLock(beyond)), syscall.EINVAL)
			wantErrno(t, h.Unlock(beyond), syscall.EINVAL)
		}
	})
}

func TestOpenRefusesWhatIsNotAcceptable(t *testing.T) {
	space := newSpace(t)

	for _, name := range []string{"", ".dot", "sla/sh", "n\x00l", string(make([]byte, 64))} {
		_, err := Open(name, nil)
		wantErrno(t, err, syscall.EINVAL)
	}
	for _, options := range []Options{
		{Exclusive: true},
		{ReadOnly: true, Create: true},
		{ReadOnly: true, WriteOnly: true},
		{Create: true, Mode: 01000},
		{Create: true, Capacity: capacityMax + 1},
	} {
		options := options
		_, err := Open(space, &options)
		wantErrno(t, err, syscall.EINVAL)
	}
}

func TestOpenFindsAndMakesSpaces(t *testing.T) {
	space := newSpace(t)

	_, err := Open(space, &Options{})
	wantErrno(t, err, syscall.ENOENT)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%v is not fs.ErrNotExist", err)
	}
	h := open(t, space, &Options{Create: true, Exclusive: true, Capacity: 12, Mode: 0640})
	info := must(h.Info())
	want(t, "name", info.Name, space)
	want(t, "capacity", info.Capacity, 12)
	want(t, "mode", info.Mode, 0640)
	want(t, "owner", info.Owner, uint32(os.Getuid()))
	want(t, "group", info.Group, uint32(os.Getgid()))
	want(t, "generation", info.Generation, h.Generation())
	want(t, "clients", info.Clients, 1)
	want(t, "unlinked", info.Unlinked, false)
	_, err = Open(space, &Options{Create: true, Exclusive: true})
	wantErrno(t, err, syscall.EEXIST)
	owner := uint32(os.Getuid())
	open(t, space, &Options{Owner: &owner})
}

func TestOpenNeedsTheDevice(t *testing.T) {
	_, err := Open("space", &Options{Device: "/nonexistent"})
	wantErrno(t, err, syscall.ENODEV)
	_, err = Open("space", &Options{Device: "/dev/null"})
	wantErrno(t, err, syscall.EPROTONOSUPPORT)
	_, err = Open("space", &Options{Device: "/"})
	wantErrno(t, err, syscall.EPROTONOSUPPORT)
	_, err = Module("/dev/zero")
	wantErrno(t, err, syscall.EPROTONOSUPPORT)
}

// A file that cannot be the device is not even opened, since opening some files has effects.
func TestOpenLeavesOtherFilesAlone(t *testing.T) {
	path := t.TempDir() + "/file"
	events := make([]byte, 4096)

	succeed(t, os.WriteFile(path, nil, 0600))
	watch := must(syscall.InotifyInit1(syscall.IN_NONBLOCK))
	defer syscall.Close(watch)
	must(syscall.InotifyAddWatch(watch, path, syscall.IN_OPEN))
	_, err := Open("space", &Options{Device: path})
	wantErrno(t, err, syscall.EPROTONOSUPPORT)
	_, err = syscall.Read(watch, events)
	wantErrno(t, err, syscall.EAGAIN)
}

func TestErrorsOfTheDeviceAreSaidInOurWords(t *testing.T) {
	for errno, wanted := range map[syscall.Errno]syscall.Errno{
		syscall.ENOENT:  syscall.ENODEV,
		syscall.ENOTDIR: syscall.ENODEV,
		syscall.ENXIO:   syscall.ENODEV,
		syscall.EPERM:   syscall.EACCES,
		syscall.EACCES:  syscall.EACCES,
		syscall.EMFILE:  syscall.EMFILE,
	} {
		want(t, "error for "+errno.Error(), deviceError(errno), wanted)
	}
	_, err := Open("space", &Options{Device: "/dev/nul\x00"})
	wantErrno(t, err, syscall.EINVAL)
}

func TestSpacesOfOthersAreFoundByTheirOwners(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
	space := newSpace(t)
	owner, group, root := uint32(12345), uint32(54321), uint32(0)

	h := open(t, space, &Options{Create: true, Owner: &owner, Group: &group})
	info := must(h.Info())
	want(t, "owner", info.Owner, owner)
	want(t, "group", info.Group, group)
	want(t, "group of the caller", must(openNew(t, nil).Info()).Group, uint32(os.Getgid()))
	wantErrno(t, Unlink(space, nil), syscall.ENOENT)
	wantErrno(t, Unlink(space, &Options{Owner: &root}), syscall.ENOENT)
	succeed(t, Unlink(space, &Options{Owner: &owner}))
	want(t, "unlinked", must(h.Info()).Unlinked, true)
}

func TestReadOnlyInspectsAndWriteOnlyUses(t *testing.T) {
	space := newSpace(t)
	h := open(t, space, nil)
	reader := open(t, space, &Options{ReadOnly: true})
	writer := open(t, space, &Options{WriteOnly: true})

	must(h.Lock(id))
	want(t, "held", fmt.Sprint(must(reader.Held())), "[7]")
	_, err := reader.Lock(id)
	wantErrno(t, err, syscall.EBADF)
	_, err = writer.Held()
	wantErrno(t, err, syscall.EBADF)
	want(t, "outcome", must(writer.Lock(id+1)), Acquired)
}

func TestUnlinkLeavesTheSpaceToItsClients(t *testing.T) {
	h := openNew(t, nil)

	succeed(t, Unlink(h.Space(), nil))
	wantErrno(t, Unlink(h.Space(), nil), syscall.ENOENT)
	want(t, "outcome", must(h.Lock(id)), Acquired)
	want(t, "unlinked", must(h.Info()).Unlinked, true)
}

func TestListTellsOfLocksAndHolders(t *testing.T) {
	space := newSpace(t)
	h, other := open(t, space, nil), open(t, space, nil)
	before := Monotonic()

	succeed(t, h.AllocateID(3))
	must(h.Lock(id))
	done := make(chan error)
	go func() {
		must(other.Lock(id))
		done <- other.Unlock(id)
	}()
	waitForWaiters(h, id, 1)

	locks := must(h.List(Allocated | Held))
	want(t, "number of locks", len(locks), 2)
	want(t, "id", locks[0].ID, 3)
	want(t, "state", locks[0].State, Allocated)
	lock := locks[1]
	want(t, "id", lock.ID, id)
	// The thread that acquired the lock may by now be the one that waits, on behalf of the
	// other goroutine: then the lock looks deadlocked.
	want(t, "state", lock.State&^Deadlocked, Held|Waited)
	want(t, "process", lock.PID, os.Getpid())
	want(t, "client", lock.Client, h.token)
	want(t, "waiters", lock.Waiters, 1)
	// The clock ticks.
	if lock.Since < before-20e6 || lock.Since > Monotonic() {
		t.Fatalf("held since %v, not after %v", lock.Since, before)
	}
	waiter := must(h.Waiters(id))[0]
	want(t, "process", waiter.PID, os.Getpid())
	want(t, "client", waiter.Client, other.token)
	want(t, "command", waiter.Command, lock.Command)
	want(t, "deadline", waiter.HasDeadline, false)
	if waiter.Since < before || waiter.Since > Monotonic() {
		t.Fatalf("waits since %v, not after %v", waiter.Since, before)
	}
	succeed(t, h.Unlock(id))
	succeed(t, <-done)
}

func TestListFindsLocksWhoseHolderDied(t *testing.T) {
	h := openNew(t, nil)
	other := open(t, h.Space(), nil)

	must(h.Lock(id + 1))
	must(other.Lock(id))
	succeed(t, other.Close())
	locks := must(h.List(Died))
	want(t, "number of locks", len(locks), 1)
	want(t, "id", locks[0].ID, id)
	want(t, "state", locks[0].State, Died)
	want(t, "held", fmt.Sprint(must(h.Held())), "[8]")
}

func TestErrorsNameLockAndSpace(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 3})

	_, err := h.Lock(5)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is not an *Error", err)
	}
	want(t, "operation", e.Op, "acquire")
	want(t, "lock", e.ID, 5)
	want(t, "has a lock", e.HasID, true)
	want(t, "space", e.Space, h.Space())
	want(t, "errno", e.Errno, syscall.EINVAL)
	var errno syscall.Errno
	want(t, "has an errno", errors.As(err, &errno), true)
	want(t, "text", err.Error(), fmt.Sprintf("lockmgr: acquire lock 5 of space %q: not "+
		"acceptable, or the lock is beyond the space's capacity (invalid argument)", h.Space()))
}

func TestErrorsOfASpaceAsAWholeSaySo(t *testing.T) {
	space := newSpace(t)

	_, err := Open(space, &Options{})
	want(t, "text", err.Error(), fmt.Sprintf("lockmgr: open space %q: %s (%s)", space,
		meaning(syscall.ENOENT), syscall.ENOENT))
	want(t, "text", Unlink(space, nil).Error(), fmt.Sprintf("lockmgr: unlink space %q: %s (%s)",
		space, meaning(syscall.ENOENT), syscall.ENOENT))
}

func TestErrorsWithoutASpaceNameNone(t *testing.T) {
	_, err := Module("/nonexistent")
	want(t, "text", err.Error(), fmt.Sprintf("lockmgr: read the version of /nonexistent: %s (%s)",
		meaning(syscall.ENODEV), syscall.ENODEV))
}

// What strerror says of them is about files, disks and networks.
func TestErrorsSayWhatTheyMeanHere(t *testing.T) {
	for errno, words := range map[syscall.Errno]string{
		syscall.EBADF:           "the handle is closed",
		syscall.EBUSY:           "in use",
		syscall.EDEADLK:         "would close a cycle",
		syscall.EDQUOT:          "a limit of the space's owner",
		syscall.ENODEV:          "the module is not loaded",
		syscall.ENOSPC:          "all ids are allocated",
		syscall.EPROTONOSUPPORT: "major version is not this package's",
		syscall.EUSERS:          "as many clients",
		syscall.ENOENT:          "failed (no such file",
	} {
		text := (&Error{Op: "lock", Errno: errno}).Error()
		want(t, "meaning in "+text, strings.Contains(text, words), true)
	}
}

func TestModuleSaysWhatItCanDo(t *testing.T) {
	newSpace(t)
	info := must(Module(""))

	want(t, "major version", info.Major, versionMajor)
	want(t, "version", fmt.Sprintf("%d.%d.%d", info.Major, info.Minor, info.Patch), Version)
	want(t, "detects deadlocks", info.Deadlock, true)
	want(t, "has notes", info.Notes, true)
	want(t, "interruptible", info.Interruptible, true)
	want(t, "ends with its process", info.ProcessEnd, true)
	want(t, "maps", canMap && info.Map, openNew(t, nil).mapSize != 0)
}

func TestAModuleOfAnotherMajorVersionIsRefused(t *testing.T) {
	space := newSpace(t)

	worksWith++
	defer func() { worksWith-- }()
	wantErrno(t, errorOf(Open(space, nil)), syscall.EPROTONOSUPPORT)
	wantErrno(t, Unlink(space, nil), syscall.EPROTONOSUPPORT)
	succeed(t, errorOf(Module("")))
}

func TestNotesBelongToAllocations(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 3})
	const longest = "0123456789 0123456789 0123456789 0123456789 0123456789 01234567"

	noteOf := func(id uint32) string {
		for _, lock := range must(h.List(Allocated)) {
			if lock.ID == id {
				return lock.Note
			}
		}
		return "not allocated"
	}
	succeed(t, h.AllocateIDNoted(2, "pod"))
	want(t, "id", must(h.Allocate()), 0)
	want(t, "id", must(h.AllocateNoted("container web-1")), 1)
	want(t, "note", noteOf(0), "")
	want(t, "note", noteOf(1), "container web-1")
	want(t, "note", noteOf(2), "pod")
	succeed(t, h.SetNote(0, longest))
	want(t, "length of a note", len(noteOf(0)), noteSize-1)
	wantErrno(t, h.SetNote(0, longest+"9"), syscall.EINVAL)
	wantErrno(t, h.SetNote(0, "a\x00b"), syscall.EINVAL)
	want(t, "note", noteOf(0), longest)
	succeed(t, h.SetNote(0, ""))
	want(t, "note", noteOf(0), "")
	wantErrno(t, h.AllocateIDNoted(2, "another"), syscall.EEXIST)
	want(t, "note", noteOf(2), "pod")
	succeed(t, h.Free(2))
	wantErrno(t, h.SetNote(2, "nothing"), syscall.ENOENT)
	succeed(t, h.AllocateID(2))
	want(t, "note", noteOf(2), "")
}

// As in the C library, it is an error that the module lacks notes only if there is a note.
func TestAModuleWithoutNotesIsSaidToBeOne(t *testing.T) {
	h := openNew(t, &Options{Create: true, Capacity: 3})

	p := start(t, "without-notes", h.Space())
	p.expect(syscall.EOPNOTSUPP.Error())
	p.expect(syscall.EOPNOTSUPP.Error())
	p.expect("<nil>")
	p.expect("<nil>")
	p.expect(syscall.EOPNOTSUPP.Error())
	p.expect("<nil>")
	p.expect(syscall.ENOENT.Error())
	p.expect(syscall.EINVAL.Error())
	succeed(t, p.command.Wait())
	for id := uint32(0); id < 3; id++ {
		want(t, "allocated", must(h.Retrieve(id)), id != 1)
	}
	want(t, "text", h.fail("set the note", syscall.EOPNOTSUPP).Error(), fmt.Sprintf("lockmgr: "+
		"set the note of space %q: the module is of a version without notes (%s)", h.Space(),
		syscall.EOPNOTSUPP))
}
