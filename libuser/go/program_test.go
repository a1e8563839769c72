// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
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
	if mapped.mapping.Load().record(id) == nil {
		t.Skip("records cannot be mapped here")
	}
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

		for i := 0; i < 3; i++ {
			must(p.Lock(id))
			want(t, "thread", must(h.List(Held))[0].TID, gettid())
			_, err := p.TryLock(id)
			wantErrno(t, err, syscall.EBUSY)
			succeed(t, p.Unlock(id))
			wantErrno(t, p.Unlock(id), syscall.EPERM)
		}
	})
}

func TestADetectingHandleLocksPinnedOnly(t *testing.T) {
	h := openNew(t, &Options{Create: true, DetectDeadlock: true})

	_, err := h.Lock(id)
	wantErrno(t, err, syscall.EINVAL)
	_, err = h.TryLock(id)
	wantErrno(t, err, syscall.EINVAL)
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
		if unlock := p.Unlock(mine); unlock != nil {
			err = unlock
		}
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

func init() {
	// descriptor closes the standard streams and opens a space.
	roles["descriptor"] = func(space string, args []string) {
		for fd := 0; fd < 3; fd++ {
			syscall.Close(fd)
		}
		h, err := Open(space, nil)
		if err != nil || must(h.Fd()) < 3 || !isClosedByExec(must(h.Fd())) {
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
