// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// scaled returns n times LOCKMGR_SCALE, but at least 1: how often to do something.  Where that
// variable is not set, it returns n.
func scaled(n int) int {
	scale, err := strconv.ParseFloat(os.Getenv("LOCKMGR_SCALE"), 64)
	if err != nil {
		return n
	}
	if scaled := int(scale * float64(n)); scaled > 0 {
		return scaled
	}
	return 1
}

// crowd returns n, or fewer goroutines under the race detector: it takes a hundred times as
// long for each.
func crowd(n int) int {
	if raceEnabled {
		return n / 20
	}
	return n
}

func TestEveryLockIsAnotherWordAndNoPageIsTouchedTooEarly(t *testing.T) {
	mapAtOnce(t)
	space := newSpace(t)
	h, other := open(t, space, nil), open(t, space, nil)
	ids := []uint32{capacityMax - 1, 123456}

	for i := uint32(0); i < 2*pageRecords+3; i++ {
		ids = append(ids, i)
	}
	for round := 0; round < 2; round++ {
		for _, id := range ids {
			want(t, "outcome", must(h.Lock(id)), Acquired)
		}
		for _, id := range ids {
			if _, err := other.TryLock(id); err == nil {
				t.Fatalf("lock %d was not held", id)
			}
			succeed(t, h.Unlock(id))
		}
	}
}

func TestLocksInMemoryAreThoseOfTheKernel(t *testing.T) {
	mapAtOnce(t)
	space := newSpace(t)
	mapped := open(t, space, nil)
	unmapped := open(t, space, &Options{NoMap: true})

	for i := 0; i < 2; i++ {
		must(mapped.Lock(id))
		succeed(t, mapped.Unlock(id))
	}
	if mapped.mapSize == 0 {
		t.Skip("records cannot be mapped here")
	}
	r := mapped.mapping.Load().record(id)
	want(t, "used in memory", r != nil, true)
	r.since = 1
	before := Monotonic()
	must(mapped.Lock(id))
	locks := must(unmapped.List(Held))
	want(t, "number of locks", len(locks), 1)
	want(t, "client", locks[0].Client, mapped.token)
	want(t, "process", locks[0].PID, os.Getpid())
	want(t, "thread", locks[0].TID, 0)
	if locks[0].Command == "" {
		t.Fatal("no command is named")
	}
	// The clock ticks.
	if since := locks[0].Since; since < before-20e6 || since > Monotonic() {
		t.Fatalf("held since %v, not after %v", since, before)
	}
	_, err := unmapped.TryLock(id)
	wantErrno(t, err, syscall.EBUSY)
	succeed(t, mapped.Unlock(id))
	must(unmapped.Lock(id))
	_, err = mapped.TryLock(id)
	wantErrno(t, err, syscall.EBUSY)
}

func TestEachRecordIsThatOfItsLock(t *testing.T) {
	mapAtOnce(t)
	space := newSpace(t)
	mapped := open(t, space, nil)
	unmapped := open(t, space, &Options{NoMap: true})

	must(mapped.Lock(id))
	succeed(t, mapped.Unlock(id))
	for id := uint32(0); id < pageRecords; id++ {
		must(mapped.Lock(id))
		want(t, "held", fmt.Sprint(must(unmapped.Held())), fmt.Sprintf("[%d]", id))
		succeed(t, mapped.Unlock(id))
	}
}

func TestRecordsAreNotMappedIfTheyShallNotBe(t *testing.T) {
	mapAtOnce(t)
	h := openNew(t, &Options{Create: true, NoMap: true})

	must(h.Lock(id))
	want(t, "mapped", h.mapping.Load() != nil, false)
}

func TestRecordsAreMappedWhenThatPays(t *testing.T) {
	h := openNew(t, nil)

	for i := uint32(0); i < mapAfter; i++ {
		want(t, "mapped", h.mapping.Load() != nil, false)
		must(h.Lock(id))
		succeed(t, h.Unlock(id))
	}
	want(t, "mapped", h.mapping.Load() != nil, h.mapSize != 0)
}

func TestAPinnedGoroutineIsNamed(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		h := openNew(t, &options)
		p := h.Pin()
		defer p.Unpin()

		for i := 0; i < 2; i++ {
			for _, lock := range waysToLock(p) {
				must(lock(id))
				want(t, "thread", must(h.List(Held))[0].TID, gettid())
				_, err := p.TryLock(id)
				wantErrno(t, err, syscall.EBUSY)
				succeed(t, p.Unlock(id))
				wantErrno(t, p.Unlock(id), syscall.EPERM)
			}
		}
	})
}

// waysToLock returns the calls that acquire a lock, of a handle or one that is pinned.
func waysToLock(h interface {
	Lock(uint32) (Outcome, error)
	TryLock(uint32) (Outcome, error)
	LockContext(context.Context, uint32) (Outcome, error)
}) []func(uint32) (Outcome, error) {
	return []func(uint32) (Outcome, error){h.Lock, h.TryLock,
		func(id uint32) (Outcome, error) { return h.LockContext(context.Background(), id) }}
}

func TestADetectingHandleLocksPinnedOnly(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		options.DetectDeadlock = true
		h := openNew(t, &options)
		p := h.Pin()
		defer p.Unpin()

		for i, lock := range waysToLock(p) {
			want(t, "outcome", must(lock(id)), Acquired)
			succeed(t, p.Unlock(id))
			outcome, err := waysToLock(h)[i](id)
			wantErrno(t, err, syscall.EINVAL)
			want(t, "outcome without a thread", outcome, NotAcquired)
		}
	})
}

const sequence = 40

// threadsUsed counts the threads on which goroutines run, one after the other, that do this
// and end.  One that does not leave its thread takes that along.
func threadsUsed(do func()) int {
	used := map[int]bool{}
	for i := 0; i < sequence; i++ {
		thread := make(chan int)
		go func() {
			do()
			thread <- gettid()
		}()
		used[<-thread] = true
	}
	return len(used)
}

func TestAGoroutineStaysOnItsThreadFromPinToUnpin(t *testing.T) {
	h := openNew(t, nil)

	want(t, "threads of pinned goroutines", threadsUsed(func() { h.Pin() }), sequence)
	if used := threadsUsed(func() { h.Pin().Unpin() }); used > sequence/2 {
		t.Fatalf("%d goroutines that are not pinned any more used %d threads", sequence, used)
	}
}

func TestAGoroutineThatHasWaitedLeavesItsThread(t *testing.T) {
	holder, other := holding(t, nil)
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()

	succeed(t, holder.Unlock(id))
	for _, ctx := range []context.Context{context.Background(), cancellable} {
		used := threadsUsed(func() {
			must(holder.Lock(id))
			go func() {
				waitForWaiters(holder, id, 1)
				check(holder.Unlock(id))
			}()
			must(other.LockContext(ctx, id))
			check(other.Unlock(id))
		})
		if used > sequence/2 {
			t.Fatalf("%d goroutines that have waited used %d threads", sequence, used)
		}
	}
}

// The kernel, which detects deadlocks, does not see who waits for a turn.
func TestPinnedGoroutinesOfAHandleAllWaitInTheKernel(t *testing.T) {
	holder, other := holding(t, nil)
	done := make(chan error, 2)

	for i := 0; i < 2; i++ {
		go func() {
			p := other.Pin()
			defer p.Unpin()
			must(p.Lock(id))
			done <- p.Unlock(id)
		}()
	}
	waitForWaiters(holder, id, 2)
	succeed(t, holder.Unlock(id))
	succeed(t, <-done)
	succeed(t, <-done)
}

func TestADeadlockOfPinnedGoroutinesIsDetected(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		options.DetectDeadlock = true
		h := openNew(t, &options)
		other := open(t, h.Space(), &options)
		done := make(chan error)

		p := h.Pin()
		defer p.Unpin()
		for i := 0; i < 2; i++ {
			must(p.Lock(1))
			succeed(t, p.Unlock(1))
		}
		must(p.Lock(1))
		go func() {
			p := other.Pin()
			defer p.Unpin()
			must(p.Lock(2))
			must(p.Lock(1))
			done <- p.Unlock(1)
		}()
		waitForWaiters(h, 1, 1)
		_, err := p.Lock(2)
		wantErrno(t, err, syscall.EDEADLK)
		succeed(t, p.Unlock(1))
		succeed(t, <-done)
	})
}

func TestADeadlockIsShown(t *testing.T) {
	h := openNew(t, nil)
	other := open(t, h.Space(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	// Each goroutine holds one lock, and waits for that of the other.
	deadlock := func(h *Handle, mine, wanted uint32, held *sync.WaitGroup) {
		p := h.Pin()
		defer p.Unpin()
		must(p.Lock(mine))
		held.Done()
		held.Wait()
		_, err := p.LockContext(ctx, wanted)
		done <- err
	}
	var held sync.WaitGroup

	held.Add(2)
	go deadlock(h, 1, 2, &held)
	go deadlock(other, 2, 1, &held)
	waitForWaiters(h, 1, 1)
	waitForWaiters(h, 2, 1)
	for _, lock := range must(h.List(Held)) {
		want(t, "state", lock.State, Held|Waited|Deadlocked)
		want(t, "waiter's deadlock", must(h.Waiters(lock.ID))[0].Deadlocked, true)
		want(t, "waiter's deadline", must(h.Waiters(lock.ID))[0].HasDeadline, false)
	}
	cancel()
	for i := 0; i < 2; i++ {
		wantErrno(t, <-done, syscall.EINTR)
	}
}

// threads returns the number of threads of this process.
func threads() int {
	return len(must(os.ReadDir("/proc/self/task")))
}

func TestManyGoroutinesThatWaitNeedFewThreads(t *testing.T) {
	count := crowd(3000)
	holder, other := holding(t, nil)
	var all sync.WaitGroup

	before := threads()
	for i := 0; i < count; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			must(other.Lock(id))
			if err := other.Unlock(id); err != nil {
				panic(err)
			}
		}()
	}
	waitForTurns(other, id, count)
	waitForWaiters(holder, id, 1)
	if more := threads() - before; more > 50 {
		t.Fatalf("%d goroutines that wait need %d threads", count, more)
	}
	succeed(t, holder.Unlock(id))
	all.Wait()
}

// As with sync.Mutex, only one goroutine at a time is between Lock and Unlock.
func TestGoroutinesExcludeEachOther(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		h := openNew(t, &options)
		var all sync.WaitGroup
		var count int

		rounds := scaled(100)
		for i := 0; i < 100; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for j := 0; j < rounds; j++ {
					must(h.Lock(id))
					before := count
					if j%8 == 0 {
						runtime.Gosched()
					}
					count = before + 1
					if err := h.Unlock(id); err != nil {
						panic(err)
					}
				}
			}()
		}
		all.Wait()
		want(t, "count", count, 100*rounds)
	})
}

func TestACallOnADescriptorThatSomethingClosedFails(t *testing.T) {
	bothWays(t, func(t *testing.T, options Options) {
		h := openNew(t, &options)
		space := h.Space()
		fd := must(h.Fd())

		succeed(t, syscall.Close(fd))
		_, err := h.Lock(id)
		wantErrno(t, err, syscall.EBADF)

		// Another file, and another handle, may have the number now.
		null := must(syscall.Open("/dev/null", syscall.O_RDWR, 0))
		want(t, "descriptor", null, fd)
		_, err = h.Lock(id)
		wantErrno(t, err, syscall.EBADF)
		_, err = h.Fd()
		wantErrno(t, err, syscall.EBADF)
		succeed(t, syscall.Close(null))
		// A file of the device that belongs to nobody is not the handle's either.
		device := must(syscall.Open(defaultDevice, syscall.O_RDWR, 0))
		want(t, "descriptor", device, fd)
		_, err = h.Info()
		wantErrno(t, err, syscall.EBADF)
		succeed(t, syscall.Close(device))
		next := open(t, space, &options)
		want(t, "descriptor", must(next.Fd()), fd)
		_, err = h.Lock(id)
		wantErrno(t, err, syscall.EBADF)
		h.Close()
		want(t, "outcome", must(next.Lock(id)), Acquired)
	})
}

func TestClosingAHandleLeavesTheFilesOfOthers(t *testing.T) {
	h := openNew(t, nil)
	fd := must(h.Fd())

	succeed(t, syscall.Close(fd))
	null := must(syscall.Open("/dev/null", syscall.O_RDWR, 0))
	want(t, "descriptor", null, fd)
	succeed(t, h.Close())
	succeed(t, syscall.Close(null))
}

// What keeps the file is the mapping.
func TestClosingAHandleThatLostItsDescriptorReleasesItsLocks(t *testing.T) {
	mapAtOnce(t)
	h, other := holding(t, nil)
	fd := must(h.Fd())

	if h.mapSize == 0 {
		t.Skip("records cannot be mapped here")
	}
	succeed(t, syscall.Close(fd))
	want(t, "descriptor", must(open(t, h.Space(), nil).Fd()), fd)
	succeed(t, h.Close())
	want(t, "outcome", must(other.Lock(id)), HolderDied)
}

func TestAFileThatHasTheDescriptorByNowIsNotMapped(t *testing.T) {
	mapAtOnce(t)
	h := openNew(t, nil)
	file := must(os.CreateTemp(t.TempDir(), ""))
	defer file.Close()

	succeed(t, syscall.Dup3(int(file.Fd()), must(h.Fd()), syscall.O_CLOEXEC))
	defer syscall.Close(int(h.file.fd))
	h.mapUse(id)
	want(t, "mapped", h.mapping.Load() != nil, false)
}

func TestAFileThatIsClosedLeavesItsDescriptorToTheNext(t *testing.T) {
	const fd = 1 << 30
	f, next := &file{fd: fd}, &file{fd: fd}

	f.register()
	next.register()
	want(t, "descriptor of the older", f.descriptor(), -1)
	f.unregister(fd)
	want(t, "file of the descriptor", owners.files[fd], next)
	next.unregister(fd)
	want(t, "file of the descriptor", owners.files[fd], nil)
	h := openNew(t, nil)
	mine := int32(must(h.Fd()))
	succeed(t, h.Close())
	want(t, "file of a handle that is closed", owners.files[mine], nil)
}

// openFiles counts the descriptors of a file that this process has.
func openFiles(path string) (count int) {
	for _, entry := range must(os.ReadDir("/proc/self/fd")) {
		if link, _ := os.Readlink("/proc/self/fd/" + entry.Name()); link == path {
			count++
		}
	}
	return count
}

func TestCallsLeaveNoFileOpen(t *testing.T) {
	space := newSpace(t)
	before := openFiles(defaultDevice)

	must(Module(""))
	wantErrno(t, errorOf(Open(space, &Options{})), syscall.ENOENT)
	wantErrno(t, Unlink(space, nil), syscall.ENOENT)
	succeed(t, must(Open(space, nil)).Close())
	want(t, "descriptors of the device", openFiles(defaultDevice), before)
	before = openFiles("/dev/zero")
	wantErrno(t, errorOf(Module("/dev/zero")), syscall.EPROTONOSUPPORT)
	wantErrno(t, errorOf(Open(space, &Options{Device: "/dev/zero"})), syscall.EPROTONOSUPPORT)
	wantErrno(t, Unlink(space, &Options{Device: "/dev/zero"}), syscall.EPROTONOSUPPORT)
	want(t, "descriptors of another", openFiles("/dev/zero"), before)
}

func TestAModuleThatDoesNotKnowTheEndOfProcessesIsNotAskedForIt(t *testing.T) {
	want(t, "flags", (&Options{}).attachFlags(0), 0)
	want(t, "flags", (&Options{}).attachFlags(featureProcessEnd), attachEndsWithProcess)
}

func init() {
	// descriptor closes the standard streams and opens a space.
	roles["descriptor"] = func(space string, args []string) {
		for fd := 0; fd < 3; fd++ {
			syscall.Close(fd)
		}
		h, err := Open(space, nil)
		if err != nil || must(h.Fd()) < 3 || !isClosedByExec(must(h.Fd())) ||
			openFiles(defaultDevice) != 1 {
			os.Exit(1)
		}
	}
	// no-descriptor opens a space where there are descriptors of standard streams only.
	roles["no-descriptor"] = func(space string, args []string) {
		for fd := 0; fd < 3; fd++ {
			syscall.Close(fd)
		}
		check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 3, Max: 3}))
		if !errors.Is(errorOf(Open(space, nil)), syscall.EMFILE) {
			os.Exit(1)
		}
	}
	// terminal opens one in place of the device, in a session that has none.
	roles["terminal"] = func(space string, args []string) {
		var number uint32

		must(syscall.Setsid())
		terminal := must(syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY, 0))
		for _, command := range []uintptr{syscall.TIOCSPTLCK, syscall.TIOCGPTN} {
			if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(terminal), command,
				uintptr(unsafe.Pointer(&number))); errno != 0 {
				check(errno)
			}
		}
		_, err := Open(space, &Options{Device: fmt.Sprintf("/dev/pts/%d", number)})
		if !errors.Is(err, syscall.EPROTONOSUPPORT) {
			check(err)
		}
		if _, err := os.Stat("/dev/tty"); err != nil {
			check(err)
		}
		if _, err := os.Open("/dev/tty"); !errors.Is(err, syscall.ENXIO) {
			os.Exit(1)
		}
	}
	// leave acquires a lock, starts a program that has the file, too, and ends before it.
	roles["leave"] = func(space string, args []string) {
		h, err := Open(space, &Options{Inherit: args[0] == "inherit"})
		check(err)
		_, err = h.Lock(id)
		check(err)
		// In a child of os/exec, descriptors that are inherited stay what they are.
		fd := must(h.Fd())
		command := exec.Command("sh", "-c", fmt.Sprintf("exec sleep 3600 3<&%d", fd))
		if args[0] == "pass" {
			command = exec.Command("sleep", "3600")
			command.ExtraFiles = []*os.File{os.NewFile(uintptr(must(syscall.Dup(fd))), "")}
		}
		check(command.Start())
		fmt.Println(command.Process.Pid)
	}
}

func isClosedByExec(fd int) bool {
	flags, errno := fcntl(fd, syscall.F_GETFD, 0)
	return errno == 0 && flags&syscall.FD_CLOEXEC != 0
}

// Programs that had the file would keep the space, and the module loaded, while they run.  They
// could do little with it, since the client ends with the process that opened it.
func TestProgramsThatAreExecutedDoNotHaveTheFile(t *testing.T) {
	h := openNew(t, nil)

	want(t, "closed by exec", isClosedByExec(must(h.Fd())), true)
	fd := fmt.Sprintf("/proc/self/fd/%d", must(h.Fd()))
	if exec.Command("test", "-e", fd).Run() == nil {
		t.Fatalf("a program has %s", fd)
	}
	h = openNew(t, &Options{Create: true, Inherit: true})
	want(t, "closed by exec", isClosedByExec(must(h.Fd())), false)
}

func TestDescriptorsAreNotThoseOfStandardStreams(t *testing.T) {
	p := start(t, "descriptor", newSpace(t))

	succeed(t, p.command.Wait())
}

// leave runs the role leave to its end, and returns the program that it has left running.
func TestOpenFailsIfThereIsNoDescriptorForIt(t *testing.T) {
	p := start(t, "no-descriptor", newSpace(t))

	succeed(t, p.command.Wait())
}

func TestATerminalThatIsNotTheDeviceDoesNotBecomeThatOfTheProgram(t *testing.T) {
	p := start(t, "terminal", newSpace(t))

	succeed(t, p.command.Wait())
}

// leave returns the program that one which held a lock has left running.
func leave(t *testing.T, space, how string) *os.Process {
	p := start(t, "leave", space, how)
	line := must(p.out.ReadString('\n'))
	left := must(os.FindProcess(must(strconv.Atoi(strings.TrimSpace(line)))))
	t.Cleanup(func() { left.Kill() })
	succeed(t, p.command.Wait())
	return left
}

func TestLocksEndWithTheProcessNotWithItsChildren(t *testing.T) {
	h := openNew(t, nil)

	left := leave(t, h.Space(), "pass")
	want(t, "outcome", must(h.TryLock(id)), HolderDied)
	// Check that the program has the file: otherwise the test would prove nothing.
	link := must(os.Readlink(fmt.Sprintf("/proc/%d/fd/3", left.Pid)))
	want(t, "file of the program that is left", link, defaultDevice)
}

func TestInheritedLocksEndWithTheLastThatHasThem(t *testing.T) {
	h := openNew(t, nil)

	left := leave(t, h.Space(), "inherit")
	_, err := h.TryLock(id)
	wantErrno(t, err, syscall.EBUSY)
	succeed(t, left.Kill())
	want(t, "outcome", must(h.Lock(id)), HolderDied)
}

// Locking works in a program that forks all the time.
func TestStartingProgramsDisturbsNoLock(t *testing.T) {
	mapAtOnce(t)
	h := openNew(t, nil)
	stop := make(chan struct{})
	var all sync.WaitGroup

	all.Add(1)
	go func() {
		defer all.Done()
		for i := 0; i < scaled(40); i++ {
			if err := exec.Command("true").Run(); err != nil {
				panic(err)
			}
		}
		close(stop)
	}()
	for running := true; running; {
		must(h.Lock(id))
		succeed(t, h.Unlock(id))
		select {
		case <-stop:
			running = false
		case <-time.After(time.Microsecond):
		}
	}
	all.Wait()
}
