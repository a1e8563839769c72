#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a developer types first, on a fresh system of each release of Debian (tests/hosts/run): the
# commands install what they need, end as they should, and say so in their last line. From the
# environment:
#
#	RELEASES	on which releases ("bookworm trixie")
#	LOCKMGR_THOROUGH	if set: also `make check` and `make bench` whole

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
# shellcheck source=tests/vm/releases.sh
. tests/vm/releases.sh

# What the parts of a check print when nothing has failed.
all_passed='^[0-9]+ passed, 0 failed(, [0-9]+ skipped)?$'

# The system must not find what an earlier run has left.
install_system()
{
	tests/hosts/run --fresh "$release" true
}

# ends_with PATTERN COMMAND...: runs the command in the system; fails if it does, or if its last
# line is another. It has no terminal.
ends_with()
{
	local pattern=$1 log=$out/$release.log status=0

	shift
	tests/hosts/run "$release" "$@" </dev/null >"$log" 2>&1 || status=$?
	tail -n 1 "$log" | grep -qE "$pattern" && ((status == 0)) && return
	echo "ended with status $status:"
	tail -n 40 "$log"
	return 1
}

# typed NAME PATTERN COMMAND...: a test.
typed()
{
	ok "$release: $1" ends_with "${@:2}"
}

# What `make shell` says to try shows a lock that is held; doctor finds no problem.
shell_works()
{
	local log=$out/$release.log status=0

	tests/hosts/type 'lockctl create demo && lockctl run demo 1 -- lockctl list' \
		'lockctl doctor && echo healthy' exit -- \
		tests/hosts/run "$release" make shell >"$log" 2>&1 || status=$?
	((status == 0)) && grep -qE '^demo +1 .* held ' "$log" && grep -q '^healthy' "$log" && return
	echo "ended with status $status:"
	tail -n 40 "$log"
	return 1
}

type_all()
{
	typed "make demo" 'Every fact was checked, and holds' make demo
	ok "$release: make shell" shell_works
	typed "make bench, a part" 'figures are in build/bench/results.json' \
		make bench PARTS=uncontended
	typed "make check-quick" "$all_passed" make check-quick
	typed "make lint" '^ok ' make lint
	typed "make check of what needs no machine" "$all_passed" \
		make check TESTS="tests/man tests/packages tests/unit"
	typed "make check of what does" "$all_passed" \
		make check TESTS="tests/cli tests/docs tests/go tests/lib tests/python" KERNELS=debian12
	[[ ${LOCKMGR_THOROUGH-} ]] || return 0
	typed "make bench" 'figures are in build/bench/results.json' make bench
	typed "make check" "$all_passed" make check
}

test_release()
{
	release=$1
	ok "$release: a fresh system is installed" install_system
	((failed)) || type_all
	# One that failed is left to look at.
	((failed)) || tests/hosts/run --remove "$release"
}

out=$PWD/build/hosts
mkdir -p "$out"
# shellcheck disable=SC2086 # a list of names
in_parts test_release ${RELEASES:-${supported_releases[*]}}
done_testing
