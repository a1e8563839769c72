// SPDX-License-Identifier: LGPL-2.1-or-later

package libpod

import (
	"github.com/containers/podman/v4/libpod/lock"
	"github.com/sirupsen/logrus"
)

// lockNoter is a lock that keeps what it is for.
type lockNoter interface {
	SetNote(note string) error
}

// describeLock says what a lock that is allocated is for ("container web"), to people who look
// at the locks from outside.  Locks that cannot keep that do without.
func describeLock(l lock.Locker, kind, name string) {
	noter, ok := l.(lockNoter)
	if !ok {
		return
	}
	if err := noter.SetNote(kind + " " + name); err != nil {
		logrus.Infof("Noting that lock %d is for %s %s: %v", l.ID(), kind, name, err)
	}
}
