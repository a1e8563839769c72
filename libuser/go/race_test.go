// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build race

package lockmgr

import (
	"fmt"
	"os/exec"
	"sync"
	"testing"
)

func init() {
	// race counts in two goroutines, under a lock unless its argument is "without".
	roles["race"] = func(space string, args []string) {
		var all sync.WaitGroup
		var count int

		mapAfter = 1
		h, err := Open(space, &Options{Create: true, NoMap: args[0] == "by-ioctl"})
		check(err)
		for i := 0; i < 2; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for j := 0; j < 1000; j++ {
					if args[0] != "without" {
						must(h.Lock(id))
					}
					count++
					if args[0] != "without" {
						check(h.Unlock(id))
					}
				}
			}()
		}
		all.Wait()
	}
	// race-in-turn counts with two goroutines, one after the other, which only a lock orders
	// for the race detector, or each under a lock of its own.
	roles["race-in-turn"] = func(space string, args []string) {
		var all sync.WaitGroup
		var count int

		mapAfter = 1
		h, err := Open(space, &Options{Create: true, NoMap: args[0] == "by-ioctl"})
		check(err)
		second := uint32(id)
		if args[0] == "another" {
			second = id + 2
		}
		all.Add(2)
		go func() {
			defer all.Done()
			must(h.Lock(id))
			count++
			check(h.Unlock(id))
			must(h.Lock(id + 1))
		}()
		go func() {
			defer all.Done()
			waitFor(func() bool { return fmt.Sprint(must(h.Held())) == fmt.Sprint([]int{id + 1}) })
			must(h.Lock(second))
			count++
			check(h.Unlock(second))
		}()
		all.Wait()
	}
	// race-close counts under a lock that is released by closing the handle.
	roles["race-close"] = func(space string, args []string) {
		var all sync.WaitGroup
		var count int

		for i := 0; i < 2; i++ {
			h, err := Open(space, nil)
			check(err)
			all.Add(1)
			go func() {
				defer all.Done()
				must(h.Lock(id))
				count++
				check(h.Close())
			}()
		}
		all.Wait()
	}
}

func TestTheRaceDetectorIsToldOfLocks(t *testing.T) {
	for _, how := range []string{"mapped", "by-ioctl"} {
		for _, role := range []string{"race", "race-in-turn"} {
			if err := start(t, role, newSpace(t), how).command.Wait(); err != nil {
				t.Fatalf("%s, %s: a race was found: %v", role, how, err)
			}
		}
	}
	if err := start(t, "race-close", newSpace(t)).command.Wait(); err != nil {
		t.Fatalf("closing: a race was found: %v", err)
	}
	for _, role := range [][2]string{{"race", "without"}, {"race-in-turn", "another"}} {
		p := start(t, role[0], newSpace(t), role[1])
		p.command.Stderr = nil
		err := p.command.Wait()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 66 {
			t.Fatalf("%v: no race was found: %v", role, err)
		}
	}
}
