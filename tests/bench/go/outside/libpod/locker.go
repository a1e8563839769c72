// SPDX-License-Identifier: GPL-2.0-only

package libpod

import "example.org/lockmgr"

// Outside returns a lock of a handle that lockmgr.Outside returned.
func Outside(handle *lockmgr.Handle, id uint32) Locker {
	return &locker{handle: handle, id: id}
}
