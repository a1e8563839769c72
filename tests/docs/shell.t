#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What `make shell` offers, in a machine: README's commands work as they are typed. Other
# processes in the machine do not see what is installed for this test.

# shellcheck disable=SC2016,SC2317 # marks of code; functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
top=$PWD
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

# minute N: the Nth indented block in README's section "A minute with it".
minute()
{
	awk -v wanted="$1" '
		/^## / { inside = $0 == "## A minute with it" }
		!inside { next }
		!sub(/^    /, "") { within = 0; next }
		!within { number++; within = 1 }
		number == wanted' "$top/README.md"
}

# Types the commands of that section, in a shell with job control. A user types slowly enough
# for the first process to acquire the lock, and for the second to begin to wait; this function
# waits for both.
type_minute()
{
	bash -c "set -m
		until_list_has()
		{
			for ((i = 0; i < 600; i++)); do
				! lockctl list --json web | grep -q \"\$1\" || return
				sleep 0.1
			done
		}
		$(minute 1 | sed -n 1,2p)
		until_list_has held
		$(minute 1 | sed -n 3p)
		until_list_has waiting
		$(minute 1 | sed -n 4p) >list
		$(minute 3)
		wait" >said 2>&1
}

# Numbers and widths differ from run to run.
without_numbers()
{
	sed -e 's/[0-9.][0-9.]*/N/g' -e 's/  */ /g' -e 's/ $//'
}

hint=$(tests/vm/with-tools </dev/null | sed -n 's/^Try: \([^;]*\);.*/\1/p')
ok "what_the_line_says_to_try_works" says "held" "$hint"
ok "man_has_lockctl" shell 'man -w lockctl'
ok "man_has_the_library's" shell 'man -w 3 lockmgr_open && man -w 7 lockmgr && man -w 4 lockmgr'
ok "readme's_example_compiles_as_typed_and_runs" says "Process has lock 0." "$command && ./a.out"
(cd "$place" && type_minute) || true
same "readme's_minute_shows_the_list_that_it_prints" "$(without_numbers <"$place/list")" \
	"$(minute 2 | without_numbers)"
same "and_says_what_it_prints_after_the_kill" "$(grep -xF -- "$(minute 4)" "$place/said")" \
	"$(minute 4)"
rm -rf "$place"
done_testing
