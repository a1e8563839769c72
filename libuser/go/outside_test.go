// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import "testing"

// What tests outside of the package need from it.

var (
	Roles       = roles
	Check       = check
	ForgetNotes = forgetNotes
)

// RunRole runs a program in a role to its end.
func RunRole(t *testing.T, role, space string) error {
	return start(t, role, space).command.Wait()
}

func OpenNew(t *testing.T, options *Options) *Handle {
	return openNew(t, options)
}
