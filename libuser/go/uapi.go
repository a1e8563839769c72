// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build linux && (386 || amd64 || arm || arm64 || loong64 || riscv64 || s390x)

package lockmgr

//lint:file-ignore U1000 all of the header is here, used or not
//lint:file-ignore SA4016 numbers of commands begin with 0

import "unsafe"

// What include/uapi/linux/lockmgr.h defines, under names that follow from those there:
// LOCKMGR_LOCK_TRY is lockTry, and map_size of struct lockmgr_ioctl_attach is
// ioctlAttach.mapSize.  A test compares the two, so add here what you add there.

const (
	nameSize    = 64
	commSize    = 16
	noteSize    = 64
	capacityMax = 1048576
	idCaller    = 0xffffffff

	wordToken    = 0x000000003fffffff
	wordDied     = 0x0000000040000000
	wordWaiters  = 0x0000000080000000
	wordTidShift = 32

	featureDeadlock      = 1 << 0
	featureMap           = 1 << 1
	featureProcessEnd    = 1 << 2
	featureInterruptible = 1 << 3
	featureNotes         = 1 << 4

	attachCreate          = 1 << 0
	attachExcl            = 1 << 1
	attachDetectDeadlock  = 1 << 2
	attachEndsWithProcess = 1 << 3

	lockTry           = 1 << 0
	lockDeadline      = 1 << 1
	lockInterruptible = 1 << 2

	spaceUnlinked = 1 << 0

	entryAllocated = 1 << 0
	entryHeld      = 1 << 1
	entryWaited    = 1 << 2
	entryDied      = 1 << 3
	entryDeadlock  = 1 << 4
	entryDeadline  = 1 << 5

	cursorEnd = 1<<64 - 1

	ownerDied = 1

	iocMagic = 0xBC
)

// The number of a command contains the size of its struct.  The bits for the direction are
// those of Linux on these architectures.
const (
	iocWrite = 1 << 30
	iocRead  = 2 << 30
)

const (
	iocVersion     = iocRead | unsafe.Sizeof(ioctlVersion{})<<16 | iocMagic<<8 | 0x00
	iocAttach      = iocRead | iocWrite | unsafe.Sizeof(ioctlAttach{})<<16 | iocMagic<<8 | 0x01
	iocUnlink      = iocWrite | unsafe.Sizeof(ioctlUnlink{})<<16 | iocMagic<<8 | 0x02
	iocCapacity    = iocWrite | unsafe.Sizeof(ioctlCapacity{})<<16 | iocMagic<<8 | 0x03
	iocInfo        = iocRead | unsafe.Sizeof(ioctlInfo{})<<16 | iocMagic<<8 | 0x04
	iocAllocate    = iocRead | iocWrite | unsafe.Sizeof(ioctlId{})<<16 | iocMagic<<8 | 0x05
	iocAllocateId  = iocWrite | unsafe.Sizeof(ioctlId{})<<16 | iocMagic<<8 | 0x06
	iocRetrieve    = iocWrite | unsafe.Sizeof(ioctlId{})<<16 | iocMagic<<8 | 0x07
	iocFree        = iocWrite | unsafe.Sizeof(ioctlId{})<<16 | iocMagic<<8 | 0x08
	iocFreeAll     = iocWrite | unsafe.Sizeof(ioctlFlags{})<<16 | iocMagic<<8 | 0x09
	iocLock        = iocRead | iocWrite | unsafe.Sizeof(ioctlLock{})<<16 | iocMagic<<8 | 0x0a
	iocUnlock      = iocWrite | unsafe.Sizeof(ioctlId{})<<16 | iocMagic<<8 | 0x0b
	iocListLocks   = iocRead | iocWrite | unsafe.Sizeof(ioctlList{})<<16 | iocMagic<<8 | 0x0c
	iocListWaiters = iocRead | iocWrite | unsafe.Sizeof(ioctlList{})<<16 | iocMagic<<8 | 0x0d
	iocListSpaces  = iocRead | iocWrite | unsafe.Sizeof(ioctlList{})<<16 | iocMagic<<8 | 0x0e

	iocSetNote         = iocWrite | unsafe.Sizeof(ioctlNote{})<<16 | iocMagic<<8 | 0x0f
	iocAllocateNoted   = iocRead | iocWrite | unsafe.Sizeof(ioctlNote{})<<16 | iocMagic<<8 | 0x10
	iocAllocateIdNoted = iocWrite | unsafe.Sizeof(ioctlNote{})<<16 | iocMagic<<8 | 0x11
)

type record struct {
	word  uint64
	since uint64
}

type clock struct {
	monotonic uint64
}

type ioctlVersion struct {
	major    uint32
	minor    uint32
	patch    uint32
	reserved uint32
	features uint64
}

type ioctlAttach struct {
	name       [nameSize]byte
	flags      uint32
	owner      uint32
	group      uint32
	mode       uint32
	capacity   uint32
	token      uint32
	generation uint64
	mapSize    uint64
	reserved   uint64
}

type ioctlUnlink struct {
	name  [nameSize]byte
	owner uint32
	flags uint32
}

type ioctlCapacity struct {
	capacity uint32
	flags    uint32
}

type ioctlId struct {
	id    uint32
	flags uint32
}

type ioctlNote struct {
	id    uint32
	flags uint32
	note  [noteSize]byte
}

type ioctlFlags struct {
	flags    uint32
	reserved uint32
}

type ioctlLock struct {
	id       uint32
	flags    uint32
	deadline int64
	ticket   uint64
}

type ioctlInfo struct {
	name       [nameSize]byte
	generation uint64
	owner      uint32
	group      uint32
	mode       uint32
	flags      uint32
	capacity   uint32
	allocated  uint32
	clients    uint32
	token      uint32
	reserved   [2]uint64
}

type lockEntry struct {
	id       uint32
	flags    uint32
	since    uint64
	pid      uint32
	tid      uint32
	comm     [commSize]byte
	token    uint32
	waiters  uint32
	reserved [2]uint64
	note     [noteSize]byte
}

type waiterEntry struct {
	cookie   uint64
	since    uint64
	pid      uint32
	tid      uint32
	comm     [commSize]byte
	token    uint32
	flags    uint32
	reserved [2]uint64
}

type spaceEntry struct {
	name       [nameSize]byte
	generation uint64
	owner      uint32
	group      uint32
	mode       uint32
	capacity   uint32
	allocated  uint32
	held       uint32
	waiting    uint32
	clients    uint32
	reserved   [3]uint64
}

type ioctlList struct {
	entries   uint64
	entrySize uint32
	count     uint32
	cursor    uint64
	filter    uint32
	id        uint32
}

// recordIndex is lockmgr_record_index().
func recordIndex(id uint32) uint32 {
	return id&^255 | id%64*4 | id/64%4
}
