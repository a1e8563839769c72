// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build 386 || amd64 || arm64 || loong64 || riscv64 || s390x

package lockmgr

// canMap says whether sync/atomic moves 64 bits by one instruction, or one pair of
// instructions, of the processor, which all processes see.
const canMap = true
