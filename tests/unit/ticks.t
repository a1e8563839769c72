#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tests/vm/ticks.c measures the frequency of the time stamp counter correctly, however busy the
# machine is. With a wrong number, time in a kernel would pass at another speed than for the
# tests that wait for it.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=tests/packages/tap.sh
. tests/packages/tap.sh

if [[ $(uname -m) != x86_64 ]]; then
	echo '1..0 # SKIP only x86_64 has this counter'
	exit
fi
place=$(mktemp -d)
loops=()
# shellcheck disable=SC2064 # this place
trap "rm -rf '$place'" EXIT

# Twice as many busy loops as there are processors.
begin_load()
{
	local i

	for ((i = 0; i < 2 * $(nproc); i++)); do
		while :; do :; done &
		loops+=($!)
	done
}

end_load()
{
	kill "${loops[@]}"
	wait "${loops[@]}" || true
}

# agree FILE: no number in it is larger than the least by more than a ten-thousandth.
agree()
{
	sort -n "$1" | awk 'NR == 1 { least = $1 } END { exit !(least > 0 && $1 < least * 1.0001) }' || {
		cat "$1"
		return 1
	}
}

gcc -O2 -Wall -Wextra -Werror -o "$place/ticks" tests/vm/ticks.c
begin_load
for _ in {1..10}; do
	"$place/ticks"
done >"$place/seen" 2>&1
end_load 2>/dev/null
ok "ticks_are_counted_right_on_a_busy_machine" agree "$place/seen"
done_testing
