// SPDX-License-Identifier: GPL-2.0-only

// The bench of the Go package: an uncontended lock and unlock, beside what Podman uses itself.
//
//	bench [--device] [RESULTS.json]: the package's code over records in shared memory,
//	without the module; with --device, with the module.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"time"

	"example.org/lockmgr"
	"example.org/lockmgr/bench/robust"
	"example.org/lockmgr/libpod"
)

const (
	rounds = 101
	pairs  = 100000
	warmUp = 1000
	id     = 7
	target = 0.5
)

// subject is something that is measured.
type subject struct {
	who  string
	pair func()

	samples, ratios []float64
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func (s *subject) sample() float64 {
	begin := time.Now()
	for i := 0; i < pairs; i++ {
		s.pair()
	}
	return float64(time.Since(begin).Nanoseconds()) / pairs
}

func median(numbers []float64) float64 {
	sorted := append([]float64(nil), numbers...)
	sort.Float64s(sorted)
	return sorted[len(sorted)/2]
}

// measure samples all subjects in turns. Each ratio is that to the last subject in the same round.
func measure(subjects []*subject) {
	last := subjects[len(subjects)-1]
	for _, s := range subjects {
		for i := 0; i < warmUp; i++ {
			s.pair()
		}
	}
	for round := 0; round < rounds; round++ {
		for _, s := range subjects {
			s.samples = append(s.samples, s.sample())
		}
		for _, s := range subjects {
			s.ratios = append(s.ratios, s.samples[round]/last.samples[round])
		}
	}
}

func open(outside bool) *lockmgr.Handle {
	if outside {
		return lockmgr.Outside()
	}
	name := fmt.Sprintf("bench.%d", os.Getpid())
	h, err := lockmgr.Open(name, nil)
	check(err)
	// The space stays until the handle is closed.
	check(lockmgr.Unlink(name, nil))
	return h
}

// fact returns the line of results.json for a subject.
func fact(name string, s *subject, peer, ratio string) string {
	return fmt.Sprintf(`  "%s": {"unit": "ns", "peer": %s, "value": %.6g, %s}`, name, peer,
		median(s.samples), ratio)
}

func main() {
	device := flag.Bool("device", false, "measure on the module")
	flag.Parse()
	outside := !*device
	title := "lock+unlock, Go"
	if outside {
		title += ", outside"
	}
	runtime.GOMAXPROCS(1)
	h := open(outside)
	mutexes := robust.New(2048)
	lock := libpod.New(h, nil)
	locker, err := lock.RetrieveLock(id)
	if outside {
		// There is no module to retrieve it from.
		locker = libpod.Outside(h, id)
	} else {
		check(err)
	}
	subjects := []*subject{
		{who: "lockmgr", pair: func() {
			_, err := h.Lock(id)
			check(err)
			check(h.Unlock(id))
		}},
		{who: "libpod", pair: func() {
			locker.Lock()
			locker.Unlock()
		}},
		{who: "robust, cgo", pair: func() {
			check(mutexes.Lock(id))
			check(mutexes.Unlock(id))
		}},
	}
	measure(subjects)

	own, peer := subjects[0], subjects[2]
	for _, s := range subjects {
		fmt.Printf("%-28s %-13s %10.1f ns", title, s.who, median(s.samples))
		title = ""
		if s != peer {
			fmt.Printf("  %.2f of %s", median(s.ratios), peer.who)
		}
		if s == own {
			fmt.Printf("  at most %g: %s", target,
				map[bool]string{true: "met", false: "MISSED"}[median(s.ratios) <= target])
		}
		fmt.Println()
	}
	if flag.NArg() == 1 {
		ratio := median(own.ratios)
		text := fmt.Sprintf("{\n%s,\n%s\n}\n",
			fact("go", own, "null", `"ratio": null, "target": null, "met": null`),
			fact("go.robust", peer, `"robust, cgo"`,
				fmt.Sprintf(`"ratio": %.6g, "target": %g, "met": %v`, ratio, target,
					ratio <= target)))
		check(os.WriteFile(flag.Arg(0), []byte(text), 0666))
	}
}
