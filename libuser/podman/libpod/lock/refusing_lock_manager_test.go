// SPDX-License-Identifier: LGPL-2.1-or-later

package lock

import (
	"errors"
	"testing"
)

func TestRefusingLockManagerRefuses(t *testing.T) {
	why := errors.New("renumber")
	refusing := &RefusingLockManager{why}
	var manager Manager = refusing

	_, allocate := manager.AllocateLock()
	_, retrieve := manager.RetrieveLock(0)
	_, both := manager.AllocateAndRetrieveLock(0)
	_, available := refusing.AvailableLocks()
	_, held := refusing.LocksHeld()

	for name, err := range map[string]error{
		"AllocateLock":            allocate,
		"RetrieveLock":            retrieve,
		"AllocateAndRetrieveLock": both,
		"FreeAllLocks":            manager.FreeAllLocks(),
		"AvailableLocks":          available,
		"LocksHeld":               held,
	} {
		if !errors.Is(err, why) {
			t.Errorf("%s returns the error %v", name, err)
		}
	}
}
