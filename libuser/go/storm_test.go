// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

const (
	stormLocks     = 16
	stormProcesses = 4
)

// account is what a lock protects, in memory that all processes share: two counts that are
// equal unless the holder is between incrementing one and the other, or died there.
type account struct {
	first, second uint64
	inside        uint32 // how many goroutines are in enter; atomic
	told          uint32 // how many deaths were reported
	_             [5]uint64
}

type storm struct {
	accounts [stormLocks]account
	wrong    uint32 // atomic
	laps     uint64 // atomic
	givenUp  uint64 // atomic: waits that a context ended
	working  [stormProcesses]uint32
}

func mapStorm(path string) (*storm, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size := int(unsafe.Sizeof(storm{}))
	if err := file.Truncate(int64(size)); err != nil {
		return nil, err
	}
	memory, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*storm)(unsafe.Pointer(&memory[0])), nil
}

// wrongIf counts and reports what must not happen.
func (s *storm) wrongIf(is bool, what string) {
	if is {
		fmt.Fprintln(os.Stderr, what)
		atomic.AddUint32(&s.wrong, 1)
	}
}

// enter is the critical section.  The process may be killed at any point of it.
func (s *storm) enter(id uint32, outcome Outcome) {
	a := &s.accounts[id]
	if outcome == HolderDied {
		atomic.StoreUint32(&a.inside, 0)
		a.second = a.first
		a.told++
	}
	s.wrongIf(atomic.AddUint32(&a.inside, 1) != 1, "two are inside")
	s.wrongIf(a.first != a.second, "the last holder had not finished, and no call reported its death")
	a.first++
	if a.first%16 == 0 {
		time.Sleep(time.Microsecond)
	}
	a.second++
	s.wrongIf(atomic.AddUint32(&a.inside, ^uint32(0)) != 0, "two were inside")
}

func init() {
	// storm locks and unlocks in many goroutines until it is killed, or the test says a line.
	roles["storm"] = func(space string, args []string) {
		s, err := mapStorm(args[0])
		check(err)
		number, err := strconv.Atoi(args[1])
		check(err)
		handles := make([]*Handle, 2)
		for i := range handles {
			handles[i], err = Open(space, &Options{NoMap: i == 1})
			check(err)
		}
		var stop uint32
		var all sync.WaitGroup
		for i := 0; i < crowd(1000); i++ {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				s.run(handles[i%2], rand.New(rand.NewSource(int64(i)+time.Now().UnixNano())),
					&stop, number)
			}(i)
		}
		listen()
		atomic.StoreUint32(&stop, 1)
		all.Wait()
		for _, h := range handles {
			check(h.Close())
		}
	}
}

func (s *storm) run(h *Handle, random *rand.Rand, stop *uint32, number int) {
	for atomic.LoadUint32(stop) == 0 {
		id := uint32(random.Intn(stormLocks))
		outcome, err := s.lock(h, random, id)
		if err != nil {
			atomic.AddUint64(&s.givenUp, 1)
			continue
		}
		s.enter(id, outcome)
		check(h.Unlock(id))
		atomic.AddUint64(&s.laps, 1)
		atomic.StoreUint32(&s.working[number], 1)
	}
}

// lock acquires a lock in a way that is chosen at random.
func (s *storm) lock(h *Handle, random *rand.Rand, id uint32) (Outcome, error) {
	switch random.Intn(8) {
	case 0:
		return h.TryLock(id)
	case 1, 2:
		ctx, cancel := context.WithTimeout(context.Background(),
			time.Duration(random.Intn(3000))*time.Microsecond)
		defer cancel()
		return h.LockContext(ctx, id)
	case 3:
		p := h.Pin()
		defer p.Unpin()
		return p.Lock(id)
	}
	return must(h.Lock(id)), nil
}

func TestThousandsOfGoroutinesInProcessesThatAreKilled(t *testing.T) {
	space := newSpace(t)
	h := open(t, space, nil)
	path := t.TempDir() + "/storm"
	s := must(mapStorm(path))
	random := rand.New(rand.NewSource(1))
	var processes [stormProcesses]*process

	begin := func(i int) {
		atomic.StoreUint32(&s.working[i], 0)
		processes[i] = start(t, "storm", space, path, strconv.Itoa(i))
	}
	for i := range processes {
		begin(i)
	}
	kills := scaled(20)
	// On a slow machine, most processes are killed while they hold nothing: go on until a
	// death was reported.
	for k := 0; k < kills || s.told() == 0; k++ {
		i := random.Intn(stormProcesses)
		// Kill it while it works, not while it starts.
		waitFor(func() bool { return atomic.LoadUint32(&s.working[i]) == 1 })
		time.Sleep(time.Duration(random.Intn(20e6)))
		processes[i].kill()
		begin(i)
	}
	for i, p := range processes {
		waitFor(func() bool { return atomic.LoadUint32(&s.working[i]) == 1 })
		p.say("end")
		succeed(t, p.command.Wait())
	}

	want(t, "number of what went wrong", atomic.LoadUint32(&s.wrong), 0)
	want(t, "locks still held", len(must(h.Held())), 0)
	for id := uint32(0); id < stormLocks; id++ {
		want(t, "waiters", len(must(h.Waiters(id))), 0)
		s.enter(id, must(h.Lock(id)))
		succeed(t, h.Unlock(id))
	}
	want(t, "number of what went wrong", atomic.LoadUint32(&s.wrong), 0)
	t.Logf("%d laps, %d waits given up, at least %d kills, %d deaths told", s.laps, s.givenUp,
		kills, s.told())
}

// told returns how many deaths of holders were reported.
func (s *storm) told() uint32 {
	told := uint32(0)
	for id := range s.accounts {
		told += atomic.LoadUint32(&s.accounts[id].told)
	}
	return told
}
