// SPDX-License-Identifier: LGPL-2.1-or-later

package libpod

import (
	"github.com/containers/podman/v4/libpod/lock"
	"github.com/sirupsen/logrus"
)

// lockNoter is a lock that can have a note, which says what the lock is for.
type lockNoter interface {
	SetNote(note string) error
}

// describeLock notes what an allocated lock is for ("container web"), for people who look at the
// locks with lockctl.  It does nothing for locks of other types, which have no notes.
func describeLock(l lock.Locker, kind, name string) {
	noter, ok := l.(lockNoter)
	if !ok {
		return
	}
	if err := noter.SetNote(kind + " " + name); err != nil {
		logrus.Infof("Noting that lock %d is for %s %s: %v", l.ID(), kind, name, err)
	}
}
