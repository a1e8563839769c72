// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build 386 || amd64 || arm64 || loong64 || riscv64 || s390x

package lockmgr

// canMap says whether the 64-bit operations of sync/atomic are atomic for other processes, too:
// done by one instruction of the processor, or by a load-exclusive and store-exclusive pair.
const canMap = true
