#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs without a module, in builds with sanitizers, which end a program at the first thing
# that they find: the tests of the library with a fake module, and lockctl's of its options. From
# the top directory.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh

out=$PWD/build/tests/unit/sanitizers

# ThreadSanitizer needs addresses that are not randomised, and by default does not go on in the
# child of a process with threads, which tests/unit/fork looks at.
export TSAN_OPTIONS=die_after_fork=0
fixed=()
! setarch -R true 2>/dev/null || fixed=(setarch -R)

# programs NAME: programs in build, one a line. Where a race detector watches, the library does
# not map records (tests/unit/races.t), so there is nothing to see of that.
programs()
{
	local source

	for source in tests/unit/*.c; do
		case $1/$source in
		thread/tests/unit/mapped.c | thread/tests/unit/spin.c) ;;
		*) printf 'build/%s\n' "${source%.c}" ;;
		esac
	done
}

# build NAME SANITIZERS: in a copy of the tree, where all has the usual names.
build()
{
	local flags="-O1 -fno-omit-frame-pointer -fsanitize=$2 -fno-sanitize-recover=all"
	local make=(make --silent --no-print-directory -j"$(nproc)" "CFLAGS=$flags")

	rm -rf "${out:?}/$1"
	copy_tree "$out/$1"
	cd "$out/$1"
	"${make[@]}" -C libuser &&
		"${make[@]}" -C libuser/lockctl &&
		mapfile -t wanted < <(programs "$1") &&
		"${make[@]}" -f tests/Makefile "${wanted[@]}"
}

# run NAME PROGRAM: passes on its tests, and fails if it ends with a finding.
run()
{
	local tree=$out/$1 program=$2 status=0 name=${2#build/}

	name=${name//[\/.]/_}_with_$1
	(cd "$tree" && exec "${fixed[@]}" "$program") >"$tree/tap" 2>"$tree/errors" || status=$?
	pass_on "$name" "$tree/tap"
	if ((status)); then
		sed 's/^/# /' "$tree/errors"
	fi
	ok "$name: nothing is found" test "$status" = 0
}

run_all()
{
	local program

	ok "all builds with $2" build "$1" "$2"
	((!failed)) || done_testing
	while read -r program; do
		run "$1" "$program"
	done < <(programs "$1")
	run "$1" tests/cli/help.t
}

run_all address address,undefined
run_all thread thread
done_testing
