// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"context"
	"fmt"
	"syscall"
)

// Error says what failed, on what, and why.
//
// errors.Is finds in it the errno that the kernel or the package returned, such as
// syscall.EBUSY; the general error that the errno stands for, such as fs.ErrNotExist; and,
// where a context ended a wait, the context's error, such as context.Canceled.
type Error struct {
	Op    string        // the operation: "acquire"
	Space string        // the space's name
	ID    uint32        // the lock, if HasID
	HasID bool          // whether the operation was on one lock
	Errno syscall.Errno // why it failed
	Cause error         // the error of the context that ended a wait, or nil
}

func (e *Error) Error() string {
	what := e.Op
	if e.HasID {
		what = fmt.Sprintf("%s lock %d", e.Op, e.ID)
	}
	switch {
	case e.Space == "":
	case e.Op == opOpen, e.Op == opClose, e.Op == opUnlink:
		what += fmt.Sprintf(" space %q", e.Space)
	default:
		what += fmt.Sprintf(" of space %q", e.Space)
	}
	if e.Cause != nil {
		return fmt.Sprintf("lockmgr: %s: %v", what, e.Cause)
	}
	return fmt.Sprintf("lockmgr: %s: %s (%s)", what, meaning(e.Errno), e.Errno)
}

// Operations on a space as a whole.
const (
	opOpen   = "open"
	opClose  = "close"
	opUnlink = "unlink"
)

// Unwrap returns the context's error, or else the errno.
func (e *Error) Unwrap() error {
	if e.Cause != nil {
		return e.Cause
	}
	return e.Errno
}

// Is reports whether target is the errno, or a general error that the errno stands for.  It
// takes ETIMEDOUT for context.DeadlineExceeded, too.
func (e *Error) Is(target error) bool {
	return target == error(e.Errno) || e.Errno.Is(target) ||
		e.Errno == syscall.ETIMEDOUT && target == context.DeadlineExceeded
}

// meaning says what an errno means here, where the usual text alone would mislead.
func meaning(errno syscall.Errno) string {
	switch errno {
	case syscall.EBADF:
		return "the handle is closed, is not open for that, or something else in the " +
			"program has closed its descriptor"
	case syscall.EBUSY:
		return "in use"
	case syscall.EDEADLK:
		return "waiting would close a cycle of waits"
	case syscall.EDQUOT:
		return "a limit of the space's owner is reached"
	case syscall.EINVAL:
		return "not acceptable, or the lock is beyond the space's capacity"
	case syscall.ENODEV:
		return "no such device: the module is not loaded"
	case syscall.ENOSPC:
		return "all ids are allocated"
	case syscall.EOPNOTSUPP:
		return "the module is of a version without notes"
	case syscall.EPROTONOSUPPORT:
		return "the module's major version is not this package's, or the device is not " +
			"lockmgr's"
	case syscall.EUSERS:
		return "the space has as many clients as are allowed"
	}
	return "failed"
}

func (h *Handle) fail(op string, errno syscall.Errno) error {
	return &Error{Op: op, Space: h.space, Errno: errno}
}

func (h *Handle) failLock(op string, id uint32, errno syscall.Errno) error {
	return &Error{Op: op, Space: h.space, ID: id, HasID: true, Errno: errno}
}
