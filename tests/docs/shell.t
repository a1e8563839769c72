#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What `make shell` offers, in a machine: README's commands work as they are typed.
# What it installs is seen by nobody else there.

# shellcheck disable=SC2016,SC2317 # marks of code; functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=tests/packages/tap.sh
. tests/packages/tap.sh

# Outside of a machine it would install into this system.
if [[ ! -c /dev/lockmgr || ! -d /run/lockmgr-vm ]]; then
	echo '1..0 # SKIP not in a machine'
	exit
fi
if [[ ${1-} != inside ]]; then
	status=0
	unshare --mount tests/docs/shell.t inside || status=$?
	ldconfig
	exit "$status"
fi

mount -t tmpfs tmpfs /usr/local
place=$(mktemp -d)
sed -n '/^```c$/,/^```$/p' README.md | sed '/^```/d' >"$place/example.c"
command=$(sed -n 's/^    \(cc example.c .*\)/\1/p' README.md)

shell()
{
	sh -euc "cd '$place'; $1"
}

says()
{
	shell "$2" | grep -F -- "$1"
}

hint=$(tests/vm/with-tools </dev/null | sed -n 's/^Try: \([^;]*\);.*/\1/p')
ok "what_the_line_says_to_try_works" says "held" "$hint"
ok "man_has_lockctl" shell 'man -w lockctl'
ok "man_has_the_library's" shell 'man -w 3 lockmgr_open && man -w 7 lockmgr && man -w 4 lockmgr'
ok "readme's_example_compiles_as_typed_and_runs" says "Process has lock 0." "$command && ./a.out"
rm -rf "$place"
done_testing
