// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build race

package lockmgr

import (
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
	space := newSpace(t)

	for _, how := range []string{"mapped", "by-ioctl"} {
		p := start(t, "race", space, how)
		if err := p.command.Wait(); err != nil {
			t.Fatalf("%s: a race was found: %v", how, err)
		}
	}
	if err := start(t, "race-close", space).command.Wait(); err != nil {
		t.Fatalf("closing: a race was found: %v", err)
	}
	p := start(t, "race", space, "without")
	p.command.Stderr = nil
	err := p.command.Wait()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 66 {
		t.Fatalf("no race was found without a lock: %v", err)
	}
}
