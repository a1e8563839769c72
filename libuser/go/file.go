// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// The file of a handle.
//
// Its descriptor is never 0, 1 or 2: a program that was started without a standard
// stream opens one there later, and would close ours.  Other numbers can be lost as
// well, in programs that close all descriptors.  So nothing is done to a descriptor that
// may belong to somebody else by now, and calls that fail for that reason say so.
type file struct {
	fd     int32 // -1: closed, by us or by something else; atomic
	device uint64
}

const descriptorMin = 3

// owners has the file that each descriptor belongs to.
var owners struct {
	sync.Mutex
	files map[int32]*file
}

// register makes the file that of its descriptor.  The kernel has just given us that
// number, so if an older file had it, something has closed that one.  It must not use
// this one instead.
func (f *file) register() {
	owners.Lock()
	defer owners.Unlock()
	if owners.files == nil {
		owners.files = make(map[int32]*file)
	}
	if other := owners.files[f.fd]; other != nil {
		atomic.StoreInt32(&other.fd, -1)
	}
	owners.files[f.fd] = f
}

func (f *file) unregister(fd int32) {
	owners.Lock()
	defer owners.Unlock()
	if owners.files[fd] == f {
		delete(owners.files, fd)
	}
}

func deviceError(err error) syscall.Errno {
	switch errno, _ := err.(syscall.Errno); errno {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ENXIO:
		return syscall.ENODEV
	case syscall.EPERM: // from the device cgroup
		return syscall.EACCES
	case 0:
		return syscall.EINVAL // a NUL in the path
	default:
		return errno
	}
}

func fcntl(fd int, command, value uintptr) (int, syscall.Errno) {
	result, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), command, value)
	return int(result), errno
}

// leaveStandardStreams gives a file another descriptor if it has that of a standard
// stream.
func leaveStandardStreams(fd int) (int, syscall.Errno) {
	if fd >= descriptorMin {
		return fd, 0
	}
	higher, errno := fcntl(fd, syscall.F_DUPFD_CLOEXEC, descriptorMin)
	syscall.Close(fd)
	// It is an invalid argument if no descriptor can have that number.
	if errno == syscall.EINVAL {
		errno = syscall.EMFILE
	}
	return higher, errno
}

// openFile opens the device.  The path may lead anywhere: looking first spares FIFOs
// and the like from being opened; O_NONBLOCK means nothing to our device, but to a
// terminal line.
func openFile(path string, flags int) (*file, syscall.Errno) {
	var status syscall.Stat_t

	if err := syscall.Stat(path, &status); err != nil {
		return nil, deviceError(err)
	}
	if status.Mode&syscall.S_IFMT != syscall.S_IFCHR {
		return nil, syscall.EPROTONOSUPPORT
	}
	for {
		fd, err := syscall.Open(path, flags|syscall.O_CLOEXEC|syscall.O_NOCTTY|
			syscall.O_NONBLOCK, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, deviceError(err)
		}
		fd, errno := leaveStandardStreams(fd)
		if errno != 0 {
			return nil, errno
		}
		f := &file{fd: int32(fd), device: uint64(status.Rdev)}
		f.register()
		return f, 0
	}
}

// isOurs reports whether a descriptor still stands for the file that was opened.
func (f *file) isOurs(fd int32) bool {
	var status syscall.Stat_t

	return fd >= 0 && syscall.Fstat(int(fd), &status) == nil &&
		status.Mode&syscall.S_IFMT == syscall.S_IFCHR && uint64(status.Rdev) == f.device
}

func (f *file) descriptor() int32 {
	return atomic.LoadInt32(&f.fd)
}

func (f *file) close() {
	fd := atomic.SwapInt32(&f.fd, -1)
	if fd < 0 {
		return
	}
	if f.isOurs(fd) {
		syscall.Close(int(fd))
	}
	f.unregister(fd)
}

// callOnce makes one system call; a signal may end it with EINTR.
func (f *file) callOnce(command uintptr, args unsafe.Pointer) (int, syscall.Errno) {
	result, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(f.descriptor()), command,
		uintptr(args))
	return int(result), errno
}

func (f *file) call(command uintptr, args unsafe.Pointer) (int, syscall.Errno) {
	for {
		result, errno := f.callOnce(command, args)
		if errno != syscall.EINTR {
			return result, errno
		}
	}
}

// explain returns the error to report for a call that failed with errno: EBADF if it went
// to another file.  Some errors are common, and other files do not answer them, so they are
// not worth a system call.  A file of the device that is not attached to a space is not
// that of a handle which is.
func (f *file) explain(errno syscall.Errno, attached bool) syscall.Errno {
	switch errno {
	case 0, syscall.EBADF, syscall.EBUSY, syscall.EDEADLK, syscall.ETIMEDOUT, syscall.EINTR:
		return errno
	case syscall.ENOTCONN:
		if attached {
			return syscall.EBADF
		}
		return errno
	}
	if f.isOurs(f.descriptor()) {
		return errno
	}
	return syscall.EBADF
}
