// SPDX-License-Identifier: GPL-2.0-only

// Package robust has what Podman uses for its locks: robust mutexes in memory that
// processes share, locked and unlocked in C, which Go calls.
package robust

/*
#cgo LDFLAGS: -pthread
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

struct segment {
	uint32_t count;
	pthread_mutex_t mutexes[];
};

static struct segment *segment_make(uint32_t count)
{
	pthread_mutexattr_t attributes;
	struct segment *segment;
	uint32_t i;

	segment = mmap(NULL, sizeof(*segment) + count * sizeof(pthread_mutex_t),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (segment == MAP_FAILED)
		return NULL;

	segment->count = count;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (i = 0; i < count; i++)
		pthread_mutex_init(&segment->mutexes[i], &attributes);
	pthread_mutexattr_destroy(&attributes);
	return segment;
}

static int segment_lock(struct segment *segment, uint32_t number)
{
	int ret;

	if (!segment || number >= segment->count)
		return EINVAL;

	ret = pthread_mutex_lock(&segment->mutexes[number]);
	return ret == EOWNERDEAD ? pthread_mutex_consistent(&segment->mutexes[number]) : ret;
}

static int segment_unlock(struct segment *segment, uint32_t number)
{
	if (!segment || number >= segment->count)
		return EINVAL;

	return pthread_mutex_unlock(&segment->mutexes[number]);
}
*/
import "C"

import (
	"runtime"
	"syscall"
)

// Segment is a number of mutexes.
type Segment struct {
	segment *C.struct_segment
}

// New makes a segment.
func New(count uint32) *Segment {
	return &Segment{C.segment_make(C.uint32_t(count))}
}

// Lock acquires a mutex.  A thread owns it, so the goroutine stays on its thread until it has
// unlocked the mutex.
func (s *Segment) Lock(number uint32) error {
	runtime.LockOSThread()
	if ret := C.segment_lock(s.segment, C.uint32_t(number)); ret != 0 {
		return syscall.Errno(ret)
	}
	return nil
}

// Unlock releases a mutex.
func (s *Segment) Unlock(number uint32) error {
	if ret := C.segment_unlock(s.segment, C.uint32_t(number)); ret != 0 {
		return syscall.Errno(ret)
	}
	runtime.UnlockOSThread()
	return nil
}
