// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build !linux

package lock

import "errors"

var errLockmgrUnsupported = errors.New("lock_type \"lockmgr\" works on Linux only")

// OpenLockmgrLockManager works on Linux only.
func OpenLockmgrLockManager(space string, numLocks uint32, generationPath string) (Manager, error) {
	return nil, errLockmgrUnsupported
}

// NewLockmgrLockManager works on Linux only.
func NewLockmgrLockManager(space string, numLocks uint32, generationPath string) (Manager, error) {
	return nil, errLockmgrUnsupported
}
