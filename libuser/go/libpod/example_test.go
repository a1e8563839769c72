// SPDX-License-Identifier: LGPL-2.1-or-later

package libpod_test

import (
	"fmt"
	"log"

	"example.org/lockmgr"
	"example.org/lockmgr/libpod"
)

func Example() {
	h, err := lockmgr.Open("libpod-example", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lockmgr.Unlink("libpod-example", nil)
	defer h.Close()

	manager := libpod.New(h, &libpod.Options{
		HolderDied: func(id uint32) { log.Printf("the holder of lock %d died", id) },
	})
	lock, err := manager.AllocateLock()
	if err != nil {
		log.Fatal(err)
	}
	lock.Lock()
	fmt.Println(manager.LocksHeld())
	lock.Unlock()
	fmt.Println(lock.Free())
	// Output:
	// [0] <nil>
	// <nil>
}
