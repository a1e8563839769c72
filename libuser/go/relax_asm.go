// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build 386 || amd64 || arm64

package lockmgr

// relax tells the processor that this is a loop that waits.
func relax()
