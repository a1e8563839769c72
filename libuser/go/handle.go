// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Version is the version of this package.  The kernel module and the C library of the same
// release have the same version.  The package works with kernel modules of the same major
// version.
const Version = "0.1.0"

const versionMajor = 0

// worksWith is the major version of the modules that are worked with.  Tests change it.
var worksWith uint32 = versionMajor

const defaultDevice = "/dev/lockmgr"

// Options say how to open a space.  The zero value opens the caller's own space, which
// must exist.
type Options struct {
	// Create makes the space if it is missing.
	Create bool
	// Exclusive, with Create: fail with EEXIST if the space exists.
	Exclusive bool
	// ReadOnly: inspect only; needs read permission.  Excludes Create and WriteOnly.
	ReadOnly bool
	// WriteOnly: use without inspecting; needs write permission, not read permission.
	WriteOnly bool
	// DetectDeadlock: lock calls that would close a cycle of waiting threads fail with
	// EDEADLK.  A cycle of threads is one of goroutines only if they stay on their
	// threads, so such a handle locks through Pin only.
	DetectDeadlock bool
	// NoMap: acquire and release every lock through the kernel.  By default, if only the
	// owner may use the space, uncontended locks are acquired and released in memory that
	// the owner's processes share, without a system call; there, a buggy program could
	// harm the others of the same user.
	NoMap bool
	// Inherit: programs that this one executes inherit the file, under the number that
	// Fd returns, and the locks stay held until the last process that has the file closes
	// it or ends.  By default the locks are released when this process ends.
	Inherit bool

	// Capacity, when creating: number of ids; 0: the most that is allowed.
	Capacity uint32
	// Mode, when creating: permission bits, as on a file; 0: 0600.
	Mode uint32
	// Owner: user id of the space's owner; nil: the caller.
	Owner *uint32
	// Group, when creating: the space's group; nil: the caller's.
	Group *uint32
	// Device is the path of the device; "": /dev/lockmgr.
	Device string
}

// Handle is an open space; the kernel calls it a client of the space.  It owns the locks that
// are acquired with it; any goroutine may unlock what another one locked.
//
// A Handle may be used by any number of goroutines at once, except that nobody may use
// it while it is being closed.
type Handle struct {
	mapping atomic.Pointer[mapping]
	token   uint32
	detects bool

	file       *file
	space      string
	generation uint64
	features   uint64
	mapSize    uint64
	calls      uint32
	spin       spin
	turns      turns
	closing    sync.Mutex
}

func orCaller(id *uint32) uint32 {
	if id == nil {
		return idCaller
	}
	return *id
}

func (o *Options) areValid() bool {
	if o.Exclusive && !o.Create {
		return false
	}
	return !o.ReadOnly || !o.Create && !o.WriteOnly
}

func (o *Options) access() int {
	switch {
	case o.ReadOnly:
		return syscall.O_RDONLY
	case o.WriteOnly:
		return syscall.O_WRONLY
	default:
		return syscall.O_RDWR
	}
}

func (o *Options) device() string {
	if o.Device == "" {
		return defaultDevice
	}
	return o.Device
}

// attachFlags returns the flags that the options ask for.  It leaves out EndsWithProcess,
// the default, if the module does not know that flag.
func (o *Options) attachFlags(features uint64) uint32 {
	var flags uint32

	if o.Create {
		flags |= attachCreate
	}
	if o.Exclusive {
		flags |= attachExcl
	}
	if o.DetectDeadlock {
		flags |= attachDetectDeadlock
	}
	if !o.Inherit && features&featureProcessEnd != 0 {
		flags |= attachEndsWithProcess
	}
	return flags
}

// nameOf copies a name into the array of a struct.  It checks only that the name fits and has
// no NUL; the kernel checks the rest.
func nameOf(space string) (name [nameSize]byte, ok bool) {
	if len(space) == 0 || len(space) >= nameSize {
		return name, false
	}
	copy(name[:], space)
	for i := 0; i < len(space); i++ {
		if space[i] == 0 {
			return name, false
		}
	}
	return name, true
}

func textOf(bytes []byte) string {
	for i, b := range bytes {
		if b == 0 {
			return string(bytes[:i])
		}
	}
	return string(bytes)
}

// ModuleInfo is the version of the module and what it can do.
type ModuleInfo struct {
	Major uint32 // changes when something that programs rely on goes away
	Minor uint32 // changes when something is added
	Patch uint32 // changes otherwise

	Deadlock      bool // it detects deadlocks
	Map           bool // locks of private spaces are acquired without a system call
	ProcessEnd    bool // locks end with their process, even if a child has the file
	Interruptible bool // LockContext works
	Notes         bool // allocated ids can have notes
}

func readVersion(f *file) (version ioctlVersion, errno syscall.Errno) {
	if _, errno := f.call(iocVersion, unsafe.Pointer(&version)); errno != 0 {
		return version, syscall.EPROTONOSUPPORT
	}
	return version, 0
}

// Module returns version and features of the module that serves a device ("": /dev/lockmgr).
// It works whatever the module's version is.
func Module(device string) (*ModuleInfo, error) {
	options := Options{Device: device}
	f, errno := openFile(options.device(), syscall.O_RDONLY)
	if errno == 0 {
		defer f.close()
		var version ioctlVersion
		if version, errno = readVersion(f); errno == 0 {
			return &ModuleInfo{
				Major:         version.major,
				Minor:         version.minor,
				Patch:         version.patch,
				Deadlock:      version.features&featureDeadlock != 0,
				Map:           version.features&featureMap != 0,
				ProcessEnd:    version.features&featureProcessEnd != 0,
				Interruptible: version.features&featureInterruptible != 0,
				Notes:         version.features&featureNotes != 0,
			}, nil
		}
	}
	return nil, &Error{Op: "read the version of " + options.device(), Errno: errno}
}

// openModule opens the device and checks that its module has the package's major version.  It
// also returns the module's features.
func openModule(options *Options, access int) (*file, uint64, syscall.Errno) {
	f, errno := openFile(options.device(), access)
	if errno != 0 {
		return nil, 0, errno
	}
	version, errno := readVersion(f)
	if errno == 0 && version.major != worksWith {
		errno = syscall.EPROTONOSUPPORT
	}
	if errno != 0 {
		f.close()
		return nil, 0, errno
	}
	return f, version.features, 0
}

// Open opens a space.  Its name has 1 to 63 characters of A-Za-z0-9._-, no dot in front.
// If options is nil, Open opens the caller's own space of that name, and creates it with the
// defaults if it is missing.
//
// It fails with
//
//	EACCES   the device's permissions or the space's do not allow it
//	EDQUOT   creating: that user has as many spaces as are allowed
//	EEXIST   Exclusive, and the space exists
//	EINVAL   a name, mode, capacity or combination of options that is not acceptable
//	EMFILE, ENFILE  too many open files
//	ENODEV   no such device: the module is not loaded
//	ENOENT   no such space, and not Create
//	ENOMEM   no memory
//	EPERM    creating a space for another user, or for a group that the caller is
//	         not in, takes CAP_SYS_ADMIN
//	EPROTONOSUPPORT  the module's major version is not the package's, or the device is
//	         not lockmgr's
//	EUSERS   the space has as many clients as are allowed; ReadOnly ones do not count
func Open(space string, options *Options) (*Handle, error) {
	if options == nil {
		options = &Options{Create: true}
	}
	h := &Handle{space: space}
	name, ok := nameOf(space)
	if !ok || !options.areValid() {
		return nil, h.fail(opOpen, syscall.EINVAL)
	}
	f, features, errno := openModule(options, options.access())
	if errno != 0 {
		return nil, h.fail(opOpen, errno)
	}
	h.file, h.features = f, features
	if errno := h.attach(name, options); errno != 0 {
		f.close()
		return nil, h.fail(opOpen, errno)
	}
	return h, nil
}

func (h *Handle) attach(name [nameSize]byte, options *Options) syscall.Errno {
	args := ioctlAttach{
		name:     name,
		flags:    options.attachFlags(h.features),
		owner:    orCaller(options.Owner),
		group:    orCaller(options.Group),
		mode:     options.Mode,
		capacity: options.Capacity,
	}
	if _, errno := h.file.call(iocAttach, unsafe.Pointer(&args)); errno != 0 {
		return h.file.explain(errno, false)
	}
	h.token = args.token
	h.generation = args.generation
	h.detects = options.DetectDeadlock
	if !options.NoMap && canMap && args.mapSize == capacityMax*uint64(unsafe.Sizeof(record{})) {
		h.mapSize = args.mapSize
	}
	if options.Inherit {
		_, errno := fcntl(int(h.file.descriptor()), syscall.F_SETFD, 0)
		return errno
	}
	return 0
}

// Close closes the handle.  It releases the locks that the handle holds, and their next
// holders get HolderDied: unlock first, unless they should be told that this one died.
// With Options.Inherit, the locks stay held while another process has the file.  Calls on a
// closed handle fail with EBADF.
//
// No other goroutine may be using the handle: Close unmaps memory that it may be reading.
func (h *Handle) Close() error {
	h.closing.Lock()
	defer h.closing.Unlock()
	if h.file.descriptor() < 0 && h.mapping.Load() == nil {
		return h.fail(opClose, syscall.EBADF)
	}
	if raceEnabled {
		raceCloses()
	}
	// A mapping keeps the file open, and so the locks held.
	h.unmap()
	h.file.close()
	return nil
}

// Space returns the name under which the space was opened.
func (h *Handle) Space() string {
	return h.space
}

// Generation returns a random number that was drawn when the space was made: if it is not
// the one that you knew, the allocations that you made are gone.
func (h *Handle) Generation() uint64 {
	return h.generation
}

// Fd returns the handle's descriptor, 3 or higher.  Keep it open across exec
// (Options.Inherit), or spare it in a program that closes all descriptors.  It belongs to
// the handle: do not close it.
func (h *Handle) Fd() (int, error) {
	fd := h.file.descriptor()
	if !h.file.isOurs(fd) {
		return -1, h.fail("find the descriptor", syscall.EBADF)
	}
	return int(fd), nil
}

// call makes an ioctl, again if a signal ends it, and returns the error to report.
func (h *Handle) call(command uintptr, args unsafe.Pointer) (int, syscall.Errno) {
	result, errno := h.file.call(command, args)
	return result, h.file.explain(errno, true)
}

// Unlink removes the name of a space.  Of the options, only Owner and Device are used.
//
// Handles that are open still work; a new space may be created under the name at once.  The
// space is freed when its last handle is closed.
//
// It fails as Open does, with ENOENT if there is no such space, and with EPERM if the space
// is another user's and the caller lacks CAP_SYS_ADMIN.
func Unlink(space string, options *Options) error {
	if options == nil {
		options = &Options{}
	}
	failed := func(errno syscall.Errno) error {
		return &Error{Op: opUnlink, Space: space, Errno: errno}
	}
	name, ok := nameOf(space)
	if !ok {
		return failed(syscall.EINVAL)
	}
	f, _, errno := openModule(options, syscall.O_WRONLY)
	if errno != 0 {
		return failed(errno)
	}
	defer f.close()
	args := ioctlUnlink{name: name, owner: orCaller(options.Owner)}
	if _, errno := f.call(iocUnlink, unsafe.Pointer(&args)); errno != 0 {
		return failed(f.explain(errno, false))
	}
	return nil
}

// SetCapacity changes the number of ids of the space; 0: the most that is allowed.
//
// For the space's owner and CAP_SYS_ADMIN.  A lock beyond the new capacity that is held
// or waited for goes on until it is unlocked.
//
// It fails with EBUSY if an id beyond the new capacity is allocated, EINVAL if capacity is
// more than the module allows, and EPERM if the space is another user's.
func (h *Handle) SetCapacity(capacity uint32) error {
	args := ioctlCapacity{capacity: capacity}

	if _, errno := h.call(iocCapacity, unsafe.Pointer(&args)); errno != 0 {
		return h.fail("set the capacity", errno)
	}
	return nil
}
