// SPDX-License-Identifier: LGPL-2.1-or-later

package lockmgr

import (
	"fmt"
	"testing"
)

const present = 1000

// looking returns a record that is held by token 5, since the present tick, and a handle
// that looks at it.
func looking(t *testing.T) (h *Handle, m *mapping, r *record) {
	before := mayLook
	mayLook = true
	t.Cleanup(func() { mayLook = before })
	return &Handle{token: 6}, &mapping{clock: &clock{present}}, &record{word: 5, since: present}
}

func TestALockIsLookedAtOnlyIfItPromisesToBeFreeSoon(t *testing.T) {
	const thread = 77 << wordTidShift
	h, m, r := looking(t)

	for _, c := range []struct {
		name             string
		word, since, own uint64
		promising        bool
	}{
		{"held since the present tick", 5, present, 6, true},
		{"held for longer", 5, present - 1, 6, false},
		{"somebody waits", 5 | wordWaiters, present, 6, false},
		{"the holder died", wordDied, present, 6, false},
		{"held by this thread", thread | 6, present, thread | 6, false},
		{"held by this handle, whichever thread", 6, present, 6, true},
	} {
		r.since = c.since
		want(t, c.name, m.isPromising(r, c.word, c.own), c.promising)
		r.word, h.spin = c.word, spin{}
		want(t, c.name+", seen free", h.look(m, r, c.own), false)
		want(t, c.name+", looked at to the end", h.spin.skip != 0, c.promising)
	}
}

func TestALockThatIsFreeIsSeen(t *testing.T) {
	h, m, r := looking(t)

	r.word = 0
	h.spin.nextSkip = 8
	want(t, "seen free", h.look(m, r, 6), true)
	want(t, "next skip", h.spin.nextSkip, 1)
}

func TestLooksInVainAreFollowedByMoreAndMoreThatAreSkipped(t *testing.T) {
	h, m, r := looking(t)
	var skipped []int

	for i := 0; i < 9; i++ {
		h.look(m, r, 6)
		skips := 0
		for h.spin.isSkipped() {
			skips++
		}
		skipped = append(skipped, skips)
	}
	want(t, "skipped", fmt.Sprint(skipped), "[1 2 4 8 16 32 64 64 64]")
}

func TestNothingIsLookedAtWhereThatIsInVain(t *testing.T) {
	h, m, r := looking(t)

	r.word = 0
	h.spin.skip = 1
	want(t, "seen free while it is skipped", h.look(m, r, 6), false)
	want(t, "seen free after that", h.look(m, r, 6), true)
	mayLook = false
	want(t, "seen free with one processor", h.look(m, r, 6), false)
}
