// SPDX-License-Identifier: LGPL-2.1-or-later

package lock

// RefusingLockManager stands for locks that must not be used before they are renumbered.
//
// Each of its methods fails.  So an engine can start with it, as it must even for the command
// that renumbers, and each operation that needs a lock fails with the reason.
type RefusingLockManager struct {
	// Why is what each method returns.
	Why error
}

// AllocateLock fails.
func (m *RefusingLockManager) AllocateLock() (Locker, error) {
	return nil, m.Why
}

// RetrieveLock fails.
func (m *RefusingLockManager) RetrieveLock(id uint32) (Locker, error) {
	return nil, m.Why
}

// AllocateAndRetrieveLock fails.
func (m *RefusingLockManager) AllocateAndRetrieveLock(id uint32) (Locker, error) {
	return nil, m.Why
}

// FreeAllLocks fails.
func (m *RefusingLockManager) FreeAllLocks() error {
	return m.Why
}

// AvailableLocks fails.
func (m *RefusingLockManager) AvailableLocks() (*uint32, error) {
	return nil, m.Why
}

// LocksHeld fails.
func (m *RefusingLockManager) LocksHeld() ([]uint32, error) {
	return nil, m.Why
}
