// SPDX-License-Identifier: LGPL-2.1-or-later

//go:build !race

package lockmgr

const raceEnabled = false

func raceAcquired(*Handle, uint32, bool) {}
func raceReleases(*Handle, uint32)       {}
func raceCloses()                        {}
