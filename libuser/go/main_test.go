// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// The programs that tests start are this program again, with a role: a space and arguments,
// in this environment variable.
const roleVariable = "LOCKMGR_GO_ROLE"

var roles = map[string]func(space string, args []string){}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		words := strings.Fields(role)
		roles[words[0]](words[1], words[2:])
		os.Exit(0)
	}
	if _, err := Module(""); errors.Is(err, syscall.ENODEV) {
		fmt.Println("skipped: there is no /dev/lockmgr")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// check ends the program if there is an error.  It is for roles.
func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var spaces uint32

// newSpace returns a new name for a space, and removes the space of that name after the test.
func newSpace(t testing.TB) string {
	t.Helper()
	space := fmt.Sprintf("go.%d.%d", os.Getpid(), atomic.AddUint32(&spaces, 1))
	t.Cleanup(func() {
		if h, err := Open(space, &Options{}); err == nil {
			h.FreeAll()
			h.Close()
			Unlink(space, nil)
		}
	})
	return space
}

func open(t testing.TB, space string, options *Options) *Handle {
	t.Helper()
	h, err := Open(space, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// openNew opens a new space.
func openNew(t testing.TB, options *Options) *Handle {
	t.Helper()
	return open(t, newSpace(t), options)
}

func wantErrno(t testing.TB, err error, errno syscall.Errno) {
	t.Helper()
	if !errors.Is(err, errno) {
		t.Fatalf("error is %v, not %s", err, errno)
	}
}

func want[T comparable](t testing.TB, what string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Fatalf("%s is %v, not %v", what, got, wanted)
	}
}

// must returns the result of a call, and panics if the call failed.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func succeed(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bothWays runs a test with locks that are acquired in memory, and through the kernel.
func bothWays(t *testing.T, test func(t *testing.T, options Options)) {
	t.Run("mapped", func(t *testing.T) {
		mapAtOnce(t)
		test(t, Options{Create: true})
	})
	t.Run("by_ioctl", func(t *testing.T) { test(t, Options{Create: true, NoMap: true}) })
}

func mapAtOnce(t *testing.T) {
	before := mapAfter
	mapAfter = 1
	t.Cleanup(func() { mapAfter = before })
}

// process is a program in a role.  It and the test exchange lines of text.
type process struct {
	t       testing.TB
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func start(t testing.TB, role, space string, args ...string) *process {
	t.Helper()
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s", roleVariable, role, space,
		strings.Join(args, " ")))
	command.Stderr = os.Stderr
	p := &process{t: t, command: command}
	p.in = must(command.StdinPipe())
	p.out = bufio.NewReader(must(command.StdoutPipe()))
	succeed(t, command.Start())
	t.Cleanup(p.kill)
	return p
}

// expect waits for the program's next line, and fails the test if it is another one.
func (p *process) expect(line string) {
	p.t.Helper()
	got, err := p.out.ReadString('\n')
	if err != nil || got != line+"\n" {
		p.t.Fatalf("the program said %q (%v), not %q", got, err, line)
	}
}

func (p *process) say(line string) {
	fmt.Fprintln(p.in, line)
}

func (p *process) kill() {
	if p.command.ProcessState == nil {
		p.command.Process.Kill()
		p.command.Wait()
	}
}

// listen waits for a line from the test and returns it.  The program fails if the test ends.
func listen() string {
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	check(err)
	return strings.TrimSpace(line)
}

// waitFor waits until isSo returns true.  Only the time limit of the whole test ends it else.
func waitFor(isSo func() bool) {
	for !isSo() {
		syscall.Nanosleep(&syscall.Timespec{Nsec: 1000000}, nil)
	}
}

// waitForWaiters waits until count threads wait for a lock in the kernel.
func waitForWaiters(h *Handle, id uint32, count int) {
	waitFor(func() bool { return len(must(h.Waiters(id))) == count })
}

// waitForTurns waits until count goroutines of a handle wait for a lock, in the kernel or
// for their turn.
func waitForTurns(h *Handle, id uint32, count int) {
	waitFor(func() bool {
		h.turns.Lock()
		defer h.turns.Unlock()
		return h.turns.of[id] != nil && h.turns.of[id].users == count
	})
}
