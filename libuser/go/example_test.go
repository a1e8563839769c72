// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"syscall"
	"time"

	"example.org/lockmgr"
)

func Example() {
	h, err := lockmgr.Open("go-example", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lockmgr.Unlink("go-example", nil)
	defer h.Close()

	id, err := h.Allocate()
	if err != nil {
		log.Fatal(err)
	}
	defer h.Free(id)

	outcome, err := h.Lock(id)
	if err != nil {
		log.Fatal(err)
	}
	if outcome == lockmgr.HolderDied {
		fmt.Println("what the lock protects may be half done")
	}
	fmt.Println("lock", id, "is", outcome)
	if err := h.Unlock(id); err != nil {
		log.Fatal(err)
	}
	// Output: lock 0 is acquired
}

// A wait that ends when a context does.
func ExampleHandle_LockContext() {
	holder, err := lockmgr.Open("go-example", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lockmgr.Unlink("go-example", nil)
	defer holder.Close()
	h, err := lockmgr.Open("go-example", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	if _, err := holder.Lock(7); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	outcome, err := h.LockContext(ctx, 7)
	fmt.Println(outcome, errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT))
	// Output: not acquired true true
}

// The holder closes its handle, as it does when it dies, without unlocking the lock.
func ExampleOutcome() {
	holder, err := lockmgr.Open("go-example", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lockmgr.Unlink("go-example", nil)
	h, err := lockmgr.Open("go-example", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	if _, err := holder.Lock(7); err != nil {
		log.Fatal(err)
	}
	holder.Close()

	outcome, err := h.Lock(7)
	fmt.Println(outcome, err)
	h.Unlock(7)
	outcome, err = h.Lock(7)
	fmt.Println(outcome, err)
	// Output:
	// acquired after its holder died <nil>
	// acquired <nil>
}

// Two goroutines acquire two locks in opposite order.  As they are pinned, one call fails.
func ExampleHandle_Pin() {
	options := &lockmgr.Options{Create: true, DetectDeadlock: true}
	h, err := lockmgr.Open("go-example", options)
	if err != nil {
		log.Fatal(err)
	}
	defer lockmgr.Unlink("go-example", nil)
	defer h.Close()

	errs := make(chan error, 2)
	ready := make(chan bool)
	proceed := make(chan bool)
	both := func(first, second uint32) {
		p := h.Pin()
		defer p.Unpin()
		if _, err := p.Lock(first); err != nil {
			log.Fatal(err)
		}
		defer p.Unlock(first)
		ready <- true
		<-proceed
		_, err := p.Lock(second)
		if err == nil {
			p.Unlock(second)
		}
		errs <- err
	}
	go both(1, 2)
	go both(2, 1)
	for i := 0; i < 2; i++ {
		<-ready
	}
	close(proceed)
	one, two := <-errs, <-errs
	fmt.Println(errors.Is(one, syscall.EDEADLK) || errors.Is(two, syscall.EDEADLK))
	// Output: true
}

// A note says what an id stands for, to people who look at a hang.
func ExampleHandle_AllocateNoted() {
	h, err := lockmgr.Open("go-example", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lockmgr.Unlink("go-example", nil)
	defer h.Close()

	id, err := h.AllocateNoted("container web-1")
	if err != nil {
		log.Fatal(err)
	}
	defer h.Free(id)
	locks, err := h.List(lockmgr.Allocated)
	if err != nil {
		log.Fatal(err)
	}
	for _, lock := range locks {
		fmt.Printf("lock %d (%q)\n", lock.ID, lock.Note)
	}
	// Output: lock 0 ("container web-1")
}
