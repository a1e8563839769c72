// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build arm

package lockmgr

// canMap is false where sync/atomic may use a lock that other processes do not see.
const canMap = false
