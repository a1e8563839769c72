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
// Its descriptor is never 0, 1 or 2: a program that was started without a standard stream
// may open that stream there later (dup2), and would close our file.  Programs that close all
// descriptors close our file at other numbers, too.  So before the package closes a
// descriptor or maps its file, it checks that the descriptor still stands for a file of the
// device.  A call that fails because it does not returns EBADF.
type file struct {
	fd     int32 // -1: closed, by us or by something else; atomic
	device uint64
}

const descriptorMin = 3

// owners maps each descriptor to the file that it belongs to.
var owners struct {
	sync.Mutex
	files map[int32]*file
}

// register enters the file in owners.  The kernel has just returned its descriptor from open(),
// so if an older file has the same number, something has closed that descriptor.  The older
// file must not use this one's descriptor, so it loses its number.
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
// stream.  It returns the descriptor that the file then has.
func leaveStandardStreams(fd int) (int, syscall.Errno) {
	if fd >= descriptorMin {
		return fd, 0
	}
	higher, errno := fcntl(fd, syscall.F_DUPFD_CLOEXEC, descriptorMin)
	syscall.Close(fd)
	// EINVAL: descriptorMin is not below RLIMIT_NOFILE.
	if errno == syscall.EINVAL {
		errno = syscall.EMFILE
	}
	return higher, errno
}

// openFile opens the device.  The path may name any file.  Stat first, so as not to open FIFOs
// and the like.  O_NONBLOCK means nothing to our device, but keeps open() from waiting on a
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

// isOurs reports whether a descriptor still stands for a file of the device that was opened.
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

// explain returns the error to report for a call that failed with errno: EBADF if the call
// went to another file, because the descriptor is no longer ours.  To find out costs a system
// call.  Errors that are common, and that other files do not return, are reported as they are.
// If the handle is attached to a space but the file is not (ENOTCONN), then the file is
// another one of the same device.
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
